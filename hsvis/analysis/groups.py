"""How often the model is right in each group of sequences, and how sure that number is."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

Z = 1.959963984540054  # of an interval that holds the true rate 95 times of 100


@dataclass(frozen=True)
class GroupCounts:
    """What is known of one group.

    Attributes:
        sequences: in the group.
        known: labels that they have, one each, or one a step.
        wrong: of these, that the answers don't meet.
        is_of_steps: whether labels are of steps, whose errors depend on each other.
    """

    sequences: int
    known: int
    wrong: int
    is_of_steps: bool = False

    @property
    def error_rate(self) -> float | None:
        """Share of the known that is wrong; None where none is known."""
        return self.wrong / self.known if self.known else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the error rate (Wilson 1927); None where none is known, and of steps."""
        return wilson(self.wrong, self.known) if self.known and not self.is_of_steps else None


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % score interval of a rate (Wilson 1927): rates that so many successes are not unlikely at.

    Args:
        trials: one at least.
    """
    rate, spread = successes / trials, Z * Z / trials
    middle = (rate + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * sqrt(rate * (1 - rate) / trials + spread / (4 * trials))
    return (0.0 if successes == 0 else middle - half, 1.0 if successes == trials else middle + half)


def count_groups(
    codes: np.ndarray, n_groups: int, known: np.ndarray, right: np.ndarray, *, is_of_steps: bool = False
) -> list[GroupCounts]:
    """What is known of each group, and at the end of the sequences that are in none.

    Args:
        codes: (S,) int, the group of each sequence; -1 = none.
        known, right: (S,) int, how many labels each sequence has, and how many its answers meet.
        is_of_steps: as in `GroupCounts`.

    Returns:
        `n_groups` + 1 counts.
    """
    places = np.where(codes < 0, n_groups, codes)
    every, n_known, n_wrong = (
        np.bincount(places, weights, minlength=n_groups + 1).astype(np.int64).tolist()
        for weights in (None, known, known - right)
    )
    return [GroupCounts(*each, is_of_steps) for each in zip(every, n_known, n_wrong, strict=True)]


def range_groups(numbers: np.ndarray, most: int) -> tuple[np.ndarray, list[tuple[float, float]]]:
    """Groups of about as many numbers each, none of which divides numbers that are alike.

    Args:
        numbers: (S,) float64; NaN is in no group.
        most: groups; where there are no more different numbers, each is a group of its own.

    Returns:
        (S,) int64, the group of each, -1 = none; and the least and the largest number of each, rising.
    """
    held = ~np.isnan(numbers)
    codes = np.full(len(numbers), -1, np.int64)
    different, place, counts = np.unique(numbers[held], return_inverse=True, return_counts=True)
    if not len(different):
        return codes, []
    if len(different) <= most:
        of_different = np.arange(len(different))
    else:
        middle = np.cumsum(counts) - counts / 2  # a number belongs to the part that its middle lies in
        of_different = np.unique((middle * most / counts.sum()).astype(np.int64), return_inverse=True)[1]
    codes[held] = of_different[place]
    first = np.flatnonzero(np.diff(of_different, prepend=-1))
    last = np.append(first[1:] - 1, len(different) - 1)
    ends: Sequence[tuple[float, float]] = list(
        zip(different[first].tolist(), different[last].tolist(), strict=True)
    )
    return codes, list(ends)
