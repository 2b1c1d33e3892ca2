"""What the cells of a cloud look like: their colours, what these mean, and the image."""

from math import ceil, floor
from typing import NamedTuple

import numpy as np

from hsvis.figures.cells import Cells
from hsvis.figures.raster import FADED
from hsvis.figures.sight import FURTHEST
from hsvis.figures.style.colour import mix, rgb
from hsvis.figures.style.theme import strength_of
from hsvis.figures.view import View
from hsvis.figures.window import Window

LEAST = 5  # states of a cell that has a mean or a rate
FEW = 0.35  # opacity of a cell with the fewest states, where opacity tells how many there are
LEAST_END = 0.06  # share of errors that the darkest colour stands for, where the run has very few
FULL = 0.99  # of the cells have fewer states than the darkest colour stands for
STOPS = 9  # of a scale in the legend


class ColourScale(NamedTuple):
    """What the colours of cells mean."""

    colours: tuple[str, ...]  # from one end to the other, at equal distances
    ticks: tuple[tuple[float, str], ...]  # places from 0 to 1, and what stands there
    label: str


def paint(cells: Cells, drawn: str, view: View, rate: float = 0) -> tuple[np.ndarray, ColourScale | None]:
    """The colours of cells, and what they mean; the colours of EPs and classes are those of dots.

    Args:
        cells: of drawn "ep" with EPs, of "class" with classes, of "errors" with answers.
        drawn: one of `cells.DRAWN`, but for "dots".
        rate: of "errors", the share of all states of the run with a label that are wrong.

    Returns:
        (L, M, 4) uint8, RGBA, transparent where no state is.
    """
    theme, shape = view.theme, cells.counts.shape
    colours = np.zeros((*shape, 4), np.uint8)
    filled = cells.counts > 0
    scale: ColourScale | None = None
    if drawn == "density":
        hues, scale = _density(cells.counts[filled], view)
        colours[filled, :3] = hues
        colours[filled, 3] = 255
    else:
        known = cells.known[filled]  # (F,)
        share = cells.part[filled] / np.maximum(known, 1)
        if drawn == "errors":
            hues, scale = _errors(share, rate, view)
        else:
            strength = strength_of(share, view.store.n_classes)
            hues = view.palette.mix(cells.winner[filled], strength)
        hues[known < LEAST] = rgb([theme.neutral])[0]
        colours[filled, :3] = hues
        colours[filled, 3] = _opacity(known)
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


def _scale(stops: list[tuple[float, str]], ticks: list[tuple[float, str]], label: str) -> ColourScale:
    hues = np.rint(_ramp(stops, np.linspace(0, 1, STOPS))).astype(int)
    return ColourScale(tuple(f"#{r:02x}{g:02x}{b:02x}" for r, g, b in hues.tolist()), tuple(ticks), label)


def _density(counts: np.ndarray, view: View) -> tuple[np.ndarray, ColourScale]:
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


def _errors(rates: np.ndarray, rate: float, view: View) -> tuple[np.ndarray, ColourScale]:
    """Grey where as many are wrong as in the whole run, from there to both sides."""
    theme = view.theme
    most = min(max(3 * rate, LEAST_END), 1.0)
    stops = [(0.0, theme.right), (0.5, theme.neutral), (1.0, theme.wrong)]
    fewer = rates / max(rate, 1e-9) / 2
    more = 0.5 + (rates - rate) / max(most - rate, 1e-9) / 2
    ends = "≥ " if most < 1 else ""
    ticks = [(0.5, _percent(rate))]
    if rate > 0:
        ticks.insert(0, (0.0, "0 %"))
    if rate < 1:
        ticks.append((1.0, ends + _percent(most)))
    hues = _ramp(stops, np.clip(np.where(rates < rate, fewer, more), 0, 1))
    return hues, _scale(stops, ticks, "misclassified")


def _percent(share: float) -> str:
    """With as many digits as it takes to be neither 0 nor 100 %, and to tell small ones apart."""
    near = min(share, 1 - share)
    digits = ceil(-np.log10(near)) - 1 if 0 < near < 0.1 else 0
    return f"{round(100 * share, digits):g} %"


def enlarge(colours: np.ndarray, mesh: Window, window: Window) -> np.ndarray:
    """Each pixel of a window in the colour of its cell: (height, width, 4) uint8.

    Args:
        colours: (L, M, 4) uint8 from `paint`.
    """
    column = _places_along(window.x0, window.x1, window.width, mesh.x0, mesh.x1, mesh.width)
    line = _places_along(window.y1, window.y0, window.height, mesh.y1, mesh.y0, mesh.height)
    whole = np.ascontiguousarray(colours).view(np.uint32)[..., 0]  # four bytes at once
    image = whole[line][:, column]
    return np.ascontiguousarray(image).view(np.uint8).reshape(window.height, window.width, 4)


def _places_along(
    start: float, end: float, n_pixels: int, from_: float, to: float, n_cells: int
) -> np.ndarray:
    """(n_pixels,) int64, the cell of each pixel along one axis: of a window from `start` to `end`, of a mesh
    from `from_` to `to`."""
    share = (np.arange(n_pixels) + 0.5) / n_pixels
    middle = start * (1 - share) + end * share  # the difference of the two may be beyond all numbers
    cell = (np.clip(middle, -FURTHEST, FURTHEST) - from_) / (to - from_) * n_cells
    return np.clip(cell, 0, n_cells - 1).astype(np.int64)
