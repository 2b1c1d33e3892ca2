"""What is asked of Dash itself: refused in a line unless it has the form that the page gives it.

Dash trusts what comes: with a part missing it answers with a fault of its own.  What the values of a
callback are is for the callback to judge.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import flask
from dash import Dash
from dash.exceptions import DependencyException


def register(app: Dash) -> None:
    """Checks each request to `_dash-update-component`; after what decides who may ask at all."""
    path = f"{app.config.routes_pathname_prefix}_dash-update-component"

    @app.server.before_request
    def _() -> flask.Response | None:
        if flask.request.path != path or flask.request.method != "POST":
            return None
        try:
            body = _read(flask.request.get_data())
            check(body, app.callback_map)
            flask.g.output = body["output"]  # for whoever counts requests
        except ValueError as error:
            text = f"This is not a request of a callback: {error}\n"
            return flask.Response(text, status=400, mimetype="text/plain")
        return None

    @app.server.errorhandler(DependencyException)
    def _(_: DependencyException) -> flask.Response:
        return flask.Response("There is no such script.\n", status=404, mimetype="text/plain")


def _read(body: bytes) -> Any:
    """Raises ValueError."""
    if not flask.request.is_json:
        raise ValueError("it is sent as application/json.")
    try:
        return json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON.") from None


def _refuse(_: str) -> NoReturn:
    raise ValueError


def check(body: Any, callbacks: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises ValueError: `body` is no call of one of Dash's `callback_map`."""
    if not isinstance(body, dict):
        raise ValueError("it is a JSON object.")
    output = body.get("output")
    callback = callbacks.get(output) if isinstance(output, str) else None
    if callback is None or output is None:
        raise ValueError("there is no callback of that `output`.")
    for name, declared in (("inputs", callback["inputs"]), ("state", callback["state"])):
        given = body.get(name, [])
        if not isinstance(given, list) or [_id(one) for one in given] != [_id(one) for one in declared]:
            raise ValueError(f"`{name}` are not those of the callback.")
    _check_outputs(body.get("outputs"), output)
    changed = body.get("changedPropIds", [])
    if not isinstance(changed, list) or not all(isinstance(one, str) for one in changed):
        raise ValueError("`changedPropIds` is a list of names.")


def _check_outputs(given: Any, output: str) -> None:
    """`..a.x...b.y..` stands for a list of outputs, `a.x` for one; what follows @ tells them apart."""
    is_list = output.startswith("..")
    names = output.strip(".").split("...") if is_list else [output]
    declared = [tuple(name.split("@")[0].rsplit(".", 1)) for name in names]
    found: Sequence[Any] = given if isinstance(given, list) else [given]
    told = [_id(one) for one in found]
    told = [one and (one[0], str(one[1]).split("@", maxsplit=1)[0]) for one in told]
    if isinstance(given, list) != is_list or told != declared:
        raise ValueError("`outputs` are not those of the callback.")


def _id(one: Any) -> tuple[Any, Any] | None:
    return (one.get("id"), one.get("property")) if isinstance(one, dict) else None
