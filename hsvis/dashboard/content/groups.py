"""The groups of sequences that a kept column makes, and how often the model is right in each."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from hsvis.analysis.groups import GroupCounts, count_groups, range_groups
from hsvis.run.columns import DAY, Column, moment
from hsvis.run.store import StateStore

RANGES = 6  # groups of numbers and dates
MISSING_TEST: dict[str, Any] = {"among": [None]}  # what a filter asks for where a cell is missing


@dataclass(frozen=True)
class Group:
    """One group.

    Attributes:
        test: what a filter of the page asks of the column for it, as `kept_filters.parse` reads it.
    """

    label: str
    test: dict[str, Any]
    counts: GroupCounts


def groups_of(store: StateStore, column: Column) -> list[Group]:
    """Categories, the most frequent first, or ranges from low to high; then what is missing, if any is."""
    if column.is_of_groups:
        codes = column.codes
        named: list[tuple[str, dict[str, Any]]] = [(one, {"among": [one]}) for one in column.groups]
    else:
        is_date = column.kind == "date"
        numbers = np.floor(column.numbers / DAY) if is_date else column.numbers
        codes, ends = range_groups(numbers, RANGES)
        named = [_range(low, high, is_date=is_date) for low, high in ends]
    verdicts = store.verdicts
    counts = count_groups(
        codes, len(named), verdicts.n_known, verdicts.n_right, is_of_steps=verdicts.unit == "step"
    )
    found = [Group(label, test, one) for (label, test), one in zip(named, counts, strict=False)]
    if counts[-1].sequences:
        found.append(Group("missing", MISSING_TEST, counts[-1]))
    return found


def _range(low: float, high: float, *, is_date: bool) -> tuple[str, dict[str, Any]]:
    ends: list[Any] = [moment(end * DAY, of_days=True) if is_date else _short(end) for end in (low, high)]
    shown = [str(end) if is_date or isinstance(end, int) else f"{end:.4g}" for end in ends]
    label = shown[0] if low == high else " – ".join(shown)
    return label, {"from": ends[0], "to": ends[1]}


def _short(number: float) -> float | int:
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
