"""The orders of units, recomputed plainly."""

import numpy as np
import pytest

from hsvis.analysis.units import decision_order, unit_order


def average_clusters(apart: np.ndarray) -> list[set[int]]:
    """Every cluster of units that joining the two nearest, by the mean of all distances, comes by."""
    clusters = [{k} for k in range(len(apart))]
    found = []
    while len(clusters) > 1:
        pairs = [(a, b) for i, a in enumerate(clusters) for b in clusters[:i]]
        first, second = min(pairs, key=lambda pair: np.mean([apart[i, j] for i in pair[0] for j in pair[1]]))
        clusters = [one for one in clusters if one not in (first, second)] + [first | second]
        found.append(first | second)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_units_whose_courses_are_near_on_average_stand_together(seed: int) -> None:
    states = np.random.default_rng(seed).normal(size=(6, 14)).astype(np.float32)
    order = unit_order(states).tolist()
    assert sorted(order) == list(range(14))
    apart = np.linalg.norm(states.T[:, None].astype(float) - states.T[None], axis=2)
    for cluster in average_clusters(apart):
        places = [order.index(unit) for unit in cluster]
        assert max(places) - min(places) == len(cluster) - 1


def test_neighbours_are_the_nearest_that_the_clusters_allow() -> None:
    courses = np.array([0.0, 9.0, 1.0, 10.5, 2.5, 12.5])  # of single steps
    order = unit_order(courses[None].astype(np.float32))
    assert sorted(courses.tolist()) in (courses[order].tolist(), courses[order][::-1].tolist())


def test_of_a_long_sequence_the_whole_course_counts() -> None:
    late = np.zeros((900, 4), np.float32)
    late[700:] = [0, 5, 0.1, 5.1]
    order = unit_order(late).tolist()
    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset({0, 2}), frozenset({1, 3})}


@pytest.mark.parametrize("units", [1, 2])
def test_one_or_two_units_stay_as_they_are(units: int) -> None:
    assert unit_order(np.ones((5, units))).tolist() == list(range(units))


def test_many_units_have_an_order_too() -> None:
    groups = np.random.default_rng(0).permutation(np.arange(300) % 3)
    states = groups[None] * 10.0 + np.random.default_rng(1).normal(size=(5, 300))
    assert (np.diff(groups[unit_order(states)]) != 0).sum() == 2


def test_certain_eps_count_as_very_likely_ones() -> None:
    ep = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    states = np.array([[0.0, 1, 1], [0, 0, -1], [0, 1, 1]])
    assert decision_order(states, ep).tolist() == [2, 1, 0]


def test_where_the_ep_never_moves_the_last_state_decides() -> None:
    states = np.array([[9.0, 0, 0, 1], [0.1, -3, 2, 2]])
    assert decision_order(states, np.full((2, 2), 0.5)).tolist() == [1, 2, 3, 0]


def test_three_units_have_an_order() -> None:
    courses = np.array([[0.0, 9.0, 1.0]], np.float32)
    assert unit_order(courses).tolist() in ([0, 2, 1], [1, 2, 0], [2, 0, 1], [1, 0, 2])
