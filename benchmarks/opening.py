"""What checking a run costs while it is read, beside pyarrow that reads the same files and checks pages."""

import os
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from benchmarks.timing import compare
from hsvis.build.pipeline import build
from hsvis.config import load_config
from hsvis.run.find import find_run
from hsvis.run.folder import RunFolder
from hsvis.run.reading import LIGHT, part_paths
from hsvis.run.store import StateStore

SELECTED = 100  # sequences


def run(*, smoke: bool, data: Path) -> None:
    """Of the built run that HSVIS_BENCHMARK_RUN names, a config or the run's folder; else of the demo."""
    folder = _folder(os.environ.get("HSVIS_BENCHMARK_RUN", "demo"), smoke=smoke)
    store = StateStore.open(folder)
    print(f"  {store.n_states:,} states of {store.n_sequences:,} sequences")
    compare(
        ("tables of the start, by pyarrow", partial(_read_tables, store)),
        ("opened with all checks", partial(StateStore.open, folder)),
        rounds=2 if smoke else 9,
    )
    chosen = np.random.default_rng(0).integers(0, store.n_sequences, SELECTED).tolist()
    layer = store.layers[0]
    groups = [_place(store, layer, index) for index in chosen]
    compare(
        (f"states of {SELECTED} sequences, by pyarrow", partial(_read_groups, groups)),
        (f"states of {SELECTED} sequences", lambda: [store.states(index, layer) for index in chosen]),
        rounds=2 if smoke else 9,
    )


def _folder(named: str, *, smoke: bool) -> RunFolder:
    if Path(named, "manifest.json").exists():
        return RunFolder(Path(named))
    config = load_config(named, ["dataset.limit=20", "model.epochs=1"] if smoke else [])
    found = find_run(config)
    return found.folder if found else build(config).folder


def _read_tables(store: StateStore) -> None:
    folder = store.folder
    paths = [folder.sequences, folder.predictions]
    paths += [folder.embedding(one.layer, one.name) for one in store.manifest.projections]
    for path in paths:
        _read(path)
    for layer in store.layers:
        for path in part_paths(folder, layer):
            _read(path, LIGHT)


def _read(path: Path, columns: list[str] | None = None) -> None:
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        file.read(columns)


def _place(store: StateStore, layer: str, index: int) -> tuple[Path, list[int]]:
    """Where the first states of a sequence lie: the file, and the row groups up to its end in that file."""
    begin, end = store.offsets[index : index + 2].tolist()
    for path in part_paths(store.folder, layer):
        metadata = pq.read_metadata(path)
        if begin < metadata.num_rows:
            sizes = [metadata.row_group(g).num_rows for g in range(metadata.num_row_groups)]
            ends = np.cumsum(sizes)
            first, last = np.searchsorted(ends, [begin, min(end, metadata.num_rows) - 1], "right").tolist()
            return path, list(range(first, last + 1))
        begin, end = begin - metadata.num_rows, end - metadata.num_rows
    raise IndexError(index)


def _read_groups(groups: list[tuple[Path, list[int]]]) -> None:
    for path, some in groups:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            file.read_row_groups(some, columns=["state"])
