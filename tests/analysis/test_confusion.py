"""Counts of classifications, and the pairs of classes that are confused most."""

import numpy as np

from hsvis.analysis.confusion import confused_pairs, confusion_counts


def test_pairs_come_by_number_then_by_share_and_hold_no_correct_one() -> None:
    counts = np.array([[90, 10, 0], [1, 4, 5], [0, 5, 45], [7, 0, 0]])  # the last: unknown labels
    pairs = confused_pairs(counts)
    assert [pair[:3] for pair in pairs] == [(0, 1, 10), (1, 2, 5), (2, 1, 5), (1, 0, 1)]
    assert [pair.share for pair in pairs] == [0.1, 0.5, 0.1, 0.1]


def test_no_error_is_no_pair_and_counts_are_left_as_they_are() -> None:
    counts = confusion_counts(np.array([0, 1, -1]), np.array([0, 1, 1]), 2)
    before = counts.copy()
    assert confused_pairs(counts) == []
    assert np.array_equal(counts, before)
    assert confused_pairs(np.zeros((2, 2), int)) == []
