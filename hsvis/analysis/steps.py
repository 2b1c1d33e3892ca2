"""What happens in one sequence: class changes, jumps, and which classes compete."""

import numpy as np

from hsvis.run.winners import winners


def class_changes(ep: np.ndarray) -> np.ndarray:
    """The steps whose winning class is another than the step before; none where either has no EP.

    Args:
        ep: (T, C) float, rows sum to 1, or are NaN.

    Returns:
        (K,) int64, ascending, each 1 to T - 1.
    """
    won = winners(ep)
    return np.flatnonzero((won[1:] != won[:-1]) & (won[:-1] >= 0) & (won[1:] >= 0)) + 1


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
    strongest = np.argsort(-np.fmax.reduce(ep, axis=0), kind="stable")[:count]  # passes over NaN
    return np.sort(strongest)
