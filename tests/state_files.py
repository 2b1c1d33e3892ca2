"""Files of states as extraction writes them, of arrays."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from hsvis import cache
from hsvis.cache import RunFolder


def written(path: Path, states: np.ndarray, part: int = 700) -> RunFolder:
    """A folder with the states (N, H) of a layer `rnn.0`, in files of `part` rows."""
    folder = RunFolder(path)
    for number, begin in enumerate(range(0, len(states), part)):
        table = pa.table({"state": cache.vectors(states[begin : begin + part])})
        cache.write_table(folder.states("rnn.0", number), table)
    return folder


def walks(sequences: int, steps: int, width: int, seed: int = 0) -> np.ndarray:
    """(N, H) float32: random walks towards one of a few places, as the states of a classifier are."""
    rng = np.random.default_rng(seed)
    places = rng.normal(size=(5, width))
    goal = places[rng.integers(0, 5, sequences)]  # (sequences, H)
    state, found = np.zeros((sequences, width)), np.empty((sequences, steps, width), np.float32)
    for step in range(steps):
        state = 0.9 * state + 0.1 * goal + 0.1 * rng.normal(size=state.shape)
        found[:, step] = state
    return found.reshape(-1, width)
