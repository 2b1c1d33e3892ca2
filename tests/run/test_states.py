"""States are read part by part, and are the same as all at once."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.synthetic import walks, write_states
from hsvis.errors import DamagedFileError
from hsvis.run.folder import RunFolder
from hsvis.run.states import LayerStates, chunks
from hsvis.run.store import StateStore

STATES = walks(40, 50, 300)  # 2,000 of them; more than one row group a file


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> LayerStates:
    return LayerStates(write_states(tmp_path_factory.mktemp("states"), STATES), "rnn.0")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(begin=st.integers(0, 2100), count=st.integers(0, 1500), seed=st.integers(0, 9))
def test_any_slice_and_any_rows_are_those_of_the_array(
    layer: LayerStates, begin: int, count: int, seed: int
) -> None:
    np.testing.assert_array_equal(layer[begin : begin + count], STATES[begin : begin + count])
    rows = np.sort(np.random.default_rng(seed).choice(2000, count))
    np.testing.assert_array_equal(layer[rows], STATES[rows])


def test_chunks_are_all_states_in_order(layer: LayerStates) -> None:
    assert layer.shape == (2000, 300)
    begins, parts = zip(*chunks(layer, 333), strict=True)
    assert begins == tuple(range(0, 2000, 333))
    np.testing.assert_array_equal(np.concatenate(parts), STATES)


def test_rows_that_are_not_there_are_an_error(layer: LayerStates) -> None:
    for rows in ([-1, 3], [3, 2000]):
        with pytest.raises(IndexError, match="0 to 1999"):
            layer[np.array(rows)]


def test_a_built_run_reads_as_its_sequences_do(demo_store: StateStore) -> None:
    layer = LayerStates(demo_store.folder, "rnn.0")
    each = [demo_store.states(index, "rnn.0") for index in range(demo_store.n_sequences)]
    np.testing.assert_array_equal(layer[:], np.concatenate(each))


def test_a_part_that_is_cut_or_gone_is_named(tmp_path: Path) -> None:
    folder = write_states(tmp_path, STATES[:, :20])
    layer = LayerStates(folder, "rnn.0")
    path = folder.states("rnn.0", 1)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DamagedFileError, match=r"part-00001"):
        layer[np.array([5, 900])]
    assert not path.exists()  # set aside: the next build makes it again
    with pytest.raises(DamagedFileError, match=r"part-00000"):
        LayerStates(RunFolder(tmp_path / "none"), "rnn.0")
