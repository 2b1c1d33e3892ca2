"""How large dots are: by how many states are kept and in sight, whatever else there is."""

import numpy as np
import pytest

from hsvis.figures.raster import Level, pick_grid
from hsvis.figures.sight import InSight, in_sight, with_radius
from hsvis.figures.window import LARGEST_RADIUS, Points, Window, bounds, draw_order, in_order

SIZE = (300, 240)


def cloud(n_states: int, seed: int = 0) -> tuple[np.ndarray, Points]:
    xy = np.random.default_rng(seed).normal(size=(n_states, 2)).astype(np.float32)
    return xy, in_order(xy, draw_order(n_states))


def widths(grid: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(R,) int, pixels across of the dot of each row; 0 where none is seen."""
    return np.array([np.count_nonzero((grid == row + 1).any(axis=0)) for row in rows])


@pytest.mark.parametrize("n_states", [0, 1, 70_000])  # fewer and more than are looked at at once
def test_states_in_sight_are_counted_one_by_one(n_states: int) -> None:
    xy, points = cloud(n_states)
    window = Window(-0.5, 1.2, -2.0, 0.3, *SIZE)
    levels = np.random.default_rng(1).integers(0, 3, n_states).astype(np.uint8)
    inside = (
        (xy[:, 0] >= -0.5) & (xy[:, 0] < np.float32(1.2)) & (xy[:, 1] >= -2) & (xy[:, 1] < np.float32(0.3))
    )
    assert in_sight(points, window) == (inside.sum(), inside.sum())
    shown = inside & (levels == Level.SHOWN)
    assert in_sight(points, window, levels[points.rows]) == (inside.sum(), shown.sum())


def test_few_that_a_filter_keeps_stand_out_among_many() -> None:
    xy, points = cloud(400_000)
    levels = np.full(len(xy), Level.OUT, np.uint8)
    kept = np.random.default_rng(2).choice(len(xy), 40, replace=False)
    levels[kept] = Level.SHOWN
    window = Window(*bounds(xy), *SIZE)
    grid = pick_grid(points, window, levels[points.rows])
    assert np.median(widths(grid, kept)) >= 3
    assert (widths(grid, kept) > 0).all()  # on top of all others
    sample = np.unique(grid[grid > 0])[:200] - 1
    others = sample[levels[sample] == Level.OUT]
    assert np.median(widths(grid, others)) == 1  # which stay as small as before
    assert np.array_equal(grid > 0, (pick_grid(points, window) > 0) | np.isin(grid, kept + 1))


def test_dots_grow_as_one_zooms_in() -> None:
    xy, points = cloud(400_000)
    whole = with_radius(Window(*bounds(xy), *SIZE), in_sight(points, Window(*bounds(xy), *SIZE)))
    radii = [whole.radius]
    for half in (1.0, 0.3, 0.1, 0.02):
        window = Window(-half, half, -half, half, *SIZE)
        radii.append(with_radius(window, in_sight(points, window)).radius)
    assert radii == sorted(radii)
    assert radii[0] < 0.5
    assert radii[-1] >= 1.5
    beside = Window(-0.31, 0.29, -0.3, 0.3, *SIZE)  # moved by a little: as large as before
    assert with_radius(beside, in_sight(points, beside)).radius == pytest.approx(radii[2], rel=0.02)


@pytest.mark.parametrize(("states", "shown"), [(0, 0), (1, 0), (1, 1), (5000, 3), (10**7, 10**7), (10**7, 5)])
@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_no_dot_is_larger_than_the_largest_or_smaller_than_one_that_steps_back(
    states: int, shown: int, ratio: float
) -> None:
    width, height = (round(side * ratio) for side in SIZE)
    window = with_radius(Window(0, 1, 0, 1, width, height, ratio=ratio, size=2), InSight(states, shown))
    assert 0 < window.faded <= window.radius <= 2 * LARGEST_RADIUS * ratio
    alone = with_radius(Window(0, 1, 0, 1, width, height, ratio=ratio), InSight(states, shown))
    assert window.radius == pytest.approx(2 * alone.radius)  # the size that one sets is a factor


def test_a_radius_that_is_given_is_left_as_it_is() -> None:
    window = Window(0, 1, 0, 1, *SIZE, 2.5)
    assert with_radius(window, InSight(10, 10)) is window
