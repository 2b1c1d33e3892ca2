"""Small JSON files that are for their owner alone: written whole or not at all, by one process at a time."""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Makes its folder where there is none, and holds a lock between processes.

    What root makes in a folder of somebody else, such as the user of a service, is that one's.

    Raises:
        OSError: they can't be made.
    """
    missing = [one for one in path.parents if not one.exists()]
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for one in reversed(missing):
        _give(one, one.parent)
    lock = path.with_name(f"{path.name}.lock")
    with FileLock(lock):
        _give(lock, path.parent)
        yield


def write(path: Path, content: Any) -> None:
    """Raises OSError."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.aside")
    try:
        aside.touch(mode=0o600)
        aside.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        _give(aside, path if path.exists() else path.parent)
        aside.replace(path)
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def _give(path: Path, like: Path) -> None:
    """Gives it to the owner of another one; only root can, and for others nothing has to be done."""
    owner = like.stat()
    if hasattr(os, "geteuid") and os.geteuid() == 0 and owner.st_uid != path.stat().st_uid:
        os.chown(path, owner.st_uid, owner.st_gid)
