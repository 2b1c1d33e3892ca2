"""The people of a server: names and salted hashes of passwords, in one file that `hsvis users` writes.

A hash is that of scrypt (N = 2^15, r = 8, p = 1, 16 bytes of salt), as Werkzeug writes and checks it.
"""

import json
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from werkzeug.security import check_password_hash, generate_password_hash

from hsvis.errors import UsersError
from hsvis.web import private_files
from hsvis.web.attempts import Turns

VERSION = 1
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
FEWEST, MOST = 10, 1024  # characters of a password
PATIENCE = 1.0  # seconds in line for that
AT_ONCE = 2  # hashes computed at once: each takes 32 MiB and a core
IN_LINE, OF_A_PLACE = 5, 3  # who waits for that holds a thread of the server
METHOD = "scrypt:32768:8:1"  # N, r, p
NOBODY = f"{METHOD}${'0' * 16}${'0' * 128}"  # checked where the name is unknown; of no password that is known


@dataclass(frozen=True)
class User:
    """A person who may log in.

    Attributes:
        hash: of the password, with its salt and how it was made.
        stamp: random, another for each password; a session that carries another one has ended.
        changed: when the password was set, UTC, ISO 8601.
    """

    hash: str
    stamp: str
    changed: str


class Users:
    """The users of one file, which may change at any time; safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: tuple[object, dict[str, User]] = (None, {})
        self._hashing = Turns(AT_ONCE, IN_LINE, OF_A_PLACE)

    def all(self) -> Mapping[str, User]:
        """By name; nobody where there is no file.  Raises UsersError."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise UsersError(f"{self.path}: can't be read ({error.strerror}).") from error
        version = (found.st_ino, found.st_mtime_ns, found.st_size)
        if self._read[0] != version:
            self._read = (version, _read(self.path))
        return self._read[1]

    def stamp(self, name: str) -> str | None:
        """What a session of that person must carry; None where there is no such person (any more)."""
        user = self.all().get(name)
        return user.stamp if user else None

    def check(self, name: str, password: str, place: str = "") -> str | None:
        """The stamp of the person whose password that is; None, as long in coming, where it is nobody's.

        Args:
            place: from where it is asked: others go first where many ask from there.

        Raises TimeoutError: too many passwords are looked at already.
        """
        user = self.all().get(name)
        with self._hashing.turn(place, PATIENCE):
            right = check_password_hash(user.hash if user else NOBODY, password[: MOST + 1])
        return user.stamp if user and right else None

    def add(self, name: str, password: str) -> None:
        """Raises UsersError: the name or the password won't do, or somebody has that name."""
        if not NAME.fullmatch(name):
            raise UsersError(
                f"{name!r} can't be a name: 1 to 64 letters (a-z), digits and . _ @ + -, with a letter or a "
                "digit first."
            )
        user = _user(password)
        with self._changing() as users:
            if name in users:
                raise UsersError(
                    f"There is a user {name!r}. `hsvis users change {name}` sets a new password."
                )
            users[name] = user

    def change(self, name: str, password: str) -> None:
        """Sets another password; all sessions of the person end.  Raises UsersError."""
        user = _user(password)
        with self._changing() as users:
            _known(users, name)
            users[name] = user

    def remove(self, name: str) -> None:
        """All sessions of the person end.  Raises UsersError: there is no such person."""
        with self._changing() as users:
            _known(users, name)
            del users[name]

    @contextmanager
    def _changing(self) -> Iterator[dict[str, User]]:
        """The users, to be changed; written, whole or not at all, when the block ends well."""
        try:
            with private_files.locked(self.path):
                users = _read(self.path) if self.path.exists() else {}
                yield users
                people = {name: vars(users[name]) for name in sorted(users)}
                private_files.write(self.path, {"version": VERSION, "users": people})
        except OSError as error:
            raise UsersError(
                f"{self.path}: can't be written ({error.strerror or error}). Make room, or name another file "
                "with --users-file; nothing was changed."
            ) from error


def _known(users: Mapping[str, User], name: str) -> None:
    if name not in users:
        raise UsersError(f"There is no user {name!r}; there are: {', '.join(sorted(users)) or 'none'}.")


def _user(password: str) -> User:
    """Raises UsersError: the password is too short or too long."""
    if not FEWEST <= len(password) <= MOST:
        raise UsersError(f"The password has {len(password)} characters; it takes {FEWEST} to {MOST}.")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return User(generate_password_hash(password, method=METHOD), secrets.token_hex(8), now)


def _read(path: Path) -> dict[str, User]:
    """Raises UsersError."""
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        if content["version"] != VERSION:
            raise UsersError(
                f"{path}: is of version {content['version']!r}; this hsvis reads {VERSION}. Take the hsvis "
                "that wrote it, or a newer one."
            )
        users = {str(name): User(**one) for name, one in content["users"].items()}
        if not all(isinstance(v, str) for user in users.values() for v in vars(user).values()):
            raise TypeError("values are not text")
    except OSError as error:
        raise UsersError(f"{path}: can't be read ({error.strerror}).") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsersError(
            f"{path}: is not a valid users file ({error}). Restore a backup, or delete it and add "
            "everybody again."
        ) from error
    return users
