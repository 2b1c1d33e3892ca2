"""What the readers of archives give."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hsvis.corpus.series.cells import NOTHING, is_numeric
from hsvis.errors import DataError
from hsvis.remarks import Remark, shorten


@dataclass(frozen=True)
class Archive:
    """Sequences of a split as they stand in its files.

    Attributes:
        source: the files, for messages.
        sequences: S times (T, F) float32, NaN where a value is missing.
        labels: S, as text.
        names: of the classes, where the file says them.
        features: F names, where something says them.
    """

    source: str
    sequences: list[np.ndarray]
    labels: list[str | None]
    names: tuple[str, ...] | None = None
    features: tuple[str, ...] | None = None
    remarks: list[Remark] = field(default_factory=list)


def join_parts(paths: Sequence[Path], parts: Sequence[Archive]) -> Archive:
    """The files of a split one after the other; classes in the order in which the files name them first."""
    names = dict.fromkeys(name for part in parts for name in part.names or ())
    return Archive(
        ", ".join(map(str, paths)),
        [sequence for part in parts for sequence in part.sequences],
        [label for part in parts for label in part.labels],
        tuple(names) or None,
        remarks=[said for part in parts for said in part.remarks],
    )


def numbers_of(cells: Sequence[str], path: Path, line: int) -> np.ndarray:
    """(n,) float32 of n cells of a line; NaN where one says that its value is missing.

    Raises:
        DataError: one is no number, with its place.
    """
    try:
        return np.array(cells, np.float64).astype(np.float32)
    except ValueError:
        pass
    read = np.full(len(cells), np.nan, np.float32)
    for k, cell in enumerate(cells):
        if is_numeric(cell):
            read[k] = float(cell)
        elif cell.lower() not in NOTHING:
            raise DataError(
                f"{path}, line {line}, value {k + 1}: `{shorten(cell)}` is no number. Correct it, or write "
                "`?` or NaN where a value is missing."
            )
    return read


def split_cells(text: str) -> list[str]:
    """What stands between the commas of a part of a line; nothing of an empty one."""
    return [cell.strip() for cell in text.split(",")] if text else []
