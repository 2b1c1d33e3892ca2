"""Files written past the system's cache: the same bytes as written in any other way."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hsvis.storage import direct, parquet
from hsvis.storage.direct import BLOCK, ROOM, DirectFile

DIRECT = getattr(os, "O_DIRECT", 0)
EDGES = [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, ROOM - 1, ROOM, ROOM + 1]
NEAR = st.sampled_from(EDGES) | st.integers(0, 3 * BLOCK)


def written(path: Path, sizes: list[int], taken: int = 0) -> bytes:
    """Writes random bytes of these sizes, one after the other; returns them all."""
    content = np.random.default_rng(sum(sizes)).bytes(sum(sizes))
    at = 0
    with DirectFile(path, taken) as file:
        for size in sizes:
            assert file.write(content[at : at + size]) == size
            at += size
    return content


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(sizes=st.lists(NEAR, max_size=4), taken=NEAR)
def test_what_is_written_is_in_the_file_and_nothing_else(
    tmp_path: Path, sizes: list[int], taken: int
) -> None:
    content = written(tmp_path / "file", sizes, taken)
    assert (tmp_path / "file").read_bytes() == content


def test_vectors_are_written_as_they_lie_in_memory(tmp_path: Path) -> None:
    values = np.random.default_rng(1).normal(size=(30_000, 50)).astype(np.float32)
    with DirectFile(tmp_path / "file") as file:
        file.write(values.data.cast("B"))
    assert (np.fromfile(tmp_path / "file", np.float32).reshape(values.shape) == values).all()


@pytest.mark.skipif(not DIRECT, reason="the system has no O_DIRECT")
@pytest.mark.parametrize("refusing", ["open", "write"])
def test_a_disk_that_can_not_do_it_gets_the_file_in_the_plain_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusing: str
) -> None:
    asked: list[bool] = []
    real_open, real_write = os.open, os.write

    def open_plainly(path: Path, flags: int, mode: int = 0o777) -> int:
        asked.append(bool(flags & DIRECT))
        if flags & DIRECT and refusing == "open":
            real_open(path, flags & ~DIRECT, mode)  # tmpfs made the file before it refused
            raise OSError(errno.EINVAL, "Invalid argument")
        return real_open(path, flags, mode)

    def write_plainly(file: int, content: memoryview) -> int:
        import fcntl

        asked.append(bool(fcntl.fcntl(file, fcntl.F_GETFL) & DIRECT))
        if asked[-1] and refusing == "write":
            raise OSError(errno.EINVAL, "Invalid argument")
        return real_write(file, content)

    monkeypatch.setattr(os, "open", open_plainly)
    monkeypatch.setattr(os, "write", write_plainly)
    content = written(tmp_path / "file", [ROOM, 2 * BLOCK + 5])
    monkeypatch.undo()
    assert (tmp_path / "file").read_bytes() == content
    assert asked[0], "it should be tried"
    assert not asked[-1]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks for open files in /proc")
def test_an_error_in_between_frees_the_file_and_the_memory(tmp_path: Path) -> None:
    before, kept = len(os.listdir("/proc/self/fd")), len(direct._free)
    with pytest.raises(KeyError), DirectFile(tmp_path / "file") as file:
        file.write(b"x" * (ROOM + 3))
        raise KeyError
    assert len(os.listdir("/proc/self/fd")) == before
    assert len(direct._free) == max(1, kept)


def test_large_tables_take_this_way_and_small_ones_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow as pa

    made: list[Path] = []

    class Noted(DirectFile):
        def __init__(self, path: Path, size: int = 0) -> None:
            made.append(path)
            super().__init__(path, size)

    monkeypatch.setattr(parquet, "DirectFile", Noted)
    for rows in (100, parquet.LARGE // 200 + 1):
        values = np.random.default_rng(rows).normal(size=(rows, 50)).astype(np.float32)
        table = pa.table({"state": parquet.vectors(values)})
        parquet.write_table(tmp_path / f"{rows}.parquet", table)
        assert (parquet.matrix(parquet.read_table(tmp_path / f"{rows}.parquet")["state"]) == values).all()
    assert [path.name.split(".")[1] for path in made] == [str(parquet.LARGE // 200 + 1)]
