"""The footer of a table is as it was written, or the file is refused; files without a seal are read."""

import ast
import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import hsvis
from hsvis.errors import DamagedFileError
from hsvis.storage import parquet, seals
from hsvis.storage.layouts import Layout, Lists, Vectors

TABLES = {
    "texts": pa.table({"sequence": pa.array([0, 1], pa.int32()), "text": ["a", "é"]}),
    "vectors": pa.table(
        {"step": pa.array([0, 1], pa.int32()), "state": parquet.vectors(np.ones((2, 3), np.float32))}
    ),
    "empty": pa.table({"text": pa.array([], pa.string())}),
}


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_sealed_file_is_read_by_any_reader(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.parquet"
    parquet.write_table(path, TABLES[name], {"note": "é"})
    assert seals.MARK in path.read_bytes()
    assert pq.read_table(path).to_pydict() == TABLES[name].to_pydict()
    assert parquet.read_table(path).to_pydict() == TABLES[name].to_pydict()
    assert parquet.read_details(path) == {"note": "é"}


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_flipped_bit_of_a_footer_is_noticed(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.parquet"
    parquet.write_table(path, TABLES[name], {"scale": 4.0})
    content = path.read_bytes()
    footer = int.from_bytes(content[-8:-4], "little") + 8
    for bit in range(8 * (footer + seals.BYTES)):
        harmed = bytearray(content)
        harmed[-1 - bit // 8] ^= 1 << bit % 8
        if is_sealed(harmed):  # where a length leads to another place, what stands there is no footer
            path.write_bytes(harmed)
            with pytest.raises(DamagedFileError):
                parquet.read_table(path)
            assert 32 <= bit < 64
    assert not any(is_sealed(content[:-cut]) for cut in range(1, footer))


def is_sealed(content: bytes) -> bool:
    try:
        seals.check_seal(io.BytesIO(content))
    except ValueError:
        return False
    return True


def test_a_footer_without_its_seal_is_noticed_but_a_file_that_never_had_one_is_read(tmp_path: Path) -> None:
    path, table = tmp_path / "a.parquet", TABLES["texts"]
    parquet.write_table(path, table)
    content = path.read_bytes()
    path.write_bytes(content.replace(seals.MARK, b"\0" * len(seals.MARK)))
    with pytest.raises(DamagedFileError, match="footer"):
        parquet.read_table(path)
    pq.write_table(table, path)  # as of an earlier version
    assert parquet.read_table(path).equals(table)


LAYOUT: Layout = {"step": pa.int32(), "state": Vectors((pa.float32(), pa.float16()), 3)}
STEP = pa.array([0, 1], pa.int32())
STATE = parquet.vectors(np.ones((2, 3), np.float16))


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"step": STEP, "state": STATE}, ""),
        ({"step": STEP, "more": STEP, "state": STATE}, ""),
        ({"step": STEP}, "no column `state`"),
        ({"step": pa.array([0, 1], pa.int64()), "state": STATE}, "`step` is of int64, not int32"),
        ({"step": STEP, "state": STEP}, "`state` is of int32"),
        ({"step": STEP, "state": parquet.vectors(np.ones((2, 4), np.float32))}, "not 3 float or halffloat"),
        ({"step": STEP, "state": parquet.vectors(np.ones((2, 3)))}, "`state` is of"),
        ({"step": STEP, "state": pa.array([[1.0], [2.0]], pa.list_(pa.float32()))}, "`state` is of"),
        ({"step": pa.array([0, None], pa.int32()), "state": STATE}, "`step` are missing"),
        ({"step": STEP[:1], "state": STATE[:1]}, "has 1 rows, not 2"),
    ],
)
def test_a_table_of_another_look_is_refused(tmp_path: Path, columns: dict[str, pa.Array], why: str) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table(columns), path)  # whole by itself
    if not why:
        parquet.read_table(path, layout=LAYOUT, rows=2)
        return
    with pytest.raises(DamagedFileError, match=why) as refused:
        parquet.read_table(path, layout=LAYOUT, rows=2)
    assert str(path) in str(refused.value)


def test_lists_are_told_by_what_they_hold(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"tokens": pa.array([["a"], []], pa.list_(pa.string()))}), path)
    parquet.read_table(path, layout={"tokens": Lists(pa.string())})
    with pytest.raises(DamagedFileError, match="not lists of int32"):
        parquet.read_table(path, layout={"tokens": Lists(pa.int32())})


OTHER_FILES = {"corpus/reuters.py", "corpus/recorded_files.py", "check/expected.py"}  # no tables of a run


def test_all_tables_are_read_by_the_one_reader_that_is_told_what_to_expect() -> None:
    package = Path(hsvis.__file__).parent
    found = []
    for path in package.rglob("*.py"):
        name = path.relative_to(package).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import) and any(one.name == "pyarrow.parquet" for one in node.names):
                found += [name] if name not in {*OTHER_FILES, "storage/parquet.py"} else []
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            called, given = ast.unparse(node.func), {one.arg for one in node.keywords}
            if called in ("parquet.read_table", "parquet.read_column") and "layout" not in given:
                found.append(f"{name}:{node.lineno}: {called} without a layout")
    assert found == []
