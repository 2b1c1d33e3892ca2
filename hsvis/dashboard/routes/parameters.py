"""What a request asks for: a view, numbers, choices; and errors as one line of text."""

import functools
import math
from collections.abc import Callable

import flask
from werkzeug.exceptions import BadRequest, HTTPException, NotFound

from hsvis.catalogue.runs import Runs
from hsvis.errors import GoneError
from hsvis.figures.theme import PALETTES
from hsvis.figures.view import View
from hsvis.run.store import StateStore

LONGEST = 600  # characters of an error
THEMES = ("light", "dark")
PALETTE_NAMES = tuple(name for name, _ in PALETTES)


def view_of(runs: Runs, run: str, layer: str, projection: str) -> View:
    """Of the `edition` that the page shows.

    Raises: NotFound if there is no such cloud; BadRequest if `theme` or `palette` is none; GoneError.
    """
    view = runs.resolve(
        {
            "run": run,
            "edition": flask.request.args.get("edition"),
            "layer": layer,
            "projection": projection,
            "theme": choice("theme", THEMES),
            "palette": choice("palette", PALETTE_NAMES),
        }
    )
    if view.cloud != f"{run}/{layer}/{projection}":
        raise NotFound(f"There is no projection {projection!r} of layer {layer!r} of a run {run!r}.")
    return view


def store_of(runs: Runs, run: str) -> StateStore:
    """Of the `edition` that the page shows.  Raises: NotFound if there is no such run; GoneError."""
    try:
        return runs.store(run, flask.request.args.get("edition"))
    except KeyError:
        raise NotFound(f"There is no run {run!r}.") from None


def row_of(store: StateStore, row: str) -> int:
    """A row of the step tables.  Raises: NotFound if there is no such row; BadRequest if it is no number."""
    if not row.isascii() or not row.isdigit() or len(row) > 18:
        raise BadRequest(f"{row!r} is not the row of a state: 0 to {store.n_states - 1}.")
    if int(row) >= store.n_states:
        raise NotFound(f"Run {store.name!r} has no state {row}: its rows are 0 to {store.n_states - 1}.")
    return int(row)


def choice(name: str, allowed: tuple[str, ...]) -> str:
    """One of the allowed values, the first if none is given.  Raises BadRequest."""
    given = flask.request.args.get(name, allowed[0])
    if given not in allowed:
        raise BadRequest(f"{name}={given!r} is none of {', '.join(allowed)}.")
    return given


def number(name: str, default: float | None = None) -> float:
    """A finite number.  Raises BadRequest."""
    given = flask.request.args.get(name)
    if given is None and default is not None:
        return default
    try:
        value = float(given or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadRequest(f"{name}={given!r} is not a number.")
    return value


def sequence(store: StateStore, given: object) -> int:
    """Raises: BadRequest if it is no number from 0; NotFound if there is no such sequence."""
    text = str(given).strip() if isinstance(given, int | str) and not isinstance(given, bool) else ""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        shown = f"{given!r:.40}"
        raise BadRequest(f"{shown} is not the id of a sequence: 0 to {store.n_sequences - 1}.")
    if int(text) >= store.n_sequences:
        raise NotFound(f"Run {store.name!r} has no sequence {text}: 0 to {store.n_sequences - 1}.")
    return int(text)


def window() -> tuple[float, float, float, float]:
    """x0, x1, y0, y1 of a range that is not empty.  Raises BadRequest."""
    x0, x1, y0, y1 = (number(name) for name in ("x0", "x1", "y0", "y1"))
    if not (x0 < x1 and y0 < y1):
        raise BadRequest("The range is empty: x0 < x1 and y0 < y1 are needed.")
    return x0, x1, y0, y1


def plain_errors(respond: Callable[..., flask.Response]) -> Callable[..., flask.Response]:
    """Errors as one line of text, not a page; what is no longer kept is 410, by which scripts know it."""

    @functools.wraps(respond)
    def answer(**ids: str) -> flask.Response:
        try:
            return respond(**ids)
        except HTTPException as error:
            said = str(error.description)  # with what was asked, which may be long
            said = said if len(said) <= LONGEST else f"{said[:LONGEST]}…"
            return flask.Response(f"{said}\n", status=error.code, mimetype="text/plain")
        except GoneError as error:
            return flask.Response(f"{error}\n", status=410, mimetype="text/plain")

    return answer
