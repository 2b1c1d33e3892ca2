"""Sessions that ended, as a file keeps them."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hsvis.errors import UsersError
from hsvis.web.sessions import MOST_ENDED, Ended
from hsvis.web.users import Users

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory) -> Users:
    users = Users(tmp_path_factory.mktemp("team") / "users.json")
    for name in ("ana", "bo"):
        users.add(name, PASSWORD)
    return users


def begin(ended: Ended, users: Users, name: str) -> dict[str, object]:
    return ended.begin(name, users.stamp(name) or "")


@settings(max_examples=30, deadline=None)
@given(acts=st.lists(st.tuples(st.sampled_from(["ana", "bo"]), st.booleans()), max_size=40))
def test_what_ended_never_comes_back_and_others_go_on(users: Users, acts: list[tuple[str, bool]]) -> None:
    """Begun and ended in any order, by several servers that share the file."""
    path = users.path.with_name("ended.json")
    path.unlink(missing_ok=True)
    servers = [Ended(path, users), Ended(path, users)]
    live: list[tuple[str, dict[str, object]]] = []
    gone: list[dict[str, object]] = []
    for k, (name, begins) in enumerate(acts):
        if begins or not live:
            live.append((name, begin(servers[k % 2], users, name)))
        else:
            _, one = live.pop(0)
            servers[k % 2].end(one)
            gone.append(one)
    for server in [*servers, Ended(path, users)]:
        assert [server.user(one) for _, one in live] == [name for name, _ in live]
        assert {server.user(one) for one in gone} <= {""}


def test_the_file_does_not_grow_for_ever_and_forgets_nothing_that_ended(users: Users) -> None:
    path = users.path.with_name("many.json")
    ended, gone = Ended(path, users), []
    stays, others = begin(ended, users, "ana"), begin(ended, users, "bo")
    largest = 0
    for _ in range(MOST_ENDED + 5):
        gone.append(begin(ended, users, "ana"))
        ended.end(gone[-1])
        largest = max(largest, path.stat().st_size)
    assert largest < 40 * MOST_ENDED
    assert path.stat().st_size < largest / 2
    assert {ended.user(one) for one in gone} == {""}
    assert ended.user(stays) == "", "where a person ended so many, all that were begun before end"
    assert ended.user(others) == "bo"
    assert ended.user(begin(ended, users, "ana")) == "ana"


def test_who_is_gone_or_has_another_password_is_forgotten(users: Users, tmp_path: Path) -> None:
    people = Users(tmp_path / "users.json")
    people.add("ana", PASSWORD)
    ended = Ended(tmp_path / "ended.json", people)
    ended.end(begin(ended, people, "ana"))
    people.change("ana", PASSWORD + "!")
    ended.end(begin(ended, people, "ana"))
    assert list(json.loads((tmp_path / "ended.json").read_text())["people"]) == [people.stamp("ana")]
    assert (tmp_path / "ended.json").stat().st_mode & 0o77 == 0


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"version": 2}', b'{"version": 1, "people": {"a": 1}}']
)
def test_a_damaged_file_lets_nobody_in(users: Users, tmp_path: Path, content: bytes) -> None:
    ended = Ended(tmp_path / "ended.json", users)
    session = begin(ended, users, "ana")
    (tmp_path / "ended.json").write_bytes(content)
    for act in (lambda: ended.user(session), lambda: ended.end(session)):
        with pytest.raises(UsersError, match="session-key"):
            act()


@pytest.mark.parametrize(
    "session",
    [{}, {"user": "ana"}, {"user": 1, "stamp": 1, "id": 1, "number": 1}, {"user": "ana", "id": "a"}],
)
def test_what_is_no_session_of_ours_is_nobodys(users: Users, session: dict[str, object]) -> None:
    """Such as the cookies of a version before: their people log in again."""
    ended = Ended(users.path.with_name("none.json"), users)
    assert ended.user(session) == ""
    assert ended.user(session | {"stamp": users.stamp("ana")}) == ""
