"""Texts as someone's own model reads them: words, characters, or a tokenizer file of Hugging Face.

`tokenizer` names one of
- a vocabulary: a .txt file, one entry a line, whose ids are the line numbers from 0; or a .json file, a list
  or a mapping of entry -> id.  Where all entries but the special ones are single characters, texts are read
  by character;
- a `tokenizer.json` of the `tokenizers` library: sub-words;
- `package.module:function`, which takes a text and returns an Encoded, or tokens and ids.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hsvis.config import TokenSettings
from hsvis.corpus.series import Series
from hsvis.corpus.tokens import split_text
from hsvis.errors import ModelError
from hsvis.models.protocol import Encoded
from hsvis.models.user.references import resolve_reference

UNKNOWN = ("<unk>", "[unk]", "<oov>", "unk")  # what vocabularies call words they lack, in lower case
PADDING = ("<pad>", "[pad]", "pad")

Encode = Callable[[Any], Encoded]  # of a text, or of a series


@dataclass(frozen=True)
class Encoder:
    """A function that reads texts or series, and what is known of it.

    Attributes:
        read: the function.
        kind: what it makes of a text, for people.
        size: ids are below this; None where only the function knows.
        unknown, padding: the ids of these, None where there are none.
        pieces: how many words or characters a text has before those that the vocabulary lacks are passed
            over; None where none ever are.
    """

    read: Encode
    kind: str
    size: int | None = None
    unknown: int | None = None
    padding: int | None = None
    pieces: Callable[[str], int] | None = None

    def __call__(self, text: str | Series) -> Encoded:
        """Raises ModelError: a user's function raised, or returned something else."""
        return self.read(text)


def encoder(tokenizer: str, tokens: TokenSettings) -> Encoder:
    """What reads texts.

    Raises:
        ModelError: no such file or function, or it can't be read.
    """
    if ":" in tokenizer and not Path(tokenizer).exists():
        return of_function(tokenizer, resolve_reference(tokenizer, "tokenizer"), tokens)
    path = Path(tokenizer)
    if path.name == "tokenizer.json" or (path.suffix == ".json" and _is_tokenizers_file(path)):
        return _of_tokenizers(path, tokens)
    vocabulary = _vocabulary(path)
    if not vocabulary:
        raise ModelError(
            f"`model.tokenizer`: {path}: is empty. Name the vocabulary that the model was trained with."
        )
    special = {*UNKNOWN, *PADDING}
    entries = [entry for entry in vocabulary if entry.lower() not in special and not _is_special(entry)]
    by_character = bool(entries) and all(len(entry) == 1 for entry in entries)
    return _of_vocabulary(vocabulary, tokens, by_character=by_character)


def _is_special(entry: str) -> bool:
    return len(entry) > 2 and entry[0] + entry[-1] in ("<>", "[]")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            f"`model.tokenizer`: {path}: can't be read ({error}). Name a text file in UTF-8."
        ) from error


def _is_tokenizers_file(path: Path) -> bool:
    try:
        content = json.loads(_read(path))
    except ValueError:
        return False
    return isinstance(content, dict) and isinstance(content.get("model"), dict)


def _vocabulary(path: Path) -> dict[str, int]:
    """Entry -> id."""
    text = _read(path)
    if path.suffix == ".txt":
        lines = text.split("\n")
        entries = [line.removesuffix("\r") for line in (lines[:-1] if lines[-1] == "" else lines)]
        return {entry: k for k, entry in enumerate(entries)}
    try:
        content = json.loads(text)
    except ValueError as error:
        raise ModelError(
            f"`model.tokenizer`: {path}: is not JSON ({error}). A vocabulary of one entry a line ends in "
            ".txt."
        ) from error
    if isinstance(content, list) and all(isinstance(entry, str) for entry in content):
        return {entry: k for k, entry in enumerate(content)}
    if isinstance(content, dict) and all(type(k) is int and k >= 0 for k in content.values()):
        return content
    raise ModelError(
        f"`model.tokenizer`: {path}: is neither a list of entries nor a mapping of entries to ids (whole "
        "numbers from 0). Save one of these."
    )


def _special_id(vocabulary: dict[str, int], names: Iterable[str]) -> int | None:
    lowered = {entry.lower(): k for entry, k in reversed(vocabulary.items())}
    return next((lowered[name] for name in names if name in lowered), None)


def _of_vocabulary(vocabulary: dict[str, int], tokens: TokenSettings, *, by_character: bool) -> Encoder:
    unknown = _special_id(vocabulary, UNKNOWN)

    def split(text: str) -> tuple[list[str], list[str], int, int]:
        if by_character:
            return _characters(text, tokens)
        t = tokens
        found = split_text(text, lowercase=t.lowercase, max_length=t.max_length, keep=t.keep, split=t.split)
        return found.forms, found.surfaces, found.start, found.end

    def encode(text: str) -> Encoded:
        forms, surfaces, start, end = split(text)
        if unknown is None:  # a vocabulary without an entry for unknown words: they are passed over
            kept = [k for k, form in enumerate(forms) if form in vocabulary]
            forms, surfaces = [forms[k] for k in kept], [surfaces[k] for k in kept]
        ids = np.array([vocabulary.get(form, unknown) for form in forms], np.int64)
        known = np.array([form in vocabulary for form in forms], bool)
        return Encoded(surfaces, ids, known, start, end)

    return Encoder(
        encode,
        f"{'characters' if by_character else 'words'} of a vocabulary of {len(vocabulary):,} entries",
        max(vocabulary.values()) + 1,
        unknown,
        _special_id(vocabulary, PADDING),
        None if unknown is not None else lambda text: len(split(text)[0]),
    )


def _characters(text: str, tokens: TokenSettings) -> tuple[list[str], list[str], int, int]:
    length = len(text) if tokens.max_length is None else min(len(text), tokens.max_length)
    start = len(text) - length if tokens.keep == "last" else 0
    read = list(text[start : start + length])
    return [c.lower() for c in read] if tokens.lowercase else read, read, start, start + length


def _of_tokenizers(path: Path, tokens: TokenSettings) -> Encoder:
    try:
        from tokenizers import Tokenizer  # noqa: PLC0415  (an extra)
    except ImportError as error:
        raise ModelError(
            "`model.tokenizer`: a tokenizer.json needs a package: run `pip install tokenizers`."
        ) from error
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise ModelError(
            f"`model.tokenizer`: {path}: can't be read as a file of `tokenizers` ({error}). Save it again by "
            "`tokenizer.save(path)`."
        ) from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    own = json.loads(tokenizer.to_str())["model"].get("unk_token")
    unknown, padding = (
        next((k for k in map(tokenizer.token_to_id, names) if k is not None), None)
        for names in ((*([own] if own else []), "[UNK]", "<unk>"), ("[PAD]", "<pad>"))
    )

    def encode(text: str) -> Encoded:
        read = tokenizer.encode(text, add_special_tokens=False)
        most = tokens.max_length or len(read.ids)
        kept = slice(max(0, len(read.ids) - most), None) if tokens.keep == "last" else slice(most)
        ids, spans = read.ids[kept], read.offsets[kept]
        surfaces = [text[a:b] or piece for (a, b), piece in zip(spans, read.tokens[kept], strict=True)]
        start, end = (spans[0][0], spans[-1][1]) if spans else (0, 0)
        inputs = np.array(ids, np.int64)
        known = np.ones(len(ids), bool) if unknown is None else inputs != unknown
        return Encoded(surfaces, inputs, known, start, end)

    size = 1 + max(tokenizer.get_vocab().values(), default=-1)
    return Encoder(encode, f"sub-words of a tokenizer file, {size:,} entries", size, unknown, padding)


def of_function(name: str, function: Any, tokens: TokenSettings | None = None) -> Encoder:
    """What a user's function reads (an Encoded, or tokens and ids), checked and cut by the length limit."""

    def encode(example: str | Series) -> Encoded:
        try:
            found = function(example)
        except Exception as error:  # whatever a user's function raises
            raise ModelError(
                f"`model.tokenizer`: `{name}` raised {type(error).__name__}: {error}, given "
                f"{_short(example)}. Mend the function: it is called with every sequence."
            ) from error
        text = example.caption if isinstance(example, Series) else example
        read = found if isinstance(found, Encoded) else _encoded_of(found, text)
        if read is None:
            raise ModelError(
                f"`model.tokenizer`: `{name}` returned {_describe(found)}; an Encoded is needed, or a tuple "
                "of as many tokens as ids (or feature vectors)."
            )
        return read if tokens is None else _cut(read, text, tokens)

    return Encoder(encode, f"the function `{name}`")


def _encoded_of(found: Any, text: str) -> Encoded | None:
    """(tokens, ids or feature vectors) as an Encoded; None if it is something else."""
    if not (isinstance(found, tuple) and len(found) == 2):
        return None
    try:
        words, ids = list(map(str, found[0])), np.asarray(found[1])
        fits = ids.ndim in (1, 2) and len(ids) == len(words) and (ids.dtype.kind in "iufb" or not len(ids))
        inputs = ids.astype(np.int64 if ids.ndim == 1 else np.float32) if fits else None
    except (TypeError, ValueError):  # no sequences, or ragged ones
        return None
    return None if inputs is None else Encoded(words, inputs, np.ones(len(words), bool), 0, len(text))


def _cut(read: Encoded, text: str, tokens: TokenSettings) -> Encoded:
    """The first or last steps of what a function read, as many as the length limit allows."""
    most = tokens.max_length
    if most is None or len(read) <= most:
        return read
    first = len(read) - most if tokens.keep == "last" else 0
    kept = slice(first, first + most)
    places = [read.start]  # where each token begins in the text, as far as it is found there
    for token in read.tokens[: kept.stop]:
        at = text.find(token, places[-1]) if token else -1
        places[-1] = at if at >= 0 else places[-1]
        places.append(places[-1] + (len(token) if at >= 0 else 0))
    return Encoded(
        read.tokens[kept], read.inputs[kept], read.known[kept],
        places[first], read.end if kept.stop == len(read) else places[kept.stop],
    )  # fmt: skip


def _describe(found: Any) -> str:
    if isinstance(found, tuple) and len(found) == 2 and all(hasattr(one, "__len__") for one in found):
        tokens, ids = map(len, found)
        return f"{tokens} tokens and {ids} ids" + (
            ", which are no numbers of one shape" if tokens == ids else ""
        )
    return type(found).__name__


def _short(text: Any) -> str:
    shown = repr(text)
    return shown if len(shown) <= 60 else shown[:57] + "…"
