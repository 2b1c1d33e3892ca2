"""Tables in long form: a row for each step."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from hsvis.config import DatasetSettings
from hsvis.corpus.series.cells import Places, numbers_of
from hsvis.corpus.series.sequences import Series, series_of
from hsvis.corpus.step_order import order_of, order_remarks
from hsvis.errors import DataError
from hsvis.remarks import Remark


@dataclass(frozen=True)
class LongRows:
    """A table in long form.

    Attributes:
        series: S sequences, in the order in which they first appear.
        labels: of the sequences, or of all their steps.
        steps: (S,) int64, how many labels each sequence has where they are of steps; else None.
        of_steps: the label of the row of each step, whatever `labels` are of.
        remarks: what was decided.
    """

    series: list[Series]
    labels: list[str | None]
    steps: np.ndarray | None
    of_steps: list[str | None]
    remarks: list[Remark]


def of_rows(
    table: pa.Table, values: Sequence[str], labels: Sequence[str | None], settings: DatasetSettings,
    places: Places,
) -> LongRows:  # fmt: skip
    """Each row is a step of the sequence that the column `dataset.sequence` names.

    Args:
        values: the columns of the F features.
        labels: the class of each row: the same in all rows of a sequence, or missing in some of them; or that
            of the step, where some sequence has several.

    Raises:
        DataError: a column of something else, a sequence without a name, or steps with labels that are left
            out.
    """
    sequence, step, source = settings.sequence, settings.step, places.source
    assert sequence is not None
    ids = plain_values(table.column(sequence))
    if any(one is None for one in ids):
        raise DataError(f"{source}: `{sequence}` is missing in row {ids.index(None)}. Every step needs one.")
    numbers: dict[Any, int] = {}
    remarks: list[Remark] = []
    of_row = np.array([numbers.setdefault(one, len(numbers)) for one in ids], np.int64)
    names = None
    if step is None:
        order = np.argsort(of_row, kind="stable")
    else:
        times = plain_values(table.column(step))
        if any(one is None for one in times):
            raise DataError(
                f"{source}: `{step}` is missing in row {times.index(None)}. Every step needs one."
            )
        try:
            ordered = order_of(times)
        except TypeError as error:
            raise DataError(f"{source}: `{step}` holds values that have no order ({error}).") from error
        order = np.lexsort((ordered.place, of_row))
        remarks = order_remarks(step, ordered, of_row, times, source)
        names = [f"{settings.step_name or step} {_plain(times[row])}" for row in order.tolist()]
    lengths = np.bincount(of_row, minlength=len(numbers))
    several = _of_steps(labels, of_row, list(numbers), settings, source)
    if several is not None:
        found, said = [labels[row] for row in order.tolist()], [several]
    else:
        found, said = _labels(labels, of_row, order, lengths, list(numbers), settings, source)
    columns = []
    for name in values:
        column, marks = numbers_of(table.column(name), name, places, settings.missing)
        columns.append(column)
        remarks += marks
    flat = np.column_stack(columns).astype(np.float32)[order]
    series, told = series_of(flat, lengths, settings, source, [str(one) for one in numbers], names)
    steps = None if several is None else lengths.astype(np.int64)
    if steps is not None and [len(one) for one in series] != steps.tolist():
        raise DataError(
            f"{source}: each step has a label (`{settings.label}`), so that none can be left out: set "
            "`dataset.missing` to another treatment than `drop`, and fill in the last steps of sequences."
        )
    of_steps = [labels[row] for row in order.tolist()]
    return LongRows(series, found, steps, of_steps, [*remarks, *said, *told])


def _of_steps(
    labels: Sequence[str | None], of_row: np.ndarray, names: list[Any], settings: DatasetSettings, source: str
) -> Remark | None:
    """What is said where steps have labels of their own; None where each sequence has one label."""
    first: dict[int, str] = {}
    several = {
        k
        for k, label in zip(of_row.tolist(), labels, strict=True)
        if label is not None and first.setdefault(k, label) != label
    }
    if not several:
        return None
    text = (
        f"{source}: {len(several):,} of {len(names):,} sequences, such as `{names[min(several)]}`, have "
        f"several labels (`{settings.label}`): each step is taken to have a label of its own."
    )
    return Remark("step-labels", text)


def _plain(value: Any) -> str:
    return np.format_float_positional(value, trim="-") if isinstance(value, float) else str(value)


def plain_values(column: pa.ChunkedArray) -> list[Any]:
    """A column of labels, names or times as Python values; whole numbers as such, and NaN as None.

    A missing value turns a column of whole numbers into one of floats in many programs.
    """
    values = column.to_pylist()
    if not pa.types.is_floating(column.type):
        return values
    return [
        None if one is None or math.isnan(one) else int(one) if one.is_integer() else one for one in values
    ]


def _labels(
    labels: Sequence[str | None], of_row: np.ndarray, order: np.ndarray, lengths: np.ndarray,
    names: list[Any], settings: DatasetSettings, source: str,
) -> tuple[list[str | None], list[Remark]]:  # fmt: skip
    """The one class of each sequence, of which some rows may not hold it."""
    found: list[str | None] = [None] * len(names)
    for row, k in enumerate(of_row.tolist()):
        found[k] = labels[row] if labels[row] is not None else found[k]
    held = np.array([one is not None for one in labels], bool)[order]
    starts = np.cumsum(lengths) - lengths
    count = np.add.reduceat(held, starts, dtype=np.int64) if len(starts) else np.zeros(0, np.int64)
    partly = np.flatnonzero((count > 0) & (count < lengths))
    if not len(partly):
        return found, []
    first, last = held[starts[partly]], held[starts[partly] + lengths[partly] - 1]
    single = bool((count[partly] == 1).all())
    where = (
        "in their first row alone"
        if single and first.all()
        else "in their last row alone"
        if single and last.all()
        else "in some of their rows alone"
    )
    text = (
        f"{source}: {len(partly):,} of {len(names):,} sequences have their label (`{settings.label}`) "
        f"{where}; it is taken for the whole sequence."
    )
    return found, [Remark("label-place", text)]
