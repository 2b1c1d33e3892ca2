"""The cloud of all states as an image, and the grid that tells which state is drawn where in it."""

from typing import NamedTuple

import numpy as np

from hsvis.figures.sight import FURTHEST, PART, Level, in_sight, with_radius
from hsvis.figures.window import Points, Window

DENSE = 0.05  # share of pixels with a state from which moving the whole image is faster than moving pixels
LEAST_COVER = 0.15  # a pixel of which a dot covers less belongs to the dot no more
OPACITY = (
    216,
    84,
    120,
    192,
    240,
)  # of 255, with 0 to 4 neighbours alike: a dot of one pixel, corner, edge, middle
FADED = 0.18  # of its opacity is left to a state that is not emphasised
LARGEST_SCALE = 1e15  # pixels a unit, far beyond what the coordinates tell apart
FEW_MARKS = 5000  # beyond these, rings shrink
SMALLEST_MARK = 0.5  # of the full size


def pick_grid(points: Points, window: Window, levels: np.ndarray | None = None) -> np.ndarray:
    """Draw all states of a view as dots, later ones over earlier ones.

    Args:
        levels: (N,) uint8, a `Level` for each point, in the order of the points; states of a higher one are
            drawn over all of a lower one.

    Returns:
        (height, width) uint32, row 0 on top: row + 1 of the state drawn at each pixel, 0 where there is none.
    """
    window = with_radius(window, in_sight(points, window, levels)) if window.radius is None else window
    dot = _dot(window.radius or 0)
    beneath = dot if window.faded is None else _dot(window.faded)
    seen = _topmost(points, window, dot, levels, beneath)
    grid = np.zeros(seen.shape, dtype=np.uint32)
    drawn = seen > 0
    grid[drawn] = points.rows[(seen[drawn] - np.uint32(1)) % len(points.rows)] + np.uint32(1)
    return grid


def pickable(grid: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """The grid with nothing where only states are that a filter left out.

    Args:
        grid: (height, width) uint32 from `pick_grid`.
        levels: (N,) uint8, a `Level` each.
    """
    drawn = np.flatnonzero(grid)
    out = drawn[levels[grid.ravel()[drawn] - np.uint32(1)] == Level.OUT]
    kept = grid.copy()
    kept.ravel()[out] = 0
    return kept


Stamp = tuple[np.ndarray, np.ndarray]  # (K,) int each: pixels down and to the right of the middle


def _topmost(
    points: Points,
    window: Window,
    stamp: Stamp,
    levels: np.ndarray | None = None,
    beneath: Stamp | None = None,
) -> np.ndarray:
    """Stamp a shape at each place; where stamps overlap, the last one wins.

    Args:
        levels: (N,) uint8, a `Level` for each point; a higher one wins over a lower one.
        beneath: the shape of the levels below `SHOWN`; None = the same.

    Returns:
        (height, width) uint32, row 0 on top: place in the order + N for each level + 1; 0 for none.
    """
    reach = max(int(np.abs(one).max()) for one in (stamp, beneath or stamp))  # into the view, from outside
    tops = _middles(points, window, reach, levels)
    (high, wide), shown = tops[0].shape, tops.pop()
    places = np.zeros(
        (high + 2 * reach, wide + 2 * reach), dtype=np.uint32
    )  # stamps at the border spread beyond
    for level, top in enumerate(tops):
        higher = tops[level + 1] if level + 1 < len(tops) else None
        if higher is not None:
            np.copyto(higher, top, where=higher == 0)  # one stamp at a place is enough
        elif beneath is not None and not _same(beneath, stamp):
            _stamp(places, top, beneath, reach)
        else:
            np.copyto(shown, top, where=shown == 0)
    _stamp(places, shown, stamp, reach)
    inside = np.s_[2 * reach : 2 * reach + window.height, 2 * reach : 2 * reach + window.width]
    return places[inside][::-1]  # y grows upwards, the rows of an image downwards


def _same(one: Stamp, other: Stamp) -> bool:
    return all(map(np.array_equal, one, other))


def _stamp(places: np.ndarray, top: np.ndarray, stamp: Stamp, reach: int) -> None:
    """The larger of what is there and of the stamps around the middles in `top`, in place.

    Args:
        places: (H + 2 reach, W + 2 reach) uint32.
        top: (H, W) uint32, 0 where there is no middle.
    """
    down, right = stamp
    high, wide = top.shape
    if np.count_nonzero(top) > DENSE * top.size:
        for below, beside in zip((down + reach).tolist(), (right + reach).tolist(), strict=True):
            part = places[below : below + high, beside : beside + wide]
            np.maximum(part, top, out=part)
    else:
        y, x = np.nonzero(top)
        values, flat, width = top[y, x], places.ravel(), places.shape[1]
        at = (y + reach) * width + (x + reach)
        for shift in (down * width + right).tolist():
            shifted = at + shift  # names no pixel twice, so that this assignment is well defined
            flat[shifted] = np.maximum(flat[shifted], values)


def _middles(points: Points, window: Window, reach: int, levels: np.ndarray | None) -> list[np.ndarray]:
    """For each level (height + 2 reach, width + 2 reach) uint32, y0 first: as `_topmost` says.

    The points come in their order, so that the last one to be written at a pixel is the highest; by parts
    that stay in the processor's cache.
    """
    n_points = len(points.rows)
    wide, high = window.width + 2 * reach + 2, window.height + 2 * reach + 2  # with a border for all outside
    n_levels = 1 if levels is None else len(Level)
    tops = np.zeros(n_levels * high * wide, dtype=np.uint32)
    for begin in range(0, n_points, PART):
        part = slice(begin, begin + PART)
        column, line = pixels_of(points.x[part], points.y[part], window, reach)
        line *= np.int32(wide)
        line += column
        if levels is not None:
            line += levels[part] * np.int32(high * wide)
        tops[line] = np.arange(begin + 1, begin + 1 + len(line), dtype=np.uint32)
    found = tops.reshape(-1, high, wide)[:, 1:-1, 1:-1]
    for level in range(1, n_levels):
        found[level] += (found[level] > 0) * np.uint32(level * n_points)
    return list(found)


def pixels_of(x: np.ndarray, y: np.ndarray, window: Window, reach: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Columns and lines, (P,) int32 each, y0 first: 1 is `reach` pixels outside of the window.

    0 and the number after the last one hold what is further out.
    """
    return (
        _pixel(x, window.x0, window.width / (window.x1 - window.x0), reach, window.width),
        _pixel(y, window.y0, window.height / (window.y1 - window.y0), reach, window.height),
    )


def _pixel(places: np.ndarray, start: float, scale: float, reach: int, size: int) -> np.ndarray:
    """The pixels of places along one axis, in float32: near the view the difference to its start is exact."""
    nearest, scale = np.float32(np.clip(start, -FURTHEST, FURTHEST)), min(scale, LARGEST_SCALE)
    at = places - nearest
    at *= np.float32(scale)
    at += np.float32(np.clip(reach + 1 + (float(nearest) - start) * scale, -FURTHEST, FURTHEST))
    np.clip(at, 0, size + 2 * reach + 1, out=at)
    return at.astype(np.int32)


def _dot(radius: float) -> Stamp:
    """The pixels of a dot, relative to its middle: K down and K to the right."""
    reach = int(np.ceil(radius))
    cover = _share(_distances(reach) <= radius + 0.2)  # `paint` fades the edge
    cover[reach, reach] = 1
    down, right = np.nonzero(cover > LEAST_COVER)
    return down - reach, right - reach


def _distances(reach: int) -> np.ndarray:
    """Distance from the middle pixel's middle, at 8 × 8 places in each of (2 reach + 1)² pixels."""
    fine = (np.arange((2 * reach + 1) * 8) + 0.5) / 8 - reach - 0.5
    return np.hypot(fine[:, None], fine[None])


def _share(inside: np.ndarray) -> np.ndarray:
    """(8 P, 8 P) bool -> (P, P) float64, the share of each pixel that is inside."""
    side = len(inside) // 8
    return inside.reshape(side, 8, side, 8).mean(axis=(1, 3))


def paint(
    grid: np.ndarray,
    colours: np.ndarray,
    levels: np.ndarray | None = None,
    codes: np.ndarray | None = None,
) -> np.ndarray:
    """The image of a pick grid, transparent where no state is.

    A pixel is the more opaque, the more of its neighbours belong to the same dot.  That rounds the dots off,
    and tells them apart where they are dense.

    Args:
        grid: (height, width) uint32 from `pick_grid`.
        colours: (K, 3) uint8.
        levels: (N,) uint8, a `Level` each; all but `SHOWN` are faded.
        codes: (N,) unsigned integers, the row of `colours` of each state; None = its own, with K = N.

    Returns:
        (height, width, 4) uint8, RGBA.
    """
    alike = np.zeros(grid.shape, dtype=np.uint8)  # 0 to 4 neighbours of the same state
    across, down = grid[:, 1:] == grid[:, :-1], grid[1:] == grid[:-1]
    alike[:, 1:] += across
    alike[:, :-1] += across
    alike[1:] += down
    alike[:-1] += down
    drawn = np.flatnonzero(grid)
    rows = grid.ravel()[drawn] - np.uint32(1)
    pixels = np.empty((len(drawn), 4), dtype=np.uint8)
    pixels[:, :3] = colours.take(rows if codes is None else codes[rows], axis=0)
    pixels[:, 3] = np.array(OPACITY, dtype=np.uint8)[alike.ravel()[drawn]]
    if levels is not None:
        faded = levels[rows] != Level.SHOWN
        pixels[faded, 3] = np.rint(FADED * pixels[faded, 3])
    image = np.zeros(grid.size, dtype=np.uint32)
    image[drawn] = pixels.view(np.uint32)[:, 0]  # four bytes at once
    return image.view(np.uint8).reshape(*grid.shape, 4)


class Ring(NamedTuple):
    """The mark around a state, in device pixels."""

    radius: float  # to the outer edge of the ring
    width: float  # of the ring
    halo: float  # of what sets it off from the dots, inside and outside


def ring(window: Window, n_marks: int) -> Ring:
    """A ring around a dot of the view; the smaller, the more of them there are."""
    size = max(min(1.0, (FEW_MARKS / max(n_marks, 1)) ** 0.35), SMALLEST_MARK) * window.ratio
    css_pixels = max((window.radius or 0) / window.ratio + 2.2, 4.0)
    return Ring(css_pixels * size, 1.8 * size, 0.8 * size)


def draw_rings(
    image: np.ndarray, xy: np.ndarray, colours: np.ndarray, halo: np.ndarray, window: Window, ring: Ring
) -> None:
    """Draw rings over an image of the same view, later ones over earlier ones.

    Args:
        image: (height, width, 4) uint8 from `paint`; changed in place.
        xy: (M, 2) float32, the places of the rings.
        colours: (M, 4) uint8, RGBA; the halo of a ring is as opaque as the ring.
        halo: (3,) uint8, the colour of the halos.
    """
    reach = int(np.ceil(ring.radius + ring.halo))
    away = np.abs(_distances(reach) - (ring.radius - ring.width / 2))  # from the middle of the ring
    line = _share(away <= ring.width / 2)
    cover = _share(away <= ring.width / 2 + ring.halo)
    cover[cover <= LEAST_COVER] = 0
    down, right = np.nonzero(cover)
    points = Points(xy[:, 0], xy[:, 1], np.arange(len(xy), dtype=np.uint32))
    seen = _topmost(points, window, (down - reach, right - reach))
    row, column = np.nonzero(seen)
    which = seen[row, column] - np.uint32(1)
    # from the edge that is reached
    x, y = (along - 1 for along in pixels_of(xy[which, 0], xy[which, 1], window, reach))
    pixel = (window.height - 1 - row - y + 2 * reach, column - x + 2 * reach)  # of the stamp
    colour = colours[which].astype(np.float32)
    share = (line / np.maximum(cover, LEAST_COVER)).astype(np.float32)[pixel][:, None]
    upper = share * colour[:, :3] + (1 - share) * halo.astype(np.float32)
    opacity = cover.astype(np.float32)[pixel] * colour[:, 3] / 255
    image[row, column] = _over(upper, opacity, image[row, column])


def _over(upper: np.ndarray, opacity: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Colours (P, 3) of 0 to 255 and opacities (P,) of 0 to 1 over (P, 4) uint8 RGBA: (P, 4) uint8."""
    opacity = opacity[:, None]
    beneath = (1 - opacity) * lower[:, 3:] / 255
    both = opacity + beneath
    colour = (upper * opacity + lower[:, :3] * beneath) / both
    return np.rint(np.hstack([colour, 255 * both])).astype(np.uint8)
