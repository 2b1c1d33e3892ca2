"""The winning class of each EP, and of steps that have none: a beginning that the model does not read."""

import numpy as np

from hsvis.run.manifest import Manifest

NONE = -1  # in place of a class


def answered(ep: np.ndarray) -> np.ndarray:
    """(N,) bool: which steps have an EP.

    Args:
        ep: (N, C) float, rows sum to 1, or are NaN.
    """
    return ~np.isnan(ep[:, 0])


def winners(ep: np.ndarray) -> np.ndarray:
    """(N,) int64: the class of the largest EP of each step, the first of equal ones; NONE without an EP.

    Args:
        ep: (N, C) float, rows sum to 1, or are NaN.
    """
    found = ep.argmax(axis=1)
    found[~answered(ep)] = NONE
    return found


def best_of(ep: np.ndarray) -> tuple[int | None, float | None]:
    """The winning class of one step and its EP; None without one.  `ep`: (C,) float."""
    winner = int(winners(ep[None])[0])
    return (None, None) if winner == NONE else (winner, float(ep[winner]))


def gap_reason(manifest: Manifest) -> str:
    """Why the first steps of sequences have no EP, a clause for people; "" where all steps have one."""
    return manifest.own_model.gap if manifest.own_model is not None else ""
