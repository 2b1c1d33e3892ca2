"""What is carried from step to step: told by what a module is given at the next step, or by what it keeps."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from hsvis.models.user.answering.outputs import Place, tensors_in
from hsvis.models.user.recurring.calls import Call


def returned_again(calls: Sequence[Call]) -> list[Place]:
    """Where tensors stand that a module, called once a step, is given again at the next step."""
    found: list[Place] = []
    for place, tensor in tensors_in(calls[0].output):
        if (tensor.is_floating_point() or tensor.is_complex()) and all(
            any(
                _holds(given, dict(tensors_in(one.output)).get(place))
                for _, given in tensors_in(next_one.inputs)
            )
            for one, next_one in pairwise(calls)
        ):
            found.append(place)
    return found


def _holds(given: torch.Tensor, state: torch.Tensor | None) -> bool:
    """Whether an argument is a state, or begins or ends with it."""
    if state is None or given.dim() != state.dim() or given.shape[:-1] != state.shape[:-1]:
        return False
    size = state.shape[-1]
    return any(
        part.shape == state.shape and torch.equal(part, state)
        for part in (given[..., :size], given[..., given.shape[-1] - size :])
    )


def keeps_itself(whole: Sequence[Call], first: Sequence[Call]) -> bool:
    """Whether a module, called once a step, carries a state in itself.

    With another first step it is given the same at later steps, and returns something else.

    Args:
        whole, first: its calls, and those where the first step of the sequences is another.
    """
    if len(whole) != len(first):
        return False
    pairs = list(zip(whole, first, strict=True))
    given = [_are_same(one.inputs, other.inputs) for one, other in pairs]
    returned = [_are_same(one.output, other.output) for one, other in pairs]
    return not given[0] and all(given[1:]) and not all(returned[1:])


def changed_between(module: nn.Module, calls: Sequence[Call]) -> bool:
    """Whether a cell or layer of torch, called once a step, is given other states than it returned."""
    for one, following in pairwise(calls):
        state = one.output[1] if isinstance(module, nn.RNNBase) else one.output
        returned, given = (list(tensors_in(each)) for each in (state, following.start))
        if len(returned) != len(given) or not all(
            a.shape == b.shape and torch.equal(a, b) for (_, a), (_, b) in zip(returned, given, strict=True)
        ):
            return True
    return False


def _are_same(one: object, other: object) -> bool:
    tensors, others = list(tensors_in(one)), list(tensors_in(other))
    return len(tensors) == len(others) and all(
        a.shape == b.shape and torch.equal(a, b) for (_, a), (_, b) in zip(tensors, others, strict=True)
    )
