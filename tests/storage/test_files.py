"""Files of a run: whole or not at all, checked when read, errors in words."""

import errno
import os
import resource
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hsvis.errors import CacheError, DamagedFileError
from hsvis.storage import files, parquet


def table(rows: int = 1000, width: int = 8) -> pa.Table:
    values = np.random.default_rng(0).normal(size=(rows, width)).astype(np.float32)
    return pa.table({"sequence": pa.array(np.arange(rows, dtype=np.int32)), "state": parquet.vectors(values)})


def test_a_table_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.parquet"
    parquet.write_table(path, table(), {"note": "é"})
    assert parquet.read_table(path).equals(table())
    assert parquet.read_details(path) == {"note": "é"}
    assert parquet.is_whole(path, 1000)
    assert not parquet.is_whole(path, 999)
    assert [p.name for p in path.parent.iterdir()] == ["a.parquet"]


def test_row_groups_are_about_a_mebibyte(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    parquet.write_table(path, table(60_000, 100))
    groups = [
        pq.read_metadata(path).row_group(i).num_rows for i in range(pq.read_metadata(path).num_row_groups)
    ]
    assert sum(groups) == 60_000
    assert max(groups) * 404 < 1.1 * 2**20


def test_half_precision_vectors_come_back(tmp_path: Path) -> None:
    values = np.array([[1.5, -2.25], [0.1, 3.0]], np.float16)
    parquet.write_table(tmp_path / "a.parquet", pa.table({"state": parquet.vectors(values)}))
    assert np.array_equal(parquet.matrix(parquet.read_table(tmp_path / "a.parquet")["state"]), values)


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    files.write_bytes(path, b"old")
    with pytest.raises(RuntimeError), files.write_aside(path) as aside:
        aside.write_bytes(b"half of the n")
        raise RuntimeError
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("harm", ["truncated", "flipped", "empty", "missing", "text"])
def test_a_damaged_file_is_named_and_never_read(tmp_path: Path, harm: str) -> None:
    path = tmp_path / "a.parquet"
    parquet.write_table(path, table())
    content = path.read_bytes()
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 0x55
    harmed = {"truncated": content[:-100], "flipped": bytes(flipped), "empty": b"", "text": b"hello"}
    path.unlink()
    if harm != "missing":
        path.write_bytes(harmed[harm])
    with pytest.raises(DamagedFileError, match=r"a\.parquet") as caught:
        parquet.read_table(path)
    assert caught.value.path == path


def test_a_part_that_was_read_again_is_joined_as_the_same_bytes(tmp_path: Path) -> None:
    parts = [
        pa.table(
            {"sequence": pa.array([k], pa.int32()), "ep": parquet.vectors(np.full((1, 3), k, np.float32))}
        )
        for k in range(2)
    ]
    parquet.write_table(tmp_path / "part.parquet", parts[0])
    for name, first in (("alone", parts[0]), ("again", parquet.read_table(tmp_path / "part.parquet"))):
        with parquet.append_tables(tmp_path / name) as append:
            append(first)
            append(parts[1])
    assert (tmp_path / "alone").read_bytes() == (tmp_path / "again").read_bytes()


def test_joined_parts_equal_one_table(tmp_path: Path) -> None:
    whole = table(900)
    for k in range(3):
        parquet.write_table(tmp_path / f"{k}.parquet", whole.slice(300 * k, 300))
    with parquet.append_tables(tmp_path / "all.parquet") as append:
        for k in range(3):
            append(parquet.read_table(tmp_path / f"{k}.parquet"))
        assert not (tmp_path / "all.parquet").exists()
    assert parquet.read_table(tmp_path / "all.parquet").equals(whole)


def test_joining_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), parquet.append_tables(tmp_path / "all.parquet") as append:
        append(table())
        raise RuntimeError
    with parquet.append_tables(tmp_path / "none.parquet"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_key_depends_on_every_part_and_on_nothing_else() -> None:
    assert files.key_of(a=1, b="x") == files.key_of(b="x", a=1)
    assert len({files.key_of(a=1), files.key_of(a=2), files.key_of(b=1), files.key_of(a="1")}) == 4


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_folder_that_may_not_be_entered_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o700)
    script = f"""
        import os
        from pathlib import Path
        from hsvis.storage import files
        from hsvis.errors import CacheError
        os.setuid(65534)
        try:
            files.write_bytes(Path({str(tmp_path / "closed" / "run" / "a.bin")!r}), b"x")
        except CacheError as error:
            print(error)
    """
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False
    )
    assert "HSVIS_CACHE" in result.stdout, result.stderr


def test_a_folder_that_is_a_file_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(CacheError, match="HSVIS_CACHE"):
        files.write_bytes(tmp_path / "file" / "run" / "a.bin", b"x")
    with (
        pytest.raises(CacheError, match="HSVIS_CACHE"),
        files.locked(tmp_path / "file" / "x.lock", lambda: None),
    ):
        pass


def test_no_room_on_the_disk_is_an_error_with_a_remedy_and_leaves_nothing(tmp_path: Path) -> None:
    script = f"""
        import resource, signal, sys
        from pathlib import Path
        from hsvis.storage import parquet
        from hsvis.errors import CacheError
        sys.path.insert(0, "tests/storage")
        from test_files import table
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))  # what a full disk does, to this process
        try:
            parquet.write_table(Path({str(tmp_path)!r}) / "a.parquet", table(100_000))
        except CacheError as error:
            print(error)
    """
    assert resource.RLIMIT_FSIZE is not None
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert "Make room or set HSVIS_CACHE" in result.stdout
    assert "MiB are free" in result.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_second_holder_of_a_lock_waits_and_is_told(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    script = f"""
        import sys, time
        from pathlib import Path
        from hsvis.storage import files
        with files.locked(Path({str(path)!r}), lambda: None):
            print("held", flush=True)
            time.sleep(1.5)
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        told = []
        with files.locked(path, lambda: told.append(True)):
            assert other.wait() == 0
    assert told == [True]


def test_sweeping_takes_only_what_was_left_aside(tmp_path: Path) -> None:
    (tmp_path / "states").mkdir()
    (tmp_path / "states" / ".part-00000.parquet.abc.aside").write_text("half")
    files.write_bytes(tmp_path / "states" / "part-00000.parquet", b"whole")
    files.sweep(tmp_path)
    assert [p.name for p in (tmp_path / "states").iterdir()] == ["part-00000.parquet"]


def test_the_words_for_a_full_disk_name_the_cause(tmp_path: Path) -> None:
    with pytest.raises(CacheError, match="No space left on device"), files.write_aside(tmp_path / "a"):
        raise OSError(errno.ENOSPC, "No space left on device")
