"""What is shown stands for the whole of a split."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsvis.config import DatasetSettings
from hsvis.corpus.choice import choice_remarks, chosen_rows
from hsvis.corpus.corpus import Corpus, Split


def settings(**more: Any) -> DatasetSettings:
    return DatasetSettings.model_validate({"path": "somewhere", **more})


@given(
    count=st.integers(1, 3000), limit=st.integers(1, 3000), seed=st.integers(0, 5),
    choose=st.sampled_from(["even", "first", "random"]),
)  # fmt: skip
def test_rows_are_in_order_and_none_comes_twice(count: int, limit: int, seed: int, choose: str) -> None:
    chosen = settings(limit=limit, choose=choose, seed=seed)
    rows = chosen_rows(count, chosen)
    assert len(rows) == min(count, limit)
    assert (np.diff(rows) > 0).all()
    assert rows[0] >= 0
    assert rows[-1] < count
    assert np.array_equal(rows, chosen_rows(count, chosen))
    if choose == "even" and limit < count:  # one of each part
        bounds = np.arange(limit + 1) * count // limit
        assert (bounds[:-1] <= rows).all()
        assert (rows < bounds[1:]).all()
    if choose == "first":
        assert rows[-1] == len(rows) - 1


def corpus(labels: np.ndarray) -> Corpus:
    texts = [f"text {k}" for k in range(len(labels))]
    return Corpus(("neg", "pos", "rare"), Split([], labels[:0]), Split(texts, labels))


def test_a_file_that_is_sorted_by_class_shows_every_class_in_its_share() -> None:
    labels = np.repeat([0, 1], [12_500, 12_500]).astype(np.int16)
    rows = chosen_rows(len(labels), settings(limit=100))
    assert np.bincount(labels[rows]).tolist() == [50, 50]
    assert [one.code for one in choice_remarks(corpus(labels), rows, settings(limit=100))] == ["choice"]


def test_rows_that_come_in_turns_are_not_all_of_one_class() -> None:
    labels = np.tile([0, 1], 500).astype(np.int16)
    shown = labels[chosen_rows(1000, settings(limit=100))]
    assert 30 < shown.sum() < 70


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (np.repeat([0, 1], 500), "have none of `pos`"),
        (
            np.concatenate([np.tile([0, 0, 0, 0, 1], 40), np.tile([0, 1], 400)]),
            "have 20% `pos` where the split has 44%",
        ),
    ],
)
def test_shown_rows_that_differ_from_the_split_are_a_warning(labels: np.ndarray, says: str) -> None:
    first = settings(limit=200, choose="first")
    made = corpus(labels.astype(np.int16))
    decision, warning = choice_remarks(made, chosen_rows(len(labels), first), first)
    assert (decision.code, warning.code) == ("choice", "shown-classes")
    assert says in warning.text
    assert "`dataset.choose: even`" in warning.text


def test_chance_alone_is_no_warning() -> None:
    labels = np.random.default_rng(0).integers(0, 2, 5000).astype(np.int16)
    made = corpus(labels)
    for seed in range(100):
        chosen = settings(limit=100, choose="random", seed=seed)
        found = choice_remarks(made, chosen_rows(5000, chosen), chosen)
        assert [one.code for one in found] == ["choice"]
