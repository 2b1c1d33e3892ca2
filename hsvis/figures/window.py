"""The range of a projection that an image shows, and the order in which its states are drawn."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

SEED = 20210  # of the draw order: the same picture for the same states, always
LARGEST_RADIUS = 3.5  # CSS pixels, of few states
AREA = 800_000.0  # CSS pixels of a plot: 1000 × 800

Bounds = tuple[float, float, float, float]  # x0, x1, y0, y1


@dataclass(frozen=True)
class Window:
    """A range of the projection, and the image it is drawn to.

    Raises:
        ValueError: if the range or the image is empty, or the radius negative.
    """

    x0: float
    x1: float
    y0: float
    y1: float
    width: int  # device pixels; so are height and radius
    height: int
    radius: float | None = None  # of a dot; None = by how many states are in sight (`sight.with_radius`)
    ratio: float = 1.0  # device pixels a CSS pixel
    size: float = 1.0  # factor on the radius that is found so
    faded: float | None = None  # radius of the dot of a state that steps back; None = that of the others

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
        if self.radius is not None and not self.radius >= 0:
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


class Points(NamedTuple):
    """Places in the order in which they are drawn, so that drawing walks straight through them."""

    x: np.ndarray  # (N,) float32
    y: np.ndarray  # (N,) float32
    rows: np.ndarray  # (N,) uint32: which state each is


def in_order(xy: np.ndarray, order: DrawOrder) -> Points:
    """States (N, 2) float32 in their draw order."""
    return Points(xy[:, 0][order.rows], xy[:, 1][order.rows], order.rows)


def dot_radius(n_states: int, pixel_ratio: float = 1.0, area: float = AREA) -> float:
    """Radius of the dots in device pixels: the less room a state has, the smaller.

    Dots shrink slower than the room, so that many states close up to a surface.

    Args:
        n_states: in sight.
        area: of the plot, CSS pixels.
    """
    room = area / max(n_states, 1)  # CSS pixels of each state
    return min(2.5 * (room / 40) ** 0.35, LARGEST_RADIUS) * pixel_ratio


def bounds(xy: np.ndarray, margin: float = 0.04) -> Bounds:
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
