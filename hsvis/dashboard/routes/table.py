"""What the page asks about the table of a large run: a page of its rows, and where to go from one."""

import dataclasses

import flask
import numpy as np
from dash import Dash
from werkzeug.exceptions import BadRequest

from hsvis.catalogue.runs import Runs
from hsvis.dashboard.content import column_filters, table_pages
from hsvis.dashboard.content.table_pages import MOST_ROWS, Found, Listing, Pages
from hsvis.dashboard.content.table_rows import column_kinds
from hsvis.dashboard.routes import answers, parameters
from hsvis.figures.view import View
from hsvis.run.verdicts import WRONG

WAYS = ("place", "beside", "wrong", "random")


def register(app: Dash, runs: Runs, pages: Pages) -> None:
    """Adds the routes to the app's server, under the app's own path prefix."""

    def rows(run: str, layer: str, projection: str) -> flask.Response:
        view = parameters.view_of(runs, run, layer, projection)
        return flask.jsonify(pages.rows(view, listing(view), *_range()))

    def walk(run: str, layer: str, projection: str) -> flask.Response:
        view = parameters.view_of(runs, run, layer, projection)
        found = _goal(view, pages.order(view, listing(view)))
        return flask.jsonify(dataclasses.asdict(found) if found else None)

    answers.add_route(app, "rows/<run>/<layer>/<projection>", rows)
    answers.add_route(app, "walk/<run>/<layer>/<projection>", walk)


def listing(view: View) -> Listing:
    """What `filter`, `columns` and `sort` of the request say.  Raises BadRequest."""
    given = flask.request.args
    filter = parameters.filter_argument(view.store)
    kinds = column_kinds(view.store)
    try:
        return Listing(
            filter,
            column_filters.parse(given.get("columns"), kinds),
            table_pages.parse_sort(given.get("sort"), kinds),
        )
    except ValueError as error:
        raise BadRequest(f"The table can't be listed: {error}") from None


def _range() -> tuple[int, int]:
    """Places of the first row and behind the last, at most MOST_ROWS apart.  Raises BadRequest."""
    start, end = (int(min(max(parameters.number(name), 0), 1e15)) for name in ("start", "end"))
    return start, min(end, start + MOST_ROWS)


def _goal(view: View, order: np.ndarray) -> Found | None:
    """Where `to` leads from `sequence`, in an order (K,).  Raises BadRequest, NotFound."""
    store, given = view.store, flask.request.args.get("sequence")
    sequence = None if given is None else parameters.sequence(store, given)
    way = parameters.choice("to", WAYS)
    if way == "place":
        return table_pages.place(order, sequence)
    if way == "beside":
        by = int(min(max(parameters.number("by"), -store.n_sequences), store.n_sequences))
        return table_pages.beside(order, sequence, by)
    wrong = store.whole.verdicts.of_sequences == WRONG
    if way == "wrong":
        return table_pages.next_wrong(order, wrong, sequence)
    share = min(max(parameters.number("share"), 0), 1)
    return table_pages.some_wrong(order, wrong, sequence, share)
