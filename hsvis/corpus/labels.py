"""Labels as a dataset has them -> indices of classes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from hsvis.config import DatasetSettings
from hsvis.corpus.corpus import UNLABELLED
from hsvis.errors import DataError

MOST_CLASSES = 2**15 - 1  # labels are int16


def class_names(
    settings: DatasetSettings, labels: Sequence[Any], known: Sequence[str] | None
) -> tuple[str, ...]:
    """The C classes: those of the config, else of the dataset, else the labels' own values.

    Args:
        labels: R labels as they stand in the dataset.
        known: names that the dataset has for its labels.

    Raises:
        DataError: labels that are neither names nor indices, or fewer than two different classes.
    """
    if settings.classes is not None:
        names: Sequence[str] = settings.classes
    else:
        values = [v for v in labels if v is not None]
        wrong = next(
            (v for v in values if not isinstance(v, str | int) or (isinstance(v, int) and v < UNLABELLED)),
            None,
        )
        largest = max((v for v in values if isinstance(v, int)), default=0)
        mixed = any(isinstance(v, str) for v in values) and any(isinstance(v, int) for v in values)
        if wrong is not None or mixed or largest >= MOST_CLASSES:
            example = largest if wrong is None else str(wrong)[:60]
            raise DataError(
                f"dataset `{settings.path}`: column `{settings.label}` holds `{example}`. Labels are class "
                f"names, or class indices from 0 to {MOST_CLASSES - 1} (-1 or null: unknown). "
                "Set `dataset.label` to the column of the class."
            )
        if known:
            names = known
        elif any(isinstance(v, str) for v in values):
            names = sorted(set(values))
        else:
            names = [str(i) for i in range(largest + 1)]
    if len(set(names)) < 2 or len(set(names)) < len(names):
        raise DataError(
            f"dataset `{settings.path}`: at least two different classes are needed, there are "
            f"{list(names)}. Check `dataset.label`, or name them in `dataset.classes`."
        )
    return tuple(names)


def label_indices(
    values: Sequence[Any], settings: DatasetSettings, split: str, classes: Sequence[str]
) -> np.ndarray:
    """(R,) int16, the class of each row; -1 where it has none.  Raises DataError for any other label."""
    index: dict[Any, int] = {None: UNLABELLED, UNLABELLED: UNLABELLED}
    index |= {i: i for i in range(len(classes))} | {name: i for i, name in enumerate(classes)}
    try:
        return np.array([index[v] for v in values], np.int16)
    except (KeyError, TypeError):
        row, wrong = next(
            (i, v) for i, v in enumerate(values) if not isinstance(v, str | int) or v not in index
        )
        raise DataError(
            f"dataset `{settings.path}`, split `{split}`, row {row}: label `{wrong}` is none of the classes "
            f"{', '.join(classes)}. Correct the row, or list all classes in `dataset.classes`."
        ) from None
