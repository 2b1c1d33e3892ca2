"""What padding changes in a model's answers, and whether the model was evidently trained with it.

Three readings are compared: without padding, and padded on either side.  Where padding on one side changes
nothing, the model seems to pack or mask it.  A change on both says little by itself, as there is one in a
model that never saw padding, too.  What tells is that more labels are right with it than without, by more
than chance, and more than by always the same answer.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from math import comb, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from hsvis.config import TokenSettings
from hsvis.errors import ModelError
from hsvis.models.protocol import Encoded
from hsvis.models.user.calling import Caller
from hsvis.models.user.reading.encoders import Encoder
from hsvis.models.user.reading.one_length import find_call
from hsvis.models.user.reading.padding import SIDES, Padding, PadValue, Side
from hsvis.models.user.reading.probe import PROBES, probe_of
from hsvis.models.user.visit import visit
from hsvis.remarks import Remark

if TYPE_CHECKING:
    from hsvis.models.user.adapter import TorchModel

FEW, MANY = 40, 200  # sequences that are read; many only where the few leave it open, and labels may tell
LEAST, STEPS = 8, 40_000  # but fewer where they are long: so many, and so many steps with their padding
USUAL = 0.95  # share of sequences that are no longer than the usual length
MOST = 500  # steps of it
NOISE = 1e-3  # differences of probabilities up to this are none
CHANCE = 0.005  # probability of as many answers that are better by chance


@dataclass(frozen=True)
class Reading:
    """One way to read the same sequences.

    Attributes:
        padding: None without.
        answers: (K, C).
    """

    padding: Padding | None
    answers: np.ndarray


@dataclass(frozen=True)
class Effect:
    """What padding changes.

    Attributes:
        now: as the model is read.
        others: in other ways.
        labels: (K,) of the sequences, -1 unknown.
    """

    now: Reading
    others: tuple[Reading, ...]
    labels: np.ndarray

    def differ(self, other: Reading) -> np.ndarray:
        """(K,): by how much the probability of a class is another at the most."""
        return np.abs(self.now.answers - other.answers).max(1)

    def is_none(self, other: Reading) -> bool:
        """Whether another reading gives the same answers."""
        return bool(self.differ(other).max() <= NOISE)

    @property
    def is_settled(self) -> bool:
        """Whether more sequences would tell no more."""
        return all(map(self.is_none, self.others)) or not (self.labels >= 0).any()

    def joined(self, more: "Effect") -> "Effect":
        """The effect on these and more sequences."""
        pairs = zip((self.now, *self.others), (more.now, *more.others), strict=True)
        now, *others = (replace(a, answers=np.concatenate([a.answers, b.answers])) for a, b in pairs)
        return Effect(now, tuple(others), np.concatenate([self.labels, more.labels]))

    def is_handled(self, side: Side | None) -> bool:
        """Whether padding on a side changes nothing; on any side if None."""
        return any(
            self.is_none(one) for one in self.padded if one.padding and side in (None, one.padding.side)
        )

    @property
    def padded(self) -> list[Reading]:
        """Other readings, with padding."""
        return [one for one in self.others if one.padding is not None]

    @property
    def unpadded(self) -> Reading | None:
        """Another reading, without padding."""
        return next((one for one in self.others if one.padding is None), None)

    def say(self, other: Reading) -> str:
        """How many answers are others, and by how much."""
        changed = int((self.now.answers.argmax(1) != other.answers.argmax(1)).sum())
        return (
            f"{changed} of {len(self.labels)} answers would differ (mean difference "
            f"{self.differ(other).mean():.2g})"
        )

    def right(self, reading: Reading) -> float:
        """Share of the labelled sequences that are answered right."""
        known = self.labels >= 0
        return float((reading.answers.argmax(1) == self.labels)[known].mean())

    @property
    def better(self) -> Reading | None:
        """The reading that gives more labels than this one by more than chance, if there is one."""
        known = self.labels >= 0
        labels = self.labels[known]
        if not len(labels):
            return None
        majority = float(np.bincount(labels.astype(np.int64)).max() / len(labels))
        enough = majority + sqrt(0.25 / len(labels))  # a standard error of a share, at the most
        own = (self.now.answers.argmax(1) == self.labels)[known]
        found = []
        for other in self.others:
            right = (other.answers.argmax(1) == self.labels)[known]
            won, lost = int((right & ~own).sum()), int((own & ~right).sum())
            if _by_chance(won, won + lost) < CHANCE and right.mean() > enough:
                found.append((float(right.mean()), other))
        return max(found, key=lambda pair: pair[0])[1] if found else None


def _by_chance(won: int, total: int) -> float:
    """The probability of `won` or more heads of `total` coins."""
    return sum(comb(total, k) for k in range(won, total + 1)) / 2**total


def effect_of(
    model: "TorchModel",
    encode: Callable[[Any], Encoded],
    value: float,
    examples: Sequence[Any],
    labels: np.ndarray,
    length: int | None = None,
) -> Effect | None:
    """Compares how some sequences are answered with padding and without; None where nothing can be compared.

    Args:
        value: what pads.
        examples: texts or series; labels: (S,) theirs, -1 unknown.
        length: what sequences are padded to; the usual length of these if None.
    """
    if model.answers.of != "classes":
        return None  # what is compared are classes that win
    order = np.random.default_rng(0).permutation(len(examples)).tolist()[:MANY]
    read = cache(lambda row: encode(examples[row]))
    lengths = [len(read(row)) for row in order[:FEW] if len(read(row))]
    if not lengths:
        return None
    length = length or min(MOST, int(np.quantile(lengths, USUAL)))
    some = (row for row in order if model.shortest.steps <= len(read(row)) <= length)
    few, many = (max(LEAST, min(count, STEPS // length)) for count in (FEW, MANY))
    rows = list(islice(some, few))
    batch = [read(row) for row in rows]
    possible = _other_calls(model, batch[0], length, value) if rows else []
    calls = [call for call in possible if _gives_numbers(model, call, batch)]
    if not calls:
        return None
    effect = _compare(model, calls, batch, labels[rows])
    rows = [] if effect.is_settled else list(islice(some, many - few))
    if rows:
        with suppress(ModelError):  # where one of the many is answered by NaN, the few have to do
            effect = effect.joined(_compare(model, calls, [read(row) for row in rows], labels[rows]))
    return effect


def _gives_numbers(model: "TorchModel", call: Caller, batch: Sequence[Encoded]) -> bool:
    """Whether sequences can be read in another way at all: of padding alone, attention may make NaN."""
    try:
        model.answer(batch, call)
    except ModelError:
        return False
    return True


def _other_calls(model: "TorchModel", one: Encoded, length: int, value: float) -> list[Caller]:
    """Calls that pad, or not, other than the model's own does; those that are possible."""
    now = model.call.padding
    ways = (None, *(Padding(length, side, value) for side in SIDES))
    found = []
    for padding in ways:
        if (padding and padding.side) == (now and now.side):
            continue
        probe = probe_of([one], lambda given: given, PROBES[1] if padding is None else padding.to)
        with suppress(ModelError), visit(model.module):
            found.append(find_call(model.module, probe, len(model.classes), model.call.forward, padding))
    return found


def _compare(
    model: "TorchModel", calls: Sequence[Caller], batch: Sequence[Encoded], labels: np.ndarray
) -> Effect:
    now, *others = (Reading(call.padding, model.answer(batch, call)) for call in (model.call, *calls))
    return Effect(now, tuple(others), labels)


def padding_remarks(
    model: "TorchModel", encode: Encoder, tokens: TokenSettings, value: PadValue, effect: Effect | None
) -> Iterator[Remark]:
    """How sequences are padded, or that they are not, and what that changes."""
    now, pads = model.call.padding, encode.pads
    own = pads is not None and pads.token is not None
    neutral = effect is not None and effect.is_handled(pads.side if pads is not None else None)
    if now is not None:
        yield Remark("padding", f"{_how(now, encode, tokens, value)}{_without(effect)}")
    elif own:
        changes = ", and changes no answer" if neutral else ""
        yield Remark("padding", f"What {encode.kind} pads texts with is left out: it is no step{changes}.")
    untried = _untried(model)
    if untried and now is None and (own or value.is_known):
        remedy = "set `tokens.pad_to` and `tokens.pad`"
        if model.call.of_sides:
            remedy = "name a function that pads in `model.forward`"
        text = f"Sequences are read without padding. What padding would change is not tried {untried}: "
        yield Remark("padding", f"{text}where the model was trained so, {remedy}.")
    if effect is None or not effect.padded:
        return
    each = "; ".join(f"padded {one.padding}, {effect.say(one)}" for one in effect.padded)
    better = effect.better
    if better is not None:
        labelled = int((effect.labels >= 0).sum())
        yield Remark(
            "trained-padded",
            f"the model seems to have been trained with sequences that are {_said(better.padding)}: of "
            f"{labelled} labelled ones {effect.right(better):.0%} are then answered right, and "
            f"{effect.right(effect.now):.0%} as they are read now. With {value.source}: {each}. "
            f"{_remedy(better.padding, tokens)}",
        )
    elif now is not None or neutral:
        return
    elif own:
        yield Remark(
            "trained-padded",
            f"{encode.kind} pads sequences, to no one length, and the model's answers depend on it: with "
            f"{value.source}: {each}. Set `tokens.pad_to` and `tokens.pad` as the model was trained.",
        )
    elif value.is_known:
        yield Remark(
            "padding",
            f"Sequences are read without padding. With {value.source}: {each}. Where the model was trained "
            "so, set `tokens.pad_to` and `tokens.pad`.",
        )


def _untried(model: "TorchModel") -> str:
    """Of which models nothing is compared; "" of others."""
    if model.call.of_sides:
        return "with models that take two texts"
    return {"independent": "with independent classes", "number": "with numbers"}.get(model.answers.of, "")


def _how(padding: Padding, encode: Encoder, tokens: TokenSettings, value: PadValue) -> str:
    if tokens.pad_to is None:
        return f"Sequences are padded {padding} with {value.source}, as {encode.kind} does it; it is no step."
    return (
        f"Sequences are padded {padding} with {value.source}, which is no step; of longer ones the "
        f"{tokens.keep} {tokens.longest:,} steps are read."
    )


def _without(effect: Effect | None) -> str:
    unpadded = effect.unpadded if effect is not None else None
    if effect is None or unpadded is None:
        return ""
    if effect.is_none(unpadded):
        return " It changes no answer: without `tokens.pad_to` reading is quicker."
    return f" Without padding, {effect.say(unpadded)}."


def _said(padding: Padding | None) -> str:
    return "not padded" if padding is None else f"padded {padding}"


def _remedy(padding: Padding | None, tokens: TokenSettings) -> str:
    if padding is None:
        return "Leave `tokens.pad_to` out." if tokens.pad_to is not None else "Let it return no padding."
    return f"Set `tokens.pad: {padding.side}`, and `tokens.pad_to` to the length of its training."
