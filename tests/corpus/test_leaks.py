"""Rows of the test split that stand in the training split are counted and told."""

import numpy as np
import pytest

from hsvis.config import DatasetSettings
from hsvis.corpus.corpus import Corpus, Split
from hsvis.corpus.leaks import leak_remarks, overlap
from hsvis.corpus.series import Series

SETTINGS = DatasetSettings.model_validate({"path": "somewhere"})


def corpus(train: list[str], test: list[str]) -> Corpus:
    splits = [Split(texts, np.zeros(len(texts), np.int16)) for texts in (train, test)]
    return Corpus(("a", "b"), *splits)


def told(made: Corpus) -> list[tuple[str, str]]:
    return [(one.code, one.text) for one in leak_remarks(made, overlap(made), SETTINGS)]


def test_rows_are_compared_exactly_and_without_case_and_space() -> None:
    made = corpus(["A good film", "bad", ""], ["a  GOOD film ", "bad", "new", "", "newer"])
    found = overlap(made)
    assert (found.total, found.exact, found.folded, found.examples) == (4, 1, 2, [0, 1])
    [(code, text)] = told(made)
    assert code == "leak"
    assert "2 of 4 rows of the test split (50.0%)" in text
    assert "1 of them but for case and space" in text
    assert "row 0 (“a GOOD film”)" in text


def test_no_row_in_both_and_no_training_split_say_nothing() -> None:
    assert told(corpus(["a", "b"], ["c", "d"])) == []
    assert told(corpus([], ["c", "d"])) == []


def test_the_same_split_twice_is_said_outright() -> None:
    [(code, text)] = told(corpus(["a", "b"], ["a", "b"]))
    assert code == "same-file"
    assert "training and test split are the same" in text


@pytest.mark.parametrize("share", [0.0, 0.002, 0.02])
def test_few_rows_are_a_fact_and_many_a_warning(share: float) -> None:
    count = round(1000 * share)
    made = corpus([f"t{k}" for k in range(500)], [f"t{k}" if k < count else f"n{k}" for k in range(1000)])
    assert overlap(made).exact == count
    assert [code for code, _ in told(made)] == ["leak"] * (share > 0.01)


def test_series_are_compared_by_their_values() -> None:
    values = np.arange(6, dtype=np.float32).reshape(3, 2)
    one, other = (Series(v, ("a", "b", "c")) for v in (values, values + 1))
    longer = Series(values.reshape(2, 3), ("a", "b"))
    labels = np.zeros(2, np.int16)
    made = Corpus(
        ("a", "b"), Split(["", ""], labels, [one, longer]), Split(["", ""], labels, [one, other]), ("x", "y")
    )
    assert (overlap(made).exact, overlap(made).total) == (1, 2)
    assert [code for code, _ in told(made)] == ["leak"]
