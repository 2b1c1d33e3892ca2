"""A sequence of 2,000 steps with everything in it that a page could take for something else."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pages import ODD, Open, Opened, at_address
from server import serving

from hsvis.build.pipeline import build
from hsvis.config import load_config
from hsvis.run.store import StateStore

STEPS = 2000


@pytest.fixture(scope="module")
def store(session_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> StateStore:
    folder = tmp_path_factory.mktemp("long")
    odd = " ".join([*ODD, "<LVI> a<b <img/src=x> {{y}} %s"])
    words = f"{odd} plain words " * (STEPS // 20)
    test = [{"text": words, "label": "a"}, {"text": "one", "label": "b"}, {"text": "two words", "label": "a"}]
    train = [
        {"text": f"{word} word {k}", "label": label}
        for word, label in (("good", "a"), ("bad", "b"))
        for k in range(20)
    ]
    for name, rows in (("train", train), ("test", test)):
        pd.DataFrame(rows).to_parquet(folder / f"{name}.parquet")
    settings = [
        "name=long",
        "dataset.path=parquet",
        f"dataset.data_files.train={folder}/train.parquet",
        f"dataset.data_files.test={folder}/test.parquet",
        f"tokens.max_length={STEPS}",
        "model.hidden=12",
        "model.embedding=4",
        "model.epochs=1",
        "projections=[{method: pca}]",
    ]
    return build(load_config("demo", settings))


@pytest.fixture(scope="module")
def address(store: StateStore) -> Iterator[str]:
    with serving([store]) as running:
        yield running.address


@pytest.fixture
def long(open_page: Open, address: str) -> Iterator[Opened]:
    """The page with the long sequence selected."""
    opened = open_page()
    opened.page.goto(f"{address}?sequence=0&flip-words=after,before&jump-words=after&distance-threshold=0.1")
    opened.page.wait_for_selector("#sequence-table .ag-row")
    opened.settle()
    opened.shows(0)
    yield opened
    assert opened.errors == []


def test_every_step_is_in_every_view_as_what_it_is(long: Opened, store: StateStore) -> None:
    sequence = store.sequence(0)
    assert len(sequence.tokens) == STEPS
    tokens = long.page.eval_on_selector_all(
        "#token-strip [data-step]", "all => all.map(one => one.textContent)"
    )
    assert tokens == sequence.tokens
    assert long.page.locator("#token-strip script, #token-strip a, #token-strip b").count() == 0
    rows = [trace["z"][0] for trace in long.traces("ep-heatmap") if trace["type"] == "heatmap"]
    np.testing.assert_allclose(rows[:2], sequence.ep.T, atol=1e-5)
    units = next(trace for trace in long.traces("unit-activity") if trace["type"] == "heatmap")
    assert np.shape(units["z"]) == (12, STEPS)
    steps = next(trace for trace in long.traces("projection") if trace["name"] == "steps")
    assert len(steps["x"]) == STEPS
    words = long.page.eval_on_selector_all(
        "[data-overlay=projection] text.word",
        "all => all.map(one => [Number(one.dataset.step), one.dataset.token])",
    )
    assert words
    assert all(sequence.tokens[step] == token for step, token in words)


def test_odd_words_are_text_in_the_tooltip(long: Opened, store: StateStore) -> None:
    for part in ("<LVI>", "<b", "😀", "🏳️", "مرحبا", "w" * 400, "100%", "%s", "{curly}", "{{x}}"):
        point_at_word(long, store, part)


def point_at_word(long: Opened, store: StateStore, part: str) -> None:
    step = next(k for k, token in enumerate(store.sequence(0).tokens) if part in token)
    token = long.page.locator(f"#token-strip [data-step='{step}']")
    token.scroll_into_view_if_needed()
    token.hover(position={"x": 4, "y": 6})
    long.wait_until(f"() => hsvis.focus.shown()?.step === {step}")
    shown = long.page.text_content("#tooltip .tip-words")
    assert shown is not None
    assert shown.rstrip("…") == store.sequence(0).tokens[step][: len(shown.rstrip("…"))]
    assert f"sequence 0 · step {step}" in (long.page.text_content("#tooltip") or "")
    assert long.page.locator("#tooltip script, #tooltip a, #tooltip b").count() == 0
    box = long.page.locator("#tooltip").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 1440


def is_in_sight(opened: Opened, step: int) -> bool:
    strip, token = (
        opened.page.locator(one).bounding_box()
        for one in ("#token-strip", f"#token-strip [data-step='{step}']")
    )
    assert strip is not None
    assert token is not None
    return strip["y"] - 1 <= token["y"] <= strip["y"] + strip["height"]


def test_a_step_that_is_chosen_at_once_stays_in_sight(long: Opened) -> None:
    long.page.keyboard.press("Escape")
    long.shows(None)
    long.page.evaluate(  # as in a browser that has much to do
        """() => {
            const soon = requestAnimationFrame;
            window.requestAnimationFrame = (draw) => setTimeout(soon, 500, draw);
        }"""
    )
    long.row(0)
    long.shows(0)
    long.page.keyboard.press("End")
    long.wait_until(f"() => hsvis.focus.shown()?.step === {STEPS - 1}")
    long.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    assert is_in_sight(long, STEPS - 1)
    long.wait_until("() => location.search.includes('step=')")
    at_address(long, long.page.url)
    long.shows(0)
    long.wait_until(f"() => hsvis.focus.shown()?.step === {STEPS - 1}")
    long.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    assert is_in_sight(long, STEPS - 1)


def test_the_last_of_many_steps_can_be_pointed_at_and_exported(long: Opened, store: StateStore) -> None:
    long.page.keyboard.press("End")
    long.wait_until(f"() => hsvis.focus.shown()?.step === {STEPS - 1}")
    assert long.page.locator(".token.focus").get_attribute("data-step") == str(STEPS - 1)
    assert is_in_sight(long, STEPS - 1)
    assert long.page.locator(".overlay .column.now:visible").count() == 4
    long.page.click('[data-export="sequence-table"]')
    with long.page.expect_download() as download:
        long.page.click('.export-menu >> text="Selected sequence as JSON"')
    content = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert [one["token"] for one in content["steps"]] == store.sequence(0).tokens
    assert content["text"] == store.sequence(0).text
