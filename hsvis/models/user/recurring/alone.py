"""A module called again by itself, with another first and another last step of what it read."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from hsvis.models.user.answering.outputs import Place, tensors_in
from hsvis.models.user.memory import Memory
from hsvis.models.user.recurring.calls import Call
from hsvis.models.user.recurring.flipped import change_step


@torch.inference_mode()
def own_states(
    module: nn.Module, call: Call, steps: int, place: Place
) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """What a module returns at a place, again, with another first, and with another last step.

    Once for each tensor and axis of what it was given that is as long as there are steps; what it keeps from
    call to call is put back before each.  Nothing where it can't be called again.

    Args:
        call: of the module, with its arguments.
    """
    memory = Memory(module)
    for k, (_, given) in enumerate(tensors_in(call.inputs)):
        for axis in (axis for axis, size in enumerate(given.shape) if size == steps and given.dim() > 1):
            found = []
            for step in (None, 0, steps - 1):
                memory.restore()
                found.append(_again(module, call, k, axis, step, place))
            memory.restore()
            whole, first, last = found
            if whole is None or first is None or last is None or not whole.shape == first.shape == last.shape:
                continue
            yield whole, first, last


def _again(
    module: nn.Module, call: Call, which: int, axis: int, step: int | None, place: Place
) -> torch.Tensor | None:
    """What a module returns when it is called again, where one step of its `which`th tensor is another."""
    seen = -1

    def changed(value: Any) -> Any:
        nonlocal seen
        if isinstance(value, torch.Tensor):
            seen += 1
            if seen != which or step is None:
                return value.clone()
            return change_step(value.movedim(axis, 1), step).movedim(1, axis)
        if isinstance(value, dict):
            return {key: changed(one) for key, one in value.items()}
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value)(*map(changed, value))
        return type(value)(map(changed, value)) if type(value) in (tuple, list) else value

    args, kwargs = changed(call.inputs[0]), changed(call.inputs[1])
    try:
        output = module(*args, **kwargs)
    except Exception:  # whatever a user's module raises
        return None
    return dict(tensors_in(output)).get(place)
