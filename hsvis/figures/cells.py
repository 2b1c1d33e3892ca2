"""The cloud by cells of a few pixels: how many states each holds, their mean EP, or how often they go wrong.

Where states lie closer than dots can be told apart, a dot says only which state was drawn last.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil, floor

import numpy as np

from hsvis.figures.raster import pixels_of
from hsvis.figures.sight import FURTHEST, PART, Level
from hsvis.figures.window import Window
from hsvis.run.verdicts import RIGHT, WRONG
from hsvis.run.winners import answered

MANY = 200_000  # states that are kept and in sight, from which on cells say more than dots
SIDE = 4.0  # CSS pixels of a cell
SIDES = (2.0, 16.0)  # the least and the greatest that a size makes of it
LEAST_SIDE = 2.0  # device pixels: so an image has a quarter as many cells as pixels, at the most
DRAWN = ("dots", "density", "ep", "class", "errors")
PARTS = 10_000  # of a share that a browser is told


def drawn_as(drawing: str, colour: str, n_shown: int) -> str:
    """One of `DRAWN`, for what is asked for.

    Args:
        drawing: one of `view.DRAWINGS`, or of `DRAWN`.
        colour: from `view.colour_of`; a kept column's are dots unless somebody says otherwise.
        n_shown: states that are kept and in sight.
    """
    if drawing == "auto":
        cells = {"ep": "density", "class": "class", "correct": "errors"}
        return cells.get(colour, "dots") if n_shown >= MANY else "dots"
    return "class" if (drawing, colour) == ("ep", "class") else drawing


def mesh(window: Window) -> Window:
    """The cells of a window, as a window with a pixel each; those at its border may reach beyond.

    They lie at multiples of their side from the origin of the projection, so that moving the window changes
    nothing in them.
    """
    side = max(min(max(SIDE * window.size, SIDES[0]), SIDES[1]) * window.ratio, LEAST_SIDE)  # device pixels
    x0, x1, width = _multiples(window.x0, window.x1, window.width / side)
    y0, y1, height = _multiples(window.y0, window.y1, window.height / side)
    return Window(x0, x1, y0, y1, width, height)


def _multiples(low: float, high: float, number: float) -> tuple[float, float, int]:
    """The multiples of a `number`-th of a range that hold it, and how many of these lie between them.

    Of a range that reaches beyond all that is drawn, the part that does not.
    """
    low, high = (min(max(end, -FURTHEST), FURTHEST) for end in (low, high))
    finest = float(np.spacing(max(abs(low), abs(high))))  # what tells two multiples apart
    length = max((high - low) / number, finest, 1e-300)
    first = floor(low / length)
    last = max(ceil(high / length), first + 1)
    return first * length, last * length, last - first


@dataclass(frozen=True)
class Cells:
    """What is in each cell of a mesh, the top line first.

    Attributes:
        counts: (L, M) int64, states that are shown.
        others: (L, M) bool, where only states are that a filter or fading sets back.
        known: (L, M) float64, states that a mean or a rate is of: with an EP or a label, where it takes one.
        part: (L, M) float64, of these the EPs of the winning class summed, or the states of that class, or
            the states in misclassified sequences; `part / known` is the mean or the rate.
        winner: (L, M) uint32, the class of the largest sum; of errors always 0.
    """

    counts: np.ndarray
    others: np.ndarray
    known: np.ndarray
    part: np.ndarray
    winner: np.ndarray


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


def count_cells(
    at: np.ndarray,
    mesh: Window,
    levels: np.ndarray | None,
    *,
    ep: np.ndarray | None = None,
    classes: np.ndarray | None = None,
    n_classes: int = 0,
    answers: np.ndarray | None = None,
) -> Cells:
    """What is in the cells; of EPs, classes and answers at most one is given.

    Classes are summed one after the other: what is needed meanwhile does not grow with their number.

    Args:
        at: (N,) int64 from `places`.
        levels: (N,) uint8, a `Level` each; None where all states are shown.
        ep: (N, C) float, to be summed by class; NaN where a state has none.
        classes: (N,) unsigned integers, to be counted by class; from `n_classes` on a state has none.
        answers: (N,) from `cloud.codes` by "correct".
    """
    shown: slice | np.ndarray = slice(None)
    others = np.zeros((mesh.height, mesh.width), bool)
    kept = at
    if levels is not None:
        shown = np.flatnonzero(levels == Level.SHOWN)
        kept = at[shown]
    counts = _sum_up(kept, mesh)
    if levels is not None:
        others = (_sum_up(at, mesh) > 0) & (counts == 0)
    known = counts.astype(np.float64)
    part, winner = np.zeros_like(known), np.zeros(known.shape, np.uint32)
    if ep is not None:
        has = answered(ep)[shown]
        if not has.all():  # a state without an EP is in no mean
            kept, shown = kept[has], np.arange(len(at))[shown][has]
            known = _sum_up(kept, mesh).astype(np.float64)
        part, winner, _ = _largest(_ep_sums(kept, ep, shown, known, mesh))
    elif classes is not None:
        of_kept = classes[shown]
        part, winner, known = _largest(_sum_up(kept[of_kept == k], mesh) for k in range(n_classes))
    elif answers is not None:
        part, known = _errors_in(kept, answers[shown], mesh)
    return Cells(counts, others, known, part, winner)


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
        at, levels, ep, answers: as for `count_cells`.

    Returns:
        (4, L, M) uint32, the top line first: states that are shown; the class of the largest mean EP, C where
        no state has one; that EP in 10,000ths; the share of states in misclassified sequences in 10,000ths,
        + 1, and 0 where no state has a label.
    """
    found = count_cells(at, mesh, levels, ep=ep)
    shown = slice(None) if levels is None else np.flatnonzero(levels == Level.SHOWN)
    wrong, known = _errors_in(at[shown], answers[shown], mesh)
    share = _in_parts(found.part / np.maximum(found.known, 1))
    errors = np.where(known > 0, 1 + _in_parts(wrong / np.maximum(known, 1)), 0)
    winner = np.where((found.counts > 0) & (found.known == 0), ep.shape[1], found.winner)
    return np.stack([found.counts, winner, share, errors]).astype(np.uint32)


def _in_parts(share: np.ndarray) -> np.ndarray:
    """Shares from 0 to 1 in 10,000ths: 0 only of none, and 10,000 only of all."""
    parts = np.rint(PARTS * share)
    return np.where((share > 0) & (share < 1), np.clip(parts, 1, PARTS - 1), parts)


def _sum_up(at: np.ndarray, mesh: Window, values: np.ndarray | None = None) -> np.ndarray:
    """(L, M), the top line first: states of each cell, int64, or the sum of their values, float64."""
    sums = np.bincount(at, weights=values, minlength=(mesh.width + 2) * (mesh.height + 2))
    return sums.reshape(mesh.height + 2, mesh.width + 2)[1:-1, 1:-1][::-1]


def _ep_sums(
    at: np.ndarray, ep: np.ndarray, shown: slice | np.ndarray, counts: np.ndarray, mesh: Window
) -> Iterator[np.ndarray]:
    """(L, M) float64 of each class in turn, its EPs summed over the states of a cell; `counts` of them."""
    rest = counts.copy()
    for k in range(ep.shape[1] - 1):
        one = _sum_up(at, mesh, ep[shown, k])
        rest -= one
        yield one
    yield rest  # the EPs of a state sum to 1


def _largest(sums: Iterable[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of sums (L, M), one of each class: the largest, its class, and all of them together."""
    every = iter(sums)
    part = next(every).astype(np.float64)
    total, winner = part.copy(), np.zeros(part.shape, np.uint32)
    for k, one in enumerate(every, start=1):
        winner[one > part] = k
        np.maximum(part, one, out=part)
        total += one
    return part, winner, total


def _errors_in(at: np.ndarray, answers: np.ndarray, mesh: Window) -> tuple[np.ndarray, np.ndarray]:
    """(L, M) float64 each: states in misclassified sequences, and those with a label."""
    wrong, right = (_sum_up(at[answers == code], mesh).astype(np.float64) for code in (WRONG, RIGHT))
    return wrong, wrong + right
