"""What happens in one sequence: class changes, jumps, and which classes compete."""

import numpy as np


def class_changes(ep: np.ndarray) -> np.ndarray:
    """The steps whose winning class is another than the step before.

    Args:
        ep: (T, C) float.

    Returns:
        (K,) int64, ascending, each 1 to T - 1.
    """
    winners = ep.argmax(axis=1)
    return np.flatnonzero(winners[1:] != winners[:-1]) + 1


def jumps(distance: np.ndarray, largest: float, threshold: float) -> np.ndarray:
    """The steps whose distance, divided by the run's largest, reaches the threshold.

    Args:
        distance: (T,) float, NaN at step 0.
        largest: the largest distance of the run, in the same units.
        threshold: 0 to 1.

    Returns:
        (K,) int64, ascending; empty where no state ever moved.
    """
    if not largest > 0:
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero(distance / largest >= threshold)  # NaN reaches nothing


def competing_classes(ep: np.ndarray, count: int) -> np.ndarray:
    """The classes that come closest to winning somewhere in a sequence.

    Args:
        ep: (T, C) float.
        count: how many at most.

    Returns:
        (min(C, count),) int64, ascending class indices.
    """
    strongest = np.argsort(-ep.max(axis=0), kind="stable")[:count]
    return np.sort(strongest)
