"""The file of users, and the command that writes it."""

import hashlib
import io
import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hsvis.cli import main
from hsvis.errors import UsersError
from hsvis.web.users import FEWEST, NAME, Users

PASSWORD = "correct horse battery"


@pytest.fixture
def users(tmp_path: Path) -> Users:
    return Users(tmp_path / "team" / "users.json")


def test_only_the_password_of_a_person_is_right(users: Users) -> None:
    users.add("ana", PASSWORD)
    assert users.check("ana", PASSWORD)
    for name, password in (
        ("ana", PASSWORD + " "),
        ("ana", ""),
        ("bo", PASSWORD),
        ("", ""),
        ("Ana", PASSWORD),
    ):
        assert not users.check(name, password), (name, password)


def test_a_name_that_is_not_there_takes_the_same_work_from_the_first_time(
    users: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    users.add("ana", PASSWORD)
    real, work = hashlib.scrypt, []

    def noted(password: bytes, *, salt: bytes, **costs: int) -> bytes:
        work.append((len(password), len(salt), costs))
        return real(password, salt=salt, **costs)

    monkeypatch.setattr(hashlib, "scrypt", noted)
    fresh = Users(users.path)
    assert fresh.check("nobody", PASSWORD) is None
    assert fresh.check("ana", PASSWORD)
    first, second = work
    assert first == second


def test_the_file_tells_no_password_and_is_its_owners_alone(users: Users) -> None:
    users.add("ana", PASSWORD)
    users.add("bo", PASSWORD)
    text = users.path.read_text(encoding="utf-8")
    assert PASSWORD not in text
    hashes = [one["hash"] for one in json.loads(text)["users"].values()]
    assert len(set(hashes)) == 2, "each hash has its own salt"
    assert stat.S_IMODE(users.path.stat().st_mode) == 0o600


def test_another_password_and_removal_end_what_went_before(users: Users) -> None:
    users.add("ana", PASSWORD)
    seen = Users(users.path)  # as a running server has it
    before = seen.stamp("ana")
    users.change("ana", PASSWORD + "!")
    assert seen.check("ana", PASSWORD + "!")
    assert not seen.check("ana", PASSWORD)
    assert seen.stamp("ana") not in (before, None)
    users.remove("ana")
    assert seen.stamp("ana") is None
    assert not seen.check("ana", PASSWORD + "!")


@pytest.mark.parametrize("name", ["", "-ana", "ana bo", "ana\n", "é", "a" * 65, "../ana", "a/b", "<b>"])
def test_a_name_that_cant_be_one_is_refused(users: Users, name: str) -> None:
    with pytest.raises(UsersError, match="can't be a name"):
        users.add(name, PASSWORD)
    assert not users.path.exists()


def test_a_password_that_is_too_short_or_too_long_is_refused(users: Users) -> None:
    for password in ("", "x" * (FEWEST - 1), "x" * 1025):
        with pytest.raises(UsersError, match="characters"):
            users.add("ana", password)
    assert not users.all()


def test_who_is_there_cant_be_added_and_who_is_not_cant_be_changed(users: Users) -> None:
    users.add("ana", PASSWORD)
    with pytest.raises(UsersError, match="hsvis users change ana"):
        users.add("ana", PASSWORD)
    for act in (lambda: users.change("bo", PASSWORD), lambda: users.remove("bo")):
        with pytest.raises(UsersError, match="no user 'bo'; there are: ana"):
            act()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"version": 1}', b'{"version": 1, "users": {"a": {}}}', b"\xff\xfe"]
)
def test_a_damaged_file_is_told_of_and_left_as_it_is(users: Users, content: bytes) -> None:
    users.path.parent.mkdir()
    users.path.write_bytes(content)
    for act in (users.all, lambda: users.add("ana", PASSWORD), lambda: users.check("ana", PASSWORD)):
        with pytest.raises(UsersError, match="is not a valid users file"):
            act()
    assert users.path.read_bytes() == content


def test_a_file_of_a_newer_version_is_left_alone(users: Users) -> None:
    users.path.parent.mkdir()
    users.path.write_text('{"version": 2, "users": {}}', encoding="utf-8")
    with pytest.raises(UsersError, match="version 2"):
        users.add("ana", PASSWORD)


def test_nobody_is_lost_when_several_are_added_at_once(users: Users) -> None:
    names = [f"user-{k}" for k in range(8)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: Users(users.path).add(name, PASSWORD), names))
    assert sorted(users.all()) == sorted(names)


@settings(max_examples=20, deadline=None)
@given(st.text(max_size=40))
def test_no_name_or_password_is_a_fault(name: str) -> None:
    users = Users(Path("/nonexistent/users.json"))
    assert not users.check(name, name)
    assert users.stamp(name) is None
    assert NAME.fullmatch(name) is None or name.isascii()


def test_the_command_adds_lists_changes_and_removes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HSVIS_DATA", str(tmp_path))

    def run(*arguments: str, typed: str = f"{PASSWORD}\n") -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        return main(["users", *arguments])

    assert run("add", "ana", "--password-stdin") == 0
    assert Users(tmp_path / "users.json").check("ana", PASSWORD)
    assert run("change", "ana", "--password-stdin", typed="another password\r\n") == 0
    assert Users(tmp_path / "users.json").check("ana", "another password")
    capsys.readouterr()
    assert run("list") == 0
    assert capsys.readouterr().out.startswith("ana  20")
    assert run("remove", "ana") == 0
    assert run("remove", "ana") == 2
    assert "no user 'ana'" in capsys.readouterr().err
    assert run("add", "bo", "--password-stdin", typed="short\n") == 2
    assert not Users(tmp_path / "users.json").all()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_what_root_makes_for_a_service_is_the_services(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n" * 2))
    service = tmp_path / "service"
    service.mkdir()
    os.chown(service, 12345, 12346)
    monkeypatch.setenv("HSVIS_DATA", str(service / "new" / "data"))
    assert main(["users", "add", "ana", "--password-stdin"]) == 0
    made = [one for one in service.rglob("*") if not one.name.endswith(".aside")]
    assert {one.name for one in made} >= {"new", "data", "users.json", "users.json.lock"}
    assert {(one.stat().st_uid, one.stat().st_gid) for one in made} == {(12345, 12346)}
    assert "root" not in capsys.readouterr().err
    monkeypatch.setenv("HSVIS_DATA", str(tmp_path / "of root"))
    assert main(["users", "add", "ana", "--password-stdin"]) == 0
    told = capsys.readouterr().err
    assert "belongs to root" in told
    assert f"chown -R USER: '{tmp_path / 'of root'}'" in told
