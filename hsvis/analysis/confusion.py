"""How actual classes and classifications agree."""

from typing import NamedTuple

import numpy as np


def confusion_counts(labels: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    """Numbers of sequences, actual × predicted.

    Args:
        labels: (S,) int, -1 where the class is unknown.
        predicted: (S,) int, 0 to C - 1; what has -1, no answer, is not counted.
        n_classes: C.

    Returns:
        (C, C) int64; (C + 1, C) when labels are unknown: row C counts those.
    """
    labels, predicted = labels[predicted >= 0], predicted[predicted >= 0]
    unknown = labels < 0
    n_rows = n_classes + int(unknown.any())
    counts = np.zeros((n_rows, n_classes), dtype=np.int64)
    np.add.at(counts, (np.where(unknown, n_classes, labels), predicted), 1)
    return counts


class Confusion(NamedTuple):
    """Sequences of one class that were classified as another."""

    actual: int
    predicted: int
    sequences: int
    share: float  # of the sequences of the actual class


def confused_pairs(counts: np.ndarray) -> list[Confusion]:
    """The pairs of classes that are confused, the most sequences first; of equal ones the greatest share.

    Args:
        counts: (C, C) or (C + 1, C) int from `confusion_counts`; unknown labels are no confusion.
    """
    n_classes = counts.shape[1]
    wrong = counts[:n_classes].copy()
    totals = wrong.sum(axis=1)
    np.fill_diagonal(wrong, 0)
    pairs = [
        Confusion(a, k, int(wrong[a, k]), float(wrong[a, k] / totals[a]))
        for a, k in np.argwhere(wrong).tolist()
    ]
    return sorted(pairs, key=lambda pair: (-pair.sequences, -pair.share, pair.actual, pair.predicted))
