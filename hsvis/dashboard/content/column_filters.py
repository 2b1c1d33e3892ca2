"""The filters in the heads of the table's columns, applied on the server as the grid would in the browser."""

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hsvis.dashboard.content.request_json import json_object, short

NUMBERS = ("sequence", "confidence", "length", "right", "perplexity")
TEXTS = ("class", "classification", "correct", "words")
OF_NUMBERS = ("value", "answer", "error")  # columns of a run whose model answers a number
COLUMNS = (*NUMBERS, *TEXTS)
KINDS: Mapping[str, str] = {**dict.fromkeys(NUMBERS, "number"), **dict.fromkeys(TEXTS, "text")}
MOST_CONDITIONS = 10  # of one column
LONGEST_TEXT = 1000  # characters of one condition

COMPARISONS: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "equals": operator.eq,
    "notEqual": operator.ne,
    "greaterThan": operator.gt,
    "greaterThanOrEqual": operator.ge,
    "lessThan": operator.lt,
    "lessThanOrEqual": operator.le,
}
MATCHES: dict[str, Callable[[pa.Array, bytes], pa.Array]] = {
    "contains": pc.match_substring,
    "notContains": lambda texts, part: pc.invert(pc.match_substring(texts, part)),
    "equals": pc.equal,
    "notEqual": pc.not_equal,
    "startsWith": pc.starts_with,
    "endsWith": pc.ends_with,
}
BLANKS = ("blank", "notBlank")  # need no value
DAYS = ("equals", "notEqual", "greaterThan", "lessThan")  # of dates, as the grid offers them


@dataclass(frozen=True)
class Condition:
    """What one cell of a column must be.

    Attributes:
        kind: as the grid calls it: "contains", "greaterThan", …
        value: to compare with; a text in lower case; of dates the days since 1970.
        end: of "inRange", which neither end belongs to.
    """

    kind: str
    value: float | str | None = None
    end: float | None = None


@dataclass(frozen=True)
class ColumnFilter:
    """All conditions of a column, or with `any` at least one of them."""

    column: str
    conditions: tuple[Condition, ...]
    any: bool = False

    def mask(self, test: Callable[[Condition], np.ndarray]) -> np.ndarray:
        """Which rows pass: (S,) bool.  `test` says it for one condition."""
        join = np.logical_or if self.any else np.logical_and
        return join.reduce([test(condition) for condition in self.conditions])


def parse(text: str | None, kinds: Mapping[str, str] = KINDS) -> tuple[ColumnFilter, ...]:
    """Reads the grid's filter model, a JSON object {column: filter}; nothing or "" is no filter.

    Args:
        kinds: of the columns that the table has: "number", "date" or "text".

    Raises:
        ValueError: it is malformed; the message is a sentence that says what is allowed.
    """
    if not text:
        return ()
    read = json_object(text, tuple(kinds), "columns")
    return tuple(_column(column, kinds[column], read[column]) for column in kinds if column in read)


def among_numbers(values: np.ndarray, condition: Condition) -> np.ndarray:
    """Which of the values (S,) fulfil a condition of a column of numbers: (S,) bool.  NaN is blank."""
    blank = np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), bool)
    if condition.kind in BLANKS:
        return blank if condition.kind == "blank" else ~blank
    assert isinstance(condition.value, float)
    if condition.kind == "inRange":
        assert condition.end is not None
        return (values > condition.value) & (values < condition.end)
    return COMPARISONS[condition.kind](values, condition.value) & ~blank


def among_texts(texts: pa.Array, condition: Condition) -> np.ndarray:
    """Which of the texts fulfil a condition of a column of texts: (S,) bool.

    Args:
        texts: S binary values from `folded`.
    """
    if condition.kind in BLANKS:
        blank = np.array([not text.decode("utf-8", "surrogatepass").strip() for text in texts.to_pylist()])
        return blank if condition.kind == "blank" else ~blank
    found = MATCHES[condition.kind](texts, str(condition.value).encode("utf-8", "surrogatepass"))
    return found.to_numpy(zero_copy_only=False)


def fold_case(texts: list[str]) -> pa.Array:
    """The texts in lower case, as bytes: a class out of YAML may be half a character."""
    return pa.array([text.lower().encode("utf-8", "surrogatepass") for text in texts], pa.binary())


def _column(column: str, kind: str, model: Any) -> ColumnFilter:
    if not isinstance(model, dict):
        raise ValueError(f"{column}={short(model)} is not a filter: an object with `type` is needed.")
    joined = model.get("operator")
    if joined is None:
        return ColumnFilter(column, (_condition(column, kind, model),))
    conditions = model.get("conditions")
    if joined not in ("AND", "OR"):
        raise ValueError(f"{column}: operator={short(joined)} is none of AND, OR.")
    if not isinstance(conditions, list) or not 1 <= len(conditions) <= MOST_CONDITIONS:
        raise ValueError(f"{column}: `conditions` has to be a list of 1 to {MOST_CONDITIONS} filters.")
    return ColumnFilter(column, tuple(_condition(column, kind, one) for one in conditions), joined == "OR")


def _condition(column: str, of: str, model: Any) -> Condition:
    compared = {"number": (*COMPARISONS, "inRange"), "date": (*DAYS, "inRange"), "text": tuple(MATCHES)}[of]
    allowed = (*compared, *BLANKS)
    kind = model.get("type") if isinstance(model, dict) else None
    if kind not in allowed:
        raise ValueError(f"{column}: type={short(kind)} is none of {', '.join(allowed)}.")
    if kind in BLANKS:
        return Condition(kind)
    if of == "text":
        return Condition(kind, _text(column, model))
    read, start, stop = (_day, "dateFrom", "dateTo") if of == "date" else (_number, "filter", "filterTo")
    return Condition(
        kind, read(column, model, start), read(column, model, stop) if kind == "inRange" else None
    )


def _day(column: str, model: Mapping[str, Any], key: str) -> float:
    """Days since 1970 of `2020-12-31`, whatever time of day stands behind it."""
    value = model.get(key)
    try:
        found = datetime.strptime(value[:10], "%Y-%m-%d") if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None:
        raise ValueError(f"{column}: {key}={short(value)} is not a date such as 2020-12-31.")
    return float((found - datetime(1970, 1, 1)).days)


def _text(column: str, model: Mapping[str, Any]) -> str:
    value = model.get("filter")
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise ValueError(f"{column}: filter={short(value)} is not a text of at most {LONGEST_TEXT} letters.")
    return value.lower()


def _number(column: str, model: Mapping[str, Any], key: str) -> float:
    value = model.get(key)
    try:
        number = math.nan if isinstance(value, bool | str) or value is None else float(value)
    except (TypeError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{column}: {key}={short(value)} is not a number.")
    return number
