"""Blocks of a run, against the store that holds it whole."""

import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hsvis.errors import DamagedFileError
from hsvis.run.blocks import read_blocks, read_shape
from hsvis.run.folder import RunFolder
from hsvis.run.store import StateStore
from hsvis.storage import parquet


@pytest.mark.parametrize("steps", [1, 100, 999, 1 << 18])
def test_blocks_are_whole_sequences_and_together_the_run(demo_store: StateStore, steps: int) -> None:
    blocks, tokens = list(read_blocks(demo_store.folder, "rnn.0", steps)), []
    for block in blocks:
        assert block.lengths.sum() == len(block.tokens) == len(block.ep) == len(block.distances)
        assert len(block.ep) <= steps or len(block.lengths) == 1
        tokens += block.tokens.to_pylist()
    assert [block.first for block in blocks] == np.cumsum([0, *(len(b.lengths) for b in blocks)])[
        :-1
    ].tolist()
    for name in ("lengths", "labels", "predicted", "ep"):
        whole = np.concatenate([getattr(block, name) for block in blocks])
        assert np.array_equal(whole, getattr(demo_store, name))
    distances = np.concatenate([block.distances for block in blocks])
    assert np.array_equal(distances, demo_store.distances("rnn.0"), equal_nan=True)
    assert tokens == demo_store.tokens_at(np.arange(demo_store.n_states))
    assert read_shape(demo_store.folder) == (*demo_store.ep.shape, False)
    for block, following in pairwise(blocks):  # no more would have gone in
        assert len(block.ep) + following.lengths[0] > steps


@pytest.fixture
def copied(demo_store: StateStore, tmp_path: Path) -> RunFolder:
    shutil.copytree(demo_store.folder.path, tmp_path / "run")
    return RunFolder(tmp_path / "run")


@pytest.mark.parametrize("name", ["predictions", "states"])
@pytest.mark.parametrize("more", [True, False])
def test_a_file_with_other_steps_than_the_run_is_named(copied: RunFolder, name: str, more: bool) -> None:
    path = (
        copied.predictions
        if name == "predictions"
        else sorted((copied.path / "states").rglob("*.parquet"))[-1]
    )
    table = parquet.read_table(path)
    parquet.write_table(path, pa.concat_tables([table, table.slice(0, 1)]) if more else table.slice(1))
    with pytest.raises(DamagedFileError, match=rf"{path.name}.*{'more' if more else 'fewer'} steps"):
        list(read_blocks(copied, "rnn.0"))


def test_files_that_are_not_there_or_can_not_be_read_are_named(copied: RunFolder) -> None:
    with pytest.raises(DamagedFileError, match=r"layer=rnn\.7"):
        list(read_blocks(copied, "rnn.7"))
    content = bytearray(copied.predictions.read_bytes())
    groups = pq.read_metadata(copied.predictions).row_group(0)
    content[groups.column(groups.num_columns - 1).data_page_offset + 99] ^= 1  # in the EPs
    copied.predictions.write_bytes(content)
    with pytest.raises(DamagedFileError, match=r"predictions\.parquet"):
        list(read_blocks(copied, "rnn.0"))
    parquet.write_table(copied.predictions, pa.table({"other": [1.0]}))
    with pytest.raises(DamagedFileError, match=r"predictions\.parquet"):
        list(read_blocks(copied, "rnn.0"))
    copied.predictions.unlink()
    with pytest.raises(DamagedFileError, match="it is not there"):
        read_shape(copied)
