"""Whether a model was trained with padding: said where that shows, and nothing said where it does not."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from padded_models import VOCABULARY, Encoding, Flattened, PackedEncoding
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import nn

from hsvis.build.pipeline import build
from hsvis.build.plan import Plan
from hsvis.check import Findings, check
from hsvis.config import TokenSettings, UserModelSettings, load_config
from hsvis.errors import ConfigError, ModelError
from hsvis.models.user.reading.encoders import of_function
from hsvis.models.user.user_model import make_user_model
from hsvis.progress import silent

LEFT_OUT = "What the function `encode of the model` pads texts with is left out: it is no step"


def texts(count: int = 150) -> list[str]:
    """Some with more good words, some with more bad ones, in any order and of any length."""
    rng = np.random.default_rng(4)
    found = []
    for k in range(count):
        mood = ["good", "bad"][k % 2]
        words = [mood] * int(rng.integers(1, 4)) + rng.choice(VOCABULARY[3:], rng.integers(0, 7)).tolist()
        found.append(" ".join(rng.permutation(words)))
    return found


@pytest.fixture
def folder(tmp_path: Path, cache_folder: Path) -> Path:
    frame = pd.DataFrame({"text": texts(), "label": [["pos", "neg"][k % 2] for k in range(150)]})
    frame.to_parquet(tmp_path / "test.parquet")
    (tmp_path / "vocab.json").write_text(json.dumps(VOCABULARY), encoding="utf-8")
    return tmp_path


def config(folder: Path, factory: str, tokens: dict[str, Any] | None = None, **change: Any) -> Any:
    files = {"test": str(folder / "test.parquet")}
    content = {
        "name": "padded",
        "dataset": {"path": "parquet", "data_files": files, "classes": ["neg", "pos"]},
        "tokens": tokens or {},
        "model": {"factory": f"padded_models:{factory}", "tokenizer": str(folder / "vocab.json")} | change,
        "projections": [{"method": "pca"}],
    }
    path = folder / "padded.yaml"
    path.write_text(json.dumps(content), encoding="utf-8")
    return load_config(path)


def told(found: Findings) -> tuple[list[str], list[str]]:
    """What is decided about padding, and what is warned of."""
    decided = [one.text for one in found.decisions if one.code == "padding"]
    return decided, [one.text for one in found.warnings if one.code == "trained-padded"]


@pytest.mark.parametrize("side", ["right", "left"])
def test_a_model_that_needs_padding_is_warned_of_and_the_remedy_is_right(folder: Path, side: str) -> None:
    decided, warned = told(check(config(folder, "Sums", kwargs={"needs": side})))
    assert not decided
    assert f"padded on the {side} to " in warned[0]
    assert "answers would differ (mean difference 0." in warned[0]
    assert f"Set `tokens.pad: {side}`, and `tokens.pad_to`" in warned[0]
    decided, warned = told(check(config(folder, "Sums", {"pad_to": 12, "pad": side}, kwargs={"needs": side})))
    assert decided[0].startswith(
        f"Sequences are padded on the {side} to 12 steps with id 0, the vocabulary's padding, which is no "
        "step; of longer ones the last 12 steps are read. Without padding, "
    )
    assert not warned
    other = {"right": "left", "left": "right"}[side]
    _, warned = told(check(config(folder, "Sums", {"pad_to": 12, "pad": other}, kwargs={"needs": side})))
    assert f"Set `tokens.pad: {side}`" in warned[0]


def test_a_side_that_can_not_be_read_leaves_the_other_comparison(folder: Path) -> None:
    _, warned = told(check(config(folder, "NanOnTheRight", kwargs={"needs": "left"})))
    assert "padded on the left to " in warned[0]
    assert "padded on the right" not in warned[0]


@pytest.mark.parametrize("tokenizer", ["vocab.json", "tokenizer.json"])
def test_the_key_of_a_run_needs_no_model_where_files_tell_all(folder: Path, tokenizer: str) -> None:
    pad = {"direction": "Right", "pad_id": 0, "strategy": {"Fixed": 9}}
    whole = {"model": {"type": "WordLevel", "vocab": {"good": 0}, "unk_token": "good"}, "padding": pad}
    (folder / "tokenizer.json").write_text(json.dumps(whole), encoding="utf-8")
    weights = folder / "weights.safetensors"
    weights.write_bytes(b"any")
    change = {"tokenizer": str(folder / tokenizer), "checkpoint": str(weights)}
    assert Plan.of(config(folder, "Unmade", **change), silent).states_key


def test_a_model_that_never_saw_padding_is_not_warned_of(folder: Path) -> None:
    decided, warned = told(check(config(folder, "Sums", kwargs={"needs": "never"})))
    assert not warned
    assert decided[0].startswith(
        "Sequences are read without padding. With id 0, the vocabulary's padding: padded"
    )
    _, warned = told(check(config(folder, "Sums", {"pad_to": 20}, kwargs={"needs": "never"})))
    assert warned[0].endswith("Leave `tokens.pad_to` out.")


@pytest.mark.parametrize("factory", ["Packed", "Masked"])
def test_of_a_model_that_packs_or_masks_nothing_is_said(folder: Path, factory: str) -> None:
    assert told(check(config(folder, factory, kwargs={"needs": "never"}))) == ([], [])
    decided, warned = told(check(config(folder, factory, {"pad_to": 20}, kwargs={"needs": "never"})))
    assert decided[0].endswith("It changes no answer: without `tokens.pad_to` reading is quicker.")
    assert not warned


def test_without_a_sign_of_what_pads_only_labels_tell(folder: Path) -> None:
    reader = {"tokenizer": "padded_models:read_from_one"}
    assert told(check(config(folder, "Sums", kwargs={"needs": "never"}, **reader))) == ([], [])
    _, warned = told(check(config(folder, "Sums", kwargs={"needs": "right"}, **reader)))
    assert (
        "With id 0, as nothing says which one pads (`tokens.pad_id` does): padded on the right" in warned[0]
    )
    frame = pd.read_parquet(folder / "test.parquet")
    frame["label"] = None
    frame.to_parquet(folder / "test.parquet")
    assert told(check(config(folder, "Sums", kwargs={"needs": "right"}, **reader))) == ([], [])
    decided, warned = told(check(config(folder, "Sums", kwargs={"needs": "never"})))
    assert (len(decided), len(warned)) == (1, 0)


@torch.no_grad()
def test_what_encode_pads_is_padded_so_and_is_no_step(folder: Path) -> None:
    found = config(folder, "Encoding", kwargs={"needs": "right", "to": 12}, tokenizer=None)
    store = build(found)
    [said] = [one.text for one in store.manifest.decisions if one.code == "padding"]
    assert said.startswith(
        "Sequences are padded on the right to 12 steps with id 0, as the function `encode of the model` does "
        "it; it is no step. Without padding, "
    )
    module = Encoding("right", 12)
    for index in range(5):
        sequence = store.sequence(index)
        assert list(sequence.tokens) == sequence.text.split()
        ids = torch.tensor([module.encode(sequence.text)[1]])
        np.testing.assert_allclose(sequence.ep[-1, 1], module(ids).sigmoid()[0], atol=1e-5)
        states = module.rnn(module.embedding(ids))[0][0, : len(sequence.tokens)]
        np.testing.assert_allclose(store.states(index, "rnn.0"), states, atol=1e-5)
    assert store.test_accuracy == 1


def test_padding_that_changes_nothing_is_left_out(folder: Path) -> None:
    found = check(config(folder, "PackedEncoding", kwargs={"needs": "never", "to": 12}, tokenizer=None))
    decided, warned = told(found)
    assert decided == [f"{LEFT_OUT}, and changes no answer."]
    assert not warned
    assert found.data["ep"] == "head"
    assert found.data["call"] == "forward(ids, lengths)"
    assert PackedEncoding("never", 12).encode("good film")[0] != ["good", "film"]


def test_padding_to_no_one_length_is_warned_of(folder: Path) -> None:
    decided, warned = told(check(config(folder, "Encoding", kwargs={"needs": "right"}, tokenizer=None)))
    assert decided == [f"{LEFT_OUT}."]
    assert "the model seems to have been trained" in warned[0]
    _, warned = told(check(config(folder, "Encoding", kwargs={"needs": "never"}, tokenizer=None)))
    assert warned[0].startswith("the function `encode of the model` pads sequences, to no one length")


@pytest.mark.parametrize("side", ["right", "left"])
def test_the_padding_of_a_tokenizer_file_is_kept(folder: Path, side: str) -> None:
    words = Tokenizer(models.WordLevel({word: k for k, word in enumerate(VOCABULARY)}, unk_token="the"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    path = str(folder / "tokenizer.json")
    words.save(path)
    plain = config(folder, "Sums", kwargs={"needs": side}, tokenizer=path)
    assert told(check(plain))[1]
    keys = [build(plain).folder.path]
    words.enable_padding(direction=side, length=12, pad_id=0, pad_token="<pad>")
    words.save(path)
    padded = config(folder, "Sums", kwargs={"needs": side}, tokenizer=path)
    decided, warned = told(check(padded))
    assert decided[0].startswith(f"Sequences are padded on the {side} to 12 steps with id 0, as sub-words of")
    assert not warned
    keys.append(build(padded).folder.path)
    assert keys[0] != keys[1]


@torch.no_grad()
def test_a_model_of_one_length_is_a_run_with_pad_to(folder: Path) -> None:
    with pytest.raises(ModelError, match=r"set `tokens.pad_to: 9`\."):
        check(config(folder, "Flattened", kwargs={"steps": 9}))
    store = build(config(folder, "Flattened", {"pad_to": 9, "keep": "first"}, kwargs={"steps": 9}))
    module = Flattened(9)
    for index in range(8):
        sequence = store.sequence(index)
        words = sequence.text.split()[:9]
        assert list(sequence.tokens) == words
        for t in range(len(words)):
            ids = [VOCABULARY.index(word) for word in words[: t + 1]]
            answer = module(torch.tensor([ids + [0] * (9 - len(ids))])).sigmoid()[0]
            np.testing.assert_allclose(sequence.ep[t, 1], answer, atol=1e-5)


def test_other_padding_is_another_run_and_none_is_the_same_as_ever(folder: Path) -> None:
    def path(**tokens: Any) -> Path:
        return build(config(folder, "Sums", tokens, kwargs={"needs": "right"})).folder.path

    ways = [{}, {"pad_to": 12}, {"pad_to": 11}, {"pad_to": 12, "pad": "left"}, {"pad_to": 12, "pad_id": 3}]
    assert len({path(**tokens) for tokens in ways}) == len(ways)
    assert path(pad="right") == path()


def test_settings_that_make_no_sense_are_refused(folder: Path) -> None:
    for tokens, key in (({"pad": "left"}, "pad"), ({"pad_id": 1}, "pad_id")):
        with pytest.raises(ConfigError, match=f"`tokens.{key}` has no use without `tokens.pad_to`"):
            config(folder, "Sums", tokens, kwargs={"needs": "right"})
    with pytest.raises(
        ModelError, match=r"`tokens.pad_id`: padding gives ids up to 99, but `embedding` has only 6 entries"
    ):
        check(config(folder, "Sums", {"pad_to": 12, "pad_id": 99}, kwargs={"needs": "right"}))
    path = folder / "builtin.yaml"
    for more, message in (
        ("dataset: {path: demo}", "is for a model of your own"),
        ("states_from: run.npz", "no use beside `states_from`"),
    ):
        path.write_text(f"name: run\n{more}\ntokens: {{pad_to: 9}}\n", encoding="utf-8")
        with pytest.raises(ConfigError, match=message):
            load_config(path)


def filled(text: str, token: str, side: str = "right", to: int = 9) -> tuple[list[str], list[int]]:
    words = text.split()
    more = [token] * (to - len(words))
    ids = [VOCABULARY.index(word) if word in VOCABULARY else 9 for word in words]
    padding = [0] * len(more)
    return (more + words, padding + ids) if side == "left" else (words + more, ids + padding)


def numbers(text: str) -> tuple[list[str], list[int]]:
    """Any number is one token."""
    words = ["<num>" if word.isdigit() else word for word in text.split()]
    return words, [1 if word == "<num>" else 2 for word in words]


EDGES = {
    "named, always two": (lambda text: filled(text, "[PAD]", to=len(text.split()) + 2), "a b"),
    "empty, of some lengths": (lambda text: filled(text, "", to=4 + len(text) % 3), "a b"),
    "before": (lambda text: filled(text, "0", "left"), "a b"),
    "an end": (lambda text: ([*text.split(), "</s>"], [5] * len(text.split()) + [2]), "a b </s>"),
    "characters": (lambda text: (list(text), [ord(c) for c in text]), "a   b"),
    "spaces, which texts hold": (lambda text: (list(f"{text:>9}"), list(f"{text:>9}".encode())), "      a b"),
    "numbers": (numbers, "a b"),
    "a word": (lambda text: (["pad", *text.split()], [7, *[5] * len(text.split())]), "pad a b"),
}


@pytest.mark.parametrize("kind", sorted(EDGES))
def test_padding_is_told_from_what_stands_at_the_end_of_texts(kind: str) -> None:
    function, expected = EDGES[kind]
    some = ["a b", "a", "a b c d", "c b a", "pad a", "a 100", "a b 10 20", "c 10 20 30"]
    read = of_function("read", function, texts=some)
    text = "a   b" if kind == "characters" else "a b"
    between = "" if kind in ("characters", "spaces, which texts hold") else " "
    assert between.join(read(text).tokens) == expected


@pytest.mark.parametrize(("answers", "outputs"), [("independent", 2), ("number", 1)])
def test_what_is_not_compared_is_said(answers: str, outputs: int) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(len(VOCABULARY), 4, padding_idx=0)
            self.rnn, self.out = nn.GRU(4, 3, batch_first=True), nn.Linear(3, outputs)

        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            return self.out(self.rnn(self.embedding(ids))[0][:, -1])

        def encode(self, text: str) -> tuple[list[str], list[int]]:
            return text.split(), [VOCABULARY.index(word) for word in text.split()]

    settings = UserModelSettings(factory="net:Net", answers=[answers])
    texts = [f"{VOCABULARY[1]} {VOCABULARY[2]} {VOCABULARY[3]}", VOCABULARY[2]]
    own = make_user_model(settings, TokenSettings(), ["a", "b"][:outputs], texts, Net())
    [told] = [one.text for one in own.remarks if one.code == "padding"]
    assert "What padding would change is not tried with" in told
    assert "tokens.pad_to" in told
