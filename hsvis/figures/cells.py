"""The cloud by cells of a few pixels: how many states each holds, their mean EP, or how often they go wrong.

Where states lie closer than dots can be told apart, a dot says only which state was drawn last.
"""

from dataclasses import dataclass
from math import ceil, floor
from typing import NamedTuple

import numpy as np

from hsvis.figures.raster import FADED, pixels_of
from hsvis.figures.sight import PART, Level
from hsvis.figures.style.colour import mix, rgb
from hsvis.figures.view import View
from hsvis.figures.window import Window

MANY = 200_000  # states that are kept and in sight, from which on cells say more than dots
SIDE = 4.0  # CSS pixels of a cell
SIDES = (2.0, 16.0)  # the least and the greatest that a size makes of it
LEAST = 5  # states of a cell that has a mean or a rate
FEW = 0.35  # opacity of a cell with the fewest states, where opacity tells how many there are
DRAWN = ("dots", "density", "ep", "class", "errors")
ANSWERS = 3  # codes of `cloud.codes` by "correct": wrong, right, no label
FULL = 0.99  # of the cells have fewer states than the darkest colour stands for
STOPS = 9  # of a scale in the legend


class Scale(NamedTuple):
    """What the colours of cells mean."""

    colours: tuple[str, ...]  # from one end to the other, at equal distances
    ticks: tuple[tuple[float, str], ...]  # places from 0 to 1, and what stands there
    label: str


def drawn_as(drawing: str, colour: str, n_shown: int) -> str:
    """One of `DRAWN`, for what is asked for.

    Args:
        drawing: one of `view.DRAWINGS`, or of `DRAWN`.
        colour: one of `view.STATE_COLOURS`.
        n_shown: states that are kept and in sight.
    """
    if drawing == "auto":
        cells = {"ep": "density", "class": "class", "correct": "errors"}
        return cells[colour] if n_shown >= MANY else "dots"
    return "class" if (drawing, colour) == ("ep", "class") else drawing


def mesh(window: Window) -> Window:
    """The cells of a window, as a window with a pixel each; those at its border may reach beyond.

    They lie at multiples of their side from the origin of the projection, so that moving the window changes
    nothing in them.
    """
    side = min(max(SIDE * window.size, SIDES[0]), SIDES[1]) * window.ratio  # device pixels
    x0, x1, width = _multiples(window.x0, window.x1, window.width / side)
    y0, y1, height = _multiples(window.y0, window.y1, window.height / side)
    return Window(x0, x1, y0, y1, width, height)


def _multiples(low: float, high: float, number: float) -> tuple[float, float, int]:
    """The multiples of a `number`-th of a range that hold it, and how many of these lie between them."""
    length = max((high - low) / number, 1e-300)
    first = floor(low / length)
    last = max(ceil(high / length), first + 1)
    return first * length, last * length, last - first


@dataclass(frozen=True)
class Cells:
    """What is in each cell of a mesh, the top line first.

    Attributes:
        counts: (L, M) int64, states that are shown.
        others: (L, M) bool, where only states are that a filter or fading sets back.
        sums: (L, M, K) float32: of each class the EPs, or of each kind the states, summed over the states
            that are shown; None where they are only counted.
    """

    counts: np.ndarray
    others: np.ndarray
    sums: np.ndarray | None


def places(xy: np.ndarray, mesh: Window) -> np.ndarray:
    """The cell of each of N states: (N,) int64, y0 first, in lines of width + 2; the border is outside.

    Args:
        xy: (N, 2) float32.
    """
    found = np.empty(len(xy), np.int64)  # as `bincount` takes them
    for begin in range(0, len(xy), PART):
        part = slice(begin, begin + PART)
        column, line = pixels_of(xy[part, 0], xy[part, 1], mesh)
        found[part] = line * np.int32(mesh.width + 2) + column
    return found


def counted(
    at: np.ndarray,
    mesh: Window,
    levels: np.ndarray | None,
    *,
    ep: np.ndarray | None = None,
    kinds: np.ndarray | None = None,
    n_kinds: int = 0,
) -> Cells:
    """What is in the cells.

    Args:
        at: (N,) int64 from `places`.
        levels: (N,) uint8, a `Level` each; None where all states are shown.
        ep: (N, C) float, to be summed by class.
        kinds: (N,) unsigned integers below `n_kinds`, to be counted by kind.
    """
    n_places = (mesh.width + 2) * (mesh.height + 2)
    every = None
    if levels is not None:
        every = np.bincount(at, minlength=n_places)
        shown = np.flatnonzero(levels == Level.SHOWN)
        at = at[shown]
        ep, kinds = (None if one is None else one[shown] for one in (ep, kinds))
    sums = None
    if kinds is not None:
        by_kind = np.bincount(at * n_kinds + kinds, minlength=n_places * n_kinds).reshape(n_places, n_kinds)
        counts, sums = by_kind.sum(axis=1), _inside(by_kind, mesh).astype(np.float32)
    else:
        counts = np.bincount(at, minlength=n_places)
    others = np.zeros(n_places, bool) if every is None else (every > 0) & (counts == 0)
    if ep is not None:
        sums = _ep_sums(at, ep, _inside(counts, mesh), mesh)
    return Cells(_inside(counts, mesh), _inside(others, mesh), sums)


def facts(
    at: np.ndarray,
    mesh: Window,
    levels: np.ndarray | None,
    *,
    ep: np.ndarray,
    answers: np.ndarray,
) -> np.ndarray:
    """What a browser tells of the cells of a mesh.

    Args:
        at, levels, ep: as for `counted`.
        answers: (N,) from `cloud.codes` by "correct".

    Returns:
        (4, L, M) uint32, the top line first: states that are shown; the class of the largest mean EP; that
        EP in 10,000ths; the share of states in misclassified sequences in 10,000ths, + 1, and 0 where no
        state has a label.
    """
    if levels is not None:
        shown = np.flatnonzero(levels == Level.SHOWN)
        at, ep, answers = at[shown], ep[shown], answers[shown]
    kinds = counted(at, mesh, None, kinds=answers, n_kinds=ANSWERS)
    sums = _ep_sums(at, ep, kinds.counts, mesh)
    assert kinds.sums is not None
    wrong, right = kinds.sums[..., 0], kinds.sums[..., 1]
    share = sums.max(axis=-1) / np.maximum(kinds.counts, 1)
    errors = np.where(wrong + right > 0, 1 + np.rint(10_000 * wrong / np.maximum(wrong + right, 1)), 0)
    return np.stack([kinds.counts, sums.argmax(axis=-1), np.rint(10_000 * share), errors]).astype(np.uint32)


def _ep_sums(at: np.ndarray, ep: np.ndarray, counts: np.ndarray, mesh: Window) -> np.ndarray:
    """(L, M, C) float32, the EPs of each class summed over the states of a cell; `counts`: (L, M) of them."""
    n_places = (mesh.width + 2) * (mesh.height + 2)
    sums = [
        _inside(np.bincount(at, weights=ep[:, k], minlength=n_places), mesh) for k in range(ep.shape[1] - 1)
    ]
    rest = counts - np.sum(sums, axis=0) if sums else counts  # the EPs of a state sum to 1
    return np.stack([*sums, rest], axis=-1).astype(np.float32)


def _inside(values: np.ndarray, mesh: Window) -> np.ndarray:
    """The border left out, the top line first."""
    return values.reshape(mesh.height + 2, mesh.width + 2, *values.shape[1:])[1:-1, 1:-1][::-1]


def painted(cells: Cells, drawn: str, view: View, rate: float = 0) -> tuple[np.ndarray, Scale | None]:
    """The colours of cells, and what they mean; the colours of EPs and classes are those of dots.

    Args:
        cells: of drawn "ep" with sums of EPs, of "class" and "errors" with counts by the codes of
            `cloud.codes`.
        drawn: one of `DRAWN`, but for "dots".
        rate: of "errors", the share of all states of the run with a label that are wrong.

    Returns:
        (L, M, 4) uint8, RGBA, transparent where no state is.
    """
    theme, shape = view.theme, cells.counts.shape
    colours = np.zeros((*shape, 4), np.uint8)
    filled = cells.counts > 0
    scale: Scale | None
    if drawn == "density":
        hues, scale = _density(cells.counts[filled], view)
        colours[filled] = np.column_stack([hues, np.full(len(hues), 255)])
    else:
        assert cells.sums is not None
        sums = cells.sums[filled]  # (F, K)
        if drawn == "errors":
            known = sums[:, :2].sum(axis=1)  # wrong, right; the third has no label
            hues, scale = _errors(sums[:, 0] / np.maximum(known, 1), rate, view)
        else:
            of_classes = sums[:, : view.store.n_classes]
            known = of_classes.sum(axis=1)
            mean = of_classes / np.maximum(known, 1e-9)[:, None]
            hues, scale = view.palette.ep_colours(mean), None
        hues = np.where((known >= LEAST)[:, None], hues, rgb([theme.neutral]))
        colours[filled] = np.column_stack([hues, _opacity(known)])
    colours[cells.others, :3] = rgb([theme.neutral])[0]
    colours[cells.others, 3] = round(255 * FADED)
    return colours, scale


def _opacity(counts: np.ndarray) -> np.ndarray:
    """(F,) float, 0 to 255: the more states a cell has, the more opaque; too few for a mean, hardly."""
    if not len(counts):
        return counts
    full = max(float(np.quantile(counts, 0.9)), LEAST + 1)
    share = np.clip(np.log(np.maximum(counts, 1) / LEAST) / np.log(full / LEAST), 0, 1)
    return np.rint(255 * np.where(counts >= LEAST, FEW + (1 - FEW) * share, FEW / 2))


def _ramp(stops: list[tuple[float, str]], at: np.ndarray) -> np.ndarray:
    """(F, 3) float, colours between stops at places from 0 to 1."""
    where, hues = [place for place, _ in stops], rgb([hue for _, hue in stops])
    return np.column_stack([np.interp(at, where, channel) for channel in hues.T])


def _scale(stops: list[tuple[float, str]], ticks: list[tuple[float, str]], label: str) -> Scale:
    hues = np.rint(_ramp(stops, np.linspace(0, 1, STOPS))).astype(int)
    return Scale(tuple(f"#{r:02x}{g:02x}{b:02x}" for r, g, b in hues.tolist()), tuple(ticks), label)


def _density(counts: np.ndarray, view: View) -> tuple[np.ndarray, Scale]:
    """By the root of the count, from one state to as many as all but the fullest cells in sight have."""
    theme = view.theme
    full = float(np.quantile(counts, FULL)) if len(counts) else 1.0
    most = max(_round_number(full), 4)
    stops = [(0.0, mix(theme.surface, theme.accent, 0.15)), (0.6, theme.accent), (1.0, theme.ink)]
    at = np.sqrt((counts - 1) / (most - 1))
    middle = _round_number(1 + (most - 1) / 4)
    beyond = "≥ " if counts.max(initial=1) > most else ""
    ticks = [
        (0.0, "1"),
        (float(np.sqrt((middle - 1) / (most - 1))), f"{middle:,}"),
        (1.0, f"{beyond}{most:,}"),
    ]
    return _ramp(stops, np.minimum(at, 1)), _scale(stops, ticks, "states a cell")


def _round_number(value: float) -> int:
    """The nearest of 1, 2, 3, 5 times a power of ten."""
    power = 10 ** floor(np.log10(max(value, 1)))
    return int(min((1, 2, 3, 5, 10), key=lambda one: abs(one * power - value)) * power)


def _errors(rates: np.ndarray, rate: float, view: View) -> tuple[np.ndarray, Scale]:
    """Grey where as many are wrong as in the whole run, from there to both sides."""
    theme = view.theme
    middle = min(max(rate, 0.02), 0.5)
    most = min(3 * middle, 1.0)
    stops = [(0.0, theme.right), (0.5, theme.neutral), (1.0, theme.wrong)]
    at = np.where(rates < middle, rates / middle / 2, 0.5 + (rates - middle) / (most - middle) / 2)
    ends = "≥ " if most < 1 else ""
    ticks = [
        (0.0, "0 %"),
        (0.5, f"{middle:.0%}".replace("%", " %")),
        (1.0, f"{ends}{most:.0%}".replace("%", " %")),
    ]
    return _ramp(stops, np.clip(at, 0, 1)), _scale(stops, ticks, "misclassified")


def enlarged(colours: np.ndarray, mesh: Window, window: Window) -> np.ndarray:
    """Each pixel of a window in the colour of its cell: (height, width, 4) uint8.

    Args:
        colours: (L, M, 4) uint8 from `painted`.
    """
    across = window.x0 + (np.arange(window.width) + 0.5) / window.width * (window.x1 - window.x0)
    up = window.y1 - (np.arange(window.height) + 0.5) / window.height * (window.y1 - window.y0)
    column = (across - mesh.x0) / (mesh.x1 - mesh.x0) * mesh.width
    line = (mesh.y1 - up) / (mesh.y1 - mesh.y0) * mesh.height
    columns = np.clip(column.astype(np.int64), 0, mesh.width - 1)
    lines = np.clip(line.astype(np.int64), 0, mesh.height - 1)
    whole = np.ascontiguousarray(colours).view(np.uint32)[..., 0]  # four bytes at once
    image = whole[lines][:, columns]
    return np.ascontiguousarray(image).view(np.uint8).reshape(window.height, window.width, 4)
