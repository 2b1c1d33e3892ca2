"""The display options: each does on the page what it says, for the states that it says, and is kept."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Quiet
from pages import (
    Open,
    Opened,
    Served,
    area,
    picture,
    query,
    show_run,
    slide,
    spot,
    tick,
)
from playwright.sync_api import Route
from werkzeug.serving import make_server

from hsvis.analysis.units import decision_order, unit_order
from hsvis.config import load_config
from hsvis.dashboard import create_app, ids
from hsvis.dashboard.options import OPTIONS
from hsvis.figures.colour import contrast, hexes, rgb
from hsvis.figures.theme import LIGHT, palette
from hsvis.pipeline import build
from hsvis.store import StateStore

VERDICTS = ("dull", "fair", "shine")


@pytest.fixture(scope="module")
def verdicts_store(session_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> StateStore:
    """A run of three classes that changes its mind at each verdict: the last one in a text is its class."""
    folder, random = tmp_path_factory.mktemp("verdicts"), np.random.default_rng(7)
    others = ["the", "film", "has", "a", "plot", "and", "some", "people", "in", "it", "who", "talk"]
    for split, count in (("train", 200), ("test", 24)):
        texts = [
            [*random.choice([*others, *VERDICTS, *VERDICTS], random.integers(12, 25)), "a", verdict, "film"]
            for verdict in random.choice(VERDICTS, count)
        ]
        rows = [{"text": " ".join(words), "label": VERDICTS.index(words[-2])} for words in texts]
        pd.DataFrame(rows).to_parquet(folder / f"{split}.parquet")
    settings = [
        "name=verdicts",
        "dataset.path=parquet",
        "dataset.limit=null",
        f"dataset.data_files.train={folder}/train.parquet",
        f"dataset.data_files.test={folder}/test.parquet",
        f"dataset.classes=[{','.join(VERDICTS)}]",
        "model.output=softmax",
        "model.hidden=10",
        "model.embedding=8",
        "model.epochs=8",
        "model.batch_size=16",
        "model.learning_rate=0.03",
        "projections=[{method: pca}]",
    ]
    return build(load_config("demo", settings))


@pytest.fixture(scope="module")
def served(demo_store: StateStore, verdicts_store: StateStore) -> Iterator[Served]:
    stores = [demo_store, verdicts_store]
    server = make_server("127.0.0.1", 0, create_app(stores).server, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Served(f"http://127.0.0.1:{server.port}/", {one.name: one for one in stores})
    server.shutdown()
    thread.join()


@pytest.fixture
def show(open_page: Open) -> Iterator[Callable[..., Opened]]:
    """Opens a run, with a sequence or without: `show("demo", 3)`; no page may report an error."""
    shown: list[Opened] = []

    def show_one(run: str, index: int | None = None) -> Opened:
        opened = open_page()
        shown.append(opened)
        opened.wait_until("() => hsvis.permalink.isRead()")
        if run != "demo":
            show_run(opened, run)
        if index is not None:
            select(opened, index)
        return opened

    yield show_one
    assert [one.errors for one in shown] == [[]] * len(shown)


def select(opened: Opened, index: int) -> None:
    """Selects a sequence, and waits until the views of its steps show it."""
    opened.page.evaluate(
        """(index) => {
            const table = dash_ag_grid.getApi("sequence-table");
            table.ensureNodeVisible(table.getRowNode(index));
        }""",
        str(index),
    )
    opened.row(index)
    opened.shows(index)


# What is recomputed from the files of a run ----------------------------------------------------------------


def steps_of(store: StateStore) -> pd.DataFrame:
    """A row each state, by (sequence, step): token, x, y, and what happened since the step before.

    `share` is the distance as a share of the run's largest, `change` and `change 0`, `change 1`, … those of
    the EP of any and of each class, `flip` whether another class wins.
    """
    layer, where = store.layers[0], ["sequence", "step"]
    parts = sorted(store.folder.states(layer, 0).parent.glob("*.parquet"))
    distance = pd.concat([pd.read_parquet(part).set_index(where).distance for part in parts])
    steps = pd.read_parquet(store.folder.embedding(layer, store.projections(layer)[0].name)).set_index(where)
    texts = pd.read_parquet(store.folder.sequences).set_index("sequence").tokens
    steps["token"] = [token for tokens in texts for token in tokens]
    steps["share"] = distance / distance.max()
    ep = pd.DataFrame(pd.read_parquet(store.folder.predictions).set_index(where).ep.to_list(), steps.index)
    change = ep.groupby("sequence").diff().abs()
    for k in ep:
        steps[f"change {k}"] = change[k]
    steps["change"] = change.max(axis=1)
    winner = ep.idxmax(axis=1)
    steps["flip"] = winner.groupby("sequence").shift().pipe(lambda last: last.notna() & (last != winner))
    return steps


def words_at(happens: pd.Series, strength: pd.Series, *sides: str) -> dict[str, pd.Series]:
    """The states whose words belong to an event, by side, with the strength of the event."""
    found = strength.where(happens).astype(float)
    every = {"after": found.dropna(), "before": found.groupby("sequence").shift(-1).dropna()}
    return {side: every[side] for side in sides or every}


def of_sequence(expected: dict[str, pd.Series], index: int) -> dict[str, pd.Series]:
    return {side: strength[strength.index.isin([index], level=0)] for side, strength in expected.items()}


# What is on the page ---------------------------------------------------------------------------------------


def words(opened: Opened) -> list[dict[str, Any]]:
    """The words in the projection, with their boxes on the page: left, top, right, bottom."""
    return opened.page.evaluate(
        """() => [...document.querySelectorAll('[data-overlay="projection"] text.word')].map((word) => {
            const { left, top, right, bottom } = word.getBoundingClientRect();
            const { sequence, step, token } = word.dataset;
            const side = word.classList.contains("after") ? "after" : "before";
            const state = [Number(sequence), Number(step)];
            return { state, token, side, box: [left, top, right, bottom], fill: getComputedStyle(word).fill };
        })"""
    )


def on_page(opened: Opened, steps: pd.DataFrame) -> pd.DataFrame:
    """Where states are on the page: left, top; those outside of the visible range are left out."""
    left, top, width, height = area(opened, ids.PROJECTION)
    x0, x1, y0, y1 = opened.figure(
        ids.PROJECTION, "[...gd._fullLayout.xaxis.range, ...gd._fullLayout.yaxis.range]"
    )
    across, down = (steps.x - x0) / (x1 - x0), (y1 - steps.y) / (y1 - y0)
    places = pd.DataFrame({"left": left + across * width, "top": top + down * height})
    return places[across.between(0, 1) & down.between(0, 1)]


def assert_words(opened: Opened, steps: pd.DataFrame, expected: dict[str, pd.Series]) -> list[dict[str, Any]]:
    """The words are of these events, the strongest is there, and each can be read, beside its state."""
    places, shown = on_page(opened, steps), words(opened)
    strength = pd.concat({side: one[one.index.isin(places.index)] for side, one in expected.items()})
    assert shown
    assert {(word["side"], *word["state"]) for word in shown} <= set(strength.index)
    assert max(strength[(word["side"], *word["state"])] for word in shown) == strength.max()
    assert len({tuple(word["state"]) for word in shown}) == len(shown)
    frame_left, frame_top, width, height = area(opened, ids.PROJECTION)
    for at, word in enumerate(shown):
        state, (left, top, right, bottom) = tuple(word["state"]), word["box"]
        assert word["token"] == steps.token[state]
        beside = left > places.left[state] if word["side"] == "after" else right < places.left[state]
        at_edge = left < frame_left + 3 or right > frame_left + width - 3
        assert beside or (at_edge and not top < places.top[state] < bottom)
        assert abs((top + bottom) / 2 - places.top[state]) < 30
        assert frame_left <= left < right <= frame_left + width
        assert frame_top - 2 <= top < bottom <= frame_top + height + 2
        assert not any(overlap(word["box"], other["box"]) for other in shown[at + 1 :])
    fills = {side: {word["fill"] for word in shown if word["side"] == side} for side in ("after", "before")}
    assert all(len(fill) <= 1 for fill in fills.values())
    assert fills["after"] != fills["before"]
    return shown


def overlap(one: list[float], other: list[float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def left_out(opened: Opened, steps: pd.DataFrame, expected: dict[str, pd.Series]) -> list[Any]:
    """States whose words are not shown though there is room beside them, whatever the width of letters."""
    shown, places = words(opened), on_page(opened, steps)
    taken = [word["box"] for word in shown]
    named = {tuple(word["state"]) for word in shown}
    left, top, width, height = area(opened, ids.PROJECTION)
    missing = []
    for side, strength in expected.items():
        for state in strength.index:
            reach = 16 + 13 * len(steps.token[state])
            x, y = places.loc[state]
            box = [x, y - 14, x + reach, y + 14] if side == "after" else [x - reach, y - 14, x, y + 14]
            inside = left <= box[0] and box[2] <= left + width and top <= box[1] and box[3] <= top + height
            if inside and state not in named and not any(overlap(box, other) for other in taken):
                missing.append((side, state))
    return missing


def wait_for_words(opened: Opened, condition: str) -> None:
    """Waits until the words are up to date and `condition` holds of `words`, their elements."""
    opened.wait_until(
        "() => { const words = [...document.querySelectorAll('[data-overlay=projection] text.word')];"
        f" return hsvis.words.isSettled() && {condition}; }}"
    )


BOTH_SIDES = "words.some((one) => one.matches('.after')) && words.some((one) => one.matches('.before'))"


# Words (V1 to V4) ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("run", ["demo", "verdicts"])
def test_words_at_jumps_are_those_beyond_the_threshold(
    show: Callable[..., Opened], served: Served, run: str
) -> None:
    steps = steps_of(served.stores[run])
    index = int((steps.share >= 0.4).groupby("sequence").sum().idxmax())
    opened = show(run, index)
    assert words(opened) == []
    tick(opened, ids.JUMP_WORDS, "after")
    wait_for_words(opened, "words.length > 0")
    after = of_sequence(words_at(steps.share >= 0.4, steps.share, "after"), index)
    assert_words(opened, steps, after)
    assert left_out(opened, steps, after) == []
    tick(opened, ids.JUMP_WORDS, "before")
    wait_for_words(opened, BOTH_SIDES)
    assert_words(opened, steps, of_sequence(words_at(steps.share >= 0.4, steps.share), index))
    many = len(words(opened))

    strongest = steps.share[index].nlargest(2).mean()  # the second jump is below it
    slide(opened, ids.DISTANCE_THRESHOLD, round(float(strongest), 2))
    wait_for_words(opened, f"words.length < {many}")
    few = of_sequence(words_at(steps.share >= round(float(strongest), 2), steps.share), index)
    assert_words(opened, steps, few)
    assert left_out(opened, steps, few) == []
    tick(opened, ids.JUMP_WORDS, "after")
    tick(opened, ids.JUMP_WORDS, "before")
    wait_for_words(opened, "words.length === 0")


def test_words_at_changes_of_confidence_are_those_of_any_class_or_of_the_chosen_one(
    show: Callable[..., Opened], served: Served
) -> None:
    steps = steps_of(served.stores["verdicts"])
    # a sequence in which a class stays out of what happens between the others
    apart = (steps.change >= 0.6) & (steps["change 2"] < 0.6)
    index = int(apart.groupby("sequence").sum().idxmax())
    opened = show("verdicts", index)
    tick(opened, ids.CHANGE_WORDS, "after")
    tick(opened, ids.CHANGE_WORDS, "before")
    slide(opened, ids.CHANGE_THRESHOLD, 0.6)
    wait_for_words(opened, BOTH_SIDES)
    any_class = of_sequence(words_at(steps.change >= 0.6, steps.change), index)
    assert_words(opened, steps, any_class)
    chosen = of_sequence(words_at(steps["change 2"] >= 0.6, steps["change 2"]), index)
    named = {tuple(word["state"]) for word in words(opened)}
    assert not named <= set(chosen["after"].index) | set(chosen["before"].index)
    opened.choose(ids.CHANGE_CLASS, VERDICTS[2])
    opened.wait_until(
        f"() => document.getElementById('{ids.CHANGE_CLASS}').textContent === '{VERDICTS[2]}'"
        f" && hsvis.options.current()['{ids.CHANGE_CLASS}'] === '2'"
    )
    wait_for_words(opened, f"words.length > 0 && words.length <= {sum(map(len, chosen.values()))}")
    assert_words(opened, steps, chosen)
    assert left_out(opened, steps, chosen) == []


def test_words_at_class_changes_are_those_where_another_class_wins(
    show: Callable[..., Opened], served: Served
) -> None:
    steps = steps_of(served.stores["verdicts"])
    index = int(steps.flip.groupby("sequence").sum().idxmax())
    opened = show("verdicts", index)
    tick(opened, ids.FLIP_WORDS, "before")
    wait_for_words(opened, "words.length > 0")
    assert_words(opened, steps, of_sequence(words_at(steps.flip, steps.change, "before"), index))
    tick(opened, ids.FLIP_WORDS, "after")
    wait_for_words(opened, BOTH_SIDES)
    both = of_sequence(words_at(steps.flip, steps.change), index)
    assert_words(opened, steps, both)
    assert left_out(opened, steps, both) == []


def test_the_strongest_word_is_shown_at_the_edge_too(visit: Callable[..., Opened], served: Served) -> None:
    steps = steps_of(served.stores["demo"])
    jumps = words_at(steps.share >= 0.4, steps.share)
    for side, at in (("after", 0.99), ("before", 0.01)):  # of the width, from the left
        state = jumps[side].idxmax()
        x, y = steps.loc[state, ["x", "y"]]
        view = ",".join(f"{end:.6g}" for end in (x - 20 * at, x + 20 * (1 - at), y - 10, y + 10))
        opened = visit(f"?run=demo&sequence={state[0]}&jump-words=after,before&view={view}")
        opened.wait_until("() => hsvis.words.isSettled()")
        assert_words(opened, steps, of_sequence(jumps, state[0]))
        assert list(state) in [word["state"] for word in words(opened)]
        assert opened.errors == []


def load_words(opened: Opened, action: Callable[[], object]) -> None:
    """Does something that brings other words of all sequences, and waits until they are on the page."""
    with opened.page.expect_response(lambda answer: "/words/" in answer.url):
        action()
    opened.wait_until("() => hsvis.words.isSettled()")


def test_words_of_all_sequences_are_the_strongest_of_the_visible_range(
    show: Callable[..., Opened], served: Served
) -> None:
    steps = steps_of(served.stores["demo"])
    opened = show("demo")
    load_words(opened, lambda: tick(opened, ids.JUMP_WORDS, "after"))
    assert_words(opened, steps, words_at(steps.share >= 0.4, steps.share, "after"))
    load_words(opened, lambda: tick(opened, ids.FLIP_WORDS, "before"))
    expected = words_at(steps.share >= 0.4, steps.share) | words_at(steps.flip, steps.change, "before")
    whole = assert_words(opened, steps, expected)
    assert len({word["state"][0] for word in whole}) > 5  # sequences

    # where many events are close to each other, zooming in makes room for more of their words
    states = steps.loc[pd.concat([one.index.to_frame() for one in expected.values()]).index]
    x, y = states.x.median(), states.y.median()
    opened.page.mouse.move(*spot(opened, ids.PROJECTION, x, y))
    load_words(opened, lambda: opened.page.mouse.wheel(0, -400))
    near = assert_words(opened, steps, expected)
    in_range = on_page(opened, steps).index
    before = {tuple(word["state"]) for word in whole} & set(in_range)
    assert len(near) > len(before)

    index = near[0]["state"][0]
    select(opened, index)
    wait_for_words(opened, f"words.every((one) => one.dataset.sequence === '{index}')")
    load_words(opened, lambda: opened.page.keyboard.press("Escape"))
    assert words(opened) == near


def test_words_of_a_range_that_was_left_again_do_not_arrive_late(
    show: Callable[..., Opened], served: Served
) -> None:
    opened, steps = show("demo"), steps_of(served.stores["demo"])
    load_words(opened, lambda: tick(opened, ids.JUMP_WORDS, "after"))
    whole = words(opened)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    opened.page.route("**/words/**", hold)
    opened.page.mouse.move(*spot(opened, ids.PROJECTION, steps.x.median(), steps.y.median()))
    with opened.page.expect_request(lambda request: "/words/" in request.url):
        opened.page.mouse.wheel(0, -400)
    with opened.page.expect_event("requestfailed", lambda request: "/words/" in request.url):
        opened.page.click("#whole")  # nobody waits for the answer any more
    opened.wait_until("() => hsvis.words.isSettled()")
    assert len(held) == 1
    assert words(opened) == whole


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
    """Changes an option that the server answers, and waits until the trajectory is drawn anew."""
    opened.page.evaluate(
        """() => {
            const figure = document.querySelector("#projection .js-plotly-plot");
            window.drawnAnew = false;
            figure.once("plotly_afterplot", () => { window.drawnAnew = true; });
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
    steps = "gd.querySelector('.trace' + gd._fullData.at(-1).uid + ' .points path')"
    diameter = f"{steps}.getBoundingClientRect().width"
    cover, lines = int((picture(opened)[:, :, 3] > 0).sum()), segments(opened, store, index).width
    dot = opened.figure(ids.PROJECTION, diameter)
    with opened.page.expect_response(
        lambda answer: "/cloud/" in answer.url and query(answer.url).get("size") == "2"
    ):
        slide(opened, ids.STATE_SIZE, 2, step=0.05)
    assert (picture(opened)[:, :, 3] > 0).sum() > 1.5 * cover
    opened.wait_until(
        "() => document.querySelector('#projection .js-plotly-plot')._fullData.at(-1).marker.size === 2 * 7"
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
        [option.id for option in OPTIONS],
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


def test_every_option_survives_a_reload_and_reset_brings_the_defaults(
    show: Callable[..., Opened], served: Served
) -> None:
    store = served.stores["demo"]
    opened = show("demo")
    first = controls(opened)
    expected: dict[str, Any] = {}
    for option in OPTIONS:
        if option.reach:
            step = option.reach[2]
            expected[option.id] = round(option.default - 3 * step, 2)
            slide(opened, option.id, expected[option.id], step)
        elif option.choices:
            label = option.choices[-1][1]
            tick(opened, option.id, label)
            expected[option.id] = [label]
        else:
            opened.choose(option.id, store.classes[1])
            expected[option.id] = store.classes[1]
    assert controls(opened) == expected
    assert all(first[option.id] != expected[option.id] for option in OPTIONS)

    opened.wait_until("() => location.search.includes('matrix-numbers=shares')")
    opened.page.reload()
    settled(opened)
    assert controls(opened) == expected
    asked = query(opened.asked("/cloud/")[-1])
    assert (asked["colour"], asked["fade"], asked["marks"]) == ("class", "wrong", "end")
    assert float(asked["size"]) == expected[ids.STATE_SIZE]
    cells = "() => [...document.querySelectorAll('#confusion-matrix .heatmap-label text')]"
    opened.wait_until(f"{cells}.length >= 4 && ({cells})().every((one) => one.textContent.endsWith('%'))")

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
