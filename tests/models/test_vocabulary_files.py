"""Vocabularies are read in the forms that people keep them in, each entry with its id, or refused."""

import json
import pickle
import re
from collections import Counter, OrderedDict, defaultdict
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import BertWordPieceTokenizer, ByteLevelBPETokenizer

from hsvis.config import TokenSettings
from hsvis.errors import ModelError
from hsvis.models.user.reading.encoders import Encoder, encoder

WORDS = ["<pad>", "<unk>", "the", "film", "is", "good", "n't"]
IDS = {word: k for k, word in enumerate(WORDS)}
TEXT = "The film is xyzzy"
READ = [2, 3, 4, 1]


def read(path: Path, texts: tuple[str, ...] = (TEXT,), **tokens: Any) -> Encoder:
    return encoder(str(path), TokenSettings.model_validate({"max_length": None} | tokens), texts)


def file_of(folder: Path, name: str, content: Any) -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def keras(**settings: Any) -> str:
    """What `Tokenizer.to_json()` of Keras returns."""
    words = {"oov": 1, "the": 2, "film": 3, "is": 4, "don't": 5, "rare": 6}
    config = {
        "num_words": None, "filters": '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n', "lower": True, "split": " ",
        "char_level": False, "oov_token": "oov", "document_count": 2, "word_counts": json.dumps({"the": 9}),
        "word_docs": "{}", "index_docs": "{}", "index_word": json.dumps({k: w for w, k in words.items()}),
        "word_index": json.dumps(words),
    } | settings  # fmt: skip
    return json.dumps({"class_name": "Tokenizer", "config": config})


FORMS = {
    "list.json": WORDS,
    "mapping.json": IDS,
    "by-id.json": {str(k): word for word, k in IDS.items()},
    "stoi.json": {"stoi": IDS},
    "itos.json": {"itos": WORDS, "unk_token": "<unk>"},
    "both.json": {"word2idx": IDS, "idx2word": {str(k): word for word, k in IDS.items()}},
    "beside-counts.json": {"word_counts": dict.fromkeys(WORDS, 3), "token_to_id": IDS},
    "beside-labels.json": {"labels": {"neg": 0, "pos": 1}, "vocab": IDS},
    "any-name.json": {"my_words": IDS, "version": 3},
    "lines.txt": "\n".join(WORDS) + "\n",
    "lines.vocab": "\n".join(WORDS),
    "windows.txt": "\r\n".join(WORDS),
    "marked.txt": "\ufeff" + "\n".join(WORDS),
    "word-id.txt": "".join(f"{word} {k}\n" for word, k in IDS.items()),
    "word-tab-id.tsv": "".join(f"{word}\t{k}\n" for word, k in reversed(IDS.items())),
    "id-word.txt": "".join(f"{k} {word}\n" for word, k in IDS.items()),
    "counts.txt": "".join(f"{word}\t{9 - k // 2}\n" for word, k in IDS.items()),
    "glove.txt": "".join(f"{word} {' '.join(['-0.5', '1e-3', '.25'] * 4)}\n" for word in WORDS),
    "wiki.vec": f"{len(WORDS)} 12\n" + "".join(f"{word} {' '.join(['0.5'] * 12)} \n" for word in WORDS),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_each_form_gives_the_same_ids(tmp_path: Path, name: str) -> None:
    found = read(file_of(tmp_path, name, FORMS[name]))
    assert found(TEXT).inputs.tolist() == READ
    assert found(TEXT).known.tolist() == [True, True, True, False]
    assert (found.size, found.unknown, found.padding) == (len(WORDS), 1, 0)
    told = [one.text for one in found.remarks if one.code == "vocabulary"]
    assert bool(told) == (
        name.startswith(("stoi", "itos", "both", "beside", "any", "word-", "id-", "counts"))
        or name[:4] in ("glov", "wiki")
    )
    if name == "counts.txt":
        assert "taken for counts" in told[0]


def test_a_keras_tokenizer_reads_as_keras_does(tmp_path: Path) -> None:
    found = read(file_of(tmp_path, "a.json", keras()))
    assert found("The film: I don't, really\tRARE (film)").inputs.tolist() == [2, 3, 1, 5, 1, 6, 3]
    assert found("The film: I don't").tokens == ["The", "film", "I", "don't"]
    assert (found.unknown, found.padding, found.size) == (1, 0, 7)
    limited = read(file_of(tmp_path, "b.json", json.dumps(keras(num_words=5))))  # JSON within JSON
    assert limited("the rare film don't").inputs.tolist() == [2, 1, 3, 1]
    assert limited.size == 5
    passing = read(file_of(tmp_path, "c.json", keras(oov_token=None, num_words=5)))
    assert passing("the rare film unheard").inputs.tolist() == [2, 3]
    assert passing.unknown is None
    cased = read(file_of(tmp_path, "d.json", keras(lower=False, filters="")))
    assert cased("The the film, film").inputs.tolist() == [1, 2, 1, 3]
    letters = {"oov": 1, "a": 2, " ": 3, "b": 4}
    by_letter = read(file_of(tmp_path, "e.json", keras(char_level=True, word_index=json.dumps(letters))))
    assert by_letter("A b!").inputs.tolist() == [2, 3, 4, 1]
    assert any("Keras Tokenizer" in one.text for one in found.remarks)


def test_a_vocabulary_of_text_vectorization_is_read_as_that_layer_does(tmp_path: Path) -> None:
    for name, content in (
        ("v.json", ["", "[UNK]", "the", "dont", "3d"]),
        ("v.txt", "\n[UNK]\nthe\ndont\n3d\n"),
    ):
        found = read(file_of(tmp_path, name, content))
        assert found("The (3-D) film: don't! --").inputs.tolist() == [2, 4, 1, 3]
        assert found("don't!").tokens == ["don't!"]
        assert (found.unknown, found.padding) == (1, 0)


def test_ids_after_reserved_ones_are_shifted(tmp_path: Path) -> None:
    path = file_of(tmp_path, "imdb_word_index.json", {"the": 1, "film": 2, "good": 3})
    found = read(path, offset=3, unknown=2)
    assert found("the good xyzzy").inputs.tolist() == [4, 6, 2]
    assert found("the good xyzzy").known.tolist() == [True, True, False]
    assert (found.size, found.can_shift, read(path).can_shift) == (7, False, True)
    with pytest.raises(ModelError, match="no id `9`"):
        read(path, offset=3, unknown=9)


def test_the_unknown_id_of_a_file_is_shifted_with_its_entries(tmp_path: Path) -> None:
    content = {"stoi": {"good": 0, "film": 1, "bad": 2, "OTHER": 3}, "unk_index": 3}
    path = file_of(tmp_path, "v.json", content)
    assert read(path)("film xyzzy").inputs.tolist() == [1, 3]
    assert read(path, offset=3)("film xyzzy").inputs.tolist() == [4, 6]


@pytest.mark.parametrize(
    "content",
    [
        "the\t0\nNew York\t1\nfilm\t2\n", "word\tid\nthe\t0\nNew York\t1\nfilm\t2\n",
        "word,id\nthe,0\nNew York,1\nfilm,2\n",
    ],
)  # fmt: skip
def test_entries_with_spaces_and_a_line_of_names_keep_their_ids(tmp_path: Path, content: str) -> None:
    found = read(file_of(tmp_path, "v.txt", content), texts=("the film",))
    assert found("the film").inputs.tolist() == [0, 2]
    assert found.size == 3


@pytest.mark.parametrize("counts", [{"the": 5000, "film": 300, "good": 20}, {"the": 2, "film": 1, "good": 1}])
def test_numbers_that_may_be_counts_are_told(tmp_path: Path, counts: dict[str, int]) -> None:
    told = " ".join(one.text for one in read(file_of(tmp_path, "v.json", counts)).remarks)
    assert "they are taken for ids, not for counts" in told
    plain = " ".join(one.text for one in read(file_of(tmp_path, "v.json", IDS)).remarks)
    assert "counts" not in plain


def test_a_vocabulary_of_bert_is_read_as_bert_does(tmp_path: Path) -> None:
    entries = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##believ", "##able", "film", ",", "cafe"]
    path = file_of(tmp_path, "vocab.txt", "\n".join(entries))
    found, theirs = read(path), BertWordPieceTokenizer(str(path), lowercase=True)
    for text in ("Unbelievable film, café?", "", "unfilm unable"):
        assert found(text).inputs.tolist() == theirs.encode(text).ids
    assert found("Unbelievable film").tokens == ["[CLS]", "Un", "believ", "able", "film", "[SEP]"]
    assert {"vocabulary", "special-tokens"} <= {one.code for one in found.remarks}
    assert read(path, max_length=4)("unbelievable film").tokens == ["[CLS]", "able", "film", "[SEP]"]
    assert read(path, max_length=4, keep="first")("unbelievable film").tokens == [
        "[CLS]",
        "un",
        "believ",
        "[SEP]",
    ]


class Words:
    """A vocabulary of somebody's own."""

    def __init__(self) -> None:
        self.idx2word, self.word2idx = WORDS, IDS


PICKLED = {
    "dict": IDS, "list": WORDS, "ordered": OrderedDict(IDS), "counter": Counter(IDS),
    "defaultdict": defaultdict(int, IDS), "object": Words(),
}  # fmt: skip


@pytest.mark.parametrize("kind", PICKLED)
@pytest.mark.parametrize("saved_by", ["pickle", "torch"])
def test_a_pickle_is_refused_with_two_lines_that_convert_it(tmp_path: Path, kind: str, saved_by: str) -> None:
    path = tmp_path / ("vocab.pkl" if saved_by == "pickle" else "vocab.pt")
    if saved_by == "pickle":
        path.write_bytes(pickle.dumps(PICKLED[kind]))
    else:
        torch.save(PICKLED[kind], path)
    with pytest.raises(ModelError) as refused:
        read(path)
    lines = str(refused.value).split("\n    ")[1:]
    assert len(lines) == 2
    exec("\n".join(lines), {})
    assert read(path.with_suffix(".json"))(TEXT).inputs.tolist() == READ


def test_byte_level_sub_words_are_refused_with_lines_that_join_them(tmp_path: Path) -> None:
    made = ByteLevelBPETokenizer()
    made.train_from_iterator(["a good film is a good film"] * 9, vocab_size=290, min_frequency=1)
    made.save_model(str(tmp_path))
    content = json.loads((tmp_path / "vocab.json").read_text())
    own = {word: k for k, word in enumerate(sorted(content, key=lambda one: "Ġ" not in one)[:40])}
    path = file_of(tmp_path, "vocab.json", own)
    with pytest.raises(ModelError) as refused:
        read(path)
    made.save_model(str(tmp_path))
    exec("\n".join(str(refused.value).split("\n    ")[1:]), {})
    theirs = made.encode("a good film").ids
    assert read(tmp_path / "tokenizer.json")("a good film").inputs.tolist() == theirs


REFUSED = {
    "empty.txt": ("", "is empty"),
    "nothing.json": ("[]", "is empty"),
    "broken.json": ('{"a": 1', "is not JSON"),
    "deep.json": ("[" * 100_000, "is not JSON"),
    "long.json": ('{"a": ' + "9" * 10_000 + "}", "is not JSON"),
    "other.json": ({"a": {"b": {"c": 1}}, "d": 2.5}, "holds none"),
    "two.json": ({"wa": {"x": 0, "y": 1}, "wb": {"z": 0, "w": 1}}, "several vocabularies, `wa`, `wb`"),
    "strings.json": (["a", "b"], "spaCy's strings"),
    "piece.vocab": ("<unk>\t0\n<s>\t0\n▁the\t-3.1\n▁a\t-3.25\ns\t-3.5\n", "model.id_to_piece"),
    "binary.txt": ("a\0b", "is no text"),
    "piece.model": ("\n\x0e\n\x05<unk>", "reading:encode"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_vocabulary_is_refused_in_words(tmp_path: Path, name: str) -> None:
    content, told = REFUSED[name]
    path = file_of(tmp_path, name, content)
    with pytest.raises(ModelError, match=re.escape(told)) as refused:
        read(path)
    assert str(refused.value).startswith(f"`model.tokenizer`: {path}: ")
    assert len(str(refused.value)) < 1000
