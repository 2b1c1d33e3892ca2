"""Modules recorded in a few calls of a whole model, and what they returned as tensors."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from hsvis.errors import ModelError
from hsvis.models.user.answering.outputs import Place, tensors_in
from hsvis.models.user.reading.padding import Padding
from hsvis.models.user.recurring.calls import Call, watching
from hsvis.models.user.recurring.directions import NOISE
from hsvis.models.user.recurring.flipped import change_step

WAY_OUT = (
    "Leave it out: list the others in `model.recurrent`. Or let a function of your own give the states: "
    "`model.states: package.module:function`, (module, inputs) -> {name: (batch, time, units)}."
)
Tensors = dict[Place, torch.Tensor]


@dataclass(frozen=True)
class Trial:
    """The calls of modules, path -> calls, while the model read so many sequences and steps."""

    batch: int
    steps: int
    calls: dict[str, list[Call]]


@dataclass(frozen=True)
class Trials:
    """The model called with everything, with fewer steps, fewer sequences, another first and last step.

    Attributes:
        noise: share of the largest value above which a difference is a change.
        directions: path -> in how many a quantised layer of torch reads; its rounding may hide which.
        layers: path -> how many layers a quantised one of torch has; it returns the states of the last.
    """

    whole: Trial
    shorter: Trial
    fewer: Trial
    first: Trial
    last: Trial
    noise: float = NOISE
    directions: dict[str, int] = field(default_factory=dict)
    layers: dict[str, int] = field(default_factory=dict)
    modules: dict[str, nn.Module] = field(default_factory=dict)


@torch.inference_mode()
def try_modules(
    modules: dict[str, nn.Module],
    ask: Callable[[torch.Tensor], Any],
    inputs: torch.Tensor,
    padding: Padding | None = None,
    noise: float | None = None,
) -> Trials:
    """Records modules in five calls of the model.

    Args:
        inputs: (B, T, …), B > 2, T > 2; as long as they are padded to.
        noise: as of `Trials`.
    """

    def record(given: torch.Tensor) -> Trial:
        with watching(modules, others=modules, arguments=True) as calls:
            ask(given)
        return Trial(given.shape[0], given.shape[1], calls)

    inputs = as_long(inputs, padding)
    steps = inputs.shape[1]
    quantised: dict[str, Any] = {path: one for path, one in modules.items() if is_quantised_layer(one)}
    return Trials(
        record(inputs),
        record(inputs if padding is not None else inputs[:, :-1]),
        record(inputs[:-1]),
        record(change_step(inputs, 0)),
        record(change_step(inputs, steps - 1)),
        NOISE if noise is None else noise,
        {path: 1 + bool(one.bidirectional) for path, one in quantised.items()},
        {path: int(getattr(one, "num_layers", 1)) for path, one in quantised.items()},
        modules,
    )


def as_long(inputs: torch.Tensor, padding: Padding | None) -> torch.Tensor:
    """(B, T, …), again and again from the first step on until they are as long as padding makes them."""
    if padding is None:
        return inputs
    return inputs[:, torch.arange(padding.to, device=inputs.device) % inputs.shape[1]]


def is_quantised_layer(module: nn.Module) -> bool:
    """Whether a module is one of torch's quantised recurrent layers."""
    return "nn.quantized.dynamic" in type(module).__module__ and hasattr(module, "bidirectional")


def gather(path: str, calls: Sequence[Call], steps: int, *, stepwise: bool) -> Tensors:
    """Place -> tensor of one call; of a call a step they are stacked, (T, …).

    Raises:
        ModelError: there are more or fewer calls, with numbers.
    """
    if len(calls) != (steps if stepwise else 1):
        raise ModelError(_count(path, len(calls), steps))
    each = [{place: real_of(one) for place, one in tensors_in(_unpack(path, call.output))} for call in calls]
    if not stepwise:
        return each[0]
    same = [
        place for place, one in each[0].items() if all(shape_of(one) == shape_of(t.get(place)) for t in each)
    ]
    return {place: torch.stack([one[place] for one in each]) for place in same}


def real_of(tensor: torch.Tensor) -> torch.Tensor:
    """Of complex numbers the real parts, then the imaginary ones, along the last axis."""
    return torch.cat([tensor.real, tensor.imag], -1) if tensor.is_complex() and tensor.dim() else tensor


def shape_of(tensor: torch.Tensor | None) -> tuple[int, ...] | None:
    return None if tensor is None else tuple(tensor.shape)


def _count(path: str, count: int, steps: int) -> str:
    """Why a module that was called so many times can't be shown."""
    if not count:
        return (
            f"`{path}` was not called while the model read {steps} steps (what runs inside a scripted module "
            f"can't be seen: name that one). {WAY_OUT}"
        )
    return (
        f"`{path}` was called {count} times for sequences of {steps} steps. hsvis can show a module that is "
        f"called once with all steps, or once a step. {WAY_OUT}"
    )


def _unpack(path: str, output: Any) -> Any:
    """The same with packed sequences as (T, B, H)."""
    if isinstance(output, PackedSequence):
        if bool((output.batch_sizes != output.batch_sizes[0]).any()):
            raise ModelError(f"`{path}` passes over steps of a sequence. {WAY_OUT}")
        return pad_packed_sequence(output)[0]
    return tuple(_unpack(path, one) for one in output) if type(output) in (tuple, list) else output


def arrange(tensor: torch.Tensor, axes: str) -> torch.Tensor:
    """A tensor of these axes as (B, T, H)."""
    rest = [k for k, axis in enumerate(axes) if axis == "H"]
    return tensor.permute([axes.index("B"), axes.index("T"), *rest]).flatten(2)


def axes_of(place: Place, given: Sequence[tuple[Trial, Tensors]], *, stepwise: bool) -> Iterator[str]:
    """The axes that a tensor may have, told by which of them change with sequences and steps."""
    shapes = [shape_of(tensors.get(place)) for _, tensors in given]
    if None in shapes or len({len(shape) for shape in shapes if shape is not None}) != 1:
        return
    along = list(zip(*(shape for shape in shapes if shape is not None), strict=True))
    batches, steps = tuple(t.batch for t, _ in given), tuple(t.steps for t, _ in given)
    options = []
    for k, sizes in enumerate(along):
        fits = ["T"] * (sizes == steps and not (stepwise and k)) + ["B"] * (sizes == batches)
        options.append(fits + ["H"] * (len(set(sizes)) == 1))
    for axes in map("".join, product(*options)):
        if axes.count("B") == axes.count("T") == 1 and "H" in axes:
            yield axes
