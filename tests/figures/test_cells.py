"""The cloud by cells: counts, means and rates against those of each state by hand, and its colours."""

from dataclasses import replace

import numpy as np
import pytest

from hsvis.figures import cells
from hsvis.figures.cells import (
    ANSWERS,
    LEAST,
    MANY,
    counted,
    drawn_as,
    enlarged,
    facts,
    mesh,
    painted,
    places,
)
from hsvis.figures.raster import FADED, Level
from hsvis.figures.style.colour import rgb
from hsvis.figures.style.theme import DARK, LIGHT
from hsvis.figures.view import View
from hsvis.figures.window import Window
from hsvis.run.records import Projection

WINDOW = Window(-1.3, 2.1, 0.4, 3.05, 170, 90, ratio=2)


class Run:
    """What colours need to know of a run."""

    n_classes = 3
    classes = ("a", "b", "c")


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
        self.answers = rng.integers(0, ANSWERS, n_states).astype(np.uint16)
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
    ep = counted(CLOUD.at, CLOUD.mesh, levels, ep=CLOUD.ep)
    kinds = counted(CLOUD.at, CLOUD.mesh, levels, kinds=CLOUD.answers, n_kinds=ANSWERS)
    told = facts(CLOUD.at, CLOUD.mesh, levels, ep=CLOUD.ep, answers=CLOUD.answers)
    assert np.array_equal(ep.counts, kinds.counts)
    assert ep.counts.sum() > 1000
    for line, column in np.ndindex(CLOUD.mesh.height, CLOUD.mesh.width):
        every = CLOUD.inside(line, column)
        kept = every & (CLOUD.levels == Level.SHOWN) if filtered else every
        n = int(kept.sum())
        assert ep.counts[line, column] == n
        assert ep.others[line, column] == (n == 0 and every.any())
        by_kind = np.bincount(CLOUD.answers[kept], minlength=ANSWERS)
        assert kinds.sums is not None
        assert kinds.sums[line, column].tolist() == by_kind.tolist()
        assert ep.sums is not None
        np.testing.assert_allclose(ep.sums[line, column], CLOUD.ep[kept].sum(axis=0), atol=1e-3)
        number, winner, share, errors = told[:, line, column].tolist()
        assert number == n
        if n:
            mean = CLOUD.ep[kept].mean(axis=0)
            assert winner == mean.argmax()
            assert share / 10_000 == pytest.approx(mean.max(), abs=1e-4)
        wrong, right, _ = by_kind
        assert errors == (1 + round(10_000 * wrong / (wrong + right)) if wrong + right else 0)


def test_moving_the_window_moves_no_state_to_another_cell() -> None:
    whole = counted(CLOUD.at, CLOUD.mesh, None)
    wide = (CLOUD.mesh.x1 - CLOUD.mesh.x0) / CLOUD.mesh.width
    moved = replace(WINDOW, x0=WINDOW.x0 + 2.37 * wide, x1=WINDOW.x1 + 2.37 * wide)
    beside = mesh(moved)
    other = counted(places(CLOUD.xy, beside), beside, None)
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
    ],
)
def test_a_mesh_holds_its_window_in_cells_of_a_few_pixels(window: Window) -> None:
    found = mesh(window)
    slack = 1e-9 * max(abs(window.x0), abs(window.x1), window.x1 - window.x0)
    assert found.x0 <= window.x0 + slack
    assert found.x1 >= window.x1 - slack
    assert found.width <= window.width / 2 + 2
    assert found.height <= window.height / 2 + 2
    counts = counted(places(CLOUD.xy, found), found, None).counts
    colours, _ = painted(counted(places(CLOUD.xy, found), found, None), "density", a_view())
    assert counts.shape == (found.height, found.width)
    assert enlarged(colours, found, window).shape == (window.height, window.width, 4)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize("drawn", ["density", "ep", "class", "errors"])
def test_each_pixel_has_the_colour_of_its_cell_and_none_where_no_state_is(drawn: str, theme: object) -> None:
    view = a_view(theme)
    kinds = {"class": CLOUD.ep.argmax(axis=1), "errors": CLOUD.answers}.get(drawn)
    found = counted(
        CLOUD.at,
        CLOUD.mesh,
        CLOUD.levels,
        ep=CLOUD.ep if drawn == "ep" else None,
        kinds=kinds,
        n_kinds=ANSWERS + 1,
    )
    colours, scale = painted(found, drawn, view, 0.4)
    assert np.array_equal(colours[..., 3] > 0, (found.counts > 0) | found.others)
    assert (scale is None) == (drawn in ("ep", "class"))
    image = enlarged(colours, CLOUD.mesh, WINDOW)
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
    colours, _ = painted(counted(places(xy, at), at, None, ep=ep), "ep", view)
    few, some, many = colours[0]
    assert few[:3].tolist() == rgb([LIGHT.neutral])[0].tolist()
    assert some[:3].tolist() == many[:3].tolist() == rgb([view.palette.hexes[1]])[0].tolist()
    assert 0 < few[3] < some[3] < many[3] == 255


def test_the_scale_of_errors_is_grey_at_the_rate_of_the_run() -> None:
    at = Window(0, 4, 0, 1, 4, 1)
    where = np.repeat([0.5, 1.5, 2.5, 3.5], 100)
    xy = np.column_stack([where, np.full(400, 0.5)]).astype(np.float32)
    right = np.concatenate([np.arange(100) >= wrong for wrong in (0, 20, 60, 100)]).astype(np.uint16)
    found = counted(places(xy, at), at, None, kinds=right, n_kinds=ANSWERS)
    colours, scale = painted(found, "errors", a_view(), rate=0.2)
    expected = [LIGHT.right, LIGHT.neutral, LIGHT.wrong, LIGHT.wrong]
    assert colours[0, :, :3].tolist() == rgb(expected).tolist()
    assert scale is not None
    assert [text for _, text in scale.ticks] == ["0 %", "20 %", "≥ 60 %"]


def test_the_scale_of_density_says_what_its_colours_stand_for() -> None:
    found = counted(CLOUD.at, CLOUD.mesh, None)
    colours, scale = painted(found, "density", a_view())
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
