"""Notes of a team and the filters that it saved, in one SQLite file; hsvis/storage/sqlite.py opens it."""

import sqlite3
import unicodedata
from collections.abc import Callable
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from hsvis.storage.sqlite import Database

NOTES = "notes.sqlite"  # in the data folder
LONGEST_TEXT = 5000  # characters of a note
LONGEST_NAME = 80  # of an author or a saved filter
LONGEST_WORDS = 120  # of the text that a note is about
MOST_NOTES = 20_000  # of a run: a file of all of them is made in memory
MOST_FILTERS = 100  # saved of a run: the page gets all of them, each of up to a quarter of a megabyte

# what takes a file from one version to the next; a version once released is never changed
MIGRATIONS = (
    (
        """CREATE TABLE notes (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            run TEXT NOT NULL, build TEXT NOT NULL, sequence INTEGER NOT NULL, step INTEGER,
            words TEXT NOT NULL, author TEXT NOT NULL, written TEXT NOT NULL, edited TEXT, text TEXT NOT NULL
        )""",
        "CREATE INDEX notes_of_run ON notes (run, sequence)",
    ),
    (
        """CREATE TABLE filters (
            run TEXT NOT NULL, name TEXT NOT NULL, filter TEXT NOT NULL,
            layer TEXT NOT NULL, projection TEXT NOT NULL, author TEXT NOT NULL, written TEXT NOT NULL,
            PRIMARY KEY (run, name)
        )""",
    ),
)


class NotYoursError(Exception):
    """Somebody else's note or filter; the message is a sentence that says whose."""


@dataclass(frozen=True)
class Note:
    """What somebody wrote about a sequence or a step.

    Attributes:
        id: a number that no other note gets, not even after this one is deleted.
        build: the key of the run's states at the time; of another build the step may be another one.
        step: None = the sequence as a whole.
        words: the step's token, or how the sequence begins, at the time.
        author: "" where nobody had to say who they are.
        written, edited: UTC, ISO 8601; `edited` is None as long as the note is as it was written.
    """

    id: int
    run: str
    build: str
    sequence: int
    step: int | None
    words: str
    author: str
    written: str
    edited: str | None
    text: str


@dataclass(frozen=True)
class SavedFilter:
    """A filter under a name.

    Attributes:
        filter: JSON, as `Filter.parse` reads it.
        layer, projection: whose coordinates its regions have; "" without regions.
    """

    run: str
    name: str
    filter: str
    layer: str
    projection: str
    author: str
    written: str


def now() -> str:
    """UTC, ISO 8601, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def checked_text(text: object) -> str:
    """The text of a note without white space around it.  Raises ValueError with a sentence."""
    return _check_text(text, "A note", LONGEST_TEXT)


def checked_name(name: object, what: str) -> str:
    """The name of an author or a saved filter, in one line.  Raises ValueError with a sentence."""
    kept = _check_text(name, what, LONGEST_NAME)
    if any(unicodedata.category(character) == "Cc" for character in " ".join(kept.split())):
        raise ValueError(f"{what} has a control character; letters, digits and signs are allowed.")
    return " ".join(kept.split())


def _check_text(text: object, what: str, longest: int) -> str:
    if not isinstance(text, str):
        raise ValueError(f"{what} has to be a text.")
    kept = text.strip()
    if not kept:
        raise ValueError(f"{what} has to have at least one character.")
    if len(kept) > longest:
        raise ValueError(f"{what} has {len(kept):,} characters; at most {longest:,} are allowed.")
    if "\0" in kept or any("\ud800" <= character <= "\udfff" for character in kept):
        raise ValueError(f"{what} contains NUL or a lone surrogate.")
    return kept


class Notes:
    """The notes and saved filters of all runs.  The file is made by the first write, not before."""

    def __init__(self, path: Path, *, clock: Callable[[], str] = now) -> None:
        """`clock` tells the time as UTC, ISO 8601."""
        self._database, self._clock = Database(path, MIGRATIONS), clock

    def add(
        self, run: str, build: str, sequence: int, step: int | None, words: str, text: str, author: str = ""
    ) -> Note:
        """Raises: ValueError, a sentence, for a text that is none; NotesError."""
        author = author and checked_name(author, "The name of an author")
        kept = (run, build, sequence, step, words[:LONGEST_WORDS], author, self._clock(), checked_text(text))
        with self._database.writing() as connection:
            _check_room(connection, "notes", run, MOST_NOTES)
            made = connection.execute(
                "INSERT INTO notes (run, build, sequence, step, words, author, written, text) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING *",
                kept,
            ).fetchall()
        return Note(*made[0])

    def edit(self, run: str, note: int, text: str, author: str = "") -> Note:
        """Raises: KeyError if there is none; NotYoursError; ValueError; NotesError."""
        text = checked_text(text)
        with self._database.writing() as connection:
            _check_own(_note(connection, run, note).author, author, "This note")
            made = connection.execute(
                "UPDATE notes SET text = ?, edited = ? WHERE id = ? RETURNING *", (text, self._clock(), note)
            ).fetchall()
        return Note(*made[0])

    def delete(self, run: str, note: int, author: str = "") -> None:
        """Raises: KeyError if there is none; NotYoursError; NotesError."""
        with self._database.writing() as connection:
            _check_own(_note(connection, run, note).author, author, "This note")
            connection.execute("DELETE FROM notes WHERE id = ?", (note,))

    def listed(
        self,
        run: str,
        *,
        sequence: int | None = None,
        author: str | None = None,
        words: str = "",
        limit: int | None = None,
        skip: int = 0,
    ) -> tuple[list[Note], int]:
        """The notes of a run, the newest first, and how many there are without `limit` and `skip`.

        Args:
            words: are in the note, or in the words that it is about, in upper or lower case.

        Raises:
            NotesError: the file can't be read.
        """
        # one statement for both: a note that is written in between would be in one only
        asked = {"run": run, "sequence": sequence, "author": author, "words": words.casefold()}
        asked |= {"limit": -1 if limit is None else limit, "skip": skip}
        rows = self._database.read(
            """SELECT *, count(*) OVER () FROM notes WHERE run = :run
                AND (:sequence IS NULL OR sequence = :sequence) AND (:author IS NULL OR author = :author)
                AND (:words = '' OR instr(folded(text), :words) OR instr(folded(words), :words))
                ORDER BY id DESC LIMIT :limit OFFSET :skip""",
            asked,
        )
        return [Note(*row[:-1]) for row in rows], rows[0][-1] if rows else 0

    def counts(self, run: str) -> dict[int, int]:
        """How many notes each sequence has that has any.  Raises NotesError."""
        asked = "SELECT sequence, count(*) FROM notes WHERE run = :run GROUP BY sequence"
        return dict(self._database.read(asked, {"run": run}))

    def authors(self, run: str) -> list[str]:
        """Who wrote notes, in the order of the alphabet.  Raises NotesError."""
        rows = self._database.read("SELECT DISTINCT author FROM notes WHERE run = :run", {"run": run})
        return sorted((author for (author,) in rows), key=str.casefold)

    def filters(self, run: str) -> list[SavedFilter]:
        """The saved filters of a run, in the order of their names.  Raises NotesError."""
        rows = self._database.read("SELECT * FROM filters WHERE run = :run", {"run": run})
        return sorted((SavedFilter(*row) for row in rows), key=lambda one: one.name.casefold())

    def save_filter(
        self, run: str, name: str, filter: str, layer: str = "", projection: str = "", author: str = ""
    ) -> SavedFilter:
        """Saves a filter, or puts it in place of one's own of that name.

        Raises: NotYoursError: somebody else has one of that name; ValueError; NotesError.
        """
        name = checked_name(name, "The name of a filter")
        author = author and checked_name(author, "The name of an author")
        saved = SavedFilter(run, name, filter, layer, projection, author, self._clock())
        with self._database.writing() as connection:
            there = _filter(connection, run, name)
            if there is not None:
                _check_own(there.author, author, f"The filter “{name}”")
            else:
                _check_room(connection, "filters", run, MOST_FILTERS)
            places = ", ".join("?" * len(fields(saved)))
            connection.execute(f"INSERT OR REPLACE INTO filters VALUES ({places})", astuple(saved))
        return saved

    def delete_filter(self, run: str, name: str, author: str = "") -> None:
        """Raises: KeyError if there is none; NotYoursError; ValueError; NotesError."""
        name = checked_name(name, "The name of a filter")
        with self._database.writing() as connection:
            there = _filter(connection, run, name)
            if there is None:
                raise KeyError(name)
            _check_own(there.author, author, f"The filter “{name}”")
            connection.execute("DELETE FROM filters WHERE run = ? AND name = ?", (run, name))


def _note(connection: sqlite3.Connection, run: str, note: int) -> Note:
    row = connection.execute("SELECT * FROM notes WHERE id = ? AND run = ?", (note, run)).fetchone()
    if row is None:
        raise KeyError(note)
    return Note(*row)


def _filter(connection: sqlite3.Connection, run: str, name: str) -> SavedFilter | None:
    row = connection.execute("SELECT * FROM filters WHERE run = ? AND name = ?", (run, name)).fetchone()
    return None if row is None else SavedFilter(*row)


def _check_room(connection: sqlite3.Connection, table: str, run: str, most: int) -> None:
    """Raises ValueError."""
    (there,) = connection.execute(f"SELECT count(*) FROM {table} WHERE run = ?", (run,)).fetchone()
    if there >= most:
        raise ValueError(f"There are {there:,} {table} of this run, and no more are kept. Delete some first.")


def _check_own(owner: str, author: str, what: str) -> None:
    """What nobody in particular wrote belongs to everybody."""
    if owner and owner != author:
        raise NotYoursError(f"{what} is by {owner}; only they can change it.")
