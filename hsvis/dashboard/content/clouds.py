"""The clouds of all states: what is drawn for one view of them, computed once and kept for a while."""

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from isal import igzip

from hsvis.catalogue.runs import View
from hsvis.dashboard.content.bounded_cache import BoundedCache
from hsvis.figures import raster
from hsvis.figures.colour import rgb
from hsvis.figures.png import png
from hsvis.figures.raster import Level
from hsvis.figures.theme import ep_codes
from hsvis.figures.window import DrawOrder, Points, Window, bounds, draw_order, in_order
from hsvis.run.records import Projection
from hsvis.run.store import StateStore

K = TypeVar("K")
T = TypeVar("T")
Bounds = tuple[float, float, float, float]

GRID_BYTES = 128 * 2**20  # of pick grids kept for the next request
FILE_BYTES = 64 * 2**20  # of encoded images and pick grids
STATE_BYTES = 256 * 2**20  # of codes and levels of all states
COLOURS = ("ep", "class", "correct")
MARKS = ("start", "end")
FADES = ("correct", "wrong")


@dataclass(frozen=True)
class Emphasis:
    """How much of each sequence is shown."""

    levels: bytes = b""  # S times a `raster.Level`; none where all sequences are shown

    def __bool__(self) -> bool:
        return bool(self.levels)

    def of_sequences(self, store: StateStore) -> np.ndarray:
        """(S,) uint8, a `raster.Level` each."""
        if not self:
            return np.full(store.n_sequences, Level.SHOWN, dtype=np.uint8)
        return np.frombuffer(self.levels, dtype=np.uint8)


@dataclass(frozen=True)
class Look:
    """How a cloud is drawn, besides its range and the colours of its classes."""

    colour: str = "ep"  # or of the sequence: "class", the actual one, or "correct", whether the answer is
    marks: tuple[str, ...] = ()  # "start", "end": rings around these states of all sequences not filtered out
    emphasis: Emphasis = Emphasis()


def emphasis(store: StateStore, fade: Collection[str] = (), matches: np.ndarray | None = None) -> Emphasis:
    """What fading and a filter leave of each sequence.

    Args:
        fade: "correct", "wrong" or both: sequences classified so step back; one without a label never does.
        matches: (S,) bool, what a filter keeps; None = all.
    """
    levels = np.full(store.n_sequences, Level.SHOWN, dtype=np.uint8)
    known, right = store.labels >= 0, store.labels == store.predicted
    if "correct" in fade:
        levels[known & right] = Level.FADED
    if "wrong" in fade:
        levels[known & ~right] = Level.FADED
    if matches is not None:
        levels[~matches] = Level.OUT
    return Emphasis() if (levels == Level.SHOWN).all() else Emphasis(levels.tobytes())


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

    def grid(self, view: View, window: Window, emphasis: Emphasis = Emphasis()) -> np.ndarray:
        """(height, width) uint32, the top line first: row + 1 of the state at each pixel, 0 for none.

        States of sequences that a filter left out are not in it.
        """
        grid = self._drawn(view, window, emphasis)
        levels = self._levels(view.store, emphasis)
        return grid if levels is None else raster.pickable(grid, levels)

    def image(self, view: View, window: Window, look: Look = Look()) -> bytes:
        """The PNG of the cloud, each state in the colour of its EP, or of its sequence's class or answer."""

        def draw() -> bytes:
            return png(self.pixels(view, window, look))

        return self._files.get((*view.content, view.theme.name, view.palette_name, window, look), draw)

    def pixels(self, view: View, window: Window, look: Look = Look()) -> np.ndarray:
        """(height, width, 4) uint8, RGBA: what `image` encodes."""
        grid, levels = self._drawn(view, window, look.emphasis), self._levels(view.store, look.emphasis)
        image = raster.paint(grid, tints(view, look.colour), levels, self._codes(view.store, look.colour))
        if look.marks:
            self._mark(image, view, window, look)
        return image

    def grid_file(self, view: View, window: Window, emphasis: Emphasis = Emphasis()) -> bytes:
        """`grid` row by row from the top, then the `starts` of its sequences: uint32, little endian, as gzip.

        Of the starts each says how far it is from the one before: small numbers, which shrink to a seventh.
        """

        def encode() -> bytes:
            grid = self.grid(view, window, emphasis)
            parts = (grid, np.diff(starts(view.store, grid), axis=0, prepend=np.uint32(0)))
            content = b"".join(part.astype("<u4", copy=False).tobytes() for part in parts)
            return igzip.compress(content, compresslevel=2, mtime=0)

        return self._files.get((*view.content, window, emphasis), encode)

    def _codes(self, store: StateStore, colour: str) -> np.ndarray:
        """(N,) uint16, the row of `tints` of each state; the same in all themes and palettes."""

        def code() -> np.ndarray:
            if colour == "ep":
                return ep_codes(store.ep)
            known = store.labels >= 0
            of_sequences = (
                np.where(known, store.labels, store.n_classes)
                if colour == "class"
                else np.where(known, store.labels == store.predicted, 2)
            )
            return np.repeat(of_sequences.astype(np.uint16), store.lengths)

        return self._states.get((colour, store.content), code)

    def _drawn(self, view: View, window: Window, emphasis: Emphasis) -> np.ndarray:
        """As `grid`, with the states that a filter left out."""

        def draw() -> np.ndarray:
            levels = self._levels(view.store, emphasis, drawn=True)
            return raster.pick_grid(self._ordered(view), window, levels)

        return self._grids.get((*view.content, window, emphasis), draw)

    def _order(self, store: StateStore) -> DrawOrder:
        def order() -> DrawOrder:
            with self._lookup:
                same = [one for one in self._orders.values() if len(one.rows) == store.n_states]
            return same[0] if same else draw_order(store.n_states)

        return self._once(self._orders, store, order)

    def _ordered(self, view: View) -> Points:
        order = self._order(view.store)
        return self._once(self._points, view.projection, lambda: in_order(view.projection.xy, order))

    def _levels(self, store: StateStore, emphasis: Emphasis, *, drawn: bool = False) -> np.ndarray | None:
        """(N,) uint8, a `raster.Level` for each row, or in the order of drawing; None where all are shown."""
        if not emphasis:
            return None

        def level() -> np.ndarray:
            levels = np.repeat(emphasis.of_sequences(store), store.lengths)
            return levels[self._order(store).rows] if drawn else levels

        return self._states.get(("levels", drawn, store.content, emphasis), level)

    def _mark(self, image: np.ndarray, view: View, window: Window, look: Look) -> None:
        """Rings around the marked states, those of faded sequences faded and beneath the others."""
        store = view.store
        order = self._order(store)
        levels = look.emphasis.of_sequences(store)
        sequences = np.flatnonzero((levels != Level.OUT) & (store.lengths > 0))
        rows_of = {"start": store.offsets[:-1][sequences], "end": store.offsets[1:][sequences] - 1}
        rows = np.concatenate([rows_of[mark] for mark in look.marks])  # (M,)
        kinds = np.repeat([MARKS.index(mark) for mark in look.marks], len(sequences))  # (M,)
        faded = np.tile(levels[sequences] == Level.FADED, len(look.marks))  # (M,)
        last_on_top = np.lexsort((order.ranks[rows], kinds, ~faded))
        rows, kinds, faded = rows[last_on_top], kinds[last_on_top], faded[last_on_top]
        colours = np.empty((len(rows), 4), dtype=np.uint8)
        colours[:, :3] = rgb([view.theme.ring_start, view.theme.ink])[kinds]
        colours[:, 3] = np.where(faded, round(255 * raster.FADED), 255)
        raster.draw_rings(
            image,
            view.projection.xy[rows],
            colours,
            rgb([view.theme.surface])[0],
            window,
            raster.ring(window, len(rows)),
        )

    def _once(self, kept: "WeakKeyDictionary[K, T]", of: K, compute: Callable[[], T]) -> T:
        """Kept as long as what it is made of; two threads may compute it, the first to finish wins."""
        with self._lookup:
            if of in kept:
                return kept[of]
        value = compute()
        with self._lookup:
            return kept.setdefault(of, value)


def tints(view: View, colour: str) -> np.ndarray:
    """(K, 3) uint8: the colours that states have by what `Look.colour` asks for; the last for no label."""
    if colour == "ep":
        return view.palette.code_colours()
    if colour == "class":
        return rgb([*view.palette.hexes, view.theme.neutral]).astype(np.uint8)
    return rgb([view.theme.wrong, view.theme.right, view.theme.neutral]).astype(np.uint8)


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
