"""The states nearest to a state in the original space, for the panel of similar states."""

from typing import Any

import flask
import numpy as np
from dash import Dash
from werkzeug.exceptions import BadRequest, NotFound

from hsvis.analysis.neighbours import neighbours
from hsvis.catalogue.runs import Runs
from hsvis.dashboard.content.language.next_tokens import told_of
from hsvis.dashboard.routes import answers, parameters
from hsvis.errors import DamagedFileError
from hsvis.run.records import Projection
from hsvis.run.store import StateStore
from hsvis.run.winners import best_of

MOST = 100
OF = ("sequences", "states")
CONTEXT = 4  # words before and after


def register(app: Dash, runs: Runs) -> None:
    """Adds the route to the app's server, under the app's own path prefix."""

    def nearest(run: str, layer: str, row: str) -> flask.Response:
        store = parameters.store_of(runs, run)
        if layer not in store.layers:
            raise NotFound(f"Run {run!r} has no layer {layer!r}, only {', '.join(store.layers)}.")
        try:
            return flask.jsonify(_nearest(store, layer, parameters.row_of(store, row)))
        except DamagedFileError as error:
            return flask.Response(f"{error.told}\n", status=409, mimetype="text/plain")

    answers.add_route(app, "neighbours/<run>/<layer>/<row>", nearest)


def _nearest(store: StateStore, layer: str, row: int) -> list[dict[str, Any]]:
    """Raises: NotFound if the run has no index; BadRequest; DamagedFileError if it can't be read."""
    k = parameters.number("k", default=10)
    if not (1 <= k <= MOST and k == int(k)):
        raise BadRequest(f"k={k:g} is not a number of states: 1 to {MOST}.")
    of_sequences = parameters.choice("of", OF) == "sequences"
    projection = parameters.projection_of(store, layer)
    if not store.manifest.names(store.folder, store.folder.records(layer)):
        raise NotFound(
            f"The run “{store.name}” was built before there were indexes of states. Build it again "
            "(`hsvis build CONFIG`): its index alone is added; then start the server again."
        )
    rows, distances = neighbours(store, layer, row, int(k), of_sequences=of_sequences)
    largest = store.largest_distance(layer)
    return [
        _describe(store, one, projection)
        | {"distance": distance, "share": distance / largest if largest > 0 else None}
        for one, distance in zip(rows.tolist(), distances.tolist(), strict=True)
    ]


def _describe(store: StateStore, row: int, projection: Projection | None) -> dict[str, Any]:
    """A state as the page's scripts read it, with the words around it, and its place in a projection."""
    sequence, step = store.locate(row)
    first, end = int(store.offsets[sequence]), int(store.offsets[sequence + 1])
    around = range(max(first, row - CONTEXT), min(end, row + CONTEXT + 1))
    words = store.tokens_at(np.array(around))
    at = row - around.start
    is_text = store.series is None
    predicted, confidence = best_of(store.ep[row])
    place = {} if projection is None else dict(zip("xy", projection.xy[row].tolist(), strict=True))
    return {
        "sequence": sequence,
        "step": step,
        "row": row,
        "token": words[at],
        "before": words[:at] if is_text else [],
        "after": words[at + 1 :] if is_text else [],
        "starts": around.start == first,  # nothing stands before
        "ends": around.stop == end,
        "predicted": predicted,
        "confidence": confidence,
        "label": store.verdicts.label_of(row),
        **({} if store.expected is None else told_of(store.expected, row)),
    } | place
