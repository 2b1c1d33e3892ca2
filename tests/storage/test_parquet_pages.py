"""Files of vectors, written page by page: what any parquet reader finds in them."""

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hsvis.errors import DamagedFileError
from hsvis.storage import parquet, parquet_pages

FLOATS = {"float32": np.uint32, "float16": np.uint16}


def table(rows: int, width: int, precision: str = "float32", seed: int = 0) -> pa.Table:
    """States as a run keeps them, of any bit pattern: NaN, infinite and tiny numbers are among them."""
    rng = np.random.default_rng(seed)
    bits = FLOATS[precision]
    states = rng.integers(0, np.iinfo(bits).max, (rows, width), bits, endpoint=True).view(precision)
    distances = rng.integers(0, 2**32, rows, np.uint32).view(np.float32)
    sequence = np.sort(rng.integers(-(2**31), 2**31 - 1, rows, np.int32, endpoint=True))
    return pa.table(
        {
            "sequence": pa.array(sequence),
            "step": pa.array(np.arange(rows, dtype=np.int32)),
            "distance": pa.array(distances),
            "state": parquet.vectors(states),
        }
    )


def by_pyarrow(rows: pa.Table, group: int) -> io.BytesIO:
    file = io.BytesIO()
    with pq.ParquetWriter(
        file, rows.schema, compression="none", use_dictionary=False, write_statistics=["sequence"]
    ) as writer:
        writer.write_table(rows, row_group_size=group)
    return file


def columns(rows: pa.Table) -> list[np.ndarray]:
    return [rows[name].to_numpy() for name in rows.column_names[:-1]] + [parquet.matrix(rows["state"])]


def write(path: Path, parts: list[pa.Table], group: int) -> Path:
    with path.open("wb") as file, parquet_pages.PageWriter(file, parts[0].schema, group) as writer:
        for part in parts:
            writer.write(columns(part))
    return path


def bits(rows: pa.Table) -> list[bytes]:
    return [values.tobytes() for values in columns(rows)]


@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(1, 300),
    width=st.one_of(st.integers(1, 9), st.sampled_from([39, 40, 41, 64, 65, 128, 1000])),
    precision=st.sampled_from(sorted(FLOATS)),
    group=st.integers(1, 400),
    seed=st.integers(0, 2**32),
)
def test_a_file_reads_as_the_one_that_pyarrow_writes(
    tmp_path_factory: pytest.TempPathFactory, rows: int, width: int, precision: str, group: int, seed: int
) -> None:
    whole = table(rows, width, precision, seed)
    path = write(tmp_path_factory.mktemp("pages") / "a.parquet", [whole], group)
    expected = pq.ParquetFile(by_pyarrow(whole, group))
    with pq.ParquetFile(path, page_checksum_verification=True) as found:
        assert found.schema_arrow.equals(expected.schema_arrow, check_metadata=True)
        assert found.schema.equals(expected.schema)
        assert found.metadata.num_row_groups == expected.metadata.num_row_groups
        for g in range(found.num_row_groups):
            ours, theirs = found.metadata.row_group(g), expected.metadata.row_group(g)
            assert ours.num_rows == theirs.num_rows
            assert ours.column(0).statistics.equals(theirs.column(0).statistics)
            assert [ours.column(c).path_in_schema for c in range(4)] == [
                theirs.column(c).path_in_schema for c in range(4)
            ]
            read = found.read_row_group(g)
            assert bits(read) == bits(expected.read_row_group(g))
        assert bits(found.read()) == bits(whole)
        light = found.read(["sequence", "distance"])
        assert light["distance"].to_numpy().tobytes() == columns(whole)[2].tobytes()


def test_parts_that_are_appended_are_row_groups_of_their_own(tmp_path: Path) -> None:
    whole = table(50, 7)
    path = write(tmp_path / "a.parquet", [whole.slice(0, 30), whole.slice(30)], 20)
    metadata = pq.read_metadata(path)
    assert [metadata.row_group(g).num_rows for g in range(metadata.num_row_groups)] == [20, 10, 20]
    assert bits(parquet.read_table(path)) == bits(whole)


@pytest.mark.parametrize("precision", sorted(FLOATS))
def test_a_flipped_bit_in_any_page_is_found(tmp_path: Path, precision: str) -> None:
    """Every byte of the values, of what says where rows begin, and of their checksums."""
    whole = table(9, 3, precision)
    path = write(tmp_path / "a.parquet", [whole], 5)
    content = path.read_bytes()
    end = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    rng = np.random.default_rng(1)
    missed = []
    for at in range(4, end):
        harmed = bytearray(content)
        harmed[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(harmed)
        try:
            if bits(parquet.read_table(path)) != bits(whole):
                missed.append(at)
        except DamagedFileError:
            pass
    assert missed == []


def test_metadata_and_names_come_back(tmp_path: Path) -> None:
    parquet.write_table(tmp_path / "a.parquet", table(3, 2), {"note": "é" * 200})
    assert parquet.read_details(tmp_path / "a.parquet") == {"note": "é" * 200}
    assert pq.read_metadata(tmp_path / "a.parquet").created_by == "hsvis"


def test_what_is_no_plain_number_is_left_to_pyarrow() -> None:
    assert parquet_pages.fit(table(1, 2).schema)
    for other in (pa.string(), pa.int64(), pa.list_(pa.float32()), pa.list_(pa.string(), 2), pa.bool_()):
        assert not parquet_pages.fit(pa.schema([("state", pa.list_(pa.float32(), 3)), ("other", other)]))


def test_a_write_that_breaks_off_is_no_parquet_file(tmp_path: Path) -> None:
    whole = table(10, 2)
    with (
        pytest.raises(RuntimeError),
        (tmp_path / "a").open("wb") as file,
        parquet_pages.PageWriter(file, whole.schema, 5) as writer,
    ):
        writer.write(columns(whole))
        raise RuntimeError
    assert not parquet.is_whole(tmp_path / "a")
