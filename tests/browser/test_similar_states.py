"""The panel of similar states: what it lists, how it follows the step in focus, where its lines lead."""

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow.parquet as pq
import pytest
from pages import Open, Opened, Served, everywhere, highlighted, highlights, select, stands, state_places
from playwright.sync_api import Page, expect
from profiles import Profile
from server import serving

from hsvis.run.manifest import read_manifest
from hsvis.run.store import StateStore

INDEX, STEP = 7, 4
LINES = "#neighbour-list .neighbour"


@pytest.fixture
def store(served: Served) -> StateStore:
    return served.stores["demo"]


def expected(store: StateStore, row: int) -> list[int]:
    """Rows of the nearest state of each of the ten nearest other sequences, from the files of states."""
    files = sorted(store.folder.path.glob("states/layer=rnn.0/part-*.parquet"))
    states = np.concatenate([np.stack(pq.read_table(file)["state"].to_pylist()) for file in files])
    away = np.linalg.norm(states.astype(float) - states[row], axis=1)
    own, _ = store.locate(row)
    each = [
        int(begin + away[begin:end].argmin())
        for index, (begin, end) in enumerate(zip(store.offsets[:-1], store.offsets[1:], strict=True))
        if index != own
    ]
    return sorted(each, key=lambda one: away[one])[:10]


def listed(opened: Opened, store: StateStore) -> list[int]:
    """The rows of the listed states, by what their lines say, once they are those of the step in focus."""
    expect(opened.page.locator("#neighbours")).to_have_attribute("aria-busy", "false")
    told = opened.page.locator(f"{LINES} .neighbour-facts > :last-child").all_inner_texts()
    places = [[int(part.split()[1]) for part in one.split(", ")] for one in told]
    return [int(store.offsets[sequence]) + step for sequence, step in places]


def pin(opened: Opened, step: int) -> None:
    opened.page.click(f'#token-strip [data-step="{step}"]')


def shut(opened: Opened) -> None:
    expect(opened.page.locator("#neighbours")).to_be_hidden()


def test_the_key_opens_the_nearest_states_of_other_sequences(opened: Opened, store: StateStore) -> None:
    select(opened, INDEX)
    pin(opened, STEP)
    opened.page.keyboard.press("s")
    expect(opened.page.locator(LINES)).to_have_count(10)
    row = int(store.offsets[INDEX]) + STEP
    assert listed(opened, store) == expected(store, row)
    first, lines = expected(store, row)[0], opened.page.locator(LINES)
    sequence, step = store.locate(first)
    tokens = store.sequence(sequence).tokens
    words = lines.nth(0).locator(".neighbour-words")
    assert words.locator("strong").inner_text() == tokens[step]
    assert " ".join(tokens[max(0, step - 4) : step + 5]) in words.inner_text()
    facts = lines.nth(0).locator(".neighbour-facts").inner_text()
    assert store.classes[store.labels[sequence]] in facts
    assert f"{100 * store.ep[first].max():.0f} %" in facts
    away = np.linalg.norm(store.states(sequence, "rnn.0")[step] - store.states(INDEX, "rnn.0")[STEP])
    assert float(lines.nth(0).locator(".neighbour-distance").inner_text()) == pytest.approx(away, abs=2e-3)
    assert store.sequence(INDEX).tokens[STEP] in opened.page.inner_text("#neighbours-of")
    opened.page.keyboard.press("ArrowRight")  # the list follows
    opened.wait_until(
        f"() => document.querySelector('#neighbours-of').textContent.includes('step {STEP + 1})')"
    )
    assert listed(opened, store) == expected(store, row + 1)


def test_escape_closes_the_list_first_and_then_lets_go(opened: Opened, store: StateStore) -> None:
    select(opened, INDEX)
    pin(opened, STEP)
    for close in (
        lambda: opened.page.keyboard.press("Escape"),
        lambda: opened.page.click("#close-neighbours"),
    ):
        opened.page.click("#show-neighbours")
        expect(opened.page.locator(LINES)).to_have_count(10)
        close()
        shut(opened)
        assert opened.selected() == INDEX
    opened.page.keyboard.press("Escape")
    stands(opened, store, None)


def test_a_click_on_a_line_goes_there_and_back_comes_back(opened: Opened, store: StateStore) -> None:
    select(opened, INDEX)
    pin(opened, STEP)
    opened.page.keyboard.press("s")
    expect(opened.page.locator(LINES)).to_have_count(10)
    opened.wait_until(f"() => location.search.includes('step={STEP}')")
    row = listed(opened, store)[2]
    sequence, step = store.locate(row)
    line = opened.page.locator(LINES).nth(2)
    line.hover()
    ring = highlights(opened)["rings"]["now"]
    np.testing.assert_allclose(ring, state_places(opened, store, [row])[0], atol=1.5)
    line.click()
    stands(opened, store, sequence)
    opened.page.mouse.move(5, 5)
    assert highlighted(opened, store, sequence) == everywhere(step)
    opened.wait_until(f"() => location.search.includes('sequence={sequence}&step={step}')")
    opened.wait_until(f"() => document.querySelector('#neighbours-of').textContent.includes('step {step})')")
    assert listed(opened, store) == expected(store, row)
    opened.page.go_back()
    stands(opened, store, INDEX)
    opened.wait_until("() => hsvis.focus.pinned() !== null")
    assert opened.page.evaluate("hsvis.focus.pinned()") == {"sequence": INDEX, "step": STEP}


def test_without_a_step_the_list_says_what_to_do(opened: Opened) -> None:
    opened.page.keyboard.press("s")
    expect(opened.page.locator("#neighbours-of")).to_contain_text("Click a word or a state")
    opened.page.keyboard.press("s")
    shut(opened)


@pytest.mark.parametrize("size", [(1280, 720), (1440, 900)])
def test_the_open_list_leaves_every_figure_as_it_is(open_page: Open, size: tuple[int, int]) -> None:
    opened = open_page(width=size[0], height=size[1])
    select(opened, INDEX)
    pin(opened, STEP)
    places = "() => [...document.querySelectorAll('[data-frame]')].map((one) => one.getBoundingClientRect())"
    before = opened.page.evaluate(places)
    opened.page.keyboard.press("s")
    expect(opened.page.locator(LINES)).to_have_count(10)
    assert opened.page.evaluate(places) == before
    panel = opened.page.locator("#neighbours").bounding_box()
    table = opened.page.locator("#sequence-table").bounding_box()
    assert panel is not None
    assert table is not None
    assert all(one["right"] < panel["x"] for one in before)
    assert panel["y"] > table["y"] + 80  # some of the table is still in sight
    assert panel["y"] + panel["height"] <= size[1]


def test_words_that_look_like_markup_are_words(show: Callable[..., Opened], served: Served) -> None:
    opened, odd = show("odd", 0), served.stores["odd"]
    pin(opened, 2)
    opened.page.keyboard.press("s")
    expect(opened.page.locator(LINES)).to_have_count(10)
    words = [odd.tokens_at(np.array([row]))[0] for row in listed(opened, odd)]
    assert opened.page.locator(f"{LINES} strong").all_text_contents() == words
    assert opened.page.locator(f"{LINES} script, {LINES} br, {LINES} a, {LINES} b").count() == 0
    assert set(
        opened.page.locator(f"{LINES} .neighbour-words").evaluate_all("(all) => all.map((x) => x.dir)")
    ) == {"auto"}


def test_a_server_that_does_not_answer_is_said_in_words(open_page: Open) -> None:
    opened = open_page()
    select(opened, INDEX)
    pin(opened, STEP)
    opened.page.route("**/neighbours/**", lambda route: route.abort())
    opened.page.keyboard.press("s")
    expect(opened.page.locator("#neighbours-of")).to_have_text(
        "The server does not answer. Is it still running?"
    )
    opened.page.unroute("**/neighbours/**")
    opened.page.keyboard.press("ArrowRight")
    expect(opened.page.locator(LINES)).to_have_count(10)


@pytest.fixture
def old_run(demo_store: StateStore, profile: Profile) -> Iterator[Page]:
    """A page of a run as versions without an index built it."""
    manifest = read_manifest(demo_store.folder)
    assert manifest is not None
    files = {name: size for name, size in manifest.files.items() if not name.startswith("neighbours")}
    old = StateStore.open(demo_store.folder)
    old.manifest = manifest.but(files=files)
    page = profile().new_page()
    with serving([old]) as running:
        page.goto(f"{running.address}?sequence={INDEX}&step={STEP}")
        page.wait_for_function("() => window.hsvis && hsvis.permalink && hsvis.permalink.isRead()")
        yield page


def test_a_run_without_an_index_says_how_to_get_one(old_run: Page) -> None:
    old_run.keyboard.press("s")
    expect(old_run.locator("#neighbours-of")).to_contain_text("hsvis build CONFIG")
    assert old_run.locator(LINES).count() == 0
