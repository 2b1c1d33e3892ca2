"""Tensors of one shape that a module returns side by side: hidden and cell states, or two hidden ones."""

from collections.abc import Mapping, Sequence

import torch

from hsvis.models.user.answering.outputs import Place
from hsvis.models.user.recurring.directions import NOISE
from hsvis.models.user.recurring.trials import Tensors


def cell_of(
    place: Place, tensors: Tensors, possible: Mapping[Place, list[str]], again: Sequence[Place]
) -> tuple[Place, Place] | None:
    """Where the hidden and the cell states of an LSTM stand; None where there is no such pair.

    The numbers tell: h = o · tanh(c) lies between 0 and tanh(c).
    """
    different = _different(place, tensors, possible)
    if place in again:
        other = second_of(place, tensors, possible, again)
        if other is None:
            return None
        hidden, cell = tensors[place], tensors[other]
        if _is_gated(hidden, cell):
            return place, other
        return (other, place) if _is_gated(cell, hidden) else None
    gated = [one for one in different if _is_gated(tensors[place], tensors[one])]
    return (place, gated[0]) if len(gated) == 1 else None


def _different(place: Place, tensors: Tensors, possible: Mapping[Place, list[str]]) -> list[Place]:
    """Where other tensors of the same shape stand, each content once."""
    different: list[Place] = []
    for one in possible:
        if all(
            tensors[one].shape == tensors[other].shape and not torch.equal(tensors[one], tensors[other])
            for other in (place, *different)
        ):
            different.append(one)
    return different


def second_of(
    place: Place, tensors: Tensors, possible: Mapping[Place, list[str]], again: Sequence[Place]
) -> Place | None:
    """Where the one other tensor of this shape stands that is given again at each step; None without one."""
    carried = [one for one in _different(place, tensors, possible) if one in again and place in again]
    return carried[0] if len(carried) == 1 else None


def _is_gated(hidden: torch.Tensor, cell: torch.Tensor) -> bool:
    """Whether these may be hidden and cell states of an LSTM."""
    bound, h = cell.float().tanh(), hidden.float()
    inside = (h.abs() <= bound.abs() + NOISE) & (h * bound >= -NOISE)
    return bool(inside.all()) and bool(h.abs().max() > NOISE)
