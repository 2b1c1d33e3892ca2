"""A run whose table comes in pages: it works as a small one does, and the page loads no more for more."""

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pages import (
    Opened,
    Save,
    Served,
    at_address,
    chips,
    highlights,
    query,
    show_run,
    spot,
    stands,
    state_places,
    watched,
)
from playwright.sync_api import BrowserContext, Page, Route, expect
from server import serving
from small import SMALL

from hsvis.config import load_config
from hsvis.dashboard import create_app, ids
from hsvis.dashboard.table_rows import confidence, table_rows
from hsvis.figures import raster
from hsvis.pipeline import build
from hsvis.store import StateStore

MOST = 60  # rows that a small run may have here
WHOLE = 400


@pytest.fixture(scope="session")
def large_store(session_cache: Path) -> StateStore:
    """Four pages of rows."""
    settings = [*SMALL, "name=large", "dataset.limit=null", "projections=[{method: pca}]"]
    return build(load_config("demo", settings))


@pytest.fixture(scope="session")
def quarter_store(session_cache: Path) -> StateStore:
    """The same with a quarter of the sequences."""
    settings = [*SMALL, "name=quarter", f"dataset.limit={WHOLE // 4}", "projections=[{method: pca}]"]
    return build(load_config("demo", settings))


@pytest.fixture(scope="session")
def paged(large_store: StateStore, demo_store: StateStore, quarter_store: StateStore) -> Iterator[Served]:
    stores = [large_store, demo_store, quarter_store]
    with serving(stores, create_app(stores, most_rows=MOST)) as running:
        yield running


@pytest.fixture
def large(contexts: Callable[[str, float], BrowserContext], paged: Served) -> Iterator[Opened]:
    """The page of the large run; the test fails if the page reported an error."""
    page = contexts("light", 1).new_page()
    page.set_viewport_size({"width": 1440, "height": 900})
    page.set_default_timeout(10_000)
    opened = at_address(watched(page), paged.address)
    yield opened
    page.evaluate("localStorage.clear()")
    page.close()
    assert opened.errors == []


@pytest.fixture
def store(large_store: StateStore) -> StateStore:
    return large_store


def head(opened: Opened, column: str, direction: str) -> None:
    """Clicks the head of a column until the table is sorted in a direction."""
    cell = opened.page.locator(f".ag-header-cell[col-id={column}]")
    while (now := cell.get_attribute("aria-sort") or "none") != direction:
        cell.locator(".ag-header-cell-text").click()
        expect(cell).not_to_have_attribute("aria-sort", now)


def shows_rows(opened: Opened, wanted: list[int]) -> None:
    """Waits until the rows on the screen are those of an order that begins so, at the top of the table."""
    opened.page.wait_for_function(
        """(wanted) => {
            const rows = [...document.querySelectorAll("#sequence-table .ag-center-cols-container .ag-row")];
            const id = (row) => `${wanted[row.getAttribute("row-index")]}`;
            const first = rows.filter((row) => Number(row.getAttribute("row-index")) < 8);
            return first.length === Math.min(8, wanted.length)
              && first.every((row) => row.getAttribute("row-id") === id(row)
                && row.querySelector("[col-id=sequence]").textContent === row.getAttribute("row-id"));
        }""",
        arg=wanted,
    )


def scroll_to(opened: Opened, place: int) -> None:
    opened.page.evaluate(f"dash_ag_grid.getApi('sequence-table').ensureIndexVisible({place}, 'middle')")


def counts(opened: Opened, some: int, of: int = WHOLE) -> None:
    text = str(of) if some == of else f"{some} of {of}"
    expect(opened.page.locator("#table-count")).to_have_text(text)


def in_sight(opened: Opened, index: int) -> None:
    """Waits until a row is marked as the selected one, alone, and lies within the table."""
    row = opened.page.locator("#sequence-table .ag-row-selected")
    expect(row).to_have_attribute("row-id", str(index))
    body = opened.page.locator("#sequence-table .ag-body").bounding_box()
    box = row.bounding_box()
    assert body is not None
    assert box is not None
    assert body["y"] - 1 <= box["y"] <= body["y"] + body["height"] - box["height"] + 1


def press(opened: Opened, *keys: str) -> None:
    for key in keys:
        opened.page.keyboard.press(key)


def by_confidence(store: StateStore, falling: bool = False) -> list[int]:
    shown = confidence(store)
    return np.argsort(-shown if falling else shown, kind="stable").tolist()


def test_rows_come_when_they_are_in_sight_sorted_by_the_server(large: Opened, store: StateStore) -> None:
    rows = table_rows(store)
    counts(large, WHOLE)
    shows_rows(large, list(range(WHOLE)))
    assert len(large.asked("/rows/")) == 1
    for place in (250, 399):
        scroll_to(large, place)
        cells = large.page.locator(f'#sequence-table .ag-row[row-id="{place}"]')
        expect(cells.locator("[col-id=words]")).to_have_text(rows[place]["words"])
        expect(cells.locator("[col-id=class]")).to_have_text(rows[place]["class"])
        expect(cells.locator("[col-id=confidence]")).to_have_text(
            f"{100 * rows[place]['confidence']:.1f}\xa0%"
        )
    scroll_to(large, 0)
    for column, falling in (("confidence", False), ("confidence", True), ("length", False), ("words", True)):
        head(large, column, "descending" if falling else "ascending")
        keys = [row[column] for row in rows]
        wanted = sorted(range(WHOLE), key=keys.__getitem__)
        if falling:
            places = {key: k for k, key in enumerate(sorted(set(keys)))}
            wanted = sorted(range(WHOLE), key=lambda k: -places[keys[k]])
        shows_rows(large, wanted)


def test_sorting_keeps_the_place_and_asks_only_for_what_is_in_sight(large: Opened, store: StateStore) -> None:
    scroll_to(large, 210)
    expect(large.page.locator('#sequence-table .ag-row[row-id="210"] .class-name').first).to_be_visible()
    before = len(large.asked("/rows/"))
    head(large, "confidence", "ascending")
    order = by_confidence(store)
    expect(large.page.locator('#sequence-table .ag-row[row-index="210"]')).to_have_attribute(
        "row-id", str(order[210])
    )
    asked = [query(one) for one in large.asked("/rows/")[before:]]
    assert {one["sort"] for one in asked} == {"confidence:asc"}
    assert len(asked) <= 2


def test_filters_of_page_and_columns_are_applied_by_the_server(large: Opened, store: StateStore) -> None:
    wrong = np.flatnonzero((store.labels == 0) & (store.predicted == 1)).tolist()
    large.page.mouse.click(*spot(large, ids.CONFUSION_MATRIX, 1, 0))
    counts(large, len(wrong))
    shows_rows(large, wrong)
    assert chips(large) == [f"class {store.classes[0]}", f"classified {store.classes[1]}", "clear all"]
    assert large.page.inner_text(".chip-count") == f"{len(wrong)} sequences"
    head(large, "confidence", "descending")
    shown = confidence(store)
    shows_rows(large, sorted(wrong, key=lambda index: (-shown[index], index)))
    large.page.hover(".ag-header-cell[col-id=length]")
    large.page.click(".ag-header-cell[col-id=length] .ag-header-cell-filter-button")
    large.page.locator(".ag-filter .ag-picker-field").first.click()
    large.page.get_by_role("option", name="Greater than", exact=True).click()
    large.page.locator(".ag-filter input[type=number]").first.fill("40")
    long = [index for index in wrong if store.lengths[index] > 40]
    assert 0 < len(long) < len(wrong)
    counts(large, len(long))
    large.page.keyboard.press("Escape")
    shows_rows(large, sorted(long, key=lambda index: (-shown[index], index)))
    assert chips(large)[2:] == ["columns: length", "clear all"]
    assert large.page.inner_text(".chip-count") == f"{len(wrong)} sequences"  # of the page's filter
    large.page.click("#chips .chip.clear")
    counts(large, WHOLE)
    shows_rows(large, by_confidence(store, falling=True))

    large.page.fill("#search", "no text has these words")
    counts(large, 0)
    overlay = large.page.locator("#sequence-table .ag-overlay")
    expect(overlay).to_contain_text("No sequence matches the filters")
    press(large, "Escape", "ArrowDown", "n")
    expect(large.page.locator("#notice")).to_contain_text("No other misclassified sequence")
    large.page.fill("#search", "")
    counts(large, WHOLE)
    expect(overlay).to_be_hidden()
    assert large.page.evaluate("hsvis.selectedSequence()") is None


def test_a_region_of_the_cloud_filters_the_table(large: Opened, store: StateStore) -> None:
    xy = store.projections(store.layers[0])[0].xy.astype(float)
    x0, _, _, y1 = raster.bounds(xy)
    middle = np.median(xy, axis=0)
    left, top = spot(large, ids.PROJECTION, x0, y1)
    right, bottom = spot(large, ids.PROJECTION, middle[0], middle[1])
    large.page.click("[data-mode=select]")
    large.page.mouse.move(left + 2, top + 2)
    large.page.mouse.down()
    large.page.mouse.move(right, bottom, steps=5)
    large.page.mouse.up()
    expect(large.page.locator("#chips .chip")).to_have_text(re.compile("region 1"))
    region = large.page.evaluate("hsvis.filter.current().regions[0]")
    (low, _), (high, _), (_, up), _ = region[0], region[1], region[2], region[3]
    down = region[0][1]
    inside = (xy[:, 0] > low) & (xy[:, 0] < high) & (xy[:, 1] > min(up, down)) & (xy[:, 1] < max(up, down))
    wanted = sorted({store.locate(int(row))[0] for row in np.flatnonzero(inside)})
    counts(large, len(wanted))
    shows_rows(large, wanted)


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
    x0, x1, y0, y1 = raster.bounds(xy)
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


def test_export_is_the_table_as_it_is_filtered_and_sorted(
    large: Opened, save: Save, store: StateStore
) -> None:
    large.page.mouse.click(*spot(large, ids.CONFUSION_MATRIX, 0, 0))
    kept = np.flatnonzero((store.labels == 0) & (store.predicted == 0))
    counts(large, len(kept))
    head(large, "length", "descending")
    path = save(large, ids.SEQUENCE_TABLE, "Table as CSV")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["id"]) for row in rows] == kept[np.argsort(-store.lengths[kept], kind="stable")].tolist()
    assert rows[0]["text"] == store.sequence(int(rows[0]["id"])).text
    assert not large.asked("/rows/")[-1].endswith("end=400")  # the page did not need the rows for it


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


def loaded(page: Page, address: str) -> tuple[Counter[str], int]:
    """Bytes that the page gets until it can be used, by kind of address; the number of its requests."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    names: dict[str, str] = {}
    sizes: Counter[str] = Counter()
    session.on("Network.requestWillBeSent", lambda e: names.update({e["requestId"]: e["request"]["url"]}))

    def add(event: Any) -> None:
        path = names[event["requestId"]].removeprefix(address).split("?")[0].split("/")[0]
        sizes[path or "page"] += int(event["encodedDataLength"])

    session.on("Network.loadingFinished", add)
    opened = at_address(watched(page), address)
    opened.page.wait_for_timeout(200)
    return sizes, len(opened.requests)


def test_four_times_the_sequences_load_no_more(
    contexts: Callable[[str, float], BrowserContext], large_store: StateStore, quarter_store: StateStore
) -> None:
    assert large_store.n_sequences == 4 * quarter_store.n_sequences == WHOLE
    sizes = {}
    for most in (MOST, WHOLE):
        for store in (quarter_store, large_store):
            with serving([store], create_app([store], most_rows=most)) as running:
                page = contexts("light", 1).new_page()
                page.set_viewport_size({"width": 1440, "height": 900})
                sizes[most, store.name], _ = loaded(page, running.address)
                page.evaluate("localStorage.clear()")
                page.close()
    grown = {
        most: sum(
            (sizes[most, "large"] - sizes[most, "quarter"])[kind] for kind in ("page", "_dash-layout", "rows")
        )
        for most in (MOST, WHOLE)
    }
    assert sizes[MOST, "large"]["rows"] > 0
    assert sizes[WHOLE, "large"]["rows"] == 0
    assert abs(grown[MOST]) < 1500, sizes  # one page is as long as another, but for its words
    assert grown[WHOLE] > 3 * 1500  # all rows are


def test_filter_answers_do_not_grow_and_json_is_small(large: Opened, store: StateStore) -> None:
    answers: list[str] = []
    large.page.on(
        "response",
        lambda answer: answers.append(answer.text()) if "/sequences/" in answer.url else None,
    )
    large.page.fill("#search", "the")
    found = int(store.contains("the").sum())
    counts(large, found)
    assert [json.loads(answer) for answer in answers] == [{"count": found}]
