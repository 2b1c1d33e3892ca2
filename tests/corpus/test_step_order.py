"""Steps come in the order that their names mean."""

import random

import numpy as np
import pytest

from hsvis.corpus.step_order import order_of, order_remarks

IN_ORDER = [
    ["t1", "t2", "t10", "t11"],
    ["step 9", "step 10", "step 100"],
    ["2", "10", "100"],
    ["-1.5", "0", "2e1", "30"],
    ["25.01.2020", "01.02.2020", "02.02.2020"],
    ["25.01.", "01.02.", "29.02."],
    ["8:00", "10:00", "20:30"],
    ["8:00 AM", "10:00 AM", "1:00 PM"],
    ["2020-01-31", "2020-02-01", "2021-01-01"],
    ["2020-01-31T09:00:00", "2020-01-31T10:00:00"],
    ["Jan 2, 2020", "Jan 10, 2020", "Feb 1, 2020"],
    ["Jan", "Feb", "Dec"],
    ["13/01/2020", "02/02/2020"],
    ["01/13/2020", "02/02/2020"],
    [1, 2, 10],
    [0.5, 1.0, 1.5],
]


@pytest.mark.parametrize("steps", IN_ORDER, ids=lambda steps: str(steps[0]))
def test_steps_are_ordered_by_what_they_mean(steps: list[object]) -> None:
    for seed in range(5):
        mixed = random.Random(seed).sample(steps, len(steps))
        order = order_of(mixed)
        assert [mixed[k] for k in np.argsort(order.place)] == steps
        assert order.doubt == ""


def test_equal_steps_have_one_place() -> None:
    assert order_of(["b", "a", "b"]).place.tolist() == [1, 0, 1]
    assert order_of(["1.0", "1", "0.5"]).place.tolist() == [1, 1, 0]


def test_another_order_than_the_files_is_said() -> None:
    names, owners = ["t1", "t10", "t2", "t1", "t2"], np.array([0, 0, 0, 1, 1])
    [decision] = order_remarks("t", order_of(names), owners, names, "d.csv")
    assert decision.code == "step-order"
    assert "in 1 sequences (`t10`, `t2` in this order)" in decision.text
    assert order_remarks("t", order_of(names), np.arange(5), names, "d.csv") == []


def test_dates_that_can_be_read_in_two_ways_are_a_warning() -> None:
    dates = ["01/02/2020", "02/01/2020"]
    [warning] = order_remarks("t", order_of(dates), np.arange(2), dates, "d.csv")
    assert warning.code == "ambiguous-dates"
    assert "day, month, year" in warning.text


def test_what_has_no_order_is_an_error() -> None:
    with pytest.raises(TypeError):
        order_of([1, "a"])
