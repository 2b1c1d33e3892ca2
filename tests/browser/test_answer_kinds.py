"""Several independent classes on the page: one at a time, chosen by a menu or in a list."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from answering import CLASSES, table, write
from pages import Open, Served, at_address, select
from server import serving

from hsvis.build.pipeline import build
from hsvis.config import load_config

INDEX = 4  # has none of the classes


@pytest.fixture(scope="module")
def served(session_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("kinds")
    with serving([build(load_config(write(folder, "independent")))]) as running:
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
