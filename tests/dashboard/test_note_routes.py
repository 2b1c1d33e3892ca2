"""Notes and saved filters over HTTP: who may write, what is refused, what the files hold."""

import csv
import io
import json
import re
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import flask
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from hsvis.dashboard import create_app
from hsvis.dashboard.page import ids
from hsvis.dashboard.routes.note_files import escape_markdown, quoted
from hsvis.dashboard.routes.notes import LARGEST_BODY, LARGEST_FILTER
from hsvis.notes import Notes
from hsvis.run.store import StateStore
from hsvis.web.access import Access

SENDER = {"X-Requested-With": "hsvis"}
ODD = 'a "quoted", comma\n=1+1 <b>bold</b> [link](x) مرحبا 😀'
WRITES = [
    ("POST", "/notes/demo", {"sequence": 7, "text": "x"}),
    ("PATCH", "/notes/demo/1", {"text": "x"}),
    ("DELETE", "/notes/demo/1", {}),
    ("POST", "/saved-filters/demo", {"name": "x", "filter": {"actual": 0}}),
    ("DELETE", "/saved-filters/demo", {"name": "x"}),
]


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes(tmp_path / "notes.sqlite")


@pytest.fixture
def client(demo_store: StateStore, notes: Notes) -> FlaskClient:
    return create_app([demo_store], notes=notes).server.test_client()


def write(client: FlaskClient, method: str, path: str, **content: Any) -> TestResponse:
    return client.open(path, method=method, headers=SENDER, json=content)


def add(client: FlaskClient, sequence: int = 7, **content: Any) -> dict[str, Any]:
    answer = write(client, "POST", "/notes/demo", sequence=sequence, **({"text": "why?"} | content))
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def listed(client: FlaskClient, **query: Any) -> list[dict[str, Any]]:
    return client.get("/notes/demo", query_string=query).get_json()["notes"]


def assert_refused(answer: TestResponse, status: int, says: str = "") -> None:
    assert (answer.status_code, answer.mimetype) == (status, "text/plain"), answer.text
    assert says in answer.text
    assert answer.text.count("\n") == 1
    assert len(answer.text) < 400
    assert "sqlite" not in answer.text
    assert "Traceback" not in answer.text


def test_a_note_is_kept_with_its_words_and_listed(client: FlaskClient, demo_store: StateStore) -> None:
    step = add(client, step=3, text=" Here. ", author="Ann")
    whole = add(client, text="All of it.")
    tokens = demo_store.sequence(7).tokens
    assert (step["sequence"], step["step"], step["words"], step["text"]) == (7, 3, tokens[3], "Here.")
    assert demo_store.sequence(7).text.startswith(whole["words"][:20])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", step["written"])
    answer = client.get("/notes/demo")
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.get_json()
    assert told["notes"] == [whole, step]
    assert told["counts"] == {"7": 2}
    assert told["authors"] == ["", "Ann"]
    assert (told["found"], told["user"], told["save"], told["run"]) == (2, "", True, "demo")
    assert listed(client, words="HERE") == [step]
    assert listed(client, author="") == [whole]
    assert listed(client, sequence=8) == []
    assert listed(client, limit=1, skip=1) == [step]


def test_a_note_of_another_build_is_listed_and_marked(
    client: FlaskClient, notes: Notes, demo_store: StateStore
) -> None:
    notes.add("demo", "another key", 99_999, 3, "gone", "old")
    add(client, text="new")
    assert [(one["text"], one["other_build"]) for one in listed(client)] == [("new", False), ("old", True)]
    assert "another key" not in client.get("/notes/demo").text


def test_a_note_is_edited_and_deleted_by_its_author(client: FlaskClient) -> None:
    made = add(client, author="Ann")
    path = f"/notes/demo/{made['id']}"
    assert_refused(write(client, "PATCH", path, text="x", author="Ben"), 409, "by Ann")
    assert_refused(write(client, "DELETE", path), 409, "by Ann")
    edited = write(client, "PATCH", path, text="because", author="Ann").get_json()
    assert edited["text"] == "because"
    assert edited["edited"]
    assert listed(client) == [edited]
    assert write(client, "DELETE", path, author="Ann").status_code == 200
    assert listed(client) == []
    assert_refused(write(client, "DELETE", path, author="Ann"), 404)


def test_who_is_logged_in_is_the_author_whatever_name_is_sent(demo_store: StateStore, notes: Notes) -> None:
    app = create_app([demo_store], notes=notes)

    @app.server.before_request
    def log_in() -> None:
        flask.g.user = flask.request.headers["User"]

    client = app.server.test_client()
    ann, ben = ({**SENDER, "User": name} for name in ("Ann", "Ben"))
    made = client.post("/notes/demo", headers=ann, json={"sequence": 7, "text": "x", "author": "Ben"})
    assert made.get_json()["author"] == "Ann"
    path = f"/notes/demo/{made.get_json()['id']}"
    refused = client.patch(path, headers=ben, json={"text": "y", "author": "Ann"})
    assert_refused(refused, 409, "by Ann")
    assert client.get("/notes/demo", headers=ben).get_json()["user"] == "Ben"
    assert client.delete(path, headers=ann, json={}).status_code == 200


@pytest.mark.parametrize(("method", "path", "content"), WRITES)
@pytest.mark.parametrize("sender", [{}, {"X-Requested-With": "XMLHttpRequest"}])
def test_pages_of_other_sites_can_not_write(
    client: FlaskClient, notes: Notes, method: str, path: str, content: dict[str, Any], sender: dict[str, str]
) -> None:
    assert_refused(client.open(path, method=method, headers=sender, json=content), 403, "own page")
    assert not notes.listed("demo")[1]
    assert not notes.filters("demo")


@pytest.mark.parametrize(("method", "path", "content"), WRITES)
def test_where_saving_is_switched_off_notes_can_be_read_alone(
    demo_store: StateStore, notes: Notes, method: str, path: str, content: dict[str, Any]
) -> None:
    notes.add("demo", "key", 7, None, "words", "kept")
    app = create_app([demo_store], notes=notes, access=Access(save=False))
    client = app.server.test_client()
    assert_refused(write(client, method, path, **content), 403, "switched off")
    told = client.get("/notes/demo").get_json()
    assert [one["text"] for one in told["notes"]] == ["kept"]
    assert told["save"] is False
    assert client.get("/notes/demo.csv").status_code == 200
    assert client.get("/saved-filters/demo").get_json()["filters"] == []
    page = {getattr(one, "id", None): one for one in app.layout()._traverse()}
    assert ids.NOTES in page
    assert ids.NEW_NOTE not in page


def test_without_notes_the_page_and_the_server_have_none(demo_store: StateStore) -> None:
    app = create_app([demo_store])
    there = {getattr(one, "id", None) for one in app.layout()._traverse()}
    assert not there & {ids.NOTES, ids.SHOW_NOTES, ids.NOTE_MARK, ids.SAVED_FILTERS}
    assert not [rule.rule for rule in app.server.url_map.iter_rules() if re.search("notes|saved", rule.rule)]


@pytest.mark.parametrize(
    ("content", "status", "says"),
    [
        ({"sequence": 7}, 400, "at least one character"),
        ({"sequence": 7, "text": "  "}, 400, "at least one character"),
        ({"sequence": 7, "text": "x" * 5001}, 400, "at most 5,000"),
        ({"sequence": 7, "text": 5}, 400, "a text"),
        ({"sequence": 7, "text": None}, 400, "a text"),
        ({"sequence": 7, "text": "a\0b"}, 400, "NUL"),
        ({"sequence": 7, "text": "\ud83d"}, 400, "lone surrogate"),
        ({"text": "x"}, 400, "id of a sequence"),
        ({"sequence": "seven", "text": "x"}, 400, "id of a sequence"),
        ({"sequence": True, "text": "x"}, 400, "id of a sequence"),
        ({"sequence": -1, "text": "x"}, 400, "id of a sequence"),
        ({"sequence": 40, "text": "x"}, 404, "no sequence 40"),
        ({"sequence": 7, "step": 99, "text": "x"}, 400, "not a step"),
        ({"sequence": 7, "step": -1, "text": "x"}, 400, "not a step"),
        ({"sequence": 7, "step": True, "text": "x"}, 400, "not a step"),
        ({"sequence": 7, "step": "3" * 999, "text": "x"}, 400, "not a step"),
        ({"sequence": 7, "text": "x", "author": "y" * 81}, 400, "at most 80"),
        ({"sequence": 7, "text": "x", "author": ["y"]}, 400, "a text"),
        ({"sequence": 7, "text": "x", "author": "\ud83d"}, 400, "author"),
    ],
)
def test_a_note_that_makes_no_sense_is_refused_in_a_line(
    client: FlaskClient, notes: Notes, content: dict[str, Any], status: int, says: str
) -> None:
    assert_refused(write(client, "POST", "/notes/demo", **content), status, says)
    assert notes.listed("demo") == ([], 0)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"7", b"null", b"[" * 9000, b'{"x": ' * 9000, b"\xff\xfe"]
)
@pytest.mark.parametrize(("method", "path", "content"), WRITES)
def test_a_body_that_is_no_object_is_refused(
    client: FlaskClient, method: str, path: str, content: dict[str, Any], body: bytes
) -> None:
    assert_refused(client.open(path, method=method, headers=SENDER, data=body), 400, "JSON object")


def test_bodies_are_bounded_and_the_largest_that_make_sense_fit(
    client: FlaskClient, demo_store: StateStore
) -> None:
    assert add(client, text="😀" * 5000)["text"] == "😀" * 5000
    region = [[1 / 3 + k, -2 / 3 - k] for k in range(500)]
    projection = demo_store.projections("rnn.0")[0].name
    whole = {"name": "all", "filter": {"regions": [region] * 8}, "layer": "rnn.0", "projection": projection}
    assert write(client, "POST", "/saved-filters/demo", **whole).status_code == 200
    for path, most in (("/notes/demo", LARGEST_BODY), ("/saved-filters/demo", LARGEST_FILTER)):
        assert_refused(client.post(path, headers=SENDER, data=b" " * (most + 1)), 413, "too long")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/notes/other", 404),
        ("/notes/other.csv", 404),
        ("/notes/other.md", 404),
        ("/notes/demo.html", 404),
        ("/notes/demo?sequence=x", 400),
        ("/notes/demo?limit=-1", 400),
        ("/notes/demo?limit=" + "9" * 40, 400),
        ("/notes/demo?skip=1.5", 400),
        ("/saved-filters/other", 404),
    ],
)
def test_questions_that_make_no_sense_are_refused_in_a_line(
    client: FlaskClient, path: str, status: int
) -> None:
    assert_refused(client.get(path), status)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.dictionaries(
        st.sampled_from(["sequence", "step", "text", "author", "name", "filter", "layer", "projection"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=4
        )
        | st.dictionaries(st.sampled_from(["actual", "search", "regions"]), st.integers() | st.text()),
    ),
    words=st.text(max_size=20),
)
def test_no_request_is_a_fault_of_the_server(client: FlaskClient, content: Any, words: str) -> None:
    for method, path, _ in WRITES:
        answer = client.open(path, method=method, headers=SENDER, data=json.dumps(content))
        assert answer.status_code < 500
    query = {"words": words, "author": words, "sequence": words}
    for one in (query, {"words": words}):
        assert client.get("/notes/demo", query_string=one).status_code < 500


def test_a_file_that_can_not_be_read_is_said_without_its_path(client: FlaskClient, tmp_path: Path) -> None:
    (tmp_path / "notes.sqlite").write_bytes(b"no database " * 400)
    for answer in (
        client.get("/notes/demo"),
        client.get("/notes/demo.csv"),
        client.get("/saved-filters/demo"),
    ):
        assert_refused(answer, 503, "damaged")
        assert str(tmp_path) not in answer.text
    assert_refused(write(client, "POST", "/notes/demo", sequence=7, text="x"), 503, "Nothing was changed")


def test_a_file_that_another_program_holds_is_waited_for(
    client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(client)
    monkeypatch.setattr("hsvis.storage.sqlite.PATIENCE", 0.2)
    other = sqlite3.connect(tmp_path / "notes.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert_refused(write(client, "POST", "/notes/demo", sequence=7, text="x"), 503, "Try again")
    assert len(listed(client)) == 1  # reading goes on
    other.execute("ROLLBACK")
    other.close()
    add(client)


# saved filters


def saved(client: FlaskClient) -> list[dict[str, Any]]:
    return client.get("/saved-filters/demo").get_json()["filters"]


def test_a_filter_comes_back_as_it_was_saved(client: FlaskClient, demo_store: StateStore) -> None:
    regions = [[[0, 0], [1, 0], [1, 1.5]]]
    given = {"actual": -1, "predicted": 1, "correct": False, "search": " dull ", "regions": regions}
    projection = demo_store.projections("rnn.0")[1].name
    answer = write(
        client, "POST", "/saved-filters/demo",
        name=" all  of it ", filter=given, layer="rnn.0", projection=projection, author="Ann",
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    [one] = saved(client)
    assert one["filter"] == given | {"search": "dull"}
    assert (one["name"], one["layer"], one["projection"]) == ("all of it", "rnn.0", projection)
    assert write(
        client, "POST", "/saved-filters/demo", name="b", filter={"actual": 0, "search": None}
    ).is_json
    assert saved(client)[1]["filter"] == {"actual": 0}
    assert saved(client)[1]["layer"] == ""
    refused = write(client, "POST", "/saved-filters/demo", name="all of it", filter={"actual": 0})
    assert_refused(refused, 409, "is by Ann")
    assert write(client, "DELETE", "/saved-filters/demo", name="b").status_code == 200
    assert_refused(write(client, "DELETE", "/saved-filters/demo", name="b"), 404, "deleted")
    assert [one["name"] for one in saved(client)] == ["all of it"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"name": "x", "filter": {}}, "no filter to save"),
        ({"name": "x"}, "no filter to save"),
        ({"name": "x", "filter": {"actual": 7}}, "not a class"),
        ({"name": "x", "filter": {"other": 7}}, "none of the keys"),
        ({"name": "x", "filter": [1]}, "not a JSON object"),
        ({"name": "x", "filter": "{"}, "not JSON"),
        ({"name": "", "filter": {"actual": 0}}, "at least one character"),
        ({"filter": {"actual": 0}}, "at least one character"),
        ({"name": "x" * 81, "filter": {"actual": 0}}, "at most 80"),
        ({"name": 3, "filter": {"actual": 0}}, "a text"),
        ({"name": "x", "filter": {"regions": [[[0, 0], [1, 0], [1, 1]]]}}, "layer"),
        (
            {"name": "x", "filter": {"regions": [[[0, 0], [1, 0], [1, 1]]]}, "layer": [], "projection": {}},
            "layer",
        ),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(client: FlaskClient, content: Any, says: str) -> None:
    assert_refused(write(client, "POST", "/saved-filters/demo", **content), 400, says)
    assert saved(client) == []


# files


@pytest.fixture
def written(client: FlaskClient) -> list[dict[str, Any]]:
    return [add(client, 9, text="last"), add(client, 7, step=2, text=ODD, author="Ann"), add(client, 7)]


def test_csv_reads_back_with_links_that_lead_there(
    client: FlaskClient, written: list[dict[str, Any]], demo_store: StateStore
) -> None:
    answer = client.get("/notes/demo.csv", base_url="https://team.example:8443")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="demo-notes.csv"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8"), newline="")))
    assert [int(row["id"]) for row in rows] == [one["id"] for one in reversed(written)]
    for row, one in zip(rows, reversed(written), strict=True):
        assert {key: row[key] for key in ("text", "words", "author", "written")} == {
            key: one[key] for key in ("text", "words", "author", "written")
        }
        assert row["step"] == ("" if one["step"] is None else str(one["step"]))
        assert row["build"] == demo_store.manifest.keys.states
    assert rows[1]["link"] == "https://team.example:8443/?run=demo&sequence=7&step=2"
    assert rows[0]["link"] == "https://team.example:8443/?run=demo&sequence=7"


def test_links_hold_the_path_under_which_the_page_is_served(demo_store: StateStore, notes: Notes) -> None:
    notes.add("demo", "key", 7, 2, "words", "text")
    client = create_app([demo_store], notes=notes, prefix="/hsvis/").server.test_client()
    link = urlsplit(re.findall(r"\((\S+)\)", client.get("/hsvis/notes/demo.md").text)[0])
    assert link.path == "/hsvis/"
    assert parse_qs(link.query) == {"run": ["demo"], "sequence": ["7"], "step": ["2"]}


def test_markdown_has_a_heading_a_sequence_and_shows_texts_as_they_are(
    client: FlaskClient, written: list[dict[str, Any]]
) -> None:
    answer = client.get("/notes/demo.md")
    assert answer.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert re.findall(r"^#+ .*$", answer.text, re.MULTILINE) == [
        "# Notes on demo",
        "## Sequence 7",
        "## Sequence 9",
    ]
    words = written[1]["words"]
    assert f"[Step 2](http://localhost/?run=demo&sequence=7&step=2) “{words}” · **Ann** · " in answer.text
    assert "<b>" not in answer.text.replace("\\<b\\>", "")
    assert '> a "quoted", comma\\\n> \\=1+1 \\<b\\>bold\\</b\\> \\[link\\]\\(x\\) مرحبا 😀\n' in answer.text
    assert "· **—** ·" in answer.text


@given(text=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60))
def test_markdown_loses_no_sign(text: str) -> None:
    shown = re.sub(r"\\([^\w\s]|_)", r"\1", escape_markdown(text))
    assert shown.lstrip() == text.lstrip()
    assert not re.match(r"\s{4}|[-+=:#>]|\d+[.)]", escape_markdown(text).lstrip("\N{NO-BREAK SPACE}"))


def test_every_line_of_a_text_is_quoted() -> None:
    assert quoted("one\n\n    two\n3. three") == [
        "> one",
        "> ",
        "> " + 4 * "\N{NO-BREAK SPACE}" + "two\\",
        "> 3\\. three",
    ]


def test_a_run_without_notes_has_files_all_the_same(client: FlaskClient) -> None:
    assert client.get("/notes/demo.csv").text.count("\r\n") == 1
    assert "There are none" in client.get("/notes/demo.md").text


def test_a_text_without_lines_is_no_fault() -> None:
    assert quoted("") == []
    assert quoted("a\n\nb") == ["> a", "> ", "> b"]
