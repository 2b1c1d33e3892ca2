"""How actual classes and classifications agree."""

import numpy as np


def confusion_counts(labels: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    """Numbers of sequences, actual × predicted.

    Args:
        labels: (S,) int, -1 where the class is unknown.
        predicted: (S,) int, 0 to C - 1.
        n_classes: C.

    Returns:
        (C, C) int64; (C + 1, C) when labels are unknown: row C counts those.
    """
    unknown = labels < 0
    n_rows = n_classes + int(unknown.any())
    counts = np.zeros((n_rows, n_classes), dtype=np.int64)
    np.add.at(counts, (np.where(unknown, n_classes, labels), predicted), 1)
    return counts
