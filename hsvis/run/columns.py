"""The columns of a dataset that a run keeps: in its table of sequences, and in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hsvis.run.facts import ColumnFacts
from hsvis.storage.layouts import check_layout

PREFIX = "keep:"  # of their names in the table of sequences, which has columns of its own
TYPES = {
    str(one): one
    for one in (
        pa.int64(), pa.float32(), pa.float64(), pa.string(), pa.bool_(), pa.date32(), pa.timestamp("us"),
        pa.timestamp("us", "UTC"),
    )
}  # fmt: skip
MOST_TOLD = 20  # categories that a manifest names
TRUTH = ("no", "yes")
DAY = 86_400_000_000  # microseconds


@dataclass(frozen=True, eq=False)
class Column:
    """A kept column of a run.

    Attributes:
        facts: its name, its kind and what it holds.
        values: S cells; what is missing is null.
    """

    facts: ColumnFacts
    values: pa.Array

    @property
    def name(self) -> str:
        return self.facts.name

    @property
    def kind(self) -> str:
        return self.facts.kind

    @property
    def is_of_groups(self) -> bool:
        """Whether it has categories, or yes and no; else numbers or dates."""
        return self.kind in ("category", "boolean")

    @property
    def is_of_days(self) -> bool:
        """Whether its dates have no time of day."""
        return bool(pa.types.is_date(self.values.type))

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """The K different categories, the most frequent first."""
        return tuple(self._groups[0])

    @cached_property
    def codes(self) -> np.ndarray:
        """(S,) int32, the place of each cell in `groups`; -1 where it is missing."""
        return self._groups[1]

    @cached_property
    def _groups(self) -> tuple[list[str], np.ndarray]:
        texts = pa.array(self.cells(), pa.string()) if self.kind == "boolean" else self.values
        coded = texts.dictionary_encode()
        codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        names = coded.dictionary.to_pylist()
        counts = np.bincount(codes[codes >= 0], minlength=len(names))
        order = sorted(range(len(names)), key=lambda k: (-counts[k], names[k]))
        places = np.full(len(names) + 1, -1, np.int32)  # the last one for what is missing
        places[order] = np.arange(len(names), dtype=np.int32)
        found = places[codes]
        found.flags.writeable = False
        return [names[k] for k in order], found

    @cached_property
    def numbers(self) -> np.ndarray:
        """(S,) float64, of dates microseconds since 1970; NaN where one is missing."""
        values = self.values
        if pa.types.is_date(values.type):
            values = values.cast(pa.timestamp("us"))
        if pa.types.is_timestamp(values.type):
            values = values.cast(pa.int64())
        cells = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        found = np.array(cells, np.float64)
        found.flags.writeable = False
        return found

    def cells(self, sequences: np.ndarray | None = None) -> list[Any]:
        """Cells as the page and files have them: numbers, dates as 2020-12-31, yes or no, texts, or None.

        Args:
            sequences: (K,) int, whose; None = all S.
        """
        values = self.values if sequences is None else self.values.take(pa.array(sequences))
        return [self._cell(one) for one in values.to_pylist()]

    def _cell(self, value: Any) -> Any:
        if isinstance(value, bool):
            return TRUTH[value]
        if isinstance(value, float) and pa.types.is_float32(self.values.type):
            return float(str(np.float32(value)))
        return written(value) if isinstance(value, date) else value


def column_named(columns: Sequence[Column], name: str) -> Column | None:
    """The kept column of that name."""
    return next((one for one in columns if one.name == name), None)


def cells_of(columns: Sequence[Column], index: int) -> dict[str, Any]:
    """What the kept columns hold of a sequence, by their names, as `Column.cells` gives it."""
    return {one.name: one.cells(np.array([index]))[0] for one in columns}


def written(value: date | datetime) -> str:
    """`2020-12-31`, and with a time of day `2020-12-31 23:59`, to the second or finer where it has them."""
    if not isinstance(value, datetime):
        return value.isoformat()
    exact = value.replace(tzinfo=None).isoformat(" ")
    return exact.removesuffix(":00") if value.second == 0 and value.microsecond == 0 else exact


def moment(microseconds: float, *, of_days: bool) -> str:
    """A number of `Column.numbers` as a date is written."""
    found = np.datetime64(int(microseconds), "us").astype(datetime)
    return written(found.date() if of_days else found)


def column_facts(name: str, kind: str, values: pa.Array, how: str = "") -> ColumnFacts:
    """What a manifest says of a kept column.  `values`: S cells."""
    facts = ColumnFacts(name=name, kind=kind, type=str(values.type), how=how, missing=values.null_count)
    column = Column(facts, values)
    if column.is_of_groups:
        counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.groups))[:MOST_TOLD]
        most = [(group, int(n)) for group, n in zip(column.groups, counts, strict=False)]
        return facts.model_copy(update={"categories": len(column.groups), "most": most})
    ends = pc.min_max(values).as_py()
    low, high = (None if end is None else column._cell(end) for end in (ends["min"], ends["max"]))
    return facts.model_copy(update={"low": low, "high": high})


def columns_of(table: pa.Table, facts: Sequence[ColumnFacts]) -> tuple[Column, ...]:
    """The kept columns of a table of sequences.

    Raises:
        ValueError: one is not there, or of another type, or has other cells missing.
    """
    check_layout(table.schema, {PREFIX + one.name: TYPES[one.type] for one in facts})
    found = []
    for one in facts:
        held = table.column(PREFIX + one.name)
        if held.null_count != one.missing:
            raise ValueError(f"of its column `{PREFIX}{one.name}` other cells are missing")
        values = pa.concat_arrays(held.chunks) if held.num_chunks else pa.array([], held.type)
        found.append(Column(one, values))
    return tuple(found)
