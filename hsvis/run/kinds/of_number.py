"""A run whose model answers a number, shown as a run of two ends: how far each answer is from low to high."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from hsvis.run.store import StateStore


class Numbers(NamedTuple):
    """The numbers of a run.

    Attributes:
        name: what they are called: the column of the labels.
        low, high: of all answers and labels; where all are the same, one apart.
        truth: (S,) float32, the label of each sequence, NaN where it has none.
        answers: (S,) float32, after the last step.
        steps: (N,) float32, what would be answered after each step.
    """

    name: str
    low: float
    high: float
    truth: np.ndarray
    answers: np.ndarray
    steps: np.ndarray

    @property
    def errors(self) -> np.ndarray:
        """(S,) float32: answer less truth; NaN where there is no label."""
        return self.answers - self.truth

    def share(self, values: np.ndarray) -> np.ndarray:
        """Where values lie between `low` and `high`: float32, 0 to 1; NaN stays NaN."""
        return ((values - self.low) / (self.high - self.low)).clip(0, 1).astype(np.float32)


MADE_OF_ANSWERS = ("verdicts", "content", "edition")  # what a store makes when it is first asked for


def forget_answers(store: StateStore) -> None:
    """Of a copy, what was made of the answers of the original."""
    for name in MADE_OF_ANSWERS:
        store.__dict__.pop(name, None)


def of_number(store: StateStore, truth: np.ndarray) -> StateStore:
    """The run with EPs (N, 2) that sum to 1: how near an answer is to the lowest and the highest number.

    `whole` is the run as it is, `numbers` has its numbers.  So what is coloured by EP is coloured by number.

    Args:
        truth: (S,) float32, the labels, NaN unknown.
    """
    own = copy.copy(store)
    forget_answers(own)
    steps = store.ep[:, 0]
    low, high = (float(end(np.concatenate([steps, truth]))) for end in (np.nanmin, np.nanmax))
    high = high if high > low else low + 1
    own.numbers = Numbers(store.classes[0], low, high, truth, store.last_ep[:, 0], steps)
    second = own.numbers.share(steps)
    own.whole = store
    own.classes = tuple(written(low, high))
    own.ep = np.column_stack([1 - second, second])
    own.ep.flags.writeable = False
    return own


def written(low: float, high: float) -> list[str]:
    """Both ends in as few digits as tell them apart."""
    digits = next((n for n in range(3, 10) if f"{low:.{n}g}" != f"{high:.{n}g}"), 10)
    return [f"{end:.{digits}g}" for end in (low, high)]
