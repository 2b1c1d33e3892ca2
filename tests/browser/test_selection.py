"""One sequence in all views: chosen, shown with the right numbers, let go."""

import numpy as np
import pytest
from pages import Opened, Served
from playwright.sync_api import Route

from hsvis.dashboard.page import ids
from hsvis.figures.style.theme import LIGHT, palette
from hsvis.run.store import StateStore

INDEX = 7


@pytest.fixture
def store(served: Served) -> StateStore:
    return served.stores["demo"]


def test_row_click_fills_every_view_with_the_numbers_of_the_store(opened: Opened, store: StateStore) -> None:
    opened.row(INDEX)
    opened.shows(INDEX)
    sequence = store.sequence(INDEX)
    n_steps, layer = len(sequence.tokens), store.layers[0]

    info = opened.page.inner_text("#sequence-info").replace("\N{NO-BREAK SPACE}", " ")
    assert f"Sequence {INDEX}" in info
    assert f"{100 * sequence.confidence:.1f} %" in info
    assert ("Correct" if sequence.correct else "Misclassified") in info
    assert store.classes[sequence.predicted] in info

    rows = [trace["z"][0] for trace in opened.traces(ids.EP_HEATMAP) if trace["type"] == "heatmap"]
    np.testing.assert_allclose(rows[: store.n_classes], sequence.ep.T, atol=1e-5)

    bars = next(trace for trace in opened.traces(ids.DISTANCES) if trace["type"] == "bar")
    share = store.distances(layer)[sequence.rows][1:] / store.largest_distance(layer)
    np.testing.assert_allclose(bars["y"][-(n_steps - 1) :], share, atol=1e-5)

    lines = [trace["y"] for trace in opened.traces(ids.CONFIDENCE) if trace["type"] == "scatter"]
    assert any(
        len(y) == n_steps and np.allclose(y, ep, atol=1e-5)
        for y in lines
        for ep in sequence.ep.T
        if None not in y
    )

    units = next(trace for trace in opened.traces(ids.UNIT_ACTIVITY) if trace["type"] == "heatmap")
    states = store.states(INDEX, layer)
    np.testing.assert_allclose(units["z"], states.T[units["customdata"]], atol=1e-5)

    steps = next(trace for trace in opened.traces(ids.PROJECTION) if trace["name"] == "steps")
    xy = store.projections(layer)[0].xy[sequence.rows]
    np.testing.assert_allclose(np.column_stack([steps["x"], steps["y"]]), xy, atol=1e-4)


def test_token_strip_shows_words_and_colours(opened: Opened, store: StateStore) -> None:
    opened.row(INDEX)
    opened.shows(INDEX)
    sequence = store.sequence(INDEX)
    tokens = opened.page.evaluate(
        "[...document.querySelectorAll('#token-strip [data-step]')].map((one) => "
        "[Number(one.dataset.step), one.textContent, one.style.getPropertyValue('--ep'), "
        "one.classList.contains('unknown'), getComputedStyle(one).borderBottomColor])"
    )
    assert [one[0] for one in tokens] == list(range(len(sequence.tokens)))
    assert [one[1] for one in tokens] == sequence.tokens
    expected = palette(store.n_classes, LIGHT).ep_hexes(sequence.ep)
    assert [one[2] for one in tokens] == expected
    assert [one[3] for one in tokens] == [not known for known in sequence.known]
    red, green, blue = (int(expected[0][at : at + 2], 16) for at in (1, 3, 5))
    assert tokens[0][4] == f"rgb({red}, {green}, {blue})"
    assert opened.page.evaluate("document.getElementById('token-strip').textContent") == sequence.text


def test_text_can_be_copied(opened: Opened, store: StateStore) -> None:
    opened.row(INDEX)
    opened.shows(INDEX)
    copied = opened.page.evaluate(
        "(() => { getSelection().selectAllChildren(document.getElementById('token-strip'));"
        " return getSelection().toString(); })()"
    )
    assert copied.split() == store.sequence(INDEX).text.split()


def test_escape_lets_go(opened: Opened) -> None:
    opened.row(INDEX)
    opened.shows(INDEX)
    opened.page.keyboard.press("Escape")
    nothing_is_selected(opened)


def test_second_click_lets_go(opened: Opened) -> None:
    opened.row(INDEX)
    opened.shows(INDEX)
    opened.row(INDEX)
    nothing_is_selected(opened)
    opened.row(INDEX)
    opened.shows(INDEX)


def nothing_is_selected(opened: Opened) -> None:
    opened.shows(None)
    assert opened.page.locator(".ag-row-selected").count() == 0
    assert opened.page.locator("#token-strip [data-step]").count() == 0
    assert "Select a sequence" in opened.page.inner_text("#sequence-info")
    steps = next(trace for trace in opened.traces(ids.PROJECTION) if trace["name"] == "steps")
    assert not steps["x"]
    opened.page.wait_for_timeout(200)
    assert (
        opened.page.evaluate("getComputedStyle(document.querySelector('#projection image')).opacity") == "1"
    )


def test_escape_closes_an_open_menu_first(opened: Opened) -> None:
    opened.row(INDEX)
    opened.shows(INDEX)
    opened.page.click("#projection-select")
    opened.page.wait_for_selector(".dash-dropdown-content")
    opened.page.keyboard.press("Escape")
    opened.page.wait_for_selector(".dash-dropdown-content", state="detached")
    assert opened.selected() == INDEX


def test_the_last_of_many_quick_clicks_is_shown_everywhere(opened: Opened, store: StateStore) -> None:
    for index in (1, 4, 2, 6, 3, 8, 5):
        opened.row(index)
    opened.shows(5)
    opened.page.wait_for_load_state("networkidle")
    sequence = store.sequence(5)
    assert opened.selected() == 5
    assert "Sequence 5" in opened.page.inner_text("#sequence-info")
    assert opened.page.locator("#token-strip [data-step]").all_text_contents() == sequence.tokens
    assert opened.page.locator(".ag-row-selected").get_attribute("row-id") == "5"
    rows = [trace["z"][0] for trace in opened.traces(ids.EP_HEATMAP) if trace["type"] == "heatmap"]
    np.testing.assert_allclose(rows[: store.n_classes], sequence.ep.T, atol=1e-5)


def test_selection_is_one_request(opened: Opened) -> None:
    before = len(opened.requests)
    opened.row(INDEX)
    opened.shows(INDEX)
    opened.page.wait_for_load_state("networkidle")
    later = [address for address in opened.requests[before:] if not address.startswith("blob:")]
    assert len(later) == 1
    assert "/_dash-update-component" in later[0]


def test_threshold_line_moves_without_a_request(opened: Opened) -> None:
    opened.row(INDEX)
    opened.shows(INDEX)
    opened.page.wait_for_load_state("networkidle")
    before = len(opened.requests)
    opened.page.focus("#distance-threshold [role=slider]")
    opened.page.keyboard.press("ArrowRight")
    opened.page.keyboard.press("ArrowRight")
    opened.wait_until(
        "() => document.querySelector('[data-value-of=distance-threshold]').textContent === '0.42'"
    )
    line = opened.figure(ids.DISTANCES, "gd._fullLayout.shapes.find((one) => one.name === 'threshold')")
    assert (line["y0"], line["y1"]) == (pytest.approx(0.42), pytest.approx(0.42))
    assert len(opened.requests) == before
    opened.row(2)
    opened.shows(2)
    assert opened.figure(ids.DISTANCES, "gd._fullLayout.shapes[0].y0") == pytest.approx(0.42)


def test_table_sorts_filters_and_counts(opened: Opened, store: StateStore) -> None:
    opened.page.click(".ag-header-cell[col-id=confidence] .ag-header-cell-text")
    first = opened.page.locator("#sequence-table .ag-row[row-index='0']")
    opened.wait_until(
        "() => document.querySelector('.ag-header-cell[col-id=confidence]').ariaSort === 'ascending'"
    )
    assert first.get_attribute("row-id") == str(int(np.argmin(np.round(store.confidence, 4))))
    align = "(one) => getComputedStyle(one).textAlign"
    for column in ("sequence", "length", "confidence"):
        assert first.locator(f"[col-id={column}]").evaluate(align) == "right"
    wrong = int((store.labels != store.predicted).sum())
    opened.page.evaluate(
        "dash_ag_grid.getApi('sequence-table').setFilterModel"
        "({correct: {filterType: 'text', type: 'equals', filter: 'no'}})"
    )
    opened.wait_until(f"() => document.getElementById('table-count').textContent.startsWith('{wrong} of ')")
    assert opened.page.locator("#sequence-table .ag-center-cols-container .ag-row").count() == wrong
    colour = opened.page.evaluate(
        "getComputedStyle(document.querySelector('#sequence-table .class-name'), '::before').backgroundColor"
    )
    hexes = palette(store.n_classes, LIGHT).hexes
    assert colour in {f"rgb({int(one[1:3], 16)}, {int(one[3:5], 16)}, {int(one[5:7], 16)})" for one in hexes}


def test_a_slow_answer_is_waited_for_visibly(opened: Opened) -> None:
    page = opened.page

    def hold(route: Route) -> None:
        page.wait_for_selector("#details.waiting")  # shows up while the answer is held back
        route.continue_()

    assert page.locator(".waiting").count() == 0
    page.route("**/_dash-update-component*", hold, times=1)
    opened.row(INDEX)
    opened.shows(INDEX)
    page.wait_for_selector("#details:not(.waiting)")
