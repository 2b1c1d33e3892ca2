"""Batches: what is in them, how long, and in which order."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hsvis.models.batching import bucket, pad


@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 40), max_size=60),
    steps=st.integers(1, 120),
    most=st.integers(1, 8),
)
def test_the_shortest_come_first_in_batches_as_full_as_they_may_be(
    lengths: list[int], steps: int, most: int
) -> None:
    batches = [batch.tolist() for batch in bucket(np.array(lengths, int), steps, most)]
    assert [k for batch in batches for k in batch] == sorted(range(len(lengths)), key=lambda k: lengths[k])
    for batch in batches:
        assert len(batch) == 1 or (len(batch) <= most and len(batch) * lengths[batch[-1]] <= steps)
    for batch, following in itertools.pairwise(batches):  # one more would not have fitted
        assert len(batch) == most or (len(batch) + 1) * lengths[following[0]] > steps


def test_a_batch_holds_256_sequences_where_nothing_else_is_said() -> None:
    assert [len(batch) for batch in bucket(np.ones(600, int), 10_000)] == [256, 256, 88]


@pytest.mark.parametrize("width", [None, 3])
def test_sequences_are_padded_with_0_on_the_right(width: int | None) -> None:
    rng = np.random.default_rng(1)
    sequences = [rng.integers(1, 9, (n,) if width is None else (n, width)) for n in (4, 1, 6)]
    padded, lengths = pad(sequences)
    assert lengths.tolist() == [4, 1, 6]
    assert padded.dtype == (np.int64 if width is None else np.float32)
    for row, sequence in zip(padded, sequences, strict=True):
        assert np.array_equal(row[: len(sequence)], sequence)
        assert not row[len(sequence) :].any()
    assert padded.shape[:2] == (3, 6)
