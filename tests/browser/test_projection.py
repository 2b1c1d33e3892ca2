"""The cloud: its image, zoom, and the states under the pointer."""

from collections.abc import Callable

import numpy as np
import pytest
from pages import Open, Opened, Served, query

from hsvis.dashboard.page import ids
from hsvis.figures.window import bounds, dot_radius
from hsvis.run.store import StateStore


@pytest.fixture
def store(served: Served) -> StateStore:
    return served.stores["demo"]


def place(opened: Opened, x: float, y: float) -> tuple[float, float]:
    """Where a point of the projection is on the page."""
    left, top = opened.figure(
        ids.PROJECTION,
        f"[gd._fullLayout.xaxis.d2p({x}) + gd._fullLayout.xaxis._offset, "
        f"gd._fullLayout.yaxis.d2p({y}) + gd._fullLayout.yaxis._offset]",
    )
    box = opened.page.locator("#projection .js-plotly-plot").bounding_box()
    assert box is not None
    return box["x"] + left, box["y"] + top


def alone(store: StateStore, view: tuple[float, float, float, float], wanted: Callable[[int], bool]) -> int:
    """The row of a state that has the most room around it, of those whose sequence is wanted."""
    x0, x1, y0, y1 = view
    xy = store.projections(store.layers[0])[0].xy / [x1 - x0, y1 - y0]
    best, room = -1, 0.0
    for row in range(0, store.n_states, 3):
        if not wanted(store.locate(row)[0]):
            continue
        apart = np.sort(np.hypot(*(xy - xy[row]).T))[1]
        if apart > room:
            best, room = row, apart
    return best


def nearest_to(opened: Opened, store: StateStore, row: int) -> tuple[float, float]:
    """Where on the page the state is that is drawn nearest to another."""
    xy = store.projections(store.layers[0])[0].xy
    (ax, ay), (bx, by) = place(opened, 0, 0), place(opened, 1, 1)
    apart = np.hypot(*((xy - xy[row]) * [bx - ax, by - ay]).T)
    apart[apart == 0] = np.inf
    return place(opened, *xy[apart.argmin()])


def whole(store: StateStore) -> tuple[float, float, float, float]:
    return bounds(store.projections(store.layers[0])[0].xy)


def range_of(opened: Opened) -> list[float]:
    return opened.figure(ids.PROJECTION, "[...gd._fullLayout.xaxis.range, ...gd._fullLayout.yaxis.range]")


def laid(opened: Opened) -> list[float]:
    """x0, x1, y0, y1 of the image that is on the page."""
    image = opened.figure(ids.PROJECTION, "gd._fullLayout.images[0]")
    return [image["x"], image["x"] + image["sizex"], image["y"] - image["sizey"], image["y"]]


def zoom(opened: Opened, x: float, y: float, turn: int = 300) -> list[float]:
    """Zooms in at a point of the projection with the wheel; the range before."""
    before = range_of(opened)
    opened.page.mouse.move(*place(opened, x, y))
    opened.page.mouse.wheel(0, -turn)
    opened.wait_until(
        "() => document.querySelector('#projection .js-plotly-plot')._fullLayout.xaxis.range[0]"
        f" > {before[0]}"
    )
    opened.settle()
    return before


def test_image_of_all_states_is_loaded(opened: Opened, store: StateStore) -> None:
    assert opened.image_is_shown("demo")
    size = opened.figure(ids.PROJECTION, "[gd._fullLayout.xaxis._length, gd._fullLayout.yaxis._length]")
    asked = query(opened.asked("/cloud/")[-1])
    assert [int(asked["w"]), int(asked["h"])] == [round(side) for side in size]
    assert laid(opened) == pytest.approx(whole(store))
    assert opened.figure(ids.PROJECTION, "gd._fullLayout.images[0].layer") == "below"
    assert len(opened.asked("/cloud/")) == len(opened.asked("/pick/")) == 1


def test_image_has_the_pixels_of_the_screen(open_page: Open) -> None:
    opened = open_page(scale=2)
    width = opened.figure(ids.PROJECTION, "gd._fullLayout.xaxis._length")
    assert int(query(opened.asked("/cloud/")[-1])["w"]) == round(2 * width)
    assert opened.errors == []


def test_zoom_brings_a_sharp_image_of_the_new_range(opened: Opened, store: StateStore) -> None:
    row = alone(store, whole(store), lambda index: True)
    x, y = store.projections(store.layers[0])[0].xy[row]
    before = zoom(opened, x, y)
    after = range_of(opened)
    assert before[0] < after[0] < x < after[1] < before[1]
    assert before[2] < after[2] < y < after[3] < before[3]
    asked = query(opened.asked("/cloud/")[-1])
    assert [float(asked[name]) for name in ("x0", "x1", "y0", "y1")] == pytest.approx(after)
    assert laid(opened) == pytest.approx(after)
    assert len(opened.asked("/cloud/")) == 2
    opened.page.mouse.dblclick(*place(opened, (after[0] + after[1]) / 2, (after[2] + after[3]) / 2))
    opened.wait_until(
        "() => Math.abs(document.querySelector('#projection .js-plotly-plot')._fullLayout.xaxis.range[0]"
        f" - {before[0]}) < 1e-9"
    )
    opened.settle()
    assert range_of(opened) == pytest.approx(before)
    assert laid(opened) == pytest.approx(before)


def test_drag_moves_the_range(opened: Opened) -> None:
    before = range_of(opened)
    x, y = place(opened, (before[0] + before[1]) / 2, (before[2] + before[3]) / 2)
    opened.page.mouse.move(x, y)
    opened.page.mouse.down()
    opened.page.mouse.move(x + 60, y + 40, steps=4)
    opened.page.mouse.up()
    opened.wait_until(
        "() => document.querySelector('#projection .js-plotly-plot')._fullLayout.xaxis.range[0]"
        f" < {before[0]}"
    )
    opened.settle()
    after = range_of(opened)
    assert after[1] - after[0] == pytest.approx(before[1] - before[0])
    assert laid(opened) == pytest.approx(after)
    assert opened.selected() is None  # a drag is no click


def test_click_on_a_state_selects_its_sequence(opened: Opened, store: StateStore) -> None:
    row = alone(store, whole(store), lambda index: index > 30)  # whose row of the table is out of sight
    index, _ = store.locate(row)
    opened.page.mouse.click(*place(opened, *store.projections(store.layers[0])[0].xy[row]))
    opened.page.wait_for_selector("#token-strip [data-step]")
    assert opened.selected() == index
    marked = opened.page.locator(".ag-row-selected")
    assert marked.count() == 1
    assert marked.get_attribute("row-id") == str(index)
    box, table = marked.bounding_box(), opened.page.locator("#sequence-table .ag-body").bounding_box()
    assert box is not None
    assert table is not None
    assert table["y"] - 1 <= box["y"] <= table["y"] + table["height"] - box["height"] + 1  # in sight
    opened.page.wait_for_timeout(400)  # not a double click
    # a click on the same state lets go of it again
    opened.page.mouse.click(*place(opened, *store.projections(store.layers[0])[0].xy[row]))
    opened.wait_until("() => !document.getElementById('page').classList.contains('selected')")
    assert opened.selected() is None


def test_click_beside_a_state_finds_it_and_click_on_nothing_does_nothing(
    opened: Opened, store: StateStore
) -> None:
    row = alone(store, whole(store), lambda index: True)
    x, y = place(opened, *store.projections(store.layers[0])[0].xy[row])
    corner = whole(store)
    empty = place(opened, corner[0], corner[2])
    opened.page.mouse.click(empty[0] + 3, empty[1] - 3)
    opened.page.wait_for_timeout(150)
    assert opened.selected() is None
    away = np.array([x, y]) - np.array(nearest_to(opened, store, row))  # so that no other state is as near
    beside = np.array([x, y]) + (dot_radius(store.n_states) + 3) * away / np.hypot(*away)
    opened.page.mouse.click(*beside.tolist())
    opened.page.wait_for_selector("#token-strip [data-step]")
    assert opened.selected() == store.locate(row)[0]


def test_click_finds_the_state_after_a_zoom(opened: Opened, store: StateStore) -> None:
    xy = store.projections(store.layers[0])[0].xy
    row = alone(store, whole(store), lambda index: index % 2 == 0)
    zoom(opened, *xy[row], turn=500)
    opened.page.mouse.click(*place(opened, *xy[row]))
    opened.page.wait_for_selector("#token-strip [data-step]")
    assert opened.selected() == store.locate(row)[0]


def test_double_click_on_a_state_is_no_second_click(opened: Opened, store: StateStore) -> None:
    row = alone(store, whole(store), lambda index: True)
    opened.page.mouse.dblclick(*place(opened, *store.projections(store.layers[0])[0].xy[row]))
    opened.page.wait_for_selector("#token-strip [data-step]")
    opened.page.wait_for_timeout(300)
    assert opened.selected() == store.locate(row)[0]


def test_two_quick_clicks_in_different_places_are_no_double_click(opened: Opened, store: StateStore) -> None:
    x0, x1, y0, y1 = range_of(opened)
    zoom(opened, (x0 + x1) / 2, (y0 + y1) / 2)
    zoomed = range_of(opened)
    left, top = place(opened, zoomed[0], zoomed[3])
    for shift in (15, 60, 105):
        opened.page.mouse.click(left + shift, top + 15)
    opened.page.wait_for_timeout(400)
    assert range_of(opened) == pytest.approx(zoomed)


def test_selection_dims_the_image_and_leaves_it_alone(opened: Opened) -> None:
    source = opened.figure(ids.PROJECTION, "gd._fullLayout.images[0].source")
    element = opened.page.query_selector("#projection image")
    opacity = "getComputedStyle(document.querySelector('#projection image')).opacity"
    assert opened.page.evaluate(opacity) == "1"
    for index in (4, 7):
        opened.row(index)
        opened.shows(index)
    opened.page.wait_for_timeout(300)
    assert float(opened.page.evaluate(opacity)) < 0.5
    assert opened.figure(ids.PROJECTION, "gd._fullLayout.images[0].source") == source
    assert element is not None
    assert element.evaluate("one => one.isConnected")
    assert len(opened.asked("/cloud/")) == len(opened.asked("/pick/")) == 1


def test_selection_keeps_the_zoom(opened: Opened) -> None:
    x0, x1, y0, y1 = range_of(opened)
    zoom(opened, (x0 + x1) / 2, (y0 + y1) / 2)
    zoomed = range_of(opened)
    assert zoomed[0] > x0
    opened.row(6)
    opened.shows(6)
    opened.settle()
    assert range_of(opened) == pytest.approx(zoomed)
    assert laid(opened) == pytest.approx(zoomed)
    opened.page.click("#theme-toggle")
    opened.wait_until(
        "() => document.querySelector('#projection .js-plotly-plot').layout.meta.theme === 'dark'"
    )
    opened.settle()
    assert range_of(opened) == pytest.approx(zoomed)


def test_another_projection_shows_its_whole_cloud(opened: Opened, store: StateStore) -> None:
    opened.row(2)
    opened.page.wait_for_selector("#token-strip [data-step]")
    other = store.projections(store.layers[0])[1]
    opened.choose("projection-select", other.label)
    opened.wait_until(
        "() => document.querySelector('#projection .js-plotly-plot').layout.meta.cloud.endsWith"
        f"('{other.name}')"
    )
    opened.settle()
    assert range_of(opened) == pytest.approx(bounds(other.xy))
    assert laid(opened) == pytest.approx(bounds(other.xy))
    steps = next(trace for trace in opened.traces(ids.PROJECTION) if trace["name"] == "steps")
    rows = store.sequence(2).rows
    np.testing.assert_allclose(np.column_stack([steps["x"], steps["y"]]), other.xy[rows], atol=1e-4)
    assert other.label in opened.page.inner_text("#projection-info")


def test_another_window_size_brings_another_image(opened: Opened) -> None:
    lengths = "[gd._fullLayout.xaxis._length, gd._fullLayout.yaxis._length]"
    before = opened.figure(ids.PROJECTION, lengths)
    opened.page.set_viewport_size({"width": 1600, "height": 1000})
    opened.wait_until(
        "() => document.querySelector('#projection .js-plotly-plot')._fullLayout.yaxis._length"
        f" > {before[1]} + 50"
    )
    opened.settle()
    size = opened.figure(ids.PROJECTION, lengths)
    assert size[0] > before[0]
    asked = query(opened.asked("/cloud/")[-1])
    assert [int(asked["w"]), int(asked["h"])] == [round(side) for side in size]
