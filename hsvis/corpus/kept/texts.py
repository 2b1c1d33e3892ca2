"""What cells of text are: numbers, dates, yes or no, else categories."""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from hsvis.corpus.step_order import DATES

LARGEST_WHOLE = 2**53  # beyond it whole numbers are none any more in a browser
MISSING = {"nan", "na", "n/a", "null", "none", "-", "--", "?"}  # that mean nothing among numbers and dates
_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_ZEROS = re.compile(r"[+-]?0[0-9]")  # a postcode or an id, such as 007, no number
_BOOLEANS = ({"true": True, "false": False}, {"yes": True, "no": False})
_DIGITS = {**_BOOLEANS[0], **_BOOLEANS[1], "1": True, "0": False}
# those of `DATES` that have a year
FORMS = ("%Y-%m", *(form for form in DATES if "%Y" in form or "%y" in form))


@dataclass(frozen=True)
class Reading:
    """What the different texts of a column were taken for.

    Attributes:
        kind: "number", "date", "boolean" or "category".
        values: text -> int or float, datetime, bool or the text; None where it means nothing.
        how: what else there is to say of it, such as the form of dates.
        doubt: another form of dates that would give other days.
    """

    kind: str
    values: dict[str, Any]
    how: str = ""
    doubt: str = ""

    @property
    def nothing(self) -> list[str]:
        """Texts that count as missing."""
        return [text for text, value in self.values.items() if value is None and text.strip()]


def read_texts(texts: Iterable[str], kind: str | None = None) -> Reading:
    """What the different texts of a column are.

    Args:
        kind: where somebody said it; else the first of yes and no, numbers and dates that all texts are.

    Raises:
        ValueError: they are not of that kind; the message names one that is not.
    """
    given = list(dict.fromkeys(texts))
    blank: dict[str, Any] = {text: None for text in given if not text.strip()}
    held = [text for text in given if text not in blank]
    if kind == "category" or not held:
        return Reading("category", blank | {text: text for text in held})
    if kind is not None:
        return _as(kind, held, blank)
    for sure in (True, False):
        nothing = {} if sure else {text: None for text in held if text.strip().lower() in MISSING}
        left = [text for text in held if text not in nothing]
        if not left or not (sure or nothing):
            break
        for read in (_booleans, _numbers, _dates):
            found = read(left)
            if found is not None:
                return Reading(found.kind, blank | nothing | found.values, found.how, found.doubt)
    return Reading("category", blank | {text: text for text in held})


def _as(kind: str, held: Sequence[str], blank: dict[str, Any]) -> Reading:
    read: Callable[[Sequence[str]], Reading | None] = {
        "number": _numbers, "date": _dates, "boolean": _yes_or_no
    }[kind]  # fmt: skip
    nothing: dict[str, Any] = {text: None for text in held if text.strip().lower() in MISSING}
    left = [text for text in held if text not in nothing]
    found = read(left) if left else Reading(kind, {})
    if found is None:
        wrong = next((text for text in left if read([text]) is None), left[0])
        raise ValueError(f"`{wrong[:40]}` is no {kind}")
    return Reading(kind, blank | nothing | found.values, found.how, found.doubt)


def _booleans(texts: Sequence[str]) -> Reading | None:
    return next((one for words in _BOOLEANS if (one := _of_words(texts, words)) is not None), None)


def _yes_or_no(texts: Sequence[str]) -> Reading | None:
    return _of_words(texts, _DIGITS)


def _of_words(texts: Sequence[str], words: dict[str, bool]) -> Reading | None:
    values = {text: words.get(text.strip().lower()) for text in texts}
    return None if None in values.values() else Reading("boolean", values)


def _numbers(texts: Sequence[str]) -> Reading | None:
    cells = [text.strip() for text in texts]
    if not all(_NUMBER.fullmatch(cell) and not _ZEROS.match(cell) for cell in cells):
        return None
    if all(map(_WHOLE.fullmatch, cells)):
        if any(len(cell) > 17 or abs(int(cell)) > LARGEST_WHOLE for cell in cells):
            return None
        return Reading("number", {text: int(text) for text in texts})
    values = {text: float(text) for text in texts}
    return Reading("number", values) if all(map(math.isfinite, values.values())) else None


def _dates(texts: Sequence[str]) -> Reading | None:
    iso = _parsed(texts, datetime.fromisoformat)
    if iso is not None:
        return Reading("date", iso, "year-month-day")
    fitting = []
    for form in FORMS:
        found = _parsed(texts, partial(_of_form, form=form))
        if found is not None:
            fitting.append((form, found))
    if not fitting:
        return None
    form, values = fitting[0]
    other = next((name for name, found in fitting if found != values), "")
    return Reading("date", values, _said(form), _said(other))


def _of_form(text: str, form: str) -> datetime:
    return datetime.strptime(text, form)


def _parsed(texts: Sequence[str], parse: Callable[[str], datetime]) -> dict[str, Any] | None:
    """The moment of each, by UTC where they say their zone; None where one is something else."""
    found: dict[str, Any] = {}
    try:
        for text in texts:
            found[text] = parse(text.strip())
        if len({one.tzinfo is None for one in found.values()}) > 1:
            return None
        return {text: one if one.tzinfo is None else one.astimezone(UTC) for text, one in found.items()}
    except (ValueError, OverflowError):
        return None


def _said(form: str) -> str:
    """`%d/%m/%Y` as "day/month/year"."""
    names = {
        "%d": "day", "%m": "month", "%b": "month", "%B": "month", "%Y": "year", "%y": "year", "%H": "hour",
        "%M": "minute", "%S": "second", "%I": "hour", "%p": "am/pm",
    }  # fmt: skip
    return re.sub("%.", lambda one: names.get(one[0], one[0]), form)
