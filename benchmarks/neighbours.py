"""The nearest states by the index, against all states looked at: how many are found, and how soon."""

import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.synthetic import write_run
from benchmarks.timing import seconds
from hsvis.analysis.neighbours import neighbours
from hsvis.run.neighbour_index import Index, write_index
from hsvis.run.states import LayerStates, chunks
from hsvis.run.store import StateStore

ASKED, K = 200, 10


def run(*, smoke: bool, data: Path) -> None:
    """Synthetic runs of 10,000 states to 2.4 million."""
    for count in (2_000,) if smoke else (10_000, 100_000, 1_000_000, 2_400_000):
        with tempfile.TemporaryDirectory() as folder:
            compare(write_run(Path(folder), count))


def compare(store: StateStore) -> None:
    """Writes the index of a run's first layer and asks it about some of its states."""
    layer = store.layers[0]
    states = LayerStates(store.folder, layer)
    cpu = time.process_time()
    took = seconds(lambda: write_index(store.folder, layer, states))
    cpu = time.process_time() - cpu
    size = Index(store.folder, layer).bytes + store.folder.cells(layer).stat().st_size
    print(
        f"  {len(states):>9,} states of {states.shape[1]} values: index built in {took:.1f} s "
        f"({cpu:.1f} s of processor time), {size / 2**20:,.1f} MiB",
        flush=True,
    )
    rows = np.sort(np.random.default_rng(1).choice(len(states), min(ASKED, len(states)), replace=False))
    found = [neighbours(store, layer, row, K, of_sequences=False) for row in rows.tolist()]
    times, cpus = [], []
    for row in rows.tolist():
        cpu, began = time.process_time(), time.perf_counter()
        neighbours(store, layer, row, K)
        times.append(1e3 * (time.perf_counter() - began))
        cpus.append(1e3 * (time.process_time() - cpu))
    best, exact = _nearest(states, rows)
    recall = np.mean([len(set(near) & set(true)) / K for (near, _), true in zip(found, best, strict=True)])
    error = max(np.abs(told[:1] - true[:1]).max() for (_, told), true in zip(found, exact, strict=True))
    for name, all_ in (("elapsed", times), ("of processor time", cpus)):
        middle, most = np.median(all_), np.percentile(all_, 95)
        print(f"    a question: median {middle:6.1f} ms, 95 % within {most:6.1f} ms {name}")
    print(f"    recall@{K} {recall:.4f}; the smallest distance is off by {error:.5f} at most", flush=True)


def _nearest(states: LayerStates, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest states to some and their distances, by looking at all: both (len(rows), K)."""
    asked = states[rows].astype(np.float64)
    best, least = np.zeros((len(rows), 0), np.int64), np.zeros((len(rows), 0))
    for begin, chunk in chunks(states, 20_000):
        values = chunk.astype(np.float64)
        away = (asked**2).sum(1)[:, None] - 2 * asked @ values.T + (values**2).sum(1)
        inside = (rows >= begin) & (rows < begin + len(chunk))
        away[inside, rows[inside] - begin] = np.inf  # itself
        best = np.hstack([best, np.tile(np.arange(begin, begin + len(chunk)), (len(rows), 1))])
        least = np.hstack([least, away])
        order = np.argsort(least, 1)[:, :K]
        best, least = np.take_along_axis(best, order, 1), np.take_along_axis(least, order, 1)
    return best, np.sqrt(np.maximum(least, 0))
