"""Independent classes on the page, one at a time, chosen by a menu or in a list; and numbers."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from answering import CLASSES, table, write
from pages import Open, Served, at_address, select, show_run
from server import serving

from hsvis.build.pipeline import build
from hsvis.config import load_config

INDEX = 4  # has none of the classes


@pytest.fixture(scope="module")
def served(session_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("kinds")
    kinds = ("independent", "number")
    with serving([build(load_config(write(folder, kind))) for kind in kinds]) as running:
        yield running


def test_the_class_that_is_chosen_is_shown_everywhere(open_page: Open, served: Served) -> None:
    page, store = open_page(), served.stores["independent"]
    select(page, INDEX)
    rows = slice(int(store.offsets[INDEX]), int(store.offsets[INDEX + 1]))

    def shown(k: int) -> None:
        page.wait_until(f"() => hsvis.steps.meta().shown === {k} && hsvis.steps.index() === {INDEX}")
        page.wait_until(
            f"() => hsvis.steps.meta().classes[1] === '{CLASSES[k]}' && hsvis.steps.ep(0).length === 2"
        )
        steps = "Array.from({length: hsvis.steps.count()}, (_, k) => hsvis.steps.ep(k)[1])"
        values = page.page.evaluate(steps)
        np.testing.assert_allclose(values, store.ep[rows, k], atol=1e-6)

    shown(0)
    page.page.locator('[data-class="2"]').click()
    shown(2)
    assert page.page.locator('#confused [aria-pressed="true"]').inner_text().startswith(CLASSES[2])
    page.page.wait_for_url("**class=noise**")
    cells = page.page.locator(f'.ag-row[row-id="{INDEX}"] .ag-cell').all_inner_texts()
    assert cells[1] == "–"
    assert table()["text"][INDEX].startswith(page.page.locator("#token-strip [data-step]").first.inner_text())
    copied = page.page.url
    page.choose("class-select", CLASSES[1])
    shown(1)
    at_address(page, copied)
    shown(2)


def test_numbers_take_the_place_of_classes(open_page: Open, served: Served) -> None:
    page, store = open_page(), served.stores["number"]
    assert page.page.locator(".confusion-matrix-box").is_visible()
    show_run(page, "number")
    page.wait_until("() => document.querySelector('.class-overview-box h3').textContent === 'Answer × truth'")
    assert page.page.text_content("[data-title-of='ep-heatmap']") == "Expected answer"
    at_address(page, f"{served.address}?run=number")  # not the run that the page opens with
    page.wait_until("() => document.querySelector('.class-overview-box h3').textContent === 'Answer × truth'")
    for gone in (".confusion-matrix-box", "#next-wrong", "#class-choice", ".row-flip-words"):
        assert not page.page.locator(gone).is_visible()
    heads = page.page.locator("#sequence-table .ag-header-cell-text").all_inner_texts()
    assert heads[:4] == ["Id", "Label", "Answer", "Error"]
    page.page.click(f'#sequence-table .ag-row[row-id="{INDEX}"] [col-id="answer"]')
    page.wait_until(f"() => hsvis.steps.index() === {INDEX} && hsvis.steps.ep(0).length === 2")
    told = page.page.locator("#sequence-info").inner_text()
    assert f"{float(store.last_ep[INDEX, 0]):.4g}" in told
    show_run(page, "independent")
    page.page.wait_for_selector(".confusion-matrix-box", state="visible")
