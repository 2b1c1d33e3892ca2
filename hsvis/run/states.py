"""The states of a layer, read part by part: nothing here holds them all."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from hsvis.errors import DamagedFileError, ReplacedFileError
from hsvis.run import reading, tables
from hsvis.run.folder import RunFolder
from hsvis.storage import files, parquet


class States(Protocol):
    """What projections and indexes are made of: an (N, H) float32 array, or what reads like one."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        """The rows of a slice, or of (K,) int, ascending: (K, H) float32."""
        ...


def chunks(states: States, size: int) -> Iterator[tuple[int, np.ndarray]]:
    """All states in order: the first row of each chunk, and its (at most `size`, H) float32."""
    for begin in range(0, len(states), size):
        yield begin, states[begin : begin + size]


class LayerStates:
    """The states of a layer of a built run, in its files of parquet."""

    def __init__(self, folder: RunFolder, layer: str, size: int | None = None) -> None:
        """`size`: units of the layer.  Raises DamagedFileError: a file can't be read, or there is none."""
        first = folder.states(layer, 0)
        self._paths = sorted(first.parent.glob("part-*.parquet")) or [first]
        self._marks = [mark(path) for path in self._paths]
        rows = [0]
        for path in self._paths:
            with parquet.open_file(path, tables.states_layout(size), columns=["state"]) as file:
                size = file.schema_arrow.field("state").type.list_size
                rows.append(file.metadata.num_rows)
        assert size is not None  # there is a file
        self._width = size
        self._starts = np.cumsum(rows, dtype=np.int64)

    @property
    def shape(self) -> tuple[int, int]:
        return len(self), self._width

    @property
    def is_unchanged(self) -> bool:
        """Whether all files are those that were opened."""
        return all(mark(path) == known for path, known in zip(self._paths, self._marks, strict=True))

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        """As in `States`.  Only the row groups from the first to the last row in each file are read.

        Raises:
            IndexError: there is no such row.
            ReplacedFileError: a file is not the one that was opened.
            DamagedFileError: a file can't be read.
        """
        if isinstance(rows, slice):
            begin, end, step = rows.indices(len(self))
            if step != 1:
                raise IndexError("slices must have step 1")
            return self._gather(np.arange(begin, end))
        if len(rows) and not 0 <= rows[0] <= rows[-1] < len(self):
            raise IndexError(f"there are rows 0 to {len(self) - 1}, in ascending order")
        return self._gather(rows)

    def _gather(self, rows: np.ndarray) -> np.ndarray:
        found = np.empty((len(rows), self._width), np.float32)
        cuts = np.searchsorted(rows, self._starts)  # where the rows of each file begin
        for number in range(len(self._paths)):
            at = slice(int(cuts[number]), int(cuts[number + 1]))
            if at.stop > at.start:
                inside = rows[at] - self._starts[number]
                begin, states = self._read(number, int(inside[0]), int(inside[-1]) + 1)
                found[at] = states[inside - begin]
        return found

    def _read(self, number: int, begin: int, end: int) -> tuple[int, np.ndarray]:
        """As `_read`, of the file that was opened, and of no other in its place."""
        path, known = self._paths[number], self._marks[number]
        now = mark(path)
        if now is not None and known is not None and now[0] != known[0]:
            raise ReplacedFileError(path)  # a sound file of another build: it must not be set aside
        read = _read(path, begin, end, int(self._starts[number + 1] - self._starts[number]))
        if mark(path) != known:
            raise ReplacedFileError(path)
        return read


def mark(path: Path) -> tuple[int, int, int] | None:
    """By what a file differs from one that takes its place; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _read(path: Path, begin: int, end: int, rows: int) -> tuple[int, np.ndarray]:
    """The row groups of rows `begin` … `end` - 1 of a file of `rows`: their first row, and their states."""
    try:
        with parquet.open_file(path) as file:
            if file.metadata.num_rows != rows:
                raise ReplacedFileError(path)
            sizes = [file.metadata.row_group(g).num_rows for g in range(file.num_row_groups)]
            groups = np.cumsum([0, *sizes])
            first = int(np.searchsorted(groups, begin, "right")) - 1
            last = int(np.searchsorted(groups, end, "left"))
            table = file.read_row_groups(list(range(first, last)), columns=["state"])
            states = parquet.matrix(table["state"])
            if len(states) != groups[last] - groups[first]:
                raise ValueError("states are missing")
    except ReplacedFileError:
        raise
    except DamagedFileError as error:
        if error.is_of_content:
            files.set_aside(path)
        raise
    return int(groups[first]), states


def same_states(
    folder: RunFolder, layer: str, known: np.ndarray, lengths: np.ndarray, error: ReplacedFileError
) -> LayerStates:
    """The files of a layer that took the place of those that were opened, if they hold the same states.

    A part that was damaged is made again by the next build, and a restored backup has other times:
    neither is another run.  The distances between the states tell.

    Args:
        known: (N,) float32, the distances as they were.
        lengths: (S,) int, steps of each sequence.

    Raises:
        ReplacedFileError: the given error; they hold other states.
    """
    states = LayerStates(folder, layer)
    try:
        distances = reading.read_distances(folder, layer, reading.Steps(lengths))
    except DamagedFileError:
        raise error from None
    if states.shape[0] != len(known) or not np.array_equal(distances, known, equal_nan=True):
        raise error
    return states
