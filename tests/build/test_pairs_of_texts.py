"""Datasets of two texts a row: from any file, with any model, and shown with a marked boundary."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hsvis.build.pipeline import build
from hsvis.catalogue.runs import Runs
from hsvis.check import check
from hsvis.config import load_config
from hsvis.corpus.loading import load_corpus
from hsvis.corpus.pairs.pair import BETWEEN, Pair
from hsvis.corpus.splitters import cut_text, has_token, token_forms
from hsvis.corpus.words import read_words
from hsvis.dashboard.page.token_strip import sequence_strip
from hsvis.errors import ConfigError, DataError
from hsvis.figures.board import board
from hsvis.run.store import StateStore

ROWS = [
    ("A man sleeps.", "A man, awake!", "no"), ("Two dogs run", "Dogs run", "yes"), ("a red ball", "", "no"),
    ("", "Dogs sleep", "yes"), ("A dog runs in a park. Fast", "it runs", "yes"), ("", "", "no"),
    ("a cat", "a dog", "no"), ("the ball is red", "red ball", "yes"),
]  # fmt: skip
MODEL = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.words, self.rnn = nn.Embedding(30, 6), nn.GRU(6, 4, batch_first=True)
        self.out = nn.Linear(8, 2)

    def forward(self, premise, hypothesis):
        sides = [self.rnn(self.words(ids))[0][:, -1] for ids in (premise, hypothesis)]
        return self.out(torch.cat(sides, 1))
"""
WRITE = {
    "csv": lambda frame, path: frame.to_csv(path, index=False),
    "parquet": lambda frame, path: frame.to_parquet(path),
    "json": lambda frame, path: frame.to_json(path, orient="records", lines=True),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch, cache_folder) -> Path:
    frame = pd.DataFrame(ROWS, columns=["premise", "hypothesis", "label"])
    for form, write in WRITE.items():
        write(frame, tmp_path / f"test.{form}")
        write(pd.concat([frame] * 4), tmp_path / f"train.{form}")
    words = "<pad> <unk> [SEP] a man sleeps awake two dogs run red ball dog runs in park fast it cat the is"
    (tmp_path / "words.txt").write_text("\n".join(words.split()))
    (tmp_path / "pair_net.py").write_text(MODEL)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def config(
    folder: Path, form: str = "csv", model: str = "{hidden: 4, embedding: 4, epochs: 1}", more: str = ""
):
    path = folder / "pairs.yaml"
    files = f"{{train: {folder}/train.{form}, test: {folder}/test.{form}}}"
    path.write_text(
        f"name: pairs\ndataset: {{path: {form}, data_files: {files}, text: [premise, hypothesis]{more}}}\n"
        f"model: {model}\nprojections: [{{method: pca}}]\n"
    )
    return load_config(path)


@pytest.mark.parametrize("form", WRITE)
def test_both_columns_are_read_from_any_file_and_what_is_empty_is_said(folder, form):
    corpus = load_corpus(config(folder, form).dataset)
    texts = corpus.test.texts
    assert [(one.first, one.second) for one in texts] == [(a, b) for a, b, _ in ROWS]
    assert texts[0] == "A man sleeps. ‖ A man, awake!"
    told = [one.text for one in corpus.remarks if one.code == "pairs"]
    assert any(
        "1 row has no `hypothesis` and 1 row has no `premise`" in text
        or "1 row has no `premise` and 1 row has no `hypothesis`" in text
        for text in told
    )


def test_the_text_that_is_fixed_is_shown_first(folder):
    corpus = load_corpus(config(folder, more=", fixed: hypothesis").dataset)
    assert corpus.test.texts[0] == "A man, awake! ‖ A man sleeps."
    assert corpus.test.texts[0].swapped


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (", fixed: other", "`fixed` is one of the two columns"),
        (", values: [premise]", "`text` names two columns, which is for texts"),
    ],
)
def test_settings_that_do_not_fit_are_refused(folder, more, said):
    with pytest.raises(ConfigError, match=said):
        config(folder, more=more)


def test_a_column_that_is_not_there_is_named(folder):
    frame = pd.DataFrame(ROWS, columns=["premise", "claim", "label"])
    frame.to_csv(folder / "test.csv", index=False)
    with pytest.raises(DataError, match=r"no column `hypothesis`. Set `dataset.text` to one of"):
        load_corpus(config(folder).dataset)


texts = st.text(st.sampled_from("ab ‖.,'\n"), max_size=12)


@given(texts, texts, st.sampled_from([None, "words", "punctuation", "whitespace", "characters"]))
def test_the_tokens_of_a_pair_are_those_of_both_texts_at_their_places(first, second, split):
    pair = Pair(first, second)
    forms, spans = cut_text(pair, True, split)
    own, other = (cut_text(one, True, split) for one in (first, second))
    expected = [*own[0], "‖", *other[0]] if own[0] or other[0] else []
    assert forms == expected == token_forms(pair, True, split)
    assert has_token(pair, split) == bool(expected)
    if expected:
        n = len(own[0])
        assert [pair[a:b] for a, b in spans[:n]] == [first[a:b] for a, b in own[1]]
        assert spans[n] == (len(first) + 1, len(first) + 2)
        assert [pair[a:b] for a, b in spans[n + 1 :]] == [second[a:b] for a, b in other[1]]
        assert read_words([pair], lowercase=True, split=split).counts.tolist() == [len(expected)]


def test_the_built_in_classifier_reads_a_word_between(folder):
    store = build(config(folder))
    one = store.sequence(0)
    assert one.tokens == ["A", "man", "sleeps.", "‖", "A", "man,", "awake!"]
    assert one.boundary == 4
    assert one.known[3]
    assert one.text == f"A man sleeps.{BETWEEN}A man, awake!"
    assert store.n_sequences == 7  # one row holds nothing
    assert "pairs" in {told.code for told in store.manifest.decisions}
    assert np.isfinite(store.ep).all()


def test_a_model_of_two_texts_is_shown_with_a_boundary(folder):
    made = config(folder, model=f"{{factory: 'pair_net:Net', tokenizer: {folder}/words.txt}}")
    findings = check(made)
    assert findings.data["call"] == "forward(premise, hypothesis)"
    assert findings.data["rows"]["test"]["left_out"] == {"no words": 1, "without one of the two texts": 2}
    store = build(made)
    view = Runs([store]).resolve(None)
    one = store.sequence(0)
    assert one.boundary == 3
    assert np.isnan(one.ep[:3]).all()
    assert np.isfinite(one.ep[3:]).all()
    figures = board(view, 0).figures()
    for name in ("ep-heatmap", "distances", "confidence", "unit-activity"):
        lines = [shape for shape in figures[name].layout.shapes if shape.name == "boundary"]
        assert [(line.x0, line.x1) for line in lines] == [(2.5, 2.5)], name
    meta = figures["projection"].layout.meta
    assert (meta["boundary"], meta["texts"]) == (3, ["premise", "hypothesis"])
    parts = sequence_strip(view, one)
    kinds = [part[0] for part in parts if part[0] != "gap"]
    assert kinds == ["token"] * 3 + ["boundary"] + ["token"] * 3
    assert "".join(part[1] for part in parts) == one.text
    words = (folder / "words.txt").read_text().split("\n")
    ids = [torch.tensor([[words.index(w) for w in text.split()]]) for text in ("a man sleeps", "a man awake")]
    import pair_net

    with torch.no_grad():
        plain = [pair_net.Net()(ids[0], ids[1][:, : t + 1]).softmax(1)[0] for t in range(3)]
    np.testing.assert_allclose(one.ep[3:], torch.stack(plain), atol=1e-5)
    turned = build(
        config(
            folder,
            model=f"{{factory: 'pair_net:Net', tokenizer: {folder}/words.txt}}",
            more=", fixed: hypothesis",
        )
    )
    assert turned.folder.path != store.folder.path
    assert isinstance(turned, StateStore)
    np.testing.assert_allclose(turned.sequence(0).ep[-1], one.ep[-1], atol=1e-5)
