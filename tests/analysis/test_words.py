"""Strengths of events and the strongest of a view, recomputed row by row."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsvis.analysis import steps, words
from hsvis.run.store import StateStore


def test_the_share_of_the_largest_distance_finds_the_same_jumps_as_the_sequence_view(
    demo_store: StateStore,
) -> None:
    distance, largest = demo_store.distances("rnn.0"), demo_store.largest_distance("rnn.0")
    share = words.share_of_largest(distance, largest)
    assert share.dtype == np.float32
    assert np.nanmax(share) == 1
    for threshold in (0.0, 0.1, 0.4, 0.9, 1.0):
        found = np.flatnonzero(share >= threshold)
        assert found.tolist() == steps.jumps(distance, largest, threshold).tolist()


def test_states_that_never_move_have_no_share() -> None:
    assert np.isnan(words.share_of_largest(np.zeros(4, np.float32), 0.0)).all()


@pytest.mark.parametrize("k", [None, 0, 1])
def test_change_of_confidence_row_by_row(demo_store: StateStore, k: int | None) -> None:
    change = words.change_of_confidence(demo_store.ep, demo_store.offsets[:-1], k)
    assert (change.dtype, change.shape) == (np.float32, (demo_store.n_states,))
    for index in range(demo_store.n_sequences):
        one = demo_store.sequence(index)
        ep = one.ep.tolist()
        assert math.isnan(change[one.rows.start])
        for step in range(1, len(ep)):
            moved = [abs(now - before) for now, before in zip(ep[step], ep[step - 1], strict=True)]
            expected = max(moved) if k is None else moved[k]
            assert change[one.rows.start + step] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17])
def test_blocks_of_rows_leave_no_seam(monkeypatch: pytest.MonkeyPatch, n: int) -> None:
    monkeypatch.setattr(words, "BLOCK", 4)
    ep = np.random.default_rng(n).random((n, 3)).astype(np.float32)
    starts = np.array([0, 0, n // 2, n])  # two of these sequences have no steps
    change = words.change_of_confidence(ep, starts, None)
    for row in range(n):
        if row in (0, n // 2):
            assert np.isnan(change[row])
        else:
            assert change[row] == np.abs(ep[row] - ep[row - 1]).max()


def test_class_flips_are_the_class_changes_of_each_sequence(demo_store: StateStore) -> None:
    flips = words.class_flips(demo_store.ep, demo_store.offsets)
    assert flips.any()
    for index in range(demo_store.n_sequences):
        one = demo_store.sequence(index)
        assert np.flatnonzero(flips[one.rows]).tolist() == steps.class_changes(one.ep).tolist()


def plainly_strongest(
    xy: np.ndarray, strength: np.ndarray, candidate: np.ndarray, window: tuple[float, ...],
    cells: tuple[int, int], per_cell: int, limit: int,
) -> list[int]:  # fmt: skip
    x0, x1, y0, y1 = window
    taken: dict[tuple[int, int], int] = {}
    found = []
    for row in sorted(range(len(xy)), key=lambda row: (-np.nan_to_num(strength[row]), row)):
        x, y = (float(value) for value in xy[row])
        if not candidate[row] or np.isnan(strength[row]) or not (x0 <= x <= x1 and y0 <= y <= y1):
            continue
        column = min(int((x - x0) / (x1 - x0) * cells[0]), cells[0] - 1)
        line = min(int((y - y0) / (y1 - y0) * cells[1]), cells[1] - 1)
        taken[column, line] = taken.get((column, line), 0) + 1
        if taken[column, line] <= per_cell:
            found.append(row)
    return found[:limit]


@given(
    seed=st.integers(0, 10_000), n=st.integers(0, 120), cells=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    per_cell=st.integers(1, 3), limit=st.integers(1, 60), levels=st.integers(1, 20),
)  # fmt: skip
def test_the_strongest_of_a_view(
    seed: int, n: int, cells: tuple[int, int], per_cell: int, limit: int, levels: int
) -> None:
    rng = np.random.default_rng(seed)
    xy = rng.integers(-6, 7, (n, 2)).astype(np.float32)  # many on edges of the window and of cells
    strength = (rng.integers(0, levels, n) / levels).astype(np.float32)  # many ties
    strength[rng.random(n) < 0.1] = np.nan
    candidate = rng.random(n) < 0.8
    window = (-5.0, 5.0, -4.0, 6.0)
    found = words.strongest(xy, strength, candidate, window, cells, per_cell, limit)
    assert found.dtype == np.int64
    assert found.tolist() == plainly_strongest(xy, strength, candidate, window, cells, per_cell, limit)


def test_every_region_gets_its_words() -> None:
    rng = np.random.default_rng(5)
    xy = rng.random((20_000, 2)).astype(np.float32)
    strength = xy[:, 0] * xy[:, 1]  # all the strongest are in one corner
    found = words.strongest(xy, strength, np.ones(20_000, bool), (0, 1, 0, 1), cells=(10, 10), per_cell=2)
    assert len(found) == 200
    assert (np.diff(strength[found]) <= 0).all()
    assert len({(int(x * 10), int(y * 10)) for x, y in xy[found].tolist()}) == 100


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("window", [(-1e308, 1e308, -1e308, 1e308), (0.0, 5e-324, 0.0, 5e-324)])
def test_windows_at_the_ends_of_what_numbers_can_hold(window: tuple[float, float, float, float]) -> None:
    xy = np.zeros((3, 2), np.float32)
    found = words.strongest(xy, np.array([1, 3, 2], np.float32), np.ones(3, bool), window)
    assert found.tolist() == [1, 2]
