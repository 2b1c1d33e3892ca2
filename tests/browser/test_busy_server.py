"""What the page does while the server says that it is busy: it asks again, and says so."""

import re
from collections.abc import Callable

import pytest
from pages import Opened, Save, Served
from playwright.sync_api import Page, Request, Route, expect

from hsvis.run.store import StateStore

WHILE = 5  # seconds that a test takes to change its mind, on a machine that does much besides


@pytest.fixture
def store(served: Served) -> StateStore:
    return served.stores["demo"]


def refuse_first(page: Page, pattern: str, seconds: int = 1) -> list[Request]:
    """Has the server be busy for the first request; all requests of the pattern, as they come.

    Args:
        seconds: after which it may be asked again.
    """
    asked: list[Request] = []

    def answer(route: Route, request: Request) -> None:
        asked.append(request)
        if len(asked) == 1:
            after = {"Retry-After": str(seconds)}
            route.fulfill(status=503, headers=after, body="The server is busy with other work.")
        else:
            route.continue_()

    page.route(pattern, answer)
    return asked


def test_a_filter_and_an_image_come_once_the_server_has_time(
    visit: Callable[..., Opened], store: StateStore
) -> None:
    opened = visit("")
    filters = refuse_first(opened.page, "**/sequences/**")
    images = refuse_first(opened.page, "**/cloud/**")
    notice = opened.page.locator("#notice")
    opened.page.fill("#search", "good")
    expect(notice).to_have_text("The server is busy. It is asked again in 1 s.")
    wanted = sum("good" in store.sequence(index).text.casefold() for index in range(store.n_sequences))
    expect(opened.page.locator("#table-count")).to_contain_text(f"{wanted} of")
    opened.settle()
    assert [one.method for one in filters] == ["GET"] * 2
    assert len(images) >= 2
    assert len({one.url for one in images[:2]}) == 1


def test_a_question_that_is_given_up_is_not_asked_again(visit: Callable[..., Opened]) -> None:
    opened = visit("")
    asked = refuse_first(opened.page, "**/sequences/**", WHILE)
    opened.page.fill("#search", "good")
    expect(opened.page.locator("#notice")).to_contain_text("busy")
    opened.page.fill("#search", "film")
    opened.page.wait_for_timeout(1000 * WHILE + 500)  # longer than the pause
    assert [one.url for one in asked if "good" in one.url] == [asked[0].url]


def test_a_sequence_is_shown_once_the_server_has_time(visit: Callable[..., Opened]) -> None:
    opened = visit("")
    asked = refuse_first(opened.page, "**/_dash-update-component*")
    opened.row(3)
    expect(opened.page.locator("#notice")).to_have_text("The server is busy. It is asked again in 1 s.")
    opened.shows(3)
    expect(opened.page.locator("#details")).not_to_have_class(re.compile("waiting"))
    views = [one.post_data_json for one in asked if "sequence-info" in (one.post_data or "")]
    assert len(views) == 2
    assert views[0] == views[1]


def test_of_a_sequence_that_is_left_again_nothing_is_asked_once_more(visit: Callable[..., Opened]) -> None:
    opened = visit("")
    asked = refuse_first(opened.page, "**/_dash-update-component*", WHILE)
    opened.row(3)
    expect(opened.page.locator("#notice")).to_contain_text("busy")
    opened.row(4)
    opened.shows(4)
    opened.page.wait_for_timeout(1000 * WHILE + 500)  # longer than the pause
    given = [
        one.post_data_json["inputs"][0]["value"] for one in asked if "sequence-info" in (one.post_data or "")
    ]
    assert [one["sequence"] for one in given] == [3, 4]
    opened.shows(4)


def test_an_export_waits_for_its_turn(visit: Callable[..., Opened], save: Save, store: StateStore) -> None:
    opened = visit("")
    asked = refuse_first(opened.page, "**/export/**")
    lines = save(opened, "projection", "Data as CSV").read_bytes().splitlines()
    assert len(lines) == store.n_states + 1
    assert [one.method for one in asked[:2]] == ["HEAD", "HEAD"]


def test_why_an_export_is_refused_stands_on_the_page(visit: Callable[..., Opened]) -> None:
    opened = visit("?sequence=1")
    opened.shows(1)

    def refuse(route: Route) -> None:
        route.fulfill(status=409, body="part-00000.parquet: can't be read. Build the run again.")

    opened.page.route("**/unit-activity.csv?**", refuse)
    opened.page.click('[data-export="unit-activity"]')
    opened.page.click(".export-menu >> text=Data as CSV")
    expect(opened.page.locator("#notice")).to_contain_text("can't be read. Build the run again.")


def test_an_export_whose_turn_comes_late_is_not_read_into_an_error(
    visit: Callable[..., Opened], save: Save, store: StateStore
) -> None:
    """Refused for as long as the page asks whether it can be had; then it can."""
    opened = visit("")
    asked: list[str] = []

    def answer(route: Route, request: Request) -> None:
        asked.append(request.method)
        if request.method == "HEAD":
            route.fulfill(status=503, body="")  # without a time to ask again: the last of all tries
        else:
            route.continue_()

    opened.page.route("**/export/**", answer)
    lines = save(opened, "projection", "Data as CSV").read_bytes().splitlines()
    assert len(lines) == store.n_states + 1
    assert asked[:2] == ["HEAD", "GET"]
