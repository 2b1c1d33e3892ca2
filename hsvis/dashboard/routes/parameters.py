"""What a request asks for: a view, numbers, choices, a filter, a JSON object; whether the page sends it."""

import json
import math
from typing import Any

import flask
from werkzeug.exceptions import BadRequest, Forbidden, HTTPException, NotFound

from hsvis.catalogue.runs import Runs
from hsvis.dashboard.content.filters import Filter
from hsvis.figures.style.theme import PALETTES
from hsvis.figures.view import View
from hsvis.run.records import Projection
from hsvis.run.store import StateStore

SENDER = ("X-Requested-With", "hsvis")  # a header that the page of another site can't send
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


def projection_of(store: StateStore, layer: str) -> Projection | None:
    """The `projection` of a layer that is asked for; None if none is.  Raises: NotFound if there is none."""
    name = flask.request.args.get("projection")
    if name is None:
        return None
    try:
        return store.projection(layer, name)
    except KeyError:
        raise NotFound(f"There is no projection {name!r} of layer {layer!r}.") from None


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


def filter_argument(store: StateStore) -> Filter:
    """Raises BadRequest."""
    return filter_of(store, flask.request.args.get("filter"))


def filter_of(store: StateStore, given: object) -> Filter:
    """`given`: of JSON, as text or as it was read; nothing is the empty filter.  Raises BadRequest."""
    try:
        text = given if isinstance(given, str) else json.dumps(given or {})
        n_classes = store.n_classes if store.expected is None else 0  # its labels are no classes
        return Filter.parse(text, n_classes, store.columns)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The filter can't be read: {error}") from None


def check_sender() -> None:
    """Raises Forbidden: the page of another site may be asking."""
    name, value = SENDER
    if flask.request.headers.get(name) != value:
        raise Forbidden(f"Only the dashboard's own page may ask for this: send `{name}: {value}`.")


def json_object(example: str, most: int, too_long: HTTPException) -> dict[str, Any]:
    """The JSON object that the request sends.

    Args:
        example: an object, for the message.
        most: bytes; what is longer is not read, and `too_long` is raised.

    Raises:
        BadRequest: it sends anything else.
    """
    body = flask.request.stream.read(most + 1)
    if len(body) > most:
        raise too_long
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise BadRequest(f"Send a JSON object, such as {example}.")
    return given
