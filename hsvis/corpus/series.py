"""Sequences of feature vectors in place of texts: from columns of lists, long tables and arrays."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hsvis.corpus.step_order import order_of, order_remarks
from hsvis.errors import DataError
from hsvis.remarks import Remark, shorten


@dataclass(frozen=True)
class Series:
    """One sequence of feature vectors.

    Attributes:
        values: (T, F) float32, finite.
        steps: T labels, shown where a text shows its words: `row 3`.
        caption: what the sequence is called, or nothing.
    """

    values: np.ndarray
    steps: tuple[str, ...]
    caption: str = ""

    def __len__(self) -> int:
        return len(self.values)

    def cut(self, most: int | None, keep: str) -> "Series":
        """The first or last `most` steps; the steps keep their labels."""
        if most is None or len(self) <= most:
            return self
        kept = slice(-most, None) if keep == "last" else slice(most)
        return Series(self.values[kept], self.steps[kept], self.caption)


def series_of(
    values: np.ndarray, lengths: np.ndarray, step_name: str, captions: Sequence[str] | None, source: str
) -> list[Series]:
    """Cuts values that stand one after the other into sequences.

    Args:
        values: (N, F) float32; lengths: (S,) int, summing to N.
        captions: S, or None.
        source: names the data in messages.

    Raises:
        DataError: a value is NaN or infinite.
    """
    ends = np.cumsum(lengths, dtype=np.int64)
    wrong = np.flatnonzero(~np.isfinite(values).all(1))
    if len(wrong):
        sequence = int(np.searchsorted(ends, wrong[0], "right"))
        step = int(wrong[0] - (ends[sequence] - lengths[sequence]))
        raise DataError(
            f"{source}: sequence {sequence}, step {step} holds a value that is missing, NaN or infinite "
            f"({len(wrong):,} steps do). Fill such values, or leave the steps out."
        )
    names = [f"{step_name} {k}" for k in range(int(lengths.max(initial=0)))]
    return [
        Series(values[end - length : end], tuple(names[:length]), captions[i] if captions else "")
        for i, (end, length) in enumerate(zip(ends.tolist(), lengths.tolist(), strict=True))
    ]


def of_lists(
    column: pa.ChunkedArray, step_name: str, captions: Sequence[str] | None, source: str
) -> list[Series]:
    """A column that holds a list of steps in each row: a number a step, or a list of F numbers.

    Raises:
        DataError: it holds something else, or steps of different numbers of values.
    """
    outer = column.combine_chunks()
    outer = getattr(outer, "storage", outer)  # of the array types of `datasets`
    if not is_list(outer.type):
        raise DataError(
            f"{source} holds {outer.type}, not lists of numbers. Set `dataset.values` to the column of the "
            "series, or, where each step is a row, set `dataset.sequence` too."
        )
    lengths = np.array(outer.value_lengths().fill_null(0), np.int64)
    steps = outer.flatten()
    if not is_list(steps.type):
        return series_of(_numbers(steps, source)[:, None], lengths, step_name, captions, source)
    widths = np.array(steps.value_lengths().fill_null(0), np.int64)
    width = int(widths[0]) if len(widths) else 1
    if (widths != width).any():
        at = int(np.flatnonzero(widths != width)[0])
        row = int(np.searchsorted(np.cumsum(lengths), at, "right"))
        raise DataError(
            f"{source}, row {row}: a step has {widths[at]} values where the first step of all has {width}. "
            "Every step needs the same features."
        )
    return series_of(
        _numbers(steps.flatten(), source).reshape(-1, width), lengths, step_name, captions, source
    )


def is_list(kind: pa.DataType) -> bool:
    """Whether a column of this type holds a list in each row."""
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


def _numbers(values: pa.Array, source: str) -> np.ndarray:
    """(n,) float32; what is missing is NaN."""
    if pa.types.is_string(values.type):  # of a file whose cells all are text
        try:
            trimmed = pc.utf8_trim_whitespace(values)
            return trimmed.cast(pa.float32()).to_numpy(zero_copy_only=False)
        except pa.ArrowInvalid as error:
            cell = next((one for one in values.to_pylist() if one is not None and not _is_number(one)), "")
            raise DataError(
                f"{source} holds `{shorten(cell)}`, not numbers. Set `dataset.values` to columns of numbers."
            ) from error
    if not (
        pa.types.is_integer(values.type)
        or pa.types.is_floating(values.type)
        or pa.types.is_boolean(values.type)
    ):
        raise DataError(
            f"{source} holds {values.type}, not numbers. Set `dataset.values` to columns of numbers."
        )
    return values.cast(pa.float32(), safe=False).to_numpy(zero_copy_only=False)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


@dataclass(frozen=True)
class Long:
    """A table with a row for each step, put in order.

    Attributes:
        series: S sequences, in the order in which they first appear.
        first: (S,) int64, a row of the table that belongs to each sequence: there its label stands.
        remarks: about the order of the steps.
    """

    series: list[Series]
    first: np.ndarray
    remarks: list[Remark] = field(default_factory=list)


def of_rows(
    table: pa.Table, values: Sequence[str], sequence: str, step: str | None, step_name: str | None,
    labels: Sequence[str | None], source: str,
) -> Long:  # fmt: skip
    """A table in long form: each row is a step of the sequence that its column `sequence` names.

    Args:
        values: the columns of the F features.
        step: the column by which the rows of a sequence are ordered and named; None = as they stand.
        step_name: what a step is called; None = the name of the column `step`, or "step".
        labels: the class of each row, the same in all rows of a sequence.

    Raises:
        DataError: a column of something else, a sequence without a name, or with two classes.
    """
    ids = plain_values(table.column(sequence))
    if any(one is None for one in ids):
        raise DataError(f"{source}: `{sequence}` is missing in row {ids.index(None)}. Every step needs one.")
    numbers: dict[Any, int] = {}
    remarks: list[Remark] = []
    of_row = np.array([numbers.setdefault(one, len(numbers)) for one in ids], np.int64)
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
    lengths = np.bincount(of_row, minlength=len(numbers))
    first = order[np.cumsum(lengths) - lengths] if len(order) else order
    _check_labels(labels, of_row, first, list(numbers), source)
    columns = [_numbers(table.column(name).combine_chunks(), f"{source}, column `{name}`") for name in values]
    flat = np.column_stack(columns).astype(np.float32)[order]
    series = series_of(flat, lengths, step_name or step or "step", [str(one) for one in numbers], source)
    if step is not None:
        named = iter([f"{step_name or step} {_plain(times[row])}" for row in order.tolist()])
        series = [
            Series(one.values, tuple(next(named) for _ in range(len(one))), one.caption) for one in series
        ]
    return Long(series, first, remarks)


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


def _check_labels(
    labels: Sequence[str | None], of_row: np.ndarray, first: np.ndarray, names: list[Any], source: str
) -> None:
    for row, k in enumerate(of_row.tolist()):
        if labels[row] != labels[first[k]]:
            raise DataError(
                f"{source}: sequence `{names[k]}` has two classes, `{labels[first[k]]}` and "
                f"`{labels[row]}`. All "
                "steps of a sequence need the same class."
            )
