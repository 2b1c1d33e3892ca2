"""What answers are worth beside labels that are no class."""

import numpy as np

THRESHOLD = 0.5  # probability from which an independent class counts as answered


def chosen(ep: np.ndarray) -> np.ndarray:
    """(…, C) float, a probability for each independent class -> (…, C) bool: which count as answered."""
    return ep >= THRESHOLD


def errors_of(answers: np.ndarray, truth: np.ndarray) -> dict[str, float | None]:
    """How far numbers are from the truth.

    Args:
        answers, truth: (K,) float, all known.

    Returns:
        `mae`, the mean absolute error; `rmse`, the root of the mean squared one; and `r2`, the share of the
        variance of the truth that the answers explain, 1 - SSE / SST.  None where there is nothing to tell:
        without any, and `r2` of a truth that is always the same.
    """
    if not len(truth):
        return {"mae": None, "rmse": None, "r2": None}
    answers, truth = answers.astype(np.float64), truth.astype(np.float64)
    wrong = answers - truth
    around = truth - truth.mean()
    total = float(around @ around) if np.ptp(truth) > 0 else 0.0
    return {
        "mae": float(np.abs(wrong).mean()),
        "rmse": float(np.sqrt((wrong**2).mean())),
        "r2": 1 - float(wrong @ wrong) / total if total > 0 else None,
    }
