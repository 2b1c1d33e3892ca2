"""The seal of a parquet file: a checksum of its footer, for which the format has none.

Pages carry checksums, but a changed footer may give one column the place of another.  So eight bytes that no
reader looks at stand between the last page and the footer: a mark, and the CRC-32 of all that follows them to
the end of the file.  The footer says itself, in its metadata, that it is sealed: a mark that is gone is
noticed.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from isal import isal_zlib

MARK = b"hsv\x01"
BYTES = len(MARK) + 4  # of a seal
NOTE = {b"hsvis.sealed": b"1"}  # in the metadata of whatever is sealed
ENDING = 8  # bytes after the footer: its length, and parquet's own mark
MAGIC = b"PAR1"


def noted(metadata: Mapping[bytes, bytes] | None) -> dict[bytes, bytes]:
    """The metadata of a schema with the note that its file is sealed."""
    return {**(metadata or {}), **NOTE}


def seal_of(tail: bytes) -> bytes:
    """The seal of a footer with its ending."""
    return MARK + isal_zlib.crc32(tail).to_bytes(4, "little")


def seal(path: Path) -> None:
    """Seals a file that another writer has closed."""
    with path.open("r+b") as file:
        _, tail = _end(file)
        file.seek(-len(tail), os.SEEK_END)
        file.write(seal_of(tail) + tail)


def check_seal(file: BinaryIO) -> None:
    """Raises ValueError where the footer is not as it was written.

    A file of an earlier version, whose footer says nothing of a seal, is believed.
    """
    found, tail = _end(file)
    if found == seal_of(tail):
        return
    if found.startswith(MARK) or next(iter(NOTE)) in tail:
        raise ValueError("its footer is not as it was written")


def _end(file: BinaryIO) -> tuple[bytes, bytes]:
    """What stands where a seal would, and the footer with its ending.  Raises ValueError."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - ENDING))
    ending = file.read()
    before = size - ENDING - int.from_bytes(ending[:4], "little")  # where the footer begins
    if before < len(MAGIC) or ending[4:] != MAGIC:
        raise ValueError("it is cut, or no parquet file")
    start = max(0, before - BYTES)
    file.seek(start)
    end = file.read()
    return end[: before - start], end[before - start :]
