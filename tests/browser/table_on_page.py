"""The table of a large run as a person sees and uses it."""

import numpy as np
from pages import Opened
from playwright.sync_api import expect

from hsvis.dashboard.content.table_rows import confidence
from hsvis.run.store import StateStore

MOST = 60  # rows that a small run may have in these tests
WHOLE = 400  # sequences of the large run: four pages


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
    opened.page.wait_for_function(
        """(index) => {
            const rows = document.querySelectorAll("#sequence-table .ag-row-selected");
            const body = document.querySelector("#sequence-table .ag-body").getBoundingClientRect();
            return rows.length === 1 && rows[0].getAttribute("row-id") === `${index}`
              && [rows[0].getBoundingClientRect()].every(({ top, bottom }) =>
                body.top - 1 <= top && bottom <= body.bottom + 1);
        }""",
        arg=index,
    )


def press(opened: Opened, *keys: str) -> None:
    for key in keys:
        opened.page.keyboard.press(key)


def by_confidence(store: StateStore, falling: bool = False) -> list[int]:
    shown = confidence(store)
    return np.argsort(-shown if falling else shown, kind="stable").tolist()
