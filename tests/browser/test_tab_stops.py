"""The way by the Tab key: into the table and out of it, and round the whole page, whatever is open."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from pages import PAUSE, Opened, Served, at_address, stands, watched
from playwright.sync_api import Page, expect
from profiles import Profile
from rebuilt import FILLERS
from server import serving
from table_on_page import in_sight, press, shows_rows

from hsvis.build.pipeline import build
from hsvis.config import load_config
from hsvis.run.store import StateStore

FEW, MANY = 120, 25_000  # sequences: all in the browser, and in pages
MOST_TABS = 10  # from the search field to the settings


@pytest.fixture(scope="module")
def sized(session_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, StateStore]:
    """Runs of two words a sequence, by their number of sequences."""
    folder = tmp_path_factory.mktemp("sized")
    rows = [
        {"text": f"{filler} {word}", "label": k}
        for filler in FILLERS
        for k, word in enumerate(("dull", "fine"))
    ]
    pd.DataFrame(rows).to_parquet(folder / "train.parquet")
    stores = {}
    for count in (FEW, MANY):
        pd.DataFrame([rows[k % len(rows)] for k in range(count)]).to_parquet(folder / f"{count}.parquet")
        config = folder / f"rows{count}.yaml"
        config.write_text(
            f"name: rows{count}\n"
            f"dataset:\n"
            f"  path: parquet\n"
            f"  data_files: {{train: {folder}/train.parquet, test: {folder}/{count}.parquet}}\n"
            f"  classes: [dull, fine]\n"
            f"  limit: null\n"
            f"model: {{embedding: 4, hidden: 4, epochs: 1, batch_size: 8}}\n"
            f"projections: [{{method: pca}}]\n",
            encoding="utf-8",
        )
        stores[count] = build(load_config(config))
    return stores


@pytest.fixture(scope="module", params=[FEW, MANY])
def rows_served(request: pytest.FixtureRequest, sized: dict[int, StateStore]) -> Iterator[Served]:
    with serving([sized[request.param]]) as running:
        yield running


@pytest.fixture
def table(profile: Profile, rows_served: Served) -> Iterator[Opened]:
    page = profile().new_page()
    page.set_viewport_size({"width": 1440, "height": 900})
    page.set_default_timeout(PAUSE)
    opened = at_address(watched(page), rows_served.address)
    yield opened
    assert opened.errors == []


def focused(page: Page, selector: str) -> str | None:
    """The element around the focus that fits a selector: its row, its column, else its id."""
    return page.evaluate(
        """(selector) => {
            const one = document.activeElement.closest(selector);
            return one && (one.getAttribute("row-id") ?? one.getAttribute("col-id") ?? one.id);
        }""",
        selector,
    )


def tabs(page: Page, key: str, start: str, end: str, pause: int) -> int:
    """How many times a key has to be pressed until the focus goes from one element into another."""
    page.locator(start).focus()
    for pressed in range(1, 3 * MOST_TABS):
        page.keyboard.press(key)
        page.wait_for_timeout(pause)
        if focused(page, end) is not None:
            return pressed
    raise AssertionError(f"{key} does not lead from {start} to {end}")


def test_few_tabs_lead_from_the_search_past_the_table_to_the_settings_and_back(table: Opened) -> None:
    for pause in (0, 40, 150):  # ms between the keys
        assert tabs(table.page, "Tab", "#search", "#settings", pause) <= MOST_TABS
        assert tabs(table.page, "Shift+Tab", "#settings summary", "#search", pause) <= MOST_TABS


def test_heads_and_rows_have_one_stop_each_wherever_the_table_is(table: Opened) -> None:
    page = table.page
    stops = "#table-box :is(.ag-header-cell, .ag-row)[tabindex='0']"
    expect(page.locator("#sequence-table [role=grid]")).to_have_attribute("aria-label", "Sequences")
    for place in (0, 60, 119):
        page.evaluate(f"dash_ag_grid.getApi('sequence-table').ensureIndexVisible({place}, 'middle')")
        expect(page.locator(f'#sequence-table .ag-row[row-id="{place}"] .class-name').first).to_be_visible()
        expect(page.locator(stops)).to_have_count(2)
        page.locator("#random-wrong").focus()
        press(table, "Tab", "Tab")
        row = focused(page, ".ag-row")
        assert row is not None
        assert abs(int(row) - place) < 12  # one that is in sight: the table has not moved
        expect(page.locator(stops)).to_have_count(2)


def test_keys_move_the_stop_and_select(table: Opened, rows_served: Served) -> None:
    (store,) = rows_served.stores.values()
    page = table.page
    page.locator("#random-wrong").focus()
    press(table, "Tab")
    assert focused(page, ".ag-header-cell") == "sequence"
    for key, column in (("ArrowRight", "class"), ("End", "length"), ("ArrowRight", "length"),
                        ("ArrowLeft", "confidence"), ("Home", "sequence")):  # fmt: skip
        press(table, key)
        assert focused(page, ".ag-header-cell") == column
    press(table, "Tab", "Enter")
    stands(table, store, 0)
    assert focused(page, ".ag-row") == "0"
    press(table, "ArrowDown", "ArrowDown")
    stands(table, store, 2)
    assert focused(page, ".ag-row") == "2"
    for _ in range(6):
        press(table, "PageDown")
    stands(table, store, 62)
    in_sight(table, 62)
    page.wait_for_function("() => document.activeElement.getAttribute('row-id') === '62'")
    press(table, "Escape")
    stands(table, store, None)
    press(table, " ")
    stands(table, store, 62)
    press(table, "Enter")  # it stays
    press(table, "Shift+Tab")
    assert focused(page, ".ag-header-cell") == "sequence"
    press(table, "Tab", "Tab")
    assert focused(page, "#settings") is not None
    stands(table, store, 62)
    press(table, "Escape")
    stands(table, store, None)
    page.locator("#random-wrong").focus()
    press(table, "Tab", "Tab", "ArrowDown")  # from the row with the focus, as nothing is selected
    row = int(focused(page, ".ag-row") or -1)
    stands(table, store, row)
    press(table, "ArrowUp")
    stands(table, store, row - 1)


def test_the_selected_row_stays_in_sight_where_the_rows_get_less_room(table: Opened) -> None:
    page = table.page
    last = page.evaluate(
        """() => {
            const view = document.querySelector("#sequence-table .ag-body-viewport");
            const end = view.getBoundingClientRect().bottom;
            const rows = [...document.querySelectorAll("#sequence-table .ag-row")];
            const whole = rows.filter((row) => row.getBoundingClientRect().bottom <= end);
            const places = whole.map((row) => Number(row.getAttribute("row-index")));
            return whole[places.indexOf(Math.max(...places))].getAttribute("row-id");
        }"""
    )
    table.row(int(last))
    size = page.viewport_size
    assert size is not None
    page.set_viewport_size({"width": size["width"], "height": size["height"] - 60})
    page.wait_for_function(
        """() => {
            const row = document.querySelector("#sequence-table .ag-row-selected").getBoundingClientRect();
            const view = document.querySelector("#sequence-table .ag-body-viewport").getBoundingClientRect();
            return row.top >= view.top - 1 && row.bottom <= view.bottom + 1;
        }""",
        timeout=10_000,
    )
    page.set_viewport_size(size)


def test_the_focus_stays_with_its_row_when_the_grid_makes_it_anew(table: Opened) -> None:
    page = table.page
    table.row(3)
    page.evaluate(
        "dash_ag_grid.getApi('sequence-table').applyColumnState({state: [{colId: 'length', sort: 'desc'}]})"
    )
    page.wait_for_function("() => document.activeElement.getAttribute('row-id') === '3'")


def test_heads_sort_and_filter_by_keys(table: Opened) -> None:
    page = table.page
    page.locator("#random-wrong").focus()
    cell = page.locator(".ag-header-cell[col-id=sequence]")
    press(table, "Tab", "Enter")
    expect(cell).to_have_attribute("aria-sort", "ascending")
    press(table, " ")
    expect(cell).to_have_attribute("aria-sort", "descending")
    press(table, "Control+Enter")
    field = page.locator(".ag-filter input[type=number]").first
    expect(field).to_be_focused()
    for key in ("Tab", "Tab", "Shift+Tab", "Tab"):
        press(table, key)
        assert focused(page, ".ag-filter") is not None  # it is left by Esc
    press(table, "Escape")
    expect(page.locator(".ag-filter")).to_have_count(0)
    expect(cell).to_be_focused()
    press(table, "Tab", "Tab")
    assert focused(page, "#settings") is not None


def test_a_selected_row_is_wholly_in_sight_above_the_bar_that_scrolls_sideways(
    large: Opened, large_store: StateStore
) -> None:
    page = large.page
    bar = page.locator("#sequence-table .ag-body-horizontal-scroll")
    expect(bar).to_be_visible()
    shows_rows(large, list(range(large_store.n_sequences)))
    last = 17  # past the end of what is in sight
    for index in range(last + 1):
        press(large, "ArrowDown")
        in_sight(large, index)
    page.wait_for_function(
        """() => {
            const box = document.querySelector("#sequence-table .ag-row-selected").getBoundingClientRect();
            return [box.top + 2, box.bottom - 2].every((y) =>
              document.elementFromPoint(box.left + 60, y).closest(".ag-row-selected"));
        }"""
    )
    stands(large, large_store, last)
    page.click(f'#sequence-table .ag-row[row-id="{last}"] [col-id="class"]', position={"x": 20, "y": 26})
    stands(large, large_store, None)  # a click lets go of it
