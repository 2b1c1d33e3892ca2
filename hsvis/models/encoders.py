"""Texts as someone's own model reads them: words, characters, or a tokenizer file of Hugging Face.

`tokenizer` names one of
- a vocabulary: a .txt file, one entry a line, whose ids are the line numbers from 0; or a .json file, a list
  or a mapping of entry -> id.  Where all entries but the special ones are single characters, texts are read
  by character;
- a `tokenizer.json` of the `tokenizers` library: sub-words;
- `package.module:function`, which takes a text and returns an Encoded, or tokens and ids.
"""

import importlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from hsvis.config import TokenSettings
from hsvis.corpus.series import Series
from hsvis.corpus.tokens import split_text
from hsvis.errors import ModelError
from hsvis.models.protocol import Encoded

UNKNOWN = ("<unk>", "[unk]", "<oov>", "unk")  # what vocabularies call words they lack, in lower case
PADDING = ("<pad>", "[pad]", "pad")

Encode = Callable[[Any], Encoded]  # of a text, or of a series


def encoder(tokenizer: str, tokens: TokenSettings) -> Encode:
    """The function that reads texts.

    Raises:
        ModelError: no such file or function, or it can't be read.
    """
    if ":" in tokenizer and not Path(tokenizer).exists():
        return _of_function(tokenizer, named(tokenizer, "tokenizer"))
    path = Path(tokenizer)
    if path.name == "tokenizer.json" or (path.suffix == ".json" and _is_tokenizers_file(path)):
        return _of_tokenizers(path, tokens)
    vocabulary = _vocabulary(path)
    special = {*UNKNOWN, *PADDING}
    entries = [entry for entry in vocabulary if entry.lower() not in special and not _is_special(entry)]
    by_character = bool(entries) and all(len(entry) == 1 for entry in entries)
    return _of_vocabulary(vocabulary, tokens, by_character=by_character)


def named(reference: str, setting: str) -> Any:
    """What `package.module:name` refers to.  Raises ModelError."""
    module, _, name = reference.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except ImportError as error:
        raise ModelError(
            f"`model.{setting}`: `{module}` can't be imported ({error}). Install it, or start hsvis in the "
            "folder that holds it."
        ) from error
    except AttributeError:
        raise ModelError(f"`model.{setting}`: `{module}` has no `{name}`.") from None
    except Exception as error:  # whatever a user's module does when it is imported
        raise ModelError(
            f"`model.{setting}`: importing `{module}` raised {type(error).__name__}: {error}"
        ) from error
    return found


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
        raise ModelError(f"`model.tokenizer`: {path}: is no JSON ({error}).") from error
    if isinstance(content, list) and all(isinstance(entry, str) for entry in content):
        return {entry: k for k, entry in enumerate(content)}
    if isinstance(content, dict) and all(type(k) is int and k >= 0 for k in content.values()):
        return content
    raise ModelError(
        f"`model.tokenizer`: {path}: is neither a list of entries nor a mapping of entries to ids."
    )


def _special_id(vocabulary: dict[str, int], names: Iterable[str]) -> int | None:
    lowered = {entry.lower(): k for entry, k in reversed(vocabulary.items())}
    return next((lowered[name] for name in names if name in lowered), None)


def _of_vocabulary(vocabulary: dict[str, int], tokens: TokenSettings, *, by_character: bool) -> Encode:
    unknown = _special_id(vocabulary, UNKNOWN)

    def encode(text: str) -> Encoded:
        if by_character:
            forms, surfaces, start, end = _characters(text, tokens)
        else:
            t = tokens
            found = split_text(text, lowercase=t.lowercase, max_length=t.max_length, keep=t.keep)
            forms, surfaces, start, end = found.forms, found.surfaces, found.start, found.end
        if unknown is None:  # a vocabulary without an entry for unknown words: they are passed over
            kept = [k for k, form in enumerate(forms) if form in vocabulary]
            forms, surfaces = [forms[k] for k in kept], [surfaces[k] for k in kept]
        ids = np.array([vocabulary.get(form, unknown) for form in forms], np.int64)
        known = np.array([form in vocabulary for form in forms], bool)
        return Encoded(surfaces, ids, known, start, end)

    return encode


def _characters(text: str, tokens: TokenSettings) -> tuple[list[str], list[str], int, int]:
    length = len(text) if tokens.max_length is None else min(len(text), tokens.max_length)
    start = len(text) - length if tokens.keep == "last" else 0
    read = list(text[start : start + length])
    return [c.lower() for c in read] if tokens.lowercase else read, read, start, start + length


def _of_tokenizers(path: Path, tokens: TokenSettings) -> Encode:
    try:
        from tokenizers import Tokenizer  # noqa: PLC0415  (an extra)
    except ImportError as error:
        raise ModelError(
            "`model.tokenizer`: a tokenizer.json needs a package: run `pip install tokenizers`."
        ) from error
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise ModelError(f"`model.tokenizer`: {path}: can't be read ({error}).") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    unknowns = [tokenizer.token_to_id(name) for name in ("[UNK]", "<unk>")]
    unknown = next((k for k in unknowns if k is not None), -1)

    def encode(text: str) -> Encoded:
        read = tokenizer.encode(text, add_special_tokens=False)
        most = tokens.max_length or len(read.ids)
        kept = slice(max(0, len(read.ids) - most), None) if tokens.keep == "last" else slice(most)
        ids, spans = read.ids[kept], read.offsets[kept]
        surfaces = [text[a:b] or piece for (a, b), piece in zip(spans, read.tokens[kept], strict=True)]
        start, end = (spans[0][0], spans[-1][1]) if spans else (0, 0)
        inputs = np.array(ids, np.int64)
        return Encoded(surfaces, inputs, inputs != unknown, start, end)

    return encode


def _of_function(name: str, function: Any) -> Encode:
    def encode(example: str | Series) -> Encoded:
        found = function(example)
        if isinstance(found, Encoded):
            return found
        if isinstance(found, tuple) and len(found) == 2:
            words, ids = list(map(str, found[0])), np.asarray(found[1])
            if len(words) == len(ids) and ids.ndim in (1, 2):
                inputs = ids.astype(np.int64 if ids.ndim == 1 else np.float32)
                text = example.caption if isinstance(example, Series) else example
                return Encoded(words, inputs, np.ones(len(words), bool), 0, len(text))
        raise ModelError(
            f"`model.tokenizer`: `{name}` returned {type(found).__name__}; an Encoded is needed, or a tuple "
            "of as many tokens as ids."
        )

    return encode
