"""Wide tables: a row is a sequence, and its steps are columns."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

import numpy as np
import pyarrow as pa

from hsvis.config import DatasetSettings
from hsvis.config.formats import is_pattern
from hsvis.corpus.series.cells import Places, numbers_of
from hsvis.corpus.series.sequences import Series, series_of
from hsvis.corpus.step_order import natural_order
from hsvis.errors import DataError
from hsvis.remarks import Remark, listed

UNNAMED = "column 1"  # as readers of text files call it
INDEX = re.compile(r"(?:Unnamed: 0)?|__index_level_0__|index")  # names of what pandas writes beside a table


def matching(
    pattern: str, table: pa.Table, settings: DatasetSettings, source: str
) -> tuple[list[str], list[Remark]]:
    """Columns that a pattern of `dataset.values` names, in their natural order.

    Label, text, columns that are kept, and those that tell sequences and steps apart are none of them, nor is
    a column that numbers the rows.

    Raises:
        DataError: there is none.
    """
    there = table.column_names
    if pattern in there or not is_pattern(pattern):
        return [pattern], []
    other = {settings.label, *settings.text_columns, settings.sequence, settings.step}
    other |= set(settings.keep or ()) if settings.keep != "all" else set()
    found = [name for name in there if name not in other and fnmatchcase(name, pattern)]
    numbering = [name for name in found if INDEX.fullmatch(name) or _counts_rows(name, table)]
    found = sorted((name for name in found if name not in numbering), key=natural_order)
    if not found:
        raise DataError(
            f"{source}: no column fits `{pattern}`. Set `dataset.values` to columns of {listed(there, 20)}."
        )
    kept = [] if settings.keep == "all" else [n for n in settings.keep or () if fnmatchcase(n, pattern)]
    told = {
        f"the column {listed(numbering)} numbers the rows": numbering,
        f"{listed(kept)}, which `dataset.keep` names, fits `{pattern}`": kept,
    }
    return found, [
        Remark("series-form", f"{source}: {text}, and is no step.") for text, names in told.items() if names
    ]


def _counts_rows(name: str, table: pa.Table) -> bool:
    """Whether a first column without a name in the header holds 0, 1, 2, … or 1, 2, 3, …"""
    if name != UNNAMED:
        return False
    cells = list(map(str, table.column(name).to_pylist()))
    return any(cells == list(map(str, range(begin, begin + len(cells)))) for begin in (0, 1))


def of_columns(
    table: pa.Table, features: Sequence[Sequence[str]], settings: DatasetSettings,
    captions: Sequence[str] | None, places: Places,
) -> tuple[list[Series], list[Remark]]:  # fmt: skip
    """Each row is a sequence.

    Args:
        features: for each of the F features the columns of its T steps, in their order.

    Raises:
        DataError: features of different numbers of steps, or a cell that is no number.
    """
    first = features[0]
    for names in features:
        if len(names) != len(first):
            raise DataError(
                f"{places.source}: the features have {len(first)} steps (`{first[0]}` to `{first[-1]}`) and "
                f"{len(names)} (`{names[0]}` to `{names[-1]}`). All features need the same steps."
            )
    values = np.empty((table.num_rows, len(first), len(features)), np.float32)
    remarks: list[Remark] = []
    for k, names in enumerate(features):
        for step, name in enumerate(names):
            values[:, step, k], marks = numbers_of(table.column(name), name, places, settings.missing)
            remarks += marks
        is_sorted = sorted(names, key=table.column_names.index) == list(names)
        order = "" if is_sorted else "; the file has another order"
        what = "a row is a sequence, and its steps" if len(features) == 1 else f"the steps of feature {k}"
        text = f"{places.source}: {what} are the {len(names):,} columns {_ends(names)}{order}."
        remarks.append(Remark("series-form", text))
    lengths = np.full(len(values), len(first))
    labels = None if settings.step_name or all(map(str.isdigit, first)) or len(features) > 1 else list(first)
    found, told = series_of(
        values.reshape(-1, len(features)), lengths, settings, places.source, captions,
        labels * len(values) if labels else None, is_padded=True,
    )  # fmt: skip
    return found, [*remarks, *told]


def _ends(names: Sequence[str]) -> str:
    return listed(names) if len(names) < 4 else f"`{names[0]}`, `{names[1]}` … `{names[-1]}`"
