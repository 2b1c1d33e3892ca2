"""Answers and labels of files in place of a model, whatever they are about: for `hsvis.corpus.recorded`."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hsvis.config import AnswerKind, DatasetSettings
from hsvis.corpus.targets.cells import cells_of_array
from hsvis.corpus.targets.independent import UNKNOWN, independent_of
from hsvis.corpus.targets.numbers import numbers_of
from hsvis.errors import DataError
from hsvis.remarks import Remark

NUMBER = "number"  # what a number is called that the files do not name
NEAR = 1e-3  # how far a probability may be beyond 0 and 1
IDS = "label ids"  # lists of places among the classes, as a built run has them


def answers_in(flat: np.ndarray, kind: AnswerKind, source: str) -> np.ndarray:
    """What is answered after each step, float32: (N, C) from 0 to 1 each, or of numbers (N, 1).

    Args:
        flat: (N, C) as the files have it, finite.

    Raises:
        DataError: it holds no such answers.
    """
    if kind == "number":
        if flat.shape[1] != 1:
            raise DataError(
                f"{source}: `ep` has {flat.shape[1]} values a step, where `model.answers: number` is one. "
                "Write (N,), or (N, 1)."
            )
        return flat
    if flat.shape[1] < 2:
        raise DataError(
            f"{source}: `ep` is of one class, and nothing is independent of it. Leave out `model.answers`: "
            "it is then the probability of the second of two classes."
        )
    wrong = np.flatnonzero(~((flat >= -NEAR) & (flat <= 1 + NEAR)).all(1))
    if len(wrong):
        raise DataError(
            f"{source}: `ep` holds no probabilities: {np.round(flat[wrong[0]][:5], 4).tolist()} at step "
            f"{wrong[0]} ({len(wrong):,} steps are not from 0 to 1). Apply sigmoid to logits first."
        )
    return flat.clip(0, 1)


def targets_in(
    found: Mapping[str, Any],
    count: int,
    kind: AnswerKind,
    names: Sequence[str],
    settings: DatasetSettings,
    source: str,
) -> tuple[np.ndarray, list[Remark]]:
    """Labels of the S sequences: (S, C) int8 of independent classes, -1 unknown; (S, 1) float32, NaN unknown.

    Args:
        found: the arrays of the files.
        count: S.
        names: of the C classes.

    Raises:
        DataError: there are not as many, or they are of another kind.
    """
    settings = settings.model_copy(update={"label": "labels", "labels": None, "classes": list(names)})
    if kind == "independent" and IDS in found:
        return _of_ids(found[IDS], count, len(names), source), []
    if "labels" not in found:
        nothing = np.full((count, len(names)), UNKNOWN, np.int8)
        return (nothing if kind == "independent" else np.full((count, 1), np.nan, np.float32)), []
    cells = cells_of_array(np.asarray(found["labels"]), count, "labels", source)
    if kind == "number":
        return numbers_of(cells, settings, settings.test), []
    unknown = [isinstance(one, list) and len(one) > 0 and set(one) == {UNKNOWN} for one in cells]
    read = independent_of(
        [], [None if lacks else one for lacks, one in zip(unknown, cells, strict=True)], settings
    )
    return read.test, read.remarks


def _of_ids(lists: Sequence[Sequence[int]], count: int, classes: int, source: str) -> np.ndarray:
    """(S, C) int8, of lists of places among the classes; [-1] is unknown."""
    if len(lists) != count:
        raise DataError(f"{source}: there are {len(lists)} lists of `labels` for {count} sequences.")
    found = np.zeros((count, classes), np.int8)
    for row, one in enumerate(lists):
        if list(one) == [UNKNOWN]:
            found[row] = UNKNOWN
        elif all(0 <= k < classes for k in one):
            found[row, list(one)] = 1
        else:
            raise DataError(f"{source}: row {row}: `labels` holds {list(one)}, of {classes} classes from 0.")
    return found


def places_of(
    labels: np.ndarray, classes: Sequence[str], settings: DatasetSettings, source: str
) -> np.ndarray:
    """Places of labels among the classes, (n,) int16, -1 unknown.

    Args:
        labels: (n,) places, names, or places as float with NaN.

    Raises:
        DataError: one is none of the classes.
    """
    if labels.dtype.kind == "f":  # what is missing has made them so
        whole = np.where(np.isfinite(labels), labels, -1)
        if (whole != np.round(whole)).any():
            raise DataError(f"{source}: `labels` holds numbers that are not whole. Classes are needed.")
        labels = whole.astype(np.int64)
    if labels.dtype.kind in "iu":
        wrong = labels[(labels < -1) | (labels >= len(classes))]
        if len(wrong):
            raise DataError(
                f"{source}: the label {wrong[0]} is none of the {len(classes)} classes; -1 is unknown."
            )
        different = np.unique(labels).tolist()
        if -1 in different and len(different) == len(classes) and "-1" not in settings.unknown:
            raise DataError(
                f"{source}: `labels` holds {len(different)} values, {', '.join(map(str, different[:20]))}, "
                "for "
                f"{len(classes)} classes: whether -1 is a class or no label can't be known. Write the "
                "places of the "
                "classes in `ep`, from 0, or set `dataset.unknown: -1`."
            )
        return labels.astype(np.int16)
    index = {name: k for k, name in enumerate(classes)} | {"": -1}
    names = [text_of(one) for one in labels.tolist()]
    unknown = [one for one in names if one not in index]
    if unknown:
        raise DataError(
            f"{source}: the label `{unknown[0]}` is none of the classes {', '.join(classes[:20])}. Name all "
            "classes, in the order of `ep`, in `classes` or `dataset.classes`."
        )
    return np.array([index[one] for one in names], np.int16)


def text_of(value: Any) -> str:
    """A text as it is, or of bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
