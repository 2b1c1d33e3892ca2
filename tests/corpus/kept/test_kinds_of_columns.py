"""Columns of any type as kept ones."""

from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsvis.corpus.kept.kinds import LONGEST, NotKeptError, kept_column
from hsvis.corpus.kept.texts import LARGEST_WHOLE


def chunked(values: Any, kind: pa.DataType | None = None) -> pa.ChunkedArray:
    array = pa.array(values, kind)
    return pa.chunked_array([array[: len(array) // 2], array[len(array) // 2 :]])


@given(
    st.lists(st.none() | st.integers(-LARGEST_WHOLE, LARGEST_WHOLE), min_size=1)
    | st.lists(st.none() | st.floats(width=32), min_size=1),
)
def test_numbers_stay_what_they_are_and_what_is_none_is_missing(values: list[Any]) -> None:
    is_float = any(isinstance(one, float) for one in values)
    kept = kept_column("x", chunked(values, pa.float64() if is_float else pa.int64()))
    expected = [one if one is not None and np.isfinite(one) else None for one in values]
    assert (kept.kind, kept.values.to_pylist()) == ("number", expected)
    assert bool(kept.nothing) == any(one is not None and np.isinf(one) for one in values)


@pytest.mark.parametrize(
    ("values", "type_", "kind", "cells"),
    [
        ([True, None], pa.bool_(), "boolean", [True, None]),
        ([2**53 + 1, None], pa.int64(), "category", ["9007199254740993", None]),
        ([2**63 + 5], pa.uint64(), "category", ["9223372036854775813"]),
        ([date(2020, 2, 29), None], pa.date32(), "date", [date(2020, 2, 29), None]),
        ([datetime(2020, 1, 1), None], pa.timestamp("ns"), "date", [date(2020, 1, 1), None]),
        ([datetime(2020, 1, 1, 5)], pa.timestamp("ms"), "date", [datetime(2020, 1, 1, 5)]),
        (["b", None, "a"], pa.dictionary(pa.int8(), pa.string()), "category", ["b", None, "a"]),
        (["b", ""], pa.large_string(), "category", ["b", None]),
        ([None, None], pa.null(), "category", [None, None]),
        (["true", "", "FALSE"], pa.string(), "boolean", [True, None, False]),
        (["1.5", "NA"], pa.string(), "number", [1.5, None]),
        (["31.12.2020", ""], pa.string(), "date", [date(2020, 12, 31), None]),
        ([1.0, float("nan")], pa.float64(), "number", [1, None]),
        ([0.1], pa.float32(), "number", [np.float32(0.1)]),
    ],
)
def test_each_type_has_its_kind(values: list[Any], type_: pa.DataType, kind: str, cells: list[Any]) -> None:
    kept = kept_column("x", chunked(values, type_))
    assert (kept.kind, kept.values.to_pylist()) == (kind, cells)
    assert len(kept.values) == len(values)


def test_a_kind_that_is_said_counts() -> None:
    assert kept_column("x", chunked([1, 0]), "boolean").values.to_pylist() == [True, False]
    assert kept_column("x", chunked([2020, None]), "category").values.to_pylist() == ["2020", None]
    assert kept_column("x", chunked([True]), "number").values.to_pylist() == [1]
    with pytest.raises(NotKeptError, match="no date"):
        kept_column("x", chunked([2020]), "date")


def test_numbers_of_classes_have_their_names() -> None:
    kept = kept_column("x", chunked([1, 0, -1]), names=["no", "perhaps"])
    assert (kept.kind, kept.values.to_pylist()) == ("category", ["perhaps", "no", None])


def test_lists_and_long_texts_can_not_be_kept() -> None:
    with pytest.raises(NotKeptError, match="list<"):
        kept_column("x", chunked([[1], [2]]))
    assert kept_column("x", chunked(["a" * LONGEST])).kind == "category"
    with pytest.raises(NotKeptError, match="up to 201 characters"):
        kept_column("x", chunked(["a" * (LONGEST + 1)]))
