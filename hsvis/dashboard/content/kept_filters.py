"""What a sequence must have in the kept columns to be emphasised: some categories, or a range."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from hsvis.dashboard.content.request_json import short
from hsvis.run.columns import DAY, Column, moment

MOST_CATEGORIES = 100  # of one column: an address must hold them
LONGEST = 200  # characters of a category
EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True)
class ColumnTest:
    """What a cell of one kept column must be.

    Attributes:
        among: categories, or yes and no, of which it must be one; None stands for what is missing.
        low, high: both ends of a range, which belong to it, as `Column.numbers` has them; None = no end.
    """

    column: str
    among: tuple[str | None, ...] | None = None
    low: float | None = None
    high: float | None = None

    def mask(self, column: Column) -> np.ndarray:
        """Which cells are: (S,) bool."""
        if self.among is None:
            low, high = (
                -math.inf if self.low is None else self.low,
                math.inf if self.high is None else self.high,
            )
            return (column.numbers >= low) & (column.numbers <= high)
        if not column.is_of_groups:
            return np.isnan(column.numbers)
        places = {group: k for k, group in enumerate(column.groups)} | {None: -1}
        return np.isin(column.codes, [places[one] for one in self.among if one in places])


def parse(value: Any, columns: Sequence[Column]) -> tuple[ColumnTest, ...]:
    """Reads {column: {"among": [category, …]} or {"from": end, "to": end}}, of which None is a missing cell.

    Raises:
        ValueError: it is malformed, or there is no such column; the message is a sentence.
    """
    given = {} if value is None else value
    if not isinstance(given, dict):
        raise ValueError(f"columns={short(value)} is not an object of kept columns.")
    there = {one.name: one for one in columns}
    for name in given:
        if name not in there:
            raise ValueError(
                f"{short(name)} is none of the kept columns {', '.join(there) or '(there are none)'}."
            )
    return tuple(_test(there[name], given[name]) for name in there if name in given)


def asked(tests: Iterable[ColumnTest], columns: Sequence[Column]) -> dict[str, Any]:
    """The inverse of `parse`: what these tests ask for, for JSON."""
    kinds = {one.name: one.kind for one in columns}
    return {one.column: _asked(one, is_date=kinds[one.column] == "date") for one in tests}


def _asked(test: ColumnTest, *, is_date: bool) -> dict[str, Any]:
    if test.among is not None:
        return {"among": list(test.among)}
    ends = {"from": test.low, "to": test.high}
    if not is_date:
        return {key: end for key, end in ends.items() if end is not None}
    days = {"from": (test.low or 0) % DAY == 0, "to": ((test.high or 0) + 1) % DAY == 0}
    return {key: moment(end, of_days=days[key]) for key, end in ends.items() if end is not None}


def _test(column: Column, given: Any) -> ColumnTest:
    name = short(column.name)
    if not isinstance(given, dict) or not given or not set(given) <= {"among", "from", "to"}:
        raise ValueError(f'{name}={short(given)} has to be {{"among": […]}} or {{"from": …, "to": …}}.')
    if "among" in given:
        every = given["among"]
        if set(given) != {"among"} or not isinstance(every, list) or not 1 <= len(every) <= MOST_CATEGORIES:
            raise ValueError(f"{name}: `among` has to be a list of 1 to {MOST_CATEGORIES} categories.")
        allowed = isinstance if column.is_of_groups else lambda one, kind: False
        for one in every:
            if one is not None and not (allowed(one, str) and len(one) <= LONGEST):
                raise ValueError(f"{name}: {short(one)} is no category, nor null for what is missing.")
        return ColumnTest(column.name, tuple(dict.fromkeys(every)))
    if column.is_of_groups:
        raise ValueError(f"{name} has categories and no range: `among` is needed.")
    low, high = (_end(column, given.get(key), key) for key in ("from", "to"))
    if low is None and high is None:
        raise ValueError(f"{name}: `from` or `to` is needed.")
    return ColumnTest(column.name, low=low, high=high)


def _end(column: Column, value: Any, key: str) -> float | None:
    if value is None:
        return None
    if column.kind == "number":
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e308:
            raise ValueError(f"{short(column.name)}: {key}={short(value)} is not a number.")
        return float(value)
    try:
        if not isinstance(value, str) or len(value) > 40:
            raise ValueError
        found = datetime.fromisoformat(value)
        found = found if found.tzinfo is None else found.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise ValueError(
            f"{short(column.name)}: {key}={short(value)} is not a date such as 2020-12-31."
        ) from None
    microseconds = (found - EPOCH) / timedelta(microseconds=1)
    is_day = key == "to" and len(value) == len("2020-12-31")  # all of it
    return microseconds + (DAY - 1 if is_day else 0)
