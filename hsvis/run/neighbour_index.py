"""The index of a layer's states: which ones are near to a state in the original space, without reading all.

States are divided into cells by k-means.  The file of records holds them cell by cell: differences from the
centre in half precision, then the rows.  A table holds the centres, and a checksum of each cell.  A question
reads the cells nearest to it, so that neither memory nor time grows with the number of states.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
from isal import isal_zlib

from hsvis.errors import DamagedFileError
from hsvis.progress import Progress, silent
from hsvis.run.folder import RunFolder
from hsvis.run.states import States, chunks
from hsvis.storage import files, parquet
from hsvis.storage.layouts import Layout, Vectors

FORMAT = 2  # of the two files; 1 had no checksum of scale and centres
READ = (1, 2)
LAYOUT: Layout = {"size": pa.int64(), "checksum": pa.uint32(), "centre": Vectors()}
SCANNED = 2_000_000  # values that a question looks at, at first; runs of no more are one cell, searched whole
MOST_CELLS = 4096
LEARNED = 50_000  # states by which cells are found
CHUNK = 50_000  # states
ROUNDS = 10  # of k-means: what it gains after them does not matter here
SEED = 0
HALF, SINGLE = 1 << 10, 1 << 20  # parts of a value that are lost in half and single precision, at the most


def write_index(
    folder: RunFolder, layer: str, states: States, progress: Progress = silent, *, scanned: int = SCANNED
) -> None:
    """Writes the index of a layer's states, in two passes over them; some are in memory at once.

    The same states give the same files, on the same machine.

    Args:
        states: (N, H) float32, N >= 1.
        scanned: values that one question will look at, at the least; a cell has about a sixteenth of them.

    Raises:
        CacheError: the folder can't be written.
        DamagedFileError: the states can't be read.
    """
    stage, n = f"index of {layer}", len(states)
    progress(stage, 0, 2 * n, f"dividing {n:,} states")
    centres, cells_of = _divide(states, scanned)
    cut = f"{len(centres):,} cell{'' if len(centres) == 1 else 's'}"
    cells = np.empty(n, np.int16)
    far = 0.0  # the largest difference of a value from that of its centre
    for begin, chunk in chunks(states, CHUNK):
        cells[begin : begin + len(chunk)] = own = cells_of(chunk)
        far = max(far, float(np.abs(chunk - centres[own]).max()))
        progress(stage, begin, 2 * n, cut)
    scale = float(2.0 ** np.ceil(np.log2(far))) if 0 < far < np.inf else 1.0  # halves end at 65,504
    sizes = np.bincount(cells, minlength=len(centres))
    with files.write_aside(folder.records(layer)) as aside, aside.open("w+b", buffering=0) as file:
        records = _Records(file, sizes, centres, scale)
        for begin, chunk in chunks(states, CHUNK):
            progress(stage, n + begin, 2 * n, cut)
            records.append(begin, chunk, cells[begin : begin + len(chunk)])
        checksums = [
            isal_zlib.crc32(_content(file, start, size, states.shape[1]))
            for start, size in zip(_starts(sizes, states.shape[1]).tolist(), sizes.tolist(), strict=True)
        ]
    table = pa.table(
        {
            "size": pa.array(sizes, pa.int64()),
            "checksum": pa.array(checksums, pa.uint32()),
            "centre": parquet.vectors(centres),
        }
    )
    details = {"format": FORMAT, "states": n, "scale": scale, "scanned": scanned}
    parquet.write_table(folder.cells(layer), table, details)
    progress(stage, 2 * n, 2 * n, cut)


def is_indexed(folder: RunFolder, layer: str, count: int) -> bool:
    """Whether there is an index of `count` states of the right size; its content is not looked at."""
    try:
        cells = Index(folder, layer)
        return (
            cells.format == FORMAT
            and cells.count == count
            and folder.records(layer).stat().st_size == cells.bytes
        )
    except (DamagedFileError, OSError):
        return False


class _Records:
    """The file of records while it is written, chunk by chunk."""

    def __init__(self, file: BinaryIO, sizes: np.ndarray, centres: np.ndarray, scale: float) -> None:
        """`sizes`: (cells,), `centres`: (cells, H), `scale`: as in `write_index`."""
        self._file, self._sizes, self._centres, self._scale = file, sizes, centres, np.float32(scale)
        self._starts = _starts(sizes, centres.shape[1])
        self._written = np.zeros(len(sizes), np.int64)  # states of each cell so far

    def append(self, begin: int, chunk: np.ndarray, cells: np.ndarray) -> None:
        """Writes the next states to their places: of each cell the differences, then the rows, ascending.

        Args:
            begin: row of the first of `chunk`, (K, H) float32.
            cells: (K,) int, the cell of each.
        """
        width = chunk.shape[1]
        order = np.argsort(cells, kind="stable")
        halves = ((chunk[order] - self._centres[cells[order]]) / self._scale).astype("<f2")
        rows = (begin + order).astype("<u4")
        present, firsts = np.unique(cells[order], return_index=True)
        for cell, first, end in zip(present, firsts, [*firsts[1:], len(order)], strict=True):
            start, before = int(self._starts[cell]), int(self._written[cell])
            self._file.seek(start + before * 2 * width)
            self._file.write(halves[first:end].data)
            self._file.seek(start + int(self._sizes[cell]) * 2 * width + before * 4)
            self._file.write(rows[first:end].data)
            self._written[cell] += end - first


def _bytes(width: int) -> int:
    """Of a state in the file of records: `width` halves and its row."""
    return 2 * width + 4


def _starts(sizes: np.ndarray, width: int) -> np.ndarray:
    """(cells,) int64, where each cell begins in the file of records."""
    return (np.cumsum(sizes) - sizes) * _bytes(width)


def _content(file: BinaryIO, start: int, size: int, width: int) -> bytes:
    """What is written of a cell of `size` states."""
    file.seek(start)
    return file.read(size * _bytes(width))


def _divide(states: States, scanned: int) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Divides states into cells by k-means of a sample.

    Returns:
        (cells, H) float32, the centres; and what gives states (K, H) float32 their cells, (K,) int.
    """
    n, width = states.shape
    wanted = 1 if n * width <= scanned else min(MOST_CELLS, 16 * n * width // scanned, n)
    rng = np.random.default_rng(SEED)
    learned = states[np.sort(rng.choice(n, min(LEARNED, n), replace=False))]
    origin = learned.mean(0, dtype=np.float64).astype(np.float32)  # far from 0, products would lose digits
    if wanted == 1:
        return origin[None], lambda chunk: np.zeros(len(chunk), np.int64)
    from sklearn.cluster import KMeans  # noqa: PLC0415  (a second)
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    learned = learned - origin
    first = np.unique(learned[rng.choice(len(learned), wanted, replace=False)], axis=0)
    means = KMeans(len(first), init=first, n_init=1, max_iter=ROUNDS, random_state=SEED)
    with threadpool_limits(1, "openmp"):  # threads add their sums in any order: files would not be the same
        means.fit(learned)
    return means.cluster_centers_ + origin, lambda chunk: means.predict(chunk - origin)


@dataclass(frozen=True)
class Candidates:
    """Some states, and how far they are from the one that was asked about.

    Attributes:
        rows: (K,) int64.
        distances: (K,) float32, Euclidean.
    """

    rows: np.ndarray
    distances: np.ndarray


class Index:
    """The index of a layer, as `write_index` wrote it; the states stay in their file."""

    def __init__(self, folder: RunFolder, layer: str) -> None:
        """Raises DamagedFileError: there is none, or the table of cells can't be read."""
        self._cells, self._path = folder.cells(layer), folder.records(layer)
        try:
            with parquet.told_as_damage(self._cells):
                self._read(parquet.read_table(self._cells, layout=LAYOUT), parquet.read_details(self._cells))
        except DamagedFileError as error:
            if error.is_of_content:
                files.set_aside(self._cells)
            raise

    def _read(self, table: pa.Table, details: dict[str, Any]) -> None:
        """Raises KeyError, TypeError, ValueError where it makes no sense."""
        self.format = details["format"]
        if self.format not in READ:
            raise ValueError(f"it is of format {self.format}")
        self._centres = parquet.matrix(table["centre"])  # (cells, H) float32
        self._sizes = table["size"].to_numpy()
        self._starts = _starts(self._sizes, self._centres.shape[1])
        self._checksums = table["checksum"].to_numpy()
        self._scale, self._scanned = np.float32(details["scale"]), int(details["scanned"])
        if self._sizes.min() < 0 or self.count != details["states"] or not 0 < self._scale < np.inf:
            raise ValueError("its numbers make no sense")

    @property
    def count(self) -> int:
        return int(self._sizes.sum())

    @property
    def bytes(self) -> int:
        """Size of the file of records."""
        return self.count * _bytes(self._centres.shape[1])

    def near(self, state: np.ndarray) -> Iterator[Candidates]:
        """All states in portions, those of the nearest cells first.

        The first portion holds nearly all of the nearest states (docs/performance.md); each later one is as
        large as all before it.  Distances are those to states in half precision.

        Args:
            state: (H,) float32.

        Raises:
            DamagedFileError: the records can't be read; the next build makes them again.
        """
        to_centres = np.linalg.norm(self._centres - state, axis=1)
        order = np.argsort(to_centres, kind="stable")
        order = order[self._sizes[order] > 0]
        read = np.cumsum(self._sizes[order]) * len(state)  # values, after each cell
        begin, wanted = 0, self._scanned
        try:
            with self._path.open("rb", buffering=0) as file:
                while begin < len(order):
                    end = max(begin + 1, int(np.searchsorted(read, wanted)) + 1)
                    found = [self._measure_cell(file, cell, state) for cell in order[begin:end].tolist()]
                    yield Candidates(
                        np.concatenate([rows for rows, _ in found]), np.concatenate([d for _, d in found])
                    )
                    begin, wanted = end, 2 * wanted
        except OSError as error:
            raise DamagedFileError(self._path, error) from error

    def check_own(self, state: np.ndarray, distance: float) -> None:
        """That a state of the index is found where it is, but for what half precision loses.

        Args:
            state: (H,) float32.
            distance: to itself, as `near` gives it.

        Raises:
            DamagedFileError: it is not; the next build makes the index again.
        """
        lost = np.sqrt(len(state)) * self._scale / HALF + np.linalg.norm(state) / SINGLE
        if not distance <= lost:
            files.set_aside(self._cells)
            raise DamagedFileError(self._cells, "it is not of these states, or not as it was written")

    def _measure_cell(self, file: BinaryIO, cell: int, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        width, size = len(state), int(self._sizes[cell])
        content = _content(file, int(self._starts[cell]), size, width)
        if isal_zlib.crc32(content) != self._checksums[cell]:
            files.set_aside(self._path)
            raise DamagedFileError(self._path, "it is not as it was written")
        apart = np.frombuffer(content, "<f2", size * width).reshape(size, width).astype(np.float32)
        apart *= self._scale
        apart -= state - self._centres[cell]
        rows = np.frombuffer(content, "<u4", offset=2 * size * width)
        return rows.astype(np.int64), np.sqrt(np.einsum("ij,ij->i", apart, apart))
