"""Which states lie in a polygon: edge by edge with every state, and by strips."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsvis.analysis import regions
from hsvis.analysis.regions import Polygon, in_strips, inside, inside_strips, strips_of
from hsvis.errors import ClientGoneError


def edge_by_edge(polygon: Polygon, xy: np.ndarray) -> np.ndarray:
    """Every edge with every state: (N,) bool."""
    corners = np.array(polygon, np.float64)
    x, y = xy.astype(np.float64).T
    odd = np.zeros(len(xy), bool)
    for one, other in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        (x0, y0), (x1, y1) = (one, other) if one[1] <= other[1] else (other, one)
        beside = (y0 <= y) & (y < y1)
        odd[beside] ^= x[beside] < x0 + (x1 - x0) * ((y[beside] - y0) / (y1 - y0))
    (left, bottom), (right, top) = corners.min(axis=0), corners.max(axis=0)
    return odd & (x >= left) & (x <= right) & (y >= bottom) & (y <= top)


def both_ways(polygon: Polygon, xy: np.ndarray) -> list[np.ndarray]:
    """By strips of all states, of those around the polygon, and whichever of them it needs."""
    strips = strips_of(in_strips(xy))
    made = [inside(polygon, xy, lambda needed: strips if needed else None)]
    return [*made, inside(polygon, xy), inside_strips(polygon, strips), inside(polygon, xy, lambda _: strips)]


lattice = st.integers(-8, 8).map(float)  # many on edges and corners, many edges over each other
any_number = st.floats(-1e30, 1e30)
near = st.floats(-2, 2)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Polygon, np.ndarray, int, int]:
    number = draw(st.sampled_from([lattice, any_number, near, near.map(lambda value: value * 1e-38)]))
    corner = draw(st.sampled_from([number, number, lattice, any_number]))
    polygon = tuple(draw(st.lists(st.tuples(corner, corner), min_size=3, max_size=14)))
    points = draw(st.lists(st.tuples(number, number), max_size=80))
    return (
        polygon,
        np.array(points, np.float32).reshape(-1, 2),
        draw(st.integers(1, 20)),
        draw(st.integers(1, 50)),
    )


@given(cases())
def test_strips_agree_with_every_edge_and_every_state(case: tuple[Polygon, np.ndarray, int, int]) -> None:
    polygon, xy, fewest, pairs = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(regions, "FEWEST", fewest)  # several strips of so few
        patch.setattr(regions, "PAIRS", pairs)
        expected = edge_by_edge(polygon, xy)
        for found in both_ways(polygon, xy):
            assert found.tolist() == expected.tolist()


def zigzag(n: int, *, across: bool = False) -> Polygon:
    steps = np.linspace(-3, 3, n)
    ends = np.where(np.arange(n) % 2, -3.0, 3.0)
    return tuple(zip(*((ends, steps) if across else (steps, ends)), strict=True))


def random_corners(n: int) -> Polygon:
    return tuple(map(tuple, np.random.default_rng(5).uniform(-3, 3, (n, 2)).tolist()))


def bundle(n: int) -> Polygon:
    """From one corner to the opposite one and back, each time a little beside."""
    return tuple((-3 + k / 1e4, -3.0) if k % 2 else (3 - k / 1e4, 3.0) for k in range(n))


COSTLY: list[Callable[[int], Polygon]] = [
    zigzag,
    lambda n: zigzag(n, across=True),
    random_corners,
    bundle,
    lambda n: bundle(n)[: n // 2] * 2,  # each edge twice
]


@pytest.mark.parametrize("shape", COSTLY)
def test_polygons_made_to_cost_much_are_right_and_compare_few(shape: Callable[[int], Polygon]) -> None:
    rng = np.random.default_rng(2)
    xy = np.round(rng.normal(size=(40_000, 2)), 2).astype(np.float32)  # many at one place
    polygon = shape(500)
    strips, compared = strips_of(in_strips(xy)), 0

    def count(which: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        nonlocal compared
        compared += len(places)
        return which, places

    ways = regions._compared
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(regions, "_compared", lambda met: (count(*part) for part in ways(met)))
        found = inside_strips(polygon, strips)
    assert np.array_equal(found, edge_by_edge(polygon, xy))
    assert compared < 500 * len(xy) / 30


def test_minus_zero_is_zero() -> None:
    xy = np.array([[0.0, -0.0], [-0.0, 0.0], [-0.0, -0.0], [0.0, 0.0]], np.float32)
    for corner in (0.0, -0.0):
        box = ((corner, corner), (1.0, corner), (1.0, 1.0), (corner, 1.0))
        for found in both_ways(box, xy):
            assert len(set(found.tolist())) == 1


def test_work_ends_between_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regions, "PAIRS", 100)
    xy = np.random.default_rng(0).normal(size=(5000, 2)).astype(np.float32)
    asked: list[Any] = []

    def gone() -> None:
        asked.append(1)
        if len(asked) == 3:
            raise ClientGoneError

    with pytest.raises(ClientGoneError):
        inside_strips(zigzag(50), strips_of(in_strips(xy)), gone)
    assert len(asked) == 3
