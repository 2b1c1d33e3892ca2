"""The cloud by cells: what a cell is said to hold, one click from dots, in the address and in a picture."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import flask
import numpy as np
import pytest
from pages import PAUSE, Opened, Save, Served, at_address, picture, query, tick, watched
from PIL import Image
from playwright.sync_api import Route, expect
from profiles import Profile, forget_files
from server import serving

from hsvis.catalogue.runs import Runs
from hsvis.dashboard import create_app
from hsvis.dashboard.content.clouds import Clouds
from hsvis.dashboard.page import ids
from hsvis.figures import cells
from hsvis.figures.cloud import Look
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
    assert f"here{len(rows):,} state" in said
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


def legend(opened: Opened) -> list[str]:
    """What of the legend is to be seen."""
    found = opened.page.evaluate(
        """() => [...document.querySelectorAll("#legend > *")]
          .filter((one) => one.checkVisibility({ visibilityProperty: true })).map((one) => one.textContent)"""
    )
    return [one for one in found if one]


def test_the_legend_is_that_of_the_colours_that_are_drawn(opened: Opened, save: Save, served: Served) -> None:
    store = served.stores["demo"]
    classes, answers = list(store.classes), ["correct", "misclassified"]
    opened.wait_until(SETTLED)
    assert legend(opened) == classes
    tick(opened, ids.STATE_COLOUR, "correct")
    opened.wait_until("() => document.getElementById('legend').dataset.tells === 'answers'")
    assert legend(opened) == answers
    tick(opened, ids.STATE_DRAWING, "mean EP")
    drawn_is(opened, "ep")
    assert legend(opened) == classes  # the cells have their colours
    text = texts(save(opened, ids.PROJECTION, "SVG"))
    assert all(name in text for name in classes)
    assert "mean by cell" in text
    assert "misclassified" not in text
    for drawing, drawn in (("errors", "errors"), ("density", "density"), ("dots", "dots")):
        tick(opened, ids.STATE_DRAWING, drawing)
        drawn_is(opened, drawn)
        assert legend(opened) == (answers if drawn == "dots" else [])
    opened.row(3)
    opened.shows(3)
    for drawing, drawn in (("dots", "dots"), ("errors", "errors"), ("density", "density")):
        tick(opened, ids.STATE_DRAWING, drawing)
        drawn_is(opened, drawn)
        shown = legend(opened)  # the sequence has the colours of the classes, whatever the states have
        assert shown == ([*answers, *classes] if drawn == "dots" else classes)
        text = texts(save(opened, ids.PROJECTION, "SVG"))
        assert all(name in text for name in shown)
        assert ("states a cell" in text) == (drawn == "density")


def texts(path: Path) -> str:
    """What is written in an SVG file."""
    root = ElementTree.parse(path).getroot()
    return "\n".join("".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text"))


@pytest.mark.parametrize("drawing", ["density", "errors"])
def test_a_picture_has_the_scale_of_its_own_image(
    visit: Callable[..., Opened], save: Save, served: Served, drawing: str
) -> None:
    store = served.stores["demo"]
    opened = visit(f"?state-drawing={drawing}&state-size=4")
    drawn_is(opened, drawing)
    page = opened.page.locator("#scale .scale-ticks span").all_text_contents()
    text = texts(save(opened, ids.PROJECTION, "SVG"))
    asked = query(opened.asked("/cloud/")[-1])
    window = Window(
        *(float(asked[end]) for end in ("x0", "x1", "y0", "y1")),
        int(asked["w"]),
        int(asked["h"]),
        ratio=float(asked["ratio"]),
        size=float(asked["size"]),
    )
    view = Runs([store]).resolve(None)
    scale = json.loads(Clouds().picture(view, window, Look(drawing=drawing))[1])["scale"]
    ticks = [text for _, text in scale["ticks"]]
    assert re.findall(r"■ (≥ [\d,.]+(?: %)?|[\d,.]+(?: %)?)", text) == ticks
    assert scale["label"] in text
    if drawing == "density":
        assert ticks != page  # another range and other cells: other counts


def test_many_states_are_cells_and_their_scale_is_there_after_a_reload(
    profile: Profile, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = served.stores["demo"]
    monkeypatch.setattr(cells, "MANY", store.n_states)
    app, statuses = create_app([store]), []

    @app.server.after_request
    def _(answer: flask.Response) -> flask.Response:
        if "/cloud/" in flask.request.path:
            statuses.append((answer.status_code, "X-Drawn" in answer.headers))
        return answer

    with serving([store], app) as running:
        context = profile()
        forget_files(context)
        page = context.new_page()
        page.set_viewport_size({"width": 1440, "height": 900})
        page.set_default_timeout(PAUSE)
        opened = at_address(watched(page), running.address)
        drawn_is(opened, "density")
        scale = page.inner_text("#scale")
        assert "states a cell" in scale
        statuses.clear()
        at_address(opened, running.address)
        drawn_is(opened, "density")
        assert page.inner_text("#scale") == scale
        assert set(statuses) == {(304, False)}  # nothing but what the browser has kept
        page.click("#draw-cells")
        drawn_is(opened, "dots")
        assert legend(opened) == list(store.classes)
        page.click("#draw-cells")
        drawn_is(opened, "density")
        opened.wait_until("() => !location.search.includes('state-drawing')")
        assert opened.errors == []
        forget_files(context)  # the next server at this address draws few states as dots


def test_where_nobody_says_how_states_are_drawn_the_page_says_so(visit: Callable[..., Opened]) -> None:
    opened = visit("")

    def strip(route: Route) -> None:
        answer = route.fetch()
        headers = {name: value for name, value in answer.headers.items() if name != "x-drawn"}
        route.fulfill(response=answer, headers=headers)

    opened.page.route("**/cloud/**", strip)
    tick(opened, ids.STATE_DRAWING, "density")
    opened.wait_until("() => document.getElementById('scale').textContent && hsvis.cloud.isSettled()")
    assert "does not say" in opened.page.inner_text("#scale")
    assert legend(opened) == []
    assert opened.errors == []


@pytest.mark.parametrize(
    ("errors", "said"), [(0, "0 %"), (1 / 300, "< 1 %"), (0.5, "50 %"), (0.9999, "> 99 %"), (1, "100 %")]
)
def test_few_errors_are_not_said_to_be_none(opened: Opened, errors: float, said: str) -> None:
    told = opened.page.evaluate(
        """async (errors) => {
          const { describe } = await import("/assets/views/projection/cells.mjs");
          return describe({ states: 300, winner: 0, share: 0.9, errors }).at(-1);
        }""",
        errors,
    )
    assert told == f" · {said} in misclassified sequences"


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
