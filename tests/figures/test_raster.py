"""The cloud: which state is drawn where, checked against drawing each state by hand, and its image."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from hsvis.figures.cloud import png
from hsvis.figures.raster import FADED, Level, Ring, draw_rings, paint, pick_grid, pickable, ring
from hsvis.figures.window import DrawOrder, Points, Window, bounds, dot_radius, draw_order, in_order


def drawn_by_hand(xy, order, view):
    """All states one after another in the draw order, each as it is drawn alone."""
    side = 2 * int(view.radius) + 7
    alone = pick_grid(
        in_order(np.zeros((1, 2), np.float32), draw_order(1)), Window(-1, 1, -1, 1, side, side, view.radius)
    )
    dot = np.argwhere(alone) - side // 2  # (K, 2)
    grid = np.zeros((view.height, view.width), dtype=np.uint32)
    for row in order.rows.tolist():
        x = np.floor((xy[row, 0] - view.x0) / (view.x1 - view.x0) * view.width)
        y = view.height - 1 - np.floor((xy[row, 1] - view.y0) / (view.y1 - view.y0) * view.height)
        pixels = dot + np.array([y, x])
        inside = ((pixels >= 0) & (pixels < grid.shape)).all(axis=1)
        grid[tuple(pixels[inside].astype(int).T)] = row + 1
    return grid


def in_pixel_middles(rng, n_states, view):
    """(N, 2) places in and around a view, each in the middle of a pixel, where rounding can't matter."""
    pixels = rng.integers(-8, max(view.width, view.height) + 8, (n_states, 2))
    wide, high = (view.x1 - view.x0) / view.width, (view.y1 - view.y0) / view.height
    return ((pixels + 0.5) * (wide, high) + (view.x0, view.y0)).astype(np.float32)


def decoded(png):
    image = Image.open(BytesIO(png))
    assert image.format == "PNG"
    assert image.mode == "RGBA"
    return np.array(image)


@pytest.mark.parametrize("radius", [0.0, 0.4, 0.9, 1.0, 2.0, 2.83, 4.2])
def test_each_pixel_names_the_last_state_drawn_over_it(radius):
    view = Window(-2.0, 6.0, 10.0, 14.0, 64, 48, radius)
    xy = in_pixel_middles(np.random.default_rng(0), 300, view)
    order = draw_order(len(xy))
    expected = drawn_by_hand(xy, order, view)
    assert len(np.unique(expected)) > 100
    assert np.array_equal(pick_grid(in_order(xy, order), view), expected)


@pytest.mark.parametrize("radius", [0.4, 1.0, 1.84, 2.5, 2.83, 3.5, 7.0])
def test_a_dot_is_round_and_as_large_as_its_radius(radius):
    xy = np.array([[7.0, -7.0]], dtype=np.float32)
    dot = pick_grid(in_order(xy, draw_order(1)), Window(*bounds(xy), 31, 31, radius)) > 0
    assert np.array_equal(dot, dot.T)
    assert np.array_equal(dot, dot[::-1])
    y, x = np.mgrid[-15:16, -15:16]
    distance = np.hypot(x, y)
    assert dot[distance <= radius].all()
    assert not dot[distance > radius + 1].any()


def test_a_picked_state_lies_within_the_radius_of_the_pixel():
    rng = np.random.default_rng(1)
    xy = rng.normal(size=(5000, 2)).astype(np.float32)
    view = Window(-1.5, 1.0, -1.0, 2.0, 250, 300, 2.5)
    grid = pick_grid(in_order(xy, draw_order(len(xy))), view)
    y, x = np.nonzero(grid)
    states = xy[grid[y, x] - 1]
    across = (states[:, 0] - view.x0) / (view.x1 - view.x0) * view.width - (x + 0.5)
    down = (view.y1 - states[:, 1]) / (view.y1 - view.y0) * view.height - (y + 0.5)
    assert (
        np.hypot(across, down).max() <= view.radius + 1.5
    )  # half a pixel of edge, and a state's place in its own


def test_row_0_of_the_grid_is_the_top():
    xy = np.array([[0.5, 0.85], [0.5, 0.15]], dtype=np.float32)
    grid = pick_grid(in_order(xy, draw_order(2)), Window(0, 1, 0, 1, 11, 10, 0.4))
    assert grid[1, 5] == 1
    assert grid[8, 5] == 2


@pytest.mark.parametrize("zoom", [1.0, 1e3, 1e5])
def test_a_state_is_drawn_where_it_is_however_near_one_looks(zoom):
    rng = np.random.default_rng(8)
    x0, y0 = 37.123456789, -12.987654321
    view = Window(x0, x0 + 10 / zoom, y0, y0 + 8 / zoom, 100, 80, 0)
    for place in rng.uniform(0, 1, (40, 2)):
        xy = (np.array([[x0, y0]]) + place * [10 / zoom, 8 / zoom]).astype(np.float32)
        seen = np.argwhere(pick_grid(in_order(xy, draw_order(1)), view))
        across, up = (xy[0].astype(float) - [x0, y0]) * zoom * 10  # of what float32 holds of the place
        assert len(seen) == (0 <= across < 100 and 0 <= up < 80)
        for line, column in seen:
            assert abs(column + 0.5 - across) <= 0.501
            assert abs(79 - line + 0.5 - up) <= 0.501


def test_states_at_one_place_show_the_one_drawn_last():
    xy = np.full((100, 2), 3.25, dtype=np.float32)
    order = draw_order(100)
    grid = pick_grid(in_order(xy, order), Window(*bounds(xy), 50, 50, 3))
    assert set(np.unique(grid).tolist()) == {0, int(order.rows[-1]) + 1}


def test_a_dot_beyond_the_border_reaches_into_the_view():
    xy = np.array([[-0.005, 0.5]], dtype=np.float32)  # in the pixel left of the view
    grid = pick_grid(in_order(xy, draw_order(1)), Window(0, 1, 0, 1, 100, 100, 3))
    assert np.flatnonzero(grid.any(axis=0)).tolist() == [0, 1, 2]


def test_no_states_and_none_in_view_are_empty_images():
    nothing = np.empty((0, 2), dtype=np.float32)
    far = np.array([[50.0, 50.0]], dtype=np.float32)
    for xy in (nothing, far):
        grid = pick_grid(in_order(xy, draw_order(len(xy))), Window(0, 1, 0, 1, 20, 10))
        assert grid.shape == (10, 20)
        assert not grid.any()
        assert not paint(grid, np.zeros((len(xy), 3), dtype=np.uint8)).any()


def test_image_and_pick_grid_agree():
    rng = np.random.default_rng(2)
    xy = rng.normal(size=(2000, 2)).astype(np.float32)
    colours = rng.integers(0, 256, (2000, 3)).astype(np.uint8)
    view = Window(*bounds(xy), 200, 160, 2.5)
    grid = pick_grid(in_order(xy, draw_order(2000)), view)
    image = paint(grid, colours)
    drawn = grid > 0
    assert image.shape == (160, 200, 4)
    assert np.array_equal(image[..., 3] > 0, drawn)
    assert np.array_equal(image[drawn][:, :3], colours[grid[drawn] - 1])


def test_a_dot_fades_from_its_middle_to_its_edge():
    xy = np.zeros((1, 2), dtype=np.float32)
    grid = pick_grid(in_order(xy, draw_order(1)), Window(-1, 1, -1, 1, 21, 21, 2.5))
    opacity = paint(grid, np.zeros((1, 3), np.uint8))[10, :, 3]
    assert opacity[10] > 230
    edge = int(np.flatnonzero(opacity).max())
    assert 0 < opacity[edge] < opacity[10]


def test_dots_of_one_pixel_are_seen():
    xy = np.zeros((1, 2), dtype=np.float32)
    grid = pick_grid(in_order(xy, draw_order(1)), Window(-1, 1, -1, 1, 21, 21, 0.4))
    assert np.count_nonzero(grid) == 1
    assert paint(grid, np.zeros((1, 3), np.uint8))[10, 10, 3] > 200


def test_the_same_states_give_the_same_image():
    xy = np.random.default_rng(3).normal(size=(3000, 2)).astype(np.float32)
    colours = np.zeros((3000, 3), dtype=np.uint8)
    view = Window(*bounds(xy), 120, 90, 1.5)
    images = {png(paint(pick_grid(in_order(xy, draw_order(3000)), view), colours)) for _ in range(2)}
    assert len(images) == 1


def test_the_draw_order_mixes_the_states():
    order = draw_order(10_000)
    assert sorted(order.rows.tolist()) == list(range(10_000))
    assert np.array_equal(order.rows[order.ranks], np.arange(10_000))
    assert abs(np.corrcoef(order.ranks, np.arange(10_000))[0, 1]) < 0.05


def test_ranks_above_the_precision_of_float32_are_told_apart():
    n_states = 2**24 + 2
    x, rows = np.full(n_states, 50, np.float32), np.zeros(n_states, np.uint32)
    x[-2:], rows[-1] = 0, 1  # two states at one pixel, whose places in the order are equal in float32
    points = Points(x, np.zeros(n_states, np.float32), rows)
    grid = pick_grid(points, Window(-1, 1, -1, 1, 3, 3, 0))
    assert grid[1, 1] == 2


@pytest.mark.parametrize(
    "xy",
    [
        np.empty((0, 2)),
        np.array([[3.0, 4.0]]),
        np.zeros((5, 2)),
        np.full((5, 2), 1e7),
        np.array([[0.0, 1.0], [0.0, 2.0]]),  # a vertical line
        np.random.default_rng(4).normal(size=(50, 2)),
    ],
)
def test_bounds_hold_all_states_with_room_around(xy):
    x0, x1, y0, y1 = bounds(xy.astype(np.float32))
    assert x0 < x1
    assert y0 < y1
    assert ((xy[:, 0] > x0) & (xy[:, 0] < x1) & (xy[:, 1] > y0) & (xy[:, 1] < y1)).all()


def test_dots_grow_with_the_room_that_a_state_has():
    areas = [dot_radius(200_000, area=area) for area in (100_000, 400_000, 1_600_000)]
    assert areas == sorted(areas)
    assert areas[0] < areas[-1]


def test_dots_shrink_with_the_number_of_states_and_grow_with_the_pixel_ratio():
    radii = [dot_radius(n) for n in (0, 100, 20_000, 200_000, 2_400_000, 10_000_000)]
    assert radii == sorted(radii, reverse=True)
    assert radii[0] <= 3.5
    assert radii[2] == pytest.approx(2.5)
    assert 0 < radii[-1] < 1
    assert dot_radius(20_000, 2) == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("view", "words"),
    [
        ((1, 1, 0, 1, 10, 10), "x0 < x1"),
        ((0, 1, 2, 1, 10, 10), "y0 < y1"),
        ((0, float("nan"), 0, 1, 10, 10), "x0 < x1"),
        ((0, 1, 0, 1, 0, 10), "0 × 10 pixels"),
        ((0, 1, 0, 1, 10, 0), "10 × 0 pixels"),
        ((0, 1, 0, 1, 10, 10, -1), "radius -1"),
    ],
)
def test_an_impossible_view_is_refused_with_a_remedy(view, words):
    with pytest.raises(ValueError, match=words):
        Window(*view)


@pytest.mark.parametrize(("n_states", "radius"), [(300, 2.5), (3000, 1.0), (3000, 2.0)])  # sparse and dense
def test_a_state_of_a_higher_level_wins_all_its_pixels(n_states, radius):
    rng = np.random.default_rng(5)
    view = Window(-2.0, 6.0, 10.0, 14.0, 64, 48, radius)
    xy = in_pixel_middles(rng, n_states, view)
    levels = rng.integers(0, 3, n_states).astype(np.uint8)
    order = draw_order(n_states)
    expected = np.zeros((view.height, view.width), dtype=np.uint32)
    for level in Level:  # one level after another, in the draw order
        rows = order.rows[levels[order.rows] == level]
        of_level = drawn_by_hand(xy, DrawOrder(order.ranks, rows), view)
        expected[of_level > 0] = of_level[of_level > 0]
    assert np.array_equal(pick_grid(in_order(xy, order), view, levels[order.rows]), expected)


def test_an_emphasised_state_hides_a_faded_one_that_is_drawn_later():
    order = draw_order(2)
    levels = np.full(2, Level.FADED, np.uint8)
    levels[order.rows[0]] = Level.SHOWN  # without levels it would lie beneath
    xy, view = np.zeros((2, 2), np.float32), Window(-1, 1, -1, 1, 11, 11, 2)
    assert pick_grid(in_order(xy, order), view)[5, 5] == order.rows[1] + 1
    assert pick_grid(in_order(xy, order), view, levels[order.rows])[5, 5] == order.rows[0] + 1


def test_what_a_filter_left_out_is_faintly_seen_but_not_picked():
    rng = np.random.default_rng(6)
    xy = rng.normal(size=(500, 2)).astype(np.float32)
    levels = rng.integers(0, 3, 500).astype(np.uint8)
    view = Window(*bounds(xy), 80, 60, 2)
    order = draw_order(500)
    grid = pick_grid(in_order(xy, order), view, levels[order.rows])
    before, picked = grid.copy(), pickable(grid, levels)
    assert np.array_equal(grid, before)
    assert (levels[grid[grid > 0] - 1] == Level.OUT).any()
    for y, x in np.ndindex(grid.shape):
        row = grid[y, x]
        assert picked[y, x] == (row if row and levels[row - 1] != Level.OUT else 0)
    plain, image = (
        paint(grid, np.zeros((500, 3), np.uint8)),
        paint(grid, np.zeros((500, 3), np.uint8), levels),
    )
    for y, x in np.argwhere(grid):
        share = 1 if levels[grid[y, x] - 1] == Level.SHOWN else FADED
        assert image[y, x, 3] == pytest.approx(share * plain[y, x, 3], abs=0.5)
        assert image[y, x, 3] > 0


GREY, DARK, WHITE = (134, 142, 153), (27, 32, 39), (255, 255, 255)


def test_a_ring_lies_between_its_halos_around_a_state_that_shows_through():
    xy = np.zeros((1, 2), dtype=np.float32)
    view = Window(-1, 1, -1, 1, 41, 41, 2)
    image = paint(pick_grid(in_order(xy, draw_order(1)), view), np.array([[200, 0, 0]], np.uint8))
    dot = image.copy()
    draw_rings(image, xy, np.array([[*GREY, 255]], np.uint8), np.array(WHITE), view, Ring(12, 4, 3))
    line = image[20, 20:].tolist()  # from the middle to the right; the ring is from 8 to 12
    assert line[:4] == dot[20, 20:24].tolist()
    assert line[6] == [*WHITE, 255]
    assert line[9] == line[10] == [*GREY, 255]
    assert line[13] == [*WHITE, 255]
    assert line[16] == [0, 0, 0, 0]
    assert np.array_equal(image, image[::-1])
    assert np.array_equal(image, image.transpose(1, 0, 2))
    y, x = np.mgrid[-20:21, -20:21]
    away = np.hypot(x, y)
    assert (image[(away > 8.8) & (away < 11.2)] == [*GREY, 255]).all()
    assert (image[away < 4][:, :3] != WHITE).any(axis=1).all()


def test_later_rings_lie_over_earlier_ones_and_faded_ones_let_dots_through():
    xy = np.array([[0.2, 0.1], [0.2, 0.1], [0.7, 0.9]], dtype=np.float32)
    view = Window(0, 1, 0, 1, 100, 100, 1)
    colours = np.array([[*GREY, 255], [*DARK, 255], [*DARK, 51]], np.uint8)
    image = np.zeros((100, 100, 4), np.uint8)
    image[:50] = (0, 200, 0, 255)
    draw_rings(image, xy, colours, np.array(WHITE), view, Ring(9, 4, 1))
    assert image[89, 20 + 7].tolist() == [*DARK, 255]  # y = 0.1 is near the bottom
    assert image[9, 70 + 7].tolist() == [5, 166, 8, 255]  # 0.8 of the green, 0.2 of the dark
    blank = np.zeros((100, 100, 4), np.uint8)
    draw_rings(blank, xy, colours, np.array(WHITE), view, Ring(9, 4, 1))
    assert blank[9, 70 + 7].tolist() == [*DARK, 51]


def test_rings_reach_into_the_view_and_none_leaves_the_image_as_it_is():
    view = Window(0, 1, 0, 1, 50, 50, 1)
    for xy in (np.empty((0, 2), np.float32), np.full((3, 2), 9.0, np.float32)):
        image = np.full((50, 50, 4), 7, np.uint8)
        draw_rings(image, xy, np.full((len(xy), 4), 255, np.uint8), np.array(WHITE), view, Ring(4, 1.5, 0.8))
        assert (image == 7).all()
    image = np.zeros((50, 50, 4), np.uint8)
    beyond = np.array([[-0.02, 0.5]], np.float32)  # a pixel left of the border
    draw_rings(image, beyond, np.full((1, 4), 255, np.uint8), np.array(WHITE), view, Ring(4, 1.5, 0.8))
    assert np.flatnonzero(image[..., 3].any(axis=0)).tolist() == [0, 1, 2, 3, 4]


def test_rings_are_larger_than_their_dots_and_shrink_where_there_are_many():
    view = Window(0, 1, 0, 1, 50, 50, 2.5)
    assert ring(view, 10).radius == pytest.approx(4.7)
    assert ring(Window(0, 1, 0, 1, 50, 50, 0.5), 10).radius == 4
    assert ring(Window(0, 1, 0, 1, 50, 50, 5, 2), 10) == tuple(pytest.approx(2 * v) for v in ring(view, 10))
    assert ring(view, 5000) == ring(view, 0)
    assert ring(view, 5000).radius > ring(view, 20_000).radius > ring(view, 10**6).radius > 2


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (60, 41)])
def test_a_png_holds_the_very_pixels(shape):
    image = np.random.default_rng(7).integers(0, 256, (*shape, 4)).astype(np.uint8)
    assert np.array_equal(decoded(png(image)), image)
