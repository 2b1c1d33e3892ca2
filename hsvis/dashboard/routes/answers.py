"""How routes answer: added to the app's server in one way; errors as a line of text; JSON kept nowhere."""

import functools
from collections.abc import Callable
from typing import Any

import flask
from dash import Dash
from werkzeug.exceptions import HTTPException, ServiceUnavailable

from hsvis.errors import ClientGoneError, GoneError

LONGEST = 600  # characters of an error
GONE_AWAY = 499  # nobody reads it; the log shows it, as that of nginx does


def add_route(
    app: Dash, rule: str, respond: Callable[..., flask.Response], *methods: str, endpoint: str = ""
) -> None:
    """Adds a route to the app's server, under the app's own path prefix; its errors are plain.

    Args:
        methods: GET if none is given.
        endpoint: Flask's name of the route, if something asks for it.
    """
    allowed = methods or ("GET",)
    app.server.add_url_rule(
        app.config.routes_pathname_prefix + rule,
        endpoint=endpoint or f"hsvis:{' '.join(allowed)} {rule}",
        view_func=plain_errors(respond),
        methods=allowed,
    )


def plain_errors(respond: Callable[..., flask.Response]) -> Callable[..., flask.Response]:
    """Errors as one line of text, not a page; what is no longer kept is 410, by which scripts know it."""

    @functools.wraps(respond)
    def answer(**ids: str) -> flask.Response:
        try:
            return respond(**ids)
        except HTTPException as error:
            said = str(error.description)  # with what was asked, which may be long
            said = said if len(said) <= LONGEST else f"{said[:LONGEST]}…"
            answered = flask.Response(f"{said}\n", status=error.code, mimetype="text/plain")
            if isinstance(error, ServiceUnavailable):
                answered.headers["Retry-After"] = str(error.retry_after)
            return answered
        except GoneError as error:
            return flask.Response(f"{error}\n", status=410, mimetype="text/plain")

    return answer


def register(app: Dash) -> None:
    """Nobody is answered who has gone, whatever was asked: a route, or a callback of the page."""
    app.server.register_error_handler(ClientGoneError, lambda error: flask.Response(status=GONE_AWAY))


def fresh(answer: dict[str, Any]) -> flask.Response:
    """The answer as JSON that no browser keeps."""
    response = flask.jsonify(answer)
    response.headers["Cache-Control"] = "no-store"
    return response
