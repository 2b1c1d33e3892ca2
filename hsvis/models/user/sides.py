"""A pair of texts in one tensor of ids: those of a module's second argument as their complement, ~id.

So both stand one after the other, in the order in which they are shown, and every step tells whose it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from hsvis.models.protocol import Encoded
from hsvis.models.user.arguments import Argument, value_of

if TYPE_CHECKING:
    from hsvis.models.user.calling import Caller


@dataclass(frozen=True)
class Sides:
    """Both texts of a batch, of one boundary.

    Attributes:
        first, second: (B, T) ids each, in the order of the module's arguments.
        swapped: whether the second argument is shown first.
    """

    first: torch.Tensor
    second: torch.Tensor
    swapped: bool

    @classmethod
    def of(cls, inputs: torch.Tensor) -> Sides:
        """`inputs`: (B, T) int64, of one boundary."""
        is_second = inputs[0] < 0  # (T,)
        return cls(inputs[:, ~is_second], ~inputs[:, is_second], bool(is_second[:1].any()))

    @property
    def boundary(self) -> int:
        """Steps of the text that is shown first."""
        return (self.second if self.swapped else self.first).shape[1]


def ids_of(inputs: torch.Tensor) -> torch.Tensor:
    """The ids of both texts, of the same shape as `inputs`."""
    return torch.where(inputs < 0, ~inputs, inputs)


def mark_second(one: Encoded) -> Encoded:
    """A text as a module's second argument."""
    return Encoded(one.tokens, ~one.inputs, one.known, one.start, one.end)


def first_part(steps: int) -> int:
    """Steps of the first of two texts of so many steps together: more than half, to tell them apart."""
    return steps // 2 + 1


def cut_sides(one: Encoded, begin: int, steps: int) -> np.ndarray:
    """(steps,) int, places in a pair: about half of them in each text, again and again from a step on."""
    assert one.boundary is not None
    count = first_part(steps)
    first = (np.arange(count) + begin) % one.boundary
    second = (np.arange(steps - count) + begin) % (len(one) - one.boundary)
    return np.concatenate([first, one.boundary + second])


def call_sides(call: Caller, module: nn.Module, inputs: torch.Tensor) -> Any:
    """Calls a module with both texts."""
    sides = Sides.of(inputs)
    texts = sides.first, sides.second
    lengths = [torch.full((len(one),), one.shape[1], dtype=torch.int64) for one in texts]
    if call.forward is not None:
        return call.forward(module, *texts, *lengths)
    lengths = [one.to(inputs.device) for one in lengths] if call.moved else lengths
    given: list[tuple[Argument, Any]] = []
    for one in call.given:
        value: Any = sides.second
        if one.kind != "second":
            side = one.place if one.many == len(texts) and one.kind != "state" else 0
            value = value_of(one, module, texts[side], lengths[side])
        turned = call.time_first and one.kind in ("second", "mask")
        given.append((one, value.T if turned else value))
    first = sides.first.T if call.time_first else sides.first
    positional = [value for one, value in given if not one.by_name]
    return module(first, *positional, **{one.name: value for one, value in given if one.by_name})


def boundary_of(one: Encoded) -> int:
    """Steps of the text that is shown first; 0 of a sequence that a module reads as one."""
    return (
        int((one.inputs < 0).sum() if one.inputs[0] < 0 else (one.inputs >= 0).sum()) if is_pair(one) else 0
    )


def is_pair(one: Encoded) -> bool:
    """Whether a module gets it as two arguments."""
    return one.boundary is not None and one.inputs.ndim == 1 and bool((one.inputs < 0).any())


def group_key(batch: Sequence[Encoded], lengths: np.ndarray) -> np.ndarray:
    """(B,) int64: equal for sequences that are read in one call."""
    boundaries = np.array([boundary_of(one) for one in batch], np.int64)
    return lengths * (int(lengths.max(initial=0)) + 1) + boundaries
