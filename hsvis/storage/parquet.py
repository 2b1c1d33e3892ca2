"""Parquet files that are written whole or not at all, and read with their checksums.

A file that can't be read is never trusted: whatever goes wrong while it is read is a DamagedFileError that
names it, and whoever finds it so has it built again.
"""

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hsvis.errors import DamagedFileError
from hsvis.storage import parquet_pages, seals
from hsvis.storage.files import write_aside
from hsvis.storage.layouts import Layout, check_layout
from hsvis.storage.parquet_pages import PageWriter

ROW_GROUP_BYTES = 1 << 20  # a sequence is read by row groups of about this size


def write_table(path: Path, table: pa.Table, details: Mapping[str, Any] | None = None) -> None:
    """Writes a parquet file, whole or not at all; `details` go into its metadata as JSON.

    Pages carry checksums.  What holds no vectors is compressed.  Raises CacheError.
    """
    if details is not None:
        table = table.replace_schema_metadata({"hsvis": json.dumps(details)})
    with write_aside(path) as aside, _writer(aside, table.schema, "lz4") as write:
        write(table)


@contextlib.contextmanager
def append_tables(path: Path) -> Iterator[Callable[[pa.Table], None]]:
    """Gives a function that appends parts of one table in order; the file is whole when the block ends.

    Pages carry checksums, and are not compressed: of texts that would take as long as all else that is done
    with them.  Without a part there is no file.  Raises CacheError.
    """
    with contextlib.ExitStack() as stack:
        write: Callable[[pa.Table], None] | None = None

        def append(part: pa.Table) -> None:
            nonlocal write
            if write is None:
                write = stack.enter_context(_writer(stack.enter_context(write_aside(path)), part.schema))
            write(part)

        yield append


@contextlib.contextmanager
def _writer(path: Path, schema: pa.Schema, compression: str = "none") -> Iterator[Callable[[pa.Table], None]]:
    """Gives a function that appends a table, in row groups of its own."""
    schema = schema.with_metadata(seals.noted(schema.metadata))
    vectors = any(pa.types.is_fixed_size_list(field.type) for field in schema)
    rows = _row_group(schema)
    if vectors and parquet_pages.fit(schema):
        with path.open("wb") as file, PageWriter(file, schema, rows) as plain:
            yield lambda table: plain.write([_values(column) for column in table.columns])
        return
    with pq.ParquetWriter(
        path,
        schema,
        compression="none" if vectors else compression,
        use_dictionary=False,
        write_statistics=["sequence"],
        write_page_checksum=True,
    ) as writer:
        yield lambda table: writer.write_table(table, row_group_size=rows)
    seals.seal(path)


def _row_group(schema: pa.Schema) -> int:
    """Rows of about ROW_GROUP_BYTES; text is taken as 4 kB a row."""

    def width(kind: pa.DataType) -> int:
        if pa.types.is_fixed_size_list(kind):
            return kind.list_size * kind.value_type.bit_width // 8
        return kind.bit_width // 8 if pa.types.is_primitive(kind) else 2048

    return max(64, ROW_GROUP_BYTES // sum(width(field.type) for field in schema))


@contextlib.contextmanager
def told_as_damage(path: Path) -> Iterator[None]:
    """Whatever goes wrong in the block is a DamagedFileError of this file."""
    try:
        yield
    except DamagedFileError:
        raise
    except Exception as error:
        raise DamagedFileError(path, error) from error


@contextlib.contextmanager
def open_file(
    path: Path, layout: Layout | None = None, *, columns: Iterable[str] | None = None, rows: int | None = None
) -> Iterator[pq.ParquetFile]:
    """Gives a parquet file whose footer is as it was written; its pages are checked when they are read.

    Args:
        layout: what it has to look like.
        columns: of the layout, those that are looked at; None = all.
        rows: how many it has to have.

    Raises:
        DamagedFileError: it is missing, can't be read or is another table; also for whatever else goes
            wrong in the block.
    """
    with told_as_damage(path):
        with path.open("rb") as file:
            seals.check_seal(file)
        with pq.ParquetFile(path, page_checksum_verification=True) as table:
            if layout is not None:
                check_layout(table.schema_arrow, layout, columns)
            if rows is not None and table.metadata.num_rows != rows:
                raise DamagedFileError(path, f"it has {table.metadata.num_rows:,} rows, not {rows:,}")
            yield table


def read_table(
    path: Path, columns: list[str] | None = None, *, layout: Layout | None = None, rows: int | None = None
) -> pa.Table:
    """A whole parquet file, or some columns of it.

    Args:
        layout: what it has to look like; then no value of its columns may be missing, either.
        rows: how many it has to have.

    Raises:
        DamagedFileError: it is missing, can't be read or is another table.
    """
    with open_file(path, layout, columns=columns, rows=rows) as file:
        table = file.read(columns)
        if table.num_rows != file.metadata.num_rows:
            raise ValueError(f"{table.num_rows:,} of {file.metadata.num_rows:,} rows are there")
        for name in (columns or layout) if layout is not None else ():
            if table[name].null_count:
                raise ValueError(f"values of its column `{name}` are missing")
        return table


def read_column(
    path: Path, name: str, rows: int = 1 << 16, *, layout: Layout | None = None
) -> Iterator[pa.Array]:
    """One column of a parquet file in order, at most `rows` values at once; the file is never held whole.

    Raises:
        DamagedFileError: it is missing or can't be read, or has no such column.
    """
    with open_file(path, layout, columns=[name]) as file:
        file.schema_arrow.field(name)  # a name that is not there would be passed over
        for batch in file.iter_batches(rows, columns=[name]):
            yield batch.column(0)


def read_details(path: Path) -> dict[str, Any]:
    """What `write_table` was given as `details`.  Raises DamagedFileError."""
    with open_file(path) as file:
        found = json.loads((file.schema_arrow.metadata or {}).get(b"hsvis", b"{}"))
        if not isinstance(found, dict):
            raise ValueError("its metadata are none of hsvis")
        return found


def is_whole(path: Path, rows: int | None = None, layout: Layout | None = None) -> bool:
    """Whether a parquet file is there, ends as it was written, and has `rows` rows and this layout."""
    if not path.exists():
        return False
    try:
        with open_file(path, layout, rows=rows):
            return True
    except DamagedFileError:
        return False


def vectors(values: np.ndarray) -> pa.FixedSizeListArray:
    """(n, width) float32 or float16 -> one fixed-size list a row, without a copy.

    Values are called as parquet calls them, so that what was read is written again as the same bytes.
    """
    flat = pa.array(values.reshape(-1))
    kind = pa.list_(pa.field("element", flat.type), values.shape[1])
    return pa.FixedSizeListArray.from_arrays(flat, type=kind)


def matrix(column: pa.ChunkedArray) -> np.ndarray:
    """The inverse of `vectors`: (n, width)."""
    width = column.type.list_size
    chunks = [chunk.flatten().to_numpy(zero_copy_only=False).reshape(-1, width) for chunk in column.chunks]
    return (
        chunks[0]
        if len(chunks) == 1
        else np.concatenate(chunks)
        if chunks
        else np.empty((0, width), np.float32)
    )


def _values(column: pa.ChunkedArray) -> np.ndarray:
    """A column without missing values: (n,), or (n, width) of vectors."""
    assert not column.null_count
    return matrix(column) if pa.types.is_fixed_size_list(column.type) else column.to_numpy()
