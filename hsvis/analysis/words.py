"""Which words stand out: how strongly each state answers to its token, and the strongest of a view.

A token is read between two states.  An event at row t is a large distance, a change of the EP, or a class
change from row t - 1 to row t; the word *after* it is the token of row t, the word *before* it that of
row t - 1.
"""

import numpy as np

from hsvis.run.winners import winners

BLOCK = 1 << 16  # rows whose EPs are compared at once


def share_of_largest(distance: np.ndarray, largest: float) -> np.ndarray:
    """Each distance divided by the run's largest, as the threshold of jumps is measured.

    Args:
        distance: (N,) float32, NaN at each step 0.
        largest: the largest distance of the run, in the same units.

    Returns:
        (N,) float32, 0 to 1; NaN at each step 0, and everywhere if no state ever moved.
    """
    if not largest > 0:
        return np.full(len(distance), np.nan, np.float32)
    return (distance / largest).astype(np.float32, copy=False)


def change_of_confidence(ep: np.ndarray, starts: np.ndarray, k: int | None = None) -> np.ndarray:
    """How much the EP changes from the step before.

    Args:
        ep: (N, C) float32.
        starts: (S,) int, the row of each step 0.
        k: the class to look at; None = at each row the one that changes most.

    Returns:
        (N,) float32, 0 to 1; NaN at each step 0, and where either step has no EP.
    """
    change = np.full(len(ep), np.nan, np.float32)
    for begin in range(1, len(ep), BLOCK):
        block = ep[begin - 1 : begin + BLOCK]  # (B + 1, C)
        moved = np.abs(np.diff(block if k is None else block[:, k : k + 1], axis=0))
        change[begin : begin + BLOCK] = moved.max(axis=1)
    change[starts[starts < len(ep)]] = np.nan
    return change


def class_flips(ep: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Where the winning class is another than the step before; `steps.class_changes` for all sequences.

    Args:
        ep: (N, C) float, rows sum to 1, or are NaN.
        offsets: (S + 1,) int, the row of each step 0, then N.

    Returns:
        (N,) bool, False at each step 0, and where either step has no EP.
    """
    won = winners(ep)
    flips = np.zeros(len(ep), dtype=bool)
    flips[1:] = (won[1:] != won[:-1]) & (won[:-1] >= 0) & (won[1:] >= 0)
    flips[offsets[offsets < len(ep)]] = False
    return flips


def strongest(
    xy_at: np.ndarray,
    strength: np.ndarray,
    candidate: np.ndarray,
    window: tuple[float, float, float, float],
    cells: tuple[int, int] = (28, 36),
    per_cell: int = 2,
    limit: int = 400,
) -> np.ndarray:
    """The strongest candidates of a view, a few from each of its regions.

    Args:
        xy_at: (N, 2) float32, where each would be drawn.
        strength: (N,) float32; NaN is no candidate.
        candidate: (N,) bool.
        window: x0, x1, y0, y1 of the view, edges included.
        cells: columns and rows of the grid over the view.
        per_cell: how many of one cell at most.
        limit: how many at most.

    Returns:
        (K,) int64 rows, the strongest first; of two equally strong ones the lower row first.
    """
    x0, x1, y0, y1 = window
    rows = np.flatnonzero(candidate & ~np.isnan(strength))
    x, y = xy_at[rows].T.astype(np.float64)
    seen = (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)
    rows, x, y = rows[seen], x[seen], y[seen]
    cell = _cell(y, y0, y1, cells[1]) * cells[0] + _cell(x, x0, x1, cells[0])
    likely = strength[rows] >= _bounds(strength[rows], cell, cells[0] * cells[1], per_cell)[cell]
    rows, cell = rows[likely], cell[likely]  # few enough to sort
    order = np.lexsort((rows, -strength[rows], cell))
    rows, cell = rows[order], cell[order]
    starts = np.flatnonzero(np.diff(cell, prepend=-1))
    place = np.arange(len(rows)) - np.repeat(starts, np.diff(starts, append=len(rows)))  # within its cell
    rows = rows[place < per_cell]
    return rows[np.lexsort((rows, -strength[rows]))][:limit]


def _bounds(strength: np.ndarray, cell: np.ndarray, n_cells: int, count: int) -> np.ndarray:
    """(n_cells,) float32, below which no strength can be one of the `count` largest of its cell."""
    bounds = np.full(n_cells, np.inf, np.float32)
    for _ in range(count):  # the next smaller value of each cell
        weaker = strength < bounds[cell]
        bounds = np.full(n_cells, -np.inf, np.float32)
        np.maximum.at(bounds, cell[weaker], strength[weaker])
    return bounds


def _cell(value: np.ndarray, low: float, high: float, count: int) -> np.ndarray:
    """(K,) int64, which of `count` equal parts of the range each value lies in."""
    return np.minimum(((value - low) / (high - low) * count).astype(np.int64), count - 1)
