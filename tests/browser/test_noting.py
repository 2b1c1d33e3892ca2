"""Notes and saved filters on the page: written, read by others, followed to where they belong."""

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pages import PAUSE, Opened, at_address, chips, everywhere, highlighted, rows_shown, select, watched
from playwright.sync_api import Route, expect
from profiles import Profile
from server import serving

from hsvis.dashboard import create_app
from hsvis.notes import Notes
from hsvis.run.store import StateStore
from hsvis.web.access import Access

INDEX, STEP = 7, 4
EVIL = '<script>alert("x")</script> <b>bold</b>\n   and a second line'
NOTE = "#note-list .note"
TEXT = "#new-note textarea"
Visit = Callable[..., Opened]


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes(tmp_path / "notes.sqlite")


@pytest.fixture(params=[None])
def visit_notes(
    request: pytest.FixtureRequest,
    profile: Profile,
    demo_store: StateStore,
    odd_store: StateStore,
    notes: Notes,
) -> Iterator[Visit]:
    """Opens the dashboard, each time in a browser of its own; no page may report an error."""
    made: list[Opened] = []
    stores = [demo_store, odd_store]
    with serving(stores, create_app(stores, notes=notes, access=request.param)) as running:

        def visit(query: str = "", size: tuple[int, int] = (1440, 900)) -> Opened:
            page = profile().new_page()
            page.set_viewport_size({"width": size[0], "height": size[1]})
            page.set_default_timeout(PAUSE)
            made.append(watched(page))
            return at_address(made[-1], running.address + query)

        yield visit
    assert [one.errors for one in made] == [[]] * len(made)


SOON = """() => {
  const plain = setTimeout;
  window.setTimeout = (call, ms, ...more) => plain(call, ms === 20_000 ? 300 : ms, ...more);
}"""  # what the panel looks for after 20 seconds


def keep(store: StateStore, notes: Notes, index: int, step: int | None, text: str, author: str = "") -> None:
    """A note that somebody else wrote."""
    words = store.sequence(index).tokens[step or 0]
    notes.add("demo", store.manifest.keys.states, index, step, words, text, author)


def write(opened: Opened, text: str) -> None:
    opened.page.fill(TEXT, text)
    opened.page.press(TEXT, "Control+Enter")
    expect(opened.page.locator(TEXT)).to_have_value("")


def texts(opened: Opened) -> list[str]:
    return opened.page.locator(f"{NOTE} .note-text").all_text_contents()


def at(opened: Opened, step: int | None) -> None:
    """Opens the panel at a sequence, with a step pinned or not."""
    select(opened, INDEX)
    if step is not None:
        opened.page.click(f'#token-strip [data-step="{step}"]')
    opened.page.click("#show-notes")
    expect(opened.page.locator(TEXT)).to_be_enabled()


def test_a_note_is_written_kept_and_read_by_others(visit_notes: Visit, demo_store: StateStore) -> None:
    mine, other = visit_notes(), visit_notes()
    other.page.click("#show-notes")
    expect(other.page.locator("#note-status")).to_have_text("none yet")
    at(mine, STEP)
    token = demo_store.sequence(INDEX).tokens[STEP]
    assert (
        mine.page.inner_text(".note-target > :first-child") == f"On step {STEP} “{token}” of sequence {INDEX}"
    )
    mine.page.click(TEXT)
    mine.page.fill("#new-note input[type=text]", "Ann")
    write(mine, EVIL)
    expect(mine.page.locator(NOTE)).to_have_count(1)
    other.page.evaluate("dispatchEvent(new Event('focus'))")  # as when somebody comes back to the window
    for opened in (mine, other):
        expect(opened.page.locator(NOTE)).to_have_count(1)
        assert texts(opened) == [EVIL]
        assert opened.page.inner_text(f"{NOTE} .note-place") == f"Sequence {INDEX}, step {STEP} “{token}”"
        assert opened.page.inner_text(f"{NOTE} .note-author") == "Ann"
        assert re.fullmatch(r"just now|\d+ sec\. ago", opened.page.inner_text(f"{NOTE} time"))
        assert opened.page.locator(f"{NOTE} script, {NOTE} b").count() == 0
        assert opened.page.locator(f"{NOTE} .note-text").get_attribute("dir") == "auto"
    expect(mine.page.locator("#note-mark")).to_have_text("✎ 1 note")
    expect(mine.page.locator("#show-notes")).to_have_text("Notes 1")
    assert mine.page.locator(f"{NOTE} .note-tools button").count() == 2
    assert other.page.locator(f"{NOTE} .note-tools button").count() == 0  # it is Ann's
    at_address(mine, mine.page.url)
    expect(mine.page.locator("#note-mark")).to_have_text("✎ 1 note")
    mine.page.click("#note-mark")
    expect(mine.page.locator(NOTE)).to_have_count(1)
    assert (
        mine.page.locator("#new-note input[type=text]").input_value() == "Ann"
    )  # the browser keeps the name


def test_notes_of_others_appear_while_the_panel_is_open(
    visit_notes: Visit, notes: Notes, demo_store: StateStore
) -> None:
    opened = visit_notes()
    opened.page.evaluate(SOON)  # a clock of Playwright's would stay in the profile, for later tests too
    opened.page.click("#show-notes")
    expect(opened.page.locator("#note-status")).to_have_text("none yet")
    keep(demo_store, notes, 3, None, "from elsewhere", "Ben")
    expect(opened.page.locator(NOTE)).to_have_count(1)


def test_a_click_on_a_note_goes_to_its_sequence_and_step(
    visit_notes: Visit, notes: Notes, demo_store: StateStore
) -> None:
    keep(demo_store, notes, INDEX, STEP, "here")
    keep(demo_store, notes, 3, None, "all of it")
    opened = visit_notes()
    opened.page.click("#show-notes")
    opened.page.click(f"{NOTE} >> text=here")
    opened.shows(INDEX)
    opened.page.mouse.move(5, 5)
    assert highlighted(opened, demo_store, INDEX) == everywhere(STEP)
    opened.wait_until(f"() => location.search.includes('sequence={INDEX}&step={STEP}')")
    place = opened.page.locator(".note-place", has_text="Sequence 3")
    place.focus()
    opened.page.keyboard.press("Enter")
    opened.shows(3)
    opened.wait_until("() => !location.search.includes('step=')")
    opened.page.go_back()
    opened.shows(INDEX)


def test_notes_are_edited_and_deleted_in_place(visit_notes: Visit, notes: Notes) -> None:
    opened = visit_notes()
    at(opened, None)
    write(opened, "first")
    opened.page.click(f"{NOTE} .note-tools >> text=Edit")
    opened.page.fill(f"{NOTE} textarea", "better")
    opened.page.press(f"{NOTE} textarea", "Control+Enter")
    expect(opened.page.locator(f"{NOTE} .note-text")).to_have_text("better")
    expect(opened.page.locator(f"{NOTE} .note-facts")).to_contain_text("edited")
    opened.page.click(f"{NOTE} .note-tools >> text=Edit")
    opened.page.fill(f"{NOTE} textarea", "worse")
    opened.page.click(f"{NOTE} .note-tools >> text=Cancel")
    assert texts(opened) == ["better"]
    opened.page.click(f"{NOTE} .note-tools >> text=Delete")
    opened.page.click(f"{NOTE} .note-tools >> text=Keep")
    expect(opened.page.locator(NOTE)).to_have_count(1)
    opened.page.click(f"{NOTE} .note-tools >> text=Delete")
    opened.page.locator(f"{NOTE} .note-tools button", has_text="Delete").click()
    expect(opened.page.locator(NOTE)).to_have_count(0)
    assert notes.listed("demo") == ([], 0)
    expect(opened.page.locator("#note-mark")).to_be_hidden()


def test_a_save_that_fails_keeps_the_text(visit_notes: Visit, notes: Notes) -> None:
    opened = visit_notes()
    at(opened, STEP)
    failing = "**/notes/demo?edition=*"

    def refuse(route: Route) -> None:
        route.fulfill(status=503, content_type="text/plain", body="The file of notes can't be written.\n")

    opened.page.route(failing, lambda route: route.abort())
    for says in ("The server does not answer", "can't be written"):
        opened.page.fill(TEXT, "precious")
        opened.page.press(TEXT, "Control+Enter")
        expect(opened.page.locator("#new-note .note-error")).to_contain_text(says)
        expect(opened.page.locator("#new-note .note-error")).to_contain_text("your text is still here")
        expect(opened.page.locator(TEXT)).to_have_value("precious")
        opened.page.unroute(failing)
        opened.page.route(failing, refuse)
    opened.page.unroute(failing)
    opened.page.click("text=Save note")
    expect(opened.page.locator(NOTE)).to_have_count(1)
    opened.errors.clear()  # the browser's own lines about the two answers
    assert [(one.text, one.step) for one in notes.listed("demo")[0]] == [("precious", STEP)]


def test_what_is_being_written_stays_with_its_step_until_it_is_moved(
    visit_notes: Visit, notes: Notes
) -> None:
    opened = visit_notes()
    at(opened, STEP)
    opened.page.fill(TEXT, "draft")
    select(opened, 3)
    expect(opened.page.locator(".note-target")).to_contain_text(f"of sequence {INDEX}")
    opened.page.press(TEXT, "Control+Enter")
    expect(opened.page.locator(NOTE)).to_have_count(1)
    opened.page.fill(TEXT, "another")
    select(opened, INDEX)
    opened.page.click("text=move it to")
    opened.page.press(TEXT, "Control+Enter")
    expect(opened.page.locator(NOTE)).to_have_count(2)
    kept = [(one.text, one.sequence, one.step) for one in notes.listed("demo")[0]]
    assert kept == [("another", INDEX, None), ("draft", INDEX, STEP)]


def test_notes_are_narrowed_by_words_author_and_sequence(
    visit_notes: Visit, notes: Notes, demo_store: StateStore
) -> None:
    for k in range(60):
        keep(demo_store, notes, k % 5, None, f"note {k}", "Ann" if k % 2 else "Ben")
    opened = visit_notes()
    opened.page.click("#show-notes")
    expect(opened.page.locator(NOTE)).to_have_count(50)
    opened.page.click("text=Show more")
    expect(opened.page.locator(NOTE)).to_have_count(60)
    opened.page.select_option("#note-filters select", label="Ann")
    expect(opened.page.locator("#note-status")).to_have_text("30 of 60")
    opened.page.fill("#note-filters .search", "NOTE 5")
    expect(opened.page.locator(NOTE)).to_have_count(6)
    assert texts(opened) == [f"note {k}" for k in (59, 57, 55, 53, 51, 5)]
    select(opened, 2)
    opened.page.check("#note-filters input[type=checkbox]")
    expect(opened.page.locator(NOTE)).to_have_count(1)
    assert texts(opened) == ["note 57"]


@pytest.mark.parametrize("size", [(1280, 720), (1440, 900)])
def test_the_open_panel_leaves_figures_and_the_selected_row_in_sight(
    visit_notes: Visit, size: tuple[int, int]
) -> None:
    opened = visit_notes(size=size)
    select(opened, 30)
    places = "() => [...document.querySelectorAll('[data-frame]')].map((one) => one.getBoundingClientRect())"
    before = opened.page.evaluate(places)
    opened.page.keyboard.press("m")
    expect(opened.page.locator(TEXT)).to_be_focused()
    assert opened.page.evaluate(places) == before
    row, panel, table = (
        opened.page.locator(one)
        for one in ("#sequence-table .ag-row-selected", "#notes", "#sequence-table .ag-body")
    )
    opened.wait_until(
        "() => { const [row, body] = ['.ag-row-selected', '.ag-body']"
        ".map((one) => document.querySelector(`#sequence-table ${one}`).getBoundingClientRect());"
        " return row.top >= body.top - 1 && row.bottom <= body.bottom + 1; }"
    )
    boxes: list[Any] = [one.bounding_box() for one in (row, panel, table)]
    assert boxes[0]["y"] + boxes[0]["height"] <= boxes[1]["y"]
    assert boxes[1]["y"] + boxes[1]["height"] <= size[1]
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_escape_leaves_the_field_then_the_panel_then_the_sequence(visit_notes: Visit) -> None:
    opened = visit_notes()
    select(opened, INDEX)
    opened.page.keyboard.press("m")
    opened.page.keyboard.type("nrs m?")  # no keys of the page
    expect(opened.page.locator(TEXT)).to_have_value("nrs m?")
    opened.page.keyboard.press("Escape")
    expect(opened.page.locator("#notes")).to_be_visible()
    opened.page.keyboard.press("Escape")
    expect(opened.page.locator("#notes")).to_be_hidden()
    assert opened.selected() == INDEX
    opened.page.keyboard.press("m")
    expect(opened.page.locator(TEXT)).to_have_value("nrs m?")  # nothing is lost
    opened.page.keyboard.press("Escape")
    opened.page.keyboard.press("s")  # the other panel takes its place
    expect(opened.page.locator("#notes")).to_be_hidden()
    opened.page.keyboard.press("m")
    expect(opened.page.locator("#neighbours")).to_be_hidden()


@pytest.mark.parametrize("visit_notes", [Access(save=False)], indirect=True)
def test_without_the_right_to_save_notes_are_read_alone(
    visit_notes: Visit, notes: Notes, demo_store: StateStore
) -> None:
    keep(demo_store, notes, INDEX, STEP, "read me")
    notes.save_filter("demo", "mistakes", '{"correct": false}')
    opened = visit_notes()
    opened.page.keyboard.press("m")
    expect(opened.page.locator(NOTE)).to_have_count(1)
    assert opened.page.locator(f"{TEXT}, {NOTE} .note-tools button").count() == 0
    opened.page.click(f"{NOTE} >> text=read me")
    opened.shows(INDEX)
    opened.page.click("#saved-filters")
    expect(opened.page.locator(".saved-filter")).to_have_count(1)
    assert opened.page.locator(".saved-menu form, .saved-menu [aria-label^=Delete]").count() == 0


def test_the_files_hold_the_notes(
    visit_notes: Visit, notes: Notes, demo_store: StateStore, tmp_path: Path
) -> None:
    keep(demo_store, notes, INDEX, STEP, EVIL, "Ann")
    opened = visit_notes()
    opened.page.click("#show-notes")
    expect(opened.page.locator(NOTE)).to_have_count(1)
    files = {}
    for kind in ("CSV", "Markdown"):
        with opened.page.expect_download() as download:
            opened.page.click(f"#notes >> text={kind}")
        files[kind] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[kind])
    with files["CSV"].open(newline="", encoding="utf-8") as file:
        [row] = csv.DictReader(file)
    assert row["text"] == EVIL
    assert f"({row['link']})" in files["Markdown"].read_text(encoding="utf-8")
    at_address(opened, row["link"])
    opened.shows(INDEX)
    assert opened.page.evaluate("hsvis.focus.pinned()") == {"sequence": INDEX, "step": STEP}


def test_another_run_has_its_own_notes(visit_notes: Visit, notes: Notes, demo_store: StateStore) -> None:
    keep(demo_store, notes, INDEX, STEP, "of the demo")
    opened = visit_notes()
    opened.page.click("#show-notes")
    expect(opened.page.locator(NOTE)).to_have_count(1)
    opened.choose("run-select", "odd")
    expect(opened.page.locator("#note-status")).to_have_text("none yet")
    assert opened.page.locator(NOTE).count() == 0
    expect(opened.page.locator("#show-notes")).to_have_text("Notes")


# saved filters


def save_filter(opened: Opened, name: str) -> None:
    opened.page.click("#saved-filters")
    opened.page.fill(".saved-menu input", name)
    opened.page.keyboard.press("Enter")
    expect(opened.page.locator("#notice")).to_contain_text(f"“{name}”")
    expect(opened.page.locator(".saved-menu")).to_have_count(0)


def test_a_filter_is_saved_applied_by_others_and_deleted(visit_notes: Visit, notes: Notes) -> None:
    mine, other = visit_notes(), visit_notes()
    mine.page.evaluate("hsvis.filter.replace({ actual: 0, search: 'a' })")
    mine.wait_until(
        "() => hsvis.filter.isApplied() && document.querySelectorAll('#chips .chip').length === 3"
    )
    save_filter(mine, "negative <i>a</i>")
    passing = rows_shown(mine)
    other.page.click("#saved-filters")
    entry = other.page.locator(".saved-filter")
    assert entry.locator("bdi").inner_text() == "negative <i>a</i>"
    assert entry.locator("small").inner_text() == "class negative, “a”"
    entry.click()
    other.wait_until(
        "() => document.querySelectorAll('#chips .chip').length === 3 && hsvis.filter.isApplied()"
    )
    other.wait_until(
        f"() => document.querySelector('#table-count').textContent.startsWith('{len(passing)} of')"
    )
    assert rows_shown(other) == passing
    assert chips(other)[:2] == chips(mine)[:2]
    assert other.page.input_value("#search") == "a"
    other.page.click("#saved-filters")
    other.page.click("[aria-label^='Delete the filter']")
    other.page.click("[aria-label^='Really delete the filter']")
    expect(other.page.locator(".saved-none")).to_be_visible()
    other.page.keyboard.press("Escape")
    expect(other.page.locator(".saved-menu")).to_have_count(0)
    expect(other.page.locator("#saved-filters")).to_be_focused()
    assert notes.filters("demo") == []


def test_a_filter_with_a_region_brings_its_projection_along(
    visit_notes: Visit, demo_store: StateStore
) -> None:
    opened = visit_notes()
    first, second = (one.name for one in demo_store.projections("rnn.0")[:2])
    xy = demo_store.projections("rnn.0")[0].xy
    (x0, y0), (x1, y1) = xy.min(axis=0).tolist(), xy.mean(axis=0).tolist()
    region = [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]
    opened.page.evaluate("(region) => hsvis.filter.set({ regions: [region] })", region)
    expect(opened.page.locator("#chips .chip")).to_have_count(1)
    save_filter(opened, "corner")
    opened.page.evaluate("(name) => dash_clientside.set_props('projection-select', { value: name })", second)
    opened.wait_until(
        f"() => hsvis.steps.meta().cloud.endsWith('/{second}') && !hsvis.filter.current().regions"
    )
    opened.page.click("#saved-filters")
    opened.page.click(".saved-filter")
    opened.wait_until(
        f"() => hsvis.steps.meta().cloud.endsWith('/{first}') && hsvis.filter.current().regions"
    )
    opened.settle()
    expect(opened.page.locator("#chips .chip > :first-child")).to_have_text(["region 1"])


def test_saving_says_what_is_missing_and_whose_a_name_is(visit_notes: Visit, notes: Notes) -> None:
    notes.save_filter("demo", "taken", '{"actual": 1}', author="Ann")
    opened = visit_notes()
    opened.page.click("#saved-filters")
    assert opened.page.locator(".saved-menu input").is_disabled()
    assert "No filter acts" in (opened.page.get_attribute(".saved-menu input", "placeholder") or "")
    opened.page.keyboard.press("Escape")
    opened.page.evaluate("hsvis.filter.set({ correct: false })")
    expect(opened.page.locator("#chips .chip")).to_have_count(1)
    opened.page.click("#saved-filters")
    opened.page.fill(".saved-menu input", "taken")
    expect(opened.page.locator(".saved-menu form button")).to_have_text("Replace")
    opened.page.click(".saved-menu form button")
    expect(opened.page.locator(".saved-menu .note-error")).to_contain_text("by Ann")
    assert opened.page.input_value(".saved-menu input") == "taken"
    opened.errors.clear()  # the browser's own line about the answer 409
