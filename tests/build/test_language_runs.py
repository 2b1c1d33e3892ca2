"""Runs of language models of 10,000 words, from lines of text to the store: against plain calls of torch."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from language_models import TEXTS, VOCABULARY, Logits, RNNModel, V, write_config

from hsvis.build.pipeline import build
from hsvis.check import check
from hsvis.config import load_config
from hsvis.errors import ConfigError, DamagedFileError, ModelError
from hsvis.run.store import StateStore
from hsvis.storage import parquet

MODELS: dict[str, Any] = {"RNNModel": RNNModel, "Logits": Logits}
READ = [text.split()[:6] for text in TEXTS]
FOLLOWS = ["w6", None, None, None, None]  # the word that the length limit cuts off


def plain_logs(kind: str, ids: list[int]) -> torch.Tensor:
    """(T, V) log-probabilities of one plain call."""
    module = MODELS[kind]().eval()
    with torch.no_grad():
        if kind == "RNNModel":
            return module(torch.tensor([ids]).T, module.init_hidden(1))[0]
        return module(torch.tensor([ids]))[0][0].log_softmax(-1)


def ids_of(words: list[str]) -> list[int]:
    return [VOCABULARY.index(word) if word in VOCABULARY else 1 for word in words]


@pytest.fixture(scope="module", params=MODELS)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, StateStore]:
    folder = tmp_path_factory.mktemp("lm")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HSVIS_CACHE", str(folder / "cache"))
        return request.param, build(load_config(write_config(folder, f"language_models:{request.param}")))


def test_what_is_kept_of_a_step_is_what_the_module_itself_answers_there(run: tuple[str, StateStore]) -> None:
    kind, store = run
    losses = []
    for k, words in enumerate(READ):
        one = store.sequence(k)
        assert one.tokens == words
        assert one.expected is not None
        found, ids = one.expected.next, ids_of(words)
        logs = plain_logs(kind, ids)
        following = FOLLOWS[k]
        labels = [*ids[1:], -1 if following is None else VOCABULARY.index(following)]
        assert found.labels.tolist() == labels
        top = np.sort(logs.exp().numpy(), 1)[:, ::-1][:, :10]
        np.testing.assert_allclose(one.expected.ep, top, rtol=1e-3)
        np.testing.assert_allclose(np.take_along_axis(logs.exp().numpy(), found.top, 1), top, rtol=1e-3)
        for step, label in enumerate(labels):
            if label < 0:
                assert found.ranks[step] == 0
                assert np.isnan(found.probabilities[step])
                continue
            above = int((logs[step] > logs[step, label]).sum())
            assert abs(found.ranks[step] - (1 + above)) <= 1  # two of 10,000 may be nearly equal
            np.testing.assert_allclose(found.probabilities[step], logs[step, label].exp(), rtol=1e-3)
        known = torch.tensor(labels) >= 0
        if known.any():
            loss = torch.nn.functional.cross_entropy(logs[known], torch.tensor(labels)[known])
            own = store.expected.perplexities(store.offsets)[k]
            np.testing.assert_allclose(own, loss.exp(), rtol=1e-3)
            losses += [loss.item()] * int(known.sum())
        assert one.expected.next_words == ["" if label < 0 else VOCABULARY[label] for label in labels]
    np.testing.assert_allclose(store.expected.perplexity, np.exp(np.mean(losses)), rtol=1e-3)
    np.testing.assert_allclose(store.manifest.language.perplexity, store.expected.perplexity, rtol=1e-3)


def test_states_are_those_of_the_module(run: tuple[str, StateStore]) -> None:
    kind, store = run
    module = MODELS[kind]().eval()
    ids = torch.tensor([ids_of(READ[0])])
    with torch.no_grad():
        if kind == "RNNModel":
            own, layer = module.rnn(module.encoder(ids.T))[0][:, 0], "rnn.1"
        else:
            own, layer = module.rnn(module.embedding(ids))[0][0], "rnn.0"
    np.testing.assert_allclose(store.states(0, layer), own, atol=1e-5)


def test_nothing_of_a_run_is_as_wide_as_the_vocabulary(run: tuple[str, StateStore]) -> None:
    _, store = run
    table = parquet.read_table(store.folder.predictions)
    widths = [field.type.list_size for field in table.schema if hasattr(field.type, "list_size")]
    assert widths == [10, 10]
    assert table.column_names == [
        "sequence", "step", "top", "ep", "label", "rank", "probability", "surprisal",
    ]  # fmt: skip
    assert store.manifest.classes == []
    assert store.manifest.language.entries == V
    assert not store.folder.word_statistics(store.layers[0]).exists()
    assert store.sequence(1).known.tolist() == [True, True, False, True]


def test_a_label_beyond_the_vocabulary_is_damage(tmp_path: Path, cache_folder: Path) -> None:
    store = build(load_config(write_config(tmp_path, "language_models:Logits")))
    table = parquet.read_table(store.folder.predictions)
    wrong = np.array(table["label"].to_numpy())
    wrong[0] = V
    at = table.schema.get_field_index("label")
    with parquet.append_tables(store.folder.predictions) as append:
        append(table.set_column(at, "label", pa.array(wrong)))
    with pytest.raises(DamagedFileError, match="`label`"):
        StateStore.open(store.folder)


def test_more_outputs_than_words_are_called_entries(tmp_path: Path, cache_folder: Path) -> None:
    path = write_config(tmp_path, "language_models:Logits", model=f", kwargs: {{outputs: {V + 6}}}")
    findings = check(load_config(path))
    told = next(one.text for one in findings.decisions if one.code == "next-token")
    assert "6 outputs more" in told
    assert "`<unk>`" in told


def test_outputs_need_words(tmp_path: Path, cache_folder: Path) -> None:
    path = write_config(tmp_path, "language_models:Logits")
    with pytest.raises(ModelError, match="Name a vocabulary"):
        check(load_config(path, ["model.tokenizer=language_models:split", "tokens.split=null"]))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["dataset.label=label", "model.answers=next token"], "leave `dataset.label` out"),
        (["dataset.label=null", "model.answers=classes"], "is for a language model"),
        (["dataset.label=null", "dataset.classes=[a, b]"], "no use with `label: null`"),
    ],
)
def test_what_does_not_fit_together_is_refused(changes: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_config("demo", changes)


def test_next_tokens_need_no_label() -> None:
    assert load_config("demo", ["model.answers=next-token"]).dataset.label is None
    assert load_config("demo", ["dataset.label=null"]).is_of_next_tokens
