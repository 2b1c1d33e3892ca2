"""Texts as someone's own model reads them: words, characters, or a tokenizer file of Hugging Face.

`tokenizer` names one of
- a vocabulary, in any of the forms of `vocabulary_files`.  Where all entries but the special ones are single
  characters, texts are read by character;
- a `tokenizer.json` of the `tokenizers` library, or a BERT vocabulary: sub-words;
- `package.module:function`, which takes a text and returns an Encoded, or tokens and ids.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from hsvis.config import TokenSettings
from hsvis.corpus.series import Series
from hsvis.corpus.tokens import split_text
from hsvis.errors import ModelError
from hsvis.models.protocol import Encoded
from hsvis.models.splitting.tokenizer_files import TokenizerFile
from hsvis.models.user.reading.encoder import Encode, Encoder
from hsvis.models.user.reading.padding import OwnPadding, own_padding
from hsvis.models.user.reading.refused import is_word_piece
from hsvis.models.user.reading.sub_words import of_tokenizers, of_word_pieces
from hsvis.models.user.reading.vocabularies import (
    Vocabulary,
    read_vocabulary,
    way_of,
)
from hsvis.models.user.reading.vocabulary_files import read_json
from hsvis.models.user.references import resolve_reference

TRIED = 20  # texts that a tokenizer file is tried on
PADDED = 40  # texts by which is found out whether a function pads, about


def encoder(tokenizer: str, tokens: TokenSettings, texts: Sequence[str] = ()) -> Encoder:
    """What reads texts.

    Args:
        texts: some of the dataset, by which is decided how the texts of a vocabulary were cut.

    Raises:
        ModelError: no such file or function, or it can't be read.
    """
    if ":" in tokenizer and not Path(tokenizer).exists():
        _no_use(tokens, f"the function `{tokenizer}`")
        return of_function(tokenizer, resolve_reference(tokenizer, "tokenizer"), tokens, texts)
    path = Path(tokenizer)
    if path.name == "tokenizer.json" or (path.suffix == ".json" and _is_tokenizers_file(path)):
        _no_use(tokens, path.name)
        file = TokenizerFile(path, "model.tokenizer")
        file.try_on(texts[:TRIED])
        return of_tokenizers(file, tokens)
    vocabulary = read_vocabulary(path, tokens.unknown, tokens.offset)
    if tokens.split is None and is_word_piece(vocabulary.entries):
        return of_word_pieces(vocabulary, tokens)
    return _of_vocabulary(vocabulary, tokens, texts)


def _no_use(tokens: TokenSettings, reader: str) -> None:
    """Raises ModelError: settings of vocabularies beside what decides itself."""
    for key, said in (("split", tokens.split is not None), ("offset", tokens.offset != 0)):
        if said:
            raise ModelError(
                f"`tokens.{key}` has no use beside {reader}, which cuts the texts and gives the ids itself. "
                "Leave it out."
            )


def _is_tokenizers_file(path: Path) -> bool:
    try:
        content = read_json(path)
    except ModelError:  # told where it is read as a vocabulary
        return False
    if not isinstance(content, tuple):
        return False
    model = dict(content).get("model")
    return isinstance(model, tuple) and {"vocab", "type"} & set(dict(model)) != set()


def _of_vocabulary(entries: Vocabulary, tokens: TokenSettings, texts: Sequence[str]) -> Encoder:
    way = way_of(entries, tokens, texts)
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
        max(*vocabulary.values(), entries.unknown or 0) + 1,
        unknown,
        entries.padding,
        None if unknown is not None else lambda text: len(split(text)[0]),
        remarks=entries.remarks + way.remarks,
        can_shift=tokens.offset == 0,
        entries=vocabulary,
    )


def _characters(text: str, tokens: TokenSettings) -> tuple[list[str], list[str], int, int]:
    length = len(text) if tokens.longest is None else min(len(text), tokens.longest)
    start = len(text) - length if tokens.keep == "last" else 0
    read = list(text[start : start + length])
    return [c.lower() for c in read] if tokens.lowercase else read, read, start, start + length


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
