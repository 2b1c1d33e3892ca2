"""Answers that are no numbers are refused: the largest of NaN and NaN would be the first class."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from hsvis.errors import ModelError
from hsvis.models.protocol import Encoded

T = TypeVar("T")
SHOWN = 6  # tokens by which a message names a sequence


def check_answers(answers: np.ndarray, batch: Sequence[Encoded]) -> None:
    """That all answers of a model are numbers.

    Args:
        answers: (B, …) float, one row for each sequence.

    Raises:
        ModelError: one is NaN or infinite, with the sequence.
    """
    check_each(answers, batch, lambda one: " ".join(one.tokens[:SHOWN]))


def check_each(answers: np.ndarray, given: Sequence[T], begin: Callable[[T], str]) -> None:
    """As `check_answers`, of whatever was given; `begin` tells how one begins, in words."""
    wrong = np.flatnonzero(~np.isfinite(answers).reshape(len(answers), -1).all(1))
    if len(wrong):
        raise ModelError(
            f"the model's answer to the sequence that begins with `{begin(given[int(wrong[0])])}` is NaN or "
            "infinite. Check its weights, and what it is given for this sequence."
        )
