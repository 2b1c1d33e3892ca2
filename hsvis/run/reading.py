"""The tables of a run read whole, with all that is checked on the way."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from hsvis.errors import DamagedFileError
from hsvis.run.folder import RunFolder
from hsvis.run.manifest import ProjectionFacts
from hsvis.run.records import Projection
from hsvis.storage import parquet

LIGHT = ["sequence", "step", "distance"]  # columns of states that are read at the start


def part_paths(folder: RunFolder, layer: str) -> list[Path]:
    """The files of a layer's states, in order."""
    return sorted(folder.states(layer, 0).parent.glob("part-*.parquet"))


def read_distances(folder: RunFolder, layer: str) -> np.ndarray:
    """(N,) float32, of all parts.  Raises DamagedFileError."""
    pieces = [column(parquet.read_table(part, LIGHT), "distance") for part in part_paths(folder, layer)]
    return np.concatenate(pieces) if pieces else np.empty(0, np.float32)


def read_whole(path: Path, rows: int) -> pa.Table:
    """A whole table: what is not needed here is read too, so that damage anywhere is found."""
    table = parquet.read_table(path)
    if table.num_rows != rows:
        raise DamagedFileError(path, f"it has {table.num_rows:,} rows, not {rows:,}")
    return table


def column(table: pa.Table, name: str) -> np.ndarray:
    """A column of numbers without missing values: (n,)."""
    return np.array(table[name].to_numpy())  # a copy that owns its memory


def read_projection(folder: RunFolder, facts: ProjectionFacts, rows: int) -> Projection:
    """A projection of `rows` states.  Raises DamagedFileError."""
    table = read_whole(folder.embedding(facts.layer, facts.name), rows)
    xy = np.column_stack([column(table, "x"), column(table, "y")])
    return Projection(
        facts.name, facts.label, facts.settings["method"], xy, facts.details, facts.settings,
    )  # fmt: skip
