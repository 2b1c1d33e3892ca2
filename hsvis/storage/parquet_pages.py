"""Parquet files of plain numbers and vectors, written page by page.

pyarrow takes such columns value by value, which costs as much time as the model that computes them.  Here
values go from their array to the file as they lie there, without a copy; any parquet reader reads them.
The format: https://parquet.apache.org/docs/file-format, its metadata in thrift's compact protocol.
"""

import base64
from collections.abc import Sequence
from functools import lru_cache
from types import TracebackType
from typing import Protocol

import numpy as np
import pyarrow as pa
from isal import isal_zlib

from hsvis.storage.seals import seal_of

MAGIC = b"PAR1"
INT32, FLOAT, BYTES = 1, 4, 7  # physical types
OPTIONAL, REPEATED = 1, 2
PLAIN, RLE = 0, 3  # encodings
KINDS = {pa.int32(): INT32, pa.float32(): FLOAT, pa.float16(): BYTES}

Buffer = bytes | memoryview
Thrift = tuple[int, bytes]  # a value's type in the compact protocol, and its bytes
TRUE: Thrift = (1, b"")


def fit(schema: pa.Schema) -> bool:
    """Whether all columns are numbers of 32 bits, or vectors of 16 or 32 bits a value."""
    return all(_element(field.type) in KINDS and field.nullable for field in schema)


class File(Protocol):
    """What is written from begin to end."""

    def write(self, content: Buffer, /) -> int:
        """Appends bytes; returns how many."""


class PageWriter:
    """Writes one file: row groups of the same number of rows, a page for each column, with its checksum.

    The caller opens and closes the file.  Columns hold no missing values.  Of `sequence`, the smallest and
    the largest value are written as well.
    """

    def __init__(self, file: File, schema: pa.Schema, rows: int) -> None:
        """`rows`: in a row group, at the most."""
        self._schema, self._rows = schema, rows
        self._groups: list[Thrift] = []
        self._written = 0  # rows
        self._file = file
        self._at = self._file.write(MAGIC)

    def __enter__(self) -> "PageWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            footer = _footer(self._schema, self._written, self._groups)
            tail = footer + len(footer).to_bytes(4, "little") + MAGIC
            self._file.write(seal_of(tail) + tail)

    def write(self, columns: Sequence[np.ndarray]) -> None:
        """Appends rows: one array for each column, (n,) or (n, width), of the schema's types."""
        for begin in range(0, len(columns[0]), self._rows):
            self._write_group([np.ascontiguousarray(c[begin : begin + self._rows]) for c in columns])

    def _write_group(self, columns: list[np.ndarray]) -> None:
        start, rows = self._at, len(columns[0])
        chunks = []
        for field, values in zip(self._schema, columns, strict=True):
            at = self._at
            self._write_page(values)
            chunks.append(_chunk(field, values, at, self._at - at, bounds=field.name == "sequence"))
        size = _i64(self._at - start)
        self._groups.append(_struct({1: _list(chunks), 2: size, 3: _i64(rows), 5: _i64(start), 6: size}))
        self._written += rows

    def _write_page(self, values: np.ndarray) -> None:
        levels = _levels(len(values), values.shape[1] if values.ndim > 1 else None)
        content = values.data.cast("B")
        checksum = isal_zlib.crc32(content, isal_zlib.crc32(levels))
        size = _i32(len(levels) + len(content))
        signed = checksum - (checksum >> 31 << 32)
        header = {1: _i32(0), 2: size, 3: size, 4: _i32(signed), 5: _encodings(values.size)}
        for piece in (_struct(header)[1], levels, content):
            self._at += self._file.write(piece)


def _element(kind: pa.DataType) -> pa.DataType:
    """The type of a column's numbers."""
    return kind.value_type if pa.types.is_fixed_size_list(kind) and kind.list_size else kind


@lru_cache(64)
def _encodings(count: int) -> Thrift:
    """How a page holds so many numbers."""
    return _struct({1: _i32(count), 2: _i32(PLAIN), 3: _i32(RLE), 4: _i32(RLE)})


@lru_cache(16)  # most row groups have the same number of rows
def _levels(rows: int, width: int | None) -> bytes:
    """What says of each number that it is there and, of a vector's, if it begins a row (0) or not (1)."""
    if width is None:
        return _with_size(_run(1, rows))
    if width < 40:  # a bit for each number takes less than two runs for each row
        begins = np.ones((rows, width), bool)
        begins[:, 0] = False
        bits = np.packbits(begins, bitorder="little").tobytes()
        repetition = _varint(len(bits) << 1 | 1) + bits
    else:
        repetition = (_run(0, 1) + _run(1, width - 1)) * rows
    return _with_size(repetition) + _with_size(_run(3, rows * width))


def _run(level: int, count: int) -> bytes:
    return _varint(count << 1) + bytes([level])


def _with_size(content: bytes) -> bytes:
    return len(content).to_bytes(4, "little") + content


def _chunk(field: pa.Field, values: np.ndarray, at: int, size: int, *, bounds: bool) -> Thrift:
    """Of a column in a row group: where it lies and, where `bounds`, its smallest and largest value."""
    found = _logical_fields(field) | {5: _i64(values.size), 6: _i64(size), 7: _i64(size), 9: _i64(at)}
    if bounds:
        largest, smallest = (_text(value.tobytes()) for value in (values.max(), values.min()))
        found[12] = _struct({3: _i64(0), 5: largest, 6: smallest, 7: TRUE, 8: TRUE})
    return _struct({2: _i64(0), 3: _struct(found)})


@lru_cache(64)
def _logical_fields(field: pa.Field) -> dict[int, Thrift]:
    """What is the same of a column in all row groups."""
    path = [field.name, "list", "element"] if pa.types.is_fixed_size_list(field.type) else [field.name]
    return {
        1: _i32(KINDS[_element(field.type)]),
        2: _list([_i32(PLAIN), _i32(RLE)]),
        3: _list([_text(name) for name in path]),
        4: _i32(0),  # not compressed
    }


def _footer(schema: pa.Schema, rows: int, groups: list[Thrift]) -> bytes:
    described = [_struct({4: _text("schema"), 5: _i32(len(schema))})]
    for field in schema:
        described += _describe_field(field)
    encoded = {b"ARROW:schema": base64.b64encode(schema.serialize().to_pybytes())}
    notes = (schema.metadata or {}) | encoded
    footer = {
        1: _i32(2),  # of the format
        2: _list(described),
        3: _i64(rows),
        4: _list(groups),
        5: _list([_struct({1: _text(key), 2: _text(value)}) for key, value in notes.items()]),
        6: _text("hsvis"),
        7: _list([_struct({1: _struct({})})] * len(schema)),  # values are ordered as their types are
    }
    return _struct(footer)[1]


def _describe_field(field: pa.Field) -> list[Thrift]:
    """A column in the schema; that of vectors is a list of groups of one element."""
    kind = _element(field.type)
    leaf = {1: _i32(KINDS[kind]), 3: _i32(OPTIONAL), 4: _text(field.name)}
    if kind == pa.float16():
        leaf |= {2: _i32(2), 10: _struct({15: _struct({})})}
    if not pa.types.is_fixed_size_list(field.type):
        return [_struct(leaf)]
    is_list = {6: _i32(3), 10: _struct({3: _struct({})})}
    return [
        _struct({3: _i32(OPTIONAL), 4: _text(field.name), 5: _i32(1)} | is_list),
        _struct({3: _i32(REPEATED), 4: _text("list"), 5: _i32(1)}),
        _struct(leaf | {4: _text("element")}),
    ]


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


@lru_cache(1024)
def _zigzag(value: int) -> bytes:
    return _varint(value << 1 if value >= 0 else (-value << 1) - 1)


def _i32(value: int) -> Thrift:
    return 5, _zigzag(value)


def _i64(value: int) -> Thrift:
    return 6, _zigzag(value)


def _text(value: str | bytes) -> Thrift:
    content = value.encode() if isinstance(value, str) else value
    return 8, _varint(len(content)) + content


def _list(values: list[Thrift]) -> Thrift:
    kind = values[0][0] if values else 12
    head = (
        bytes([len(values) << 4 | kind]) if len(values) < 15 else bytes([0xF0 | kind]) + _varint(len(values))
    )
    return 9, head + b"".join(content for _, content in values)


def _struct(fields: dict[int, Thrift]) -> Thrift:
    """Numbered fields; each number is told as the difference to the one before."""
    found, before = bytearray(), 0
    for number in sorted(fields):
        kind, content = fields[number]
        found.append((number - before) << 4 | kind)
        found += content
        before = number
    found.append(0)
    return 12, bytes(found)
