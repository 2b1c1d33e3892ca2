"""The clouds of all states: what is drawn for one view of them, computed once and kept for a while."""

import json
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from isal import igzip

from hsvis.dashboard.content.bounded_cache import BoundedCache
from hsvis.figures import cells, cloud, raster
from hsvis.figures.cloud import ALL, PLAIN, Drawing, Emphasis, Look
from hsvis.figures.sight import InSight, in_sight, with_radius
from hsvis.figures.view import View
from hsvis.figures.window import Bounds, DrawOrder, Points, Window, bounds, draw_order, in_order
from hsvis.run.records import Projection
from hsvis.run.store import StateStore

K = TypeVar("K")
T = TypeVar("T")
Turn = Callable[[], AbstractContextManager[None]]  # gives what is held while something is drawn

GRID_BYTES = 128 * 2**20  # of pick grids kept for the next request
FILE_BYTES = 64 * 2**20  # of encoded images and pick grids
STATE_BYTES = 256 * 2**20  # of codes and levels of all states


class Clouds:
    """Images and pick grids of the runs of one app; safe to use from several threads.

    An image and its pick grid are asked for one after the other; both come from one grid.  Encoded files are
    kept too, for the others who look at the same.
    """

    def __init__(
        self,
        *,
        grid_bytes: int = GRID_BYTES,
        state_bytes: int = STATE_BYTES,
        file_bytes: int = FILE_BYTES,
    ) -> None:
        self._grids: BoundedCache[np.ndarray] = BoundedCache(grid_bytes)
        self._states: BoundedCache[np.ndarray] = BoundedCache(state_bytes)
        self._files: BoundedCache[bytes] = BoundedCache(file_bytes)
        self._orders: WeakKeyDictionary[StateStore, DrawOrder] = WeakKeyDictionary()
        self._points: WeakKeyDictionary[Projection, Points] = WeakKeyDictionary()
        self._bounds: WeakKeyDictionary[Projection, Bounds] = WeakKeyDictionary()
        self._lookup = threading.Lock()

    def counts(self) -> dict[str, tuple[int, int]]:
        """Hits and misses of what is kept."""
        return {"grids": self._grids.counts, "states": self._states.counts, "files": self._files.counts}

    def bounds(self, view: View) -> Bounds:
        """x0, x1, y0, y1 of the whole cloud, with a margin."""
        return self._once(self._bounds, view.projection, lambda: bounds(view.projection.xy))

    def grid(self, view: View, window: Window, emphasis: Emphasis = ALL) -> np.ndarray:
        """(height, width) uint32, the top line first: row + 1 of the state at each pixel, 0 for none.

        States of sequences that a filter left out are not in it.
        """
        grid = self._draw(view, window, emphasis)
        levels = self._levels(view.store, emphasis)
        return grid if levels is None else raster.pickable(grid, levels)

    def image(self, view: View, window: Window, look: Look = PLAIN) -> bytes:
        """The PNG of the cloud, each state in the colour of its EP, or of its sequence's class or answer."""
        return self.picture(view, window, look)[0]

    def picture(
        self,
        view: View,
        window: Window,
        look: Look = PLAIN,
        turn: Turn = nullcontext,
    ) -> tuple[bytes, str]:
        """The PNG of the cloud, and how it is drawn, as JSON.

        It has the `facts` of a `cloud.Drawing`.

        Args:
            turn: is held while it is drawn, not where it is kept; what it raises is raised.
        """

        def draw() -> bytes:
            with turn():
                drawing = self._drawing(view, window, look)
                return json.dumps(drawing.facts).encode() + b"\0" + cloud.png(drawing.image)

        kept = self._files.get((*view.content, view.theme.name, view.palette_name, window, look), draw)
        told, _, image = kept.partition(b"\0")
        return image, told.decode()

    def pixels(self, view: View, window: Window, look: Look = PLAIN) -> np.ndarray:
        """(height, width, 4) uint8, RGBA: what `image` encodes."""
        return self._drawing(view, window, look).image

    def _drawing(self, view: View, window: Window, look: Look) -> Drawing:
        return cloud.draw(
            view,
            window,
            look,
            self.in_sight(view, window, look.emphasis),
            grid=lambda window: self._draw(view, window, look.emphasis),
            codes=lambda colour: self._codes(view.store, colour),
            levels=self._levels(view.store, look.emphasis),
            order=self._order(view.store),
        )

    def grid_file(
        self,
        view: View,
        window: Window,
        emphasis: Emphasis = ALL,
        turn: Turn = nullcontext,
        *,
        with_cells: bool = False,
    ) -> bytes:
        """`grid` row by row from the top, then the `starts` of its sequences: uint32, little endian, as gzip.

        Of the starts each says how far it is from the one before: small numbers, which shrink to a seventh.
        With cells, what is in them comes first, from `cells.facts`: with its length it is found.

        Args:
            turn: as of `picture`.
        """

        def encode() -> bytes:
            with turn():
                return file()

        def file() -> bytes:
            grid = self.grid(view, window, emphasis)
            parts = [grid, np.diff(starts(view.store, grid), axis=0, prepend=np.uint32(0))]
            if with_cells:
                parts.insert(0, self._facts(view, window, emphasis))
            content = b"".join(part.astype("<u4", copy=False).tobytes() for part in parts)
            return igzip.compress(content, compresslevel=2, mtime=0)

        return self._files.get((*view.content, window, emphasis, with_cells), encode)

    def _facts(self, view: View, window: Window, emphasis: Emphasis) -> np.ndarray:
        mesh = cells.mesh(window)
        return cells.facts(
            cells.places(view.projection.xy, mesh),
            mesh,
            self._levels(view.store, emphasis),
            ep=view.store.ep,
            answers=self._codes(view.store, "correct"),
        )

    def _codes(self, store: StateStore, colour: str) -> np.ndarray:
        """As `cloud.codes`."""
        return self._states.get((colour, store.content), lambda: cloud.codes(store, colour))

    def _draw(self, view: View, window: Window, emphasis: Emphasis) -> np.ndarray:
        """As `grid`, with the states that a filter left out."""
        if window.radius is None:
            window = with_radius(window, self.in_sight(view, window, emphasis))

        def draw() -> np.ndarray:
            levels = self._levels(view.store, emphasis, drawn=True)
            return raster.pick_grid(self._points_in_order(view), window, levels)

        return self._grids.get((*view.content, window, emphasis), draw)

    def in_sight(self, view: View, window: Window, emphasis: Emphasis = ALL) -> InSight:
        """How many states lie in the range of a window: 2 ms of 2.4 million, and not kept."""
        levels = self._levels(view.store, emphasis, drawn=True)
        return in_sight(self._points_in_order(view), window, levels)

    def _order(self, store: StateStore) -> DrawOrder:
        def order() -> DrawOrder:
            with self._lookup:
                same = [one for one in self._orders.values() if len(one.rows) == store.n_states]
            return same[0] if same else draw_order(store.n_states)

        return self._once(self._orders, store, order)

    def _points_in_order(self, view: View) -> Points:
        order = self._order(view.store)
        return self._once(self._points, view.projection, lambda: in_order(view.projection.xy, order))

    def _levels(self, store: StateStore, emphasis: Emphasis, *, drawn: bool = False) -> np.ndarray | None:
        """(N,) uint8, a `sight.Level` for each row, or in the order of drawing; None where all are shown."""
        if not emphasis:
            return None

        def level() -> np.ndarray:
            levels = emphasis.of_states(store)
            return levels[self._order(store).rows] if drawn else levels

        return self._states.get(("levels", drawn, store.content, emphasis), level)

    def _once(self, kept: "WeakKeyDictionary[K, T]", of: K, compute: Callable[[], T]) -> T:
        """Kept as long as what it is made of; two threads may compute it, the first to finish wins."""
        with self._lookup:
            if of in kept:
                return kept[of]
        value = compute()
        with self._lookup:
            return kept.setdefault(of, value)


def starts(store: StateStore, grid: np.ndarray) -> np.ndarray:
    """By what a browser tells the sequence and the step of each row of a pick grid.

    Args:
        grid: from `Clouds.grid`.

    Returns:
        (K, 2) uint32, rising: each sequence that is drawn in the grid, and the row of its first state.
    """
    drawn = np.zeros(store.n_states + 1, dtype=bool)
    drawn[grid] = True
    rows = np.flatnonzero(drawn[1:])
    sequences = np.searchsorted(store.offsets, rows, "right") - 1
    sequences = sequences[np.diff(sequences, prepend=-1) > 0]
    return np.column_stack([sequences, store.offsets[sequences]]).astype(np.uint32)
