"""What of a run was answered right: its sequences, or its steps where each of them has a label of its own."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from hsvis.corpus.targets.judging import chosen
from hsvis.run.winners import winners

WRONG, RIGHT, UNKNOWN = 0, 1, 2  # verdicts; unknown: there is no label
Unit = Literal["sequence", "step"]


@dataclass(frozen=True, eq=False)
class Verdicts:
    """Labels and answers side by side.

    Attributes:
        unit: what has a label and an answer.
        labels, predicted: (K,) int16 of all S sequences, or of all N steps; a label -1 is unknown.
        lengths: (S,) int, steps of each sequence; they sum to N.
    """

    unit: Unit
    labels: np.ndarray
    predicted: np.ndarray
    lengths: np.ndarray

    @cached_property
    def each(self) -> np.ndarray:
        """(K,) uint8, a verdict each."""
        found = np.where(self.labels == self.predicted, RIGHT, WRONG).astype(np.uint8)
        found[self.labels < 0] = UNKNOWN
        return _frozen(found)

    @cached_property
    def of_sequences(self) -> np.ndarray:
        """(S,) uint8, a verdict each: of steps RIGHT where all are that have a label."""
        if self.unit == "sequence":
            return self.each
        found = np.where(self.n_right == self.n_known, RIGHT, WRONG).astype(np.uint8)
        found[self.n_known == 0] = UNKNOWN
        return _frozen(found)

    @property
    def of_states(self) -> np.ndarray:
        """(N,) uint8, the verdict of each step, or of its sequence."""
        return self._spread(self.each)

    @property
    def labels_of_states(self) -> np.ndarray:
        """(N,) int16, the label of each step, or of its sequence."""
        return self._spread(self.labels)

    def label_of(self, row: int) -> int:
        """The label of a row of the step tables, or of its sequence."""
        if self.unit == "step":
            return int(self.labels[row])
        return int(self.labels[np.searchsorted(np.cumsum(self.lengths, dtype=np.int64), row, "right")])

    @cached_property
    def n_right(self) -> np.ndarray:
        """(S,) int64: how many of the labels of a sequence its answers meet."""
        return _frozen(self._sum_up(self.each == RIGHT))

    @cached_property
    def n_known(self) -> np.ndarray:
        """(S,) int64: how many labels a sequence has."""
        return _frozen(self._sum_up(self.each != UNKNOWN))

    @cached_property
    def accuracy(self) -> float | None:
        """Share of what has a label that was answered right; None if nothing has."""
        known = self.each != UNKNOWN
        return float((self.each[known] == RIGHT).mean()) if known.any() else None

    @property
    def error_rate_of_states(self) -> float:
        """The share of states of what was answered wrong, of those with a label; 0 without labels."""
        weights = self.lengths if self.unit == "sequence" else np.ones(len(self.each), np.int64)
        known = int(weights[self.each != UNKNOWN].sum())
        return float(weights[self.each == WRONG].sum() / max(known, 1))

    def has(self, actual: int | None, predicted: int | None) -> np.ndarray:
        """(S,) bool: sequences, or those with a step, of a class answered with another; None = any."""
        found = np.ones(len(self.labels), bool)
        if actual is not None:
            found &= self.labels == actual
        if predicted is not None:
            found &= self.predicted == predicted
        return self._sum_up(found) > 0

    def _spread(self, values: np.ndarray) -> np.ndarray:
        return values if self.unit == "step" else np.repeat(values, self.lengths)

    def _sum_up(self, marked: np.ndarray) -> np.ndarray:
        """(K,) bool -> (S,) int64."""
        if self.unit == "sequence":
            return marked.astype(np.int64)
        sums = np.concatenate([[0], np.cumsum(marked, dtype=np.int64)])
        ends = np.cumsum(self.lengths, dtype=np.int64)
        return sums[ends] - sums[ends - self.lengths]


def exact_verdicts(targets: np.ndarray, ep: np.ndarray, lengths: np.ndarray) -> Verdicts:
    """Verdicts of sequences with several independent classes: right is right in each of them.

    Args:
        targets: (S, C) int8, 1 where a sequence has a class, -1 unknown.
        ep: (S, C) float32, after the last step.
        lengths: (S,) int, steps.
    """
    labels = np.where(targets[:, 0] < 0, -1, 0).astype(np.int16)
    predicted = (chosen(ep) != (targets > 0)).any(1).astype(np.int16)
    return Verdicts("sequence", labels, predicted, lengths)


def known_answers(labels: np.ndarray, ep: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels and answers of steps, (N,) int16 each, -1 without an EP: there is nothing to judge.

    Args:
        labels: (N,) int16, -1 unknown.
        ep: (N, C) float, rows sum to 1, or are NaN.
    """
    predicted = winners(ep).astype(np.int16)
    return np.where(predicted < 0, np.int16(-1), labels), predicted


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
