"""Labels as a dataset has them -> classes.

Labels are values: the different ones, in their natural order, are the classes, and are called what they are.
Names that are given belong to values: to those that equal them, else to all in their order, else (where 0
occurs) by index.  What can't be known that way is asked for: `dataset.classes` may be a mapping.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from hsvis.config import DatasetSettings
from hsvis.corpus.corpus import UNLABELLED
from hsvis.corpus.readers.label_texts import clean_labels, cut_float
from hsvis.corpus.step_order import natural_order
from hsvis.errors import DataError
from hsvis.remarks import Remark, listed, shorten

MOST_CLASSES = 2**15 - 1  # labels are int16
MANY = 20  # classes from which a column of them may be one of something else
ROWS_EACH = 2  # rows of a class on average below which the column seems to be one of something else
MOST_TOLD = 12  # pairs of value and name in a message

MARKS = {"na", "n/a", "#n/a", "nan", "null", "missing", "unlabeled", "unlabelled", "no label"}

_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")


@dataclass(frozen=True)
class Classes:
    """The C classes of a dataset, and which label means which.

    Attributes:
        names: C names.
        index: label, as text, -> class, or UNLABELLED.
    """

    names: tuple[str, ...]
    index: Mapping[str, int]
    remarks: list[Remark] = field(default_factory=list)

    def indices(self, labels: Sequence[str | None]) -> np.ndarray:
        """(R,) int16, the class of each row; UNLABELLED where it has none."""
        found = (
            UNLABELLED if v is None else self.index.get(v, self.index.get(cut_float(v), UNLABELLED))
            for v in labels
        )
        return np.fromiter(found, np.int16, len(labels))


def classes_of(
    settings: DatasetSettings,
    train: Sequence[str | None],
    test: Sequence[str | None],
    known: Sequence[str] | None,
) -> Classes:
    """The classes of a dataset.

    Args:
        train, test: labels of the rows, as `label_texts` gives them.
        known: names that the dataset has for its labels, in their order; the labels are these names.

    Raises:
        DataError: labels that can't be brought together with the names, or fewer than two classes.
    """
    train, test = clean_labels(settings, train, test)
    values = sorted({v for labels in (train, test) for v in labels if v is not None}, key=natural_order)
    try:
        classes = _named_classes(settings, values, known)
    except _UnknownLabelError as error:
        splits = ((settings.train, train), (settings.test, test))
        split, row = next((s, labels.index(error.label)) for s, labels in splits if error.label in labels)
        raise DataError(
            f"dataset `{settings.path}`, split `{split}`, row {row}: `{settings.label}` holds {error}"
        ) from None
    names = classes.names
    if len(set(names)) < 2 or len(set(names)) < len(names) or len(names) > MOST_CLASSES:
        raise DataError(
            f"dataset `{settings.path}`: at least two different classes are needed and at most "
            f"{MOST_CLASSES:,}, there are {len(names):,}: {listed(names) or 'none'}. Check `dataset.label`, "
            "or "
            "name them in `dataset.classes`."
        )
    return Classes(names, classes.index, [*classes.remarks, *_doubts(classes, settings, train, test)])


class _UnknownLabelError(Exception):
    """A label that belongs to no class."""

    def __init__(self, label: str, text: str) -> None:
        super().__init__(text)
        self.label = label


def _named_classes(settings: DatasetSettings, values: Sequence[str], known: Sequence[str] | None) -> Classes:
    """The classes of all different labels."""
    given = settings.classes
    remarks = []
    if known and str(UNLABELLED) in values and str(UNLABELLED) not in known:  # as `datasets` writes it
        remarks = [Remark("unknown-label", f"-1 is no label: the dataset has {len(known)} names, from 0.")]
        values = [v for v in values if v != str(UNLABELLED)]
    if isinstance(given, Mapping):
        found = _by_mapping(given, values, known)
    elif given is not None:
        found = _by_names(given, values, settings, known)
    elif known:
        names = (*known, *(v for v in values if v not in known))
        found = Classes(names, {name: i for i, name in enumerate(names)})
    else:
        found = _by_themselves(values, settings)
    index = {**found.index, str(UNLABELLED): UNLABELLED} if remarks else found.index
    return Classes(found.names, index, [*found.remarks, *remarks])


def _by_themselves(values: Sequence[str], settings: DatasetSettings) -> Classes:
    order = f"the values of `{settings.label}` in their natural order: {listed(values, MOST_TOLD)}"
    said = Remark("class-values", f"The classes are {order}.")
    return Classes(tuple(values), {v: i for i, v in enumerate(values)}, [said])


def _by_mapping(given: Mapping[str, str], values: Sequence[str], known: Sequence[str] | None) -> Classes:
    """`known`: the dataset's own names, of which the mapping may give the indices."""
    names = tuple(dict.fromkeys(given.values()))
    index = {value: names.index(name) for value, name in given.items()}
    index |= {cut_float(value): place for value, place in index.items() if cut_float(value) not in index}
    index |= {
        name: index[str(i)] for i, name in enumerate(known or ()) if name not in index and str(i) in index
    }
    wrong = [v for v in values if v not in index]
    if wrong:
        raise _unknown(wrong, list(given))
    return Classes(names, index)


def _by_names(
    names: Sequence[str], values: Sequence[str], settings: DatasetSettings, known: Sequence[str] | None
) -> Classes:
    """`known`: the dataset's own names, in their order."""
    places = {name: i for i, name in enumerate(names)}
    codes = {v: int(v) for v in values if _WHOLE.fullmatch(v)}
    index = {v: places[v] for v in values if v in places}
    rest = [v for v in values if v not in index]
    if not rest:
        return Classes(tuple(names), index)
    alike = _by_folded(names, rest, taken={names[i] for i in index.values()})
    if len(alike) == len(rest):
        few = list(alike.items())[:MOST_TOLD]
        pairs = ", ".join(f"`{shorten(v)}` is `{shorten(names[i])}`" for v, i in few)
        said = Remark("similar-name", f"Labels by names but for case or space: {pairs}.")
        return Classes(tuple(names), index | alike, [said])
    ordered = known or values
    if not index and len(ordered) == len(names):
        in_order = {v: i for i, v in enumerate(ordered)}
        how = "in the order of the dataset's own names" if known else "in their natural order"
        return Classes(tuple(names), in_order, [_named(in_order, names, how)])
    if not index and len(codes) == len(values):
        return _by_index(names, codes, settings)
    if not index and 0 < len(codes) < len(values):  # where most are indices, the others are what is wrong
        rest = [v for v in rest if v not in codes]
    raise _unknown(rest, names)


def _by_folded(names: Sequence[str], values: Sequence[str], taken: set[str]) -> dict[str, int]:
    """Values that equal one name, and one alone, but for case and space."""
    folded: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        if name not in taken:
            folded.setdefault(fold(name), []).append(i)
    found = {v: folded.get(fold(v), []) for v in values}
    used = [places[0] for places in found.values() if len(places) == 1]
    return {v: places[0] for v, places in found.items() if len(places) == 1 and used.count(places[0]) == 1}


def fold(name: str) -> str:
    """A name without its case, and with single spaces."""
    return " ".join(name.casefold().split())


def _by_index(names: Sequence[str], codes: Mapping[str, int], settings: DatasetSettings) -> Classes:
    """Whole numbers as indices from 0, where nothing else can be meant."""
    index = {v: k for v, k in codes.items() if 0 <= k < len(names)}
    rest = [v for v in codes if v not in index]
    if rest == [str(UNLABELLED)]:
        index[rest[0]] = UNLABELLED
        text = f"-1 is no label: the {len(names)} names stand for 0 to {len(names) - 1}."
        remarks = [Remark("unknown-label", f"{text} If it is a class, name it too in `dataset.classes`.")]
    elif rest:
        raise _unknown(rest, names)
    else:
        remarks = []
    if 0 not in index.values():
        pairs = {v: f"name of {v}" for v in sorted(codes, key=natural_order)[:3]}
        raise DataError(
            f"dataset `{settings.path}`: `{settings.label}` holds {listed(codes)}, and `dataset.classes` has "
            f"{len(names)} names. Whether these count from 0 or from 1 can't be known, as neither 0 nor all "
            "of "
            "them occur. Write a mapping from value to name, such as `dataset.classes: "
            f"{{{', '.join(f'{v}: {name}' for v, name in pairs.items())}, …}}`."
        )
    classes = {v: i for v, i in index.items() if i >= 0}
    remarks.insert(0, _named(classes, names, "as indices from 0"))
    return Classes(tuple(names), index, remarks)


def _named(index: Mapping[str, int], names: Sequence[str], how: str) -> Remark:
    pairs = [f"{shorten(v)} is `{shorten(names[i])}`" for v, i in index.items()]
    more = ", …" if len(pairs) > MOST_TOLD else ""
    return Remark("class-names", f"Labels are named {how}: {', '.join(pairs[:MOST_TOLD])}{more}.")


def _unknown(wrong: Sequence[str], names: Sequence[str]) -> _UnknownLabelError:
    return _UnknownLabelError(
        wrong[0],
        f"{listed(wrong)}, which is none of the classes {listed(names, MOST_TOLD)}. Correct the rows, name "
        "all "
        "classes in `dataset.classes` (a mapping from value to name says which is which), or name what means "
        "“no label” in `dataset.unknown`.",
    )


def _doubts(
    classes: Classes, settings: DatasetSettings, train: Sequence[str | None], test: Sequence[str | None]
) -> Iterable[Remark]:
    names = classes.names
    in_train, in_test = ({classes.index[v] for v in set(labels) if v is not None} for labels in (train, test))
    if train and settings.classes is None and (only := sorted(in_test - in_train - {UNLABELLED})):
        few = len(only) == 1
        yield Remark(
            "only-in-test",
            f"only rows of the test split have the class{'' if few else 'es'} "
            f"{listed(names[i] for i in only)}: "
            f"a model that is trained here never learns {'it' if few else 'them'}. Check both files.",
        )
    folded: dict[str, list[str]] = {}
    for name in names:
        folded.setdefault(fold(name), []).append(name)
    for same in [one for one in folded.values() if len(one) > 1][:3]:
        yield Remark(
            "names-alike",
            f"the classes {' and '.join(f'`{shorten(one)}`' for one in same)} differ in case or space alone. "
            "Join them by a mapping in `dataset.classes`, or correct the rows.",
        )
    if settings.classes is None and fold(settings.label or "") in folded:
        yield Remark(
            "named-as-column",
            f"a class is called `{settings.label}`, as the column is: a header seems to have been read as a "
            "row. Take that row out of the file.",
        )
    if settings.classes is None and (marks := _marks(names)):
        yield Remark(
            "class-like-mark",
            f"the class {listed(marks)} may be a mark of rows without a label. Where it is, set "
            f"`dataset.unknown: {json.dumps(marks)}`.",
        )
    labelled = max(sum(v is not None for v in labels) for labels in (train, test))
    if len(names) > MANY and labelled < ROWS_EACH * len(names):
        yield Remark(
            "classes-as-rows",
            f"`{settings.label}` has {len(names):,} classes for {labelled:,} rows: it seems to be a column "
            "of "
            "something else. Set `dataset.label` to the column of the class.",
        )
    never = [name for i, name in enumerate(names) if i not in in_train | in_test]
    if never:
        yield Remark(
            "no-row",
            f"no row of either split has the class {listed(never)}. Check `dataset.classes` and "
            "`dataset.label`.",
        )


def _marks(names: Sequence[str]) -> list[str]:
    """Names that may mean “no label”: usual marks, or the only ones without a letter or digit."""
    bare = [name for name in names if not any(map(str.isalnum, name))]
    usual = [name for name in names if fold(name) in MARKS]
    return [*usual, *(bare if len(bare) * 2 < len(names) and len(bare) == 1 else ())]
