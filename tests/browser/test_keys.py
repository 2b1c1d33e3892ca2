"""The keyboard: through the table, through the steps, to the search and back; where it means other things."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from pages import (
    Open,
    Opened,
    Served,
    area,
    everywhere,
    highlighted,
    highlights,
    rows_shown,
    stands,
)
from playwright.sync_api import Route, expect

from hsvis.analysis.units import unit_order
from hsvis.dashboard.page import ids
from hsvis.run.store import StateStore

LONG = 18  # the longest sequence of the small demo


@pytest.fixture
def store(served: Served) -> StateStore:
    return served.stores["demo"]


def press(opened: Opened, *keys: str) -> None:
    for key in keys:
        opened.page.keyboard.press(key)


def all_views_show(opened: Opened, store: StateStore, index: int) -> None:
    """Waits for a sequence, and compares every view with the store."""
    stands(opened, store, index)
    sequence, layer = store.sequence(index), store.layers[0]
    assert opened.page.inner_text("#sequence-info h2") == f"Sequence {index}"
    assert opened.page.locator("#token-strip [data-step]").all_text_contents() == sequence.tokens
    rows = [trace["z"][0] for trace in opened.traces(ids.EP_HEATMAP) if trace["type"] == "heatmap"]
    np.testing.assert_allclose(rows[: store.n_classes], sequence.ep.T, atol=1e-5)
    bars = trace_named(opened, ids.DISTANCES, "distance")["y"]
    share = store.distances(layer)[sequence.rows][1:] / store.largest_distance(layer)
    np.testing.assert_allclose(bars, share, atol=1e-5)
    line = trace_named(opened, ids.CONFIDENCE, f"EP of {store.classes[1]}")["y"]
    np.testing.assert_allclose(line, sequence.ep[:, 1], atol=1e-5)
    units = trace_named(opened, ids.UNIT_ACTIVITY, "units")["z"]
    states = store.states(index, layer)
    np.testing.assert_allclose(units, states.T[unit_order(states)], atol=1e-5)
    steps = trace_named(opened, ids.PROJECTION, "steps")
    xy = store.projections(layer)[0].xy[sequence.rows]
    np.testing.assert_allclose(np.column_stack([steps["x"], steps["y"]]), xy, atol=1e-4)
    row = opened.page.locator("#sequence-table .ag-row-selected")
    expect(row).to_have_attribute("row-id", str(index))
    assert inside(row.bounding_box(), opened.page.locator("#sequence-table .ag-body").bounding_box())


def trace_named(opened: Opened, figure: str, name: str) -> dict[str, Any]:
    return next(trace for trace in opened.traces(figure) if trace["name"] == name)


def inside(inner: Any, outer: Any) -> bool:
    """Whether the height of a box is within that of another."""
    return inner["y"] >= outer["y"] - 1 and inner["y"] + inner["height"] <= outer["y"] + outer["height"] + 1


def write(opened: Opened, text: str) -> None:
    opened.page.keyboard.type(text)


def selected_row(opened: Opened) -> int:
    """The sequence that is marked in the table: what a key selects is marked there at once."""
    return int(opened.page.locator("#sequence-table .ag-row-selected").get_attribute("row-id") or -1)


def sort_by_confidence(opened: Opened, direction: str) -> None:
    """Clicks the head of the column until the table is sorted in a direction."""
    head = opened.page.locator(".ag-header-cell[col-id=confidence]")
    while (now := head.get_attribute("aria-sort") or "none") != direction:
        head.locator(".ag-header-cell-text").click()
        expect(head).not_to_have_attribute("aria-sort", now)


def search(opened: Opened, words: str, found: int, of: int) -> None:
    """Types words into the search field; `found` of all sequences have them."""
    press(opened, "/")
    write(opened, words)
    expect(opened.page.locator("#table-count")).to_have_text(f"{found} of {of}")


@contextmanager
def answers_held(opened: Opened) -> Iterator[None]:
    """Inside, the server gets no question from callbacks; afterwards it gets all of them."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    opened.page.route("**/_dash-update-component*", hold)
    yield
    for route in held:
        route.continue_()
    opened.page.unroute("**/_dash-update-component*")


def rare_word(store: StateStore, without: set[int]) -> tuple[str, list[int]]:
    """A word, and the sequences that have it: a few, but not those given."""
    for word in sorted({token.lower() for token in store.sequence(LONG).tokens if token.isalpha()}):
        found = np.flatnonzero(store.contains(word)).tolist()
        if len(word) > 4 and 3 <= len(found) <= 8 and not without & set(found):
            return word, found
    raise AssertionError("the small demo has no such word")


def test_arrows_walk_through_the_table_as_it_is_sorted_and_filtered(
    opened: Opened, store: StateStore
) -> None:
    sort_by_confidence(opened, "ascending")
    confidence = np.round(store.confidence, 4)  # as the table has it
    order = np.argsort(confidence, kind="stable").tolist()
    press(opened, "ArrowDown")
    all_views_show(opened, store, order[0])
    press(opened, "ArrowUp")  # there is nothing above
    press(opened, "ArrowDown", "ArrowDown")
    all_views_show(opened, store, order[2])
    press(opened, "ArrowUp")
    all_views_show(opened, store, order[1])
    sort_by_confidence(opened, "descending")
    turned = np.argsort(-confidence, kind="stable").tolist()
    press(opened, "ArrowDown")
    all_views_show(opened, store, turned[turned.index(order[1]) + 1])
    press(opened, "ArrowDown", "ArrowDown", "ArrowDown")  # there is nothing below the last
    all_views_show(opened, store, turned[-1])
    word, found = rare_word(store, without={turned[-1]})
    search(opened, word, len(found), store.n_sequences)
    press(opened, "Escape")
    assert opened.selected() == turned[-1]
    left = [index for index in turned if index in found]
    assert rows_shown(opened) == left
    press(opened, "ArrowDown")  # from a sequence that the filter hides to the first that it leaves
    all_views_show(opened, store, left[0])
    press(opened, "ArrowDown")
    all_views_show(opened, store, left[1])
    press(opened, "PageDown")
    all_views_show(opened, store, left[-1])


def test_a_held_arrow_ends_with_all_views_on_the_selected_row(opened: Opened, store: StateStore) -> None:
    for _ in range(28):
        opened.page.keyboard.down("ArrowDown")  # from the second on, as a held key repeats
    opened.page.keyboard.up("ArrowDown")
    all_views_show(opened, store, 27)
    for _ in range(12):
        opened.page.keyboard.down("ArrowUp")
    opened.page.keyboard.up("ArrowUp")
    all_views_show(opened, store, 15)


def test_while_an_answer_is_under_way_keys_pass_over_sequences_and_a_click_ends_the_walk(
    opened: Opened, store: StateStore
) -> None:
    with answers_held(opened):
        press(opened, "ArrowDown")
        opened.wait_until("() => hsvis.selectedSequence() === 0")
        before = len(opened.asked("_dash-update"))
        press(opened, *["ArrowDown"] * 8)
    all_views_show(opened, store, 8)
    assert len(opened.asked("_dash-update")) - before <= 2  # not all of 1 to 8

    with answers_held(opened):
        press(opened, "ArrowUp")
        opened.wait_until("() => hsvis.selectedSequence() === 7")
        press(opened, *["ArrowUp"] * 3)
        opened.row(2)
        opened.wait_until("() => hsvis.selectedSequence() === 2")
    all_views_show(opened, store, 2)  # not 4, where the keys were


def test_arrows_walk_through_the_steps_in_all_views(open_page: Open, store: StateStore) -> None:
    opened = open_page(1280, 720)  # the strip is too low for the whole text
    press(opened, *["ArrowDown"] * (LONG + 1))
    stands(opened, store, LONG)
    last = int(store.lengths[LONG]) - 1
    strip = opened.page.locator("#token-strip")
    assert strip.evaluate("(strip) => strip.scrollHeight - strip.clientHeight") > 20
    at = None
    for keys, step in [
        (["ArrowRight"], 0),
        (["ArrowRight"] * 3, 3),
        (["ArrowLeft"], 2),
        (["End"], last),
        (["ArrowRight"], last),
        (["ArrowLeft"] * 2, last - 2),
        (["Home"], 0),
        (["ArrowLeft"], 0),
        (["ArrowRight"] * 30, 30),
    ]:
        press(opened, *keys)
        assert highlighted(opened, store, LONG) == everywhere(step), (at, keys)
        token = opened.page.locator(f'#token-strip [data-step="{step}"]')
        assert inside(token.bounding_box(), strip.bounding_box()), (at, keys)
        assert opened.selected() == LONG
        at = step
    press(opened, "ArrowUp")  # of another sequence, no step is chosen
    stands(opened, store, LONG - 1)
    assert highlighted(opened, store, LONG - 1) == everywhere(None)
    press(opened, "ArrowLeft")
    assert highlighted(opened, store, LONG - 1) == everywhere(int(store.lengths[LONG - 1]) - 1)
    assert opened.errors == []


def test_escape_lets_go_of_sequence_and_step(opened: Opened, store: StateStore) -> None:
    press(opened, "ArrowDown", "ArrowRight")  # without a sequence there is no step yet
    stands(opened, store, 0)
    press(opened, "Home")
    assert highlights(opened)["tokens"]["now"] == [0]
    press(opened, "Escape")
    stands(opened, store, None)
    assert opened.selected() is None
    shown = highlights(opened)
    assert not any(shown["now"].values())
    assert shown["rings"]["now"] is None
    assert shown["rows"] == shown["tokens"]["now"] == []
    expect(opened.page.locator("#sequence-table .ag-row-selected")).to_have_count(0)
    assert opened.page.locator("#token-strip [data-step]").count() == 0
    assert "Select a sequence" in opened.page.inner_text("#sequence-info")
    opened.wait_until("() => dash_component_api.getLayout('focus').props.data === null")


def test_search_has_its_keys_for_itself_and_escape_only_leaves_it(opened: Opened, store: StateStore) -> None:
    opened.row(3)
    stands(opened, store, 3)
    press(opened, "Home")
    press(opened, "/")
    field = opened.page.locator("#search")
    expect(field).to_be_focused()
    write(opened, "nr/?0")
    press(opened, "ArrowDown", "ArrowLeft", "Home", "End")
    expect(field).to_have_value("nr/?0")
    expect(opened.page.locator("#table-count")).to_have_text(f"0 of {store.n_sequences}")
    press(opened, "Escape")
    expect(field).not_to_be_focused()
    expect(field).to_have_value("nr/?0")
    assert rows_shown(opened) == []
    press(opened, "ArrowDown")  # no row to go to
    assert opened.selected() == 3
    assert opened.page.evaluate("hsvis.selectedSequence()") == 3
    assert highlighted(opened, store, 3) == everywhere(0)
    assert not opened.page.locator("#keys").is_visible()
    press(opened, "Escape")  # the second one lets go
    stands(opened, store, None)


def test_letters_keep_their_order_however_fast_they_are_typed(opened: Opened) -> None:
    opened.page.focus("#search")
    typed = opened.page.evaluate(
        """() => new Promise((done) => {
            const type = (letter) => document.execCommand("insertText", false, letter);
            type("a");
            setTimeout(() => type("c")); // between what the page does a moment after “a” and after “b”
            type("b");
            setTimeout(() => done(document.getElementById("search").value), 100);
        })"""
    )
    assert typed == "abc"
    expect(opened.page.locator("#table-count")).to_have_text("0 of 40")


def test_question_mark_opens_the_list_of_keys_and_escape_closes_only_it(
    opened: Opened, store: StateStore
) -> None:
    dialog = opened.page.locator("#keys")
    opened.row(3)
    stands(opened, store, 3)
    press(opened, "End", "?")
    expect(dialog).to_be_visible()
    assert {"↑", "↓", "←", "→", "Home", "End", "n", "r", "s", "/", "Esc", "?"} <= set(
        dialog.locator("kbd").all_inner_texts()
    )
    step = highlights(opened)["tokens"]["now"]
    press(opened, "ArrowDown", "ArrowLeft", "n")  # not while the list is open
    press(opened, "Escape")
    expect(dialog).to_be_hidden()
    assert selected_row(opened) == opened.selected() == 3
    assert highlights(opened)["tokens"]["now"] == step != []
    opened.page.click("#show-keys")
    expect(dialog).to_be_visible()
    opened.page.click("#close-keys")
    expect(dialog).to_be_hidden()


def test_keys_and_buttons_select_misclassified_sequences_of_the_table(
    opened: Opened, store: StateStore
) -> None:
    wrong = np.flatnonzero(store.labels != store.predicted).tolist()
    assert len(wrong) > 1
    press(opened, "n")
    all_views_show(opened, store, wrong[0])
    opened.page.click("#next-wrong")
    all_views_show(opened, store, wrong[1])
    for index in [*wrong[2:], wrong[0]]:  # after the last comes the first
        press(opened, "n")
        stands(opened, store, index)
    at = wrong[0]
    for act in (lambda: press(opened, "r"), lambda: opened.page.click("#random-wrong")):
        act()
        opened.wait_until(f"() => ![null, {at}].includes(hsvis.steps.index())")
        now = opened.selected()
        assert now in wrong
        at = now
    press(opened, "Escape")
    stands(opened, store, None)
    sort_by_confidence(opened, "descending")
    press(opened, "n")  # in the order of the table
    stands(opened, store, max(wrong, key=lambda index: store.confidence[index]))
    press(opened, "Escape")
    stands(opened, store, None)

    word, found = rare_word(store, without=set(wrong))
    search(opened, word, len(found), store.n_sequences)
    press(opened, "Escape", "n")
    notice = opened.page.locator("#notice")
    expect(notice).to_contain_text("No other misclassified sequence")
    assert opened.selected() is None
    opened.page.evaluate("dash_clientside.set_props('notice', { children: '' })")
    expect(notice).to_be_empty()
    opened.page.click("#random-wrong")
    expect(notice).to_contain_text("No other misclassified sequence")
    assert opened.selected() is None


def test_keys_on_a_control_move_the_control_only(opened: Opened, store: StateStore) -> None:
    opened.row(5)
    stands(opened, store, 5)
    press(opened, "End")
    last = int(store.lengths[5]) - 1
    slider = opened.page.locator("#distance-threshold [role=slider]")
    slider.focus()
    value = opened.page.locator("[data-value-of=distance-threshold]")
    press(opened, "ArrowRight", "ArrowRight", "ArrowUp", "ArrowLeft")
    expect(value).to_have_text("0.42")
    press(opened, "Home")
    expect(value).to_have_text("0.00")
    order = opened.page.locator("#unit-order input")
    order.first.focus()
    press(opened, "ArrowDown")
    expect(order.last).to_be_checked()
    assert selected_row(opened) == 5
    assert highlighted(opened, store, 5) == everywhere(last)
    opened.page.hover(".ag-header-cell[col-id=class]")
    opened.page.click(".ag-header-cell[col-id=class] .ag-header-cell-filter-button")
    field = opened.page.locator(".ag-filter input[type=text]").first
    field.focus()
    opened.page.keyboard.type("n?/r0")
    expect(field).to_have_value("n?/r0")
    field.fill("")
    press(opened, "Escape")
    expect(opened.page.locator(".ag-filter")).to_have_count(0)
    assert selected_row(opened) == 5
    assert highlighted(opened, store, 5) == everywhere(last)
    press(opened, "Control+ArrowLeft", "Alt+ArrowUp", "Control+ArrowDown")  # the browser's
    assert selected_row(opened) == 5
    assert highlighted(opened, store, 5) == everywhere(last)


def test_a_resting_pointer_shows_nothing_of_the_sequence_before(opened: Opened, store: StateStore) -> None:
    opened.row(3)
    stands(opened, store, 3)
    left, top, width, height = area(opened, ids.EP_HEATMAP)
    opened.page.mouse.move(left + width / 2, top + height / 2)
    tooltip = opened.page.locator("#tooltip")
    expect(tooltip).to_contain_text("sequence 3 ")
    press(opened, "ArrowDown")
    all_views_show(opened, store, 4)
    expect(tooltip).to_be_hidden()
    assert highlighted(opened, store, 4) == everywhere(None)
    press(opened, "ArrowRight")
    assert highlighted(opened, store, 4) == everywhere(0)
    opened.page.mouse.move(left + width / 2 + 1, top + height / 2)
    expect(tooltip).to_contain_text("sequence 4 ")
