"""The display options: each does on the page what it says, for the states that it says, and is kept."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pages import (
    Opened,
    Served,
    picture,
    query,
    select,
    slide,
    spot,
    tick,
)
from server import serving
from words_on_page import (
    assert_words,
    of_sequence,
    steps_of,
    wait_for_words,
    words,
    words_at,
)

from hsvis.analysis.units import decision_order, unit_order
from hsvis.dashboard.page import ids
from hsvis.dashboard.page.options import OPTIONS
from hsvis.figures.style.colour import contrast, hexes, rgb
from hsvis.figures.style.theme import LIGHT, palette
from hsvis.run.store import StateStore


@pytest.fixture(scope="module")
def served(demo_store: StateStore, verdicts_store: StateStore) -> Iterator[Served]:
    with serving([demo_store, verdicts_store]) as running:
        yield running


# The trajectory (V8, V9, V10) ------------------------------------------------------------------------------


def segments(opened: Opened, store: StateStore, index: int) -> pd.DataFrame:
    """Colour and width of each segment of the trajectory as it is drawn, by the step it starts from."""
    drawn = opened.page.evaluate(
        """() => {
            const figure = document.querySelector("#projection .js-plotly-plot");
            const traces = figure._fullData.filter((one) => one.name.startsWith("segments") && one.x.length);
            return traces.flatMap(({ uid, x, y }) => {
                const look = getComputedStyle(figure.querySelector(`.trace${uid} path.js-line`));
                const [colour, width] = [look.stroke, parseFloat(look.strokeWidth)];
                const starts = Array.from(x, (_, k) => k).filter((k) => k % 3 === 0); // start, end, gap
                return starts.map((k) => [x[k], y[k], x[k + 1], y[k + 1], colour, width]);
            });
        }"""
    )
    sequence = store.sequence(index)
    xy = store.projections(store.layers[0])[0].xy[sequence.rows]
    ways = np.column_stack([xy[:-1], xy[1:]])
    found = {}
    for *ends, stroke, width in drawn:
        away = np.abs(ways - ends).max(axis=1)
        assert away.min() < 1e-3
        red, green, blue = (int(part) for part in stroke[4:-1].split(","))
        found[int(away.argmin())] = (hexes(np.array([[red, green, blue]]))[0], width)
    assert len(found) == len(drawn) == len(ways)
    return pd.DataFrame.from_dict(found, orient="index", columns=["colour", "width"]).sort_index()


def restyled(opened: Opened, action: Callable[[], object]) -> None:
    """Changes an option that the server answers, and waits until the trajectory is drawn in another look."""
    opened.page.evaluate(
        """() => {
            const figure = document.querySelector("#projection .js-plotly-plot");
            const segments = () => figure._fullData.filter((one) => one.name.startsWith("segments"));
            const look = () => JSON.stringify(segments().map((one) => [one.line, one.x?.length]));
            const before = look();
            window.drawnAnew = false; // what is drawn next may be the answer to an option before
            figure.on("plotly_afterplot", () => { window.drawnAnew ||= look() !== before; });
        }"""
    )
    action()
    opened.wait_until("() => window.drawnAnew")


def has_ep_colours(drawn: pd.DataFrame, store: StateStore, index: int) -> bool:
    """Whether each segment has the colour of the EP at its start, but for the steps of a gradient."""
    expected = palette(store.n_classes, LIGHT).ep_colours(store.sequence(index).ep[:-1]).astype(float)
    return bool(np.abs(rgb(drawn.colour.tolist()) - expected).max() <= 255 / 7)


def has_greys_of_time(drawn: pd.DataFrame) -> bool:
    """Whether the colours are greys that stand out more and more from the page."""
    strength = np.array([contrast(colour, LIGHT.surface) for colour in drawn.colour])
    spread = np.ptp(rgb(drawn.colour.tolist()), axis=1)
    return bool((np.diff(strength) >= 0).all() and strength[-1] > 5 * strength[0] and spread.max() < 25)


@pytest.mark.parametrize(
    ("run", "first", "others"),
    [("demo", "ep", ("time", "automatic")), ("verdicts", "time", ("EP", "automatic"))],
)
def test_trajectory_is_coloured_by_ep_or_by_time(
    show: Callable[..., Opened], served: Served, run: str, first: str, others: tuple[str, str]
) -> None:
    store = served.stores[run]
    index = int(store.lengths.argmax())
    opened = show(run, index)

    def kind() -> list[str]:
        drawn = segments(opened, store, index)
        holds = {"ep": has_ep_colours(drawn, store, index), "time": has_greys_of_time(drawn)}
        return [name for name, one in holds.items() if one]

    assert kind() == [first]
    restyled(opened, lambda: tick(opened, ids.TRAJECTORY_COLOUR, others[0]))
    assert kind() == [others[0].lower()]
    restyled(opened, lambda: tick(opened, ids.TRAJECTORY_COLOUR, others[1]))
    assert kind() == [first]


def test_trajectory_is_thicker_with_time_or_distance(show: Callable[..., Opened], served: Served) -> None:
    store, index = served.stores["demo"], 11
    opened = show("demo", index)
    constant = segments(opened, store, index).width
    assert constant.nunique() == 1
    restyled(opened, lambda: tick(opened, ids.TRAJECTORY_WIDTH, "time"))
    by_time = segments(opened, store, index).width
    assert by_time.is_monotonic_increasing
    assert by_time.iloc[0] < constant.iloc[0] < by_time.iloc[-1]
    restyled(opened, lambda: tick(opened, ids.TRAJECTORY_WIDTH, "distance"))
    distance = steps_of(store).share[index].iloc[1:].to_numpy()
    by_distance = segments(opened, store, index).width.iloc[np.argsort(distance)]
    assert by_distance.is_monotonic_increasing
    assert by_distance.iloc[0] < constant.iloc[0] < by_distance.iloc[-1]


def test_states_grow_and_lines_widen_with_their_sliders(show: Callable[..., Opened], served: Served) -> None:
    store, index = served.stores["demo"], 4
    opened = show("demo", index)
    steps = "gd._fullData.find((one) => one.name === 'steps')"
    diameter = f"gd.querySelector('.trace' + {steps}.uid + ' .points path').getBoundingClientRect().width"
    cover, lines = int((picture(opened)[:, :, 3] > 0).sum()), segments(opened, store, index).width
    dot = opened.figure(ids.PROJECTION, diameter)
    with opened.page.expect_response(
        lambda answer: "/cloud/" in answer.url and query(answer.url).get("size") == "2"
    ):
        slide(opened, ids.STATE_SIZE, 2, step=0.05)
    assert (picture(opened)[:, :, 3] > 0).sum() > 1.5 * cover
    opened.wait_until(
        "() => { const gd = document.querySelector('#projection .js-plotly-plot');"
        f"       return {steps}.marker.size === 2 * 7; }}"
    )
    assert opened.figure(ids.PROJECTION, diameter) == pytest.approx(2 * dot, rel=0.15)
    assert segments(opened, store, index).width.tolist() == lines.tolist()
    slide(opened, ids.LINE_WIDTH, 3, step=0.05)
    opened.wait_until(
        "() => getComputedStyle(document.querySelector('#projection .scatterlayer path.js-line')).strokeWidth"
        f" === '{3 * lines.iloc[0] + 2.5}px'"
    )  # the casing comes first
    np.testing.assert_allclose(segments(opened, store, index).width, 3 * lines)


# Views of one sequence (S4, S9) ----------------------------------------------------------------------------


def test_units_are_ordered_by_decision_or_by_similarity(show: Callable[..., Opened], served: Served) -> None:
    store, index = served.stores["demo"], 9
    opened = show("demo", index)
    states, ep = store.states(index, store.layers[0]), store.sequence(index).ep

    def assert_order(order: np.ndarray) -> None:
        wanted = [int(unit) for unit in order]
        opened.page.wait_for_function(
            "(order) => { const { customdata } = document.querySelector('#unit-activity .js-plotly-plot')"
            "._fullData[0]; return order.every((unit, k) => customdata[k] === unit); }",
            arg=wanted,
        )
        (units,) = opened.traces(ids.UNIT_ACTIVITY)
        np.testing.assert_allclose(units["z"], states.T[wanted], atol=1e-6)

    assert decision_order(states, ep).tolist() != unit_order(states).tolist()
    assert_order(unit_order(states))
    tick(opened, ids.UNIT_ORDER, "decision")
    assert_order(decision_order(states, ep))
    other = 12
    select(opened, other)
    states, ep = store.states(other, store.layers[0]), store.sequence(other).ep
    assert_order(decision_order(states, ep))
    tick(opened, ids.UNIT_ORDER, "similarity")
    assert_order(unit_order(states))


def test_threshold_line_is_dragged(show: Callable[..., Opened], served: Served) -> None:
    opened, steps = show("demo", 11), steps_of(served.stores["demo"])
    tick(opened, ids.JUMP_WORDS, "after")
    wait_for_words(opened, "words.length > 0")
    handle = opened.page.locator(".threshold-handle")
    thumb = opened.page.locator("#distance-threshold [role=slider]")

    def middle() -> tuple[float, float]:
        box = handle.bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    x, y = middle()
    assert y == pytest.approx(spot(opened, ids.DISTANCES, 0, 0.4)[1], abs=1)
    opened.page.mouse.move(x, y)
    opened.page.mouse.down()
    opened.page.mouse.move(x, spot(opened, ids.DISTANCES, 0, 0.6)[1], steps=5)
    opened.page.mouse.up()
    number = "Number(document.querySelector('#distance-threshold [role=slider]').ariaValueNow)"
    line = "document.querySelector('#distances .js-plotly-plot')._fullLayout.shapes[0].y0"
    opened.wait_until(f"() => Math.abs({number} - 0.6) < 0.02 && {line} === {number}")
    value = float(thumb.get_attribute("aria-valuenow") or "nan")
    assert opened.page.inner_text("[data-value-of=distance-threshold]") == f"{value:.2f}"
    assert middle()[1] == pytest.approx(spot(opened, ids.DISTANCES, 0, value)[1], abs=1)
    assert f"{value:.2f}" in (opened.page.locator("#distances .shapelayer text").text_content() or "")
    expected = of_sequence(words_at(steps.share >= value, steps.share, "after"), 11)
    wait_for_words(opened, f"words.length <= {len(expected['after'])}")
    assert_words(opened, steps, expected)

    slide(opened, ids.DISTANCE_THRESHOLD, 0.25)
    assert middle()[1] == pytest.approx(spot(opened, ids.DISTANCES, 0, 0.25)[1], abs=1)
    # dragged out of the figure, it stops at the end of the axis
    opened.page.mouse.move(*middle())
    opened.page.mouse.down()
    opened.page.mouse.move(x, spot(opened, ids.DISTANCES, 0, -2)[1], steps=3)
    opened.page.mouse.up()
    opened.wait_until(
        "() => document.querySelector('[data-value-of=distance-threshold]').textContent === '0.00'"
    )
    assert opened.selected() == 11


# The panel (V11) -------------------------------------------------------------------------------------------


OF_EVERY_RUN = [option for option in OPTIONS if option.id != ids.COLOUR_COLUMN]  # which only some have


def controls(opened: Opened) -> dict[str, Any]:
    """What each control of the panel says: the labels that are ticked, or the number, or what is chosen."""
    return opened.page.evaluate(
        """(options) => Object.fromEntries(options.map((id) => {
            const control = document.getElementById(id);
            const slider = control.querySelector("[role=slider]");
            if (slider) return [id, Number(slider.ariaValueNow)];
            const labels = [...control.querySelectorAll("label")];
            const ticked = labels.filter((one) => one.querySelector("input").checked);
            return [id, labels.length ? ticked.map((one) => one.textContent) : control.textContent];
        }))""",
        [option.id for option in OF_EVERY_RUN],
    )


def test_panel_folds_by_mouse_and_by_keyboard(show: Callable[..., Opened]) -> None:
    opened = show("demo")
    inside, summary = opened.page.locator(f"#{ids.JUMP_WORDS}"), opened.page.locator("#settings summary")
    table = opened.page.locator("#sequence-table")
    assert inside.is_visible()
    height = (table.bounding_box() or {})["height"]
    summary.click()
    inside.wait_for(state="hidden")
    assert (table.bounding_box() or {})["height"] > height + 100  # the table takes the room
    summary.focus()
    opened.page.keyboard.press("Enter")
    inside.wait_for(state="visible")
    opened.page.keyboard.press("Space")
    inside.wait_for(state="hidden")
    summary.click()
    inside.wait_for(state="visible")


def test_every_control_of_the_panel_has_a_name_of_its_own(show: Callable[..., Opened]) -> None:
    panel = show("demo").page.locator(f"#{ids.SETTINGS}")
    named = {
        role: [control.get_attribute("aria-label") for control in panel.get_by_role(role).all()]  # type: ignore[arg-type]
        for role in ("slider", "combobox")
    }
    assert len(named["slider"]) >= 4
    for names in named.values():
        assert all(names)
        assert len(set(names)) == len(names)
    assert panel.get_by_role("slider", name="Jump").count() == 1


def test_every_option_survives_a_reload_and_reset_brings_the_defaults(
    show: Callable[..., Opened], served: Served
) -> None:
    store = served.stores["demo"]
    opened = show("demo")
    first = controls(opened)
    expected: dict[str, Any] = {}
    for option in OF_EVERY_RUN:
        if option.reach:
            step = option.reach[2]
            expected[option.id] = round(option.default - 3 * step, 2)
            slide(opened, option.id, expected[option.id], step)
        elif option.choices:
            label = [label for value, label in option.choices if value != "column"][-1]
            tick(opened, option.id, label)
            expected[option.id] = [label]
        else:
            opened.choose(option.id, store.classes[1])
            expected[option.id] = store.classes[1]
    assert controls(opened) == expected
    assert all(first[option.id] != expected[option.id] for option in OF_EVERY_RUN)

    opened.wait_until("() => location.search.includes('matrix-numbers=shares')")
    opened.page.reload()
    settled(opened)
    assert controls(opened) == expected
    asked = query(opened.asked("/cloud/")[-1])
    assert (asked["colour"], asked["fade"], asked["marks"]) == ("correct", "wrong", "end")
    assert float(asked["size"]) == expected[ids.STATE_SIZE]
    cells = "() => [...document.querySelectorAll('#confusion-matrix .heatmap-label text:not(:empty)')]"
    opened.wait_until(f"{cells}.length >= 3 && ({cells})().every((one) => one.textContent.endsWith('%'))")

    opened.page.goto(served.address)  # another visit, by the bare address
    settled(opened)
    assert controls(opened) == expected

    opened.page.click("#reset-options")
    opened.wait_until("() => !location.search.includes('matrix-numbers')")
    assert controls(opened) == first
    assert not {option.id for option in OPTIONS} & set(query(opened.page.url))
    opened.page.goto(served.address)
    settled(opened)
    assert controls(opened) == first


def settled(opened: Opened) -> None:
    opened.wait_until("() => window.hsvis?.permalink?.isRead() && hsvis.cloud?.isSettled()")


def test_pages_of_two_browsers_do_not_share_options(visit: Callable[..., Opened], served: Served) -> None:
    one, other = visit("?sequence=3"), visit("?sequence=5")
    before = controls(other)
    tick(one, ids.STATE_COLOUR, "actual class")
    tick(one, ids.JUMP_WORDS, "after")
    restyled(one, lambda: tick(one, ids.TRAJECTORY_WIDTH, "time"))
    wait_for_words(one, "words.length > 0")
    settled(one)
    store = served.stores["demo"]
    select(other, 6)
    assert segments(one, store, 3).width.nunique() > 1
    assert segments(other, store, 6).width.nunique() == 1
    other.page.goto(served.address)
    settled(other)
    assert controls(other) == before
    assert words(other) == []
    assert not any("colour" in query(address) for address in other.asked("/cloud/"))
    assert "colour" in query(one.asked("/cloud/")[-1])
    assert segments(one, store, 3).width.nunique() > 1
    assert one.errors == other.errors == []
