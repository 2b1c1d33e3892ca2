"""Files written past the system's cache: what is large and written once pushes nothing else out of memory.

Filling the cache costs a processor more than the transfer does, where the disk fetches the bytes itself.
"""

import errno
import mmap
import os
from collections import deque
from pathlib import Path
from types import TracebackType

import numpy as np

from hsvis.storage.parquet_pages import Buffer

BLOCK = 4096  # bytes: addresses, places in the file and lengths are multiples of it
ROOM = 4 << 20  # bytes written at once
_free: deque[mmap.mmap] = deque()  # begins of blocks; used again, as fresh memory costs as much as filling it


class DirectFile:
    """A new file that is written from begin to end; where the system or the disk can't do it, as any other.

    Raises OSError from any method.
    """

    def __init__(self, path: Path, size: int = 0) -> None:
        """`size`: bytes that will be written at least; room for them is taken at once."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
        try:
            self._file = os.open(path, flags | getattr(os, "O_DIRECT", 0), 0o644)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            self._file = os.open(path, flags, 0o644)
        if size and hasattr(os, "posix_fallocate"):
            try:
                os.posix_fallocate(self._file, 0, size)
            except OSError as error:
                if error.errno == errno.ENOSPC:
                    os.close(self._file)
                    raise
        try:
            self._room = _free.pop()
        except IndexError:
            self._room = mmap.mmap(-1, ROOM)
        self._taken, self._size, self._filled = size, 0, 0

    def __enter__(self) -> "DirectFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                whole = self._filled // BLOCK * BLOCK
                self._write_out(0, whole)
                _made_plain(self._file)  # the rest is less than a block
                self._write_out(whole, self._filled)
                if self._taken > self._size:
                    os.ftruncate(self._file, self._size)
        finally:
            os.close(self._file)
            _free.append(self._room)

    def write(self, content: Buffer) -> int:
        """Appends bytes; returns how many."""
        rest = np.frombuffer(content, np.uint8)  # copied by numpy, other threads run meanwhile
        room, size = np.frombuffer(self._room, np.uint8), len(rest)
        while len(rest):
            fits = min(len(rest), ROOM - self._filled)
            room[self._filled : self._filled + fits] = rest[:fits]
            self._filled += fits
            rest = rest[fits:]
            if self._filled == ROOM:
                self._write_out(0, ROOM)
                self._filled = 0
        self._size += size
        return size

    def _write_out(self, begin: int, end: int) -> None:
        """These bytes of the room."""
        with memoryview(self._room) as room:
            while begin < end:
                try:
                    begin += os.write(self._file, room[begin:end])
                except OSError as error:
                    if error.errno != errno.EINVAL or not _made_plain(self._file):
                        raise


def _made_plain(file: int) -> bool:
    """Whether a file was to be written past the cache, which from now on it isn't."""
    direct = getattr(os, "O_DIRECT", 0)
    if not direct:
        return False
    import fcntl  # noqa: PLC0415  (not on Windows)

    flags = fcntl.fcntl(file, fcntl.F_GETFL)
    fcntl.fcntl(file, fcntl.F_SETFL, flags & ~direct)
    return bool(flags & direct)
