"""The overview: its numbers are those of the run's files, its colours those of the states and classes."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pages import Open, Opened, Served, picture, query, show_run, tick
from playwright.sync_api import expect

from hsvis.dashboard.page import ids
from hsvis.figures import raster
from hsvis.figures.style.colour import hexes, rgb
from hsvis.figures.style.theme import LIGHT, palette
from hsvis.figures.window import LARGEST_RADIUS, bounds
from hsvis.run.store import StateStore

RUNS = pytest.mark.parametrize("run", ["demo", "odd"])
DOT = LARGEST_RADIUS + 1.5  # pixels that a dot may reach from its state, of so few states


@pytest.fixture
def show(open_page: Open) -> Iterator[Callable[[str], Opened]]:
    """Opens a run, `show("odd")`; no page may report an error."""
    shown: list[Opened] = []

    def show_one(run: str) -> Opened:
        opened = open_page()
        shown.append(opened)
        opened.wait_until("() => hsvis.permalink.isRead()")
        if run != "demo":
            show_run(opened, run)
        return opened

    yield show_one
    assert [one.errors for one in shown] == [[]] * len(shown)


def confusion(store: StateStore) -> np.ndarray:
    """(C, C) int, actual × predicted, counted in the run's file."""
    answers = pd.read_parquet(store.folder.sequences, columns=["label", "predicted"])
    counts = np.zeros((store.n_classes, store.n_classes), int)
    for label, predicted in answers.itertuples(index=False):
        counts[label, predicted] += 1
    return counts


def states_of(store: StateStore) -> pd.DataFrame:
    """A row each state: sequence, step, ep; label and predicted of its sequence; and where it is.

    `across` and `down` are shares of the width and height of the whole cloud.
    """
    where = ["sequence", "step"]
    name = store.projections(store.layers[0])[0].name
    states = pd.read_parquet(store.folder.embedding(store.layers[0], name))
    x0, x1, y0, y1 = bounds(states[["x", "y"]].to_numpy())
    states["across"], states["down"] = (states.x - x0) / (x1 - x0), (y1 - states.y) / (y1 - y0)
    answers = pd.read_parquet(store.folder.sequences, columns=["sequence", "label", "predicted"])
    return states.merge(pd.read_parquet(store.folder.predictions), on=where).merge(answers, on="sequence")


def pixels(states: pd.DataFrame, image: np.ndarray) -> np.ndarray:
    """(N, 2) int, line and column of each state in an image of the whole cloud."""
    return np.column_stack([states.down * image.shape[0], states.across * image.shape[1]]).astype(int)


def lone(states: pd.DataFrame, image: np.ndarray, room: float = 2 * DOT) -> np.ndarray:
    """(N,) bool, the states near which there is no other, but for equal ones at the very same place."""
    places, which = pixels(states, image), states[["x", "y", "label", "predicted"]].to_numpy()
    away = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    same = (which[:, None] == which[None]).all(axis=2)
    return ((away > room) | same).all(axis=1)


def reached(places: np.ndarray, image: np.ndarray, reach: float) -> np.ndarray:
    """(height, width) bool, the pixels within reach of a place."""
    near = np.zeros(image.shape[:2], bool)
    lines, columns = np.ogrid[: image.shape[0], : image.shape[1]]
    for line, column in np.unique(places, axis=0):
        near |= np.hypot(lines - line, columns - column) <= reach
    return near


def redrawn(opened: Opened, option: str, label: str, **asked: str | None) -> np.ndarray:
    """Ticks an option, and waits for the image that it asks for."""

    def answers(response: Any) -> bool:
        given = query(response.url)
        return "/cloud/" in response.url and all(given.get(name) == value for name, value in asked.items())

    with opened.page.expect_response(answers):
        tick(opened, option, label)
    return picture(opened)


def css(colour: str) -> str:
    """A colour as the browser computes it."""
    red, green, blue = rgb([colour])[0].astype(int)
    return f"rgb({red}, {green}, {blue})"


@RUNS
def test_numbers_of_the_overview_are_those_of_the_files(
    show: Callable[[str], Opened], served: Served, run: str
) -> None:
    store = served.stores[run]
    counts, hues = confusion(store), palette(store.n_classes, LIGHT).hexes
    manifest = json.loads(store.folder.manifest.read_text(encoding="utf-8"))
    opened = show(run)

    facts = opened.page.locator("#dataset-info .fact").all_inner_texts()
    facts = [" ".join(fact.split()) for fact in facts]
    total, right = int(counts.sum()), int(np.trace(counts))
    assert facts[0] == f"{total:,} sequences {manifest['states']:,} states"
    assert facts[1] == f"{100 * right / total:.1f} % correct shown: {right:,} of {total:,}"
    assert facts[2] == f"{100 * manifest['test_accuracy']:.1f} % correct whole test split"
    listed = opened.page.locator("#dataset-info .classes")
    assert listed.locator(".class-name").all_text_contents() == list(store.classes)
    assert listed.locator(".number").all_text_contents() == [str(count) for count in counts.sum(axis=1)]

    bars = {trace["name"]: trace for trace in opened.traces(ids.CLASS_OVERVIEW)}
    actual, predicted = bars["actual"], bars["predicted"]
    assert actual["x"] == counts.sum(axis=1).tolist()
    assert actual["marker"]["color"] == list(hues)
    for k, (name, row) in enumerate(zip(store.classes, counts, strict=True)):
        order = [k, *(other for other in range(store.n_classes) if other != k)]  # correct ones first
        order = [one for one in order if row[one]]
        parts = [at for at, (label, *_) in enumerate(predicted["customdata"]) if label == k]
        assert [predicted["x"][at] for at in parts] == row[order].tolist(), name
        assert [predicted["base"][at] for at in parts] == np.cumsum([0, *row[order][:-1]]).tolist()[
            : len(parts)
        ]
        assert [predicted["marker"]["color"][at] for at in parts] == [hues[one] for one in order]
        assert all(actual["y"][k] < predicted["y"][at] for at in parts)  # the axis points down
    drawn = opened.page.evaluate(
        "[...document.querySelectorAll('#class-overview .bars .point path')]"
        ".map((one) => getComputedStyle(one).fill)"
    )
    assert sorted(drawn) == sorted(css(one) for one in [*hues, *predicted["marker"]["color"]])


def cell_texts(opened: Opened) -> list[str]:
    texts = opened.page.locator("#confusion-matrix .heatmap-label text").all_text_contents()
    return [text for text in texts if text]  # zeros are blank


def test_confusion_matrix_shows_counts_or_shares_of_the_class(
    show: Callable[[str], Opened], served: Served
) -> None:
    counts = confusion(served.stores["odd"])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    opened = show("odd")
    assert sorted(cell_texts(opened)) == sorted(map(str, counts[counts > 0]))
    (cells,) = opened.traces(ids.CONFUSION_MATRIX)
    right = np.eye(len(counts), dtype=bool)
    np.testing.assert_allclose(np.array(cells["z"])[right], shares[right], atol=1e-6)  # the shade
    assert (np.array(cells["z"])[~right & (counts > 0)] < 0).all()  # errors have their own
    tick(opened, ids.MATRIX_NUMBERS, "shares")
    opened.wait_until(
        "() => document.querySelector('#confusion-matrix .heatmap-label').textContent.includes('%')"
    )
    assert sorted(cell_texts(opened)) == sorted(
        f"{share:.0%}" if share >= 0.005 else "<1%" for share in shares[shares > 0]
    )
    opened.page.click("#theme-toggle")  # a new figure keeps the choice
    opened.wait_until(
        "() => document.querySelector('#projection .js-plotly-plot').layout.meta.theme === 'dark'"
    )
    opened.wait_until(
        "() => document.querySelector('#confusion-matrix .heatmap-label').textContent.includes('%')"
    )
    tick(opened, ids.MATRIX_NUMBERS, "counts")
    opened.wait_until(
        "() => !document.querySelector('#confusion-matrix .heatmap-label').textContent.includes('%')"
    )
    assert sorted(cell_texts(opened)) == sorted(map(str, counts[counts > 0]))


@RUNS
def test_states_have_the_colour_of_their_ep_or_of_the_actual_class(
    show: Callable[[str], Opened], served: Served, run: str
) -> None:
    store = served.stores[run]
    colours, states = palette(store.n_classes, LIGHT), states_of(store)
    opened = show(run)
    by_ep = picture(opened)
    places = pixels(states, by_ep)
    alone, wrong = lone(states, by_ep), (states.label != states.predicted).to_numpy()
    assert alone.sum() > 10

    drawn = by_ep[tuple(places[alone].T)]
    expected = colours.ep_colours(np.stack(states.ep[alone]))
    assert np.abs(drawn[:, :3].astype(int) - expected).max() <= 1
    assert (drawn[:, 3] > 200).all()

    by_class = redrawn(opened, ids.STATE_COLOUR, "actual class", colour="class")
    hues = rgb(colours.hexes).astype(int)
    drawn = by_class[tuple(places[alone].T)]
    assert drawn[:, :3].tolist() == hues[states.label[alone]].tolist()
    assert (alone & wrong).any() or run == "demo"  # a model that errs is not coloured as it answers
    opaque = by_class[by_class[:, :, 3] > 0][:, :3]
    assert set(hexes(np.unique(opaque, axis=0))) <= set(colours.hexes)
    assert (by_class[:, :, 3] == by_ep[:, :, 3]).all()  # the same dots
    legend = opened.page.locator("#legend")
    assert "misclassified" not in legend.inner_text()
    by_answer = redrawn(opened, ids.STATE_COLOUR, "correct", colour="correct")
    right, astray = rgb([LIGHT.right, LIGHT.wrong]).astype(int)
    drawn = by_answer[tuple(places[alone].T)]
    assert drawn[:, :3].tolist() == np.where(wrong[alone, None], astray, right).tolist()
    assert "misclassified" in legend.inner_text()
    again = redrawn(opened, ids.STATE_COLOUR, "EP", colour=None)
    assert (again == by_ep).all()


def ring_pixels(image: np.ndarray, place: np.ndarray, colour: str) -> int:
    """How many pixels around a state have the colour of a ring."""
    line, column = place
    around = image[max(line - 8, 0) : line + 9, max(column - 8, 0) : column + 9].reshape(-1, 4)
    return int(((np.abs(around[:, :3] - rgb([colour])) < 12).all(axis=1) & (around[:, 3] > 240)).sum())


def test_start_and_end_states_are_marked_by_rings(show: Callable[[str], Opened], served: Served) -> None:
    states = states_of(served.stores["demo"])
    last = states.groupby("sequence").step.transform("max") == states.step
    starts, ends = states[states.step == 0], states[last]
    opened = show("demo")
    plain = picture(opened)
    for option, marked, colour in (("starts", starts, LIGHT.ring_start), ("ends", ends, LIGHT.ink)):
        image, places = redrawn(opened, ids.MARKS, option, marks=option[:-1]), pixels(marked, plain)
        assert all(ring_pixels(image, place, colour) for place in places)
        assert not (image != plain).any(axis=2)[~reached(places, image, 9)].any()
        apart = places[lone(marked, plain, room=16)]
        assert len(apart)
        for place in apart:  # the whole ring, and within it the state
            assert 10 < ring_pixels(image, place, colour) < 80
            assert image[tuple(place)].tolist() == plain[tuple(place)].tolist()
        assert (redrawn(opened, ids.MARKS, option, marks=None) == plain).all()
    redrawn(opened, ids.MARKS, "starts", marks="start")
    both = redrawn(opened, ids.MARKS, "ends", marks="start,end")
    apart = lone(pd.concat([starts, ends]), plain, room=16)
    for marked, colour, part in (
        (starts, LIGHT.ring_start, apart[: len(starts)]),
        (ends, LIGHT.ink, apart[len(starts) :]),
    ):
        assert part.any()
        assert all(ring_pixels(both, place, colour) > 10 for place in pixels(marked, plain)[part])


def test_faded_sequences_step_back_and_the_others_stay(show: Callable[[str], Opened], served: Served) -> None:
    states = states_of(served.stores["odd"])
    wrong = (states.label != states.predicted).to_numpy()
    opened = show("odd")
    plain = picture(opened)
    places = pixels(states, plain)
    alone = lone(states, plain)
    for label, fade, faded in (("misclassified", "wrong", wrong), ("correct", "correct", ~wrong)):
        image = redrawn(opened, ids.FADE, label, fade=fade)
        for which, drawn in ((faded, raster.FADED), (~faded, 1)):
            assert (alone & which).any()
            at = tuple(places[alone & which].T)
            assert (image[at][:, :3] == plain[at][:, :3]).all()
            np.testing.assert_allclose(image[at][:, 3], drawn * plain[at][:, 3], atol=1)
        changed = (image != plain).any(axis=2)
        assert not (changed & ~reached(places[faded], image, DOT)).any()
        assert (redrawn(opened, ids.FADE, label, fade=None) == plain).all()
    redrawn(opened, ids.FADE, "correct", fade="correct")
    all_faded = redrawn(opened, ids.FADE, "misclassified", fade="correct,wrong")
    shown = plain[:, :, 3] > 0
    np.testing.assert_allclose(all_faded[shown][:, 3], raster.FADED * plain[shown][:, 3], atol=1)


@RUNS
def test_a_palette_colours_all_views_alike(show: Callable[[str], Opened], served: Served, run: str) -> None:
    store, label, name = served.stores[run], "Okabe–Ito", "okabe-ito"
    chosen, before = palette(store.n_classes, LIGHT, name), palette(store.n_classes, LIGHT)
    assert not set(chosen.hexes) & set(before.hexes)
    opened = show(run)
    opened.row(3)
    opened.shows(3)
    assert_palette(opened, store, 3, before.hexes, before.ep_hexes(store.sequence(3).ep))
    image = redrawn(opened, ids.PALETTE_SELECT, label, palette=name)
    opened.wait_until(
        f"() => document.querySelector('#projection .js-plotly-plot').layout.meta.palette === '{name}'"
    )
    assert_palette(opened, store, 3, chosen.hexes, chosen.ep_hexes(store.sequence(3).ep))
    states = states_of(store)
    places = pixels(states, image)
    alone = lone(states, image)
    expected = chosen.ep_colours(np.stack(states.ep[alone]))
    assert np.abs(image[tuple(places[alone].T)][:, :3].astype(int) - expected).max() <= 1
    opened.page.click("#reset-options")
    opened.wait_until(
        "() => document.querySelector('#projection .js-plotly-plot').layout.meta.palette === 'hsvis'"
    )
    assert_palette(opened, store, 3, before.hexes, before.ep_hexes(store.sequence(3).ep))


def assert_palette(
    opened: Opened, store: StateStore, index: int, hues: tuple[str, ...], ep_hues: list[str]
) -> None:
    """Legend, table, text, heatmap, bars and trajectory have these colours of the classes and of the EPs."""
    dot = "(one) => getComputedStyle(one, '::before').backgroundColor"
    legend = opened.page.locator("#legend .gradient").first
    expect(legend).to_have_css("background-image", re.compile(re.escape(css(hues[0]))))
    facts = opened.page.locator("#dataset-info .class-name")
    assert [facts.nth(k).evaluate(dot) for k in range(facts.count())] == [css(hue) for hue in hues]
    cells = opened.page.locator(f'#sequence-table .ag-row[row-id="{index}"] .class-name')
    assert [cells.nth(k).evaluate(dot) for k in range(2)] == [
        css(hues[k]) for k in (store.labels[index], store.predicted[index])
    ]
    tokens = opened.page.locator("#token-strip [data-step]").evaluate_all(
        "(all) => all.map((one) => one.style.getPropertyValue('--ep'))"
    )
    assert tokens == ep_hues
    scales = opened.figure(ids.EP_HEATMAP, "gd._fullData.slice(0, -1).map((one) => one.colorscale.at(-1)[1])")
    assert scales == list(hues)
    bars = opened.traces(ids.CLASS_OVERVIEW)[0]["marker"]["color"]
    assert bars == list(hues)
    distances = next(one for one in opened.traces(ids.DISTANCES) if one["type"] == "bar")
    assert distances["marker"]["color"] == ep_hues[:-1]
    steps = next(one for one in opened.traces(ids.PROJECTION) if one["name"] == "steps")
    assert steps["marker"]["color"] == ep_hues
