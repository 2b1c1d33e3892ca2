"""One SQLite file that several threads and several servers may share, each call by a connection of its own.

Whatever was acknowledged stays, also when a server is killed in the middle of the next save: the file is in
WAL mode and every commit waits for the disk.  The file is made by the first write, not before.
"""

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from hsvis.errors import NotesError

UNCHANGED = "ro&immutable=1"  # reads the file alone, as if nobody could change it
PATIENCE = 10.0  # seconds to wait for another process that writes
APPLICATION = 0x68737669  # "hsvi": tells our files from those of other programs


class Database:
    """A file, and what it has to be."""

    def __init__(self, path: Path, migrations: Sequence[Sequence[str]]) -> None:
        """`migrations`: the statements that take a file from one version to the next, from nothing on."""
        self._path, self._migrations, self._newest = path, migrations, len(migrations)

    def read(self, asked: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        """The rows of one statement; none where there is no file yet.  Raises NotesError."""
        with self._plain_errors():
            if not self._path.exists():
                return []
            try:
                return self._rows(self._reading_mode(), asked, values)
            except sqlite3.OperationalError as error:
                # SQLite makes a file to read as well; on a full disk it can't, but nobody writes there either
                if _code(error) not in NO_ROOM or (self._ahead.exists() and self._ahead.stat().st_size):
                    raise
                return self._rows(UNCHANGED, asked, values)

    def _rows(self, mode: str, asked: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        with closing(self._open(mode)) as connection:
            return connection.execute(asked, values).fetchall()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it is on the disk afterwards, or after an error none.  Raises NotesError."""
        with self._plain_errors():
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not self._path.exists():  # for its owner alone
                with suppress(FileExistsError):
                    os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            with closing(self._open("rwc")) as connection:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")  # closing without it rolls back

    def _reading_mode(self) -> str:
        """In a folder that can't be written SQLite reads only what it is told nobody changes."""
        return "rw" if self._ahead.exists() or os.access(self._path.parent, os.W_OK) else UNCHANGED

    @property
    def _ahead(self) -> Path:
        """What was written and is not in the file yet."""
        return self._path.with_name(f"{self._path.name}-wal")

    def _open(self, mode: str) -> sqlite3.Connection:
        """A connection to a file of this version."""
        address = f"{self._path.absolute().as_uri()}?mode={mode}"
        connection = sqlite3.connect(address, uri=True, timeout=PATIENCE, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.create_function("folded", 1, str.casefold, deterministic=True)
            if self._version(connection) < self._newest:
                self._migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _version(self, connection: sqlite3.Connection) -> int:
        """Raises NotesError: it is not a file of notes, or of a later hsvis."""
        version, owner, tables = connection.execute(
            "SELECT (SELECT user_version FROM pragma_user_version), "
            "(SELECT application_id FROM pragma_application_id), (SELECT count(*) FROM sqlite_master)"
        ).fetchone()  # in one statement: another process may be about to make the file
        if owner != APPLICATION and (version or tables):
            raise NotesError(
                self._path,
                "is the database of another program. Nothing was changed; move it away, "
                "or name another folder by HSVIS_DATA",
            )
        if version > self._newest:
            raise NotesError(
                self._path,
                f"was written by a later hsvis (version {version}, this one knows {self._newest}). "
                "Nothing was changed; update hsvis, or name another folder by HSVIS_DATA",
            )
        return int(version)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        _write_ahead(connection)
        connection.execute("BEGIN IMMEDIATE")
        there = self._version(connection)  # another process may have been quicker
        for version in range(there, self._newest):
            for statement in self._migrations[version]:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {self._newest}")
        connection.execute("COMMIT")

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise NotesError(self._path, _reason(error)) from error
        except OSError as error:
            raise NotesError(self._path, f"can't be used: {error.strerror}. {RIGHTS}") from error


RIGHTS = "Check that the server may write to its folder, or name another one by HSVIS_DATA"
REASONS = {
    sqlite3.SQLITE_NOTADB: "is not a file of notes, or damaged. Nothing was changed; put a good copy in its "
    "place, or move it away: then the next note begins a new one",
    sqlite3.SQLITE_FULL: "can't be written, the disk is full. Make room there, then save again",
    sqlite3.SQLITE_READONLY: f"can't be written, it is read-only. {RIGHTS}",
    sqlite3.SQLITE_CANTOPEN: f"can't be opened. {RIGHTS}",
    sqlite3.SQLITE_BUSY: "is in use by another process. Try again in a moment",
}
REASONS[sqlite3.SQLITE_CORRUPT] = REASONS[sqlite3.SQLITE_NOTADB]
REASONS[sqlite3.SQLITE_PERM] = REASONS[sqlite3.SQLITE_CANTOPEN]
REASONS[sqlite3.SQLITE_LOCKED] = REASONS[sqlite3.SQLITE_BUSY]


NO_ROOM = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL)


def _code(error: sqlite3.Error) -> int:
    """What kind of error it is, without what refines it."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _reason(error: sqlite3.Error) -> str:
    return REASONS.get(_code(error), f"can't be used ({error}). Look whether its disk is full or damaged")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """WAL mode, which stays with the file.  SQLite does not wait by itself where two processes change it."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
