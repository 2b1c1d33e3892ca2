"""What everything costs from ten thousand to ten million states: build, memory, server and page.

Each run is built, opened in a server of its own, and used in a browser as a person does.  The slope is that
of the logarithm of a cost against that of the number of states: 0 = it does not grow, 1 = in proportion.
"""

import tempfile
import urllib.request
from itertools import count, islice
from pathlib import Path
from statistics import median

import numpy as np
import plotly.graph_objects as go
from playwright.sync_api import Browser, Page, Request
from plotly.colors import qualitative
from plotly.subplots import make_subplots

from benchmarks import sizes
from benchmarks.chromium import launched, wait_until_drawn
from benchmarks.interaction import measured
from benchmarks.invariants import SEQUENCES, largest_difference
from benchmarks.served import Server, served
from benchmarks.sizes import Built
from benchmarks.timing import seconds
from hsvis.build.pipeline import build as run_of
from hsvis.catalogue.runs import Runs
from hsvis.config import load_config
from hsvis.dashboard.content.clouds import Clouds
from hsvis.figures.cloud import Look, emphasis, png
from hsvis.figures.window import Window, bounds
from hsvis.run.store import StateStore

STATES = (10_000, 48_000, 240_000, 2_400_000, 10_000_000)
SMOKE = (1_000,)
SIZE = (1000, 800)  # pixels of the cloud
PICTURE = Path("docs/images/growth.png")
ROUNDS = 7

Costs = dict[str, float]  # by "group: what (unit)"


def run(*, smoke: bool, data: Path) -> None:
    """Prints a table of all costs; the large size also draws docs/images/growth.png."""
    columns: list[tuple[int, Costs]] = []
    rounds = 2 if smoke else ROUNDS
    with tempfile.TemporaryDirectory() as folder, launched() as browser:
        try:
            for states in SMOKE if smoke else STATES:
                config = sizes.write_config(Path(folder) / str(states), data, states)
                built = sizes.build_of(str(config), [], Path(folder) / "cache")
                columns.append((built.states, _costs(built, browser, rounds)))
        finally:
            _table(columns)  # what there is of it, if the rest is waited for no more
        if not smoke:
            _draw(columns, browser)


def _costs(built: Built, browser: Browser, rounds: int) -> Costs:
    with sizes.in_cache_of(built):
        store = run_of(load_config(built.config, built.settings))
        off = largest_difference(store)
    print(
        f"  ({built.states:,} states of {built.sequences:,} sequences; states, EPs and distances of "
        f"{SEQUENCES} sequences within {off:.1g} of a plain call's)",
        flush=True,
    )
    costs = {**_building(built), **_clouds(store, rounds)}
    del store
    return costs | _serving(built, browser, rounds)


def _building(built: Built) -> Costs:
    took = built.seconds
    return {
        "build: states, EPs, distances, tables (s)": took["states"],
        "build: PCA (s)": sum(took[stage] for stage in took if stage.startswith("projection")),
        "build: index of the states (s)": sum(took[stage] for stage in took if stage.startswith("index")),
        "build: peak memory (GiB)": built.peak,
    }


def _clouds(store: StateStore, rounds: int) -> Costs:
    """Image and pick grid of 1000 × 800 pixels, in this process: one pass for both, and encoding."""
    view = Runs([store]).resolve(None)
    half = np.arange(store.n_sequences) % 2 == 0
    looks = {
        "colour by EP": Look(),
        "by class": Look("class"),
        "by correctness": Look("correct"),
        "faded": Look(emphasis=emphasis(store, ["correct"])),
        "filtered": Look(emphasis=emphasis(store, (), half)),
    }
    by_cells = {"density": Look(drawing="density"), "mean EP": Look(drawing="ep")}
    x0, x1, y0, y1 = bounds(view.projection.xy)
    step = 1e-5 * (x1 - x0)  # another range each time: nothing is kept of it
    windows = (Window(x0 + k * step, x1 + k * step, y0, y1, *SIZE) for k in count())
    clouds, costs = Clouds(), {}
    images, grids, grids_with_cells = [], [], []

    def draw(look: Look, window: Window) -> float:
        return seconds(lambda: clouds.pixels(view, window, look))

    for name, look in looks.items():
        passes = []
        for window in islice(windows, rounds + 1):
            passes.append(draw(look, window))
            image = clouds.pixels(view, window, look)
            images.append(seconds(lambda image=image: png(image)))  # type: ignore[misc]
            grids.append(
                seconds(lambda window=window, look=look: clouds.grid_file(view, window, look.emphasis))
            )  # type: ignore[misc]
        costs[f"server: image and pick grid, {name} (ms)"] = 1000 * median(passes[1:])
    for name, look in by_cells.items():
        passes = []
        for window in islice(windows, rounds + 1):
            passes.append(draw(look, window))
            grids_with_cells.append(
                seconds(lambda window=window: clouds.grid_file(view, window, with_cells=True))  # type: ignore[misc]
            )
        costs[f"server: image by cells, {name} (ms)"] = 1000 * median(passes[1:])
    costs["server: encoding the image (ms)"] = 1000 * median(images)
    costs["server: encoding the pick grid (ms)"] = 1000 * median(grids)
    costs["server: pick grid with cells (ms)"] = 1000 * median(grids_with_cells)
    return costs


def _serving(built: Built, browser: Browser, rounds: int) -> Costs:
    with served(built.config, built.settings, built.environment) as server:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        used, posted = _page(page, server, rounds)
        page.close()
        costs = {"server: start to the first page (s)": server.answered, **used}
        costs["server: the views of one sequence (ms)"] = _selections(posted)
        costs["server: the states nearest to one (ms)"] = _neighbours(server, built, rounds)
        now, most = server.memory()
        return costs | {"server: memory after use (GiB)": now, "server: peak memory (GiB)": most}


def _selections(posted: list[Request]) -> float:
    """ms in the server for what the page asked, one request a sequence; no browser takes the cores."""
    took = []
    for one in posted:
        headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip"}
        again = urllib.request.Request(one.url, one.post_data_buffer, headers)
        with urllib.request.urlopen(again) as answer:
            took.append(_ms(answer.headers["Server-Timing"]))
    return median(took)


def _neighbours(server: Server, built: Built, rounds: int) -> float:
    """ms in the server for the ten nearest states of other sequences, median."""
    took, run = [], load_config(built.config).name
    for row in np.random.default_rng(0).choice(built.states, 5 * rounds).tolist():
        with urllib.request.urlopen(f"{server.url}/neighbours/{run}/rnn.0/{row}?k=10") as answer:
            took.append(_ms(answer.headers["Server-Timing"]))
    return median(took)


def _page(page: Page, server: Server, rounds: int) -> tuple[Costs, list[Request]]:
    """What a person waits for; and what the page asked for as sequences were selected."""
    asked: list[Request] = []
    page.on("requestfinished", lambda request: asked.append(request))  # noqa: PLW0108  (Playwright marks it)
    ready, weight = [], 0
    for _ in range(max(2, rounds // 2)):
        asked.clear()
        page.goto("about:blank")
        ready.append(seconds(lambda: (page.goto(server.url), wait_until_drawn(page))))
        weight = max(weight, sum(request.sizes()["responseBodySize"] for request in asked))
    dim = page.evaluate(DIM)
    zooms = np.array([page.evaluate(ZOOM, 0.5 + 0.02 * k) for k in range(rounds)])  # (rounds, 2)
    page.evaluate("hsvis.cloud.showAll()")
    wait_until_drawn(page)
    asked.clear()
    hovers, selections, trajectories = measured(page, n_hovers=8 * rounds, n_selections=3 * rounds)
    posted = [request for request in asked if "_dash-update" in request.url]
    return {
        "page: ready (s)": median(ready),
        "page: loaded (MB)": weight / 1e6,
        "page: hover to all highlights (ms)": median(hovers),
        "page: click to the trajectory (ms)": median(trajectories),
        "page: click to the last view (ms)": median(selections),
        "page: dimming the cloud (ms)": dim,
        "page: zoom to the sharp image (ms)": median(zooms[:, 0].tolist()),
        "page: zoom to its pick grid (ms)": median(zooms[:, 1].tolist()),
    }, posted


def _ms(timing: str) -> float:
    """Of a Server-Timing header."""
    return float(timing.rpartition("=")[2])


# ms from the change of the page's look to the end of the next frame
DIM = """async () => {
  const page = document.getElementById("page");
  const frame = () => new Promise((then) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = then;
    channel.port2.postMessage(0);
  }));
  const times = [];
  for (let k = 0; k < 10; k++) {
    await frame();
    const began = performance.now();
    page.classList.toggle("selected");
    await frame();
    times.push(performance.now() - began);
  }
  return times.sort((a, b) => a - b)[5];
}"""
# ms from a new range to its image on the page, and to its pick grid
ZOOM = """async (share) => {
  const figure = hsvis.plot("projection");
  const [x0, x1, y0, y1] = figure.layout.meta.bounds;
  const [x, y] = [(share * (x1 - x0)) / 2, (share * (y1 - y0)) / 2];
  const image = () => document.querySelector("#projection image").href.baseVal;
  const before = image();
  const pause = () => new Promise((then) => setTimeout(then, 1));
  const began = performance.now();
  Plotly.relayout(figure, {
    "xaxis.range": [(x0 + x1) / 2 - x, (x0 + x1) / 2 + x],
    "yaxis.range": [(y0 + y1) / 2 - y, (y0 + y1) / 2 + y],
  });
  while (image() === before) await pause();
  const drawn = performance.now() - began;
  while (!hsvis.cloud.isSettled()) await pause();
  return [drawn, performance.now() - began];
}"""


def _table(columns: list[tuple[int, Costs]]) -> None:
    sizes_ = [states for states, _ in columns]
    print("| states | " + " | ".join(f"{states:,}" for states in sizes_) + " | slope |")
    print("| --- |" + " --- |" * (len(columns) + 1))
    for name in columns[0][1] if columns else ():
        values = [costs[name] for _, costs in columns]
        shown = " | ".join(f"{value:.3g}" for value in values)
        print(f"| {name} | {shown} | {_slope(sizes_, values):.2f} |")


def _slope(states: list[int], values: list[float]) -> float:
    if len(states) < 2:
        return float("nan")
    return float(np.polyfit(np.log(states), np.log(np.maximum(values, 1e-9)), 1)[0])


COLOURS = qualitative.Plotly
DASHES = ("solid", "dash", "dot")


def _draw(columns: list[tuple[int, Costs]], browser: Browser) -> None:
    """A line each cost, both axes logarithmic, side by side for build, server and page."""
    groups = sorted({name.split(":")[0] for name in columns[0][1]})
    figure = make_subplots(cols=len(groups), subplot_titles=groups, horizontal_spacing=0.16)
    for name in columns[0][1]:
        group, _, what = name.partition(": ")
        column = groups.index(group) + 1
        states, values = zip(*((n, costs[name]) for n, costs in columns), strict=True)
        legend = "legend" if column == 1 else f"legend{column}"
        turn, colour = divmod(sum(trace.legend == legend for trace in figure.data), len(COLOURS))
        line = go.Scatter(x=states, y=values, name=what, mode="lines+markers", legend=legend)
        line.line.update(color=COLOURS[colour], dash=DASHES[turn])
        figure.add_trace(line, row=1, col=column)
    figure.update_xaxes(type="log", title="states")
    figure.update_yaxes(type="log")
    legends = {
        "legend" if k == 0 else f"legend{k + 1}": {
            "x": figure.layout[f"xaxis{k + 1 if k else ''}"].domain[0],
            "y": -0.22,
            "xanchor": "left",
            "yanchor": "top",
            "font": {"size": 10},
        }
        for k in range(len(groups))
    }
    figure.update_layout(
        width=1300, height=760, template="plotly_white", margin={"b": 330, "t": 40}, **legends
    )
    page = browser.new_page(viewport={"width": 1300, "height": 760})
    page.set_content(figure.to_html(include_plotlyjs=True, config={"displayModeBar": False}))
    page.wait_for_selector(".main-svg")
    page.locator(".plotly-graph-div").screenshot(path=str(PICTURE))
    page.close()
