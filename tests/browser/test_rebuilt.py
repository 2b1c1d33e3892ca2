"""A page that is open while its run is built again: it is told, keeps working, and shows the new one."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from pages import PAUSE, Opened, at_address, query, spot, watched
from playwright.sync_api import expect
from profiles import Profile
from rebuilt import rebuild, write_config
from server import serving

from hsvis.build.pipeline import build
from hsvis.catalogue.jobs import Builds
from hsvis.catalogue.offers import offers, open_offers
from hsvis.catalogue.watch import ALL_FILES, Watch
from hsvis.config import load_config
from hsvis.dashboard import create_app
from hsvis.progress import silent
from hsvis.run.store import StateStore


@dataclass
class Live:
    """A page of a served folder, and what changes the folder."""

    page: Opened
    watch: Watch
    builds: Builds
    folder: Path

    def look(self) -> None:
        """The server looks at its folders, and the page, which comes into sight again, at the server."""
        for _ in range(ALL_FILES):
            self.watch.look()
        self.page.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    @property
    def store(self) -> StateStore:
        found = self.builds.shown("alpha")
        assert found is not None
        return found

    def texts(self) -> str:
        return self.page.page.locator("#token-strip").inner_text()

    def click_state(self, store: StateStore) -> int:
        """Clicks the state that is farthest from all others; returns its sequence."""
        xy = store.projections("rnn.0")[0].xy
        apart = np.linalg.norm(xy[:, None] - xy[None], axis=2) + 1e9 * np.eye(len(xy))
        row = int(apart.min(1).argmax())
        self.page.page.mouse.click(*spot(self.page, "projection", *xy[row].tolist()))
        return store.locate(row)[0]


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: Profile) -> Iterator[Callable[..., Live]]:
    """Serves a folder with the run `alpha`, of films, and opens a page of it: `live("?sequence=1")`."""
    monkeypatch.setenv("HSVIS_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "configs"
    folder.mkdir()
    rebuild(write_config(folder, "alpha"), "film")
    ends = ExitStack()

    def served(address: str = "", theme: str = "light", most_rows: int = 1000) -> Live:
        builds = ends.enter_context(Builds(offers([str(folder)])))
        watch = Watch(builds, [str(folder)], say=lambda line: None)
        app = create_app(
            open_offers(builds.offers, silent, lambda line: None), builds=builds, most_rows=most_rows
        )
        running = ends.enter_context(serving([], app))
        page = profile(theme).new_page()
        page.set_viewport_size({"width": 1440, "height": 900})
        page.set_default_timeout(2 * PAUSE)
        shown = at_address(watched(page), f"{running.address}{address}")
        return Live(shown, watch, builds, folder)

    with ends:
        yield served


@pytest.mark.parametrize("most_rows", [1000, 5], ids=["rows in the browser", "rows in pages"])
def test_a_page_is_told_keeps_the_old_run_and_shows_the_new_one_when_asked(
    live: Callable[..., Live], most_rows: int
) -> None:
    one = live("?sequence=3&palette=okabe-ito", most_rows=most_rows)
    page, film = one.page.page, one.store
    one.page.shows(3)
    assert "film" in one.texts()
    expect(page.locator("#rebuilt")).not_to_be_visible()
    book = rebuild(one.folder / "alpha.yaml", "book", count=8)
    one.look()
    expect(page.locator("#rebuilt-text")).to_contain_text("“alpha” was rebuilt at")
    expect(page.locator("#rebuilt-text")).to_contain_text("This page shows the one before")
    # it keeps working with what it shows: rows of the old pick grid, sequences that only the old run has
    clicked = one.click_state(film)
    one.page.shows(clicked)
    assert page.locator("#sequence-info h2").inner_text() == f"Sequence {clicked}"
    assert [*one.texts().split()] == film.sequence(clicked).tokens
    one.page.row(11)
    one.page.shows(11)
    assert "film" in one.texts()
    page.fill("#search", "film")
    expect(page.locator(".chip-count")).to_contain_text("12 sequences")
    page.fill("#search", "")
    expect(page.locator(".chip-count")).to_have_count(0)
    near = {"xaxis.range": [-1, 1], "yaxis.range": [-1, 1]}
    page.evaluate("(range) => Plotly.relayout(hsvis.plot('projection'), range)", near)
    one.page.settle()
    assert one.page.image_is_shown("alpha")
    one.page.row(4)
    one.page.shows(4)
    # and now the new one
    page.click("#show-runs")
    expect(page.locator("#run-list")).to_contain_text("the build before is shown")
    page.click("#close-runs")
    page.locator("#rebuilt").get_by_role("button", name="Show the new one").click()
    one.page.wait_until("() => window.hsvis?.permalink?.isRead() && hsvis.rows.total() === 8")
    one.page.shows(4)
    one.page.settle()
    assert [*one.texts().split()] == book.sequence(4).tokens
    assert "book" in one.texts()
    expect(page.locator("#rebuilt")).not_to_be_visible()
    expect(page.locator("#notice")).to_be_empty()
    asked = query(page.url)
    assert (asked["sequence"], asked["palette"], "view" in asked) == ("4", "okabe-ito", False)
    clicked = one.click_state(book)
    one.page.shows(clicked)
    assert [*one.texts().split()] == book.sequence(clicked).tokens
    assert one.page.errors == []


def test_later_puts_the_notice_away_until_the_next_build(live: Callable[..., Live]) -> None:
    one = live()
    page = one.page.page
    rebuild(one.folder / "alpha.yaml", "book")
    one.look()
    page.get_by_role("button", name="Later").click()
    expect(page.locator("#rebuilt")).not_to_be_visible()
    one.look()
    expect(page.locator("#rebuilt")).not_to_be_visible()
    rebuild(one.folder / "alpha.yaml", "song")
    one.look()
    expect(page.locator("#rebuilt")).to_be_visible()


def test_what_is_no_longer_kept_is_said_and_nothing_else_is_shown_for_it(live: Callable[..., Live]) -> None:
    one = live("?sequence=3")
    page = one.page.page
    for noun in ("book", "song"):
        rebuild(one.folder / "alpha.yaml", noun)
        one.watch.look()
    one.page.row(5)  # the page has not heard of it yet
    expect(page.locator("#rebuilt-text")).to_contain_text("What this page shows of it is no longer kept")
    expect(page.get_by_role("button", name="Later")).not_to_be_visible()
    assert "film" in one.texts()
    page.get_by_role("button", name="Show the new one").click()
    one.page.wait_until("() => document.querySelector('#token-strip')?.textContent.includes('song')")
    expect(page.locator("#rebuilt")).not_to_be_visible()


def test_new_configs_and_runs_appear_in_the_menu_of_an_open_page(live: Callable[..., Live]) -> None:
    one = live("?sequence=2")
    one.page.shows(2)

    def menu() -> list[str]:
        return one.page.page.evaluate(
            "dash_component_api.getLayout('run-select').props.options.map((one) => one.label)"
        )

    assert menu() == ["alpha"]
    file = write_config(one.folder, "beta")
    one.look()
    one.page.wait_until("() => dash_component_api.getLayout('run-select').props.options.length === 2")
    assert menu() == ["alpha", "beta · not built"]
    build(load_config(file))
    one.look()
    one.page.wait_until("() => !dash_component_api.getLayout('run-select').props.options[1].disabled")
    assert menu() == ["alpha", "beta"]
    one.page.shows(2)
    one.page.choose("run-select", "beta")
    one.page.wait_until("() => hsvis.steps.meta().run === 'beta'")
    one.page.settle()
    one.page.row(1)
    one.page.shows(1)
    file.unlink()
    one.look()
    assert "beta" in menu(), "it stays for those who look at it"
    assert one.page.errors == []


def test_a_run_that_was_rebuilt_while_another_was_shown_comes_as_the_new_one(
    live: Callable[..., Live],
) -> None:
    one = live()
    build(load_config(write_config(one.folder, "beta")))
    one.look()
    one.page.wait_until("() => dash_component_api.getLayout('run-select').props.options.length === 2")
    one.page.choose("run-select", "beta")
    one.page.wait_until("() => hsvis.steps.meta().run === 'beta'")
    book = rebuild(one.folder / "alpha.yaml", "book", count=8)
    one.look()
    one.page.wait_until("() => dash_component_api.getLayout('editions').props.data.alpha !== undefined")
    one.page.wait_until(f"() => hsvis.edition('alpha') === '{book.edition}'")
    one.page.choose("run-select", "alpha")
    one.page.wait_until("() => hsvis.steps.meta().run === 'alpha' && hsvis.rows.total() === 8")
    one.page.settle()
    expect(one.page.page.locator("#rebuilt")).not_to_be_visible()
    clicked = one.click_state(book)
    one.page.shows(clicked)
    assert [*one.texts().split()] == book.sequence(clicked).tokens
    assert one.page.errors == []


def test_states_that_can_not_be_read_are_said_on_the_page(live: Callable[..., Live]) -> None:
    one = live()
    os.truncate(one.store.folder.states("rnn.0", 0), 100)
    one.page.row(3)
    one.page.shows(3)
    assert "film" in one.texts()
    expect(one.page.page.locator("#sequence-info .unreadable")).to_contain_text("Build the run again")
    assert "can't be read" in one.page.figure("unit-activity", "gd.layout.annotations[0].text")
    one.look()
    one.page.page.click("#show-runs")
    line = one.page.page.locator("#run-list li[data-key='run alpha']")
    expect(line).to_contain_text("deleted or damaged")
    line.get_by_role("button", name="Build alpha").click()
    expect(one.page.page.locator("#show-runs")).to_have_attribute("data-busy", "true")
    expect(one.page.page.locator("#show-runs")).to_have_attribute("data-busy", "false", timeout=5 * PAUSE)
    expect(line).not_to_contain_text("failed")
    one.page.page.click("#close-runs")
    one.page.row(4)
    one.page.shows(4)
    expect(one.page.page.locator("#sequence-info .unreadable")).to_have_count(0)
    expect(one.page.page.locator("#rebuilt")).not_to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_notice_covers_neither_views_nor_other_notices(
    live: Callable[..., Live], theme: str, tmp_path: Path
) -> None:
    one = live("?sequence=3", theme)
    page = one.page.page
    rebuild(one.folder / "alpha.yaml", "book")
    one.look()
    expect(page.locator("#rebuilt")).to_be_visible()
    page.click("#copy-link")
    expect(page.locator("#notice")).not_to_be_empty()
    box, other = (page.locator(f"#{one}").bounding_box() for one in ("rebuilt", "notice"))
    assert box is not None
    assert other is not None
    assert other["y"] + other["height"] <= box["y"]
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 1440
    page.screenshot(path=os.environ.get("HSVIS_SHOTS", str(tmp_path)) + f"/rebuilt-{theme}.png")
