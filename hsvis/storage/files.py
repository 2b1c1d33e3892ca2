"""Files that appear whole or not at all: written aside and renamed; locks; keys of content."""

import contextlib
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import filelock

from hsvis.errors import CacheError

FORMAT = 1  # of the files; part of every key


def key_of(**parts: Any) -> str:
    """A stage's key: hash of all that decides its content, as 16 hexadecimal digits."""
    content = json.dumps({"format": FORMAT, **parts}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@contextlib.contextmanager
def write_aside(path: Path) -> Iterator[Path]:
    """Gives a path to write to; the file takes its place at `path` when the block ends well.

    Raises:
        CacheError: the folder can't be written, or the disk is full.
    """
    aside: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # only a name: a file that is there and is opened again goes to the disk when it is closed (ext4)
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


def set_aside(path: Path) -> None:
    """Gives a damaged file another name, so that the next build finds it missing and makes it again."""
    with contextlib.suppress(OSError):
        path.replace(path.with_name(f".{path.name}.damaged.aside"))


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
