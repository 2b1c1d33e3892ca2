"""States in polygons: each edge with all states at its height, as before, and by strips, in turn."""

import os
from pathlib import Path

import numpy as np

from benchmarks.timing import compare, seconds
from hsvis.analysis.regions import Polygon, in_strips, inside, strips_of
from hsvis.catalogue.offers import offers, open_offers
from hsvis.figures.window import bounds
from hsvis.progress import silent

MADE_UP = 200_000  # states, where no run is named


def run(*, smoke: bool, data: Path) -> None:
    """Of all projections of the built run that HSVIS_BENCHMARK_RUN names; else of states made up."""
    config = os.environ.get("HSVIS_BENCHMARK_RUN")
    if config is None:
        _compare("made up", _made_up(5_000 if smoke else MADE_UP), rounds=1 if smoke else 3)
        return
    store = open_offers(offers([config]), silent, print, building=False)[0]
    for layer in store.layers:
        for projection in store.projections(layer):
            _compare(f"{store.name}, {layer}, {projection.name}", projection.xy, rounds=5)


def _compare(name: str, xy: np.ndarray, rounds: int) -> None:
    strips = strips_of(in_strips(xy))
    print(
        f"\n  {name}: {len(xy):,} states, sorted into strips once in {seconds(lambda: in_strips(xy)):.3f} s"
    )
    made = lambda needed: strips_of(in_strips(xy)) if needed else None  # noqa: E731
    for shape, polygon in polygons_of(xy).items():
        found = inside(polygon, xy, lambda _: strips)
        same = np.array_equal(found, edge_by_edge(polygon, xy))
        print(f"  {shape}: {len(polygon)} points, {found.sum():,} states inside; {same = }")
        is_slow = len(polygon) == 500  # where the way before takes long
        compare(
            ("each edge with all states at its height", lambda p=polygon: edge_by_edge(p, xy)),
            ("by strips that are kept", lambda p=polygon: inside(p, xy, lambda _: strips)),
            ("by strips made for it", lambda p=polygon: inside(p, xy, made)),
            rounds=1 if is_slow else rounds,
        )


def edge_by_edge(polygon: Polygon, xy: np.ndarray) -> np.ndarray:
    """The way before: the states in the polygon's box, by y, so that an edge meets one slice of them."""
    corners = np.array(polygon, dtype=np.float64)
    (left, bottom), (right, top) = corners.min(axis=0), corners.max(axis=0)
    x, y = xy[:, 0], xy[:, 1]
    rows = np.flatnonzero((x >= left) & (x <= right) & (y >= bottom) & (y <= top))
    rows = rows[np.argsort(y[rows], kind="stable")]
    x, y = x[rows].astype(np.float64), y[rows].astype(np.float64)
    odd = np.zeros(len(rows), dtype=bool)
    for one, other in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        (x0, y0), (x1, y1) = (one, other) if one[1] <= other[1] else (other, one)
        beside = slice(*np.searchsorted(y, (y0, y1)))
        odd[beside] ^= x[beside] < x0 + (x1 - x0) * ((y[beside] - y0) / (y1 - y0))
    found = np.zeros(len(xy), dtype=bool)
    found[rows[odd]] = True
    return found


def polygons_of(xy: np.ndarray) -> dict[str, Polygon]:
    x0, x1, y0, y1 = bounds(xy)
    return {
        "a small lasso, drawn by hand": _lasso(xy, 0.05, 60),
        "one around a group": _lasso(xy, 0.25, 120),
        "one around half of the cloud": _lasso(xy, 0.6, 200),
        "a zigzag over the full height": _zigzag(np.linspace(x0, x1, 500), y0, y1),
        "corners at random": _scattered(x0, x1, y0, y1),
        "from corner to corner and back": _bundle(x0, x1, y0, y1),
    }


def _lasso(xy: np.ndarray, share: float, points: int) -> Polygon:
    """Around the middle of the states, about this share of the cloud wide, with a hand that trembles."""
    rng = np.random.default_rng(points)
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    wobble = 1 + 0.15 * np.sin(3 * angle) + 0.02 * rng.normal(size=points)
    radius = share / 2 * np.ptp(xy, axis=0)
    ring = np.median(xy, axis=0) + radius * (wobble * np.array([np.cos(angle), np.sin(angle)])).T
    return tuple(map(tuple, ring.tolist()))


def _zigzag(x: np.ndarray, low: float, high: float) -> Polygon:
    return tuple((float(at), high if k % 2 else low) for k, at in enumerate(x))


def _scattered(x0: float, x1: float, y0: float, y1: float) -> Polygon:
    corners = np.random.default_rng(1).uniform((x0, y0), (x1, y1), (500, 2))
    return tuple(map(tuple, corners.tolist()))


def _bundle(x0: float, x1: float, y0: float, y1: float) -> Polygon:
    beside = (x1 - x0) / 1e5
    return tuple((x1 - k * beside, y1) if k % 2 else (x0 + k * beside, y0) for k in range(500))


def _made_up(n: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    middles = 30 * rng.normal(size=(100, 2))
    return (middles[rng.integers(0, 100, n)] + rng.normal(size=(n, 2))).astype(np.float32)
