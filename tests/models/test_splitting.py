"""Texts can be cut by a tokenizer file or a function, and each token stands where it is in the text."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from hsvis.config import TokenSettings
from hsvis.corpus.splitters import SPLITTERS, Split, cut_text, surface_of, token_spans
from hsvis.corpus.tokens import UNKNOWN, Vocabulary, split_text
from hsvis.corpus.words import ReadText, read_words
from hsvis.errors import ModelError
from hsvis.models.splitting import functions, tokenizer_files
from hsvis.models.splitting.alignment import align
from hsvis.models.splitting.splitter import splitter_of
from hsvis.models.user.reading.encoders import encoder

TEXTS = ["A good film was seen by many", "films 😀 are good, really", "the filming was bad"]


def bytes_file(folder: Path, **changes: Any) -> Path:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(TEXTS * 5, trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet))
    for name, value in changes.items():
        setattr(made, name, value)
    made.save(str(folder / "bpe.json"))
    return folder / "bpe.json"


def pieces_file(folder: Path) -> Path:
    words = ["[UNK]", "[CLS]", "[SEP]", "film", "##ing", "##s", "good", "cafe"]
    made = Tokenizer(models.WordPiece({word: k for k, word in enumerate(words)}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    made.save(str(folder / "tokenizer.json"))
    return folder / "tokenizer.json"


@pytest.fixture
def function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], str]]:
    """Writes a module with a function `cut`, and gives its reference."""
    monkeypatch.syspath_prepend(str(tmp_path))
    names: list[str] = []

    def written(body: str) -> str:
        names.append(f"cutting{len(names)}")
        (tmp_path / f"{names[-1]}.py").write_text(f"def cut(text):\n    {body}\n", encoding="utf-8")
        return f"{names[-1]}:cut"

    yield written
    for name in names:
        sys.modules.pop(name, None)


def shown(text: str, split: Split) -> list[str]:
    return split_text(text, lowercase=True, max_length=None, keep="last", split=split).surfaces


def test_sub_words_are_shown_as_they_stand_in_the_text(tmp_path: Path) -> None:
    by_bytes = splitter_of(str(bytes_file(tmp_path)), TEXTS)
    text = "The  film was 😎!"
    surfaces = shown(text, by_bytes)
    assert "film" in surfaces
    assert [one for one in surfaces if re.search("[ĠÃð]", one)] == []
    assert "😎" in surfaces
    assert [one for one in surfaces if one.startswith("<0x")], "bytes that are parts of one character"
    pieces = splitter_of(str(pieces_file(tmp_path)), TEXTS)
    assert shown("Good FILMING, Café", pieces) == ["Good", "FILM", "ING", ",", "Café"]
    assert cut_text("Good FILMING, Café", True, pieces)[0] == ["good", "film", "##ing", "[UNK]", "cafe"]


@pytest.mark.parametrize("make", [bytes_file, pieces_file])
def test_words_that_were_read_before_are_those_of_the_text(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    split = splitter_of(str(make(tmp_path)), TEXTS)
    for lowercase in (True, False):
        words = read_words(TEXTS, lowercase=lowercase, split=split)
        for row, text in enumerate(TEXTS):
            for most, keep in ((None, "last"), (3, "last"), (3, "first")):
                found = split_text(text, lowercase=lowercase, max_length=most, keep=keep, split=split)
                at, bounds = ReadText(text, words, row).surfaces(most, keep)
                forms = [words.forms[code] for code in words.codes[at].tolist()]
                assert forms == found.forms
                pairs = zip(bounds, forms, strict=True)
                assert [surface_of(text, span, form, split) for span, form in pairs] == found.surfaces


@given(st.text(max_size=40))
def test_tokens_of_any_text_stand_in_it_in_order_and_leave_nothing_visible_out(text: str) -> None:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        ["a"], trainers.BpeTrainer(vocab_size=256, initial_alphabet=alphabet, show_progress=False)
    )
    text = text.encode("utf-8", "ignore").decode()
    file = tokenizer_files.TokenizerFile.of(made, "bytes", "tokens.split")
    forms, spans = file.cut(text)
    assert forms == made.encode(text).tokens
    ends = [0, *(place for span in spans for place in span)]
    assert ends == sorted(ends)
    covered = {k for a, b in spans for k in range(a, b)}
    assert {k for k, c in enumerate(text) if not c.isspace()} <= covered


PROMISED = {"whitespace": r"\S", "characters": r"\S", "punctuation": r"\S", "treebank": r"\S", "spacy": r"\S"}


@given(st.text(max_size=60), st.sampled_from(sorted(PROMISED)))
def test_splitters_leave_out_nothing_that_they_promise(text: str, split: str) -> None:
    covered = {k for a, b in token_spans(text, split) for k in range(a, b)}
    left = {c for k, c in enumerate(text) if k not in covered and re.match(PROMISED[split], c)}
    assert left <= {c for c in left if c.isspace()}


@given(st.text(max_size=60), st.sampled_from([one for one in SPLITTERS if one != "basic_english"]))
def test_the_tokens_of_a_splitter_are_found_where_it_found_them(text: str, split: str) -> None:
    spans = token_spans(text, split)
    found = align(text, [text[a:b] for a, b in spans])
    if split in ("whitespace", "treebank", "spacy", "punctuation"):  # nothing but spaces lies between
        assert found == spans
    ends = [0, *(place for span in found for place in span)]
    assert ends == sorted(ends)
    assert len(found) == len(spans)


ALIGNED = [
    ("The cats were running.", ["the", "cat", "be", "run", "."], ["The", "cat", "were", "run", "."]),
    ("unbelievable film", ["un", "##believ", "##able", "film"], ["un", "believ", "able", "film"]),
    ("Le café était bon", ["le", "cafe", "etre", "bon"], ["Le", "café", "était", "bon"]),
    ("▁ is no sign here", ["▁is", "▁no", "▁sign", "▁here"], ["is", "no", "sign", "here"]),
    ('"no" (now)', ["``", "no", "''", "-LRB-", "now", "-RRB-"], ['"', "no", '"', "(", "now", ")"]),
    ("see http://x.y/z for the film", ["see", "film"], ["see", "film"]),
    ("short", ["short", "extra", "more"], ["short", "", ""]),
    ("", ["a"], [""]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "tokens", "found"), ALIGNED)
def test_tokens_that_differ_from_the_text_are_found_in_it(
    text: str, tokens: list[str], found: list[str]
) -> None:
    assert [text[a:b] for a, b in align(text, tokens)] == found


def test_a_function_cuts_as_it_says(function: Callable[[str], str]) -> None:
    plain = splitter_of(function("return text.split()"), TEXTS)
    assert cut_text("A  good film", False, plain) == (["A", "good", "film"], [(0, 1), (3, 7), (8, 12)])
    assert cut_text("A good", True, plain)[0] == ["a", "good"]
    assert shown("A  good film", plain) == ["A", "good", "film"]
    with_places = splitter_of(function("return ['x', 'y'], [(0, 2), (1, 4)]"), ["abcd"])
    assert cut_text("abcd", False, with_places)[1] == [(0, 2), (2, 4)]
    assert splitter_of(function("return ('a', 'b')"), TEXTS).cut("a b")[0] == ["a", "b"]  # type: ignore[union-attr]
    missing = splitter_of(function("return ['▁lemma', '##y']"), TEXTS)
    assert shown("", missing) == ["lemma", "y"]


WRONG = [
    ("raise KeyError('x')", "raised KeyError: 'x', given 'A good film"),
    ("return text", "returned str, given 'A good film"),
    ("return [1, 2]", "returned list of int"),
    ("return None", "returned NoneType"),
    ("return ['a'], [(0, 999)]", "returned offsets that do not fit"),
    ("return ['a', 'b'], [(3, 4), (0, 1)]", "returned offsets that do not fit"),
    ("return ['a'], ['x']", "returned offsets that do not fit"),
]


@pytest.mark.parametrize(("body", "told"), WRONG)
def test_a_function_that_returns_something_else_is_told_with_the_text(
    function: Callable[[str], str], body: str, told: str
) -> None:
    with pytest.raises(ModelError, match=re.escape(told)) as refused:
        splitter_of(function(body), TEXTS)
    assert str(refused.value).startswith("`tokens.split`: `cutting0:cut` ")


def test_a_function_that_takes_long_is_told_while_it_does(
    function: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(functions, "SLOW", 0.01)
    said: list[str] = []
    waits = function("import threading; threading.Event().wait(0.2); return text.split()")
    splitter_of(waits, ["a slow text"], lambda *told: said.append(str(told[-1])))
    assert said
    assert "reads 'a slow text' for more than" in said[0]


def test_another_function_has_another_key(function: Callable[[str], str]) -> None:
    first = splitter_of(function("return text.split()"), TEXTS)
    same = splitter_of(function("return text.split()"), TEXTS)
    other = splitter_of(function("return list(text)"), TEXTS)
    assert not isinstance(first, str | None)
    assert not isinstance(same, str | None)
    assert not isinstance(other, str | None)
    assert first.key == same.key != other.key


def growing(growth: int, times: int) -> Any:
    return normalizers.Sequence([normalizers.Replace("a", "a" * growth)] * times)


HOSTILE = [
    ({"normalizer": growing(10_000, 4)}, 60, "reading 'A good film was"),
    ({"normalizer": growing(2, 24)}, 0.1, "takes more than 0.1 s"),
    (
        {"pre_tokenizer": pre_tokenizers.Split(Regex(r"^(\w|\w\w|\w+)+(\w\w?)*$"), "isolated")},
        60,
        "retry-limit",
    ),
]


@pytest.mark.parametrize(("changes", "seconds", "told"), HOSTILE, ids=["memory", "time", "pattern"])
def test_a_tokenizer_that_never_ends_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], seconds: float, told: str
) -> None:
    monkeypatch.setattr(tokenizer_files, "SECONDS", seconds)
    monkeypatch.setattr(tokenizer_files, "MEMORY", 1 << 29)
    path, texts = bytes_file(tmp_path, **changes), [TEXTS[0], "a" * 60 + "!"]
    with pytest.raises(ModelError, match=re.escape(told)) as refused:
        splitter_of(str(path), texts)
    assert str(refused.value).startswith("`tokens.split`: the sub-words of bpe.json: reading '")
    if told == "retry-limit":
        with pytest.raises(ModelError, match=r"`model\.tokenizer`: .*reading"):
            encoder(str(path), TokenSettings(), texts)


@pytest.mark.parametrize("content", ["", "{}", '{"model": {"type": "BPE"}}', "[" * 9999, "\0"])
def test_a_broken_tokenizer_is_refused_in_words(tmp_path: Path, content: str) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(content)
    with pytest.raises(ModelError, match=r"can't be read as a file of `tokenizers`"):
        splitter_of(str(path))
    with pytest.raises(ModelError, match=r"can't be read .*tokenizer\.json"):
        splitter_of(str(tmp_path / "none.json"))


def test_what_a_tokenizer_does_not_know_is_no_word(tmp_path: Path) -> None:
    split = splitter_of(str(pieces_file(tmp_path)))
    vocabulary = Vocabulary.counted([("[UNK]", 9), ("film", 3)], 10, split)
    assert vocabulary.words == ("film",)
    assert vocabulary.ids().get("[UNK]", UNKNOWN) == UNKNOWN


def test_the_models_own_file_gives_its_special_tokens_and_they_are_told(tmp_path: Path) -> None:
    path = pieces_file(tmp_path)
    read = encoder(str(path), TokenSettings(max_length=None), TEXTS)
    theirs = Tokenizer.from_file(str(path))
    for text in TEXTS:
        assert read(text).inputs.tolist() == theirs.encode(text).ids
    assert read("film").tokens == ["[CLS]", "film", "[SEP]"]
    assert (read("a film!").start, read("a film!").end) == (0, 7)
    assert [one.code for one in read.remarks] == ["special-tokens"]
    with pytest.raises(ModelError, match="leaves no room"):
        encoder(str(path), TokenSettings(max_length=2), TEXTS)("film good")
    plain = json.loads(path.read_text()) | {"post_processor": None}
    path.write_text(json.dumps(plain))
    assert encoder(str(path), TokenSettings(), TEXTS)("film").tokens == ["film"]


def test_a_vocabulary_can_be_read_with_somebodys_splitter(
    tmp_path: Path, function: Callable[[str], str]
) -> None:
    words = tmp_path / "words.json"
    words.write_text(json.dumps(["<pad>", "<unk>", "film", "##ing", "a|b"]))
    by_file = encoder(str(words), TokenSettings(split=str(pieces_file(tmp_path))), TEXTS)
    assert by_file("filming good").inputs.tolist() == [2, 3, 1]
    by_function = encoder(str(words), TokenSettings(split=function("return text.split('+')")), TEXTS)
    assert by_function("a|b+film+A|B").inputs.tolist() == [4, 2, 4]
    for split in ({"split": "words"}, {"offset": 3}):
        with pytest.raises(ModelError, match="has no use beside tokenizer.json"):
            encoder(str(tmp_path / "tokenizer.json"), TokenSettings.model_validate(split), TEXTS)


def test_a_changed_tokenizer_is_another_model(tmp_path: Path, function: Callable[[str], str]) -> None:
    from hsvis.config import Config
    from hsvis.corpus.corpus import Corpus
    from hsvis.corpus.corpus import Split as Rows
    from hsvis.corpus.word_files import SplitWords
    from hsvis.models.fingerprints import sources, unseen
    from hsvis.models.providers import provider_of
    from hsvis.progress import silent

    rows = Rows(TEXTS, np.array([0, 1, 0], np.int16))
    corpus = Corpus(("a", "b"), rows, rows)

    def key(split: str | None) -> str:
        tokens = {} if split is None else {"split": split}
        demo = {"name": "a", "dataset": {"path": "demo"}, "tokens": tokens}
        config = Config.model_validate(demo)
        words = SplitWords(corpus, tmp_path, lowercase=True, splitter=splitter_of(split, TEXTS))
        provider = provider_of(config, corpus, silent, words=words, folder=tmp_path)
        known = {name: value for name, value in provider.sources().items() if name != "cutting"}
        assert known == sources(config)
        assert bool(unseen(config)) == (split is not None and ":" in split)
        return provider.key()

    path = pieces_file(tmp_path)
    first = key(str(path))
    assert key(str(path)) == first
    path.write_text(path.read_text().replace("##ing", "##ong"))
    assert key(str(path)) != first
    cut = function("return text.split()")
    assert key(cut) == key(cut)
    assert key(None) not in (first, key(cut))


def test_the_built_in_model_reads_by_a_tokenizer_file(tmp_path: Path) -> None:
    from hsvis.config import ModelSettings
    from hsvis.models.builtin.classifier import RecurrentClassifier
    from hsvis.models.builtin.text_model import TextModel

    split = splitter_of(str(pieces_file(tmp_path)), TEXTS)
    vocabulary = Vocabulary(("film", "##ing"))
    tokens = TokenSettings(split=str(tmp_path / "tokenizer.json"))
    made = RecurrentClassifier(ModelSettings(hidden=4), len(vocabulary), 2)
    model = TextModel(made, vocabulary, tokens, ("a", "b"), splitter=split)
    read = model.encode("FILMING xyzzy")
    assert (read.tokens, read.inputs.tolist()) == (["FILM", "ING", "xyzzy"], [2, 3, UNKNOWN])
    words = read_words(["FILMING xyzzy"], lowercase=True, split=split)
    again = model.encode(ReadText("FILMING xyzzy", words, 0))
    assert (again.tokens, again.inputs.tolist()) == (read.tokens, read.inputs.tolist())
