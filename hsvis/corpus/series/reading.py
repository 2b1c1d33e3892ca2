"""A table with series in one of the forms that people have -> sequences, and a label for each."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from hsvis.config import DatasetSettings
from hsvis.config.formats import is_pattern
from hsvis.corpus.series import lists, long, wide
from hsvis.corpus.series.cells import Places, is_list, is_text
from hsvis.corpus.series.sequences import Series
from hsvis.remarks import Remark


@dataclass(frozen=True)
class Read:
    """The sequences of a split.

    Attributes:
        labels: one for each, or for each step, as text, or None.
        features: what the values of a step are called, where something says it.
    """

    series: list[Series]
    labels: list[str | None]
    features: tuple[str, ...] | None = None
    remarks: list[Remark] = field(default_factory=list)
    steps: np.ndarray | None = None  # (S,) int64, labels of each sequence, where they are of steps
    of_steps: list[str | None] | None = None  # the label of the row of each step, of a table in long form


def read_table(
    table: pa.Table, labels: Sequence[str | None], captions: Sequence[str] | None,
    settings: DatasetSettings, places: Places,
) -> Read:  # fmt: skip
    """The series that `dataset.values` names.

    Args:
        labels: of the rows.
        captions: of the rows, or None.

    Raises:
        DataError: a column or cell that is something else.
    """
    named = [settings.values] if isinstance(settings.values, str) else list(settings.values or ())
    remarks: list[Remark] = []
    groups: list[list[str]] = []
    for one in named:
        names, said = wide.matching(one, table, settings, places.source)
        groups.append(names)
        remarks += said
    every = list(dict.fromkeys(name for names in groups for name in names))
    has_pattern = any(is_pattern(one) and one not in table.column_names for one in named)
    features = tuple(every) if isinstance(settings.values, list) or has_pattern else None
    if settings.sequence is not None:
        read = long.of_rows(table, every, labels, settings, places)
        return Read(read.series, read.labels, features, [*remarks, *read.remarks], read.steps, read.of_steps)
    if len(named) == 1 and not has_pattern:
        found, more = lists.of_lists(table.column(every[0]), every[0], settings, captions, places)
        return Read(found, list(labels), features, more)
    if _holds_lists(table.column(every[0])):
        found, more = lists.of_features(table, every, settings, captions, places)
        return Read(found, list(labels), features, [*remarks, *more])
    groups = groups if has_pattern else [every]
    found, more = wide.of_columns(table, groups, settings, captions, places)
    names_of = tuple(named) if has_pattern and len(groups) > 1 else None
    return Read(found, list(labels), names_of, [*remarks, *more])


def _holds_lists(column: pa.ChunkedArray) -> bool:
    if not is_text(column.type):
        kind = getattr(column.type, "storage_type", column.type)
        return is_list(kind)
    cell = next((one for one in column.to_pylist() if one is not None and one.strip()), "")
    return len(cell.split()) > 1 or cell.strip()[:1] in ("[", "(") or ";" in cell
