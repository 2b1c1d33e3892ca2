"""The cloud of all states as an image, and the grid that tells which state is where in it."""

from dataclasses import dataclass
from io import BytesIO
from typing import NamedTuple

import datashader as ds
import numpy as np
import pandas as pd
from PIL import Image

SEED = 20210


@dataclass(frozen=True)
class View:
    """A range of the projection and the image it is drawn on."""

    x0: float
    x1: float
    y0: float
    y1: float
    width: int  # device pixels
    height: int
    radius: float = 2.5  # of the dots, device pixels

    def __post_init__(self) -> None:
        if not (self.x0 < self.x1 and self.y0 < self.y1):
            raise ValueError(f"The range {self.x0}..{self.x1} × {self.y0}..{self.y1} is empty: x0 < x1 and y0 < y1 are needed.")
        if self.width < 1 or self.height < 1:
            raise ValueError(f"An image of {self.width} × {self.height} pixels can't be drawn: both must be 1 or more.")


class DrawOrder(NamedTuple):
    """Who is drawn above whom: a fixed pseudo-random permutation of the states."""

    ranks: np.ndarray  # (N,) uint32, when each row is drawn; the last is on top
    rows: np.ndarray  # (N,) uint32, the row of each rank


def draw_order(n_states: int) -> DrawOrder:
    """The draw order of `n_states` states; the same for the same number."""
    rows = np.random.default_rng(SEED).permutation(n_states).astype(np.uint32)
    ranks = np.empty_like(rows)
    ranks[rows] = np.arange(n_states, dtype=np.uint32)
    return DrawOrder(ranks, rows)


def dot_radius(n_states: int, pixel_ratio: float = 1.0) -> float:
    """Radius of the dots in device pixels: the more states, the smaller."""
    css = 2.5 * (20_000 / max(n_states, 1)) ** 0.35
    return float(min(css, 3.5) * pixel_ratio)


def bounds(xy: np.ndarray, margin: float = 0.04) -> tuple[float, float, float, float]:
    """x0, x1, y0, y1 of (N, 2) coordinates with a margin, as a share of the extent; never empty."""
    if len(xy) == 0:
        return (-1.0, 1.0, -1.0, 1.0)
    low, high = xy.min(axis=0).astype(np.float64), xy.max(axis=0).astype(np.float64)
    extent = high - low
    extent[extent <= 0] = extent.max() or 1.0
    low, high = low - margin * extent, high + margin * extent
    flat = low >= high
    low[flat], high[flat] = low[flat] - 0.5, high[flat] + 0.5
    return (float(low[0]), float(high[0]), float(low[1]), float(high[1]))


def pick_grid(xy: np.ndarray, order: DrawOrder, view: View) -> np.ndarray:
    """(height, width) uint32: row + 1 of the state drawn at each pixel, 0 for none; row 0 of the grid on top.

    Args:
        xy: (N, 2) float32.
        order: `draw_order(N)`.
    """
    wide, high = (view.x1 - view.x0) / view.width, (view.y1 - view.y0) / view.height
    reach = int(np.ceil(view.radius))
    inside = (
        (xy[:, 0] >= view.x0 - reach * wide) & (xy[:, 0] <= view.x1 + reach * wide)
        & (xy[:, 1] >= view.y0 - reach * high) & (xy[:, 1] <= view.y1 + reach * high)
    )
    near, ranks = xy[inside].astype(np.float64), order.ranks[inside]
    dx, dy = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1)
    kept = dx**2 + dy**2 <= max(view.radius, 0.5) ** 2
    dx, dy = dx[kept], dy[kept]
    points = pd.DataFrame(
        {
            "x": (near[:, 0, None] + dx * wide).ravel(),
            "y": (near[:, 1, None] + dy * high).ravel(),
            "rank": np.repeat(ranks, len(dx)).astype(np.float64),
        }
    )
    canvas = ds.Canvas(view.width, view.height, (view.x0, view.x1), (view.y0, view.y1))
    top = np.flipud(canvas.points(points, "x", "y", ds.max("rank")).data)
    grid = np.zeros(top.shape, dtype=np.uint32)
    drawn = ~np.isnan(top)
    grid[drawn] = order.rows[top[drawn].astype(np.int64)] + 1
    return grid


def paint(grid: np.ndarray, colours: np.ndarray) -> bytes:
    """The PNG of a pick grid, transparent where there is no state.

    Args:
        grid: (height, width) uint32 from `pick_grid`.
        colours: (N, 3) uint8.
    """
    image = np.zeros((*grid.shape, 4), dtype=np.uint8)
    drawn = grid > 0
    image[drawn, :3] = colours[grid[drawn].astype(np.int64) - 1]
    image[drawn, 3] = 230
    out = BytesIO()
    Image.fromarray(image).save(out, "PNG", compress_level=1)
    return out.getvalue()


def warm_up() -> None:
    """Compile what draws the cloud, so that the first request need not wait for it."""
    xy = np.zeros((2, 2), dtype=np.float32)
    paint(pick_grid(xy, draw_order(2), View(-1, 1, -1, 1, 8, 8)), np.zeros((2, 3), dtype=np.uint8))
