"""Which states are in sight: how much of each is shown, how many there are, and how large their dots."""

from dataclasses import replace
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from hsvis.figures.window import Points, Window, dot_radius

PART = 2**16  # points that are looked at at once: they stay in the processor's cache
FURTHEST = 1e20  # units or pixels, far beyond any view, and safe to compute with


class Level(IntEnum):
    """How much of a state is shown; a higher level is drawn over a lower one."""

    OUT = 0  # by a filter: faded, and not to be pointed at
    FADED = 1
    SHOWN = 2


class InSight(NamedTuple):
    """How many states lie in the range of a window."""

    states: int
    shown: int  # of them, those that neither a filter nor fading sets back


def in_sight(points: Points, window: Window, levels: np.ndarray | None = None) -> InSight:
    """Counts the states in the range of a window.

    Args:
        levels: (N,) uint8, a `Level` for each point, in the order of the points; None where all are shown.
    """
    x0, x1, y0, y1 = np.clip(
        np.array([window.x0, window.x1, window.y0, window.y1]), -FURTHEST, FURTHEST
    ).astype(np.float32)
    n_inside = n_shown = 0
    for begin in range(0, len(points.rows), PART):
        part = slice(begin, begin + PART)
        x, y = points.x[part], points.y[part]
        inside = x >= x0
        inside &= x < x1
        inside &= y >= y0
        inside &= y < y1
        n_inside += int(np.count_nonzero(inside))
        if levels is not None:
            inside &= levels[part] == Level.SHOWN
            n_shown += int(np.count_nonzero(inside))
    return InSight(n_inside, n_inside if levels is None else n_shown)


def with_radius(window: Window, seen: InSight) -> Window:
    """The window with the radii of its dots: by how many states are in sight, unless it has one.

    The fewer states are shown, the larger they are, however many step back; those lie beneath, as small as if
    all were shown.
    """
    if window.radius is not None:
        return window
    ratio, area = window.ratio, window.width * window.height / window.ratio**2
    shown, faded = (window.size * dot_radius(count, ratio, area) for count in (seen.shown, seen.states))
    return replace(window, radius=shown, faded=faded)
