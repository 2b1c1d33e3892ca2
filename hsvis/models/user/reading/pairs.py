"""Pairs of texts as someone's own model takes them: two arguments, or one sequence with a token between."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from torch import nn

from hsvis.config import TokenSettings
from hsvis.corpus.pairs.pair import BOUNDARY, Pair
from hsvis.errors import ModelError
from hsvis.models.protocol import Encoded
from hsvis.models.user.arguments import takes_two
from hsvis.models.user.reading.encoder import Encoder
from hsvis.models.user.sides import mark_second
from hsvis.remarks import Remark, listed

SEPARATOR = re.compile(r"[\W_]+(sep|separator|delim|delimiter)[\W_]+", re.I)
OTHERS = ("|||", "</s>", BOUNDARY)  # entries that may stand between two texts, too
OF_SIDES = 5  # parameters of a `model.forward` that is given both texts: (module, two texts, lengths of both)


def is_of_sides(module: nn.Module, forward: Callable[..., Any] | None) -> bool:
    """Whether a model takes a pair as two arguments."""
    if forward is None:
        return takes_two(module)
    parameters = inspect.signature(forward).parameters.values()
    return sum(one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD) for one in parameters) == OF_SIDES


def read_pairs(
    encode: Encoder, tokens: TokenSettings, names: Sequence[str], *, of_sides: bool, fixed: str | None
) -> Encoder:
    """What reads pairs, of what reads a text.

    Args:
        names: of the two columns, in the order of `dataset.text`.
        of_sides: whether the model takes them as two arguments.
        fixed: `dataset.fixed`.

    Raises:
        ModelError: it reads one sequence, and what stands between the texts is not known.
    """
    if of_sides:
        if tokens.pad_to is not None:
            raise ModelError(
                "`tokens.pad_to` is for models that read one sequence: this one takes two texts. Leave it "
                "out, or pad them in a `model.forward`."
            )
        shown = [one for one in names if one != (fixed or names[0])]
        kept, grows = fixed or names[0], shown[0]
        text = (
            f"The model takes both texts, `{names[0]}` first. `{kept}` is given as a whole, so that its "
            f"steps have no expected prediction; `{grows}` grows step by step. "
            f"`dataset.fixed: {grows}` turns this."
        )
        read = _sides(encode)
        return replace(encode, read=read, remarks=(*encode.remarks, Remark("pairs", text)), pads=None)
    if fixed is not None:
        raise ModelError(
            "`dataset.fixed` has no use: the model reads both texts as one sequence. Leave it out."
        )
    name, key = _between(encode, tokens)
    text = (
        f"The model reads `{names[0]}` and `{names[1]}` as one sequence, with {name} between them; "
        "`tokens.between` says otherwise."
    )
    read, entry = _joined(encode, name.strip("`"), key, tokens), Remark("pairs", text)
    return replace(encode, read=read, remarks=(*encode.remarks, entry), pads=None)


def _between(encode: Encoder, tokens: TokenSettings) -> tuple[str, int]:
    """The entry that stands between two texts, as it is told, and its id."""
    entries: Mapping[str, int] = encode.entries or {}
    said = tokens.between
    if isinstance(said, int):
        if encode.size is not None and not 0 <= said < encode.size:
            raise ModelError(f"`tokens.between: {said}` is no id: these are 0 to {encode.size - 1:,}.")
        name = next((entry for entry, key in entries.items() if key == said), None)
        return (f"`{name}`" if name is not None else f"id {said}"), said
    if said is not None:
        if said not in entries:
            raise ModelError(
                f"`tokens.between`: the vocabulary has no entry `{said}`. Name one of it, or an id."
            )
        return f"`{said}`", entries[said]
    found = [one for one in entries if SEPARATOR.fullmatch(one)] or [one for one in OTHERS if one in entries]
    if not found:
        raise ModelError(
            f"the model reads one sequence, but {encode.kind} has no entry such as `[SEP]` that stands "
            "between two texts. Name it in `tokens.between`, by itself or as an id; or let `forward` take "
            "both."
        )
    if len(found) > 1 and encode.after not in [entries[one] for one in found]:
        raise ModelError(
            f"several entries may stand between two texts: {listed(found)}. Name one in `tokens.between`."
        )
    name = found[0] if len(found) == 1 else next(one for one in found if entries[one] == encode.after)
    return f"`{name}`", entries[name]


def _place(pair: Pair, first: Encoded, second: Encoded) -> tuple[int, int]:
    """The characters of the pair between which its tokens stand."""
    start = first.start if len(first) else pair.second_at + second.start
    return start, pair.second_at + second.end if len(second) else first.end


def _sides(encode: Encoder) -> Callable[[Any], Encoded]:
    def read(pair: Pair) -> Encoded:
        first, second = encode(pair.first), encode(pair.second)
        if any(one.inputs.ndim != 1 for one in (first, second)):
            raise ModelError(
                "pairs of texts are read as ids, and `model.tokenizer` gives numbers for a step."
            )
        start, end = _place(pair, first, second)
        shown = (mark_second(first), second) if pair.swapped else (first, mark_second(second))
        return _put_together(shown, start, end, len(first))

    return read


def _joined(encode: Encoder, name: str, key: int, tokens: TokenSettings) -> Callable[[Any], Encoded]:
    def read(pair: Pair) -> Encoded:
        first, second = encode(pair.first), encode(pair.second)
        if not len(first) and not len(second):
            return first
        start, end = _place(pair, first, second)
        marks = slice(min(encode.before, len(second)), None)  # what a tokenizer puts before each text
        second = replace(
            second, tokens=second.tokens[marks], inputs=second.inputs[marks], known=second.known[marks]
        )
        parts = [first, Encoded([name], np.array([key]), np.ones(1, bool), 0, 0), second]
        if len(first) and encode.after == key and first.inputs[-1] == key:
            del parts[1]
        return _cut(_put_together(parts, start, end, sum(map(len, parts[:-1]))), tokens)

    return read


def _cut(pair: Encoded, tokens: TokenSettings) -> Encoded:
    """A pair of no more steps than sequences are padded to; `tokens.max_length` is of each text."""
    most = tokens.pad_to
    if most is None or len(pair) <= most or pair.boundary is None:
        return pair
    first = len(pair) - most if tokens.keep == "last" else 0
    kept = slice(first, first + most)
    return replace(
        pair,
        tokens=pair.tokens[kept],
        inputs=pair.inputs[kept],
        known=pair.known[kept],
        boundary=min(max(pair.boundary - first, 0), most),
    )


def _put_together(parts: Sequence[Encoded], start: int, end: int, boundary: int) -> Encoded:
    return Encoded(
        [token for one in parts for token in one.tokens],
        np.concatenate([one.inputs for one in parts]),
        np.concatenate([one.known for one in parts]),
        start,
        end,
        boundary,
    )
