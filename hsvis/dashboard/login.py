"""Logging in and out: the page, signed sessions, and patience with those who guess passwords."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote, urlsplit

import flask
from dash import Dash
from flask.sessions import SecureCookieSessionInterface
from werkzeug.wrappers import Response

from hsvis.access import Access
from hsvis.users import Users

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


class Attempts:
    """Wrong passwords by who and from where; after a few, each wait is twice the one before.

    Safe to use from several threads.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[tuple[str, ...], tuple[int, float]] = OrderedDict()  # how many, free from
        self._lock = threading.Lock()

    def wait(self, name: str, address: str) -> float:
        """Seconds until this person may try again from this address."""
        with self._lock:
            free = [self._wrong.get(key, (0, 0.0))[1] for key in _keys(name, address).values()]
            return max(0.0, max(free) - self._clock())

    def failed(self, name: str, address: str) -> None:
        with self._lock:
            for kind, key in _keys(name, address).items():
                count = self._wrong.pop(key, (0, 0.0))[0] + 1
                over = min(count - FREE[kind], 10)
                pause = min(2.0**over, LONGEST_WAIT) if over >= 0 else 0.0
                self._wrong[key] = (count, self._clock() + pause)
            while len(self._wrong) > REMEMBERED:
                self._wrong.popitem(last=False)

    def succeeded(self, name: str, address: str) -> None:
        with self._lock:
            for key in _keys(name, address).values():
                self._wrong.pop(key, None)


def _keys(name: str, address: str) -> dict[str, tuple[str, ...]]:
    return {"person": (name[:80], address), "address": (address,)}


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
        if flask.request.method == "GET":
            return flask.redirect(_next(prefix)) if flask.g.get("user") else page()
        name, password = (flask.request.form.get(key, "") for key in ("name", "password"))
        origin = flask.request.remote_addr or ""
        wait = attempts.wait(name, origin)
        if wait:
            return page(f"Too many wrong passwords: try again in {int(wait) + 1} s.", 429, wait)
        attempts.failed(name, origin)  # until the password is found right: others may try at the same time
        if not users.check(name, password):
            return page("Name and password do not belong together.", 403)
        attempts.succeeded(name, origin)
        flask.session.clear()
        flask.session.permanent = True
        flask.session.update(user=name, stamp=users.stamp(name))
        return flask.redirect(_next(prefix), code=303)

    def log_out() -> Response:
        flask.session.clear()
        return flask.redirect(f"{prefix}login", code=303)

    server.add_url_rule(f"{prefix}login", ENDPOINT, log_in, methods=["GET", "POST"])
    server.add_url_rule(f"{prefix}logout", "hsvis:logout", log_out, methods=["POST"])


def _next(prefix: str) -> str:
    """Where to go after the log-in: a path of this server, never another site."""
    given = flask.request.args.get("next", "")
    parts = urlsplit(given) if given.isprintable() and "\\" not in given else urlsplit("")
    is_own = not parts.scheme and not parts.netloc and parts.path.startswith(prefix)
    return given if is_own and not given.startswith("//") else prefix
