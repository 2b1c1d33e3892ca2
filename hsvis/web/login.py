"""Logging in and out: the page, signed sessions, and patience with those who guess passwords."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from urllib.parse import quote, urlsplit

import flask
from dash import Dash
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import BadData
from werkzeug.wrappers import Response

from hsvis.web.access import Access, place_of
from hsvis.web.users import Users

ENDPOINT = "hsvis:login"
LASTS = timedelta(days=7)
LARGEST_FORM = 8192  # bytes
FREE = {"person": 5, "address": 50}  # wrong passwords before anybody has to wait
LONGEST_WAIT = 60.0  # seconds
REMEMBERED = 10_000  # people and addresses


class Sessions(SecureCookieSessionInterface):
    """Cookies that go back over an encrypted connection only, where they came over one."""

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


class Attempts:
    """Wrong passwords by who and from where; after a few, each wait is twice the one before.

    Safe to use from several threads.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[tuple[str, ...], tuple[int, float]] = OrderedDict()  # how many, free from
        self._lock = threading.Lock()

    def begin(self, name: str, address: str) -> float:
        """Seconds until this person may try again from this address; where 0, this try counts as wrong.

        It counts before the password is looked at: others may try at the same time.
        """
        with self._lock:
            now, keys = self._clock(), _keys(name, address)
            wait = max(self._wrong.get(key, (0, now))[1] for key in keys.values()) - now
            if wait > 0:
                return wait
            for kind, key in keys.items():
                count = self._wrong.pop(key, (0, now))[0] + 1
                over = min(count - FREE[kind], 10)
                pause = min(2.0**over, LONGEST_WAIT) if over >= 0 else 0.0
                self._wrong[key] = (count, now + pause)
            while len(self._wrong) > REMEMBERED:
                self._wrong.popitem(last=False)
            return 0.0

    def forget(self, name: str, address: str) -> None:
        """After a right password, or none that was looked at."""
        with self._lock:
            for key in _keys(name, address).values():
                self._wrong.pop(key, None)


def _keys(name: str, address: str) -> dict[str, tuple[str, ...]]:
    place = place_of(address)
    return {"person": (name[:80], place), "address": (place,)}


def address(prefix: str, next_path: str) -> str:
    """Of the log-in page, which leads to `next_path` afterwards."""
    return f"{prefix}login?next={quote(next_path, safe='')}"


def session_user(users: Users) -> str:
    """Who this browser is logged in as; "" if nobody, or the password was changed since."""
    name, stamp = flask.session.get("user"), flask.session.get("stamp")
    return name if isinstance(name, str) and stamp and users.stamp(name) == stamp else ""


def register(app: Dash, access: Access) -> None:
    """Adds `login` and `logout` to the app's server, under the app's own path prefix."""
    users, prefix, attempts = access.users, app.config.routes_pathname_prefix, Attempts()
    assert users is not None
    assert len(access.secret) >= 32, "sessions need a key of 32 bytes"
    server = app.server
    server.secret_key = access.secret
    server.session_interface = Sessions()
    server.config.update(
        SESSION_COOKIE_NAME="hsvis",
        SESSION_COOKIE_PATH=prefix,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",  # a colleague's link opens the page without another log-in
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=LASTS,
    )

    def page(error: str = "", status: int = 200, wait: float = 0) -> Response:
        html = flask.render_template(
            "login.html",
            prefix=prefix,
            base=app.get_asset_url("base.css"),
            style=app.get_asset_url("login.css"),
            early=app.get_asset_url("early.js"),
            action=address(prefix, _next(prefix)),
            name=flask.request.form.get("name", "")[:64] if flask.request.method == "POST" else "",
            error=error,
        )
        response = flask.Response(html, status=status)
        response.headers["Cache-Control"] = "no-store"
        if wait:
            response.headers["Retry-After"] = str(int(wait) + 1)
        return response

    def log_in() -> Response:
        flask.request.max_content_length = LARGEST_FORM
        if flask.request.method != "POST":
            return flask.redirect(_next(prefix)) if flask.g.get("user") else page()
        name, password = (flask.request.form.get(key, "") for key in ("name", "password"))
        origin = flask.request.remote_addr or ""
        wait = attempts.begin(name, origin)
        if wait:
            return page(f"Too many wrong passwords: try again in {int(wait) + 1} s.", 429, wait)
        try:
            stamp = users.check(name, password)
        except TimeoutError:
            attempts.forget(name, origin)
            return page("Many people log in at this moment: try again.", 503, 1)
        if stamp is None:
            return page("Wrong name or password.", 403)
        attempts.forget(name, origin)
        flask.session.clear()
        flask.session.permanent = True
        flask.session.update(user=name, stamp=stamp)
        return flask.redirect(_next(prefix), code=303)

    def log_out() -> Response:
        flask.session.clear()
        return flask.redirect(f"{prefix}login", code=303)

    server.add_url_rule(f"{prefix}login", ENDPOINT, log_in, methods=["GET", "POST"])
    server.add_url_rule(f"{prefix}logout", "hsvis:logout", log_out, methods=["POST"])


def _next(prefix: str) -> str:
    """Where to go after the log-in: a path of this server, never another site."""
    given = flask.request.args.get("next", "")
    try:
        parts = urlsplit(given) if given.isprintable() and "\\" not in given else urlsplit("")
    except ValueError:  # as of //[
        return prefix
    is_own = not parts.scheme and not parts.netloc and parts.path.startswith(prefix)
    return given if is_own and not given.startswith("//") else prefix
