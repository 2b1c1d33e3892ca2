"""The cloud by cells: counts, means and rates against those of each state by hand, and its colours."""

import itertools
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from hsvis.figures import cells
from hsvis.figures.cell_colours import LEAST, enlarge, paint
from hsvis.figures.cells import MANY, RIGHT, WRONG, count_cells, drawn_as, facts, mesh, places
from hsvis.figures.raster import FADED, Level, pick_grid
from hsvis.figures.style.colour import rgb
from hsvis.figures.style.theme import DARK, LIGHT
from hsvis.figures.view import View
from hsvis.figures.window import Points, Window
from hsvis.run.records import Projection

UNKNOWN = 2  # of answers: no label
WINDOW = Window(-1.3, 2.1, 0.4, 3.05, 170, 90, ratio=2)


class Run:
    """What colours need to know of a run."""

    n_classes = 3
    classes = ("a", "b", "c")
    numbers = None


def a_view(theme: object = LIGHT) -> View:
    nowhere = Projection("pca", "PCA", "pca", np.empty((0, 2), np.float32), {}, {})
    return View(Run(), "rnn.0", nowhere, theme)  # type: ignore[arg-type]


class Cloud:
    """States around the window, crowded on one side, with EPs, answers and levels."""

    def __init__(self, n_states: int = 6000, seed: int = 3) -> None:
        rng = np.random.default_rng(seed)
        self.xy = np.abs(rng.normal(size=(n_states, 2))).astype(np.float32) * [1.1, 1.3] + [-1.5, 0.2]
        self.xy = self.xy.astype(np.float32)
        self.ep = rng.dirichlet([1, 1, 1], n_states).astype(np.float32)
        self.answers = rng.integers(0, 3, n_states).astype(np.uint16)
        self.classes = rng.integers(0, 4, n_states).astype(np.uint16)  # of 3, or none
        self.levels = rng.integers(0, 3, n_states).astype(np.uint8)
        self.mesh = mesh(WINDOW)
        self.at = places(self.xy, self.mesh)

    def inside(self, line: int, column: int) -> np.ndarray:
        """(N,) bool, the states in a cell; line 0 is on top."""
        at = self.mesh
        wide, high = (at.x1 - at.x0) / at.width, (at.y1 - at.y0) / at.height
        x = np.floor((self.xy[:, 0].astype(float) - at.x0) / wide)
        y = np.floor((self.xy[:, 1].astype(float) - at.y0) / high)
        return (x == column) & (y == at.height - 1 - line)


CLOUD = Cloud()


@pytest.mark.parametrize("filtered", [False, True])
def test_each_cell_has_the_states_inside_it_and_their_mean_and_errors(filtered: bool) -> None:
    levels = CLOUD.levels if filtered else None
    at, by = CLOUD.mesh, (CLOUD.at, CLOUD.mesh, levels)
    ep = count_cells(*by, ep=CLOUD.ep)
    classes = count_cells(*by, classes=CLOUD.classes, n_classes=3)
    errors = count_cells(*by, answers=CLOUD.answers)
    told = facts(*by, ep=CLOUD.ep, answers=CLOUD.answers)
    assert np.array_equal(ep.counts, classes.counts)
    assert np.array_equal(ep.counts, errors.counts)
    assert ep.counts.sum() > 1000
    for cell in np.ndindex(at.height, at.width):
        every = CLOUD.inside(*cell)
        kept = every & (CLOUD.levels == Level.SHOWN) if filtered else every
        n = int(kept.sum())
        assert ep.counts[cell] == ep.known[cell] == n
        assert ep.others[cell] == (n == 0 and every.any())
        sums = CLOUD.ep[kept].sum(axis=0)
        assert ep.part[cell] == pytest.approx(sums.max(), abs=1e-3)
        by_class = np.bincount(CLOUD.classes[kept], minlength=4)[:3]
        assert (classes.part[cell], classes.known[cell]) == (by_class.max(), by_class.sum())
        assert classes.winner[cell] == by_class.argmax()
        wrong, right, _ = np.bincount(CLOUD.answers[kept], minlength=3)
        assert (errors.part[cell], errors.known[cell]) == (wrong, wrong + right)
        number, winner, share, rate = told[:, *cell].tolist()
        assert number == n
        if n:
            assert ep.winner[cell] == winner == sums.argmax()
            assert share / 10_000 == pytest.approx(sums.max() / n, abs=1e-4)
        assert rate == (1 + round(10_000 * wrong / (wrong + right)) if wrong + right else 0)


def test_none_and_all_are_told_of_none_and_all_alone() -> None:
    at = Window(0, 3, 0, 1, 3, 1)
    where = np.repeat([0, 1, 2], 30_000)
    xy = np.column_stack([where + 0.5, np.full(len(where), 0.5)]).astype(np.float32)
    answers = np.full(len(xy), RIGHT)
    answers[30_000] = WRONG  # one in the second cell
    answers[60_001:] = WRONG  # all but one in the third
    ep = np.tile(np.float32([1, 0, 0]), (len(xy), 1))
    ep[30_000] = [0, 1, 0]
    _, _, shares, rates = facts(places(xy, at), at, None, ep=ep, answers=answers)[:, 0].tolist()
    assert shares == [10_000, 9_999, 10_000]
    assert rates == [1, 2, 10_000]


def test_memory_does_not_grow_with_the_classes() -> None:
    """Of a mesh with a cell for 2 × 2 pixels, the smallest that there are."""
    window = Window(0, 1, 0, 1, 1200, 1000, ratio=0.5, size=0.25)
    at, n_classes = mesh(window), 60
    assert at.width * at.height < 1.05 * window.width * window.height / 4
    rng = np.random.default_rng(1)
    found = places(rng.uniform(size=(2000, 2)).astype(np.float32), at)
    ep = rng.dirichlet(np.ones(n_classes), 2000).astype(np.float32)
    classes = ep.argmax(axis=1)
    work = (
        lambda: count_cells(found, at, None, ep=ep),
        lambda: count_cells(found, at, None, classes=classes, n_classes=n_classes),
        lambda: facts(found, at, None, ep=ep, answers=np.zeros(2000)),
    )
    for compute in work:
        tracemalloc.start()
        compute()
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert most < 30 * window.width * window.height  # bytes; beside it, the image has 4 a pixel


def test_moving_the_window_moves_no_state_to_another_cell() -> None:
    whole = count_cells(CLOUD.at, CLOUD.mesh, None)
    wide = (CLOUD.mesh.x1 - CLOUD.mesh.x0) / CLOUD.mesh.width
    moved = replace(WINDOW, x0=WINDOW.x0 + 2.37 * wide, x1=WINDOW.x1 + 2.37 * wide)
    beside = mesh(moved)
    other = count_cells(places(CLOUD.xy, beside), beside, None)
    by = round((beside.x0 - CLOUD.mesh.x0) / wide)
    assert by in (2, 3)
    common = whole.counts.shape[1] - by
    assert np.array_equal(whole.counts[:, by:], other.counts[:, :common])


@pytest.mark.parametrize(
    "window",
    [
        WINDOW,
        Window(0, 1, 0, 1, 1, 1),
        Window(0, 1, 0, 1, 3, 500, size=4),
        Window(1e6, 1e6 + 1e-3, -5, -4.999, 300, 200),
        Window(-1e30, 1e30, 0, 1e-30, 300, 200),
        Window(1e20, np.nextafter(1e20, np.inf), 0, 1, 300, 200),
        Window(-1e308, 1e308, 0, 1, 1000, 800),
        Window(1e300, 1e308, -1e308, -1e300, 1000, 800),
        Window(0, 5e-324, -1e308, 1e308, 1000, 800),
    ],
)
def test_a_mesh_holds_its_window_in_cells_of_a_few_pixels(window: Window) -> None:
    found = mesh(window)
    x0, x1 = (min(max(end, -1e20), 1e20) for end in (window.x0, window.x1))  # what can be drawn at all
    slack = 1e-9 * max(abs(x0), abs(x1))
    assert found.x0 <= x0 + slack
    assert found.x1 >= x1 - slack
    points = Points(*CLOUD.xy.T, np.arange(len(CLOUD.xy), dtype=np.uint32))
    assert pick_grid(points, window).shape == (window.height, window.width)  # what dots do, cells do
    assert found.width <= window.width / 2 + 2
    assert found.height <= window.height / 2 + 2
    counts = count_cells(places(CLOUD.xy, found), found, None).counts
    colours, _ = paint(count_cells(places(CLOUD.xy, found), found, None), "density", a_view())
    assert counts.shape == (found.height, found.width)
    assert enlarge(colours, found, window).shape == (window.height, window.width, 4)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize("drawn", ["density", "ep", "class", "errors"])
def test_each_pixel_has_the_colour_of_its_cell_and_none_where_no_state_is(drawn: str, theme: object) -> None:
    view = a_view(theme)
    given = {
        "ep": {"ep": CLOUD.ep},
        "class": {"classes": CLOUD.classes, "n_classes": 3},
        "errors": {"answers": CLOUD.answers},
    }
    found = count_cells(CLOUD.at, CLOUD.mesh, CLOUD.levels, **given.get(drawn, {}))  # type: ignore[arg-type]
    colours, scale = paint(found, drawn, view, 0.4)
    assert np.array_equal(colours[..., 3] > 0, (found.counts > 0) | found.others)
    assert (scale is None) == (drawn in ("ep", "class"))
    image = enlarge(colours, CLOUD.mesh, WINDOW)
    for y, x in [(0, 0), (89, 169), (45, 80), (10, 3), (80, 20)]:
        across = WINDOW.x0 + (x + 0.5) / 170 * (WINDOW.x1 - WINDOW.x0)
        up = WINDOW.y1 - (y + 0.5) / 90 * (WINDOW.y1 - WINDOW.y0)
        at = CLOUD.mesh
        column = int((across - at.x0) / (at.x1 - at.x0) * at.width)
        line = int((at.y1 - up) / (at.y1 - at.y0) * at.height)
        assert image[y, x].tolist() == colours[line, column].tolist()
    assert (colours[found.others, 3] == round(255 * FADED)).all()


def test_a_mean_of_few_states_is_pale_and_grey_and_of_many_has_the_colour_of_its_class() -> None:
    at = Window(0, 3, 0, 1, 3, 1)
    counts = [LEAST - 1, LEAST, 400]
    where = np.repeat([0.5, 1.5, 2.5], counts)
    xy = np.column_stack([where, np.full(len(where), 0.5)]).astype(np.float32)
    ep = np.tile(np.float32([0, 1, 0]), (len(xy), 1))
    view = a_view()
    colours, _ = paint(count_cells(places(xy, at), at, None, ep=ep), "ep", view)
    few, some, many = colours[0]
    assert few[:3].tolist() == rgb([LIGHT.neutral])[0].tolist()
    assert some[:3].tolist() == many[:3].tolist() == rgb([view.palette.hexes[1]])[0].tolist()
    assert 0 < few[3] < some[3] < many[3] == 255


@pytest.mark.parametrize(
    ("rate", "ticks"),
    [
        (0.2, ["0 %", "20 %", "≥ 60 %"]),
        (0.9, ["0 %", "90 %", "100 %"]),
        (0.005, ["0 %", "0.5 %", "≥ 6 %"]),
        (0.9992, ["0 %", "99.92 %", "100 %"]),
        (0.0, ["0 %", "≥ 6 %"]),
        (1.0, ["0 %", "100 %"]),
    ],
)
def test_the_scale_of_errors_is_grey_at_the_rate_of_the_run(rate: float, ticks: list[str]) -> None:
    """In cells of 10,000 states."""
    shares = sorted({0, 0.001, rate, (rate + 1) / 2, 1})
    at = Window(0, len(shares), 0, 1, len(shares), 1)
    where = np.repeat(np.arange(len(shares)), 10_000)
    xy = np.column_stack([where + 0.5, np.full(len(where), 0.5)]).astype(np.float32)
    answers = np.concatenate([np.arange(10_000) >= round(10_000 * share) for share in shares])
    found = count_cells(places(xy, at), at, None, answers=answers.astype(np.uint16))
    colours, scale = paint(found, "errors", a_view(), rate=rate)
    assert scale is not None
    assert [text for _, text in scale.ticks] == ticks
    assert scale.colours[len(scale.colours) // 2] == LIGHT.neutral
    for share, colour in zip(shares, colours[0, :, :3].tolist(), strict=True):
        ends = {share == rate: LIGHT.neutral, share == 0 < rate: LIGHT.right, share == 1 > rate: LIGHT.wrong}
        if True in ends:
            assert colour == rgb([ends[True]])[0].tolist()
    red = colours[0, :, 0].astype(int) - colours[0, :, 1]
    assert all(one <= other for one, other in itertools.pairwise(red.tolist()))


def test_the_scale_of_density_says_what_its_colours_stand_for() -> None:
    found = count_cells(CLOUD.at, CLOUD.mesh, None)
    colours, scale = paint(found, "density", a_view())
    assert scale is not None
    darkness = -colours[..., :3].astype(int).sum(axis=-1)
    order = np.argsort(found.counts[found.counts > 0], kind="stable")
    assert (np.diff(darkness[found.counts > 0][order]) >= 0).all()  # the more, the darker
    hues = rgb(scale.colours)
    for place, text in scale.ticks:
        count = int(text.replace("≥ ", "").replace(",", ""))
        same = colours[found.counts == count][:1]
        if len(same):
            where = np.linspace(0, 1, len(hues))
            between = [np.interp(place, where, channel) for channel in hues.T]
            np.testing.assert_allclose(same[0, :3], between, atol=4)


def test_dots_give_way_to_cells_from_many_states_that_are_kept_and_in_sight() -> None:
    assert drawn_as("auto", "ep", MANY - 1) == "dots"
    assert drawn_as("auto", "ep", MANY) == "density"
    assert drawn_as("auto", "correct", MANY) == "errors"
    assert drawn_as("auto", "class", MANY) == "class"
    assert drawn_as("dots", "ep", 10**7) == "dots"
    assert drawn_as("ep", "class", 3) == "class"
    assert {drawn_as(one, "ep", 3) for one in ("density", "ep", "errors")} == {"density", "ep", "errors"}
    assert set(cells.DRAWN) >= {"dots", "density", "ep", "class", "errors"}
