"""Labels of steps belong to the steps that the model reads, or are refused."""

import numpy as np
import pytest

from hsvis.config import TokenSettings
from hsvis.corpus.series import Series
from hsvis.errors import DataError
from hsvis.models.protocol import Encoded
from hsvis.models.step_labels import align_labels


def read(tokens: list[str]) -> Encoded:
    return Encoded(tokens, np.zeros(len(tokens), np.int64), np.ones(len(tokens), bool), 0, 0)


WORDS = "a b c d e".split()  # noqa: SIM905
LABELS = np.arange(5, dtype=np.int16)


@pytest.mark.parametrize(
    ("keep", "words", "kept"), [("last", WORDS[2:], [2, 3, 4]), ("first", WORDS[:3], [0, 1, 2])]
)
def test_what_a_limit_cut_off_takes_its_labels_with_it(keep, words, kept):
    tokens = TokenSettings(max_length=3, keep=keep)
    assert align_labels(LABELS, read(words), " ".join(WORDS), tokens, 0).tolist() == kept
    series = Series(np.zeros((5, 1), np.float32), tuple(WORDS))
    assert align_labels(LABELS, read(words), series, tokens, 0).tolist() == kept


def test_of_a_row_without_labels_none_is_known():
    assert align_labels(LABELS[:0], read(WORDS), "a b c d e", TokenSettings(), 0).tolist() == [-1] * 5


@pytest.mark.parametrize(
    ("words", "text", "limit"),
    [
        (WORDS[:4], "a b c d", 100),  # one label too many
        ([*WORDS, "f"], "a b c d e f", 100),  # one too few
        (["b", "c", "-", "d", "e"][2:], "a b c-d e", 3),  # cut, and split elsewhere than the labels are
        (["well-", "made", "a", "b", "c"], "well-made a b c .", 100),  # as many, of other words
        (["c", "d", "e", "f", "g"], "a-b c d-e f g", 5),  # as many after the cut
    ],
)
def test_labels_that_fit_no_steps_are_refused_with_the_row(words, text, limit):
    with pytest.raises(DataError, match=r"row 7 has 5 labels for \d steps.*tokens\.split"):
        align_labels(LABELS, read(words), text, TokenSettings(max_length=limit), 7)
