"""Logging in and out: the page, and what it leads to."""

from collections.abc import Callable
from urllib.parse import quote, urlsplit

import flask
from dash import Dash
from werkzeug.wrappers import Response

from hsvis.errors import UsersError
from hsvis.web.access import Access
from hsvis.web.addresses import place_of
from hsvis.web.attempts import Attempts
from hsvis.web.sessions import LASTS, Ended, Sessions

ENDPOINT = "hsvis:login"
LARGEST_FORM = 8192  # bytes
ENDED = "ended-sessions.json"  # beside the file of users


def address(prefix: str, next_path: str) -> str:
    """Of the log-in page, which leads to `next_path` afterwards."""
    return f"{prefix}login?next={quote(next_path, safe='')}"


def register(app: Dash, access: Access) -> Callable[[], str]:
    """Adds `login` and `logout` to the app's server, under the app's own path prefix.

    Returns:
        What tells who this browser is logged in as; "" if nobody.
    """
    users, prefix, attempts = access.users, app.config.routes_pathname_prefix, Attempts()
    assert users is not None
    assert len(access.secret) >= 32, "sessions need a key of 32 bytes"
    server, ended = app.server, Ended(users.path.with_name(ENDED), users)
    server.secret_key = access.secret
    server.session_interface = Sessions(access.secret, prefix)
    server.config.update(
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
        attempt = attempts.begin(name, origin)
        if attempt.wait:
            return page(
                f"Too many wrong passwords: try again in {int(attempt.wait) + 1} s.", 429, attempt.wait
            )
        try:
            stamp = users.check(name, password, place_of(origin))
        except TimeoutError:
            attempts.take_back(attempt)
            return page("Many people log in at this moment: try again.", 503, 1)
        except UsersError:
            attempts.take_back(attempt)
            raise
        if stamp is None:
            return page("Wrong name or password.", 403)
        attempts.forget(attempt)
        flask.session.clear()
        flask.session.permanent = True
        flask.session.update(ended.begin(name, stamp))
        return flask.redirect(_next(prefix), code=303)

    def log_out() -> Response:
        session = dict(flask.session)
        flask.session.clear()
        try:
            ended.end(session)
        except UsersError as error:
            server.logger.error("%s", error)  # with the path, which is not for everybody
            text = (
                "You are logged out, but the server can't write that down: after it is started again, a copy "
                "of your session would be valid. Another password ends it; the server's log says more.\n"
            )
            return flask.Response(text, status=503, mimetype="text/plain")
        return flask.redirect(f"{prefix}login", code=303)

    server.add_url_rule(f"{prefix}login", ENDPOINT, log_in, methods=["GET", "POST"])
    server.add_url_rule(f"{prefix}logout", "hsvis:logout", log_out, methods=["POST"])
    return lambda: ended.user(flask.session)


def _next(prefix: str) -> str:
    """Where to go after the log-in: a path of this server, never another site."""
    given = flask.request.args.get("next", "")
    try:
        parts = urlsplit(given) if given.isprintable() and "\\" not in given else urlsplit("")
    except ValueError:  # as of //[
        return prefix
    is_own = not parts.scheme and not parts.netloc and parts.path.startswith(prefix)
    return given if is_own and not given.startswith("//") else prefix
