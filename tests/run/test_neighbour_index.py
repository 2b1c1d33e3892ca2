"""The index finds the states that a search through all of them finds."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.synthetic import walks, write_states
from hsvis.analysis.neighbours import neighbours
from hsvis.errors import DamagedFileError
from hsvis.run import neighbour_index
from hsvis.run.folder import RunFolder
from hsvis.run.neighbour_index import Index, is_indexed, write_index
from hsvis.run.states import LayerStates
from hsvis.run.store import StateStore
from hsvis.storage import parquet


def indexed(path: Path, states: np.ndarray, scanned: int) -> Index:
    folder = write_states(path, states)
    write_index(folder, "rnn.0", LayerStates(folder, "rnn.0"), scanned=scanned)
    return Index(folder, "rnn.0")


def brute(states: np.ndarray, state: np.ndarray) -> np.ndarray:
    """(N,) float64, the distance of each state."""
    return np.linalg.norm(states.astype(np.float64) - state, axis=1)


def test_many_cells_find_nearly_all_that_are_near_in_the_first_portion(tmp_path: Path) -> None:
    states = walks(150, 40, 16)  # 6,000 of them
    index = indexed(tmp_path, states, scanned=16_000)  # of 96,000 values: 96 cells
    found = []
    for row in range(0, 6000, 60):
        first = next(index.near(states[row]))
        assert len(first.rows) < 3000
        near = first.rows[np.argsort(first.distances)[:11]]
        found.append(len(set(near) & set(np.argsort(brute(states, states[row]))[:11])) / 11)
    assert np.mean(found) > 0.9


def test_cells_are_where_the_states_are(tmp_path: Path) -> None:
    states = walks(150, 40, 16)
    indexed(tmp_path, states, scanned=16_000)
    table = parquet.read_table(RunFolder(tmp_path).cells("rnn.0"))
    centres = parquet.matrix(table["centre"])
    drawn = states[np.random.default_rng(5).choice(len(states), len(centres), replace=False)]

    def spread(of: np.ndarray) -> tuple[float, int]:
        """Mean squared distance to the nearest centre, and states of the largest cell."""
        away = ((states[:, None] - of) ** 2).sum(2)  # (N, cells)
        return away.min(1).mean(), int(np.bincount(away.argmin(1)).max())

    assert (len(centres), table["size"].to_numpy().sum()) == (96, 6000)
    (found, largest), (random, _) = spread(centres), spread(drawn)
    assert found < 0.8 * random  # centres that no round of k-means has moved are no better than any states
    assert table["size"].to_numpy().max() == pytest.approx(largest, abs=2)  # each state is in the nearest one


@pytest.mark.parametrize("scanned", [10**9, 3_000])
@pytest.mark.parametrize("chunk", [500, 50_000])
def test_all_portions_together_are_all_states_with_their_distances(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scanned: int, chunk: int
) -> None:
    monkeypatch.setattr(neighbour_index, "CHUNK", chunk)
    states = walks(30, 40, 8)
    portions = list(indexed(tmp_path, states, scanned).near(states[77]))
    assert (len(portions) == 1) == (scanned == 10**9)
    rows = np.concatenate([one.rows for one in portions])
    assert sorted(rows) == list(range(1200))
    distances = np.concatenate([one.distances for one in portions])
    np.testing.assert_allclose(distances, brute(states, states[77])[rows], atol=2e-3)


@settings(max_examples=20, deadline=None)
@given(power=st.integers(-12, 12), offset=st.sampled_from([0.0, 3.0, -1000.0]), seed=st.integers(0, 5))
def test_states_of_any_size_keep_their_distances(
    tmp_path_factory: pytest.TempPathFactory, power: int, offset: float, seed: int
) -> None:
    states = (walks(4, 30, 5, seed) * 10.0**power + offset * 10.0**power).astype(np.float32)
    (all_,) = indexed(tmp_path_factory.mktemp("any"), states, 10**9).near(states[50])
    exact = brute(states, states[50])[all_.rows]
    np.testing.assert_allclose(all_.distances, exact, atol=2e-3 * exact.max())


@pytest.mark.parametrize("count", [1, 2, 300])
def test_one_state_and_states_that_are_all_the_same_have_an_index(tmp_path: Path, count: int) -> None:
    portions = list(indexed(tmp_path, np.full((count, 3), 7, np.float32), scanned=8).near(np.zeros(3)))
    assert sorted(np.concatenate([one.rows for one in portions])) == list(range(count))
    for one in portions:
        np.testing.assert_allclose(one.distances, np.sqrt(3 * 49), rtol=1e-3)


def test_the_same_states_give_the_same_files(tmp_path: Path) -> None:
    contents = []
    for name in "ab":
        indexed(tmp_path / name, walks(30, 40, 8), scanned=3_000)
        folder = RunFolder(tmp_path / name)
        contents.append([folder.cells("rnn.0").read_bytes(), folder.records("rnn.0").read_bytes()])
    assert contents[0] == contents[1]


def test_what_is_cut_or_changed_is_found_and_set_aside(tmp_path: Path) -> None:
    states = walks(30, 40, 8)
    index, folder = indexed(tmp_path, states, scanned=3_000), RunFolder(tmp_path)
    assert is_indexed(folder, "rnn.0", 1200)
    assert not is_indexed(folder, "rnn.0", 1199)
    path = folder.records("rnn.0")
    whole = path.read_bytes()
    for harmed in (whole[:-1], whole[:500] + bytes([whole[500] ^ 4]) + whole[501:]):
        path.write_bytes(harmed)
        assert is_indexed(folder, "rnn.0", 1200) == (len(harmed) == len(whole))
        with pytest.raises(DamagedFileError, match=r"layer=rnn\.0\.records"):
            list(index.near(states[0]))
        assert not path.exists()
    path.write_bytes(whole)
    table = folder.cells("rnn.0")
    table.write_bytes(table.read_bytes()[:-9])
    assert not is_indexed(folder, "rnn.0", 1200)
    assert not table.exists()


# of a run


def nearest_sequences(store: StateStore, row: int, k: int) -> list[float]:
    """Distances of the nearest states of other sequences, one of each, by looking at every state."""
    states = np.concatenate([store.states(index, "rnn.0") for index in range(store.n_sequences)])
    away = brute(states, states[row])
    own, _ = store.locate(row)
    each = np.split(away, store.offsets[1:-1])
    return sorted(float(one.min()) for index, one in enumerate(each) if index != own)[:k]


@pytest.mark.parametrize("k", [1, 10, 100])
def test_one_state_of_each_other_sequence_is_found(demo_store: StateStore, k: int) -> None:
    for row in range(0, demo_store.n_states, 37):
        rows, distances = neighbours(demo_store, "rnn.0", row, k)
        assert len(rows) == min(k, demo_store.n_sequences - 1)
        np.testing.assert_allclose(distances, nearest_sequences(demo_store, row, k), atol=1e-3)
        owners = np.searchsorted(demo_store.offsets, rows, "right") - 1
        assert len({*owners, demo_store.locate(row)[0]}) == len(rows) + 1


def test_any_states_are_found_too_but_not_the_state_itself(demo_store: StateStore) -> None:
    states = np.concatenate([demo_store.states(index, "rnn.0") for index in range(demo_store.n_sequences)])
    for row in range(0, demo_store.n_states, 53):
        rows, distances = neighbours(demo_store, "rnn.0", row, 8, of_sequences=False)
        assert row not in rows
        assert len(set(rows)) == 8
        away = np.delete(brute(states, states[row]), row)
        np.testing.assert_allclose(distances, np.sort(away)[:8], atol=1e-3)
    with pytest.raises(IndexError):
        neighbours(demo_store, "rnn.0", demo_store.n_states)
