"""Which states are nearest to a state in the original space."""

import numpy as np

from hsvis.run.neighbour_index import Candidates, Index
from hsvis.run.store import StateStore


def neighbours(
    store: StateStore, layer: str, row: int, k: int = 10, *, of_sequences: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """The states nearest to one, by the layer's index.

    Args:
        row: of the step tables.
        of_sequences: at most one state of a sequence, and none of the state's own, whose other steps are
            near as a matter of course; else any states but this one.

    Returns:
        rows (K,) int64, and distances (K,) float32, ascending; fewer than `k` only where there are no more.

    Raises:
        IndexError: there is no such row.
        DamagedFileError: there is no index, or it can't be read.
    """
    sequence, step = store.locate(row)
    own = store.offsets[sequence : sequence + 2] if of_sequences else (row, row + 1)
    best = Candidates(np.empty(0, np.int64), np.empty(0, np.float32))
    index, state = Index(store.folder, layer), store.states(sequence, layer)[step]
    for some in index.near(state):
        for distance in some.distances[some.rows == row]:
            index.check_own(state, float(distance))
        open_ = (some.rows < own[0]) | (some.rows >= own[1])
        rows = np.concatenate([best.rows, some.rows[open_]])
        distances = np.concatenate([best.distances, some.distances[open_]])
        order = np.argsort(distances, kind="stable")
        if of_sequences:
            order = order[_one_each(store, rows[order], k)]
        best = Candidates(rows[order[:k]], distances[order[:k]])
        if len(best.rows) == k:
            break
    return best.rows, best.distances


def _one_each(store: StateStore, rows: np.ndarray, k: int) -> np.ndarray:
    """Where the first k sequences come for the first time: (≤ k,) int."""
    for count in (100 * k, len(rows)):  # nearly always, they are among the first
        owners = np.searchsorted(store.offsets, rows[:count], "right")
        firsts = np.sort(np.unique(owners, return_index=True)[1])[:k]
        if len(firsts) == k:
            break
    return firsts
