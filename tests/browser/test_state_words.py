"""Words at jumps and changes in the projection: which stand there, where, and which are left out."""

from collections.abc import Callable, Iterator

import pandas as pd
import pytest
from pages import (
    Opened,
    Served,
    select,
    slide,
    spot,
    tick,
)
from playwright.sync_api import Route
from server import serving
from words_on_page import (
    BOTH_SIDES,
    assert_words,
    left_out,
    of_sequence,
    on_page,
    steps_of,
    wait_for_words,
    words,
    words_at,
)

from hsvis.dashboard.page import ids
from hsvis.run.store import StateStore


@pytest.fixture(scope="module")
def served(demo_store: StateStore, verdicts_store: StateStore) -> Iterator[Served]:
    with serving([demo_store, verdicts_store]) as running:
        yield running


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
    last = served.stores["verdicts"].classes[2]
    opened.choose(ids.CHANGE_CLASS, last)
    opened.wait_until(
        f"() => document.getElementById('{ids.CHANGE_CLASS}').textContent === '{last}'"
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
