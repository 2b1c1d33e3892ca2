"""The cloud of all states of a view as an image: colours, emphasis, marks, and the file."""

import struct
from base64 import b64encode
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from isal import isal_zlib

from hsvis.figures import cells, raster
from hsvis.figures.sight import Level, fitted, in_sight
from hsvis.figures.style.colour import rgb
from hsvis.figures.style.theme import ep_codes
from hsvis.figures.view import MARKS, View
from hsvis.figures.window import DrawOrder, Window, draw_order, in_order
from hsvis.run.store import StateStore

CODED = {"class": "class", "errors": "correct"}  # cells -> the colour of states whose codes they count
DIMMED = 0.3  # opacity of the image beneath a trajectory, as in the style sheets


@dataclass(frozen=True)
class Emphasis:
    """How much of each sequence is shown."""

    levels: bytes = b""  # S times a `sight.Level`; none where all sequences are shown

    def __bool__(self) -> bool:
        return bool(self.levels)

    def of_sequences(self, store: StateStore) -> np.ndarray:
        """(S,) uint8, a `sight.Level` each."""
        if not self:
            return np.full(store.n_sequences, Level.SHOWN, dtype=np.uint8)
        return np.frombuffer(self.levels, dtype=np.uint8)

    def of_states(self, store: StateStore) -> np.ndarray:
        """(N,) uint8, a `sight.Level` each."""
        return np.repeat(self.of_sequences(store), store.lengths)


ALL = Emphasis()


@dataclass(frozen=True)
class Look:
    """How a cloud is drawn, besides its range and the colours of its classes."""

    colour: str = "ep"  # one of `view.STATE_COLOURS`
    marks: tuple[str, ...] = ()  # of `view.MARKS`; sequences that are filtered out have none
    emphasis: Emphasis = ALL
    drawing: str = "dots"  # one of `view.DRAWINGS`, or of `cells.DRAWN`


PLAIN = Look()


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
    return ALL if (levels == Level.SHOWN).all() else Emphasis(levels.tobytes())


def tints(view: View, colour: str) -> np.ndarray:
    """(K, 3) uint8: the colours that states have by what `Look.colour` asks for; the last for no label."""
    if colour == "ep":
        return view.palette.code_colours()
    if colour == "class":
        return rgb([*view.palette.hexes, view.theme.neutral]).astype(np.uint8)
    return rgb([view.theme.wrong, view.theme.right, view.theme.neutral]).astype(np.uint8)


def codes(store: StateStore, colour: str) -> np.ndarray:
    """(N,) uint16, the row of `tints` of each state; the same in all themes and palettes."""
    if colour == "ep":
        return ep_codes(store.ep)
    known = store.labels >= 0
    of_sequences = (
        np.where(known, store.labels, store.n_classes)
        if colour == "class"
        else np.where(known, store.labels == store.predicted, 2)
    )
    return np.repeat(of_sequences.astype(np.uint16), store.lengths)


def paint(
    grid: np.ndarray,
    view: View,
    window: Window,
    look: Look,
    *,
    codes: np.ndarray,
    levels: np.ndarray | None,
    order: DrawOrder,
) -> np.ndarray:
    """The image of a pick grid, with the marks.

    Args:
        grid: (height, width) uint32 from `raster.pick_grid`, of the same window and emphasis.
        window: with the radius of its dots, from `sight.fitted`.
        codes: (N,) uint16 from `codes`.
        levels: (N,) uint8 from `Emphasis.of_states`; None where all states are shown.

    Returns:
        (height, width, 4) uint8, RGBA, transparent where no state is.
    """
    image = raster.paint(grid, tints(view, look.colour), levels, codes)
    if look.marks:
        _mark(image, view, window, look, order)
    return image


def pixels(view: View, window: Window, look: Look = PLAIN) -> np.ndarray:
    """The image of the whole cloud in one go: (height, width, 4) uint8, RGBA."""
    store = view.store
    order = draw_order(store.n_states)
    levels = look.emphasis.of_states(store) if look.emphasis else None
    drawn = None if levels is None else levels[order.rows]
    points = in_order(view.projection.xy, order)
    seen = in_sight(points, window, drawn)
    window = fitted(window, seen)
    kind = cells.drawn_as(look.drawing, look.colour, seen.shown)
    if kind != "dots":
        coded = codes(store, CODED.get(kind, look.colour))
        return paint_cells(view, window, look, kind, codes=coded, levels=levels, order=order)[0]
    grid = raster.pick_grid(points, window, drawn)
    return paint(grid, view, window, look, codes=codes(store, look.colour), levels=levels, order=order)


def paint_cells(
    view: View,
    window: Window,
    look: Look,
    kind: str,
    *,
    codes: np.ndarray | None,
    levels: np.ndarray | None,
    order: DrawOrder,
) -> tuple[np.ndarray, cells.Scale | None]:
    """The image of a cloud by cells, with the marks, and what its colours mean.

    Args:
        window: with the radius of its dots, from `sight.fitted`.
        kind: one of `cells.DRAWN`, but for "dots".
        codes: (N,) uint16 from `codes`, by `CODED`; None where the kind has none.

    Returns:
        (height, width, 4) uint8, RGBA, as from `paint`.
    """
    store, mesh = view.store, cells.mesh(window)
    found = cells.counted(
        cells.places(view.projection.xy, mesh),
        mesh,
        levels,
        ep=store.ep if kind == "ep" else None,
        kinds=codes if kind in CODED else None,
        n_kinds=cells.ANSWERS if kind == "errors" else store.n_classes + 1,
    )
    colours, scale = cells.painted(found, kind, view, error_rate(store))
    image = cells.enlarged(colours, mesh, window)
    if look.marks:
        _mark(image, view, window, look, order)
    return image, scale


def error_rate(store: StateStore) -> float:
    """The share of the states whose sequence has a label and is misclassified; 0 without labels."""
    known = store.labels >= 0
    wrong = known & (store.labels != store.predicted)
    return float(store.lengths[wrong].sum() / max(int(store.lengths[known].sum()), 1))


def _mark(image: np.ndarray, view: View, window: Window, look: Look, order: DrawOrder) -> None:
    """Rings around the marked states, those of faded sequences faded and beneath the others."""
    store = view.store
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


def png(image: np.ndarray) -> bytes:
    """A PNG of (height, width, 4) uint8 RGBA.

    No line is filtered: filters are for gradients.
    They would make an image of dots larger, and take thrice the time.
    """
    height, width = image.shape[:2]
    lines = np.zeros((height, 1 + 4 * width), dtype=np.uint8)  # a line begins with its filter: none
    lines[:, 1:] = image.reshape(height, 4 * width)
    header = struct.pack(">2I5B", width, height, 8, 6, 0, 0, 0)  # 8 bits a channel, RGBA
    chunks = ((b"IHDR", header), (b"IDAT", isal_zlib.compress(lines.data, level=2)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    """Length, kind, content and checksum."""
    length, check = len(content), isal_zlib.crc32(content, isal_zlib.crc32(kind))
    return struct.pack(">I", length) + kind + content + struct.pack(">I", check)


def layout_image(image: np.ndarray, window: Window, *, dimmed: bool = False) -> dict[str, Any]:
    """An entry of Plotly's `layout.images` that holds the image itself, at the place of its window.

    Args:
        image: (height, width, 4) uint8 from `pixels`.
        dimmed: beneath the trajectory of a selected sequence.
    """
    return {
        "name": "cloud",
        "source": f"data:image/png;base64,{b64encode(png(image)).decode('ascii')}",
        "sizing": "stretch",
        "layer": "below",
        "opacity": DIMMED if dimmed else 1,
        "xref": "x",
        "yref": "y",
        "x": window.x0,
        "y": window.y1,
        "sizex": window.x1 - window.x0,
        "sizey": window.y1 - window.y0,
    }
