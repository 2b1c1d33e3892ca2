"""Columns that hold a list of steps in each row, and columns of which each holds one feature's list."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from hsvis.config import DatasetSettings
from hsvis.corpus.series.cells import Places, is_list, is_text, lists_of, numbers_of
from hsvis.corpus.series.sequences import Series, series_of
from hsvis.errors import DataError
from hsvis.remarks import Remark, listed, shorten


def of_lists(
    column: pa.ChunkedArray, name: str, settings: DatasetSettings, captions: Sequence[str] | None,
    places: Places,
) -> tuple[list[Series], list[Remark]]:  # fmt: skip
    """A list of steps in each row: a number a step, or a list of F numbers; or F lists of a number a step.

    Raises:
        DataError: it holds something else, or steps of different numbers of values.
    """
    source = f"{places.source}, column `{shorten(name)}`"
    outer, remarks = _lists(column, name, places)
    lengths = np.array(outer.value_lengths().fill_null(0), np.int64)
    steps = outer.flatten()
    if not is_list(steps.type):
        if settings.axes is not None and "feature" in settings.axes:
            raise DataError(f"{source}: has one number a step, but `dataset.axes` names `feature`.")
        values, marks = numbers_of(steps, name, places, settings.missing)
        found, told = series_of(values[:, None], lengths, settings, source, captions)
        return found, [*remarks, *marks, *told]
    widths = np.array(steps.value_lengths().fill_null(0), np.int64)
    values, marks = numbers_of(steps.flatten(), name, places, settings.missing)
    remarks += marks
    if settings.axes is not None and "feature" not in settings.axes:
        raise DataError(f"{source}: has a list in each step, but `dataset.axes` names no `feature`.")
    if settings.axes is not None and settings.axes.index("feature") < settings.axes.index("step"):
        values, lengths = _turned(values, lengths, widths, source)
    else:
        _check_widths(widths, lengths, source)
        values = values.reshape(-1, int(widths[0]) if len(widths) else 1)
        most = int(lengths.max(initial=0))
        if settings.axes is None and most < values.shape[1]:
            remarks.append(axes_remark(f"{source} has lists of up to {most} lists of {values.shape[1]}",
                                       most, values.shape[1]))  # fmt: skip
    found, told = series_of(values, lengths, settings, source, captions)
    return found, [*remarks, *told]


def of_features(
    table: pa.Table, names: Sequence[str], settings: DatasetSettings, captions: Sequence[str] | None,
    places: Places,
) -> tuple[list[Series], list[Remark]]:  # fmt: skip
    """Columns of lists of numbers, a column for each feature.

    Raises:
        DataError: a row has lists of different lengths.
    """
    columns, remarks = [], []
    lengths = None
    for name in names:
        outer, said = _lists(table.column(name), name, places)
        own = np.array(outer.value_lengths().fill_null(0), np.int64)
        if lengths is not None and (own != lengths).any():
            row = int(np.flatnonzero(own != lengths)[0])
            raise DataError(
                f"{places.source}, row {row}: `{name}` has {own[row]} steps, `{names[0]}` {lengths[row]}. "
                "All features of a sequence need the same steps."
            )
        lengths = own
        values, marks = numbers_of(outer.flatten(), name, places, settings.missing)
        columns.append(values)
        remarks += [*said, *marks]
    assert lengths is not None
    text = f"{places.source}: {listed(names)} hold a list in each row, and are the features of a step."
    remarks.append(Remark("series-form", text))
    found, told = series_of(np.column_stack(columns), lengths, settings, places.source, captions)
    return found, [*remarks, *told]


def axes_remark(what: str, steps: int, width: int) -> Remark:
    """A warning that steps and features may be interchanged."""
    return Remark(
        "axes",
        f"{what}, read as {steps} steps of {width} features. If these are channels first, set "
        "`dataset.axes: [sequence, feature, step]`; if it is right, set `[sequence, step, feature]`.",
    )


def _lists(column: pa.ChunkedArray, name: str, places: Places) -> tuple[pa.Array, list[Remark]]:
    outer = column.combine_chunks()
    outer = getattr(outer, "storage", outer)  # of the array types of `datasets`
    if is_text(outer.type):
        said = f"{places.source}, column `{shorten(name)}`: the texts are read as lists of numbers."
        return lists_of(column, name, places), [Remark("series-form", said)]
    if not is_list(outer.type):
        raise DataError(
            f"{places.source}, column `{shorten(name)}` holds {outer.type}, not lists of numbers. Set "
            "`dataset.values` to the column of the series; or, where each step is a row, set "
            "`dataset.sequence` too; or, where each step is a column, name them by a pattern: `values: t*`."
        )
    return outer, []


def _check_widths(widths: np.ndarray, lengths: np.ndarray, source: str) -> None:
    if len(widths) and (widths != widths[0]).any():
        at = int(np.flatnonzero(widths != widths[0])[0])
        row = int(np.searchsorted(np.cumsum(lengths), at, "right"))
        raise DataError(
            f"{source}, row {row}: a step has {widths[at]} values where the first step of all has "
            f"{widths[0]}. Every step needs the same features. Where each row has a list for each feature, "
            "set `dataset.axes: [sequence, feature, step]`."
        )


def _turned(
    values: np.ndarray, lengths: np.ndarray, widths: np.ndarray, source: str
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of F lists of T numbers as (N, F), and the T of each row."""
    features = int(lengths.max(initial=0))
    parts, steps = [], []
    at = read = 0
    for row, count in enumerate(lengths.tolist()):
        own = widths[at : at + count]
        if count and (count != features or (own != own[0]).any()):
            raise DataError(
                f"{source}, row {row}: has {count} lists of {listed(own.tolist())} numbers, where other rows "
                f"have {features}. Every feature of a sequence needs the same steps."
            )
        size = int(own.sum())
        if count:
            parts.append(values[read : read + size].reshape(count, -1).T)
        steps.append(int(own[0]) if count else 0)
        at, read = at + count, read + size
    flat = np.concatenate(parts) if parts else np.empty((0, max(1, features)), np.float32)
    return flat, np.array(steps, np.int64)
