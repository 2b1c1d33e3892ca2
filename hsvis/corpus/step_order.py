"""In which order the steps of a series come: numbers, dates and times by what they mean, texts naturally."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from hsvis.remarks import Remark, listed

# what the texts of a column may be, the day first before the month first
DATES = (
    "%d.%m.%Y", "%d.%m.", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d %b %Y", "%d %B %Y",
    "%b %d, %Y", "%b %d %Y", "%B %d, %Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M %p", "%Y/%m/%d", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S", "%b %Y",
    "%B %Y", "%m/%Y", "%b", "%B", "%a", "%A",
)  # fmt: skip
TIMES = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%M:%S.%f", "%I:%M %p", "%I %p")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _sized(digits: str) -> tuple[int, int, str]:
    """Digits by how many and which: there may be thousands, too many for a number."""
    return 1, len(digits), digits


def natural_order(value: str) -> tuple[Any, ...]:
    """A key for sorting: numbers by size before texts, and numbers inside texts by size (`c2`, `c10`)."""
    if _NUMBER.fullmatch(value):
        return 0, float(value), value
    parts = re.split(r"([0-9]+)", value)
    sized = [  # digits by how many and which: there may be thousands
        (1, len(part.lstrip("0")), part.lstrip("0")) if k % 2 else (0, 0, part)
        for k, part in enumerate(parts)
    ]
    return 1, sized, value


@dataclass(frozen=True)
class StepOrder:
    """Places of the different values of a column of steps.

    Attributes:
        place: (n,) int64, the place of each row's value among all.
        kind: what they were taken for, for people.
        doubt: another reading that would give another order, or nothing.
    """

    place: np.ndarray
    kind: str
    doubt: str = ""


def order_of(values: Sequence[Any]) -> StepOrder:
    """The order of the values of a column, none of which is missing.

    Raises:
        TypeError: they can't be compared.
    """
    different = list(dict.fromkeys(values))
    kind, doubt = "their values", ""
    keys: list[Any] = different
    if all(isinstance(one, str) for one in different):
        keys, kind, doubt = _keys_of_texts(different)
    ranked = sorted(range(len(different)), key=keys.__getitem__)
    place = {}
    last, at = None, -1
    for k in ranked:  # what means the same has one place
        if at < 0 or keys[k] != last:
            last, at = keys[k], at + 1
        place[different[k]] = at
    return StepOrder(np.array([place[one] for one in values], np.int64), kind, doubt)


def _keys_of_texts(texts: Sequence[str]) -> tuple[list[Any], str, str]:
    """A key for each, what the texts were taken for, and another reading of them."""
    if all(_NUMBER.fullmatch(one.strip()) for one in texts):
        return [float(one) for one in texts], "numbers", ""
    iso = _parsed(texts, datetime.fromisoformat)
    if iso is not None:
        return iso, "dates", ""
    fitting = []
    for form in (*DATES, *TIMES):
        found = _parsed(texts, lambda one, form=form: _strptime(one, form))
        if found is not None:
            fitting.append((form, found))
    if not fitting:
        return [natural_order(one) for one in texts], "texts, with the numbers in them by size", ""
    form, keys = fitting[0]
    orders = [np.argsort(np.argsort(_numbers(one), kind="stable"), kind="stable") for _, one in fitting]
    other = next((k for k in range(1, len(fitting)) if (orders[k] != orders[0]).any()), None)
    doubt = "" if other is None else f"{_said(form)}; {_said(fitting[other][0])} would fit as well"
    return keys, "times" if form in TIMES else "dates", doubt


def _numbers(keys: Sequence[Any]) -> np.ndarray:
    first = min(keys)
    return np.array([(one - first).total_seconds() for one in keys])


def _strptime(text: str, form: str) -> datetime:
    if form in ("%a", "%A"):
        names = [day[:3] for day in _DAYS] if form == "%a" else list(_DAYS)
        return datetime(2000, 1, 3 + names.index(text.lower()))
    if "%d" in form and "%y" not in form.lower():  # a leap year: the 29th of February is a day
        return datetime.strptime(f"{text} 2000", f"{form} %Y")
    return datetime.strptime(text, form)


def _said(form: str) -> str:
    names = {
        "%d": "day", "%m": "month", "%b": "month", "%B": "month", "%Y": "year", "%y": "year", "%H": "hour",
        "%M": "minute", "%S": "second", "%I": "hour",
    }  # fmt: skip
    return ", ".join(names[one] for one in re.findall(r"%.", form) if one in names)


def _parsed(texts: Sequence[str], parse: Any) -> list[datetime] | None:
    """All of them, or None where one is something else."""
    found = []
    for one in texts:
        try:
            found.append(parse(one.strip()))
        except (ValueError, OverflowError):
            return None
    zones = {one.tzinfo is None for one in found}
    return found if len(zones) == 1 else None


def order_remarks(
    name: str, order: StepOrder, of_row: np.ndarray, values: Sequence[Any], source: str
) -> list[Remark]:
    """What is told of an order: that it is not the file's, and that it could be another.

    Args:
        of_row: (n,) int64, the sequence of each row.
    """
    remarks = []
    by_sequence = np.argsort(of_row, kind="stable")
    places, owners = order.place[by_sequence], of_row[by_sequence]
    back = np.flatnonzero((np.diff(places) < 0) & (np.diff(owners) == 0))
    if len(back):
        rows = by_sequence[back[0] : back[0] + 2].tolist()
        remarks.append(
            Remark(
                "step-order",
                f"{source}: steps are ordered by `{name}`, taken for {order.kind}; the file has another "
                "order in "
                f"{len(set(owners[back].tolist())):,} sequences ({listed(values[row] for row in rows)} in "
                "this order). "
                "`dataset.step: null` keeps the file's.",
            )
        )
    if order.doubt:
        remarks.append(
            Remark(
                "ambiguous-dates",
                f"{source}: `{name}` is read as {order.doubt}, in another order. Write dates as 2020-12-31.",
            )
        )
    return remarks
