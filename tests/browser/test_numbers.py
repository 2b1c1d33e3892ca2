"""Runs of numbers, and of many classes: what is drawn on the screen against the values in the run."""

import itertools
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pages import Open, Opened, Save, Served, everywhere, highlighted, show_run, stands
from PIL import Image
from playwright.sync_api import BrowserContext, expect
from server import serving

from hsvis.build.pipeline import build
from hsvis.config import load_config
from hsvis.run.store import StateStore

INK, PAPER = np.array([0x1B, 0x20, 0x27]), np.array([255, 255, 255])  # of the light theme
MANY = 50  # classes


@pytest.fixture(scope="module")
def served(session_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("numbers")
    digits = load_config("digits", ["model.epochs=2", "dataset.limit=40", "projections=[{method: pca}]"])
    stores = [build(digits), build(load_config(many(folder)))]
    with serving(stores) as running:
        yield running


def many(folder: Path) -> Path:
    """A config: two signals of fifty classes, in long form."""
    rng = np.random.default_rng(2)
    rows = []
    for sequence in range(2 * MANY):
        kind = sequence % MANY
        for step in range(int(rng.integers(4, 30))):
            level, wave = kind % 10 + rng.normal(), 100 * np.sin(step * (1 + kind // 10)) + rng.normal()
            rows.append((sequence, step, level, wave, f"kind {kind:02d}"))
    frame = pd.DataFrame(rows, columns=["who", "second", "level", "wave", "label"])
    frame.to_csv(folder / "many.csv", index=False)
    path = folder / "many.yaml"
    path.write_text(
        f"""
name: many
dataset:
  path: csv
  data_files: {{train: {folder}/many.csv, test: {folder}/many.csv}}
  values: [level, wave]
  sequence: who
  step: second
model: {{hidden: 12, epochs: 2, batch_size: 16}}
projections: [{{method: pca}}]
""",
        encoding="utf-8",
    )
    return path


@pytest.fixture
def digits(served: Served) -> StateStore:
    return served.stores["digits"]


@pytest.fixture
def page(open_page: Open, digits: StateStore) -> Opened:
    opened = open_page()
    opened.row(5)
    stands(opened, digits, 5)
    return opened


def test_the_rows_of_an_image_are_drawn_as_dark_as_their_values(page: Opened, digits: StateStore) -> None:
    values = digits.sequence(5).values
    assert values is not None
    assert page.page.locator("#token-strip .label").all_text_contents() == [f"row {k}" for k in range(8)]
    for step, row in enumerate(values):
        cells = page.page.locator(f"#token-strip [data-step='{step}'] .cells")
        drawn = np.array(Image.open(BytesIO(cells.screenshot())).convert("RGB"), float)
        middles = drawn[drawn.shape[0] // 2, ((np.arange(8) + 0.5) / 8 * drawn.shape[1]).astype(int)]
        share = (row / 16)[:, None]
        np.testing.assert_allclose(middles, share * INK + (1 - share) * PAPER, atol=3)


def test_pointing_at_a_row_of_the_image_is_seen_in_all_views(page: Opened, digits: StateStore) -> None:
    page.page.hover("#token-strip [data-step='3'] .cells")
    page.wait_until("() => document.querySelector('#token-strip .focus')")
    assert highlighted(page, digits, 5) == everywhere(3)
    assert "row 3" in page.page.inner_text("#tooltip")


def test_the_table_shows_each_image(page: Opened, digits: StateStore) -> None:
    for index in (0, 5):
        drawn = page.page.evaluate(
            """(index) => {
                const canvas = document.querySelector(`#sequence-table [row-id="${index}"] canvas`);
                const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, 8, 8);
                return [[...data].filter((_, k) => k % 4 === 3), canvas.width, canvas.height];
            }""",
            index,
        )
        values = digits.sequence(index).values
        assert values is not None
        assert drawn[1:] == [8, 8]
        np.testing.assert_allclose(drawn[0], np.round(values.ravel() / 16 * 255), atol=1)


def test_the_length_of_the_strip_leaves_all_seven_figures_in_sight(page: Opened) -> None:
    box = page.page.locator("#unit-activity .nsewdrag").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 900


def test_lines_go_from_value_to_value_on_their_own_scales(page: Opened, served: Served) -> None:
    store = served.stores["many"]
    show_run(page, "many")
    page.row(3)
    stands(page, store, 3)
    assert store.series is not None
    values = store.sequence(3).values
    assert values is not None
    low, high = np.array(store.series.low), np.array(store.series.high)
    shares = (values - low) / (high - low)
    drawn = page.page.evaluate(
        """() => {
            const ends = (line) => ["y1", "y2"].map((end) => Number(line.getAttribute(end)));
            const steps = [...document.querySelectorAll("#token-strip .step")];
            return steps.map((step) => [...step.querySelectorAll("line")].map(ends));
        }"""
    )
    ends = 1 - np.array(drawn) / 255  # (T, F, 2)
    np.testing.assert_allclose(ends[:, :, 1], shares, atol=0.01)
    np.testing.assert_allclose(ends[1:, :, 0], shares[:-1], atol=0.01)
    assert page.page.locator("#token-strip [data-step='2']").get_attribute("title") == "second 2"


def test_fifty_classes_fit_into_every_view(page: Opened, served: Served) -> None:
    store = served.stores["many"]
    show_run(page, "many")
    page.row(3)
    stands(page, store, 3)
    assert page.page.locator("#legend .legend-class").count() == MANY
    matrix = next(trace for trace in page.traces("confusion-matrix") if trace["type"] == "heatmap")
    assert np.shape(matrix["z"]) == (MANY, MANY)
    assert np.array(page.figure("ep-heatmap", "gd._fullData.length")) == MANY + 1  # and the winners
    for name in ("class-overview", "confusion-matrix", "ep-heatmap"):
        inner = page.page.locator(f"#{name} .nsewdrag").bounding_box()
        assert inner is not None
        assert inner["height"] > 60, name
        assert inner["width"] > 60, name
    assert page.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    names = page.page.locator("#ep-heatmap .ytick text").evaluate_all(
        "(texts) => texts.map((text) => text.getBoundingClientRect()).map(({top, bottom}) => [top, bottom])"
    )
    names.sort()
    assert all(one[1] <= other[0] + 2 for one, other in itertools.pairwise(names))
    assert page.errors == []


def test_the_most_confused_of_fifty_classes_are_a_list_that_filters(page: Opened, served: Served) -> None:
    store = served.stores["many"]
    wrong = np.flatnonzero(store.labels != store.predicted)
    pairs = Counter(zip(store.labels[wrong].tolist(), store.predicted[wrong].tolist(), strict=True))
    show_run(page, "many")
    rows = page.page.locator("#confused li")
    rows.first.wait_for()
    listed = [one.inner_text().split("\n") for one in rows.all()]
    counts = [int(row[-2]) for row in listed]
    assert counts == sorted(counts, reverse=True)
    assert counts == sorted(pairs.values(), reverse=True)[:50]
    for actual, _, predicted, count, share in listed:
        pair = store.classes.index(actual), store.classes.index(predicted)
        assert pairs[pair] == int(count)
        total = np.count_nonzero(store.labels == pair[0])
        assert float(share.split()[0]) == pytest.approx(100 * int(count) / total, abs=0.06)
    actual, predicted = (store.classes.index(listed[0][k]) for k in (0, 2))
    button = rows.first.locator("button")
    button.click()
    page.wait_until(
        f'() => JSON.stringify(hsvis.filter.current()) === \'{{"actual":{actual},"predicted":{predicted}}}\''
    )
    assert button.get_attribute("aria-pressed") == "true"
    button.click()  # a second click lets them go
    page.wait_until("() => JSON.stringify(hsvis.filter.current()) === '{}'")
    assert button.get_attribute("aria-pressed") == "false"
    show_run(page, "digits")
    expect(rows).to_have_count(0)
    assert page.errors == []


FITS = """() => {
  const figure = hsvis.plot("confusion-matrix");
  const { xaxis, yaxis } = figure._fullLayout;
  const [cells] = figure.data;
  const cell = [xaxis._length / cells.customdata[0].length, yaxis._length / cells.customdata.length];
  const texts = [...figure.querySelectorAll(".heatmap-label text")].filter((one) => one.textContent);
  const boxes = texts.map((one) => one.getBoundingClientRect()).map(({ width, height }) => [width, height]);
  const ticks = [...figure.querySelectorAll(".xtick text")].map((one) => one.getBoundingClientRect());
  return { cell, boxes, ticks: ticks.map(({ left, right }) => [left, right]) };
}"""


@pytest.mark.parametrize("run", ["digits", "many"])
@pytest.mark.parametrize("size", [(1280, 720), (1440, 900), (1920, 1080)])
def test_numbers_of_the_matrix_are_whole_or_not_there(
    page: Opened, served: Served, run: str, size: tuple[int, int]
) -> None:
    page.page.set_viewport_size({"width": size[0], "height": size[1]})
    if run != "digits":
        show_run(page, run)
    page.settle()
    n_filled = len(
        set(zip(served.stores[run].labels.tolist(), served.stores[run].predicted.tolist(), strict=True))
    )
    page.wait_until(f"() => ({FITS})().boxes.length === {n_filled if run == 'digits' else 0}")
    found = page.page.evaluate(FITS)
    for width, height in found["boxes"]:
        assert width <= found["cell"][0] + 0.5
        assert height <= 1.3 * found["cell"][1]  # a line is higher than its digits
        assert height >= 7
    names = sorted(found["ticks"])
    assert len(names) == (10 if run == "digits" else 0)
    assert all(one[1] <= other[0] + 0.5 for one, other in itertools.pairwise(names))


@pytest.mark.parametrize(("run", "index"), [("digits", 5), ("many", 3)])
def test_the_figure_for_a_paper_draws_the_series_too(
    page: Opened, served: Served, save: Save, offline: BrowserContext, run: str, index: int
) -> None:
    store = served.stores[run]
    if run != "digits":
        show_run(page, run)
        page.row(index)
        stands(page, store, index)
    path = save(page, "projection", "Figure for a paper (HTML)")
    paper = offline.new_page()
    paper.goto(path.as_uri())
    steps = paper.locator(".token-strip .step")
    assert steps.count() == store.lengths[index]
    boxes = [one.bounding_box() for one in steps.locator(".cells").all()]
    assert all(box and box["width"] >= 3 and box["height"] >= 9 for box in boxes)
    strip = np.array(Image.open(BytesIO(paper.locator(".token-strip").screenshot())).convert("L"))
    assert strip.shape[0] < 250
    assert (strip < 100).mean() > 0.01  # ink
