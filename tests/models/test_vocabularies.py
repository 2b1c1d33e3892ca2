"""A vocabulary is read as its texts were cut, and no word is dropped without a word."""

import json
import re
from pathlib import Path

import pytest

from hsvis.config import TokenSettings
from hsvis.corpus.demo import demo_reviews
from hsvis.corpus.splitters import token_forms
from hsvis.errors import ModelError
from hsvis.models.user.reading.encoders import Encoder, encoder

REVIEWS = demo_reviews()
TEXTS = REVIEWS.test_texts[:60]


def words(text: str) -> list[str]:
    return re.findall("[a-z]+", text.lower())


def read(folder: Path, entries: list[str], texts: list[str] | None = None, **tokens: object) -> Encoder:
    path = folder / "vocab.json"
    path.write_text(json.dumps({entry: k for k, entry in enumerate(entries)}), encoding="utf-8")
    settings = TokenSettings.model_validate({"max_length": None} | tokens)
    return encoder(str(path), settings, TEXTS if texts is None else texts)


def codes(one: Encoder) -> list[str]:
    return [remark.code for remark in one.remarks]


@pytest.mark.parametrize("split", [None, "punctuation", "basic_english", "treebank", "whitespace"])
def test_the_way_is_found_that_the_texts_of_a_vocabulary_were_cut_by(
    tmp_path: Path, split: str | None
) -> None:
    seen = {form: 0 for text in REVIEWS.train_texts for form in token_forms(text, True, split)}
    ids = {form: k for k, form in enumerate(seen, start=2)}
    found = read(tmp_path, ["<pad>", "<unk>", *seen])
    for text in TEXTS:
        assert found(text).inputs.tolist() == [ids.get(form, 1) for form in token_forms(text, True, split)]
    assert codes(found) == ["splitter"]
    again = read(tmp_path, ["<pad>", "<unk>", *seen], split=split or "words")
    assert again(TEXTS[0]).inputs.tolist() == found(TEXTS[0]).inputs.tolist()


def test_without_texts_the_entries_alone_tell(tmp_path: Path) -> None:
    entries = ["<pad>", "<unk>", ".", ",", "the", "film", "'", "good"]
    assert read(tmp_path, entries, texts=[])("The film, good.").inputs.tolist() == [4, 5, 3, 7, 2]


NAMES = [
    "<unk>", "<UNKNOWN>", "_UNK", "UNKNOWN", "<OOV_TOKEN>", "__unk__", "[UNK]", "unk", "UNK", "<oov>",
    "{unknown}", "#UNK#", "<unk_token>", "[OOV]", "<|unk|>",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", [1, 30])
def test_the_entry_of_unknown_words_is_known_by_any_name(tmp_path: Path, name: str, place: int) -> None:
    entries = [
        "<pad>",
        *(f"word{chr(97 + k)}{chr(97 + k)}" for k in range(26)),
        "good",
        "film",
        "unknown",
        "pad",
    ]
    entries.insert(place, name)
    found = read(tmp_path, entries)
    assert (found.unknown, found.padding, found.pieces) == (place, 0, None)
    assert found("good xyzzy film").inputs.tolist() == [entries.index("good"), place, entries.index("film")]


def test_a_word_is_no_special_entry(tmp_path: Path) -> None:
    found = read(tmp_path, ["a", "b", "c", "d", "film", "unknown", "pad", "good"])
    assert (found.unknown, found.padding) == (None, None)
    assert found("an unknown film").tokens == ["unknown", "film"]
    assert found.pieces is not None
    assert found.pieces("an unknown film") == 3


@pytest.mark.parametrize("name", ["!!", 2, "2"])
def test_the_entry_of_unknown_words_can_be_named(tmp_path: Path, name: str | int) -> None:
    found = read(tmp_path, ["good", "film", "!!"], unknown=name)
    assert found("good xyzzy").inputs.tolist() == [0, 2]
    assert read(tmp_path, ["<unk>", "1", "film"], unknown=1).unknown == 1
    assert read(tmp_path, ["oov", "film", "1"], unknown=1).unknown == 1, "a number is an id"
    assert read(tmp_path, ["oov", "film", "1"], unknown="1").unknown == 2
    with pytest.raises(ModelError, match="has no entry and no id `7`"):
        read(tmp_path, ["good", "film"], unknown=7)


def test_entries_that_no_text_gives_are_told(tmp_path: Path) -> None:
    found = read(tmp_path, ["<unk>", "new york", "good", "film", "of the", "the"])
    assert "unreachable" in codes(found)
    [text] = [one.text for one in found.remarks if one.code == "unreachable"]
    assert "2 of 5 entries" in text
    assert "`new york`, `of the`" in text
    capital = read(tmp_path, ["<unk>", "The", "Film", "Good", "a"])
    assert "`tokens.lowercase: false`" in next(
        one.text for one in capital.remarks if one.code == "unreachable"
    )
    assert codes(read(tmp_path, ["<unk>", "The", "Film", "Good", "a"], lowercase=False)) == ["splitter"]


def test_characters_are_found_beside_special_entries(tmp_path: Path) -> None:
    letters = ["<pad>", "<unk>", " ", *"abcdefghijklmnopqrstuvwxyz", "eos"]
    found = read(tmp_path, letters)
    assert found("a b").tokens == ["a", " ", "b"]
    assert codes(read(tmp_path, ["<unk>", "<pad>"])) == ["splitter"]


@pytest.mark.parametrize("form", ["txt", "list", "mapping"])
def test_entries_that_stand_twice_are_named_with_the_id_that_counts(tmp_path: Path, form: str) -> None:
    entries = ["<pad>", "<unk>", "", "good", "film", "", "bad", "good"]
    path = tmp_path / ("vocab.txt" if form == "txt" else "vocab.json")
    pairs = ", ".join(f'"{entry}": {k}' for k, entry in enumerate(entries))
    content = {"txt": "\n".join(entries), "list": json.dumps(entries), "mapping": f"{{{pairs}}}"}
    path.write_text(content[form], encoding="utf-8")
    found = encoder(str(path), TokenSettings(), ["a good film"])
    assert found("good film").inputs.tolist() == [7, 4]
    [told] = [remark.text for remark in found.remarks if remark.code == "doubled-entries"]
    assert told.startswith(f"entries that stand more than once in {path.name}: `good` (ids 3, 7). The last")
    path.write_text(content[form].replace("bad", "good").replace("good", "bad", 1), encoding="utf-8")
    doubled = [
        one.text for one in encoder(str(path), TokenSettings(), []).remarks if "(ids 6, 7)" in one.text
    ]
    assert len(doubled) == 1
    clean = content[form].replace("good", "poor", 1)
    path.write_text(clean, encoding="utf-8")
    assert not [r for r in encoder(str(path), TokenSettings(), []).remarks if r.code == "doubled-entries"]
