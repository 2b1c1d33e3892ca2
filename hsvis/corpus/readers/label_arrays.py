"""Labels that are an array or lists, one for each sequence or one-hot -> a value for each."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from hsvis.config import DatasetSettings
from hsvis.errors import DataError
from hsvis.remarks import Remark

NUMBERS = {"0": 0, "1": 1, "false": 0, "true": 1}  # that one-hot labels are of


def labels_of_array(
    labels: np.ndarray, lengths: Sequence[int], width: int, settings: DatasetSettings, source: str
) -> tuple[list[Any], np.ndarray | None, list[Remark]]:
    """A label for each sequence, of an array (S,), (S, 1), or one-hot (S, C); or for each step.

    Args:
        lengths: steps of each of the S sequences, N in all. Labels of steps are (N,), or padded (S, T).
        width: the steps that the array of values has, padding and all.

    Returns:
        The labels; how many each sequence has, where they are of steps; and what was decided.

    Raises:
        DataError: it has another shape, or labels of steps where steps were left out.
    """
    name, count, of_each = settings.label or "", len(lengths), np.array(lengths, np.int64)
    if labels.shape == (count, 1):
        labels = labels[:, 0]
    if labels.shape == (count,):
        return labels.tolist(), None, []
    if labels.ndim == 2 and len(labels) == count and labels.dtype.kind in "fiub" and _is_one_hot(labels):
        return labels.argmax(1).tolist(), None, [_one_hot(labels.shape[1], name, source)]
    plain = labels[..., 0] if labels.ndim > 1 and labels.shape[-1] == 1 else labels
    steps = None
    if plain.ndim == 2 and len(plain) == count and plain.shape[1] in (width, of_each.max(initial=0)):
        steps = plain[np.arange(plain.shape[1]) < of_each[:, None]]
    elif plain.shape == (of_each.sum(),):
        steps = plain
    if steps is None:
        raise DataError(
            f"{source}: `{name}` has the shape {labels.shape}, but there are {count} sequences of up to "
            f"{of_each.max(initial=0)} steps. Needed is a label for each, ({count},), or one-hot, ({count}, "
            f"classes); or for each step, ({count}, steps), or ({of_each.sum()},) one after the other. For "
            "classes that do not exclude each other set `model.answers: independent`."
        )
    if settings.missing == "drop":
        raise DataError(
            f"{source}: `{name}` holds labels of steps, of which none may be left out: set "
            "`dataset.missing: forward` or `zero`."
        )
    text = f"{source}: `{name}` has the shape {labels.shape}: each step has a label of its own."
    return steps.tolist(), of_each, [Remark("step-labels", text)]


def labels_of_lists(
    values: Sequence[list[str | None]], steps: Sequence[int], settings: DatasetSettings, source: str
) -> tuple[list[str | None], list[Remark]] | None:
    """Labels that are lists: of one label each, or one-hot; None where they are labels of the steps.

    Args:
        values: a list for each sequence, as text; an empty one where it has no label.
        steps: of each sequence, of texts their words. Lists as long as their sequences are those of steps.

    Raises:
        DataError: they may be one-hot as well as labels of steps; or are labels of steps, and steps or rows
            are read that are not those of the table.
    """
    lists = [one for one in values if one]
    widths = {len(one) for one in lists}
    if settings.sequence is None and len(widths) == 1:
        if widths == {1} and set(steps) != {1}:
            text = f"{source}: `{settings.label}` holds lists of one label: it is that of the sequence."
            return [one[0] if one else None for one in values], [Remark("label-lists", text)]
        numbers = [[NUMBERS.get(cell or "", 2) for cell in one] for one in lists]
        if widths != {1} and _is_one_hot(rows := np.array(numbers)):
            if set(steps) == widths:
                raise DataError(
                    f"{source}: `{settings.label}` holds lists that may be one-hot, or labels of the "
                    f"{steps[0]} steps that each sequence has. Write the label of a sequence as one number, "
                    "and labels of steps as names."
                )
            said = [_one_hot(rows.shape[1], settings.label or "", source)]
            places = iter(rows.argmax(1).tolist())
            return [str(next(places)) if one else None for one in values], said
        if widths != {1} and set(steps) != widths and max(map(max, numbers)) <= 1:
            raise DataError(
                f"{source}: `{settings.label}` holds lists of {len(lists[0])} values of 0 and 1, of "
                "which any "
                ""
                "number are 1: classes that do not exclude each other. Set `model.answers: "
                "independent`, and name "
                "the classes in `dataset.classes`; or name a column of one label."
            )
    if settings.sequence is not None or settings.missing == "drop":
        raise DataError(
            f"{source}: `{settings.label}` holds lists, labels of the steps of a row. They need a list of "
            "steps in each row (no `dataset.sequence`), of which none is left out (no "
            "`dataset.missing: drop`)."
        )
    return None


def _is_one_hot(rows: np.ndarray) -> bool:
    return bool(((rows == 0) | (rows == 1)).all() and (rows.sum(1) == 1).all())


def _one_hot(classes: int, name: str, source: str) -> Remark:
    return Remark(
        "one-hot",
        f"{source}: `{name}` is one-hot: the place of the 1, from 0 to {classes - 1}, is the label.",
    )
