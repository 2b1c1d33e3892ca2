"""A language model of 10,000 words on the page: its views, and the words that it expects."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from language_models import write_config
from pages import Opened, Served, show_run
from server import serving

from hsvis.build.pipeline import build
from hsvis.config import load_config
from hsvis.run.store import StateStore

TITLES = {
    "class-overview": "Rank of the next token",
    "confusion-matrix": "Tokens missed most",
    "ep-heatmap": "Expected next tokens",
    "confidence": "Surprisal",
}


@pytest.fixture(scope="module")
def served(
    demo_store: StateStore, session_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("lm")
    store = build(load_config(write_config(folder, "language_models:Logits")))
    with serving([store, demo_store]) as running:
        yield running


@pytest.fixture
def page(visit: Callable[..., Opened]) -> Iterator[Opened]:
    opened = visit("?sequence=0")
    opened.wait_until("() => document.querySelectorAll('.top-token:not(.flag)').length > 0")
    yield opened
    assert opened.errors == []


def test_the_words_that_are_expected_stand_in_their_columns(page: Opened, served: Served) -> None:
    one = served.stores["lm"].sequence(0)
    assert one.expected is not None
    words = page.page.locator(".top-token").all_text_contents()
    columns = [words[at : at + 11] for at in range(0, len(words), 11)]
    assert columns == [
        [*top, came] for top, came in zip(one.expected.top_words, one.expected.next_words, strict=True)
    ]
    for figure, title in TITLES.items():
        assert page.page.locator(f'[data-title-of="{figure}"]').text_content() == title
    assert not page.page.locator(".row-flip-words").is_visible()


def test_the_tooltip_says_what_came_and_what_was_expected(page: Opened, served: Served) -> None:
    one = served.stores["lm"].sequence(0)
    assert one.expected is not None
    page.page.locator('#token-strip [data-step="2"]').hover()
    tooltip = page.page.locator("#tooltip")
    tooltip.wait_for(state="visible")
    told = tooltip.inner_text()
    assert f"w3 · rank {one.expected.next.ranks[2]:,}" in told
    assert all(word in told for word in one.expected.top_words[2][:5])


def test_the_views_of_classes_come_back_with_another_run(page: Opened) -> None:
    heads = "[...document.querySelectorAll('#sequence-table .ag-header-cell')]"
    fields = f"() => {heads}.map((c) => c.getAttribute('col-id'))"
    assert "perplexity" in page.page.evaluate(fields)
    show_run(page, "demo")
    page.wait_until("() => document.querySelector('#sequence-table .ag-header-cell[col-id=class]') !== null")
    assert "perplexity" not in page.page.evaluate(fields)
    assert page.page.locator('[data-title-of="ep-heatmap"]').text_content() == "Expected prediction"
    assert page.page.locator(".top-token").count() == 0
    assert page.page.locator(".row-flip-words").is_visible()
    show_run(page, "lm")
    page.wait_until(
        "() => document.querySelector('#sequence-table .ag-header-cell[col-id=perplexity]') !== null"
    )
    page.wait_until("() => document.querySelector('[data-title-of=confidence]').textContent === 'Surprisal'")
