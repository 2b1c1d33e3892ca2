"""Kept columns on the page: in the table, in filters by group, and as colour of the cloud."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import kept_example
import numpy as np
import pandas as pd
import pytest
from pages import Open, Opened, query, tick
from playwright.sync_api import expect
from server import serving

from hsvis.dashboard import create_app
from hsvis.dashboard.page import ids
from hsvis.run.store import StateStore

ROWS = kept_example.frame()
GRID = "dash_ag_grid.getApi('sequence-table')"
MARKUP = kept_example.SOURCES[1]


@pytest.fixture(scope="module")
def addresses(kept_store: StateStore, demo_store: StateStore) -> Iterator[dict[bool, str]]:
    """Of a server whose page holds all rows, and of one that gives them page by page."""
    with ExitStack() as stack:
        stores = [kept_store, demo_store]
        held = stack.enter_context(serving(stores))
        paged = stack.enter_context(serving(stores, create_app(stores, most_rows=5)))
        yield {False: held.address, True: paged.address}


@pytest.fixture
def visit_kept(open_page: Open, addresses: dict[bool, str]) -> Iterator[Callable[..., Opened]]:
    shown: list[Opened] = []

    def visit(address: str = "", *, paged: bool = False) -> Opened:
        opened = open_page()
        shown.append(opened)
        opened.page.goto(addresses[paged] + address)
        opened.page.wait_for_selector("#sequence-table .ag-row")
        opened.wait_until("() => hsvis.permalink.isRead()")
        opened.settle()
        return opened

    yield visit
    assert [one.errors for one in shown] == [[]] * len(shown)


def lists(opened: Opened, expected: list[int]) -> None:
    """Waits until the table shows these sequences in this order."""
    rows = (
        f"Array.from({{ length: {GRID}.getDisplayedRowCount() }}, (_, k) => {GRID}.getDisplayedRowAtIndex(k))"
    )
    wanted = json.dumps(expected).replace(" ", "")
    opened.wait_until(f"() => JSON.stringify({rows}.map((row) => row?.data?.sequence)) === '{wanted}'")


def where(mask: Any) -> list[int]:
    return np.flatnonzero(pd.Series(mask).fillna(False).to_numpy(bool)).tolist()


@pytest.mark.parametrize("paged", [False, True], ids=["held", "paged"])
def test_heads_sort_and_filter_alike_wherever_it_is_done(
    visit_kept: Callable[..., Opened], *, paged: bool
) -> None:
    opened = visit_kept(paged=paged)
    day = str(ROWS["when"].iloc[0].date())
    filters: list[tuple[str, dict[str, Any], Any]] = [
        (
            "kept-4",
            {"filterType": "date", "type": "greaterThan", "dateFrom": f"{day} 00:00:00"},
            ROWS["when"] > day,
        ),
        (
            "kept-4",
            {"filterType": "date", "type": "equals", "dateFrom": f"{day} 00:00:00"},
            ROWS["when"] == day,
        ),
        ("kept-1", {"filterType": "number", "type": "notEqual", "filter": 1970}, ROWS["year"] != 1970),
        ("kept-1", {"filterType": "number", "type": "blank"}, ROWS["year"].isna()),
        ("kept-0", {"filterType": "text", "type": "contains", "filter": "<B>"}, ROWS["source"] == MARKUP),
        ("kept-0", {"filterType": "text", "type": "notEqual", "filter": "imdb"}, ROWS["source"] != "imdb"),
    ]
    for column, model, mask in filters:
        opened.page.evaluate(f"(model) => {GRID}.setFilterModel(model)", {column: model})
        lists(opened, where(mask))
    expect(opened.page.locator("#chips .chip")).to_contain_text("columns: source")  # its name, not its id
    opened.page.evaluate(f"() => {GRID}.setFilterModel(null)")
    sort = {"state": [{"colId": "kept-1", "sort": "asc"}]}
    opened.page.evaluate(f"(sort) => {GRID}.applyColumnState(sort)", sort)
    lists(opened, ROWS["year"].sort_values(kind="stable", na_position="first").index.tolist())


def test_columns_are_chosen_and_cut_nothing_off_the_words(visit_kept: Callable[..., Opened]) -> None:
    opened = visit_kept()
    page = opened.page
    widths = f"() => {GRID}.getColumn('words').getActualWidth()"
    ids_shown = f"{GRID}.getAllDisplayedColumns().map((one) => one.getColId())"
    visible = f"() => {ids_shown}.filter((id) => id.startsWith('kept-'))"
    shown = page.evaluate(widths)
    assert page.evaluate(visible) == ["kept-0", "kept-1", "kept-2", "kept-3"]
    page.click(f"#{ids.CHOOSE_COLUMNS}")
    for name in kept_example.KEPT[:4]:
        page.get_by_role("checkbox", name=name, exact=True).uncheck()
    assert page.evaluate(visible) == []
    opened.wait_until(f"() => {GRID}.getColumn('words').getActualWidth() === {shown}")
    page.get_by_role("checkbox", name="when", exact=True).check()
    page.keyboard.press("Escape")
    expect(page.locator(".columns-menu")).to_have_count(0)
    again = visit_kept()  # as they were chosen
    again.wait_until(f"() => JSON.stringify(({visible})()) === '[\"kept-4\"]'")


def test_a_group_keeps_its_sequences_in_all_views_and_in_the_address(
    visit_kept: Callable[..., Opened],
) -> None:
    opened = visit_kept()
    page = opened.page
    page.click(f"#{ids.GROUP_PANEL} summary")
    groups = page.locator(f"#{ids.GROUPS} button")
    groups.filter(has_text=MARKUP).click()
    lists(opened, where(ROWS["source"] == MARKUP))
    expect(page.locator("#chips .chip")).to_contain_text(f"source {MARKUP}")  # as text
    groups.filter(has_text="missing").click()
    lists(opened, where((ROWS["source"] == MARKUP) | ROWS["source"].isna()))
    opened.wait_until("() => new URLSearchParams(location.search).get('filter')?.includes('null')")
    asked = query(page.url)["filter"]
    assert json.loads(asked) == {"columns": {"source": {"among": [MARKUP, None]}}}
    assert "filter" in query(opened.asked("/cloud/")[-1])

    other = visit_kept(f"?{page.url.split('?')[1]}")
    lists(other, where((ROWS["source"] == MARKUP) | ROWS["source"].isna()))
    other.page.locator("#chips .chip").click()
    lists(other, list(range(len(ROWS))))
    other.choose(ids.RUN_SELECT, "demo")
    expect(other.page.locator(f"#{ids.GROUP_PANEL}")).to_be_hidden()
    expect(other.page.locator(f"#{ids.CHOOSE_COLUMNS}")).to_be_hidden()
    other.wait_until(f"() => !{GRID}.getColumns().some((one) => one.getColId().startsWith('kept-'))")


def test_a_column_colours_the_cloud_and_the_legend_says_how(visit_kept: Callable[..., Opened]) -> None:
    opened = visit_kept()
    page = opened.page
    tick(opened, ids.STATE_COLOUR, "column")
    counts = ROWS["source"].value_counts()
    for source in kept_example.SOURCES:
        entry = page.locator("#scale .scale-group").filter(has_text=source)
        expect(entry).to_contain_text(str(counts[source]))
    expect(page.locator("#scale .scale-group").last).to_contain_text("missing")
    page.click(f"#{ids.COLOUR_COLUMN}")
    page.click(".dash-dropdown-content >> text=year")
    expect(page.locator("#scale .scale-label")).to_have_text("year, 1 missing (grey)")
    expect(page.locator("#scale .scale-ticks")).to_contain_text(str(int(ROWS["year"].max())))
    opened.wait_until("() => location.search.includes('colour-column=year')")
    opened.choose(ids.RUN_SELECT, "demo")
    opened.wait_until("() => hsvis.options.current()['state-colour'] === 'ep'")
    opened.settle()
    expect(page.locator("#scale .scale-label")).to_have_count(0)
