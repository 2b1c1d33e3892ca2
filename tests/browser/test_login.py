"""Logging in, being thrown out, and out again, as somebody at the page sees it."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import Served
from playwright.sync_api import Page, expect
from profiles import Profile
from server import serving

from hsvis.dashboard import create_app
from hsvis.notes import Notes
from hsvis.run.store import StateStore
from hsvis.web.access import Access
from hsvis.web.users import Users

PASSWORD = "correct horse battery"


@pytest.fixture
def users(tmp_path: Path) -> Users:
    users = Users(tmp_path / "users.json")
    users.add("ana", PASSWORD)
    return users


@pytest.fixture
def locked(demo_store: StateStore, users: Users, tmp_path: Path) -> Iterator[Served]:
    access = Access(users=users, secret=secrets.token_bytes(32))
    app = create_app([demo_store], access=access, notes=Notes(tmp_path / "notes.sqlite"))
    with serving([demo_store], app) as served:
        yield served


@pytest.fixture
def page(profile: Profile) -> Page:
    page = profile().new_page()
    page.set_viewport_size({"width": 1280, "height": 720})
    return page


def log_in(page: Page, password: str = PASSWORD) -> None:
    page.get_by_label("Name").fill("ana")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def test_a_link_leads_through_the_log_in_to_what_it_shows(locked: Served, page: Page) -> None:
    page.goto(f"{locked.address}?run=demo&sequence=3")
    log_in(page, "not the password")
    expect(page.get_by_role("alert")).to_have_text("Wrong name or password.")
    expect(page.get_by_label("Name")).to_have_value("ana")
    log_in(page)
    expect(page.get_by_role("heading", name="Sequence 3")).to_be_visible(timeout=30_000)
    expect(page.locator(".bar .user")).to_have_text("ana")
    beyond = page.evaluate(
        "() => [...document.querySelectorAll('.bar > *, .card')]"
        ".filter((one) => one.getBoundingClientRect().right > innerWidth).map((one) => one.className)"
    )
    assert beyond == []  # the longest bar that there is makes no view wider than the window
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    page.goto(locked.address)
    expect(page.get_by_label("Password")).to_be_visible()


def test_a_session_that_ended_is_told_of_and_the_view_comes_back(
    locked: Served, page: Page, users: Users
) -> None:
    page.goto(f"{locked.address}?run=demo&sequence=3")
    log_in(page)
    heading = page.get_by_role("heading", name="Sequence 3")
    expect(heading).to_be_visible(timeout=30_000)
    users.change("ana", PASSWORD + "!")
    page.keyboard.press("ArrowDown")
    ended = page.locator("#session-ended")
    expect(ended).to_contain_text("You are not logged in any more.")
    expect(heading).to_be_visible()  # what is on the page can still be read
    ended.get_by_role("link").click()
    log_in(page, PASSWORD + "!")
    expect(page.locator(".bar .user")).to_have_text("ana", timeout=30_000)
    expect(page.locator(".sequence-info h2")).to_contain_text("Sequence", timeout=30_000)
