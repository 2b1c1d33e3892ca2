"""How anyone's module wants to be called: found out by trying it on a few short sequences."""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import nn

from hsvis.errors import ModelError
from hsvis.models.devices import is_out_of_memory
from hsvis.models.protocol import Encoded
from hsvis.models.user.answering.outputs import AnswerPlace, answer_place, other_outputs
from hsvis.models.user.arguments import Argument, call_text, value_of, ways_of
from hsvis.models.user.memory import Memory
from hsvis.models.user.mixing import mixed, same
from hsvis.models.user.reading.padding import Padding
from hsvis.models.user.recurring.directions import which_way
from hsvis.models.user.recurring.flipped import change_step
from hsvis.models.user.sides import call_sides, ids_of, is_pair

Forward = Callable[[nn.Module, torch.Tensor, torch.Tensor], Any]  # module, inputs (B, T, …), lengths (B,)
AGAIN = "the same sequences are answered differently a second time."
WRAP = (
    "Name a function that calls it in `model.forward`: (module, inputs (batch, time), lengths) -> answer; "
    "`hsvis check CONFIG --template` writes one for this model."
)


@dataclass(frozen=True)
class Caller:
    """A call of a module with inputs (B, T, …) and lengths (B,).

    Attributes:
        given: what is given beside the inputs.
        time_first: whether the module reads (T, B, …).
        moved: whether lengths are on the device of the inputs.
        text: the call in words, `forward(ids, lengths)`.
        answer: where the answer stands in what is returned.
        forward: what calls the module in place of all this, where someone gave it.
        padding: what the inputs are filled up with before; None if they are read as they are.
        memory: what the module keeps from call to call, put back before each; None if that changes nothing.
        of_sides: whether the module is given a pair of texts as two arguments, as `sides` keeps them.
    """

    given: tuple[Argument, ...]
    time_first: bool = False
    moved: bool = False
    text: str = ""
    answer: AnswerPlace = field(default_factory=AnswerPlace)
    forward: Forward | None = None
    padding: Padding | None = None
    memory: Memory | None = None
    of_sides: bool = False

    def read(self, inputs: torch.Tensor) -> torch.Tensor:
        """What the module is given for inputs (B, T, …)."""
        return inputs if self.padding is None else self.padding.fill(inputs)

    def ask(self, module: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
        """The answer to sequences of one length (B, T, …): as `AnswerPlace.read`, of their own steps alone.

        Raises ModelError: there is none in what the module returns; and whatever the module raises.
        """
        batch, steps = inputs.shape[:2]
        lengths = torch.full((batch,), steps, dtype=torch.int64)
        read = steps if self.padding is None else max(steps, self.padding.to)
        found = self.answer.read(self(module, inputs, lengths), batch, read)
        is_padded = self.answer.steps is not None and self.padding is not None
        return found[:, self.padding.own(steps)] if is_padded and self.padding else found

    def __call__(self, module: nn.Module, inputs: torch.Tensor, lengths: torch.Tensor) -> Any:
        if self.memory is not None:
            self.memory.restore()
        if self.of_sides:
            return call_sides(self, module, inputs)
        real = None if self.padding is None else self.padding.mask(inputs)
        inputs = self.read(inputs)
        if self.forward is not None:
            return self.forward(module, inputs, lengths)
        lengths = lengths.to(inputs.device) if self.moved else lengths
        values = [(one, value_of(one, module, inputs, lengths, real)) for one in self.given]
        if self.time_first:
            inputs = inputs.transpose(0, 1)
            values = [(one, v.T if one.kind == "mask" else v) for one, v in values]
        positional = [value for one, value in values if not one.by_name]
        return module(inputs, *positional, **{one.name: value for one, value in values if one.by_name})


def call_of(
    module: nn.Module,
    probe: Sequence[Encoded],
    classes: int,
    padding: Padding | None = None,
    each_step: bool | None = None,
) -> Caller:
    """How the module wants to be called: what it is given beside inputs; batch first, or time first.

    Told by the names of its parameters, and by a batch whose sequences change places: so must its answers.

    Args:
        padding: what its inputs are filled up with.
        each_step: as of `answer_place`.

    Raises:
        ModelError: no call works, with what the first one said, or an argument is needed that nobody knows.
    """
    device = next((p.device for p in module.parameters()), torch.device("cpu"))
    inputs = torch.from_numpy(np.stack([one.inputs for one in probe])).to(device)
    of_sides = is_pair(probe[0])
    ways = ways_of(module, padded=padding is not None, pair=of_sides)
    padded = "" if padding is None else str(padding)
    places = (False, True) if device.type != "cpu" else (False,)  # packing wants lengths on the CPU
    memory, problems = Memory(module), []
    for given, time_first, moved in product(ways, (False, True), places):
        text = call_text(module, given, padded, time_first=time_first)
        call = Caller(tuple(given), time_first, moved, text, padding=padding, of_sides=of_sides)
        try:
            found = _fitted(module, call, inputs, classes, each_step, memory)
            if padding is not None and any(one.kind == "mask" for one in given):
                # one that hides what is read in place of the padding shows where there is none of it
                _try_call(module, found, _as_long_as(inputs, padding.to), classes, each_step)
            return found
        except ModelError as error:
            problems.append(str(error))
    # where lengths were tried in two places, that they are in the wrong one says nothing
    told = min(problems[: len(places)], key=lambda one: bool(re.search("device|cpu", one, re.I)))
    told = next((one for one in problems if one.startswith(AGAIN)), told)  # that call did work
    shape = tuple((inputs if padding is None else padding.fill(inputs)).shape)
    raise ModelError(
        f"{type(module).__name__} can't be called as {call_text(module, ways[0], padded)} with inputs of "
        f"shape {shape} (batch, time{', features' * (inputs.dim() - 2)}): {told} " + WRAP
    )


def _as_long_as(inputs: torch.Tensor, steps: int) -> torch.Tensor:
    """(B, T, …) -> (B, `steps`, …): again and again from the first step on."""
    return inputs[:, torch.arange(max(steps, inputs.shape[1])) % inputs.shape[1]]


def given_call(
    forward: Forward,
    module: nn.Module,
    probe: Sequence[Encoded],
    classes: int,
    padding: Padding | None = None,
    each_step: bool | None = None,
) -> Caller:
    """A call that someone gave, `model.forward` of a config; tried as others are.

    Raises:
        ModelError: it raises, returns no answer, or mixes the sequences of a batch.
    """
    device = next((p.device for p in module.parameters()), torch.device("cpu"))
    inputs = torch.from_numpy(np.stack([one.inputs for one in probe])).to(device)
    name = getattr(forward, "__qualname__", "forward").replace("<locals>.", "")
    call = Caller((), text=f"{name}(module, inputs, lengths)", forward=forward, padding=padding)
    if is_pair(probe[0]):
        call = replace(
            call, text=f"{name}(module, first, second, first_lengths, second_lengths)", of_sides=True
        )
    try:
        return _fitted(module, call, inputs, classes, each_step, Memory(module))
    except ModelError as error:
        raise ModelError(f"`model.forward`: `{name}`: {error}") from error


def ask(call: Caller, module: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """The answer to sequences of one length (B, T, …).  Raises ModelError: what the module said."""
    try:
        return call.ask(module, inputs)
    except ModelError:
        raise
    except Exception as error:  # whatever a user's module raises
        if is_out_of_memory(error):
            raise ModelError(
                f"the memory of {inputs.device} does not suffice for {len(inputs)} sequences of "
                f"{inputs.shape[1]} steps. Lower `tokens.max_length`, or set `model.device: cpu`."
            ) from error
        ids = ids_of(inputs) if call.of_sides else inputs
        given = f"ids from {int(ids.min())} to {int(ids.max())}" if ids.dim() == 2 else "features"
        padded = f", padded {call.padding}" if call.padding is not None else ""
        one_length = ", or `tokens.pad_to` where it reads sequences of one length alone"
        raise ModelError(
            f"{type(module).__name__} raised {said(error)} It was given {len(inputs)} sequences of "
            f"{inputs.shape[1]} steps{padded}, {given}. Check `model.tokenizer` and `tokens.max_length`"
            f"{'' if padded else one_length}."
        ) from error


def said(error: BaseException) -> str:
    """What an exception said, in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0].rstrip('.') if lines else 'no message'}."


@torch.inference_mode()
def place_of_answer(
    module: nn.Module, call: Caller, inputs: torch.Tensor, classes: int, each_step: bool | None = None
) -> AnswerPlace:
    """Where the answer stands in what a call returns.  Raises ModelError."""

    def returned(count: int, steps: int) -> Any:
        lengths = torch.full((count,), steps, dtype=torch.int64)
        try:
            return call(module, inputs[:count, :steps], lengths)
        except ModelError:
            raise
        except Exception as error:  # whatever a user's module raises
            raise ModelError(said(error)) from error

    padded = 0 if call.padding is None else call.padding.to
    batch, steps = inputs.shape[:2]
    return answer_place(returned, batch, steps, classes, padded=padded, each_step=each_step)


def _fitted(
    module: nn.Module,
    call: Caller,
    inputs: torch.Tensor,
    classes: int,
    each_step: bool | None,
    memory: Memory,
) -> Caller:
    """A call that fits; where it does not alone, what the module keeps is put back before each.

    Raises ModelError: neither does.
    """
    memory.restore()
    try:
        return replace(call, answer=_try_call(module, call, inputs, classes, each_step))
    except ModelError:
        if not memory.changed():
            raise
        with suppress(ModelError):
            fresh = replace(call, memory=memory)
            return replace(fresh, answer=_try_call(module, fresh, inputs, classes, each_step))
        raise


@torch.inference_mode()
def _try_call(
    module: nn.Module, call: Caller, inputs: torch.Tensor, classes: int, each_step: bool | None
) -> AnswerPlace:
    """Where the answer stands, if a way to call a module fits.  Raises ModelError if it does not."""
    count = len(inputs)
    order = torch.arange(count).roll(1)
    place = place_of_answer(module, call, inputs, classes, each_step)
    call = replace(call, answer=place)
    try:
        one, again, other = (call.ask(module, batch) for batch in (inputs, inputs, inputs[order]))
        alone = call.ask(module, inputs[:1])
    except ModelError:
        raise
    except Exception as error:  # whatever a user's module raises
        raise ModelError(said(error)) from error
    if one.shape[:1] != (count,):
        raise ModelError(
            f"the answer has the shape {tuple(one.shape)}, not one row a sequence ({count})."
            + other_outputs(tuple(one.shape), count, inputs.shape[1], classes)
        )
    if not same(one, again):
        raise ModelError(
            AGAIN + " Something is random even in evaluation mode (`functional.dropout` needs "
            "`training=self.training`), or a state is carried from call to call."
        )
    if place.steps is not None and inputs.shape[1] > 1:
        first, last = (call.ask(module, change_step(inputs, step)) for step in (0, inputs.shape[1] - 1))
        if which_way(one, first, last)[1]:
            place = replace(place, steps=replace(place.steps, turned=True))
    if any(given.kind == "mask" for given in call.given) and same(one, one[:1].expand_as(one)):
        raise ModelError("with this mask the answers do not depend on the input.")
    problem = mixed(module, one, other, alone, order)
    if problem is not None:
        raise ModelError(problem)
    return place
