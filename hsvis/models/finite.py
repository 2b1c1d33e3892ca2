"""Answers that are no numbers are refused: the largest of NaN and NaN would be the first class."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from hsvis.errors import ModelError
from hsvis.models.protocol import Encoded

T = TypeVar("T")
TOLD = 6  # tokens by which a message names a sequence


def begin_of(tokens: Sequence[str]) -> str:
    """A sequence as a message names it, by its first tokens."""
    more = " …" if len(tokens) > TOLD else ""
    return f"the sequence “{' '.join(tokens[:TOLD])}{more}”"


def check_answers(answers: np.ndarray, batch: Sequence[Encoded]) -> None:
    """That all answers of a model are numbers.

    Args:
        answers: (B, …) float, one row for each sequence.

    Raises:
        ModelError: one is NaN or infinite, with the sequence.
    """
    check_each(answers, batch, lambda one: one.tokens)


def check_each(answers: np.ndarray, given: Sequence[T], tokens: Callable[[T], Sequence[str]]) -> None:
    """As `check_answers`, of whatever was given; `tokens` tells what one consists of."""
    wrong = np.flatnonzero(~np.isfinite(answers).reshape(len(answers), -1).all(1))
    if len(wrong):
        raise ModelError(
            f"the model's answer to {begin_of(tokens(given[int(wrong[0])]))} is NaN or infinite. Check its "
            "weights, and what it is given for this sequence."
        )
