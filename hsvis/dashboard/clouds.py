"""The clouds of all states: what is drawn for one view of them, computed once and kept for a while."""

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from isal import igzip

from hsvis.dashboard.runs import View
from hsvis.figures import raster
from hsvis.figures.colour import rgb
from hsvis.figures.png import png
from hsvis.figures.raster import Level
from hsvis.figures.theme import ep_codes
from hsvis.store import StateStore

T = TypeVar("T")

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
        self._grids: Recent[np.ndarray] = Recent(grid_bytes)
        self._states: Recent[np.ndarray] = Recent(state_bytes)
        self._files: Recent[bytes] = Recent(file_bytes)
        self._kept: dict[Hashable, Any] = {}
        self._lookup = threading.Lock()

    def counts(self) -> dict[str, tuple[int, int]]:
        """Hits and misses of what is kept."""
        return {"grids": self._grids.counts, "states": self._states.counts, "files": self._files.counts}

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
        """The PNG of the cloud, each state in the colour of its EP, or of its sequence's class or answer."""

        def draw() -> bytes:
            return png(self.pixels(view, window, look))

        return self._files.get((view.cloud, view.theme.name, view.palette_name, window, look), draw)

    def pixels(self, view: View, window: raster.View, look: Look = Look()) -> np.ndarray:
        """(height, width, 4) uint8, RGBA: what `image` encodes."""
        grid, levels = self._drawn(view, window, look.emphasis), self._levels(view.store, look.emphasis)
        image = raster.paint(grid, tints(view, look.colour), levels, self._codes(view.store, look.colour))
        if look.marks:
            self._mark(image, view, window, look)
        return image

    def grid_file(self, view: View, window: raster.View, emphasis: Emphasis = Emphasis()) -> bytes:
        """`grid` row by row from the top, then the `starts` of its sequences: uint32, little endian, as gzip.

        Of the starts each says how far it is from the one before: small numbers, which shrink to a seventh.
        """

        def encode() -> bytes:
            grid = self.grid(view, window, emphasis)
            parts = (grid, np.diff(starts(view.store, grid), axis=0, prepend=np.uint32(0)))
            content = b"".join(part.astype("<u4", copy=False).tobytes() for part in parts)
            return igzip.compress(content, compresslevel=2, mtime=0)

        return self._files.get((view.cloud, window, emphasis), encode)

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

        return self._states.get((colour, store.name), code)

    def _drawn(self, view: View, window: raster.View, emphasis: Emphasis) -> np.ndarray:
        """As `grid`, with the states that a filter left out."""

        def draw() -> np.ndarray:
            levels = self._levels(view.store, emphasis, drawn=True)
            return raster.pick_grid(self._points(view), window, levels)

        return self._grids.get((view.cloud, window, emphasis), draw)

    def _order(self, store: StateStore) -> raster.DrawOrder:
        return self._once(("order", store.n_states), lambda: raster.draw_order(store.n_states))

    def _points(self, view: View) -> raster.Points:
        order = self._order(view.store)
        return self._once(("points", view.cloud), lambda: raster.in_order(view.projection.xy, order))

    def _levels(self, store: StateStore, emphasis: Emphasis, *, drawn: bool = False) -> np.ndarray | None:
        """(N,) uint8, a `raster.Level` for each row, or in the order of drawing; None where all are shown."""
        if not emphasis:
            return None

        def level() -> np.ndarray:
            levels = np.repeat(emphasis.of_sequences(store), store.lengths)
            return levels[self._order(store).rows] if drawn else levels

        return self._states.get(("levels", drawn, store.name, emphasis), level)

    def _mark(self, image: np.ndarray, view: View, window: raster.View, look: Look) -> None:
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

    def _once(self, key: Hashable, compute: Callable[[], T]) -> T:
        """What never changes for a run; two threads may compute it at once, the first to finish wins."""
        with self._lookup:
            if key in self._kept:
                return self._kept[key]
        value = compute()
        with self._lookup:
            return self._kept.setdefault(key, value)


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


Kept = TypeVar("Kept", np.ndarray, bytes)


class Recent(Generic[Kept]):
    """Arrays or files by key; beyond a number of bytes those that were not used for longest go."""

    def __init__(self, n_bytes: int) -> None:
        self._n_bytes = n_bytes
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()  # least recently used first
        self._lookup = threading.Lock()
        self._hits = self._misses = 0
        self._computing: defaultdict[Hashable, threading.Lock] = defaultdict(threading.Lock)

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def counts(self) -> tuple[int, int]:
        """How often something was there, and how often it was computed."""
        return self._hits, self._misses

    def get(self, key: Hashable, compute: Callable[[], Kept]) -> Kept:
        """What has that key, read-only; computed by the first who asks, while others wait for it."""
        found = self._find(key)
        if found is not None:
            return found
        with self._lookup:
            computing = self._computing[key]
        with computing:
            found = self._find(key)  # computed by another request while this one waited
            if found is not None:
                return found
            try:
                with self._lookup:
                    self._misses += 1
                made = compute()
                if isinstance(made, np.ndarray):
                    made.setflags(write=False)
                self._keep(key, made)
            finally:
                with self._lookup:
                    self._computing.pop(key, None)
        return made

    def _keep(self, key: Hashable, made: Kept) -> None:
        with self._lookup:
            self._kept[key] = made
            while len(self._kept) > 1 and sum(map(_bytes, self._kept.values())) > self._n_bytes:
                self._kept.popitem(last=False)

    def _find(self, key: Hashable) -> Kept | None:
        with self._lookup:
            if key in self._kept:
                self._hits += 1
                self._kept.move_to_end(key)
            return self._kept.get(key)


def _bytes(one: np.ndarray | bytes) -> int:
    return one.nbytes if isinstance(one, np.ndarray) else len(one)
