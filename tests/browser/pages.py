"""An opened dashboard, as the browser tests handle it."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
from PIL import Image
from playwright.sync_api import Page, TimeoutError

from hsvis.figures.window import bounds
from hsvis.run.store import StateStore

PAUSE = 60_000  # ms that a page may take for anything, on a machine that does much besides

# Texts that a page could take for something else.  Each is one of the classes by its last word.
ODD = [
    'the <script>alert("x")</script> plot was <b>bold</b> and dull',
    "braces {curly} {{x}} and 100% of &amp; signs &lt;i&gt; dull",
    "an <a href='x'>anchor</a> and <br /><br /> breaks that shine",
    "a " + "w" * 400 + " word of four hundred letters shine",
    "مرحبا بالعالم هذا فيلم جميل shine",
    "emoji 😀 and 🏳️‍🌈 and a tab\tand\na line middling",
    "<!-- nothing --> to see here middling",
]


@dataclass
class Served:
    """A running server and the runs that it shows."""

    address: str
    stores: dict[str, StateStore]


UNSETTLED = """() => {
  const one = hsvis.cloud;
  const { meta } = one.figure.layout;
  const [wanted, grid] = [JSON.stringify(one.view(meta)), one.grid && one.grid.key];
  return {wanted, key: one.key, grid, shown: one.shown, cloud: meta.cloud, own: meta.theme,
    theme: document.documentElement.dataset.theme, visible: document.visibilityState};
}"""  # what keeps an image from standing


@dataclass
class Opened:
    """A page, and what it did."""

    page: Page
    requests: list[str] = field(default_factory=list)  # addresses, in the order the page asked for them
    errors: list[str] = field(default_factory=list)  # of the console

    def figure(self, name: str, expression: str) -> Any:
        """A JavaScript expression of `gd`, the element that Plotly draws a figure into."""
        return self.page.evaluate(
            f"(() => {{ const gd = document.querySelector('#{name} .js-plotly-plot'); "
            f"return {expression}; }})()"
        )

    def traces(self, name: str) -> list[dict[str, Any]]:
        """The traces of a figure, with typed arrays as lists."""
        script = """(name) => {
            const plain = (value) =>
              ArrayBuffer.isView(value) ? Array.from(value)
              : Array.isArray(value) ? value.map(plain)
              : value;
            const keys = ["name", "type", "mode", "x", "y", "z", "text", "customdata", "marker", "base"];
            return document.querySelector(`#${name} .js-plotly-plot`)._fullData.map((trace) =>
              Object.fromEntries(keys.map((key) => [key, plain(trace[key])])));
        }"""
        return self.page.evaluate(script, name)

    def asked(self, part: str) -> list[str]:
        return [address for address in self.requests if part in address]

    def wait_until(self, expression: str) -> None:
        self.page.wait_for_function(expression)

    def settle(self) -> None:
        """Waits until image and pick grid of the visible range stand and nothing is under way."""
        try:
            self.wait_until("() => window.hsvis && hsvis.cloud && hsvis.cloud.isSettled()")
        except TimeoutError as error:
            told = self.page.evaluate(UNSETTLED)
            last = self.asked("/cloud/")[-1:] + self.asked("/pick/")[-1:]
            raise AssertionError(
                f"the cloud does not settle: {told}; asked last: {last}; {self.errors}"
            ) from error
        self.page.wait_for_load_state("networkidle")

    def row(self, index: int) -> None:
        """Clicks a sequence in the table."""
        self.page.click(f'#sequence-table .ag-row[row-id="{index}"] [col-id="class"]')

    def choose(self, menu: str, label: str) -> None:
        """Chooses from one of the menus in the header."""
        self.page.click(f"#{menu}")
        self.page.click(f".dash-dropdown-content >> text={label}")

    def image_is_shown(self, run: str) -> bool:
        """Whether the image of a run's cloud is on the page, with states in it."""
        assert f"/cloud/{run}/" in self.asked("/cloud/")[-1]
        drawn = self.page.evaluate(
            """async () => {
                const image = new Image();
                image.src = document.querySelector("#projection image").href.baseVal;
                await image.decode();
                const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
                canvas.drawImage(image, 0, 0);
                const { data } = canvas.getImageData(0, 0, image.width, image.height);
                return data.filter((value, at) => at % 4 === 3 && value > 0).length;
            }"""
        )
        return drawn > 20

    def selected(self) -> int | None:
        """The sequence that the views show, once they agree on it."""
        self.wait_until(
            "() => document.getElementById('page').classList.contains('selected') ==="
            " (document.querySelector('#projection .js-plotly-plot').layout.meta.sequence !== null)"
        )
        return self.figure("projection", "gd.layout.meta.sequence")

    def shows(self, index: int | None) -> None:
        """Waits until the projection and the text, the last views of an answer, show a sequence, or none."""
        wanted = "null" if index is None else index
        self.wait_until(
            f"() => document.querySelector('#projection .js-plotly-plot').layout.meta.sequence === {wanted}"
            " && document.querySelectorAll('#token-strip [data-step]').length === hsvis.steps.count()"
        )


Open = Callable[..., Opened]
Save = Callable[[Opened, str, str], Path]  # page, view, entry of its menu


def query(address: str) -> dict[str, str]:
    """The query of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def watched(page: Page) -> Opened:
    """A page whose requests and errors are noted from now on."""
    opened = Opened(page)

    def note(address: str) -> None:
        if not urlsplit(address).path.endswith("/_favicon.ico"):  # asked for by the browser, at any time
            opened.requests.append(address)

    page.on("request", lambda request: note(request.url))
    page.on("console", lambda said: opened.errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: opened.errors.append(str(error)))
    return opened


def at_address(opened: Opened, address: str) -> Opened:
    """Opens an address and waits until the page shows what it says."""
    opened.page.goto("about:blank")  # so that it is loaded even if only its query is new
    opened.page.goto(address)
    opened.page.wait_for_selector("#sequence-table .ag-row")
    opened.wait_until("() => window.hsvis && hsvis.permalink && hsvis.permalink.isRead()")
    opened.settle()
    return opened


def rows_shown(opened: Opened) -> list[int]:
    """The sequences of the table in its order, those that have to be scrolled to as well."""
    return opened.page.evaluate(
        """() => {
            const rows = [];
            dash_ag_grid.getApi("sequence-table")
              .forEachNodeAfterFilterAndSort((node) => rows.push(Number(node.id)));
            return rows;
        }"""
    )


def chips(opened: Opened) -> list[str]:
    """The filters that are named above the table."""
    return opened.page.locator("#chips .chip > :first-child").all_text_contents()


def spot(opened: Opened, figure: str, x: float, y: float) -> tuple[float, float]:
    """Where a point of a figure's axes is on the page."""
    left, top = opened.figure(
        figure,
        f"[gd._fullLayout.xaxis.d2p({x}) + gd._fullLayout.xaxis._offset, "
        f"gd._fullLayout.yaxis.d2p({y}) + gd._fullLayout.yaxis._offset]",
    )
    box = opened.page.locator(f"#{figure} .js-plotly-plot").bounding_box()
    assert box is not None
    return box["x"] + left, box["y"] + top


def show_run(opened: Opened, run: str) -> None:
    """Chooses a run and waits until all of it is on the page."""
    opened.choose("run-select", run)
    opened.wait_until(
        f"() => document.querySelector('#projection .js-plotly-plot').layout.meta.run === '{run}'"
    )
    opened.settle()


def stands(opened: Opened, store: StateStore, index: int | None) -> None:
    """Waits until all views show a sequence, or none."""
    opened.shows(index)
    tokens = [] if index is None else store.sequence(index).tokens
    title = "" if index is None else f"Sequence {index}"
    opened.page.wait_for_function(
        """([tokens, title]) => {
            const shown = [...document.querySelectorAll("#token-strip [data-step]")];
            const row = (figure) => hsvis.plot(figure)._fullData[0]?.z[0] ?? [];
            return (document.querySelector("#sequence-info h2")?.textContent ?? "") === title
              && shown.length === tokens.length && shown.every((one, k) => one.textContent === tokens[k])
              && ["ep-heatmap", "unit-activity"].every((figure) => row(figure).length === tokens.length);
        }""",
        arg=[tokens, title],
    )


STEP_FIGURES = ("ep-heatmap", "distances", "confidence", "unit-activity")  # a column for each step


def area(opened: Opened, figure: str) -> tuple[float, float, float, float]:
    """Left, top, width and height of the part of a figure that data are drawn in, on the page."""
    box = opened.page.locator(f"#{figure} .nsewdrag").bounding_box()
    assert box is not None
    return box["x"], box["y"], box["width"], box["height"]


def state_places(opened: Opened, store: StateStore, rows: Any) -> np.ndarray:
    """(K, 2), where states are on the page, as long as the first projection is shown whole."""
    xy = store.projections(store.layers[0])[0].xy
    x0, x1, y0, y1 = bounds(xy)
    left, top, width, height = area(opened, "projection")
    share = (xy[rows].astype(float) - [x0, y1]) / [x1 - x0, y0 - y1]
    return share * [width, height] + [left, top]


HIGHLIGHTS = """(figures) => {
  const seen = (element) => element && element.checkVisibility() ? element.getBoundingClientRect() : null;
  const middle = (element) => {
    const box = seen(element);
    return box && [box.left + box.width / 2, box.top + box.height / 2];
  };
  const column = (figure, which) =>
    middle(document.querySelector(`[data-overlay="${figure}"] .column.${which}`));
  const steps = (look) =>
    [...document.querySelectorAll(`#token-strip .${look}`)].map((token) => Number(token.dataset.step));
  const svg = document.querySelector('[data-overlay="projection"] svg').getBoundingClientRect();
  const line = document.querySelector(".focus-segment");
  const end = (name, start) => Number(line.getAttribute(name)) + start;
  return {
    now: Object.fromEntries(figures.map((figure) => [figure, column(figure, "now")])),
    before: Object.fromEntries(figures.map((figure) => [figure, column(figure, "before")])),
    tokens: { now: steps("focus"), before: steps("focus-before") },
    rings: { now: middle(document.querySelector(".focus-ring:not(.before)")),
             before: middle(document.querySelector(".focus-ring.before")) },
    segment: seen(line) && [end("x1", svg.left), end("y1", svg.top), end("x2", svg.left), end("y2", svg.top)],
    rows: [...document.querySelectorAll("#sequence-table .ag-row.focus")]
      .map((row) => Number(row.getAttribute("row-id"))),
  };
}"""


def highlights(opened: Opened) -> dict[str, Any]:
    """What is highlighted on the screen: middles of columns and rings, tokens, ends of the segment, rows."""
    return opened.page.evaluate(HIGHLIGHTS, list(STEP_FIGURES))


def highlighted(
    opened: Opened,
    store: StateStore,
    index: int,
    which: str = "now",
    visible: tuple[float, float] | None = None,
) -> dict[str, Any]:
    """The step that each view highlights, by where on the screen it does; None where it highlights none.

    Args:
        which: "now", or "before" for the step that the way to it starts from.
        visible: the steps at the left and the right end of the views of steps; None = all are shown.
    """
    found: dict[str, Any] = {}
    shown = highlights(opened)
    first, last = visible or (-0.5, store.lengths[index] - 0.5)
    for figure in STEP_FIGURES:
        left, _, width, _ = area(opened, figure)
        middle = shown[which][figure]
        step = None if middle is None else first + (middle[0] - left) / width * (last - first)
        between = step is not None and abs(step - round(step)) / (last - first) * width > 1  # pixels
        found[figure] = step if step is None or between else round(step)
    steps = shown["tokens"][which]
    found["token-strip"] = steps[0] if len(steps) == 1 else (steps or None)
    ring = shown["rings"][which]
    found["projection"] = None if ring is None else _step_at(opened, store, index, *ring)
    return found


def _step_at(opened: Opened, store: StateStore, index: int, x: float, y: float) -> Any:
    away = np.hypot(*(state_places(opened, store, store.sequence(index).rows) - [x, y]).T)
    step = int(np.argmin(away))
    return step if away[step] < 1 else f"no state at {x:.1f}, {y:.1f}"


def everywhere(step: int | None) -> dict[str, int | None]:
    """The same step in all views."""
    return dict.fromkeys((*STEP_FIGURES, "token-strip", "projection"), step)


def tick(opened: Opened, option: str, label: str) -> None:
    """Clicks a checkbox or a radio button of a display option."""
    opened.page.locator(f"#{option} label").get_by_text(label, exact=True).click()


def slide(opened: Opened, option: str, value: float, step: float = 0.01) -> None:
    """Moves the slider of a display option by keys until the number beside it says `value`."""
    thumb = opened.page.locator(f"#{option} [role=slider]")
    way = round((value - float(thumb.get_attribute("aria-valuenow") or "nan")) / step)
    thumb.focus()
    for _ in range(abs(way) // 10):
        opened.page.keyboard.press("PageUp" if way > 0 else "PageDown")
    for _ in range(abs(way) % 10):
        opened.page.keyboard.press("ArrowRight" if way > 0 else "ArrowLeft")
    opened.wait_until(
        f"() => document.querySelector('[data-value-of={option}]').textContent === '{value:.2f}'"
    )


def picture(opened: Opened) -> np.ndarray:
    """The image of the cloud that is on the page, (height, width, 4) uint8, once it is up to date."""
    opened.wait_until("() => hsvis.cloud.isSettled()")
    encoded = opened.page.evaluate(
        """async () => {
            const image = await fetch(document.querySelector("#projection image").href.baseVal);
            const bytes = new Uint8Array(await image.arrayBuffer());
            return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
        }"""
    )
    return np.array(Image.open(BytesIO(base64.b64decode(encoded))).convert("RGBA"))


def select(opened: Opened, index: int) -> None:
    """Selects a sequence, and waits until the views of its steps show it."""
    opened.page.evaluate(
        """(index) => {
            const table = dash_ag_grid.getApi("sequence-table");
            table.ensureNodeVisible(table.getRowNode(index));
        }""",
        str(index),
    )
    opened.row(index)
    opened.shows(index)
