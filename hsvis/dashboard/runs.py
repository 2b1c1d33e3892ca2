"""The runs that one dashboard shows, and what of them the page asks for."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hsvis.errors import ConfigError
from hsvis.figures.theme import PALETTES, Palette, Theme, palette, theme
from hsvis.store import Projection, StateStore

MOST_ROWS = 10_000  # sequences of a run that the browser gets all rows of; of more, page by page


@dataclass(frozen=True)
class View:
    """What is shown: one layer of one run in one projection, in the colours of one theme."""

    store: StateStore
    layer: str
    projection: Projection
    theme: Theme
    palette_name: str = "hsvis"

    @property
    def palette(self) -> Palette:
        return palette(self.store.n_classes, self.theme, self.palette_name)

    @property
    def cloud(self) -> str:
        """Names the cloud of states: `run/layer/projection`, as in its address."""
        return f"{self.store.name}/{self.layer}/{self.projection.name}"


class Runs:
    """Ordered; the first run is the one a page opens with.

    A run can be put in at any time, from any thread: whoever holds a `View` keeps what it shows.
    """

    def __init__(self, stores: Iterable[StateStore], *, most_rows: int = MOST_ROWS) -> None:
        """Raises: ConfigError if there is no run, or if two runs have one name."""
        self._most_rows = most_rows
        self._stores: dict[str, StateStore] = {}
        for store in stores:
            if store.name in self._stores:
                raise ConfigError(
                    f"Two runs are named `{store.name}`; a dashboard needs different names. "
                    "Change `name` in one of the configs, or add `--set name=...`."
                )
            self._stores[store.name] = store
        if not self._stores:
            raise ConfigError("There is no run to show: give at least one config.")

    def __iter__(self) -> Iterator[StateStore]:
        return iter(self._stores.values())

    def __contains__(self, name: object) -> bool:
        return name in self._stores

    def put(self, store: StateStore) -> None:
        """Adds a run, or takes the place of the same run with fewer projections."""
        self._stores = {**self._stores, store.name: store}  # a new dict: others may be walking through it

    @property
    def first(self) -> StateStore:
        return next(iter(self))

    def store(self, name: object) -> StateStore:
        """Raises: KeyError if there is no run of that name."""
        if not isinstance(name, str):
            raise KeyError(name)
        return self._stores[name]

    def is_paged(self, store: StateStore) -> bool:
        """Whether the page gets the rows of this run's table a page at a time."""
        return store.n_sequences > self._most_rows

    def resolve(self, view: Mapping[str, Any] | None) -> View:
        """What the `view` store asks for; for whatever does not exist (any more), the first that does."""
        asked = view or {}
        store = self._stores.get(str(asked.get("run")), self.first)
        layer = asked.get("layer")
        if layer not in store.layers:
            layer = store.layers[0]
        projections = {one.name: one for one in store.projections(layer)}
        first = next(iter(projections.values()))
        return View(
            store=store,
            layer=layer,
            projection=projections.get(str(asked.get("projection")), first),
            theme=theme("dark" if asked.get("theme") == "dark" else "light"),
            palette_name=next((name for name, _ in PALETTES if name == asked.get("palette")), "hsvis"),
        )

    def selected(self, view: View, selection: Mapping[str, Any] | None) -> int | None:
        """The selected sequence, or None: nothing is selected, or it belongs to another run."""
        if not selection or selection.get("run") != view.store.name:
            return None
        sequence = selection.get("sequence")
        if not isinstance(sequence, int) or not 0 <= sequence < view.store.n_sequences:
            return None
        return sequence
