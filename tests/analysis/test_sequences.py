"""Analysis: confusion counts, class changes, jumps, competing classes, the order of units."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsvis.analysis.confusion import confusion_counts
from hsvis.analysis.steps import class_changes, competing_classes, jumps
from hsvis.analysis.units import decision_order, unit_order


def test_confusion_counts_actual_by_predicted():
    labels = np.array([0, 0, 1, 2, 2, 2], dtype=np.int16)
    predicted = np.array([0, 1, 1, 2, 2, 0], dtype=np.int16)
    assert confusion_counts(labels, predicted, 3).tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 2]]


def test_unknown_labels_are_counted_in_a_row_of_their_own():
    labels = np.array([-1, 0, -1, 1], dtype=np.int16)
    predicted = np.array([1, 0, 1, 1], dtype=np.int16)
    assert confusion_counts(labels, predicted, 2).tolist() == [[1, 0], [0, 1], [0, 2]]


def test_confusion_of_no_sequences_is_all_zero():
    nothing = np.empty(0, dtype=np.int16)
    assert confusion_counts(nothing, nothing, 2).tolist() == [[0, 0], [0, 0]]


def test_class_changes_are_the_steps_with_a_new_winner():
    ep = np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.8, 0.2]], dtype=np.float32)
    assert class_changes(ep).tolist() == [1, 3]


def test_one_step_has_no_class_change():
    assert class_changes(np.array([[0.2, 0.8]])).size == 0


def test_jumps_reach_the_threshold_of_the_largest_distance():
    distance = np.array([np.nan, 1.0, 2.0, 4.0], dtype=np.float32)
    assert jumps(distance, largest=4.0, threshold=0.5).tolist() == [2, 3]


def test_step_0_is_no_jump_even_at_threshold_0():
    assert jumps(np.array([np.nan, 0.0, 1.0]), largest=1.0, threshold=0.0).tolist() == [1, 2]


def test_states_that_never_move_do_not_jump():
    assert jumps(np.array([np.nan, 0.0, 0.0]), largest=0.0, threshold=0.4).size == 0


def test_competing_classes_are_those_that_come_closest_to_winning():
    ep = np.array([[0.70, 0.20, 0.06, 0.04], [0.30, 0.05, 0.60, 0.05]])
    assert competing_classes(ep, 3).tolist() == [0, 1, 2]
    assert competing_classes(ep, 9).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(("n_steps", "n_units"), [(1, 1), (1, 40), (30, 2), (30, 20), (700, 300)])
def test_unit_order_names_each_unit_once(n_steps, n_units):
    states = np.random.default_rng(0).normal(size=(n_steps, n_units)).astype(np.float32)
    assert sorted(unit_order(states).tolist()) == list(range(n_units))


def test_units_of_the_same_course_become_neighbours():
    time = np.linspace(0, 6, 80)[:, None]
    rng = np.random.default_rng(1)
    group = rng.permutation(np.repeat([0, 1, 2], 8))
    states = np.column_stack([np.sin(time), np.cos(time), -np.sin(time)])[:, group]
    ordered = group[unit_order(states + rng.normal(0, 0.05, states.shape))]
    assert np.count_nonzero(np.diff(ordered)) == 2  # three groups, each in one piece


def test_unit_order_is_the_same_each_time():
    states = np.random.default_rng(2).normal(size=(50, 64)).astype(np.float32)
    assert unit_order(states).tolist() == unit_order(states.copy()).tolist()


def test_units_that_move_with_the_decision_come_first() -> None:
    steps = np.linspace(-3, 3, 40)
    ep = np.column_stack([1 / (1 + np.exp(steps)), 1 / (1 + np.exp(-steps))]).astype(np.float32)
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(40, 3)) * 0.01
    states = np.column_stack([noise[:, 0], -0.5 * steps / 3, noise[:, 1], 0.9 * steps / 3, noise[:, 2]])
    order = decision_order(states.astype(np.float32), ep)
    assert order[:2].tolist() == [3, 1]
    assert sorted(order.tolist()) == list(range(5))


@given(st.integers(1, 6), st.integers(1, 8), st.integers(2, 4), st.integers(0, 99))
def test_decision_order_is_the_order_of_the_covariances(
    steps: int, units: int, classes: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    states = rng.normal(size=(steps, units)).astype(np.float32)
    ep = rng.dirichlet(np.ones(classes), steps).astype(np.float32)
    order = decision_order(states, ep)
    assert sorted(order.tolist()) == list(range(units))
    share = np.clip(ep[:, ep[-1].argmax()].astype(float), 1e-6, 1 - 1e-6)
    odds = np.log(share / (1 - share))
    if odds.std() > 1e-9:
        part = [
            abs(np.mean((odds - odds.mean()) * (states[:, j] - states[:, j].mean()))) for j in range(units)
        ]
        assert np.all(np.diff(np.array(part)[order]) <= 1e-6)
