"""Where a table or an array holds labels that are no class: a cell, or several, for each row."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from hsvis.config import DatasetSettings
from hsvis.errors import DataError
from hsvis.remarks import listed


def cells_of_table(content: pa.Table, settings: DatasetSettings, source: str) -> list[Any]:
    """The cell of each row; of several columns a list of theirs.

    Raises:
        DataError: a column is not there.
    """
    columns = settings.labels or [settings.label]
    lacking = [one for one in columns if one not in content.column_names]
    if lacking:
        raise DataError(
            f"{source}: there is no column {listed(lacking)}. Set `dataset.label` to some of "
            f"{listed(content.column_names, 20)}."
        )
    read = [content.column(one).to_pylist() for one in columns]
    return read[0] if settings.labels is None else [list(row) for row in zip(*read, strict=True)]


def cells_of_array(labels: np.ndarray, count: int, name: str, source: str) -> list[Any]:
    """The cell of each of `count` sequences, of an array (S,) or (S, K).

    Raises:
        DataError: it has another shape.
    """
    if labels.ndim not in (1, 2) or len(labels) != count:
        raise DataError(
            f"{source}: `{name}` has the shape {labels.shape}, but there are {count} sequences. Needed is a "
            f"row for each, ({count},) or ({count}, classes)."
        )
    found: list[Any] = labels.tolist()
    return [one[0] for one in found] if labels.ndim == 2 and labels.shape[1] == 1 else found


def refuse_reader(path: str) -> DataError:
    """What is said of files whose labels are classes and nothing else."""
    return DataError(
        f"`dataset.path: {path}` reads classes alone. For `model.answers: independent` or `number` write the "
        "series as .npz, or as a table with a column of lists (`dataset.values`)."
    )


def is_missing(cell: Any, unknown: Sequence[str]) -> bool:
    """Whether a cell says nothing, or what means “no label”."""
    if cell is None or (isinstance(cell, float | np.floating) and np.isnan(cell)):
        return True
    return not isinstance(cell, list) and str(cell) in unknown
