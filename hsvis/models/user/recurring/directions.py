"""Which way states, or answers to steps, are read: told by another first and another last step."""

from typing import Literal

import torch

NOISE = 1e-5  # differences above this share of the largest value are changes
Read = Literal["forward", "reverse", "each by itself", "late", "mixed"]


def which_way(
    whole: torch.Tensor, first: torch.Tensor, last: torch.Tensor, noise: float = NOISE
) -> tuple[Read, bool]:
    """Which way states are read, and whether their rows are turned; all (B, T, H).

    Args:
        first, last: the states where only the first, or the last, step of the sequences is another.
    """
    steps, floor = whole.shape[1], noise * max(1e-3, float(whole.abs().max()))

    def reached(other: torch.Tensor) -> list[int]:
        return ((whole - other).abs().amax((0, 2)) > floor).nonzero().flatten().tolist()

    by_first, by_last = reached(first), reached(last)
    if not by_last and by_first and by_first[0] > 0:
        return "late", False  # the last step is read, if at all, after the last of them
    if len(by_first) <= 1 and len(by_last) <= 1:
        return "each by itself", False
    if len(by_last) == 1 and by_last[0] in (0, steps - 1) and len(by_first) > 1:
        return "forward", by_last[0] == 0
    if len(by_first) == 1 and by_first[0] in (0, steps - 1):
        return "reverse", by_first[0] == steps - 1
    return "mixed", False


def most_changed(whole: torch.Tensor, other: torch.Tensor) -> int:
    """The step whose state is most another, of (B, T, H)."""
    return int((whole - other).abs().amax((0, 2)).argmax())
