"""Runs of any size whose states are random walks towards a few places, as those of a classifier are."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from hsvis.run.facts import Keys, LayerFacts
from hsvis.run.folder import RunFolder
from hsvis.run.manifest import Manifest
from hsvis.run.records import Projection
from hsvis.run.store import StateStore
from hsvis.storage import parquet

LAYER, STEPS, WIDTH, PLACES = "rnn.0", 100, 100, 20
INNER = 16  # dimensions of the walks
PART = 500  # sequences in a file


def walks(sequences: int, steps: int, width: int, seed: int = 0) -> np.ndarray:
    """(sequences × steps, width) float32, by sequence, then step; the places are the same for all seeds.

    Like those of an LSTM, the states are bounded and lie near a surface of fewer dimensions than they have.
    """
    fixed, rng = np.random.default_rng(99), np.random.default_rng(seed)
    places, lift = fixed.normal(size=(PLACES, INNER)), fixed.normal(size=(INNER, width)) / np.sqrt(INNER)
    goal = places[rng.integers(0, PLACES, sequences)]  # (sequences, INNER)
    inner, found = np.zeros((sequences, INNER)), np.empty((sequences, steps, width), np.float32)
    for step in range(steps):
        inner = 0.9 * inner + 0.1 * goal + 0.2 * rng.normal(size=inner.shape)
        found[:, step] = np.tanh(inner @ lift) + 0.01 * rng.normal(size=(sequences, width))
    return found.reshape(-1, width)  # (sequences × steps, width)


def write_states(path: Path, states: np.ndarray, rows: int = 700) -> RunFolder:
    """The files of states of a run: (N, H) float32, `rows` of them in a file."""
    folder = RunFolder(path)
    for number, begin in enumerate(range(0, len(states), rows)):
        _write(folder, number, states[begin : begin + rows])
    return folder


def _write(folder: RunFolder, number: int, states: np.ndarray) -> None:
    parquet.write_table(folder.states(LAYER, number), pa.table({"state": parquet.vectors(states)}))


def write_run(path: Path, count: int) -> StateStore:
    """A run of `count` states, written part by part; of its tables, only those that projections read."""
    folder, sequences = RunFolder(path), count // STEPS
    for number, first in enumerate(range(0, sequences, PART)):
        _write(folder, number, walks(min(PART, sequences - first), STEPS, WIDTH, seed=number))
    table = pa.table(
        {
            "length": pa.array(np.full(sequences, STEPS, np.int32)),
            "label": pa.array(np.arange(sequences, dtype=np.int16) % 2),
            "predicted": pa.array(np.zeros(sequences, np.int16)),
            "confidence": pa.array(np.ones(sequences, np.float32)),
            "text": pa.array([f"walk {k}" for k in range(sequences)]),
            "start": pa.array(np.zeros(sequences, np.int32)),
        }
    )
    parquet.write_table(folder.sequences, table)
    states = sequences * STEPS
    manifest = Manifest(
        name="synthetic", config={}, classes=["a", "b"], sequences=sequences, states=states,
        layers=[LayerFacts(name=LAYER, kind="hidden", size=WIDTH)], keys=Keys(model="", states=""),
    )  # fmt: skip
    distances = {LAYER: np.full(states, np.nan, np.float32)}
    flat = Projection("flat", "all at one place", "pca", np.zeros((states, 2), np.float32), {}, {})
    return StateStore(folder, manifest, table, np.zeros((states, 2), np.float32), distances, {LAYER: (flat,)})
