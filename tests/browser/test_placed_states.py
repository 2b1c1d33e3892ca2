"""The tooltip of a state says whether t-SNE was fitted to it or it was placed."""

from collections.abc import Iterator

import numpy as np
import pytest
from pages import Open, Opened, select, stands, state_places
from playwright.sync_api import expect
from server import serving

from hsvis.run.store import StateStore


@pytest.fixture(scope="module")
def address(placed_store: StateStore) -> Iterator[str]:
    with serving([placed_store]) as running:
        yield running.address


@pytest.fixture
def placed(open_page: Open, address: str) -> Opened:
    opened = open_page()
    opened.page.goto(address)
    opened.page.wait_for_selector("#sequence-table .ag-row")
    opened.settle()
    return opened


def lonely(places: np.ndarray, among: np.ndarray) -> int:
    """The row with the most room around it, of some."""
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1)) + 1e9 * np.eye(len(places))
    return int(among[apart.min(1)[among].argmax()])


def test_a_state_in_the_cloud_says_whether_it_was_fitted(placed: Opened, placed_store: StateStore) -> None:
    fitted = placed_store.projections("rnn.0")[0].fitted
    assert fitted is not None
    expect(placed.page.locator("#projection-info")).to_contain_text("100 fitted")
    places = state_places(placed, placed_store, slice(None))
    tooltip = placed.page.locator("#tooltip")
    for marks, said in ((fitted, "projectionfitted"), (~fitted, "projectionplaced")):
        row = lonely(places, np.flatnonzero(marks))
        index, step = placed_store.locate(row)
        placed.page.mouse.move(*places[row])
        expect(tooltip).to_contain_text(f"sequence {index} · step {step}")
        expect(tooltip).to_contain_text(said)
    assert placed.errors == []


def test_a_step_of_the_selected_sequence_says_it_too(placed: Opened, placed_store: StateStore) -> None:
    fitted = placed_store.projections("rnn.0")[0].fitted
    assert fitted is not None
    index = int(placed_store.locate(int(fitted.argmax()))[0])
    select(placed, index)
    stands(placed, placed_store, index)
    marks = fitted[placed_store.sequence(index).rows]
    for step in (int(marks.argmax()), int(marks.argmin())):
        placed.page.locator(f'#token-strip [data-step="{step}"]').hover()
        said = "projectionfitted" if marks[step] else "projectionplaced"
        expect(placed.page.locator("#tooltip")).to_contain_text(said)
    placed.choose("projection-select", "PCA")
    placed.wait_until("() => hsvis.plot('projection').layout.meta.fitted === null")
    placed.page.locator('#token-strip [data-step="0"]').hover()
    expect(placed.page.locator("#tooltip")).to_contain_text("step 0")
    expect(placed.page.locator("#tooltip")).not_to_contain_text("projection")
    assert placed.errors == []
