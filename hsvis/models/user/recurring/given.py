"""States that a function of someone's own computes: `model.states` of a config."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from hsvis.corpus.recorded import LAYER_NAME
from hsvis.errors import ModelError
from hsvis.models.protocol import Layer
from hsvis.models.user.calling import said
from hsvis.models.user.reading.padding import Padding
from hsvis.models.user.recurring.trials import real_of
from hsvis.remarks import Remark

States = Callable[[nn.Module, torch.Tensor], Any]  # module, inputs (B, T, …) -> {name: (B, T, H)}
AGREE = 1e-4  # how near the state of a prefix must be to that of the whole, of the largest value
WANTED = "a mapping from names of layers to tensors (batch, time, units)"


@dataclass(frozen=True)
class GivenStates:
    """What a function gives.

    Attributes:
        layers: as it named them.
        remarks: where the state of a step is not that of the steps before it.
    """

    function: States
    module: nn.Module
    padding: Padding | None
    layers: tuple[Layer, ...] = ()
    remarks: tuple[Remark, ...] = ()

    def read(self, inputs: torch.Tensor, wanted: Collection[str]) -> dict[str, torch.Tensor]:
        """Layer -> (B, T, H) for inputs (B, T, …).  Raises ModelError."""
        found = compute(self.function, self.module, inputs, self.padding)
        sizes = {name: states.shape[-1] for name, states in found.items()}
        if sizes != {layer.name: layer.size for layer in self.layers}:
            raise ModelError(
                f"`model.states` gave {_told(found)} for {tuple(inputs.shape)}, other layers than when it "
                "was tried. Let it give the same ones for any inputs."
            )
        return {name: found[name] for name in wanted}


def compute(
    function: States, module: nn.Module, inputs: torch.Tensor, padding: Padding | None
) -> dict[str, torch.Tensor]:
    """Layer -> (B, T, H) real numbers, of the sequences' own steps.  Raises ModelError."""
    own = slice(None) if padding is None else padding.own(inputs.shape[1])
    found = _returned(function, module, inputs, padding)
    return {name: real_of(one.detach()).float()[:, own] for name, one in found.items()}


def _returned(
    function: States, module: nn.Module, inputs: torch.Tensor, padding: Padding | None
) -> dict[str, torch.Tensor]:
    """Layer -> (B, T, H) as a function returns them, checked for names and shapes.  Raises ModelError."""
    batch = len(inputs)
    read = inputs if padding is None else padding.fill(inputs)
    try:
        found = function(module, read)
    except Exception as error:  # whatever a user's function raises
        raise ModelError(f"`model.states` raised {said(error)} It was given {tuple(read.shape)}.") from error
    if not isinstance(found, Mapping) or not found:
        raise ModelError(f"`model.states` returned {type(found).__name__}, not {WANTED}.")
    states = {}
    for name, one in found.items():
        if not isinstance(name, str) or not LAYER_NAME.fullmatch(name):
            raise ModelError(
                f"`model.states`: `{name}`: a layer's name is of letters, digits, `_`, `-` and single dots "
                "between them."
            )
        shape = tuple(one.shape) if isinstance(one, torch.Tensor) else type(one).__name__
        if not isinstance(one, torch.Tensor) or one.dim() != 3 or one.shape[:2] != read.shape[:2]:
            raise ModelError(
                f"`model.states`: `{name}` is {shape}, where ({batch}, {read.shape[1]}, units) was expected: "
                f"return {WANTED}, a state for each step."
            )
        states[name] = one
    return states


def _told(found: Mapping[str, torch.Tensor]) -> str:
    return ", ".join(f"`{name}` {tuple(one.shape)}" for name, one in found.items())


@torch.inference_mode()
def given_states(
    function: States, module: nn.Module, inputs: torch.Tensor, padding: Padding | None = None
) -> GivenStates:
    """What a function gives, compared with what it gives for the first and the last steps alone.

    Args:
        inputs: (B, T, …), what it is tried with.

    Raises:
        ModelError: it raises, or returns something else.
    """
    whole, steps = compute(function, module, inputs, padding), inputs.shape[1]
    again, returned = (one(function, module, inputs, padding) for one in (compute, _returned))
    prefixes = {t: compute(function, module, inputs[:, : t + 1], padding) for t in range(steps)}
    layers, remarks = [], []
    for name, states in whole.items():
        near = AGREE * max(1.0, float(states.abs().max()))
        if float((states - again[name]).abs().max()) > near:
            raise ModelError(
                f"`model.states`: `{name}` is another for the same inputs a second time. Something in it is "
                "random, or carried from call to call."
            )
        off = max(float((states[:, t] - prefixes[t][name][:, t]).abs().max()) for t in range(steps))
        direction = "forward"
        if off > near:
            direction = "reverse" if _is_reverse(function, module, inputs, padding, name, near) else "forward"
            why = "it reads backwards" if direction == "reverse" else "it reads later steps too"
            remarks.append(
                Remark(
                    "states-of-prefixes",
                    f"`model.states`: the state of a step of `{name}` is another where the sequence ends "
                    f"with it (by up to {off:.2g}): {why}"
                    f"{' or padding' if padding is not None else ''}.",
                )
            )
        if returned[name].is_complex():
            remarks.append(
                Remark(
                    "recorded-states",
                    f"`model.states`: `{name}` is of complex numbers: their real parts are shown, then their "
                    "imaginary ones.",
                )
            )
        layers.append(Layer(name, "hidden", states.shape[-1], direction))  # type: ignore[arg-type]
    return GivenStates(function, module, padding, tuple(layers), tuple(remarks))


def _is_reverse(
    function: States, module: nn.Module, inputs: torch.Tensor, padding: Padding | None, name: str, near: float
) -> bool:
    """Whether the states of the last steps are the same without those before."""
    whole = compute(function, module, inputs, padding)[name]
    return all(
        float((whole[:, t] - compute(function, module, inputs[:, t:], padding)[name][:, 0]).abs().max())
        <= near
        for t in range(inputs.shape[1])
    )
