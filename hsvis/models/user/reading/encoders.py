"""Texts as someone's own model reads them: words, characters, or a tokenizer file of Hugging Face.

`tokenizer` names one of
- a vocabulary: a .txt file, one entry a line, whose ids are the line numbers from 0; or a .json file, a list
  or a mapping of entry -> id.  Where all entries but the special ones are single characters, texts are read
  by character;
- a `tokenizer.json` of the `tokenizers` library: sub-words;
- `package.module:function`, which takes a text and returns an Encoded, or tokens and ids.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hsvis.config import TokenSettings
from hsvis.corpus.series import Series
from hsvis.corpus.tokens import split_text
from hsvis.errors import ModelError
from hsvis.models.protocol import Encoded
from hsvis.models.user.reading.padding import OwnPadding, own_padding
from hsvis.models.user.reading.vocabularies import (
    Vocabulary,
    padding_entry,
    read_file,
    read_vocabulary,
    splitter_of,
)
from hsvis.models.user.references import resolve_reference
from hsvis.remarks import Remark

Encode = Callable[[Any], Encoded]  # of a text, or of a series
PADDED = 40  # texts by which is found out whether a function pads, about


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
        pads: the padding that it gives by itself, which is taken off; None where it gives none.
    """

    read: Encode
    kind: str
    size: int | None = None
    unknown: int | None = None
    padding: int | None = None
    pieces: Callable[[str], int] | None = None
    pads: OwnPadding | None = None
    remarks: tuple[Remark, ...] = ()

    def __call__(self, text: str | Series) -> Encoded:
        """Raises ModelError: a user's function raised, or returned something else."""
        return self.read(text)


def encoder(tokenizer: str, tokens: TokenSettings, texts: Sequence[str] = ()) -> Encoder:
    """What reads texts.

    Args:
        texts: some of the dataset, by which is decided how the texts of a vocabulary were cut.

    Raises:
        ModelError: no such file or function, or it can't be read.
    """
    if ":" in tokenizer and not Path(tokenizer).exists():
        return of_function(tokenizer, resolve_reference(tokenizer, "tokenizer"), tokens, texts)
    path = Path(tokenizer)
    if path.name == "tokenizer.json" or (path.suffix == ".json" and _is_tokenizers_file(path)):
        return _of_tokenizers(path, tokens)
    return _of_vocabulary(read_vocabulary(path, tokens.unknown), tokens, texts)


def _is_tokenizers_file(path: Path) -> bool:
    try:
        content = json.loads(read_file(path))
    except ValueError:
        return False
    return isinstance(content, dict) and isinstance(content.get("model"), dict)


def _of_vocabulary(entries: Vocabulary, tokens: TokenSettings, texts: Sequence[str]) -> Encoder:
    way = splitter_of(entries, tokens, texts)
    vocabulary, unknown = entries.ids, entries.unknown

    def split(text: str) -> tuple[list[str], list[str], int, int]:
        if way.by_code_point:
            return _characters(text, tokens)
        t = tokens
        found = split_text(text, lowercase=t.lowercase, max_length=t.longest, keep=t.keep, split=way.split)
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
        f"{way.tokens} of a vocabulary of {len(vocabulary):,} entries",
        max(vocabulary.values()) + 1,
        unknown,
        entries.padding,
        None if unknown is not None else lambda text: len(split(text)[0]),
        remarks=entries.remarks + way.remarks,
    )


def _characters(text: str, tokens: TokenSettings) -> tuple[list[str], list[str], int, int]:
    length = len(text) if tokens.longest is None else min(len(text), tokens.longest)
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
    pads = _padding_of_file(tokenizer.padding)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    own = json.loads(tokenizer.to_str())["model"].get("unk_token")
    names = (*([own] if own else []), "[UNK]", "<unk>")
    unknown = next((k for k in map(tokenizer.token_to_id, names) if k is not None), None)
    entries = tokenizer.get_vocab()
    padding = pads.id if pads is not None else entries.get(padding_entry(entries) or "")

    def encode(text: str) -> Encoded:
        read = tokenizer.encode(text, add_special_tokens=False)
        most = tokens.longest or len(read.ids)
        kept = slice(max(0, len(read.ids) - most), None) if tokens.keep == "last" else slice(most)
        ids, spans = read.ids[kept], read.offsets[kept]
        surfaces = [text[a:b] or piece for (a, b), piece in zip(spans, read.tokens[kept], strict=True)]
        start, end = (spans[0][0], spans[-1][1]) if spans else (0, 0)
        inputs = np.array(ids, np.int64)
        known = np.ones(len(ids), bool) if unknown is None else inputs != unknown
        return Encoded(surfaces, inputs, known, start, end)

    size = 1 + max(entries.values(), default=-1)
    kind = f"sub-words of a tokenizer file, {size:,} entries"
    return Encoder(encode, kind, size, unknown, padding, pads=pads)


def _padding_of_file(said: dict[str, Any] | None) -> OwnPadding | None:
    """The padding that a tokenizer file asks for."""
    if said is None:
        return None
    return OwnPadding(said["direction"].lower(), said["pad_id"], None, said["length"])


def of_function(
    name: str, function: Any, tokens: TokenSettings | None = None, texts: Sequence[Any] = ()
) -> Encoder:
    """What a user's function reads (an Encoded, or tokens and ids), checked and cut by the length limit.

    Args:
        texts: some of the dataset, by which is found out whether it pads; that padding is taken off.
    """

    def encode(example: str | Series) -> Encoded:
        read = whole(example)
        read = read if pads is None else pads.strip(read)
        text = example.caption if isinstance(example, Series) else example
        return read if tokens is None else _cut(read, text, tokens)

    def whole(example: str | Series) -> Encoded:
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
        return read

    pads = _padding_of(whole, texts)
    padding = None if pads is None else pads.id
    return Encoder(encode, f"the function `{name}`", padding=padding, pads=pads)


def _padding_of(read: Encode, texts: Sequence[Any]) -> OwnPadding | None:
    """The padding that a function gives to some texts; those that it does not take are passed over."""
    found = []
    for text in texts[:: max(1, len(texts) // PADDED)]:
        with suppress(ModelError):
            found += [(read(text), text)] if isinstance(text, str) else []
    return own_padding([one for one, _ in found], [text for _, text in found])


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
    most = tokens.longest
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
