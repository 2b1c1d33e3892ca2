"""Vocabularies as people keep them: lists, mappings, Keras tokenizers, `word id` lines, word vectors."""

import itertools
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hsvis.errors import ModelError
from hsvis.models.user.reading.keras import KerasSplitter
from hsvis.models.user.reading.refused import of_binary, of_pieces
from hsvis.remarks import Remark, listed

LARGEST = 1 << 29  # bytes of a JSON file
LINE = 1 << 20  # characters of a line
MOST = 10_000_000  # entries
VECTOR = 10  # numbers on a line from which it is a word vector
_NUMBER = re.compile(r"[0-9]{1,18}")
_FLOAT = re.compile(r"-?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?")
# keys under which a vocabulary lies, the best first
NAMES = (
    "stoi", "itos", "word2idx", "word2index", "word_to_idx", "word_to_index", "word2id", "word_to_ix",
    "token2id", "token_to_id", "token2idx", "token_to_idx", "word_index", "vocab", "vocabulary",
    "vocabulary_", "words", "tokens", "idx2word", "index2word", "id2word", "id2token", "idx_to_token",
    "index_to_key", "key_to_index",
)  # fmt: skip
_COUNTS = re.compile(r"count|freq|docs", re.IGNORECASE)
_LACKING = ("unk_token", "unk_index", "unk_id", "unk_idx", "oov_token", "default_index", "unknown")


@dataclass(frozen=True)
class Entries:
    """What a file says.

    Attributes:
        pairs: entries and their ids, as they stand in the file.
        unknown: the entry, or the id, of words that it lacks, if the file says it.
        padding: the id of padding, if the file says it.
        below: ids are below this; None = any.
        splitter: how texts are cut, if the file says it.
        may_lack: whether an entry for unknown words is to be looked for.
    """

    pairs: list[tuple[str, int]]
    unknown: str | int | None = None
    padding: int | None = None
    below: int | None = None
    splitter: KerasSplitter | None = None
    may_lack: bool = True
    remarks: tuple[Remark, ...] = ()


def read_entries(path: Path) -> Entries:
    """The entries of a file.  Raises ModelError: it can't be read, or is something else."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise ModelError(
            f"`model.tokenizer`: {path}: can't be read ({error}). Name a text file in UTF-8."
        ) from error
    if told := of_binary(path, start):
        raise ModelError(f"`model.tokenizer`: {path}: {told}")
    if path.suffix == ".json":
        if path.name == "strings.json":
            raise ModelError(
                f"`model.tokenizer`: {path}: spaCy's strings have no ids that a model is trained "
                f"with. Name the "
                "vocabulary that the training used."
            )
        found = _of_json(path, read_json(path))
    else:
        found = _of_lines(path)
    if told := of_pieces(path, [entry for entry, _ in found.pairs]):
        raise ModelError(f"`model.tokenizer`: {path}: {told}")
    return found


def read_json(path: Path) -> Any:
    """The content of a file, mappings as tuples of pairs.  Raises ModelError."""
    try:
        if path.stat().st_size > LARGEST:
            raise ModelError(f"`model.tokenizer`: {path}: has more than 512 MiB: this is no vocabulary.")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            f"`model.tokenizer`: {path}: can't be read ({error}). Name a text file in UTF-8."
        ) from error
    try:
        return json.loads(text, object_pairs_hook=tuple)
    except (ValueError, RecursionError) as error:
        raise ModelError(
            f"`model.tokenizer`: {path}: is not JSON ({error}). A vocabulary of one entry a line "
            f"ends in .txt."
        ) from error


def _of_json(path: Path, content: Any) -> Entries:
    if isinstance(
        content, str
    ):  # a text of JSON within JSON, as `json.dump(tokenizer.to_json(), file)` gives
        content = _inner(content)
    if _is_mapping(content) and dict(content).get("class_name") == "Tokenizer":
        return _of_keras(path, dict(content).get("config"))
    if (pairs := _pairs(content)) is not None:
        plain = _plain(pairs)
        return replace(plain, remarks=(*plain.remarks, *_doubtful(path, pairs)))
    if not _is_mapping(content):
        raise _is_none(path)
    inside = {name: pairs for name, value in content if (pairs := _pairs(value, least=2)) is not None}
    vocabularies = {name: pairs for name, pairs in inside.items() if not _COUNTS.search(name)}
    named = [name for name in NAMES if name in vocabularies] or [*vocabularies]
    if not named:
        raise _is_none(path)
    chosen = named[0]
    others = [one for one in named[1:] if dict(vocabularies[one]) != dict(vocabularies[chosen])]
    if chosen not in NAMES and others:
        raise ModelError(
            f"`model.tokenizer`: {path}: holds several vocabularies, {listed(named)}. Save the one that the "
            "model reads by itself."
        )
    text = f"The vocabulary is `{chosen}` in {path.name}"
    text += f", not {listed(others)}." if others else "."
    lacking = next((value for key in _LACKING for name, value in content if name == key), None)
    pairs = vocabularies[chosen]
    is_there = type(lacking) in (str, int) and any(lacking in pair for pair in pairs)
    remarks = (Remark("vocabulary", text), *_doubtful(path, pairs))
    return replace(_plain(pairs), unknown=lacking if is_there else None, remarks=remarks)


def _doubtful(path: Path, pairs: Sequence[tuple[str, int]]) -> tuple[Remark, ...]:
    """What is said of numbers of a mapping that may be no ids, but how often entries occur."""
    numbers = [k for _, k in pairs]
    if _may_be_ids(numbers):
        return ()
    text = (
        f"The numbers in {path.name}, up to {max(numbers):,} of {len(numbers):,} entries, repeat or are far "
        "apart; they are taken for ids, not for counts."
    )
    return (Remark("vocabulary", text),)


def _may_be_ids(numbers: Sequence[int]) -> bool:
    return len(set(numbers)) == len(numbers) and max(numbers, default=0) <= 2 * len(numbers) + 100


def _inner(text: Any) -> Any:
    try:
        return json.loads(text, object_pairs_hook=tuple)
    except (TypeError, ValueError, RecursionError):
        return None


def _is_mapping(content: Any) -> bool:
    return isinstance(content, tuple)


def _pairs(content: Any, least: int = 0) -> list[tuple[str, int]] | None:
    """Entries and ids of a list of entries, a mapping entry -> id or id -> entry; None if it is none."""
    if not isinstance(content, list | tuple) or len(content) < least:
        return None
    if isinstance(content, list):
        texts = all(isinstance(entry, str) for entry in content)
        return [(entry, k) for k, entry in enumerate(content)] if texts else None
    if all(type(k) is int and k >= 0 for _, k in content):
        return list(content)
    if all(_NUMBER.fullmatch(k) and isinstance(entry, str) for k, entry in content):
        return [(entry, int(k)) for k, entry in content]
    return None


def _is_none(path: Path) -> ModelError:
    return ModelError(
        f"`model.tokenizer`: {path}: is neither a list of entries nor a mapping of entries to ids "
        f"(whole numbers "
        "from 0), and holds none. Save one of these."
    )


def _of_keras(path: Path, config: Any) -> Entries:
    """As `Tokenizer.texts_to_sequences` of Keras reads."""
    settings = dict(config) if _is_mapping(config) else {}
    index = settings.get("word_index")
    pairs = _pairs(_inner(index) if isinstance(index, str) else index)
    if pairs is None:
        raise ModelError(
            f"`model.tokenizer`: {path}: is of a Keras Tokenizer, but has no `word_index`. Save "
            "`tokenizer.to_json()` once more."
        )
    below, oov = settings.get("num_words"), settings.get("oov_token")
    below = below if type(below) is int and below > 0 else None
    splitter = KerasSplitter.of(settings)
    text = (
        f"{path.name} is of a Keras Tokenizer: texts are cut as it does, {splitter.name}; padding is id 0; "
        + (f"ids from {below:,} on are unknown (`num_words`); " if below else "")
        + (f"unknown words are `{oov}`." if oov else "unknown words are left out.")
    )
    return Entries(
        pairs, oov if isinstance(oov, str) else None, 0, below, splitter, oov is not None,
        (Remark("vocabulary", text),),
    )  # fmt: skip


def _plain(pairs: list[tuple[str, int]]) -> Entries:
    """Entries and ids; where they begin as those of Keras' TextVectorization, texts are cut as it does."""
    is_of_keras = pairs[:2] == [("", 0), ("[UNK]", 1)]
    return Entries(pairs, None, 0, None, KerasSplitter.of_vectorization()) if is_of_keras else Entries(pairs)


def _lines(path: Path) -> Iterator[str]:
    """The lines of a file, without their ends.  Raises ModelError."""
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as file:
            for k in itertools.count():
                line = file.readline(LINE)
                if not line:
                    return
                if k >= MOST or (len(line) == LINE and line[-1] != "\n"):
                    raise ModelError(f"`model.tokenizer`: {path}: is too large for a vocabulary.")
                yield line.removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            f"`model.tokenizer`: {path}: can't be read ({error}). Name a text file in UTF-8."
        ) from error


def _of_lines(path: Path) -> Entries:
    """One entry a line; or an entry with its id, its count or its vector."""
    lines = _lines(path)
    first = list(itertools.islice(lines, 3))
    whole = itertools.chain(first, lines)
    if any(_vector_of(line) for line in first[1:] or first):
        return _of_vectors(path, whole)
    every = list(whole)
    between = next((one for one in ("\t", ",") if all(one in line for line in every if line)), " ")
    fields = [line.rsplit(between, 1) for line in every if line]
    if len(fields) > 1 and all(len(one) == 2 and _NUMBER.fullmatch(one[1]) for one in fields[1:]):
        fields = fields[1 - bool(_NUMBER.fullmatch(fields[0][-1])) :]  # without a line of names
    columns = [[one[k] for one in fields] for k in (0, 1)] if all(len(one) == 2 for one in fields) else []
    for words, numbers in ((columns, columns[::-1])) if columns else ():
        if numbers and all(map(_NUMBER.fullmatch, numbers)):
            return _of_numbered(path, words, [int(one) for one in numbers])
    if columns and len(every) > 2 and all(map(_FLOAT.fullmatch, columns[1])):
        raise ModelError(
            f"`model.tokenizer`: {path}: its entries have scores, no ids. {of_pieces(path, ['▁'] * 9)}"
        )
    return _plain([(entry, k) for k, entry in enumerate(every)])


def _of_numbered(path: Path, words: list[str], numbers: list[int]) -> Entries:
    """Entries with their ids, or with how often they occur."""
    if _may_be_ids(numbers):
        text = f"{path.name} has an id on each line, from {min(numbers):,} to {max(numbers):,}."
        return Entries(list(zip(words, numbers, strict=True)), remarks=(Remark("vocabulary", text),))
    text = (
        f"The numbers in {path.name} repeat or are too large for ids: they are taken for counts, "
        f"and ids are the "
        "line numbers from 0. `tokens.offset` adds to them."
    )
    return Entries([(one, k) for k, one in enumerate(words)], remarks=(Remark("vocabulary", text),))


def _vector_of(line: str) -> int:
    """The numbers after the word on a line of word vectors; 0 if it is none."""
    fields = line.rstrip().split(" ")
    numbers = sum(1 for _ in itertools.takewhile(_FLOAT.fullmatch, reversed(fields[1:])))
    return numbers if numbers >= VECTOR else 0


def _of_vectors(path: Path, lines: Iterator[str]) -> Entries:
    """The words of GloVe, word2vec or fastText vectors as text: ids are line numbers."""
    head = next(lines)
    is_head = all(map(_NUMBER.fullmatch, head.split())) and len(head.split()) == 2
    rest = lines if is_head else itertools.chain([head], lines)
    size, words = 0, []
    for line in rest:
        size = size or _vector_of(line)
        words.append(line.rstrip().rsplit(" ", size)[0])
    text = (
        f"{path.name} holds word vectors: its words have the line numbers from 0 as ids, and the "
        f"vectors are not "
        "read. Where the model's table begins with rows of its own (padding, unknown), "
        "`tokens.offset` adds them."
    )
    return Entries([(one, k) for k, one in enumerate(words)], remarks=(Remark("vocabulary", text),))
