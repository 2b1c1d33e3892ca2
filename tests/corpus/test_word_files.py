"""The words of a split: the same however they come, read once, and never trusted when damaged."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hsvis.build.pipeline import build
from hsvis.config import ModelSettings, TokenSettings, load_config
from hsvis.corpus.corpus import Split
from hsvis.corpus.tokens import Vocabulary, split_text, word_forms
from hsvis.corpus.word_files import read_or_split_words, words_file
from hsvis.corpus.words import ReadText, read_words
from hsvis.models.builtin.classifier import RecurrentClassifier
from hsvis.models.builtin.text_model import TextModel
from hsvis.storage import parquet

TEXTS = [
    "A good, <br />good film!",
    "",
    "...",
    "Mirelle's “best” 3.5 <b>&amp;</b> ok;no",
    "Ünïcode نص 🎬 end",
]
ANY_TEXT = st.lists(
    st.sampled_from(
        ["word", "it's", " ", "  ", "\n", ", ", "(", ")", "<br />", "&amp;", "3.5", "<", ">", ";", "é", "🎬"]
    )
).map("".join)


def split(texts: list[str]) -> Split:
    return Split(texts, np.zeros(len(texts), np.int16))


class Said:
    """A progress that notes the stages it was told."""

    def __init__(self) -> None:
        self.stages: list[str] = []

    def __call__(self, stage: str, done: int, total: int, note: str = "") -> None:
        self.stages.append(stage)


@settings(deadline=None)  # a model is made for each
@given(
    st.lists(ANY_TEXT | st.text(), min_size=1, max_size=6),
    st.none() | st.integers(1, 6),
    st.sampled_from(["first", "last"]),
    st.booleans(),
)
def test_a_text_that_was_read_before_is_encoded_as_one_that_was_not(
    texts: list[str], most: int | None, keep: str, lowercase: bool
) -> None:
    tokens = TokenSettings.model_validate({"max_length": most, "keep": keep, "lowercase": lowercase})
    vocabulary = Vocabulary(("word", "3.5", "it's"))
    sizes = ModelSettings.model_validate({"embedding": 2, "hidden": 2})
    model = TextModel(RecurrentClassifier(sizes, len(vocabulary), 2), vocabulary, tokens, ("a", "b"))
    words = read_words(texts, lowercase=lowercase)
    assert words.counts.tolist() == [len(word_forms(text, lowercase)) for text in texts]
    for row, text in enumerate(texts):
        plain, read = model.encode(text), model.encode(ReadText(text, words, row))
        assert read.tokens == plain.tokens
        assert read.inputs.tolist() == plain.inputs.tolist()
        assert read.known.tolist() == plain.known.tolist()
        assert (read.start, read.end) == (plain.start, plain.end)
        forms = split_text(text, lowercase=lowercase, max_length=None, keep=keep).forms
        codes = words.codes[words.offsets[row] : words.offsets[row + 1]]
        assert [words.forms[code] for code in codes] == forms


def test_words_are_read_once_and_found_again(tmp_path: Path) -> None:
    path, said = words_file(tmp_path, split(TEXTS), lowercase=True), Said()
    first = read_or_split_words(path, split(TEXTS), lowercase=True, places=True, progress=said)
    assert "reading words" in said.stages
    said.stages.clear()
    again = read_or_split_words(path, split(TEXTS), lowercase=True, places=False, progress=said)
    assert said.stages == []
    assert again.forms == first.forms
    for name in ("codes", "starts", "ends", "offsets"):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))


def test_other_texts_or_rules_are_other_words(tmp_path: Path) -> None:
    files = {
        words_file(tmp_path, split(TEXTS[:k]), lowercase=lowercase)
        for k in (4, 5)
        for lowercase in (True, False)
    }
    assert len(files) == 4


def test_places_that_nobody_asked_for_before_are_added(tmp_path: Path) -> None:
    path = words_file(tmp_path, split(TEXTS), lowercase=True)
    assert read_or_split_words(path, split(TEXTS), lowercase=True, places=False).starts is None
    assert read_or_split_words(path, split(TEXTS), lowercase=True, places=True).starts is not None
    assert read_or_split_words(path, split(TEXTS), lowercase=True, places=False).starts is not None  # kept


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "of another split"])
def test_a_damaged_file_is_read_anew(tmp_path: Path, damage: str) -> None:
    path = words_file(tmp_path, split(TEXTS), lowercase=True)
    whole = read_or_split_words(path, split(TEXTS), lowercase=True, places=True)
    content = bytearray(path.read_bytes())
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "flipped":
        content[20] ^= 1
        path.write_bytes(content)
    else:
        path.write_bytes(words_file_of(tmp_path / "other", TEXTS[:2]).read_bytes())
    said = Said()
    again = read_or_split_words(path, split(TEXTS), lowercase=True, places=True, progress=said)
    assert "reading words" in said.stages
    np.testing.assert_array_equal(again.codes, whole.codes)
    assert parquet.is_whole(path, len(TEXTS))


def words_file_of(folder: Path, texts: list[str]) -> Path:
    path = words_file(folder, split(texts), lowercase=True)
    read_or_split_words(path, split(texts), lowercase=True, places=True)
    return path


def test_what_a_killed_build_left_beside_the_words_goes(tmp_path: Path) -> None:
    path = words_file(tmp_path, split(TEXTS), lowercase=True)
    left = path.with_name(f".{path.name}.0a1b2c3d.aside")
    of_others = path.with_name(".other.parquet.0a1b2c3d.aside")  # being written at this moment
    for file in (left, of_others):
        file.write_bytes(b"half")
    read_or_split_words(path, split(TEXTS), lowercase=True, places=True)
    assert not left.exists()
    assert of_others.exists()
    assert parquet.is_whole(path, len(TEXTS))


def test_another_model_of_the_same_dataset_reads_no_text_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HSVIS_CACHE", str(tmp_path))
    told: list[list[str]] = []
    for hidden in (4, 6):
        said = Said()
        changes = [f"model.hidden={hidden}", "model.embedding=3", "model.epochs=1", "dataset.limit=4"]
        build(load_config("demo", [*changes, "projections=[{method: pca}]"]), said)
        told.append(said.stages)
    assert "reading words" in told[0]
    assert "reading words" not in told[1]
    assert "training" in told[1]
