"""The runs that one dashboard shows, and what of them the page asks for."""

import math
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hsvis.errors import ConfigError, GoneError
from hsvis.figures.style.theme import PALETTES, theme
from hsvis.figures.view import View
from hsvis.run.store import StateStore

OF_CLASS = "~"  # in the name of an edition, before the independent class of it that is shown
HELD = 2  # editions of a run: the newest, and the one before, for pages that show it
SCALES = (0.75, 3.0)  # of the type in figures
MOST_ROWS = 10_000  # sequences of a run that the browser gets all rows of; of more, page by page


@dataclass(frozen=True)
class Edition:
    """A run as it was built once; another build of it is another edition.

    Attributes:
        name: what a page says to be answered from it.
        store: with all that was added to it since.
        since: when it was put in, seconds of the epoch.
    """

    name: str
    store: StateStore
    since: float = 0.0


class Runs:
    """Ordered; the first run is the one a page opens with.

    A run can be put in at any time, from any thread: whoever holds a `View` keeps what it shows.  A page says
    by `edition` which build of a run it shows, and is never answered from another: the row of a state means
    another state there.
    """

    def __init__(self, stores: Iterable[StateStore], *, most_rows: int = MOST_ROWS) -> None:
        """Raises: ConfigError if there is no run, or if two runs have one name."""
        self._most_rows = most_rows
        self._editions: dict[str, tuple[Edition, ...]] = {}  # newest first
        self._change = threading.Lock()
        for store in stores:
            if store.name in self._editions:
                raise ConfigError(
                    f"Two runs are named `{store.name}`; a dashboard needs different names. "
                    "Change `name` in one of the configs, or add `--set name=...`."
                )
            self._editions[store.name] = (Edition(store.edition, store, time.time()),)
        if not self._editions:
            raise ConfigError("There is no run to show: give at least one config.")

    def __iter__(self) -> Iterator[StateStore]:
        return iter([held[0].store for held in self._editions.values()])

    def __contains__(self, name: object) -> bool:
        return name in self._editions

    def put(self, store: StateStore) -> None:
        """Adds a run, or takes the place of the one of its name; of that, the edition before is held too.

        A store that continues the one that is there is the same edition: pages of it go on, and see what is
        new in it.
        """
        with self._change:
            held = self._editions.get(store.name, ())
            same = next((one for one in held if store.continues(one.store)), None)
            new = replace(same, store=store) if same else Edition(store.edition, store, time.time())
            held = (new, *(one for one in held if one is not same))[:HELD]
            self._editions = {**self._editions, store.name: held}  # a new dict: others may walk through it

    def editions(self) -> dict[str, str]:
        """The newest edition of each run."""
        return {run: held[0].name for run, held in self._editions.items()}

    def newest(self, run: str) -> Edition:
        """Raises: KeyError if there is no run of that name."""
        return self._editions[run][0]

    @property
    def first(self) -> StateStore:
        return next(iter(self))

    def store(self, run: object, edition: object = None) -> StateStore:
        """As `edition`."""
        return self.edition(run, edition).store

    def edition(self, run: object, edition: object = None) -> Edition:
        """The edition of a run that a page shows; of a page that doesn't say, the newest.

        Of several independent classes a page shows one: `edition~k` is that of class k, else it is the first.

        Raises:
            KeyError: there is no run of that name.
            GoneError: that edition of it is not held (any more).
        """
        held = self._editions.get(run, ()) if isinstance(run, str) else ()
        asked, _, shown = str(edition or "").partition(OF_CLASS)
        if not asked:
            if not held:
                raise KeyError(run)
            return _of_class(held[0], shown)
        found = next((one for one in held if one.name == asked), None)
        if found is None:
            raise GoneError(
                f"The run “{run}” was rebuilt, and what this page shows of it is no longer kept. "
                "Reload the page to see the new run."
            )
        return _of_class(found, shown)

    def is_paged(self, store: StateStore) -> bool:
        """Whether the page gets the rows of this run's table a page at a time."""
        return store.n_sequences > self._most_rows

    def resolve(self, view: object) -> View:
        """What the `view` store asks for; for whatever does not exist (any more), the first that does.

        Raises: GoneError if it is of an edition that is not held (any more).
        """
        asked = {key: value for key, value in _mapping(view).items() if isinstance(value, str)}
        run, edition, layer = (asked.get(key, "") for key in ("run", "edition", "layer"))
        held = self.edition(run if run in self or edition else self.first.name, edition)
        store = held.store
        if layer not in store.layers:
            layer = store.layers[0]
        projections = {one.name: one for one in store.projections(layer)}
        first = next(iter(projections.values()))
        return View(
            store=store,
            edition=held.name,
            layer=layer,
            projection=projections.get(asked.get("projection", ""), first),
            theme=replace(
                theme("dark" if asked.get("theme") == "dark" else "light"), type_scale=_scale(_mapping(view))
            ),
            palette_name=next((name for name, _ in PALETTES if name == asked.get("palette")), "hsvis"),
        )

    def selected(self, view: View, selection: object) -> int | None:
        """The selected sequence, or None: nothing is selected, or it belongs to another run."""
        asked = _mapping(selection)
        sequence = asked.get("sequence")
        if asked.get("run") != view.store.name or isinstance(sequence, bool):
            return None
        if not isinstance(sequence, int) or not 0 <= sequence < view.store.n_sequences:
            return None
        return sequence


def _of_class(edition: Edition, shown: str) -> Edition:
    """The same of one of several independent classes; of a run that has none, as it is."""
    store = edition.store
    if store.answers.is_exclusive:
        return edition
    k = int(shown) if shown.isascii() and shown.isdigit() and len(shown) < 6 else 0
    k = k if k < store.n_classes else 0
    name = f"{edition.name}{OF_CLASS}{k}" if k else edition.name
    return replace(edition, name=name, store=store.shown(k))


def edition_in(editions: object, run: object) -> str | None:
    """The edition of a run that the page's `editions` store names, if it names one."""
    found = _mapping(editions).get(run) if isinstance(run, str) else None
    return found if isinstance(found, str) else None


def _scale(view: Mapping[str, Any]) -> float:
    """By how much the page's type is larger than that of an ordinary window."""
    scale = view.get("scale")
    if not isinstance(scale, int | float) or isinstance(scale, bool) or not math.isfinite(scale):
        return 1.0
    return min(max(float(scale), SCALES[0]), SCALES[1])


def _mapping(given: object) -> Mapping[str, Any]:
    """What a browser sends may be anything: nothing is asked for by what is no mapping."""
    return given if isinstance(given, Mapping) else {}
