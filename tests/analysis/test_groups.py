"""Statistics of groups, against pandas, scipy and plain loops."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from hsvis.analysis.groups import count_groups, range_groups, wilson


@given(st.integers(1, 3000), st.data())
def test_the_interval_is_wilsons(trials: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, trials))
    expected = binomtest(successes, trials).proportion_ci(0.95, "wilson")
    assert wilson(successes, trials) == pytest.approx((expected.low, expected.high), abs=1e-9)


@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 2), st.integers(0, 2)), min_size=1))
def test_groups_are_counted_as_pandas_does(rows: list[tuple[int, int, int]]) -> None:
    table = pd.DataFrame(rows, columns=["group", "label", "predicted"])
    known = (table["label"] >= 0).to_numpy(np.int64)
    right = known * (table["label"] == table["predicted"]).to_numpy()
    counts = count_groups(table["group"].to_numpy(), 4, known, right)
    for group, found in zip([0, 1, 2, 3, -1], counts, strict=True):
        own = table[table["group"] == group]
        labelled = own[own["label"] >= 0]
        wrong = (labelled["label"] != labelled["predicted"]).sum()
        assert (found.sequences, found.known, found.wrong) == (len(own), len(labelled), wrong)
        assert found.error_rate == (pytest.approx(wrong / len(labelled)) if len(labelled) else None)
        assert (found.interval is None) == (len(labelled) == 0)


def test_labels_of_steps_are_counted_and_have_no_interval() -> None:
    codes, known, right = np.array([0, 0, -1]), np.array([5, 0, 3]), np.array([3, 0, 3])
    found = count_groups(codes, 1, known, right, is_of_steps=True)
    assert [(one.sequences, one.known, one.wrong) for one in found] == [(2, 5, 2), (1, 3, 0)]
    assert found[0].error_rate == pytest.approx(0.4)
    assert found[0].interval is None


@given(
    st.lists(st.floats(-1e6, 1e6) | st.integers(-3, 3).map(float) | st.just(math.nan), min_size=1),
    st.integers(1, 7),
)
def test_ranges_divide_numbers_and_never_those_that_are_alike(numbers: list[float], most: int) -> None:
    values = np.array(numbers)
    codes, ends = range_groups(values, most)
    assert len(ends) <= most
    assert np.array_equal(codes < 0, np.isnan(values))
    for k, (low, high) in enumerate(ends):
        inside = (values >= low) & (values <= high)
        assert np.array_equal(inside, codes == k)
        assert {low, high} <= set(values[inside].tolist())
    assert all(one[1] < other[0] for one, other in itertools.pairwise(ends))
    different = len(set(values[~np.isnan(values)].tolist()))
    if different <= most:
        assert len(ends) == different


def test_ranges_have_about_as_many_numbers_each() -> None:
    numbers = np.random.default_rng(1).lognormal(size=6000)
    codes, ends = range_groups(numbers, 6)
    assert len(ends) == 6
    assert np.bincount(codes).tolist() == pytest.approx([1000] * 6, abs=2)
