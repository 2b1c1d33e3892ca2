"""The tables of a run read whole, with all that is checked on the way."""

from typing import Any

import numpy as np
import pyarrow as pa

from hsvis.errors import DamagedFileError
from hsvis.run.folder import RunFolder
from hsvis.run.records import Projection
from hsvis.storage import parquet

LIGHT = ["sequence", "step", "distance"]  # columns of states that are read at the start


def part_paths(folder: RunFolder, layer: str) -> list[Any]:
    return sorted(folder.states(layer, 0).parent.glob("part-*.parquet"))


def read_distances(folder: RunFolder, layer: str) -> np.ndarray:
    """(N,) float32, of all parts.  Raises DamagedFileError."""
    pieces = [column(parquet.read_table(part, LIGHT), "distance") for part in part_paths(folder, layer)]
    return np.concatenate(pieces) if pieces else np.empty(0, np.float32)


def read_whole(path: Any, rows: int) -> pa.Table:
    """A whole table: what is not needed here is read too, so that damage anywhere is found."""
    table = parquet.read_table(path)
    if table.num_rows != rows:
        raise DamagedFileError(path, f"it has {table.num_rows:,} rows, not {rows:,}")
    return table


def column(table: pa.Table, name: str) -> np.ndarray:
    return np.array(table[name].to_numpy())  # a copy that owns its memory


def read_projection(folder: RunFolder, described: dict[str, Any], rows: int) -> Projection:
    table = read_whole(folder.embedding(described["layer"], described["name"]), rows)
    xy = np.column_stack([column(table, "x"), column(table, "y")])
    return Projection(
        described["name"], described["label"], described["settings"]["method"], xy,
        described["details"], described["settings"],
    )  # fmt: skip
