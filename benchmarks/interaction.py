"""How long the page takes to answer: pointing at a step, and selecting a sequence, at growing runs.

Times are taken in the page with real mouse events: from the event to the end of the first frame that shows
all linked highlights, and from the click to the end of the frame after the last view was redrawn.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from playwright.sync_api import Page

from benchmarks.chromium import launched, wait_until_drawn
from benchmarks.served import served

STEP_VIEWS = ("ep-heatmap", "distances", "confidence", "unit-activity", "projection", "token-strip")
REAL = (("imdb", 100), ("imdb", 500), ("imdb", 5000), ("reuters", 500))

WATCH = """() => {
  const afterFrame = (then) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = then;
    channel.port2.postMessage(0);
  });
  window.hovers = [];
  window.drawn = {};
  addEventListener("pointermove", () => {
    const began = performance.now();
    afterFrame(() => hovers.push([performance.now() - began, JSON.stringify(hsvis.focus.shown())]));
  }, true);
  addEventListener("click", () => { window.clicked = performance.now(); window.drawn = {}; }, true);
  document.addEventListener("hsvis:plotted", ({ detail }) => afterFrame(() => {
    drawn[detail] = performance.now() - clicked;
  }));
}"""

PLACE = """([view, step]) => {
  if (view === "token-strip") {
    const token = hsvis.steps.element(step);
    token.scrollIntoView({ block: "nearest" });
    const { left, top } = token.getBoundingClientRect();
    return [left + 3, top + 6];
  }
  const figure = hsvis.plot(view);
  const { left, top } = figure.getBoundingClientRect();
  if (view === "projection") {
    const [x, y] = hsvis.onPlot(hsvis.steps.point(step));
    return [left + x, top + y];
  }
  const { xaxis, yaxis } = figure._fullLayout;
  return [left + xaxis._offset + xaxis.d2p(step), top + yaxis._offset + yaxis._length / 2];
}"""


def run(*, smoke: bool, data: Path) -> None:
    """Demo, IMDB with 100, 500 and 5,000 reviews, Reuters with 500 items; the small size only the demo."""
    print(f"  {'run':<10} {'sequences':>9} {'states':>9}   {'hover ms':>16}   {'selection ms':>16}")
    print(f"  {'':<10} {'':>9} {'':>9}   {'median':>8}{'90 %':>8}   {'median':>8}{'90 %':>8}")
    rounds = (6, 4) if smoke else (120, 40)
    with launched() as browser:
        for name, more in _runs(smoke=smoke, data=data):
            with served(name, more) as server:
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                page.goto(server.url)
                wait_until_drawn(page)
                _print(page, name, *measured(page, *rounds)[:2])
                page.close()


def _runs(*, smoke: bool, data: Path) -> Iterator[tuple[str, list[str]]]:
    yield "demo", []
    for name, limit in [] if smoke else REAL:
        files = [f"dataset.data_files.{split}={data / name / split}.parquet" for split in ("train", "test")]
        if not (data / name / "test.parquet").exists():
            print(f"  ({data / name} is not there: left out)")
            continue
        # the method of the projection changes nothing for the page, and PCA is there at once
        yield name, ["dataset.path=parquet", *files, f"dataset.limit={limit}", "projections=[{method: pca}]"]


def measured(page: Page, n_hovers: int, n_selections: int) -> tuple[list[float], list[float], list[float]]:
    """ms of every hover, of every selection to the last view and to the trajectory, on a page that stands."""
    page.evaluate(WATCH)
    rows = page.locator("#sequence-table .ag-center-cols-container .ag-row")
    rng = np.random.default_rng(0)
    selections, trajectories = [], []
    for k in range(n_selections + 1):
        rows.nth(k % min(rows.count(), 9)).locator("[col-id=class]").click()
        selections.append(_settled(page))
        trajectories.append(float(page.evaluate("drawn.projection")))
    hovers = []
    for k in range(n_hovers):
        step = int(rng.integers(page.evaluate("hsvis.steps.count()")))
        page.mouse.move(*page.evaluate(PLACE, [STEP_VIEWS[k % len(STEP_VIEWS)], step]))
        page.wait_for_function("() => hovers.length > 0")
        took, focus = page.evaluate("hovers.splice(0).at(-1)")
        if focus != "null":
            hovers.append(took)
    return hovers, selections[1:], trajectories[1:]


def _print(page: Page, name: str, hovers: list[float], selections: list[float]) -> None:
    size = page.inner_text(".fact.sequences").replace(",", "")
    sequences, states = (int(number) for number in re.findall(r"\d+", size))
    figures = [*np.percentile(hovers, [50, 90]), *np.percentile(selections, [50, 90])]
    print(
        "  {:<10} {:>9,} {:>9,}   {:>8.1f}{:>8.1f}   {:>8.0f}{:>8.0f}".format(
            name, sequences, states, *figures
        )
    )


def _settled(page: Page) -> float:
    """ms from the click to the last view; waits until nothing has been drawn for a while."""
    page.wait_for_function("() => Object.keys(drawn).length >= 5 && performance.now() - clicked > 400")
    page.wait_for_timeout(150)
    return float(page.evaluate("Math.max(...Object.values(drawn))"))
