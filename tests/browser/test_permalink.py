"""The address of the page: it carries all that is shown, and what is gone or wrong in it is said."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit

import numpy as np
import pytest
from pages import Opened, Served, at_address, chips, query, rows_shown, show_run, spot
from playwright.sync_api import Page, expect

from hsvis.dashboard.page import ids
from hsvis.dashboard.page.options import BY_ID
from hsvis.figures.style.theme import LIGHT, palette
from hsvis.figures.window import bounds
from hsvis.run.store import StateStore

Visit = Callable[..., Opened]


@pytest.fixture
def store(served: Served) -> StateStore:
    return served.stores["demo"]


def says(opened: Opened, **wanted: object) -> None:
    """Waits until the address has these parameters; None for one that it must not have."""
    asked = {name.replace("_", "-"): None if one is None else str(one) for name, one in wanted.items()}
    opened.page.wait_for_function(
        "(wanted) => { const now = new URLSearchParams(location.search);"
        " return Object.entries(wanted).every(([name, one]) => now.get(name) === one); }",
        arg=asked,
    )


def range_of(opened: Opened) -> list[float]:
    return opened.figure(ids.PROJECTION, "[...gd._fullLayout.xaxis.range, ...gd._fullLayout.yaxis.range]")


def checked(opened: Opened, option: str) -> list[str]:
    """The labels that are ticked in a control."""
    boxes = opened.page.locator(f"#{option} label", has=opened.page.locator("input:checked"))
    return [text.strip() for text in boxes.all_inner_texts()]


def number(opened: Opened, option: str) -> str:
    return opened.page.inner_text(f"[data-value-of={option}]")


def shown(opened: Opened) -> dict[str, Any]:
    """What a person sees of the state of the page."""
    focus = opened.page.locator("#token-strip .focus")
    return {
        "run": opened.page.inner_text("#run-select"),
        "projection": opened.page.inner_text("#projection-select"),
        "cloud": opened.page.inner_text("#projection-info"),
        "sequence": opened.page.inner_text("#sequence-info"),
        "row": opened.page.locator(".ag-row-selected").evaluate_all(
            "(all) => all.map((one) => one.ariaRowIndex)"
        ),
        "step": focus.evaluate_all("(all) => all.map((one) => one.dataset.step)"),
        "chips": chips(opened),
        "rows": rows_shown(opened),
        "search": opened.page.input_value("#search"),
        "options": {
            one: checked(opened, one) for one in (ids.MARKS, ids.FADE, ids.STATE_COLOUR, ids.PALETTE_SELECT)
        },
        "threshold": number(opened, ids.DISTANCE_THRESHOLD),
        "class": opened.page.inner_text(f"#{ids.CHANGE_CLASS}"),
    }


def test_address_in_another_browser_shows_the_same(opened: Opened, visit: Visit, store: StateStore) -> None:
    page, other = opened.page, store.projections(store.layers[0])[1]
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened.choose("projection-select", other.label)
    says(opened, projection=other.name)
    opened.settle()
    kept = np.flatnonzero(store.labels == 1)
    index = int(kept[np.argmax(store.lengths[kept[:8]])])
    step = int(store.lengths[index]) - 1
    opened.row(index)
    opened.shows(index)
    page.click(f"#token-strip [data-step='{step}']")
    says(opened, sequence=index, step=step)
    total = spot(opened, ids.CLASS_OVERVIEW, len(kept) / 2, 1 - 0.27)  # in the middle of the upper bar
    page.mouse.click(*total)
    says(opened, filter='{"actual":1}')
    page.locator(f"#{ids.MARKS} label", has_text="ends").click()
    page.locator(f"#{ids.PALETTE_SELECT} label", has_text="Tableau").click()
    page.focus(f"#{ids.DISTANCE_THRESHOLD} [role=slider]")
    page.keyboard.press("ArrowRight")
    says(opened, marks="end", palette="tableau", distance_threshold=0.41)
    before = range_of(opened)
    page.mouse.move(*spot(opened, ids.PROJECTION, *other.xy[100].tolist()))
    page.mouse.wheel(0, -400)
    opened.wait_until("() => new URLSearchParams(location.search).has('view')")
    opened.settle()
    page.mouse.move(2, 2)
    page.click("#copy-link")
    expect(page.locator("#notice")).to_contain_text("copied")
    address = page.evaluate("navigator.clipboard.readText()")
    assert address == page.url
    zoomed = range_of(opened)
    assert before[0] < zoomed[0] < zoomed[1] < before[1]

    elsewhere = visit(f"?{urlsplit(address).query}")
    assert shown(elsewhere) == shown(opened)
    assert shown(elsewhere)["step"] == [str(step)]
    token = elsewhere.page.locator("#token-strip .focus").bounding_box()
    strip = elsewhere.page.locator("#token-strip").bounding_box()
    assert token is not None
    assert strip is not None
    assert strip["y"] <= token["y"] <= strip["y"] + strip["height"] - token["height"]  # in sight
    assert rows_shown(elsewhere) == kept.tolist()
    assert f"Sequence {index}" in elsewhere.page.inner_text("#sequence-info")
    assert elsewhere.page.inner_text("#projection-select") == other.label
    np.testing.assert_allclose(range_of(elsewhere), zoomed, atol=1e-5 * (before[1] - before[0]))
    asked = query(elsewhere.asked("/cloud/")[-1])
    assert (asked["marks"], asked["palette"], json.loads(asked["filter"])) == (
        "end",
        "tableau",
        {"actual": 1},
    )
    hexes = palette(store.n_classes, LIGHT, "tableau").hexes
    assert elsewhere.traces(ids.CLASS_OVERVIEW)[0]["marker"]["color"] == list(hexes)
    assert elsewhere.errors == []
    says(elsewhere, **query(address))  # and goes on as the same address


def test_address_of_another_run_with_an_option_of_its_classes(opened: Opened, served: Served) -> None:
    store = served.stores["odd"]
    asked = "run=odd&sequence=2&step=1&filter=%7B%22actual%22:2%7D&change-class=2&change-words=after"
    at_address(opened, f"{served.address}?{asked}")
    assert opened.page.inner_text("#run-select") == "odd"
    assert opened.page.inner_text(f"#{ids.CHANGE_CLASS}") == store.classes[2]
    assert opened.page.locator("#token-strip .focus").all_text_contents() == [store.sequence(2).tokens[1]]
    assert rows_shown(opened) == np.flatnonzero(store.labels == 2).tolist()
    assert chips(opened) == [f"class {store.classes[2]}"]
    assert opened.errors == []


@contextmanager
def slow_network(page: Page) -> Iterator[None]:
    """Every answer of the server comes half a second later."""
    session = page.context.new_cdp_session(page)
    throughput = {"downloadThroughput": -1, "uploadThroughput": -1}
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", {"offline": False, "latency": 500, **throughput})
    yield
    session.send("Network.emulateNetworkConditions", {"offline": False, "latency": 0, **throughput})
    session.detach()


def test_back_and_forward_walk_through_what_was_chosen(opened: Opened, store: StateStore) -> None:
    page, everything = opened.page, list(range(store.n_sequences))
    positive = np.flatnonzero(store.labels == 1).tolist()

    def stands(sequence: int | None, rows: list[int]) -> None:
        opened.shows(sequence)
        opened.wait_until(
            "() => document.getElementById('table-count').textContent.startsWith"
            f"('{len(rows)}{'' if rows == everything else ' of '}')"
        )
        assert rows_shown(opened) == rows
        says(opened, sequence=sequence)

    opened.row(1)
    says(opened, sequence=1)
    opened.row(4)
    says(opened, sequence=4)
    page.mouse.click(*spot(opened, ids.CLASS_OVERVIEW, len(positive) / 2, 1 - 0.27))
    says(opened, filter='{"actual":1}')
    with slow_network(page):  # so that what belongs to the run comes long after the choice
        show_run(opened, "odd")
        says(opened, run="odd", filter=None, sequence=None)

    page.go_back()
    opened.wait_until(
        "() => document.querySelector('#projection .js-plotly-plot').layout.meta.run === 'demo'"
    )
    stands(4, positive)
    assert chips(opened) == [f"class {store.classes[1]}"]
    page.go_back()
    stands(4, everything)
    page.go_back()
    stands(1, everything)
    page.go_back()
    stands(None, everything)
    for _ in range(3):  # faster than the page can follow
        page.evaluate("history.forward()")
    stands(4, positive)
    page.go_forward()
    opened.wait_until("() => document.querySelector('#projection .js-plotly-plot').layout.meta.run === 'odd'")
    says(opened, run="odd", filter=None, sequence=None)
    assert opened.errors == []


def test_options_survive_a_bare_address_and_give_way_to_those_in_one(opened: Opened, served: Served) -> None:
    opened.page.locator(f"#{ids.MARKS} label", has_text="ends").click()
    opened.page.locator(f"#{ids.FADE} label", has_text="misclassified").click()
    opened.page.focus(f"#{ids.DISTANCE_THRESHOLD} [role=slider]")
    opened.page.keyboard.press("ArrowLeft")
    says(opened, marks="end", fade="wrong", distance_threshold=0.39)

    at_address(opened, served.address)
    assert checked(opened, ids.MARKS) == ["ends"]
    assert checked(opened, ids.FADE) == ["misclassified"]
    assert number(opened, ids.DISTANCE_THRESHOLD) == "0.39"
    assert query(opened.asked("/cloud/")[-1])["marks"] == "end"

    at_address(opened, f"{served.address}?marks=start&state-size=2")
    assert checked(opened, ids.MARKS) == ["starts"]
    assert checked(opened, ids.FADE) == []
    assert number(opened, ids.STATE_SIZE) == "2.00"
    assert number(opened, ids.DISTANCE_THRESHOLD) == f"{BY_ID[ids.DISTANCE_THRESHOLD].default:.2f}"
    says(opened, marks="start", state_size=2, fade=None, distance_threshold=None)
    assert opened.errors == []


GONE: list[tuple[dict[str, str], list[str]]] = [
    (
        {"run": "gone", "layer": "gone", "projection": "gone", "view": "900,901,900,901"},
        ["no run “gone”", "no layer “gone”", "no projection “gone”"],
    ),
    ({"sequence": "99999", "palette": "gone"}, ["no sequence “99999”", "no palette “gone”"]),
    ({"sequence": "abc", "view": "1,2"}, ["no sequence “abc”", "visible range in the address can't be read"]),
    ({"sequence": "", "view": "1,0,0,1"}, ["no sequence “”", "visible range in the address can't be read"]),
    (
        {"step": "999", "filter": "{bad"},
        ["Sequence 5 has no step “999”", "filter in the address can't be read"],
    ),
    ({"step": "-1", "filter": "[1]"}, ["Sequence 5 has no step “-1”", "filter in the address can't be read"]),
    (
        {
            "filter": '{"actual":99}',
            "distance-threshold": "abc",
            "state-colour": "<i>red</i>",
            "toString": "1",
        },
        [
            "can't be applied to this run: actual",
            "no setting “distance-threshold=abc”",
            "no setting “state-colour=<i>red</i>”",
            "no setting “toString=1”",
        ],
    ),
    (
        {
            "filter": '{"predicted":-1,"more":2,"regions":[[[0,"1"]]]}',
            "distance-threshold": "7",
            "marks": "start,gone",
            "fade": "x",
            "jump-words": "after",
            "change-class": "9",
        },
        [
            "can't be applied to this run: predicted, more, regions",
            "no setting “distance-threshold=7”",
            "no setting “marks=start,gone”",
            "no setting “fade=x”",
            "no setting “change-class=9”",
        ],
    ),
]


def test_what_is_gone_or_malformed_in_an_address_is_said_and_the_rest_shown(
    opened: Opened, served: Served, store: StateStore
) -> None:
    for asked, said in GONE:
        rest = {"run": "demo", "sequence": "5", "matrix-numbers": "shares"}
        entries = opened.page.evaluate("history.length")
        at_address(opened, f"{served.address}?{urlencode(rest | asked)}")
        for one in (*said, "The rest is shown"):
            expect(opened.page.locator("#notice")).to_contain_text(one)
        if "sequence" not in asked:
            assert "Sequence 5" in opened.page.inner_text("#sequence-info")
        assert checked(opened, ids.MATRIX_NUMBERS) == ["shares"]
        assert chips(opened) == []
        assert rows_shown(opened) == list(range(store.n_sequences))
        assert range_of(opened) == pytest.approx(bounds(store.projections(store.layers[0])[0].xy))
        first = {
            "run": "demo",
            "layer": store.layers[0],
            "projection": store.projections(store.layers[0])[0].name,
        }
        says(opened, **first, **dict.fromkeys(asked.keys() - first.keys() - {"jump-words"}))
        # back does not lead to the outdated address, only to be sent here again
        assert opened.page.evaluate("history.length") == entries + 2
        assert opened.errors == [], asked


def test_two_windows_keep_to_themselves(opened: Opened, visit: Visit, store: StateStore) -> None:
    one, other = opened, visit("?sequence=8", beside=opened.page.context)
    one.row(3)
    one.shows(3)
    other.page.locator(f"#{ids.MARKS} label", has_text="ends").click()
    other.page.mouse.click(*spot(other, ids.CLASS_OVERVIEW, 3, 1 - 0.27))
    other.choose("projection-select", store.projections(store.layers[0])[1].label)
    says(other, sequence=8, marks="end", filter='{"actual":1}')
    other.settle()
    one.page.bring_to_front()
    one.row(6)
    one.shows(6)
    assert chips(one) == []
    assert checked(one, ids.MARKS) == []
    assert rows_shown(one) == list(range(store.n_sequences))
    assert one.page.inner_text("#projection-select") == store.projections(store.layers[0])[0].label
    says(one, sequence=6, marks=None, filter=None)
    assert "Sequence 8" in other.page.inner_text("#sequence-info")
    says(other, sequence=8)
    assert one.errors == other.errors == []
