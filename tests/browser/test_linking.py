"""Pointing: one step in all views at once, its tooltip, and views of steps that zoom together."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from pages import (
    STEP_FIGURES,
    Opened,
    Served,
    area,
    everywhere,
    highlighted,
    highlights,
    show_run,
    spot,
    stands,
    state_places,
)

from hsvis.analysis.confusion import confusion_counts
from hsvis.analysis.units import unit_order
from hsvis.dashboard.page import ids
from hsvis.run.store import StateStore

INDEX = 18  # the longest sequence of the small demo
AWAY = (400, 20)  # on the page's head: no view
NEAR = 6  # CSS pixels around the pointer in which a state is found


@pytest.fixture
def store(served: Served) -> StateStore:
    return served.stores["demo"]


@pytest.fixture
def selected(opened: Opened, store: StateStore) -> Opened:
    """The page with sequence INDEX."""
    select(opened, store, INDEX)
    return opened


def select(opened: Opened, store: StateStore, index: int) -> None:
    opened.page.locator(f'#sequence-table .ag-row[row-id="{index}"]').scroll_into_view_if_needed()
    opened.row(index)
    stands(opened, store, index)


# where things are on the page


def column(opened: Opened, store: StateStore, figure: str, step: int, height: float = 0.5) -> Any:
    """A place in the column of a step; `height` is its share from the top of the figure."""
    left, top, width, tall = area(opened, figure)
    return left + (step + 0.5) / store.lengths[INDEX] * width, top + height * tall


def token(opened: Opened, step: int) -> Any:
    place = opened.page.locator(f'#token-strip [data-step="{step}"]')
    place.scroll_into_view_if_needed()
    return place.evaluate("""(token) => {
        const { left, top, width, height } = token.getClientRects()[0];
        return [left + width / 2, top + height / 2];
    }""")


def steps_apart(opened: Opened, store: StateStore) -> tuple[np.ndarray, list[int]]:
    """Where the states of sequence INDEX are, and those of them that nothing else of it is near to."""
    places = state_places(opened, store, store.sequence(INDEX).rows)
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1)) + 1e9 * np.eye(len(places))
    return places, np.flatnonzero(apart.min(axis=1) > 2 * NEAR).tolist()


def segments_apart(opened: Opened, store: StateStore) -> list[tuple[int, np.ndarray, float]]:
    """Segments of sequence INDEX whose middle nothing else of it is near to.

    Returns:
        For each the step that it leads to, its middle, and how far the nearest state of others is from there.
    """
    rows = store.sequence(INDEX).rows
    everything = state_places(opened, store, slice(None))
    places = everything[rows]
    others = np.delete(everything, np.r_[rows], axis=0)
    found = []
    for step in range(1, len(places)):
        middle = (places[step - 1] + places[step]) / 2
        clear = all(
            _distance(middle, places[k - 1], places[k]) > NEAR for k in range(1, len(places)) if k != step
        )
        if clear and np.hypot(*(places[step] - middle)) > NEAR + 1:
            found.append((step, middle, float(np.hypot(*(others - middle).T).min())))
    return found


def _distance(point: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    """From a point to the line between two others."""
    along = np.clip((point - a) @ (b - a) / max((b - a) @ (b - a), 1e-9), 0, 1)
    return float(np.hypot(*(a + along * (b - a) - point)))


def lonely(opened: Opened, store: StateStore, count: int) -> list[int]:
    """Rows of states of different sequences, those with the most room around them first."""
    places = state_places(opened, store, slice(None))
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1)) + 1e9 * np.eye(len(places))
    found: dict[int, int] = {}
    for row in np.argsort(-apart.min(axis=1)).tolist():
        found.setdefault(store.locate(row)[0], row)
    return list(found.values())[:count]


# what is on the screen, and what should be


def tooltip(opened: Opened) -> dict[str, Any] | None:
    """What the tooltip says, if it is shown."""
    return opened.page.evaluate("""() => {
        const box = document.getElementById("tooltip");
        if (!box || !box.checkVisibility()) return null;
        const plain = (text) => text.replaceAll("\\u00a0", " ");
        const text = (part) => plain(box.querySelector(part)?.textContent ?? "");
        const lines = [...box.querySelectorAll(".tip-line")].map((line) => {
          const label = line.querySelector(".tip-label").textContent;
          return [plain(label), plain(line.textContent).slice(label.length)];
        });
        return { words: text(".tip-words"), where: text(".tip-where"), lines };
    }""")


def percent(share: float) -> str:
    if 0 < share < 0.01:
        return "< 1 %"
    return "> 99 %" if 0.99 < share < 1 else f"{100 * share:.0f} %"


def answer(store: StateStore, index: int, step: int) -> str:
    """Classification and confidence after a step."""
    ep = store.sequence(index).ep[step]
    return f"{store.classes[ep.argmax()]} {percent(float(ep.max()))}"


def facts_of_step(store: StateStore, index: int, step: int, *more: list[str]) -> dict[str, Any]:
    sequence = store.sequence(index)
    lines = [["classified", answer(store, index, step)], ["class", store.classes[sequence.label]]]
    return {
        "words": sequence.tokens[step],
        "where": f"sequence {index} · step {step}",
        "lines": [*lines, *more],
    }


def facts_of_way(store: StateStore, index: int, step: int) -> dict[str, Any]:
    """Of the way to a step from the one before."""
    sequence, layer = store.sequence(index), store.layers[0]
    share = float(store.distances(layer)[sequence.rows][step]) / store.largest_distance(layer)
    return {
        "words": f"{sequence.tokens[step - 1]} → {sequence.tokens[step]}",
        "where": f"sequence {index} · step {step - 1} → {step}",
        "lines": [
            ["distance", f"{share:.2f}"],
            ["from", answer(store, index, step - 1)],
            ["to", answer(store, index, step)],
            ["class", store.classes[sequence.label]],
        ],
    }


def nothing(opened: Opened) -> bool:
    """Whether nothing at all is highlighted, and no tooltip shown."""
    seen = highlights(opened)
    parts = [*seen["now"].values(), *seen["before"].values(), *seen["rings"].values()]
    parts += [seen["segment"], *seen["tokens"]["now"], *seen["tokens"]["before"], *seen["rows"]]
    return not any(part is not None for part in parts) and tooltip(opened) is None


def focus_store_becomes(opened: Opened, value: str) -> None:
    """Waits until the `focus` store of Dash holds a value, written as JSON."""
    opened.wait_until(f"() => JSON.stringify(dash_component_api.getLayout('focus').props.data) === '{value}'")


@contextmanager
def all_stays_in_the_browser(opened: Opened) -> Iterator[None]:
    """Inside, no request is made, no figure gets another content, and none is redrawn."""
    figures = [f"[...document.querySelectorAll('#{name} .js-plotly-plot')]" for name in ids.FIGURES]
    opened.page.evaluate(f"""() => {{
        window.drawn = [];
        window.before = [{", ".join(figures)}].flat().map((gd) => [gd, gd.data, gd.layout, gd.calcdata]);
        document.addEventListener("hsvis:plotted", (event) => drawn.push(event.detail));
    }}""")
    count = len(opened.requests)
    yield
    assert opened.requests[count:] == []
    assert opened.page.evaluate("drawn") == []
    assert opened.page.evaluate("before.length") == len(ids.FIGURES)
    same = "['data', 'layout', 'calcdata'].every((name, k) => gd[name] === parts[k])"
    assert opened.page.evaluate(f"before.every(([gd, ...parts]) => {same})")


# tests


def test_pointing_at_a_step_in_any_view_shows_it_in_all_at_once(selected: Opened, store: StateStore) -> None:
    places, apart = steps_apart(selected, store)
    first, second = apart[0], apart[-1]
    last = int(store.lengths[INDEX]) - 1
    assert first != second
    views: list[tuple[str, int, Callable[[], Any]]] = [
        ("a state", first, lambda: places[first]),
        ("a word", 3, lambda: token(selected, 3)),
        ("another state", second, lambda: places[second]),
        ("the last word", last, lambda: token(selected, last)),
        ("a column of the EPs", 20, lambda: column(selected, store, ids.EP_HEATMAP, 20)),
        ("the first column", 0, lambda: column(selected, store, ids.EP_HEATMAP, 0)),
        ("the lines of confidence", 33, lambda: column(selected, store, ids.CONFIDENCE, 33)),
        ("a cell of a unit", last, lambda: column(selected, store, ids.UNIT_ACTIVITY, last, 0.3)),
        (
            "the place of the bar that the first step lacks",
            0,
            lambda: column(selected, store, ids.DISTANCES, 0),
        ),
    ]
    with all_stays_in_the_browser(selected):
        for name, step, place in views:
            selected.page.mouse.move(*place())
            assert highlighted(selected, store, INDEX) == everywhere(step), name
            assert highlighted(selected, store, INDEX, "before") == everywhere(None), name
            seen = highlights(selected)
            assert seen["segment"] is None, name
            assert seen["rows"] == [INDEX], name
            focus_store_becomes(selected, f'{{"sequence":{INDEX},"step":{step}}}')


def test_pointing_at_a_segment_or_a_bar_shows_both_its_steps_everywhere(
    selected: Opened, store: StateStore
) -> None:
    segments = segments_apart(selected, store)
    alone = max(segments, key=lambda segment: segment[2])
    crowded = min(segments, key=lambda segment: segment[2])
    assert (
        crowded[2] < 2 < NEAR < alone[2]
    )  # a state of another sequence lies beneath the one, none at the other
    bars = [(step, column(selected, store, ids.DISTANCES, step, 0.2)) for step in (1, 30)]
    places = state_places(selected, store, store.sequence(INDEX).rows)
    with all_stays_in_the_browser(selected):
        for step, place in [alone[:2], bars[0], crowded[:2], bars[1]]:
            selected.page.mouse.move(*place)
            assert highlighted(selected, store, INDEX) == everywhere(step)
            assert highlighted(selected, store, INDEX, "before") == everywhere(step - 1)
            ends = highlights(selected)["segment"]
            assert ends == pytest.approx([*places[step - 1], *places[step]], abs=1)
            assert tooltip(selected) == facts_of_way(store, INDEX, step)
            focus_store_becomes(selected, f'{{"sequence":{INDEX},"step":{step}}}')


def test_leaving_a_view_clears_every_highlight_and_the_tooltip(selected: Opened, store: StateStore) -> None:
    places, apart = steps_apart(selected, store)
    segment = segments_apart(selected, store)[0][1]
    inside = [places[apart[0]], segment, token(selected, 5)]
    inside += [column(selected, store, figure, 12, 0.2) for figure in STEP_FIGURES]
    for place in inside:
        selected.page.mouse.move(*place)
        assert not nothing(selected)
        selected.page.mouse.move(*AWAY)
        assert nothing(selected)
    focus_store_becomes(selected, "null")
    for figure in STEP_FIGURES:  # beside the columns, within the figure
        left, top, _, height = area(selected, figure)
        selected.page.mouse.move(*column(selected, store, figure, 12, 0.2))
        assert not nothing(selected)
        selected.page.mouse.move(left - 10, top + height / 2)
        assert nothing(selected)


def test_tooltip_tells_the_facts_of_a_step(selected: Opened, store: StateStore) -> None:
    places, apart = steps_apart(selected, store)
    sequence = store.sequence(INDEX)
    for step, place in [(apart[2], places[apart[2]]), (7, token(selected, 7))]:
        selected.page.mouse.move(*place)
        assert tooltip(selected) == facts_of_step(store, INDEX, step)
    selected.page.mouse.move(*column(selected, store, ids.CONFIDENCE, 9))
    assert tooltip(selected) == facts_of_step(store, INDEX, 9)

    for k, name in enumerate(store.classes):  # the rows of the classes have about 0.8 of the height
        selected.page.mouse.move(*column(selected, store, ids.EP_HEATMAP, 11, 0.2 + 0.4 * k))
        share = ["EP of", f"{name} {sequence.ep[11, k]:.3f}"]
        assert tooltip(selected) == facts_of_step(store, INDEX, 11, share)
    selected.page.mouse.move(*column(selected, store, ids.EP_HEATMAP, 11, 0.97))  # the row of the winner
    assert tooltip(selected) == facts_of_step(store, INDEX, 11)

    states = store.states(INDEX, store.layers[0])
    order = unit_order(states)
    for row in (0, 4, len(order) - 1):
        selected.page.mouse.move(*column(selected, store, ids.UNIT_ACTIVITY, 40, (row + 0.5) / len(order)))
        value = [f"unit {order[row]}", f"{states[40, order[row]]:.3f}"]
        assert tooltip(selected) == facts_of_step(store, INDEX, 40, value)


def test_tooltip_shows_odd_words_as_what_they_are(opened: Opened, served: Served) -> None:
    store = served.stores["odd"]
    dialogs: list[str] = []
    opened.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    show_run(opened, "odd")
    pointed = []
    for index in (0, 1, 4):
        opened.row(index)
        stands(opened, store, index)
        tokens = store.sequence(index).tokens
        for step, word in enumerate(tokens):
            opened.page.mouse.move(*token(opened, step))
            assert tooltip(opened) == facts_of_step(store, index, step)
            pointed.append(word)
    assert {'x")', "100%", "مرحبا"} <= set(pointed)
    assert tooltip(opened)["lines"][1] == ["class", "<i>shine</i>"]  # type: ignore[index]
    assert opened.page.locator("#tooltip :not(div, strong, span)").count() == 0
    assert dialogs == []


def test_any_state_of_the_cloud_can_be_pointed_at_and_chosen(opened: Opened, store: StateStore) -> None:
    rows = lonely(opened, store, 3)
    places = state_places(opened, store, rows)
    for row, place in zip(rows, places, strict=True):
        index, step = store.locate(row)
        opened.page.mouse.move(*place)
        seen = highlights(opened)
        assert seen["rings"]["now"] == pytest.approx(place, abs=1.5)
        assert seen["tokens"]["now"] == []
        assert not any(seen["now"].values())
        assert tooltip(opened)["where"] == f"sequence {index} · step {step}"  # type: ignore[index]
        opened.wait_until("() => document.querySelector('#tooltip .tip-words').textContent !== '…'")
        assert tooltip(opened) == facts_of_step(store, index, step)
        focus_store_becomes(opened, f'{{"sequence":{index},"step":{step}}}')
    told = [address.split("/state/demo/")[1].partition("?")[0] for address in opened.asked("/state/demo/")]
    assert told == [str(row) for row in rows]
    opened.page.mouse.move(*places[0])  # what was said of it is still known
    assert tooltip(opened) == facts_of_step(store, *store.locate(rows[0]))
    index, step = store.locate(rows[0])
    focus_store_becomes(
        opened, f'{{"sequence":{index},"step":{step}}}'
    )  # that is after it would be asked for
    opened.page.mouse.move(*AWAY)
    assert nothing(opened)
    assert len(opened.asked("/state/demo/")) == len(rows)

    index, step = store.locate(rows[1])
    opened.page.mouse.click(*places[1])
    stands(opened, store, index)
    assert highlighted(opened, store, index) == everywhere(step)
    opened.page.mouse.move(*places[1] + [1, 0])
    assert highlighted(opened, store, index) == everywhere(step)
    assert tooltip(opened) == facts_of_step(store, index, step)
    opened.page.mouse.move(*AWAY)
    assert highlighted(opened, store, index) == everywhere(step)  # it is pinned
    assert tooltip(opened) is None


def test_a_click_on_a_step_pins_it_until_the_next_click(selected: Opened, store: StateStore) -> None:
    place = column(selected, store, ids.EP_HEATMAP, 25)
    selected.page.mouse.click(*place)
    selected.page.mouse.move(*AWAY)
    assert highlighted(selected, store, INDEX) == everywhere(25)
    selected.page.mouse.move(*token(selected, 4))  # the pointer comes first
    assert highlighted(selected, store, INDEX) == everywhere(4)
    selected.page.mouse.move(*AWAY)
    assert highlighted(selected, store, INDEX) == everywhere(25)
    assert selected.selected() == INDEX
    selected.page.wait_for_timeout(350)  # not a double click
    selected.page.mouse.click(*column(selected, store, ids.CONFIDENCE, 25))
    selected.page.mouse.move(*AWAY)
    assert nothing(selected)


def test_after_a_quick_sweep_all_views_agree_on_where_the_pointer_stopped(
    selected: Opened, store: StateStore
) -> None:
    last = int(store.lengths[INDEX]) - 1
    with all_stays_in_the_browser(selected):
        for figure, step in ((ids.EP_HEATMAP, 41), (ids.DISTANCES, 13), (ids.UNIT_ACTIVITY, 50)):
            selected.page.mouse.move(*column(selected, store, figure, 0, 0.2))
            selected.page.mouse.move(*column(selected, store, figure, last, 0.2), steps=40)
            selected.page.mouse.move(*column(selected, store, figure, step, 0.2), steps=10)
            assert highlighted(selected, store, INDEX) == everywhere(step)
            where = tooltip(selected)["where"]  # type: ignore[index]
            assert where.endswith(f" {step}")
    focus_store_becomes(selected, f'{{"sequence":{INDEX},"step":50}}')


def test_tooltips_of_the_classes_tell_the_counts(opened: Opened, store: StateStore) -> None:
    counts = confusion_counts(store.labels, store.predicted, store.n_classes)
    classes = store.classes
    actual, other = next((a, 1 - a) for a in (0, 1) if counts[a, 1 - a])  # there are misclassified ones

    def said(number: int, *lines: list[str]) -> dict[str, Any]:
        words = f"{number} sequence{'' if number == 1 else 's'}"
        return {"words": words, "where": "", "lines": [*lines, ["click", "keeps these sequences"]]}

    for a, name in enumerate(classes):
        for p, answered in enumerate(classes):
            left, top, width, height = area(opened, ids.CONFUSION_MATRIX)
            opened.page.mouse.move(left + (p + 0.5) / 2 * width, top + (a + 0.5) / 2 * height)
            opened.wait_until("() => document.querySelector('#tooltip')?.checkVisibility()")
            share = ["share", f"{percent(counts[a, p] / counts[a].sum())} of the class"]
            wanted = said(counts[a, p], ["class", name], ["classified", answered], share)
            assert tooltip(opened) == wanted
            opened.page.mouse.move(*AWAY)
            opened.wait_until("() => !document.querySelector('#tooltip').checkVisibility()")

    total, right, wrong = int(counts[actual].sum()), int(counts[actual, actual]), int(counts[actual, other])
    known = ["class", classes[actual]]
    parts = [
        (total / 2, actual - 0.27, said(total, known)),
        (right / 2, actual + 0.15, said(right, known, ["classified", classes[actual]])),
        (right + wrong / 2, actual + 0.15, said(wrong, known, ["classified", classes[other]])),
    ]
    for x, y, wanted in parts:
        opened.page.mouse.move(*spot(opened, ids.CLASS_OVERVIEW, x, y))
        opened.wait_until("() => document.querySelector('#tooltip').checkVisibility()")
        assert tooltip(opened) == wanted
        opened.page.mouse.move(*AWAY)
        opened.wait_until("() => !document.querySelector('#tooltip').checkVisibility()")


def ranges_become(opened: Opened, first: float, last: float) -> None:
    """Waits until all views of steps show the same range, within half a step."""
    opened.wait_until(
        f"""() => {list(STEP_FIGURES)!s}.every((name) => {{
            const [first, last] = hsvis.plot(name)._fullLayout.xaxis.range;
            return Math.abs(first - {first}) < 0.5 && Math.abs(last - {last}) < 0.5;
        }})"""
    )


def drag(opened: Opened, figure: str, start: float, end: float) -> tuple[float, float]:
    """Zooms a view of steps to a part of its width; the steps at the ends of the part, if all were shown."""
    left, top, width, height = area(opened, figure)
    opened.page.mouse.move(left + start * width, top + 0.25 * height)
    opened.page.mouse.down()
    opened.page.mouse.move(left + end * width, top + 0.25 * height, steps=4)
    opened.page.mouse.up()
    return start, end


def test_views_of_steps_zoom_together(selected: Opened, store: StateStore) -> None:
    n_steps = int(store.lengths[INDEX])
    for k, figure in enumerate(STEP_FIGURES):
        start, end = drag(selected, figure, 0.2 + 0.1 * k, 0.6 + 0.1 * k)
        visible = (start * n_steps - 0.5, end * n_steps - 0.5)
        ranges_become(selected, *visible)
        step = round(sum(visible) / 2)
        left, top, width, height = area(selected, STEP_FIGURES[k - 1])
        share = (step - visible[0]) / (visible[1] - visible[0])
        selected.page.mouse.move(left + share * width, top + 0.25 * height)
        assert highlighted(selected, store, INDEX, visible=visible) == everywhere(step)
        selected.page.mouse.move(*token(selected, 0))  # which no view of steps shows now
        assert highlighted(selected, store, INDEX, visible=visible) == {
            **dict.fromkeys(STEP_FIGURES),
            "token-strip": 0,
            "projection": 0,
        }
        other = STEP_FIGURES[k - 1]  # a double click there is not mistaken for one with the drag
        left, top, width, height = area(selected, other)
        selected.page.mouse.dblclick(left + width / 2, top + 0.25 * height)
        ranges_become(selected, -0.5, n_steps - 0.5)
    selected.page.mouse.move(*AWAY)
    assert nothing(selected)  # the double clicks pinned nothing


def test_zoom_of_the_steps_outlasts_new_figures_but_not_the_sequence(
    selected: Opened, store: StateStore
) -> None:
    n_steps = int(store.lengths[INDEX])
    start, end = drag(selected, ids.CONFIDENCE, 0.3, 0.7)
    visible = (start * n_steps - 0.5, end * n_steps - 0.5)
    ranges_become(selected, *visible)
    before = selected.traces(ids.UNIT_ACTIVITY)[0]["customdata"]
    selected.page.click("#unit-order >> text=decision")
    selected.wait_until(
        "() => JSON.stringify(hsvis.plot('unit-activity').data.at(-1).customdata)"
        f" !== '{str(before).replace(' ', '')}'"
    )
    ranges_become(selected, *visible)
    selected.page.click("#theme-toggle")
    selected.wait_until("() => hsvis.plot('projection').layout.meta.theme === 'dark'")
    ranges_become(selected, *visible)
    select(selected, store, 3)
    ranges_become(selected, -0.5, store.lengths[3] - 0.5)
