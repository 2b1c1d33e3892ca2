"""The cloud of all states of a view as an image: colours, emphasis, marks, and the file."""

import struct
from base64 import b64encode
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from isal import isal_zlib

from hsvis.figures import cells, raster
from hsvis.figures.cell_colours import ColourScale, enlarge, paint
from hsvis.figures.kinds.number_codes import codes_of_numbers, error_scale
from hsvis.figures.sight import InSight, Level, in_sight, with_radius
from hsvis.figures.style.colour import rgb
from hsvis.figures.style.column_colours import (
    Group,
    column_codes,
    column_tints,
    legend_groups,
    legend_ticks,
    ramp,
    scale_colours,
)
from hsvis.figures.style.theme import ellipsis, ep_codes
from hsvis.figures.view import MARKS, View
from hsvis.figures.window import DrawOrder, Window, draw_order, in_order
from hsvis.run.columns import Column, column_named
from hsvis.run.store import StateStore
from hsvis.run.verdicts import RIGHT, WRONG

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

    colour: str = "ep"  # from `view.colour_of`
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
    verdicts = store.verdicts.of_sequences
    if "correct" in fade:
        levels[verdicts == RIGHT] = Level.FADED
    if "wrong" in fade:
        levels[verdicts == WRONG] = Level.FADED
    if matches is not None:
        levels[~matches] = Level.OUT
    return ALL if (levels == Level.SHOWN).all() else Emphasis(levels.tobytes())


def _column(store: StateStore, colour: str) -> Column | None:
    return (
        column_named(store.columns, colour.removeprefix("column:")) if colour.startswith("column:") else None
    )


def tints(view: View, colour: str) -> np.ndarray:
    """(K, 3) uint8: the colours that states have by what `Look.colour` asks for; the last for no label."""
    if (column := _column(view.store, colour)) is not None:
        return column_tints(column, view.theme, view.palette_name)
    if colour == "ep":
        return view.palette.code_colours()
    if view.store.numbers is not None:  # of the truth as of the answers; of errors by a scale of their own
        if colour == "class":
            return view.palette.code_colours()
        return ramp(view.theme)
    if colour == "class":
        return rgb([*view.palette.hexes, view.theme.neutral]).astype(np.uint8)
    return rgb([view.theme.wrong, view.theme.right, view.theme.neutral]).astype(np.uint8)


def codes(store: StateStore, colour: str) -> np.ndarray:
    """(N,) uint16, the row of `tints` of each state; the same in all themes and palettes."""
    if (column := _column(store, colour)) is not None:
        return np.repeat(column_codes(column), store.lengths)
    if colour == "ep":
        return ep_codes(store.ep)
    if store.numbers is not None:
        return np.repeat(codes_of_numbers(store.numbers, colour), store.lengths)
    if colour == "correct":
        return store.verdicts.of_states.astype(np.uint16)
    labels = store.verdicts.labels_of_states
    return np.where(labels >= 0, labels, store.n_classes).astype(np.uint16)


class Drawing(NamedTuple):
    """A cloud as it was drawn, and what is said of it."""

    image: np.ndarray  # (height, width, 4) uint8, RGBA, transparent where no state is
    drawn: str  # one of `cells.DRAWN`
    auto: str  # what it would be by itself
    tells: str  # what its colours tell: "classes", "answers", "groups" or what the scale says
    seen: InSight
    scale: ColourScale | None  # of the colours of cells, and of numbers and dates
    groups: tuple[Group, ...] = ()  # of a kept column

    @property
    def facts(self) -> dict[str, Any]:
        """All but the image, for JSON."""
        told = {"drawn": self.drawn, "auto": self.auto, "tells": self.tells, **self.seen._asdict()}
        groups = {"groups": [one._asdict() for one in self.groups]} if self.groups else {}
        return told | {"scale": self.scale and self.scale._asdict()} | groups


def draw(
    view: View,
    window: Window,
    look: Look,
    seen: InSight,
    *,
    grid: Callable[[Window], np.ndarray],
    codes: Callable[[str], np.ndarray],
    levels: np.ndarray | None,
    order: DrawOrder,
) -> Drawing:
    """The cloud as dots or by cells, with the marks; whoever keeps pieces of it hands them in.

    Args:
        seen: how many states are in sight, from `sight.in_sight`.
        grid: gives the `raster.pick_grid` of a window with the radius of its dots.
        codes: gives (N,) uint16 as from `codes`, by colour.
        levels: (N,) uint8 from `Emphasis.of_states`; None where all states are shown.
    """
    window = with_radius(window, seen)
    drawn = cells.drawn_as(look.drawing, look.colour, seen.shown)
    if view.store.numbers is not None:  # which have neither classes to count nor answers that are wrong
        drawn = {"class": "density", "errors": "density"}.get(drawn, drawn)
    tells = {"density": "scale", "errors": "scale"}.get(drawn, "classes")
    scale: ColourScale | None = None
    groups: tuple[Group, ...] = ()
    column = _column(view.store, look.colour)
    if drawn == "dots":
        tells = "answers" if look.colour == "correct" else "classes"
        if column is not None:
            tells, scale, groups = _legend(column, view)
        elif view.store.numbers is not None and look.colour == "correct":
            tells, scale = "scale", error_scale(view.store.numbers, view.theme)
        image = raster.paint(grid(window), tints(view, look.colour), levels, codes(look.colour))
    else:
        image, scale = _draw_cells(view, window, drawn, codes, levels)
    if look.marks:
        _mark(image, view, window, look, order)
    return Drawing(image, drawn, cells.drawn_as("auto", look.colour, seen.shown), tells, seen, scale, groups)


def _legend(column: Column, view: View) -> tuple[str, ColourScale | None, tuple[Group, ...]]:
    """What the colours of a kept column tell."""
    if column.is_of_groups:
        return "groups", None, legend_groups(column, view.theme, view.palette_name)
    missing = f", {column.facts.missing:,} missing (grey)" if column.facts.missing else ""
    label = f"{ellipsis(column.name, 24)}{missing}"
    return "scale", ColourScale(scale_colours(view.theme), legend_ticks(column), label), ()


def pixels(view: View, window: Window, look: Look = PLAIN) -> np.ndarray:
    """The image of the whole cloud in one go: (height, width, 4) uint8, RGBA."""
    store = view.store
    order = draw_order(store.n_states)
    levels = look.emphasis.of_states(store) if look.emphasis else None
    in_turn = None if levels is None else levels[order.rows]
    points = in_order(view.projection.xy, order)
    drawing = draw(
        view,
        window,
        look,
        in_sight(points, window, in_turn),
        grid=lambda window: raster.pick_grid(points, window, in_turn),
        codes=lambda colour: codes(store, colour),
        levels=levels,
        order=order,
    )
    return drawing.image


def _draw_cells(
    view: View,
    window: Window,
    drawn: str,
    codes: Callable[[str], np.ndarray],
    levels: np.ndarray | None,
) -> tuple[np.ndarray, ColourScale | None]:
    """The image of a cloud by cells, (height, width, 4) uint8, and what its colours mean."""
    store, mesh = view.store, cells.mesh(window)
    found = cells.count_cells(
        cells.places(view.projection.xy, mesh),
        mesh,
        levels,
        ep=store.ep if drawn == "ep" else None,
        classes=codes("class") if drawn == "class" else None,
        n_classes=store.n_classes,
        answers=codes("correct") if drawn == "errors" else None,
    )
    colours, scale = paint(found, drawn, view, store.verdicts.error_rate_of_states)
    return enlarge(colours, mesh, window), scale


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
