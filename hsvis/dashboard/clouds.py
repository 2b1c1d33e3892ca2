"""The clouds of all states: what is drawn for one view of them, computed once and kept for a while."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from hsvis.dashboard.runs import View
from hsvis.figures import raster
from hsvis.figures.colour import rgb
from hsvis.figures.png import png
from hsvis.figures.raster import Level
from hsvis.store import StateStore

T = TypeVar("T")

GRID_BYTES = 128 * 2**20  # of pick grids kept for the next request
STATE_BYTES = 256 * 2**20  # of colours and levels of all states
COLOURS = ("ep", "class")
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

    colour: str = "ep"  # or "class": the actual one of the sequence
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

    An image and its pick grid are asked for one after the other; both come from one grid.
    """

    def __init__(self, *, grid_bytes: int = GRID_BYTES, state_bytes: int = STATE_BYTES) -> None:
        self._grids = Recent(grid_bytes)
        self._states = Recent(state_bytes)
        self._kept: dict[Hashable, Any] = {}
        self._lookup = threading.Lock()

    def bounds(self, view: View) -> tuple[float, float, float, float]:
        """x0, x1, y0, y1 of the whole cloud, with a margin."""
        return self._once(("bounds", view.cloud), lambda: raster.bounds(view.projection.xy))

    def grid(self, view: View, window: raster.View, emphasis: Emphasis = Emphasis()) -> np.ndarray:
        """(height, width) uint32, the top line first: row + 1 of the state at each pixel, 0 for none.

        States of sequences that a filter left out are not in it.
        """
        grid = self._drawn(view, window, emphasis)
        levels = self._levels(view.store, emphasis)
        return grid if levels is None else raster.pickable(grid, levels)

    def image(self, view: View, window: raster.View, look: Look = Look()) -> bytes:
        """The PNG of the cloud, each state in the colour of its EP, or of its sequence's class."""
        grid, levels = self._drawn(view, window, look.emphasis), self._levels(view.store, look.emphasis)
        image = raster.paint(grid, self.colours(view, look.colour), levels)
        if look.marks:
            self._mark(image, view, window, look)
        return png(image)

    def colours(self, view: View, colour: str = "ep") -> np.ndarray:
        """(N, 3) uint8, the colour of each state: of its EP, or of the actual class of its sequence."""
        store = view.store
        key = (colour, store.name, view.theme.name, view.palette_name)
        if colour == "class":
            return self._states.get(key, lambda: np.repeat(class_colours(view), store.lengths, axis=0))
        return self._states.get(key, lambda: view.palette.ep_colours(store.ep))

    def _drawn(self, view: View, window: raster.View, emphasis: Emphasis) -> np.ndarray:
        """As `grid`, with the states that a filter left out."""

        def draw() -> np.ndarray:
            return raster.pick_grid(view.projection.xy, self._order(view.store, emphasis), window)

        return self._grids.get((view.cloud, window, emphasis), draw)

    def _order(self, store: StateStore, emphasis: Emphasis) -> raster.DrawOrder:
        order = self._once(("order", store.n_states), lambda: raster.draw_order(store.n_states))
        levels = self._levels(store, emphasis)
        return order if levels is None else raster.emphasised(order, levels)

    def _levels(self, store: StateStore, emphasis: Emphasis) -> np.ndarray | None:
        """(N,) uint8, a `raster.Level` each; None where all are shown."""
        if not emphasis:
            return None
        key = ("levels", store.name, emphasis)
        return self._states.get(key, lambda: np.repeat(emphasis.of_sequences(store), store.lengths))

    def _mark(self, image: np.ndarray, view: View, window: raster.View, look: Look) -> None:
        """Rings around the marked states, those of faded sequences faded and beneath the others."""
        store = view.store
        order = self._order(store, Emphasis())
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

    def _once(self, key: Hashable, compute: Callable[[], T]) -> T:
        """What never changes for a run; two threads may compute it at once, the first to finish wins."""
        with self._lookup:
            if key in self._kept:
                return self._kept[key]
        value = compute()
        with self._lookup:
            return self._kept.setdefault(key, value)


def class_colours(view: View) -> np.ndarray:
    """(S, 3) uint8, the full colour of each sequence's actual class; neutral where it is unknown."""
    colours = rgb([*view.palette.hexes, view.theme.neutral]).astype(np.uint8)  # (C + 1, 3), the last for -1
    return colours[view.store.labels]


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


class Recent:
    """Arrays by key; beyond a number of bytes those that were not used for longest go."""

    def __init__(self, n_bytes: int) -> None:
        self._n_bytes = n_bytes
        self._kept: OrderedDict[Hashable, np.ndarray] = OrderedDict()  # least recently used first
        self._lookup = threading.Lock()
        self._computing = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable, compute: Callable[[], np.ndarray]) -> np.ndarray:
        """The array of that key, read-only; computed by the first who asks, while others wait."""
        found = self._find(key)
        if found is not None:
            return found
        with self._computing:
            found = self._find(key)  # computed by another request while this one waited
            if found is not None:
                return found
            array = compute()
            array.setflags(write=False)
            with self._lookup:
                self._kept[key] = array
                while len(self._kept) > 1 and sum(one.nbytes for one in self._kept.values()) > self._n_bytes:
                    self._kept.popitem(last=False)
        return array

    def _find(self, key: Hashable) -> np.ndarray | None:
        with self._lookup:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)
