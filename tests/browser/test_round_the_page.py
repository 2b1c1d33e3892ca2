"""The way by the Tab key round the page, whatever is open: nothing holds the focus but what Esc closes."""

from collections.abc import Callable, Iterator

import pytest
from pages import PAUSE, Opened, Served, at_address, select, watched
from playwright.sync_api import Page, expect
from profiles import Profile
from server import serving
from table_on_page import press

from hsvis.dashboard import create_app
from hsvis.notes import Notes
from hsvis.run.store import StateStore

# What has the focus, as one word: for each element another one, and none for the body.
FOCUS = """() => {
  const one = document.activeElement;
  if (one === document.body) return null;
  window.tabStops ??= new Map();
  if (!tabStops.has(one)) tabStops.set(one, tabStops.size);
  const name = one.id || one.dataset.export || one.getAttribute("aria-label") || one.textContent.slice(0, 20);
  return `${tabStops.get(one)} ${one.tagName} ${name}`;
}"""


@pytest.fixture(scope="module")
def noted(demo_store: StateStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demo, with a note on it."""
    notes = Notes(tmp_path_factory.mktemp("notes") / "notes.sqlite")
    notes.add("demo", demo_store.manifest.keys.states, 3, 1, demo_store.sequence(3).tokens[1], "a note", "")
    with serving([demo_store], create_app([demo_store], notes=notes)) as running:
        yield running


@pytest.fixture
def opened(profile: Profile, noted: Served) -> Iterator[Opened]:
    page = profile().new_page()
    page.set_viewport_size({"width": 1440, "height": 900})
    page.set_default_timeout(PAUSE)
    one = at_address(watched(page), noted.address)
    yield one
    assert one.errors == []


def way(page: Page, key: str, most: int = 150) -> list[str]:
    """What has the focus, one after the other, until it leaves the page or a dialog begins again."""
    found: list[str] = []
    for _ in range(most):
        page.keyboard.press(key)
        now = page.evaluate(FOCUS)
        if now is None or now in found[:1]:
            return found
        found.append(now)
    raise AssertionError(f"{key} does not get out of the page: {found[-6:]}")


def nothing(opened: Opened) -> None:
    pass


def a_step(opened: Opened) -> None:
    select(opened, 3)
    press(opened, "Home")


def notes(opened: Opened) -> None:
    press(opened, "m")
    expect(opened.page.locator("#notes")).to_be_visible()


def notes_of_a_step(opened: Opened) -> None:
    a_step(opened)
    notes(opened)


def similar_states(opened: Opened) -> None:
    a_step(opened)
    press(opened, "s")
    expect(opened.page.locator("#neighbour-list li").first).to_be_visible()


def a_filter(opened: Opened) -> None:
    opened.page.fill("#search", "no text has these words")
    expect(opened.page.locator("#chips .chip").first).to_be_visible()


STATES: list[Callable[[Opened], None]] = [nothing, a_step, notes, notes_of_a_step, similar_states, a_filter]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_tab_goes_through_the_whole_page_and_back(opened: Opened, state: Callable[[Opened], None]) -> None:
    state(opened)
    opened.settle()
    opened.page.evaluate("document.activeElement.blur(), document.getElementById('run-select').focus()")
    forward = [opened.page.evaluate(FOCUS), *way(opened.page, "Tab")]
    assert len(set(forward)) == len(forward)  # nothing twice
    for stop in ("search", "random-wrong", "show-runs", "theme-toggle"):
        assert any(one.split()[2:] == [stop] for one in forward), stop
    back = way(opened.page, "Shift+Tab")
    assert back == forward[::-1]


def test_dialogs_and_menus_hold_the_focus_until_escape(opened: Opened) -> None:
    page = opened.page
    for button, inside in (("show-runs", "#runs"), ("show-keys", "#keys")):
        page.focus(f"#{button}")
        press(opened, "Enter")
        expect(page.locator(inside)).to_be_visible()
        for key in ("Tab", "Shift+Tab"):
            way(page, key)
        press(opened, "Escape")
        expect(page.locator(inside)).to_be_hidden()
        expect(page.locator(f"#{button}")).to_be_focused()
    for button, inside in (("run-select", ".dash-dropdown-content"), ("saved-filters", ".saved-menu")):
        page.focus(f"#{button}")
        press(opened, "Enter")
        expect(page.locator(inside)).to_be_visible()
        press(opened, "Escape")
        expect(page.locator(inside)).to_have_count(0)
        press(opened, "Tab")
        assert page.evaluate(FOCUS) is not None
