"""Labels of steps as a dataset has them -> labels of the steps that a model reads."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from hsvis.config import TokenSettings
from hsvis.corpus.recorded import RecordedSequence
from hsvis.corpus.series import Series
from hsvis.errors import DataError
from hsvis.models.finite import begin_of
from hsvis.models.protocol import Encoded


def align_labels(
    labels: np.ndarray, read: Encoded, example: Any, tokens: TokenSettings, row: int
) -> np.ndarray:
    """The labels of the steps of a sequence, some of which a limit may have cut off.

    Args:
        labels: (L,) int16, -1 unknown; where there is none at all, none is known of any step.
        read: what the model reads of the sequence, T steps.
        example: the text, or series, as the dataset has it.
        tokens: which end was cut off where there were more steps than the longest.
        row: of the split, for messages.

    Returns:
        (T,) int16.

    Raises:
        DataError: there are not as many labels as steps, or as many, but the text was cut into other words.
    """
    steps = len(read)
    if not len(labels):
        return np.full(steps, -1, np.int16)
    if isinstance(example, RecordedSequence):  # nothing was cut: labels, EPs and states are of one file
        return labels
    # texts are labelled word by word; a tokenizer may make as many tokens, of other words
    whole = list(example.steps) if isinstance(example, Series) else str(example).split()
    is_plain = len(whole) == len(labels)
    if len(labels) == steps and not (is_plain and _differ(whole, read.tokens)):
        return labels
    if is_plain and steps == tokens.longest and len(labels) > steps:
        kept = slice(-steps, None) if tokens.keep == "last" else slice(steps)
        if not _differ(whole[kept], read.tokens):
            return labels[kept]
    remedy = "Every step of a series needs one."
    if not isinstance(example, Series):
        remedy = (
            "A label for each step needs texts that are cut where the labels are: set `tokens.split`. Lists "
            "of the classes that a text has at once are those of `model.answers: independent`."
        )
    raise DataError(
        f"`dataset.label`: row {row} has {len(labels)} labels for {steps} steps, "
        f"{begin_of(read.tokens)}. {remedy}"
    )


def _differ(words: Sequence[str], tokens: Sequence[str]) -> bool:
    """Whether tokens are other words, but for marks and case, in which a tokenizer may show them."""

    def plain(one: str) -> str:
        return "".join(filter(str.isalnum, one.casefold())) or one

    return list(map(plain, words)) != list(map(plain, tokens))
