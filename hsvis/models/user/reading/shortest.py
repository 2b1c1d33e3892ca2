"""The fewest steps that a model reads: kernels, pooling and deviations need some; told by trying.

A beginning of a sequence that is shorter has no expected prediction, and nothing stands in for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from hsvis.errors import ModelError
from hsvis.models.protocol import Encoded
from hsvis.models.user.calling import Caller, Forward, call_of, given_call
from hsvis.models.user.reading.one_length import find_call
from hsvis.models.user.reading.padding import Padding
from hsvis.models.user.reading.probe import PROBES, Encode, probe_of
from hsvis.models.user.sides import Sides
from hsvis.remarks import Remark

if TYPE_CHECKING:
    from hsvis.models.user.adapter import TorchModel

GROWTH = 1.5  # from one length that is tried to the next


@dataclass(frozen=True)
class Shortest:
    """The fewest steps that a model reads, and what it does with one step less: a clause for people.

    Of pairs that it takes as two arguments, of the text that grows, and of the one that is `fixed`.
    """

    steps: int = 1
    why: str = ""
    fixed: int = 1
    of_sides: bool = False

    @property
    def gap(self) -> str:
        """Why first steps have no expected prediction, a clause for people; "" if all have one."""
        few = f"no fewer than {self.steps:,} steps"
        if self.of_sides:
            more = f", and {few} of the other" if self.steps > 1 else ""
            return f"the model is given the first text as a whole{more}"
        return f"the model reads {few}" if self.steps > 1 else ""

    def why_left_out(self, steps: int, boundary: int = 0) -> str:
        """Why a sequence is not shown; "" if it is.  `boundary`: steps of the first of two texts."""
        if self.of_sides and not 0 < boundary < steps:
            return "without one of the two texts"
        if self.of_sides and (boundary < self.fixed or steps - boundary < self.steps):
            return f"shorter than {self.fixed:,} and {self.steps:,} steps"
        return f"shorter than {self.steps:,} steps" if steps - boundary < self.steps else ""

    def remarks(self, *, each_step: bool) -> list[Remark]:
        """What is told of it."""
        if self.steps == 1 and self.fixed == 1:
            return []
        what = f"{self.steps:,} steps"
        if self.of_sides:
            what = f"{self.fixed:,} steps of the first text and {self.steps:,} of the second"
        said = f" (of fewer {self.why})" if self.why else ""
        gaps = "" if each_step else "shorter beginnings have no expected prediction, and "
        text = (
            f"The model reads no fewer than {what}{said}: {gaps}sequences that are shorter as a whole are "
            "left out."
        )
        return [Remark("short-prefixes", text)]


def find_long_call(
    module: nn.Module,
    texts: Sequence[Any],
    encode: Encode,
    classes: int,
    forward: Forward | None = None,
    padding: Padding | None = None,
    each_step: bool | None = None,
) -> tuple[list[Encoded], Caller]:
    """Examples that a module reads, and how it is called: as `find_call`, of longer ones where it must be.

    Args:
        texts: a few texts (or series); none is tried with more steps than the longest of them.

    Raises:
        ModelError: no call works, with what the one with few steps said.
    """
    examples = probe_of(texts, encode, PROBES[1] if padding is None else padding.to)
    try:
        return examples, find_call(module, examples, classes, forward, padding, each_step)
    except ModelError as error:
        lengths = _longer(max(len(encode(one)) for one in texts)) if padding is None else ()
        for steps in lengths:
            longer = probe_of(texts, encode, steps, steps=steps)
            try:
                if forward is not None:
                    return longer, given_call(forward, module, longer, classes, each_step=each_step)
                return longer, call_of(module, longer, classes, each_step=each_step)
            except ModelError:
                continue
        raise error from error.__cause__


def _longer(most: int) -> Iterator[int]:
    """Lengths to try, up to the most; a call is tried with one step less, too."""
    steps = PROBES[1]
    while steps < most:
        steps = min(most, int(steps * GROWTH) + 1)
        yield steps


def find_shortest(model: TorchModel, inputs: torch.Tensor) -> Shortest:
    """The fewest steps that a model reads, if it reads `inputs` (B, T, …) and all between."""
    if not model.call.of_sides:
        return Shortest(*_fewest(lambda n: _problem(model, inputs[:, :n]), inputs.shape[1]))
    at, steps = Sides.of(inputs).boundary, inputs.shape[1]
    grows, why = _fewest(lambda n: _problem(model, inputs[:, : at + n]), steps - at)
    fixed, more = _fewest(lambda n: _problem(model, inputs[:, at - n :]), at)
    return Shortest(grows, why or more, fixed, of_sides=True)


def _fewest(problem: Callable[[int], str], most: int) -> tuple[int, str]:
    """The fewest steps that have no problem, of 1 to `most` without one; and the problem of one step less."""
    low, high, why, steps = 0, most, "", 1
    while high - low > 1:
        said = problem(steps)
        if said:
            low, why = steps, said
        else:
            high = steps
        steps = (low + high) // 2
    return high, why


@torch.inference_mode()
def _problem(model: TorchModel, inputs: torch.Tensor) -> str:
    """Why inputs have no answer, a clause for people; "" if one of them has."""
    try:
        found = model.answers.probabilities(model.call.ask(model.module, inputs))
    except Exception as error:  # whatever a user's module raises
        return f"it says {_line(error)}"
    if len(found) != len(inputs) or not found.numel():
        return "it gives no answer"
    numbers = found.reshape(len(found), -1).isfinite().all(1)
    return "" if bool(numbers.any()) else "its answer is NaN or infinite"


def _line(error: BaseException) -> str:
    lines = [line.strip().rstrip(".") for line in str(error).splitlines() if line.strip()]
    return f"“{lines[0]}”" if lines else type(error).__name__
