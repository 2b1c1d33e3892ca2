"""Labels of independent classes: a list a row, one as text, or several columns of 0 and 1."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hsvis.config import DatasetSettings
from hsvis.corpus.labels import classes_of
from hsvis.corpus.readers.label_texts import cut_float, label_texts
from hsvis.corpus.targets.cells import is_missing
from hsvis.errors import DataError
from hsvis.remarks import Remark, listed, shorten

SEPARATORS = {"|": "bars", ";": "semicolons", ",": "commas"}  # between the names in a cell of text
YES_AND_NO = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1}
UNKNOWN, UNREADABLE = -1, -2


@dataclass(frozen=True)
class Independent:
    """What the labels of both splits are.

    Attributes:
        names: C names.
        train, test: (R, C) int8: 1 where a row has the class, 0 where not; -1 of a row without labels.
    """

    names: tuple[str, ...]
    train: np.ndarray
    test: np.ndarray
    remarks: list[Remark] = field(default_factory=list)


def independent_of(
    train: Sequence[Any], test: Sequence[Any], settings: DatasetSettings, known: Sequence[str] | None = None
) -> Independent:
    """Labels of both splits by their cells.

    Args:
        train, test: a cell a row: a list of names or ids, or of a 0 or 1 for each class; or text of these.
        known: names that the dataset has for its ids, in their order.

    Raises:
        DataError: cells that can be read in several ways, or in none; fewer than two classes.
    """
    source = f"dataset `{settings.path}`"
    both, said = _lists([*train, *test], settings, source)
    if settings.labels is not None or (told := _is_of_marks(both, settings, source)):
        names = settings.labels or _names_of_marks(both, settings, known, source)
        remarks = said if settings.labels is not None or not told else [*said, told]
        if settings.labels is not None and settings.class_names is not None:
            names = settings.class_names
        if len(names) != len(settings.labels or names):
            raise DataError(
                f"{source}: `dataset.label` names {len(settings.labels or ())} columns, `dataset.classes` "
                f"{len(names)} classes. Name a class for each column, in their order."
            )
        of_rows = _marks(both, len(names), settings, source)
        found = Independent(tuple(names), of_rows[: len(train)], of_rows[len(train) :], remarks)
    else:
        found = _of_names(both, len(train), settings, known, said)
    if len(found.names) < 2:
        raise DataError(
            f"{source}: there is one class alone, {listed(found.names)}: nothing is independent of "
            "it. Name all "
            "in `dataset.classes`, or leave out `model.answers: independent`."
        )
    lacking = [name for k, name in enumerate(found.names) if not (found.test[:, k] == 1).any()]
    if lacking and len(found.test) and (found.test >= 0).any():
        text = f"no row of the test split has the class {listed(lacking)}. Check `dataset.label`."
        found.remarks.append(Remark("no-row", text))
    return found


def _of_names(
    both: list[list[Any] | None],
    n_train: int,
    settings: DatasetSettings,
    known: Sequence[str] | None,
    said: list[Remark],
) -> Independent:
    """Of lists of names or ids."""
    texts = [
        None if one is None else label_texts(_named(one, known), settings, _split(row, n_train, settings))
        for row, one in enumerate(both)
    ]
    flat = [
        [cell for one in part if one is not None for cell in one]
        for part in (texts[:n_train], texts[n_train:])
    ]
    classes = classes_of(settings, flat[0], flat[1], known)
    found = np.zeros((len(both), len(classes.names)), np.int8)
    for row, one in enumerate(texts):
        if one is None:
            found[row] = UNKNOWN
            continue
        places = classes.indices([None if cell is None else cut_float(cell) for cell in one])
        if (places < 0).any():  # one of them is known to be unknown
            found[row] = UNKNOWN
        else:
            found[row, places] = 1
    usual = [one for one in classes.remarks if one.code not in ("no-row", "classes-as-rows")]
    return Independent(classes.names, found[:n_train], found[n_train:], [*said, *usual])


def _named(cells: Sequence[Any], known: Sequence[str] | None) -> list[Any]:
    """Ids of names that the dataset has, as these names."""
    if known is None:
        return list(cells)
    return [known[one] if type(one) is int and 0 <= one < len(known) else one for one in cells]


def _split(row: int, n_train: int, settings: DatasetSettings) -> str:
    return settings.train if row < n_train else settings.test


def _lists(
    cells: Sequence[Any], settings: DatasetSettings, source: str
) -> tuple[list[list[Any] | None], list[Remark]]:
    """Each cell as a list; None where it says nothing."""
    unknown = settings.unknown
    there = [None if is_missing(one, unknown) else one for one in cells]
    texts = [one for one in there if isinstance(one, str)]
    if not texts:
        lists = [one if one is None or isinstance(one, list) else [one] for one in there]
        return [
            None if one is not None and any(is_missing(part, unknown) for part in one) else one
            for one in lists
        ], []
    if len(texts) < sum(one is not None for one in there):
        raise DataError(
            f"{source}: `{settings.label}` holds texts and other things. Write the labels of all rows in one "
            "way, as lists."
        )
    filled = [one for one in texts if one.strip()]
    if filled and all(one.strip().startswith("[") for one in filled):
        found = [None if one is None else _parsed(one, settings, source) for one in there]
        said = f"{source}: `{settings.label}` holds lists written as text, such as `{shorten(filled[0])}`."
    else:
        mark = _separator(filled, settings, source)
        found = [
            None
            if one is None
            else [
                part.strip()
                for part in (one.split(mark) if mark else [one])
                if part.strip() not in ("", "[]")
            ]
            for one in there
        ]
        how = f"names between {SEPARATORS[mark]}" if mark else "one name a row"
        said = f"{source}: `{settings.label}` holds {how}, such as `{shorten((filled or [''])[0])}`."
    empty = sum(one is None for one in found)
    if empty:
        said += f" {empty:,} rows are empty: their labels are unknown. A row of no class is written `[]`."
    found = [
        None if one is not None and any(is_missing(part, unknown) for part in one) else one for one in found
    ]
    return found, [Remark("label-lists", said)]


def _separator(texts: Sequence[str], settings: DatasetSettings, source: str) -> str:
    """What stands between the names of a cell; "" where nothing does.

    Raises:
        DataError: several characters may be it.
    """
    names = set(settings.class_names or ())
    if names and all(one.strip() in names for one in texts):
        return ""
    there = [mark for mark in SEPARATORS if any(mark in one for one in texts)]
    if names:  # then the right one is that which gives them
        there = [
            mark
            for mark in there
            if all(part.strip() in names for one in texts for part in one.split(mark) if part.strip())
        ] or there
    if len(there) > 1:
        several = " and ".join(SEPARATORS[mark] for mark in there)
        raise DataError(
            f"{source}: `{settings.label}` holds text with {several}: which of them stand between the "
            "names of "
            "the classes can't be known. Name the classes in `dataset.classes`, or write lists, such as "
            '`["a", "b"]`.'
        )
    return there[0] if there else ""


def _parsed(text: str, settings: DatasetSettings, source: str) -> list[Any]:
    """The list that is written in a cell."""
    if not text.strip():
        return []
    for written in (text, text.replace("'", '"')):
        try:
            found = json.loads(written)
        except ValueError:
            continue
        if isinstance(found, list):
            return found
    inner = text.strip()[1:-1].replace(",", " ").split()
    if text.strip().endswith("]") and all(part in YES_AND_NO or part.isdecimal() for part in inner):
        return list(map(int, inner))  # as numpy writes it
    raise DataError(
        f"{source}: `{settings.label}` holds `{shorten(text)}`, which is no list that can be read. "
        "Write it as "
        '`["a", "b"]`.'
    )


def _is_of_marks(lists: Sequence[list[Any] | None], settings: DatasetSettings, source: str) -> Remark | None:
    """What is said where lists hold a 0 or 1 for each class, not names or ids of classes."""
    given = [one for one in lists if one is not None]
    widths = {len(one) for one in given}
    if len(widths) != 1 or widths <= {0, 1} or not all(_mark(cell) >= 0 for one in given for cell in one):
        return None
    width = widths.pop()
    return Remark(
        "label-lists",
        f"{source}: `{settings.label}` holds {width} values of 0 and 1 in each row: one for each "
        "class, in their "
        "order, 1 where the row has it.",
    )


def _names_of_marks(
    lists: Sequence[list[Any] | None], settings: DatasetSettings, known: Sequence[str] | None, source: str
) -> Sequence[str]:
    width = next(len(one) for one in lists if one is not None)
    names = settings.class_names or (known if known and len(known) == width else None)
    if names is None:
        return list(map(str, range(width)))
    if len(names) != width:
        raise DataError(
            f"{source}: `{settings.label}` holds {width} values of 0 and 1 in each row, but there are "
            f"{len(names)} classes: {listed(names)}. Name one for each value, in their order, in "
            "`dataset.classes`."
        )
    return names


def _marks(
    rows: Sequence[list[Any] | None], n_classes: int, settings: DatasetSettings, source: str
) -> np.ndarray:
    """(R, C) int8."""
    found = np.full((len(rows), n_classes), UNKNOWN, np.int8)
    columns = settings.labels or [settings.label] * n_classes
    for row, one in enumerate(rows):
        if one is None:
            continue
        marks = [_mark(cell) for cell in one]
        if UNREADABLE in marks:
            wrong = marks.index(UNREADABLE)
            raise DataError(
                f"{source}, row {row}: `{columns[wrong]}` holds `{shorten(one[wrong])}`. A column of "
                "a class "
                "holds 0 and 1, or is empty where nobody knows: correct the rows, or name what means "
                "“no label” "
                "in `dataset.unknown`."
            )
        found[row] = marks
    return found


def _mark(cell: Any) -> int:
    """0 or 1; UNREADABLE where it is neither."""
    return YES_AND_NO.get(str(cell).strip().lower(), UNREADABLE)
