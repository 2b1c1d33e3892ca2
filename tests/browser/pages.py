"""An opened dashboard, as the browser tests handle it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page

from hsvis.store import StateStore


@dataclass
class Served:
    """A running server and the runs that it shows."""

    address: str
    stores: dict[str, StateStore]


@dataclass
class Opened:
    """A page, and what it did."""

    page: Page
    requests: list[str] = field(default_factory=list)  # addresses, in the order they were asked for
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
        self.wait_until("() => window.hsvis && hsvis.cloud && hsvis.cloud.isSettled()")
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
        """Waits until the projection, the last view of an answer, shows a sequence, or none."""
        wanted = "null" if index is None else index
        self.wait_until(
            f"() => document.querySelector('#projection .js-plotly-plot').layout.meta.sequence === {wanted}"
        )


Open = Callable[..., Opened]


def query(address: str) -> dict[str, str]:
    """The query of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
