"""The store against the run's parquet files."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from hsvis.errors import CacheError, DamagedFileError
from hsvis.run.folder import RunFolder
from hsvis.run.store import StateStore
from hsvis.storage import parquet


def test_lengths_offsets_and_rows_agree_with_the_files(demo_store: StateStore) -> None:
    steps = pq.read_table(demo_store.folder.predictions)
    assert demo_store.n_sequences == 40
    assert demo_store.n_states == steps.num_rows == demo_store.lengths.sum()
    sequence, step = steps["sequence"].to_numpy(), steps["step"].to_numpy()
    for row in range(0, demo_store.n_states, 37):
        assert demo_store.locate(row) == (sequence[row], step[row])
        assert demo_store.offsets[sequence[row]] + step[row] == row


def test_a_sequence_has_all_its_values(demo_store: StateStore) -> None:
    table = pq.read_table(demo_store.folder.sequences)
    ep = parquet.matrix(pq.read_table(demo_store.folder.predictions)["ep"])
    for index in (0, 17, 39):
        row = table.slice(index, 1).to_pylist()[0]
        found = demo_store.sequence(index)
        assert (found.index, found.text, found.tokens) == (index, row["text"], row["tokens"])
        assert len(found.tokens) == row["length"] == len(found.known) == len(found.ep)
        assert np.array_equal(found.ep, ep[found.rows])
        assert found.predicted == found.ep[-1].argmax() == row["predicted"]
        assert found.confidence == pytest.approx(found.ep[-1].max())
        assert found.correct is (found.label == found.predicted)


def test_states_of_each_sequence_are_read_across_parts_and_row_groups(demo_store: StateStore) -> None:
    parts = sorted(demo_store.folder.states("rnn.0", 0).parent.glob("*.parquet"))
    assert len(parts) > 2, "the small demo should have several parts"
    whole = np.concatenate([parquet.matrix(pq.read_table(p)["state"]) for p in parts])
    for index in range(demo_store.n_sequences):
        begin, end = demo_store.offsets[index], demo_store.offsets[index + 1]
        assert np.array_equal(demo_store.states(index, "rnn.0"), whole[begin:end])


def test_distances_are_those_between_the_states(demo_store: StateStore) -> None:
    distances = demo_store.distances("rnn.0")
    for index in range(demo_store.n_sequences):
        states = demo_store.states(index, "rnn.0").astype(float)
        own = distances[demo_store.offsets[index] : demo_store.offsets[index + 1]]
        assert np.isnan(own[0])
        np.testing.assert_allclose(own[1:], np.sqrt(((states[1:] - states[:-1]) ** 2).sum(1)), atol=1e-5)
    assert demo_store.largest_distance("rnn.0") == np.nanmax(distances)


def test_both_projections_are_there_in_the_configs_order(demo_store: StateStore) -> None:
    projections = demo_store.projections("rnn.0")
    assert [p.label for p in projections] == ["t-SNE, perplexity 20", "PCA"]
    assert all(p.xy.shape == (demo_store.n_states, 2) for p in projections)
    assert projections[0].details["kl_divergence"] > 0


def test_what_is_not_there_is_an_error(demo_store: StateStore) -> None:
    for index in (-1, 40):
        with pytest.raises(IndexError, match="0 to 39"):
            demo_store.sequence(index)
        with pytest.raises(IndexError):
            demo_store.states(index, "rnn.0")
    with pytest.raises(IndexError):
        demo_store.locate(demo_store.n_states)
    with pytest.raises(KeyError):
        demo_store.projection("rnn.0", "umap-1")
    with pytest.raises(KeyError):
        demo_store.states(0, "rnn.7")


def test_a_text_begins_where_the_model_begins_to_read(demo_store: StateStore) -> None:
    beginnings = demo_store.beginnings(20)
    assert len(beginnings) == 40
    for index in (0, 5, 39):
        sequence = demo_store.sequence(index)
        assert sequence.text[sequence.start :].startswith(beginnings[index])
        assert beginnings[index].startswith(sequence.tokens[0])
        assert 15 < len(beginnings[index]) <= 20


def test_nobody_can_write_into_the_shared_arrays(demo_store: StateStore) -> None:
    with pytest.raises(ValueError, match="read-only"):
        demo_store.ep[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        demo_store.distances("rnn.0")[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        demo_store.projections("rnn.0")[0].xy[0] = 1


def test_opening_what_is_not_built_says_how_to_build(tmp_path: Path) -> None:
    with pytest.raises(CacheError, match="hsvis build"):
        StateStore.open(RunFolder(tmp_path))


def test_accuracies_are_told_apart(demo_store: StateStore) -> None:
    assert demo_store.verdicts.accuracy == np.mean(demo_store.labels == demo_store.predicted)
    assert demo_store.test_accuracy == demo_store.manifest.test_accuracy


def test_a_damaged_part_is_named_when_its_states_are_asked_for(
    demo_store: StateStore, tmp_path: Path
) -> None:
    copied = tmp_path / "run"
    shutil.copytree(demo_store.folder.path, copied)
    store = StateStore.open(RunFolder(copied))
    part = store.folder.states("rnn.0", 0)
    part.write_bytes(part.read_bytes()[: part.stat().st_size // 2])
    with pytest.raises(DamagedFileError, match=r"part-00000\.parquet"):
        store.states(0, "rnn.0")
