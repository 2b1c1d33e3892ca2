"""Padding: what fills sequences up to one length, for models that read one length or were trained so.

It is never a step: states and EPs are those of a sequence's own steps alone.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from hsvis.models.protocol import Encoded
from hsvis.models.user.reading.vocabularies import is_padding

Side = Literal["left", "right"]
SIDES: tuple[Side, ...] = ("right", "left")
ENOUGH = 2  # different lengths of what may be padding that tell that it is
TRIED = 8  # tokens at an end, the commonest ones, that may be padding


@dataclass(frozen=True)
class Padding:
    """How sequences are filled up before a module reads them.

    Attributes:
        to: P, the steps that the module reads; a sequence of more is read as it is.
        side: where the padding stands.
        value: its id, or of feature vectors the number.
    """

    to: int
    side: Side
    value: float = 0

    def __str__(self) -> str:
        return f"on the {self.side} to {self.to:,} steps"

    def fill(self, inputs: torch.Tensor) -> torch.Tensor:
        """(B, T, …) -> (B, P, …), or as it is where T is P or more."""
        steps = inputs.shape[1]
        if steps >= self.to:
            return inputs
        filled = inputs.new_full((len(inputs), self.to, *inputs.shape[2:]), self.value)
        filled[:, self.own(steps)] = inputs
        return filled

    def own(self, steps: int) -> slice:
        """Where the steps of a sequence of so many stand among those that the module reads."""
        first = max(0, self.to - steps) if self.side == "left" else 0
        return slice(first, first + steps)

    def mask(self, inputs: torch.Tensor) -> torch.Tensor:
        """(B, T, …) -> (B, P) bool: what is no padding."""
        steps = inputs.shape[1]
        real = torch.zeros((len(inputs), max(self.to, steps)), dtype=torch.bool, device=inputs.device)
        real[:, self.own(steps)] = True
        return real


@dataclass(frozen=True)
class OwnPadding:
    """The padding that a user's tokenizer gives by itself.

    Attributes:
        side: where it stands.
        id: what it is.
        token: what it is called; None where nothing has to be taken off.
        to: the length that every sequence has with it; None where that differs.
    """

    side: Side
    id: int
    token: str | None
    to: int | None

    @property
    def padding(self) -> Padding | None:
        """The same for a module; None where it differs in length."""
        return None if self.to is None else Padding(self.to, self.side, self.id)

    def strip(self, read: Encoded) -> Encoded:
        """A sequence without its padding."""
        count = self.count(read)
        if not count:
            return read
        kept = slice(len(read) - count) if self.side == "right" else slice(count, None)
        return Encoded(read.tokens[kept], read.inputs[kept], read.known[kept], read.start, read.end)

    def count(self, read: Encoded) -> int:
        """How many steps of a sequence are padding."""
        if self.token is None or read.inputs.ndim != 1:
            return 0
        order = range(len(read))
        for k, step in enumerate(reversed(order) if self.side == "right" else order):
            if read.tokens[step] != self.token or read.inputs[step] != self.id:
                return k
        return len(read)


def own_padding(read: Sequence[Encoded], texts: Sequence[str]) -> OwnPadding | None:
    """The padding that a tokenizer gave to some texts: a run of one token at one side of several of them.

    The token is called padding; or it is empty, or all sequences have one length with it, and it stands
    nowhere else and so often in some, and not in others, that it is no mark of an end.  What a text itself
    has at that side is none.

    Args:
        read: what it made of `texts`.
    """
    found = []
    lengths = {len(sequence) for sequence in read}
    for side in SIDES:
        edge = -1 if side == "right" else 0
        ends = Counter(
            (int(one.inputs[edge]), one.tokens[edge]) for one in read if len(one) and one.inputs.ndim == 1
        )
        for (number, token), _ in ends.most_common(TRIED):
            one = OwnPadding(side, number, token, None)
            counts = [one.count(sequence) for sequence in read]
            padded = [text for text, count in zip(texts, counts, strict=True) if count]
            if token and any(_has_at(text, token, side) for text in padded):
                continue
            fits = len(lengths) == 1 or token == ""
            varies = max(counts) > 1 and len(set(counts)) >= ENOUGH
            if is_padding(token) or (fits and varies and _total(read, number, token) == sum(counts)):
                found.append((sum(counts), one))
    if not found:
        return None
    one = max(found, key=lambda pair: pair[0])[1]
    own = {len(one.strip(sequence)) for sequence in read}
    to = lengths.pop() if len(lengths) == 1 and len(own) >= ENOUGH else None
    return OwnPadding(one.side, one.id, one.token, to)


def _has_at(text: str, token: str, side: Side) -> bool:
    """Whether a text has a token at a side."""
    text, token = (text.strip() if token.strip() else text).lower(), token.lower()
    return text.endswith(token) if side == "right" else text.startswith(token)


def _total(read: Sequence[Encoded], number: int, token: str) -> int:
    """How often a token stands in all sequences."""
    pairs = (zip(one.inputs.tolist(), one.tokens, strict=True) for one in read)
    return sum((number, token) == pair for some in pairs for pair in some)


@dataclass(frozen=True)
class PadValue:
    """What pads.

    Attributes:
        value: an id, or a number of feature vectors.
        source: where it is from, in words.
        is_known: whether something says that it is padding.
    """

    value: float
    source: str
    is_known: bool = True


def pad_value(
    said: int | None, own: OwnPadding | None, entry: int | None, module: nn.Module, *, is_series: bool
) -> PadValue:
    """What pads, as far as something tells it.

    Args:
        said: by the config; own: what the tokenizer does; entry: the id of a vocabulary's padding.
    """
    if is_series:
        number = 0 if said is None else said
        return PadValue(number, f"steps of {number}", said is not None)
    if said is not None:
        return PadValue(said, f"id {said}")
    if own is not None:
        return PadValue(own.id, f"id {own.id}")
    if entry is not None:
        return PadValue(entry, f"id {entry}, the vocabulary's padding")
    for path, table in module.named_modules():
        if isinstance(table, nn.Embedding) and table.padding_idx is not None:
            return PadValue(table.padding_idx, f"id {table.padding_idx}, the `padding_idx` of `{path}`")
    return PadValue(0, "id 0, as nothing says which one pads (`tokens.pad_id` does)", is_known=False)
