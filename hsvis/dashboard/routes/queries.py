"""What the page's scripts ask about many sequences: which match a filter, and the words at their events."""

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import flask
import numpy as np
from dash import Dash
from werkzeug.exceptions import BadRequest

from hsvis.analysis import words as strengths
from hsvis.catalogue.runs import Runs
from hsvis.dashboard.content.bounded_cache import BoundedCache
from hsvis.dashboard.content.filters import Filters
from hsvis.dashboard.routes import answers, parameters
from hsvis.figures.view import View
from hsvis.run.store import StateStore
from hsvis.web.capacity import TURNS, Capacity, departure

KINDS = ("jump", "change", "flip")
SIDES = {"after": 0, "before": 1}  # how many rows before the event its word stands
JUMP, CHANGE = 0.4, 0.3  # thresholds if none are given
STRENGTH_BYTES = 256 * 2**20  # of what is measured of all states, kept for the next request
CELLS, PER_CELL, MOST_WORDS = (28, 36), 2, 400
LARGE = 500_000  # states from which on the words take their turn: some 200 bytes a state are needed meanwhile


def register(app: Dash, runs: Runs, filters: Filters) -> None:
    """Adds the routes to the app's server, under the app's own path prefix."""
    words, turns = Words(), Capacity(TURNS, "searches for words")

    def sequences(run: str, layer: str, projection: str) -> flask.Response:
        view = parameters.view_of(runs, run, layer, projection)
        matches = np.flatnonzero(filters.mask(view, parameters.filter_argument(view.store)))
        which = {} if runs.is_paged(view.store) else {"sequences": matches.tolist()}
        return flask.jsonify({"count": len(matches), **which})

    def shown_words(run: str, layer: str, projection: str) -> flask.Response:
        view = parameters.view_of(runs, run, layer, projection)
        wanted = _read_wanted(view)
        matches = filters.mask(view, parameters.filter_argument(view.store))
        with turns.hold(1, departure()) if view.store.n_states >= LARGE else nullcontext():
            return flask.jsonify(words.strongest(view, wanted, matches))

    answers.add_route(app, "sequences/<run>/<layer>/<projection>", sequences)
    answers.add_route(app, "words/<run>/<layer>/<projection>", shown_words)


@dataclass(frozen=True)
class Wanted:
    """Which words a view shows.

    Attributes:
        window: x0, x1, y0, y1 of the view.
        kinds: for each of the SIDES, those of the KINDS of events whose words are shown there.
        jump: share of the largest distance from which on a step is a jump, 0 to 1.
        change: change of the EP from which on it counts, 0 to 1.
        k: the class whose change counts; None = any.
    """

    window: tuple[float, float, float, float]
    kinds: dict[str, tuple[str, ...]]
    jump: float = JUMP
    change: float = CHANGE
    k: int | None = None


class Words:
    """The words at the events of the runs of one app; safe to use from several threads.

    What takes a pass over all states is kept for the next request.
    """

    def __init__(self) -> None:
        self._kept: BoundedCache[np.ndarray] = BoundedCache(STRENGTH_BYTES)

    def strongest(self, view: View, wanted: Wanted, matches: np.ndarray) -> list[dict[str, Any]]:
        """The strongest words of a view, spread over it, the strongest first.

        Args:
            matches: (S,) bool, the sequences whose words may be shown.
        """
        found = {side: self._events(view, wanted, wanted.kinds[side]) for side in SIDES}
        rows = np.concatenate([found[side][0] - back for side, back in SIDES.items()])  # of the words
        strength = np.concatenate([found[side][1] for side in SIDES])
        sides = np.repeat(list(SIDES), [len(found[side][0]) for side in SIDES])
        xy, store = view.projection.xy, view.store
        candidate = np.repeat(matches, store.lengths)[rows]
        best = strengths.strongest(xy[rows], strength, candidate, wanted.window, CELLS, PER_CELL, MOST_WORDS)
        return _describe(store, xy, rows[best], sides[best], strength[best])

    def _events(self, view: View, wanted: Wanted, kinds: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
        """Rows (K,) int64 at which an event of these kinds happens, and its strength, (K,) float32."""
        measured = [self._measure(view, wanted, kind) for kind in kinds]
        if not measured:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        rows = np.flatnonzero(np.logical_or.reduce([happens for happens, _ in measured]))
        each = [np.where(happens[rows], strength[rows], 0) for happens, strength in measured]
        return rows, np.maximum.reduce(each)

    def _measure(self, view: View, wanted: Wanted, kind: str) -> tuple[np.ndarray, np.ndarray]:
        """Where an event of one kind happens, (N,) bool, and how strong it would be, (N,) float32."""
        if kind == "jump":
            share = self._of(_share, view.store, view.layer)
            return share >= wanted.jump, share  # NaN reaches nothing
        if kind == "change":
            change = self._of(_change, view.store, wanted.k)
            return change >= wanted.change, change
        return self._of(_flips, view.store), self._of(_change, view.store, None)

    def _of(self, measure: Callable[..., np.ndarray], store: StateStore, *given: object) -> np.ndarray:
        key = (measure.__name__, store.content, *given)
        return self._kept.get(key, lambda: measure(store, *given))


def _describe(
    store: StateStore, xy: np.ndarray, rows: np.ndarray, sides: np.ndarray, strength: np.ndarray
) -> list[dict[str, Any]]:
    """Words as the page's scripts read them; `rows`, `sides`, `strength`: (K,)."""
    sequence = np.searchsorted(store.offsets, rows, "right") - 1
    columns = {
        "x": xy[rows, 0].tolist(),
        "y": xy[rows, 1].tolist(),
        "token": store.tokens_at(rows),
        "side": sides.tolist(),
        "strength": strength.tolist(),
        "sequence": sequence.tolist(),
        "step": (rows - store.offsets[sequence]).tolist(),
    }
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _share(store: StateStore, layer: str) -> np.ndarray:
    return strengths.share_of_largest(store.distances(layer), store.largest_distance(layer))


def _change(store: StateStore, k: int | None) -> np.ndarray:
    return strengths.change_of_confidence(store.ep, store.offsets[:-1], k)


def _flips(store: StateStore) -> np.ndarray:
    return strengths.class_flips(store.ep, store.offsets)


def _read_wanted(view: View) -> Wanted:
    """Raises: BadRequest if the range is none, or a parameter is not what is allowed."""
    return Wanted(
        window=parameters.window(),
        kinds={side: tuple(kind for kind in KINDS if _on(f"{kind}_{side}")) for side in SIDES},
        jump=_threshold("jump", JUMP),
        change=_threshold("change", CHANGE),
        k=_class(view.store.n_classes),
    )


def _on(name: str) -> bool:
    return parameters.choice(name, ("0", "1")) == "1"


def _threshold(name: str, default: float) -> float:
    value = parameters.number(name, default)
    if not 0 <= value <= 1:
        raise BadRequest(f"{name}={value:g} is not a threshold: 0 to 1.")
    return value


def _class(n_classes: int) -> int | None:
    given = flask.request.args.get("class")
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and len(given) < 10 and int(given) < n_classes):
        raise BadRequest(f"class={given!r} is not a class: 0 to {n_classes - 1}.")
    return int(given)
