"""Labels that are numbers: one for each row, or none."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from hsvis.config import DatasetSettings
from hsvis.corpus.targets.cells import is_missing
from hsvis.errors import DataError
from hsvis.remarks import shorten

LARGEST = float(np.finfo(np.float32).max)


def numbers_of(cells: Sequence[Any], settings: DatasetSettings, split: str) -> np.ndarray:
    """(R, 1) float32, NaN where a row has none.

    Args:
        cells: of R rows: a number, one as text, or a list of one.

    Raises:
        DataError: a cell is no number, or is infinite.
    """
    found = np.full((len(cells), 1), np.nan, np.float32)
    for row, cell in enumerate(cells):
        one = cell[0] if isinstance(cell, list) and len(cell) == 1 else cell
        if is_missing(one, settings.unknown) or (isinstance(one, str) and not one.strip()):
            continue
        value = _number(one)
        if abs(value) <= LARGEST:
            found[row] = value
        else:  # also of what is no number
            steps = " Labels of the single steps are not read for numbers." if isinstance(cell, list) else ""
            raise DataError(
                f"dataset `{settings.path}`, split `{split}`, row {row}: `{settings.label}` holds "
                f"`{shorten(cell)}`, which is no number, as `model.answers: number` needs it.{steps} "
                "Correct the "
                "row, or name what means “no label” in `dataset.unknown`."
            )
    return found


def _number(cell: Any) -> float:
    """NaN where it is none; yes and no are none."""
    if isinstance(cell, bool | list | dict):
        return math.nan
    try:
        return float(cell)
    except (TypeError, ValueError, OverflowError):
        return math.nan
