"""The cloud by cells: what a cell is said to hold, one click from dots, in the address and in a picture."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from pages import Opened, Save, Served, picture, query, tick
from PIL import Image
from playwright.sync_api import expect

from hsvis.dashboard.page import ids
from hsvis.figures import cells
from hsvis.figures.window import Window
from hsvis.run.store import StateStore

SETTLED = "() => window.hsvis?.permalink?.isRead() && hsvis.cloud?.isSettled()"
DRAWN = "() => document.getElementById('legend').dataset.drawn"


def drawn_is(opened: Opened, how: str) -> None:
    opened.wait_until(f"() => ({DRAWN})() === '{how}' && hsvis.cloud.isSettled()")


def fullest(opened: Opened, store: StateStore) -> tuple[list[float], np.ndarray]:
    """A place in the cell with most states, on the page, and the rows of these."""
    x0, x1, y0, y1, width, height = opened.page.evaluate(
        "() => ['x0', 'x1', 'y0', 'y1', 'width', 'height'].map((name) => hsvis.cloud.grid[name])"
    )
    mesh = cells.mesh(Window(x0, x1, y0, y1, width, height))
    at = cells.places(store.projections(store.layers[0])[0].xy, mesh)
    best = int(np.bincount(at).argmax())
    line, column = divmod(best, mesh.width + 2)
    middle = [
        mesh.x0 + (column - 0.5) * (mesh.x1 - mesh.x0) / mesh.width,
        mesh.y0 + (line - 0.5) * (mesh.y1 - mesh.y0) / mesh.height,
    ]
    on = opened.page.evaluate(
        """(place) => {
          const { left, top } = hsvis.plot("projection").getBoundingClientRect();
          const [x, y] = hsvis.onPlot(place);
          return [left + x, top + y];
        }""",
        middle,
    )
    return on, np.flatnonzero(at == best)


def test_cells_are_one_click_away_and_say_what_they_hold(opened: Opened, served: Served) -> None:
    store = served.stores["demo"]
    opened.wait_until(SETTLED)
    assert opened.page.evaluate(DRAWN) == "dots"  # a small run
    dots = picture(opened)
    button = opened.page.locator("#draw-cells")
    expect(button).to_have_attribute("aria-pressed", "false")
    button.click()
    drawn_is(opened, "density")
    expect(button).to_have_attribute("aria-pressed", "true")
    assert "states a cell" in opened.page.inner_text("#scale")
    assert not np.array_equal(picture(opened), dots)

    place, rows = fullest(opened, store)
    asked = len(opened.asked("/pick/")) + len(opened.asked("/cloud/"))
    opened.page.mouse.move(*place)
    opened.wait_until("() => document.querySelector('#tooltip')?.checkVisibility()")
    said = opened.page.inner_text("#tooltip")
    assert f"{len(rows):,} state" in said
    mean = store.ep[rows].mean(axis=0)
    assert store.classes[int(mean.argmax())] in said
    owners = np.searchsorted(store.offsets, rows, "right") - 1
    wrong = (store.labels != store.predicted)[owners].mean()
    assert int(re.findall(r"(\d+) % in misclassified", said)[0]) == pytest.approx(100 * wrong, abs=0.51)
    assert len(opened.asked("/pick/")) + len(opened.asked("/cloud/")) == asked  # pointing asks for no image

    opened.page.mouse.click(*place)  # the nearest state is selected as ever
    opened.page.wait_for_selector("#token-strip [data-step]")
    assert opened.selected() is not None
    button.click()
    drawn_is(opened, "dots")
    assert opened.page.inner_text("#scale") == ""


def test_how_the_cloud_is_drawn_is_in_the_address_and_in_a_picture(
    opened: Opened, visit: Callable[..., Opened], save: Save
) -> None:
    opened.wait_until(SETTLED)
    tick(opened, ids.STATE_DRAWING, "errors")
    drawn_is(opened, "errors")
    opened.wait_until("() => location.search.includes('state-drawing=errors')")
    other = visit(f"?{opened.page.url.partition('?')[2]}")
    drawn_is(other, "errors")
    assert np.array_equal(picture(other), picture(opened))
    path = save(opened, ids.PROJECTION, "PNG")
    assert query(opened.asked("/cloud/")[-1])["draw"] == "errors"
    assert Image.open(path).size == (2700, 2700)
    tick(opened, ids.STATE_COLOUR, "actual class")
    tick(opened, ids.STATE_DRAWING, "mean EP")
    drawn_is(opened, "class")
    assert other.errors == []


def test_the_scale_of_type_grows_with_the_window(opened: Opened) -> None:
    size = "() => hsvis.plot('class-overview').layout.font.size"
    opened.wait_until(SETTLED)
    assert opened.page.evaluate(size) == 11
    opened.page.set_viewport_size({"width": 2560, "height": 1440})
    opened.wait_until(f"() => ({size})() > 12")
    body = "() => parseFloat(getComputedStyle(document.body).fontSize) / 13"
    assert opened.page.evaluate(size) == pytest.approx(11 * opened.page.evaluate(body), abs=0.11)
    opened.row(3)
    opened.page.wait_for_selector("#token-strip [data-step]")
    fonts = "() => ['distances', 'ep-heatmap'].map((view) => hsvis.plot(view).layout.font.size)"
    opened.wait_until(f"() => ({fonts})().every((one) => one > 12)")
    assert opened.page.evaluate("() => hsvis.plot('distances').layout.margin.l") > 80
