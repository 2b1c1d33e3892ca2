"""Ways through a run whose table comes in pages: keys, cloud, address, other runs, a server that is away."""

import numpy as np
import pytest
from pages import Opened, Served, at_address, highlights, show_run, spot, stands, state_places
from playwright.sync_api import Route, expect
from table_on_page import WHOLE, by_confidence, counts, head, in_sight, press, scroll_to, shows_rows

from hsvis.dashboard.content.table_rows import confidence, table_rows
from hsvis.dashboard.page import ids
from hsvis.figures.window import bounds
from hsvis.run.store import StateStore


@pytest.fixture
def store(large_store: StateStore) -> StateStore:
    return large_store


def test_keys_walk_through_pages_that_are_not_loaded(large: Opened, store: StateStore) -> None:
    head(large, "confidence", "ascending")
    order = by_confidence(store)
    shows_rows(large, order)
    press(large, "ArrowDown")
    stands(large, store, order[0])
    press(large, "ArrowUp", "ArrowDown", "ArrowDown")
    stands(large, store, order[2])
    in_sight(large, order[2])
    for _ in range(14):
        press(large, "PageDown")
    stands(large, store, order[142])  # two pages further
    in_sight(large, order[142])
    for _ in range(60):
        large.page.keyboard.down("ArrowUp")
    large.page.keyboard.up("ArrowUp")
    stands(large, store, order[82])
    in_sight(large, order[82])
    press(large, "Escape")
    stands(large, store, None)
    expect(large.page.locator("#sequence-table .ag-row-selected")).to_have_count(0)
    press(large, "ArrowUp")  # from nowhere to the last
    stands(large, store, order[-1])
    in_sight(large, order[-1])


def test_keys_and_buttons_find_misclassified_sequences_anywhere(large: Opened, store: StateStore) -> None:
    order = by_confidence(store, falling=True)
    head(large, "confidence", "descending")
    shows_rows(large, order)
    wrong = [index for index in order if store.labels[index] != store.predicted[index]]
    press(large, "n")
    stands(large, store, wrong[0])
    in_sight(large, wrong[0])
    for index in wrong[1:5]:
        large.page.click("#next-wrong")
        stands(large, store, index)
    in_sight(large, wrong[4])
    for act in (lambda: press(large, "r"), lambda: large.page.click("#random-wrong")):
        before = large.selected()
        act()
        large.wait_until(f"() => ![null, {before}].includes(hsvis.steps.index())")
        now = large.selected()
        assert now in wrong
        stands(large, store, now)
        in_sight(large, now)
    large.row(int(large.page.locator("#sequence-table .ag-row-selected").get_attribute("row-id") or -1))


def test_a_click_in_the_cloud_selects_and_its_row_comes_into_sight(large: Opened, store: StateStore) -> None:
    xy = store.projections(store.layers[0])[0].xy.astype(float)
    far = [row for row in lonely(store, xy) if store.locate(row)[0] > 150][:2]
    for row, place in zip(far, state_places(large, store, far), strict=True):
        index, step = store.locate(row)
        large.page.mouse.move(*place)
        seen = highlights(large)  # at once: sequence and step are known without the server
        assert seen["rings"]["now"] == pytest.approx(place, abs=1.5)
        where = large.page.text_content("#tooltip .tip-where")
        assert where == f"sequence {index} · step {step}"
        expect(large.page.locator("#tooltip")).to_contain_text(store.classes[store.labels[index]])
        large.page.mouse.click(*place)
        stands(large, store, index)
        in_sight(large, index)
        large.page.mouse.move(place[0] + 1, place[1])
        expect(large.page.locator("#tooltip")).to_contain_text(store.classes[store.labels[index]])
    first = store.locate(far[0])[0]
    large.page.mouse.move(*state_places(large, store, far)[0] + [40, 40])
    large.page.keyboard.press("Escape")
    stands(large, store, None)
    scroll_to(large, first)
    expect(large.page.locator(f'#sequence-table .ag-row[row-id="{first}"] .class-name').first).to_be_visible()
    large.page.mouse.move(*state_places(large, store, far)[0])
    large.wait_until("() => document.querySelector('#sequence-table .ag-row.focus')")
    assert highlights(large)["rows"] == [first]


def lonely(store: StateStore, xy: np.ndarray) -> list[int]:
    """Rows of states, those with the most room around them first."""
    x0, x1, y0, y1 = bounds(xy)
    scaled = xy / [x1 - x0, y1 - y0]
    some = np.arange(0, store.n_states, 7)
    room = [np.partition(np.hypot(*(scaled - scaled[row]).T), 1)[1] for row in some]
    return some[np.argsort(room)[::-1]].tolist()


def test_an_address_brings_back_filter_and_selection(large: Opened, paged: Served, store: StateStore) -> None:
    right = np.flatnonzero(store.labels == store.predicted).tolist()
    index = right[-3]
    large.page.fill("#search", "the")
    large.page.mouse.click(*spot(large, ids.CONFUSION_MATRIX, store.labels[index], store.labels[index]))
    kept = [
        one
        for one in right
        if store.labels[one] == store.labels[index] and "the" in store.sequence(one).text.lower()
    ]
    assert index in kept
    counts(large, len(kept))
    scroll_to(large, kept.index(index))
    large.row(index)
    stands(large, store, index)
    large.wait_until("() => location.search.includes('sequence=')")
    address = large.page.url
    at_address(large, address)
    stands(large, store, index)
    counts(large, len(kept))
    in_sight(large, index)
    assert large.page.input_value("#search") == "the"
    large.page.go_back()
    large.page.wait_for_timeout(200)
    at_address(large, address.replace(f"sequence={index}", "sequence=99999"))
    expect(large.page.locator("#notice")).to_contain_text("no sequence “99999”")


def test_small_and_large_runs_take_turns_in_one_page(large: Opened, paged: Served, store: StateStore) -> None:
    demo = paged.stores["demo"]
    press(large, "ArrowDown")
    stands(large, store, 0)
    for _ in range(2):
        show_run(large, "demo")
        counts(large, demo.n_sequences, demo.n_sequences)
        shows_rows(large, list(range(demo.n_sequences)))
        assert large.selected() is None
        before = len(large.asked("/rows/")) + len(large.asked("/walk/"))
        head(large, "confidence", "ascending")
        shows_rows(large, np.argsort(confidence(demo), kind="stable").tolist())
        press(large, "ArrowDown", "ArrowDown")
        stands(large, demo, int(np.argsort(confidence(demo), kind="stable")[1]))
        assert len(large.asked("/rows/")) + len(large.asked("/walk/")) == before  # all rows are here
        show_run(large, "large")
        counts(large, WHOLE)
        shows_rows(large, list(range(WHOLE)))
        press(large, "n")
        stands(large, store, int(np.flatnonzero(store.labels != store.predicted)[0]))
    show_run(large, "quarter")  # from one large run to another
    counts(large, WHOLE // 4, WHOLE // 4)
    quarter = paged.stores["quarter"]
    scroll_to(large, 99)
    words = large.page.locator('#sequence-table .ag-row[row-id="99"] [col-id=words]')
    expect(words).to_have_text(table_rows(quarter)[99]["words"])


def test_a_server_that_does_not_answer_is_told_of_and_asked_again(large: Opened, store: StateStore) -> None:
    away = {"on": True}

    def answer(route: Route) -> None:
        route.abort() if away["on"] else route.continue_()

    for kind in ("rows", "walk"):
        large.page.route(f"**/{kind}/**", answer)
    head(large, "confidence", "ascending")
    notice = large.page.locator("#notice")
    expect(notice).to_contain_text("rows of the table could not be loaded")
    press(large, "n")
    expect(notice).to_contain_text("The table did not answer")
    away["on"] = False
    shows_rows(large, by_confidence(store))
    press(large, "n")
    wrong = next(index for index in by_confidence(store) if store.labels[index] != store.predicted[index])
    stands(large, store, wrong)
    large.errors.clear()  # the requests that were cut off


def test_an_answer_to_an_older_question_changes_nothing(large: Opened, store: StateStore) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    large.page.route("**/rows/**sort=length**", hold)
    head(large, "length", "ascending")
    for _ in range(100):
        large.page.wait_for_timeout(50)
        if held:
            break
    assert held
    head(large, "confidence", "ascending")
    shows_rows(large, by_confidence(store))
    for route in held:
        route.continue_()
    large.page.wait_for_timeout(300)
    shows_rows(large, by_confidence(store))
    counts(large, WHOLE)
