"""A run whose table comes in pages: the server sorts and filters, and the page loads no more for more."""

import csv
import json
import re
from collections import Counter
from typing import Any

import numpy as np
import pytest
from pages import Opened, Save, at_address, chips, query, spot, watched
from playwright.sync_api import Page, expect
from profiles import Profile
from server import serving
from table_on_page import MOST, WHOLE, by_confidence, counts, head, press, scroll_to, shows_rows

from hsvis.dashboard import create_app
from hsvis.dashboard.content.table_rows import confidence, table_rows
from hsvis.dashboard.page import ids
from hsvis.figures.window import bounds
from hsvis.run.store import StateStore


@pytest.fixture
def store(large_store: StateStore) -> StateStore:
    return large_store


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
    x0, _, _, y1 = bounds(xy)
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
    profile: Profile, large_store: StateStore, quarter_store: StateStore
) -> None:
    assert large_store.n_sequences == 4 * quarter_store.n_sequences == WHOLE
    sizes = {}
    context = profile()
    for most in (MOST, WHOLE):
        for store in (quarter_store, large_store):
            with serving([store], create_app([store], most_rows=most)) as running:
                page = context.new_page()
                page.set_viewport_size({"width": 1440, "height": 900})
                sizes[most, store.name], _ = loaded(page, running.address)
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
