"""Sessions: signed cookies of those who logged in, and which of them have ended before their time."""

import hashlib
import json
import secrets
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import flask
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import BadData

from hsvis.errors import UsersError
from hsvis.web import private_files
from hsvis.web.access import connection
from hsvis.web.users import Users

LASTS = timedelta(days=7)
VERSION = 1
MOST_ENDED = 200  # sessions of a person that ended, one by one; of more, all that the person has end


class Sessions(SecureCookieSessionInterface):
    """Cookies that go back over an encrypted connection only, where they came over one.

    Browsers send the cookies of a host name to all of its ports: the name tells apart the servers there, by
    port, path and key.
    """

    def __init__(self, secret: bytes, prefix: str) -> None:
        self._mark = hashlib.sha256(b"cookie\0" + secret + prefix.encode()).hexdigest()[:8]

    def get_cookie_name(self, app: flask.Flask) -> str:
        """Of the server that is asked; the port is its own, whatever a proxy shows it at."""
        port = str(connection(flask.request.environ).get("SERVER_PORT", ""))
        return f"hsvis-{port if port.isdecimal() else 0}-{self._mark}"

    def get_cookie_secure(self, app: flask.Flask) -> bool:
        return flask.request.is_secure

    def open_session(self, app: flask.Flask, request: flask.Request) -> SecureCookieSession | None:
        """The session of a cookie, an empty one where it is none of ours or too old.

        A clock that is put back ends none: what was signed a moment ago is of the future then.
        """
        signed, cookie = self.get_signing_serializer(app), request.cookies.get(self.get_cookie_name(app))
        if signed is None or not cookie:
            return super().open_session(app, request)
        with suppress(BadData):
            content, at = signed.loads(cookie, return_timestamp=True)
            if time.time() - at.timestamp() <= LASTS.total_seconds():
                return self.session_class(content)
        return self.session_class()


class Ended:
    """The sessions that were logged out of, in a file beside that of the users: a copy of a cookie ends, too.

    Of each person (a stamp: with another password all sessions end anyway) it holds the sessions that ended
    and a number; sessions of a lower number have ended.  So it is bounded without a look at a clock, which
    may jump.  Safe to use from several threads and processes.
    """

    def __init__(self, path: Path, users: Users) -> None:
        self._path, self._users = path, users
        self._read: tuple[object, dict[str, dict[str, Any]]] = (None, {})
        self._unwritten: set[tuple[str, str]] = set()

    def begin(self, name: str, stamp: str) -> dict[str, Any]:
        """What the cookie of a new session holds.  Raises UsersError."""
        number = self._all().get(stamp, {}).get("number", 0)
        return {"user": name, "stamp": stamp, "id": secrets.token_hex(8), "number": number}

    def user(self, session: Any) -> str:
        """Whose session it is; "" if nobody's (any more).  Raises UsersError."""
        name, stamp, one, number = (session.get(key) for key in ("user", "stamp", "id", "number"))
        if not (isinstance(name, str) and isinstance(one, str) and isinstance(number, int) and stamp):
            return ""
        if self._users.stamp(name) != stamp or (stamp, one) in self._unwritten:
            return ""
        known = self._all().get(stamp, {"number": 0, "ended": ()})
        return name if number >= known["number"] and one not in known["ended"] else ""

    def end(self, session: Any) -> None:
        """Ends a session that `user` knows.  Raises UsersError: it ended, but may not stay so."""
        stamp, one = session["stamp"], session["id"]
        self._unwritten.add((stamp, one))
        try:
            with private_files.locked(self._path):
                there = {user.stamp for user in self._users.all().values()}
                known = {key: value for key, value in self._all().items() if key in there}
                mine = known.get(stamp, {"number": 0, "ended": []})
                if len(mine["ended"]) >= MOST_ENDED:
                    mine = {"number": max(mine["number"], session["number"]) + 1, "ended": []}
                else:
                    mine = mine | {"ended": [*mine["ended"], one]}
                private_files.write(self._path, {"version": VERSION, "people": known | {stamp: mine}})
        except OSError as error:
            raise UsersError(f"{self._path}: can't be written ({error.strerror or error}).") from error
        self._unwritten.discard((stamp, one))

    def _all(self) -> dict[str, dict[str, Any]]:
        """By stamp.  Raises UsersError."""
        try:
            found = self._path.stat()
            version = (found.st_ino, found.st_mtime_ns, found.st_size)
            if self._read[0] != version:
                content = json.loads(self._path.read_text(encoding="utf-8"))
                if content["version"] != VERSION:
                    raise ValueError(f"it is of version {content['version']!r}")
                people = {
                    str(stamp): {"number": int(one["number"]), "ended": [str(each) for each in one["ended"]]}
                    for stamp, one in content["people"].items()
                }
                self._read = (version, people)
            return self._read[1]
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise UsersError(f"{self._path}: can't be read ({error.strerror}).") from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise UsersError(
                f"{self._path}: is not a valid file of ended sessions ({error}). Delete it and `session-key` "
                "beside it, and start the server again: everybody logs in again."
            ) from error
