"""The files of a built run: names, keys, atomic writes, locks, and what is whole.

A file appears whole or not at all: it is written aside and renamed.  A file that can't be read is
never trusted: whoever finds it so names it and has it built again.
"""

import contextlib
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hsvis import pages
from hsvis.direct import DirectFile
from hsvis.errors import CacheError, DamagedFileError
from hsvis.pages import PageWriter

FORMAT = 1  # of the files; part of every key
ROW_GROUP_BYTES = 1 << 20  # a sequence is read by row groups of about this size
LARGE = 8 << 20  # bytes: tables of this size go past the system's cache


def key_of(**parts: Any) -> str:
    """A stage's key: hash of all that decides its content, as 16 hexadecimal digits."""
    content = json.dumps({"format": FORMAT, **parts}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True)
class RunFolder:
    """Where the files of one run lie; nothing here reads or writes."""

    path: Path

    @property
    def manifest(self) -> Path:
        return self.path / "manifest.json"

    @property
    def sequences(self) -> Path:
        return self.path / "sequences.parquet"

    @property
    def predictions(self) -> Path:
        return self.path / "predictions.parquet"

    @property
    def building(self) -> Path:
        """The predictions of each part, kept until the tables of all parts are whole."""
        return self.path / "building"

    @property
    def lock(self) -> Path:
        return self.path.with_suffix(".lock")

    def predictions_part(self, number: int) -> Path:
        return self.building / f"predictions-{number:05d}.parquet"

    def states(self, layer: str, number: int) -> Path:
        return self.path / "states" / f"layer={layer}" / f"part-{number:05d}.parquet"

    def embedding(self, layer: str, name: str) -> Path:
        """`name` is `<method>-<key>`."""
        return self.path / "embeddings" / f"layer={layer}" / f"{name}.parquet"

    def cells(self, layer: str) -> Path:
        """What `hsvis.index` knows of the cells of a layer's states."""
        return self.path / "neighbours" / f"layer={layer}.parquet"

    def records(self, layer: str) -> Path:
        """The states of a layer, cell by cell."""
        return self.path / "neighbours" / f"layer={layer}.records"


@contextlib.contextmanager
def write_aside(path: Path) -> Iterator[Path]:
    """Gives a path to write to; the file takes its place at `path` when the block ends well.

    Raises:
        CacheError: the folder can't be written, or the disk is full.
    """
    aside: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # only a name: a file that is there and is opened anew goes to the disk when it is closed (ext4)
        aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.aside")
        yield aside
        aside.chmod(0o644)
        aside.replace(path)
    except OSError as error:
        raise CacheError(_cannot_write(path, error)) from error
    finally:
        if aside is not None:
            with contextlib.suppress(OSError):
                aside.unlink(missing_ok=True)


def _cannot_write(path: Path, error: OSError) -> str:
    there = next(p for p in (path, *path.parents) if os.path.exists(p))
    try:
        free = f"{shutil.disk_usage(there).free / 2**20:,.0f} MiB are free there"
    except OSError:
        free = "its disk does not answer"
    return (
        f"{path}: can't be written: {error.strerror or error}; {free}. Make room or set HSVIS_CACHE to a "
        "folder that can be written, then start again: what is whole is kept."
    )


def write_bytes(path: Path, content: bytes) -> None:
    """Writes a small file, whole or not at all.  Raises CacheError."""
    with write_aside(path) as aside:
        aside.write_bytes(content)


def write_table(path: Path, table: pa.Table, details: Mapping[str, Any] | None = None) -> None:
    """Writes a parquet file, whole or not at all; `details` go into its metadata as JSON.

    Pages carry checksums.  What holds no vectors is compressed.  Raises CacheError.
    """
    if details is not None:
        table = table.replace_schema_metadata({"hsvis": json.dumps(details)})
    with write_aside(path) as aside, _writer(aside, table.schema, "lz4", table.nbytes) as write:
        write(table)


@contextlib.contextmanager
def joined(path: Path) -> Iterator[Callable[[pa.Table], None]]:
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
def _writer(
    path: Path, schema: pa.Schema, compression: str = "none", size: int = 0
) -> Iterator[Callable[[pa.Table], None]]:
    """Gives a function that appends a table, in row groups of its own; `size`: bytes that will come."""
    vectors = any(pa.types.is_fixed_size_list(field.type) for field in schema)
    rows = _row_group(schema)
    if vectors and pages.fit(schema):
        opened = DirectFile(path, size) if size >= LARGE else path.open("wb")
        with opened as file, PageWriter(file, schema, rows) as plain:
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


def _row_group(schema: pa.Schema) -> int:
    """Rows of about ROW_GROUP_BYTES; text is taken as 4 kB a row."""

    def width(kind: pa.DataType) -> int:
        if pa.types.is_fixed_size_list(kind):
            return kind.list_size * kind.value_type.bit_width // 8
        return kind.bit_width // 8 if pa.types.is_primitive(kind) else 2048

    return max(64, ROW_GROUP_BYTES // sum(width(field.type) for field in schema))


def read_table(path: Path, columns: list[str] | None = None) -> pa.Table:
    """A whole parquet file.

    Raises:
        DamagedFileError: it is missing or can't be read.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            return file.read(columns)
    except (OSError, pa.ArrowException) as error:
        raise DamagedFileError(path, error) from error


def read_details(path: Path) -> dict[str, Any]:
    """What `write_table` was given as `details`.  Raises DamagedFileError."""
    try:
        return json.loads((pq.read_schema(path).metadata or {}).get(b"hsvis", b"{}"))
    except (OSError, pa.ArrowException, ValueError) as error:
        raise DamagedFileError(path, error) from error


def set_aside(path: Path) -> None:
    """Gives a damaged file another name, so that the next build finds it missing and makes it anew."""
    with contextlib.suppress(OSError):
        path.replace(path.with_name(f".{path.name}.damaged.aside"))


def is_whole(path: Path, rows: int | None = None) -> bool:
    """Whether a parquet file is there, ends well and has `rows` rows."""
    if not path.exists():
        return False
    try:
        with pq.ParquetFile(path) as file:
            return rows is None or file.metadata.num_rows == rows
    except (OSError, pa.ArrowException):
        return False


def read_manifest(folder: RunFolder) -> dict[str, Any] | None:
    """The manifest; None if there is none, or it is not as it was written."""
    try:
        manifest = json.loads(folder.manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        return None
    return manifest if manifest.pop("checksum", None) == key_of(manifest=manifest) else None


def write_manifest(folder: RunFolder, manifest: Mapping[str, Any]) -> None:
    """Raises CacheError."""
    content = json.loads(json.dumps(manifest))  # as it will be read
    checked = content | {"checksum": key_of(manifest=content)}
    write_bytes(folder.manifest, json.dumps(checked, indent=2, ensure_ascii=False).encode())


@contextlib.contextmanager
def locked(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Holds a lock between processes; calls `waiting` once if another one has it.

    Raises:
        CacheError: the folder can't be written.
    """
    lock = filelock.FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            waiting()
            lock.acquire()
    except OSError as error:
        raise CacheError(_cannot_write(path, error)) from error
    try:
        yield
    finally:
        lock.release()


def sweep(folder: Path, name: str = "") -> None:
    """Deletes what killed builds left aside, of one file or all.  Only under its lock, or the folder's."""
    for aside in folder.rglob(f".{name}*.aside"):
        aside.unlink(missing_ok=True)


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
