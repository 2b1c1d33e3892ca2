"""The states of a model that reads two texts, each by a call of its own, or both in one."""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Literal

import torch
from torch import nn

from hsvis.errors import ModelError
from hsvis.models.protocol import Layer
from hsvis.models.user.recurring.calls import Call, steps_read
from hsvis.models.user.recurring.directions import which_way
from hsvis.models.user.recurring.flipped import CHANGED
from hsvis.models.user.recurring.states import states_of
from hsvis.models.user.sides import Sides

Order = Literal["both", "turned", "whole", "first", "second"]  # how a module's calls stand to the two texts


def order_of(path: str, module: nn.Module, calls: Sequence[Call], sides: Sides) -> Order:
    """How the calls of a module stand to texts of different lengths.

    Raises:
        ModelError: they read other steps than those of the texts.
    """
    first, second = sides.first.shape[1], sides.second.shape[1]
    each = [steps_read(module, [call]) if isinstance(module, nn.RNNBase) else 1 for call in calls]
    total = sum(each)
    ends = [sum(each[: k + 1]) for k in range(len(each))]
    if total == first + second:
        if len(each) == 1:
            return "whole"
        if first in ends and (second not in ends or all(one == 1 for one in each)):
            return "both"
        if second in ends:
            return "turned"
    if total == first:
        return "first"
    if total == second:
        return "second"
    raise ModelError(
        f"`{path}` was called {len(calls)} times and read {total} steps, where the two texts have {first} "
        f"and {second}. hsvis can show a module that reads each text once, or one of them, or both in one "
        "call. "
        "Leave it out: list the others in `model.recurrent`."
    )


def states_of_sides(
    path: str,
    module: nn.Module,
    calls: Sequence[Call],
    sides: Sides,
    order: Order,
    *,
    wanted: Collection[str],
) -> dict[str, torch.Tensor]:
    """layer -> (B, T, H), in the order in which the texts are shown.

    A module that reads one of them alone has zeros, as before its first step, at steps of the other that are
    shown before, and its last state at those that are shown after.

    Raises:
        ModelError: as `states_of`.
    """
    batch, (first, second) = len(sides.first), (sides.first.shape[1], sides.second.shape[1])
    read = partial(states_of, path, module, batch=batch, wanted=wanted)
    if order == "whole":
        whole = read(calls=calls, steps=first + second)
        parts = [
            {name: one[:, at] for name, one in whole.items()} for at in (slice(first), slice(first, None))
        ]
    elif order in ("both", "turned"):
        lengths = (first, second) if order == "both" else (second, first)
        cut, done = 0, 0
        while done < lengths[0]:
            done += steps_read(module, [calls[cut]]) if isinstance(module, nn.RNNBase) else 1
            cut += 1
        parts = [
            read(calls=some, steps=steps)
            for some, steps in zip((calls[:cut], calls[cut:]), lengths, strict=True)
        ]
        parts = parts if order == "both" else parts[::-1]
    else:
        own = read(calls=calls, steps=first if order == "first" else second)
        other = second if order == "first" else first
        is_after = (order == "first") != sides.swapped  # the other text is shown after
        filled = {
            name: one[:, -1:].expand(-1, other, -1) if is_after else one.new_zeros(batch, other, one.shape[2])
            for name, one in own.items()
        }
        parts = [own, filled] if order == "first" else [filled, own]
    shown = parts[::-1] if sides.swapped else parts
    return {name: torch.cat([shown[0][name], shown[1][name]], 1) for name in shown[0]}


def check_order(
    path: str, layers: Sequence[Layer], order: Order, states: Sequence[dict[str, torch.Tensor]], first: int
) -> None:
    """That states stand at the steps that they are of.

    Args:
        states: in the order of the arguments, of the same pairs; and where another step is other: the first
            and the last of the first text, the first and the last of the second.
        first: steps of the first text.

    Raises:
        ModelError: a module reads a text from its end, or the second text before the first.
    """
    for layer in layers:
        whole, *changed = (one[layer.name] for one in states)
        moved = (whole - changed[0]).abs().amax((0, 2)) > CHANGED
        if order == "whole" and bool(moved.any()) and not bool(moved[0]):
            raise ModelError(
                f"`{path}` reads the second text before the first, in one call. Let the model read them in "
                "the order of its arguments, or leave it out: list the others in `model.recurrent`."
            )
        for at, ends in ((slice(first), changed[:2]), (slice(first, None), changed[2:])):
            if whole[:, at].shape[1] < 2 or (
                order in ("first", "second") and (at.start is None) != (order == "first")
            ):
                continue
            read, _ = which_way(whole[:, at], ends[0][:, at], ends[1][:, at])
            if read in ("forward", "reverse") and read != layer.direction:
                raise ModelError(
                    f"`{path}` is given the steps of a text from the last to the first, which hsvis can't "
                    "show of a model that takes two texts. Leave it out: list the others in "
                    "`model.recurrent`."
                )


def said_of(path: str, order: Order, names: Sequence[str] = ("first", "second")) -> str:
    """What is told of a module that reads one text alone; "" of others."""
    if order not in ("first", "second"):
        return ""
    own, other = names if order == "first" else names[::-1]
    return (
        f"`{path}` reads the {own} text alone: at steps of the {other} one its state is that which it has "
        "then, zero before its first step and its last state after it."
    )
