"""Labels as a dataset has them -> text, alike in both splits."""

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from hsvis.config import DatasetSettings
from hsvis.errors import DataError
from hsvis.remarks import shorten

LARGEST = 10**30  # of a code
_WHOLE_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)\.0+")


def label_texts(values: Iterable[Any], settings: DatasetSettings, split: str) -> list[str | None]:
    """Labels as text: `true`, `3`, `neg`; None where there is none.

    Raises:
        DataError: a value is no name and no whole number.
    """
    texts: list[str | None] = []
    kinds: dict[bool, Any] = {}  # whether a value is text -> the first such one
    for row, value in enumerate(values):
        text = _text(value)
        if text is _WRONG:
            raise DataError(
                f"dataset `{settings.path}`, split `{split}`, row {row}: `{settings.label}` holds "
                f"`{shorten(value)}`. Labels are names or whole numbers, one a row. Set `dataset.label` to "
                "the "
                "column of the class; for a model that answers a number set `model.answers: number`."
            )
        if text is not None:
            kinds.setdefault(isinstance(value, str | bytes), value)
        texts.append(text)
    if len(kinds) > 1:
        raise DataError(
            f"dataset `{settings.path}`, split `{split}`: `{settings.label}` holds texts and numbers, such "
            "as "
            f"`{shorten(kinds[True])}` and `{shorten(kinds[False])}`. Write all labels in one way."
        )
    return texts


def known_texts(values: Iterable[Any], names: Sequence[str]) -> list[Any]:
    """Labels that are indices of a split's own names, as these names; -1, no label, stays what it is."""
    return [v if not isinstance(v, int) else names[v] if 0 <= v < len(names) else str(v) for v in values]


def clean_labels(
    settings: DatasetSettings, train: Sequence[str | None], test: Sequence[str | None]
) -> tuple[list[str | None], list[str | None]]:
    """Labels of both splits without those that mean none, and without the `.0` of a column with gaps."""
    both = [*train, *test]
    is_float = all(text is None or _WHOLE_FLOAT.fullmatch(text) for text in both)
    unknown = {*settings.unknown, *(cut_float(one) for one in settings.unknown)}
    cleaned = [
        None
        if text is None or text in unknown or cut_float(text) in unknown
        else cut_float(text)
        if is_float
        else text
        for text in both
    ]
    return cleaned[: len(train)], cleaned[len(train) :]


def cut_float(text: str) -> str:
    """`1.0` as `1`; anything else as it is."""
    return text.partition(".")[0] if _WHOLE_FLOAT.fullmatch(text) else text


_WRONG = "\0"  # in place of a value that can't be a label


def _text(value: Any) -> str | None:
    if isinstance(value, float | np.floating) and math.isnan(value):
        return None
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, int | np.integer):
        return str(int(value)) if abs(int(value)) < LARGEST else _WRONG
    return str(int(value)) if isinstance(value, float | np.floating) and float(value).is_integer() else _WRONG
