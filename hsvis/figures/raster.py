"""The cloud of all states as an image, and the grid that tells which state is drawn where in it."""

from dataclasses import dataclass
from io import BytesIO
from typing import NamedTuple

import numpy as np
from PIL import Image

SEED = 20210  # of the draw order: the same picture for the same states, always
LARGEST_RADIUS = 3.5  # CSS pixels, of few states
LEAST_COVER = 0.15  # a pixel of which a dot covers less belongs to the dot no more
OPACITY = (
    216,
    84,
    120,
    192,
    240,
)  # of 255, with 0 to 4 neighbours alike: a dot of one pixel, corner, edge, middle


@dataclass(frozen=True)
class View:
    """A range of the projection, and the image it is drawn to.

    Raises:
        ValueError: if the range or the image is empty, or the radius negative.
    """

    x0: float
    x1: float
    y0: float
    y1: float
    width: int  # device pixels, as all three
    height: int
    radius: float = 2.5  # of a dot, from `dot_radius`

    def __post_init__(self) -> None:
        if not (self.x0 < self.x1 and self.y0 < self.y1):
            raise ValueError(
                f"The range x {self.x0:g} to {self.x1:g}, y {self.y0:g} to {self.y1:g} is empty: "
                "give x0 < x1 and y0 < y1."
            )
        if self.width < 1 or self.height < 1:
            raise ValueError(
                f"An image of {self.width} × {self.height} pixels is empty: give 1 or more of both."
            )
        if not self.radius >= 0:
            raise ValueError(f"A dot can't have the radius {self.radius:g}: give 0 or more.")


class DrawOrder(NamedTuple):
    """Who is drawn over whom: a fixed pseudo-random order, so that no sequence hides the others."""

    ranks: np.ndarray  # (N,) uint32: the place of each row in the order; the last is on top
    rows: np.ndarray  # (N,) uint32: the row at each place


def draw_order(n_states: int) -> DrawOrder:
    """The draw order of N states; the same for the same N."""
    rows = np.random.default_rng(SEED).permutation(n_states).astype(np.uint32)
    ranks = np.empty_like(rows)
    ranks[rows] = np.arange(n_states, dtype=np.uint32)
    return DrawOrder(ranks, rows)


def dot_radius(n_states: int, pixel_ratio: float = 1.0) -> float:
    """Radius of the dots in device pixels: the more states, the smaller, whatever part of them is in view."""
    css_pixels = 2.5 * (20_000 / max(n_states, 1)) ** 0.35
    return min(css_pixels, LARGEST_RADIUS) * pixel_ratio


def bounds(xy: np.ndarray, margin: float = 0.04) -> tuple[float, float, float, float]:
    """The range that holds all states.

    Args:
        xy: (N, 2) float.
        margin: what is added on each side, as a share of the extent.

    Returns:
        x0, x1, y0, y1 with x0 < x1 and y0 < y1, even for no states, or for states at one place.
    """
    if len(xy) == 0:
        return (-1.0, 1.0, -1.0, 1.0)
    low, high = xy.min(axis=0).astype(np.float64), xy.max(axis=0).astype(np.float64)
    least = 1e-6 * np.abs([low, high]).max(axis=0) + 1e-12  # an extent that float32 coordinates can resolve
    extent = np.where(high - low > least, high - low, 0)
    extent[extent == 0] = extent.max() or 1.0
    middle, half = (low + high) / 2, (0.5 + margin) * extent
    (x0, y0), (x1, y1) = middle - half, middle + half
    return (float(x0), float(x1), float(y0), float(y1))


def pick_grid(xy: np.ndarray, order: DrawOrder, view: View) -> np.ndarray:
    """Draw all states of a view as dots, later ones of the draw order over earlier ones.

    Args:
        xy: (N, 2) float32.
        order: `draw_order(N)`.

    Returns:
        (height, width) uint32, row 0 on top: row + 1 of the state drawn at each pixel, 0 where there is none.
    """
    down, right = _dot(view.radius)
    reach = int(down.max())  # states just outside the view reach into it
    top = _topmost(xy, order.ranks, view, reach)
    y, x = np.nonzero(top)
    values = top[y, x]
    width = view.width + 4 * reach  # the dots at its border spread beyond it
    places = np.zeros((view.height + 4 * reach) * width, dtype=np.uint32)  # rank + 1
    at = (y + reach) * width + (x + reach)
    for shift in (down * width + right).tolist():
        shifted = at + shift  # names no pixel twice, so that this assignment is well defined
        places[shifted] = np.maximum(places[shifted], values)
    shown = np.s_[2 * reach : 2 * reach + view.height, 2 * reach : 2 * reach + view.width]
    seen = places.reshape(-1, width)[shown][::-1]  # y grows upwards, the rows of an image downwards
    grid = np.zeros(seen.shape, dtype=np.uint32)
    drawn = seen > 0
    grid[drawn] = order.rows[seen[drawn] - np.uint32(1)] + np.uint32(1)
    return grid


def _topmost(xy: np.ndarray, ranks: np.ndarray, view: View, reach: int) -> np.ndarray:
    """(height + 2 reach, width + 2 reach) uint32, y0 first: the highest rank in a pixel + 1, 0 for none."""
    across, up = view.width + 2 * reach, view.height + 2 * reach
    x = (xy[:, 0] - np.float64(view.x0)) * (view.width / (view.x1 - view.x0)) + reach
    y = (xy[:, 1] - np.float64(view.y0)) * (view.height / (view.y1 - view.y0)) + reach
    inside = np.flatnonzero((x >= 0) & (x < across) & (y >= 0) & (y < up))
    if len(inside) < len(x):
        x, y, ranks = x[inside], y[inside], ranks[inside]
    top = np.zeros(up * across, dtype=np.uint32)
    np.maximum.at(top, y.astype(np.intp) * across + x.astype(np.intp), ranks + np.uint32(1))
    return top.reshape(up, across)


def _dot(radius: float) -> tuple[np.ndarray, np.ndarray]:
    """The pixels of a dot, relative to its middle: K down and K to the right."""
    reach = int(np.ceil(radius))
    fine = (np.arange((2 * reach + 1) * 8) + 0.5) / 8 - reach - 0.5  # 8 samples a pixel and direction
    inside = np.hypot(fine[:, None], fine[None]) <= radius + 0.2  # `paint` fades the edge
    cover = inside.reshape(2 * reach + 1, 8, 2 * reach + 1, 8).mean(axis=(1, 3))
    cover[reach, reach] = 1
    down, right = np.nonzero(cover > LEAST_COVER)
    return down - reach, right - reach


def paint(grid: np.ndarray, colours: np.ndarray) -> bytes:
    """The image of a pick grid, transparent where no state is.

    A pixel is the more opaque, the more of its neighbours belong to the same dot.  That rounds the dots off,
    and tells them apart where they are dense.

    Args:
        grid: (height, width) uint32 from `pick_grid`.
        colours: (N, 3) uint8.

    Returns:
        A PNG, RGBA.
    """
    alike = np.zeros(grid.shape, dtype=np.uint8)  # 0 to 4 neighbours of the same state
    across, down = grid[:, 1:] == grid[:, :-1], grid[1:] == grid[:-1]
    alike[:, 1:] += across
    alike[:, :-1] += across
    alike[1:] += down
    alike[:-1] += down
    drawn = np.flatnonzero(grid)
    image = np.zeros((grid.size, 4), dtype=np.uint8)
    image[drawn, :3] = colours[grid.ravel()[drawn] - np.uint32(1)]
    image[drawn, 3] = np.array(OPACITY, dtype=np.uint8)[alike.ravel()[drawn]]
    return _png(image.reshape(*grid.shape, 4))


def _png(image: np.ndarray) -> bytes:
    out = BytesIO()
    Image.fromarray(image).save(out, "PNG", compress_level=1)
    return out.getvalue()
