"""What is right, of sequences and of steps: against counting one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsvis.run.verdicts import RIGHT, UNKNOWN, WRONG, Verdicts


@st.composite
def verdicts(draw: st.DrawFn, unit: str) -> Verdicts:
    lengths = np.array(draw(st.lists(st.integers(1, 4), min_size=1, max_size=6)), np.int32)
    count = len(lengths) if unit == "sequence" else int(lengths.sum())
    labels = draw(st.lists(st.integers(-1, 2), min_size=count, max_size=count))
    predicted = draw(st.lists(st.integers(0, 2), min_size=count, max_size=count))
    return Verdicts(unit, np.array(labels, np.int16), np.array(predicted, np.int16), lengths)


def rows_of(one: Verdicts) -> list[list[int]]:
    """The labels that each sequence has, by their places."""
    if one.unit == "sequence":
        return [[k] for k in range(len(one.lengths))]
    ends = np.cumsum(one.lengths).tolist()
    return [list(range(end - length, end)) for end, length in zip(ends, one.lengths.tolist(), strict=True)]


def verdict(label: int, predicted: int) -> int:
    return UNKNOWN if label < 0 else RIGHT if label == predicted else WRONG


@pytest.mark.parametrize("unit", ["sequence", "step"])
@given(data=st.data())
def test_verdicts_are_those_of_counting_one_by_one(unit: str, data: st.DataObject) -> None:
    one = data.draw(verdicts(unit))
    each = [verdict(a, b) for a, b in zip(one.labels.tolist(), one.predicted.tolist(), strict=True)]
    assert one.each.tolist() == each
    of_states, labels_of_states = [], []
    for k, places in enumerate(rows_of(one)):
        known = [each[place] for place in places if each[place] != UNKNOWN]
        expected = UNKNOWN if not known else RIGHT if all(v == RIGHT for v in known) else WRONG
        assert one.of_sequences[k] == expected
        assert (one.n_known[k], one.n_right[k]) == (len(known), known.count(RIGHT))
        places_of_steps = places if unit == "step" else places * int(one.lengths[k])
        of_states += [each[place] for place in places_of_steps]
        labels_of_states += [one.labels[place] for place in places_of_steps]
    assert one.of_states.tolist() == of_states
    assert one.labels_of_states.tolist() == labels_of_states
    assert [one.label_of(row) for row in range(len(of_states))] == labels_of_states
    known = [v for v in each if v != UNKNOWN]
    assert one.accuracy == (pytest.approx(known.count(RIGHT) / len(known)) if known else None)
    for actual in (None, -1, 0, 2):
        for predicted in (None, 1):
            found = [
                any(
                    actual in (None, one.labels[place]) and predicted in (None, one.predicted[place])
                    for place in places
                )
                for places in rows_of(one)
            ]
            assert one.has(actual, predicted).tolist() == found
