"""Notes and saved filters in their file: nothing acknowledged is lost, nothing foreign is overwritten."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hsvis.errors import NotesError
from hsvis.notes import LONGEST_NAME, LONGEST_TEXT, MIGRATIONS, Note, Notes, NotYoursError
from hsvis.storage.sqlite import APPLICATION

CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
TEXTS = st.text(CHARACTERS, min_size=1, max_size=300).filter(str.strip)
WRITER = """
import sys
from pathlib import Path
from hsvis.notes import Notes
notes, name, count = Notes(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
for k in range(count):
    made = notes.add("demo", "key", k, None, "words", f"{name} {k} " + 300 * "x", name)
    print(made.id, k, flush=True)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "notes.sqlite"


@pytest.fixture
def clock() -> Iterator[str]:
    return (f"2026-01-01T00:00:{second:02d}Z" for second in range(60))


@pytest.fixture
def notes(file: Path, clock: Iterator[str]) -> Notes:
    return Notes(file, clock=lambda: next(clock))


def add(
    notes: Notes, sequence: int = 7, step: int | None = None, text: str = "why?", author: str = ""
) -> Note:
    return notes.add("demo", "key", sequence, step, "words", text, author)


def writer(file: Path, name: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(file), name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def integrity(file: Path) -> str:
    connection = sqlite3.connect(file)
    try:
        return connection.execute("PRAGMA integrity_check").fetchone()[0]
    finally:
        connection.close()


def test_reading_makes_no_file(notes: Notes, file: Path) -> None:
    assert notes.listed("demo") == ([], 0)
    assert (notes.counts("demo"), notes.authors("demo"), notes.filters("demo")) == ({}, [], [])
    assert not file.parent.exists()


def test_a_note_is_there_as_it_was_written_after_a_new_start(notes: Notes, file: Path) -> None:
    made = notes.add("demo", "key", 7, 3, "dull", "  a line\n  and another \n", " Ann  B ")
    assert made == Note(
        1, "demo", "key", 7, 3, "dull", "Ann B", "2026-01-01T00:00:00Z", None, "a line\n  and another"
    )
    assert Notes(file).listed("demo") == ([made], 1)
    assert Notes(file).listed("other") == ([], 0)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS)
def test_any_text_comes_back(tmp_path: Path, text: str) -> None:
    notes = Notes(tmp_path / "any.sqlite")
    made = add(notes, text=text, author="Ann")
    assert made.text == text.strip()
    assert notes.listed("demo", limit=1)[0] == [made]
    assert made in notes.listed("demo", words=text.strip())[0]


@pytest.mark.parametrize(
    "text", ["", " \n\t ", "x" * (LONGEST_TEXT + 1), "with \0 in it", "half \ud83d a sign", None, 7, ["x"]]
)
def test_a_text_that_is_none_is_refused_with_a_sentence(notes: Notes, file: Path, text: object) -> None:
    with pytest.raises(ValueError, match=r"^A note .*\.$"):
        add(notes, text=text)  # type: ignore[arg-type]
    assert notes.listed("demo") == ([], 0)


@pytest.mark.parametrize("name", ["x" * (LONGEST_NAME + 1), "Ann\x1b[31m", "\0", "half \udc00"])
def test_a_name_that_is_none_is_refused(notes: Notes, name: str) -> None:
    with pytest.raises(ValueError, match="author"):
        add(notes, author=name)
    with pytest.raises(ValueError, match="filter"):
        notes.save_filter("demo", name, "{}")


def test_the_longest_text_is_taken(notes: Notes) -> None:
    assert add(notes, text="😀" * LONGEST_TEXT).text == "😀" * LONGEST_TEXT


def test_lists_are_narrowed_and_paged_newest_first(notes: Notes) -> None:
    add(notes, 1, 0, "Über den ANFANG", "Ann")
    add(notes, 1, None, "100% sure_", "Ben")
    add(notes, 2, 5, "nothing", "")

    def ids(**asked: object) -> list[int]:
        return [one.id for one in notes.listed("demo", **asked)[0]]  # type: ignore[arg-type]

    assert ids() == [3, 2, 1]
    assert ids(sequence=1) == [2, 1]
    assert ids(author="Ann") == [1]
    assert ids(author="") == [3]
    assert ids(words="über DEN anfang") == [1]
    assert ids(words="%") == [2]
    assert ids(words="_") == [2]
    assert ids(words="WORDS") == [3, 2, 1]  # what the notes are about
    assert ids(sequence=1, author="Ben", words="sure") == [2]
    assert ids(limit=1, skip=1) == [2]
    assert notes.listed("demo", limit=1)[1] == 3
    assert notes.counts("demo") == {1: 2, 2: 1}
    assert notes.authors("demo") == ["", "Ann", "Ben"]


def test_only_its_author_changes_a_note_and_anybody_a_nameless_one(notes: Notes) -> None:
    anns, nobodys = add(notes, author="Ann"), add(notes)
    for author in ("Ben", "", "ann"):
        with pytest.raises(NotYoursError, match="by Ann"):
            notes.edit("demo", anns.id, "mine now", author)
        with pytest.raises(NotYoursError, match="by Ann"):
            notes.delete("demo", anns.id, author)
    edited = notes.edit("demo", anns.id, " better ", "Ann")
    assert (edited.text, edited.written, edited.edited) == ("better", anns.written, "2026-01-01T00:00:02Z")
    assert notes.edit("demo", nobodys.id, "by Ben", "Ben").author == ""
    notes.delete("demo", anns.id, "Ann")
    for act in (lambda: notes.delete("demo", anns.id, "Ann"), lambda: notes.edit("other", nobodys.id, "x")):
        with pytest.raises(KeyError):
            act()
    notes.delete("demo", nobodys.id)
    assert add(notes).id == 3  # a number is never given again


def test_a_filter_is_kept_by_its_name_and_replaced_by_its_author(notes: Notes) -> None:
    notes.save_filter("demo", "b", '{"actual": 1}', author="Ann")
    notes.save_filter("demo", " A  a ", "{}", "rnn.0", "pca", "Ben")
    notes.save_filter("other", "b", "{}", author="Ben")
    notes.save_filter("demo", "b", '{"actual": 0}', author="Ann")
    assert [(one.name, one.filter, one.layer) for one in notes.filters("demo")] == [
        ("A a", "{}", "rnn.0"),
        ("b", '{"actual": 0}', ""),
    ]
    with pytest.raises(NotYoursError, match="“b” is by Ann"):
        notes.save_filter("demo", "b", "{}", author="Ben")
    with pytest.raises(NotYoursError):
        notes.delete_filter("demo", "b", "Ben")
    notes.delete_filter("demo", "b", "Ann")
    with pytest.raises(KeyError):
        notes.delete_filter("demo", "b", "Ann")
    assert [one.name for one in notes.filters("demo")] == ["A a"]


@pytest.mark.parametrize("seen", [1, 7, 40])
def test_a_server_that_is_killed_loses_no_acknowledged_note(file: Path, seen: int) -> None:
    child = writer(file, "killed", 100_000)
    assert child.stdout is not None
    acknowledged = [child.stdout.readline().split() for _ in range(seen)]
    os.kill(child.pid, signal.SIGKILL)
    acknowledged += [line.split() for line in child.stdout.read().splitlines() if line.count(" ") == 1]
    child.wait()
    kept = {(one.id, one.sequence): one.text for one in Notes(file).listed("demo")[0]}
    assert len(acknowledged) >= seen
    for made, k in acknowledged:
        assert kept[int(made), int(k)] == f"killed {k} " + 300 * "x"
    assert len(kept) - len(acknowledged) in (0, 1)  # one may have been saved and not been told
    assert integrity(file) == "ok"
    assert add(Notes(file)).id == len(kept) + 1


def test_two_processes_and_four_threads_write_at_once(file: Path) -> None:
    """From the first moment on, when there is no file yet."""
    children = [writer(file, name, 40) for name in ("one", "two")]
    notes, failures = Notes(file), []

    def write(name: str) -> None:
        try:
            for k in range(20):
                add(notes, k, author=name)
                notes.listed("demo", limit=5)
        except Exception as error:  # reported by the test
            failures.append(error)

    threads = [threading.Thread(target=write, args=(f"thread {k}",)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [child.wait(60) for child in children] == [0, 0]
    assert failures == []
    kept, found = notes.listed("demo")
    assert found == len({one.id for one in kept}) == 2 * 40 + 4 * 20
    assert integrity(file) == "ok"


def test_a_file_of_the_first_version_is_brought_up_to_date(file: Path) -> None:
    file.parent.mkdir()
    old = sqlite3.connect(file)
    for statement in MIGRATIONS[0]:
        old.execute(statement)
    old.execute(f"PRAGMA application_id = {APPLICATION}")
    old.execute("PRAGMA user_version = 1")
    old.execute("INSERT INTO notes VALUES (4, 'demo', 'key', 7, NULL, 'w', 'Ann', '2025', NULL, 'old')")
    old.commit()
    old.close()
    notes = Notes(file)
    assert notes.filters("demo") == []
    assert [one.text for one in notes.listed("demo")[0]] == ["old"]
    notes.save_filter("demo", "new", "{}")
    assert add(notes).id == 5


def test_a_file_of_a_later_version_is_left_alone(notes: Notes, file: Path) -> None:
    add(notes)
    later = sqlite3.connect(file)
    later.execute("PRAGMA user_version = 99")
    later.close()
    before = file.read_bytes()
    for act in (lambda: notes.listed("demo"), lambda: add(notes)):
        with pytest.raises(NotesError, match=r"later hsvis \(version 99.*update hsvis"):
            act()
    assert file.read_bytes() == before


def test_a_file_that_is_none_of_ours_is_left_alone(file: Path) -> None:
    file.parent.mkdir()
    other = sqlite3.connect(file)
    other.execute("CREATE TABLE recipes (name TEXT)")
    other.close()
    for content, says in ((file.read_bytes(), "another program"), (b"no database at all " * 400, "damaged")):
        file.write_bytes(content)
        for act in (lambda: Notes(file).listed("demo"), lambda: add(Notes(file))):
            with pytest.raises(NotesError, match=says) as raised:
                act()
            assert "Nothing was changed" in raised.value.reason
            assert str(file) in str(raised.value)
            assert str(file) not in raised.value.reason
        assert file.read_bytes() == content


def test_a_damaged_file_is_said_and_left_alone(notes: Notes, file: Path) -> None:
    for k in range(30):
        add(notes, k, text="x" * 3000)
    content = bytearray(file.read_bytes())
    content[4096 : len(content)] = b"\xa5" * (len(content) - 4096)  # all pages but the first
    file.write_bytes(content)
    with pytest.raises(NotesError, match="damaged"):
        notes.listed("demo")
    with pytest.raises(NotesError, match="damaged"):
        add(notes)
    assert file.read_bytes() == bytes(content)


def test_a_folder_that_can_not_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    with pytest.raises(NotesError, match="Check that the server may write"):
        add(Notes(tmp_path / "taken" / "notes.sqlite"))


def test_in_a_read_only_folder_notes_are_read_and_a_save_is_refused() -> None:
    script = """
import os, tempfile
from pathlib import Path
from hsvis.errors import NotesError
from hsvis.notes import Notes
with tempfile.TemporaryDirectory() as made:
    folder = Path(made)
    notes = Notes(folder / "notes.sqlite")
    notes.add("demo", "key", 1, None, "words", "kept")
    (folder / "notes.sqlite").chmod(0o644)
    folder.chmod(0o555)
    if os.fork() == 0:
        if os.getuid() == 0:
            os.setuid(65534)  # nobody; root may write everywhere
        print([one.text for one in notes.listed("demo")[0]])
        try:
            notes.add("demo", "key", 1, None, "words", "lost")
        except NotesError as error:
            print(error.reason, flush=True)
        os._exit(0)
    os.wait()
    folder.chmod(0o755)
"""
    command = [sys.executable, "-c", script]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
    assert told[0] == "['kept']"
    assert "Check that the server may write" in told[1]


def test_a_place_that_is_a_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotesError, match="can't be opened"):
        Notes(tmp_path).listed("demo")


def test_a_full_disk_is_said_and_what_was_saved_stays(file: Path) -> None:
    """A limit on the size of files stands for the disk."""
    script = """
import resource, signal, sys
from pathlib import Path
from hsvis.errors import NotesError
from hsvis.notes import Notes
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
notes, made = Notes(Path(sys.argv[1])), 0
try:
    while True:
        notes.add("demo", "key", 1, None, "words", "x" * 4000)
        made += 1
except NotesError as error:
    print(made, error.reason)
"""
    command = [sys.executable, "-c", script, str(file)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    count, reason = told.split(" ", 1)
    assert int(count) > 3
    assert "disk" in reason
    assert Notes(file).listed("demo")[1] == int(count)
    assert add(Notes(file)).text == "why?"  # there is room again


def test_there_is_a_most_of_notes_and_filters_of_a_run(notes: Notes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hsvis.notes.MOST_NOTES", 2)
    monkeypatch.setattr("hsvis.notes.MOST_FILTERS", 2)
    made = [add(notes), add(notes)]
    for name in ("one", "two"):
        notes.save_filter("demo", name, "{}")
    with pytest.raises(ValueError, match="2 notes of this run, and no more are kept. Delete some"):
        add(notes)
    with pytest.raises(ValueError, match="2 filters of this run"):
        notes.save_filter("demo", "three", "{}")
    assert notes.edit("demo", made[0].id, "another text").text == "another text"
    assert notes.save_filter("demo", "two", '{"predicted": 1}').filter == '{"predicted": 1}'
    assert notes.add("other", "key", 7, None, "words", "of another run").run == "other"
    notes.delete("demo", made[0].id)
    assert add(notes).text == "why?"
