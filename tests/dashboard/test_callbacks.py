"""What callbacks answer, without a server: plain functions of a run and of what is selected."""

import json
import re
import subprocess
import sys
import threading
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hsvis import paths
from hsvis.analysis.confusion import confusion_counts
from hsvis.catalogue.runs import Runs
from hsvis.dashboard import create_app
from hsvis.dashboard.callbacks.choice import choices
from hsvis.dashboard.callbacks.projection import change
from hsvis.dashboard.callbacks.sequence import sequence_views
from hsvis.dashboard.content.clouds import Clouds
from hsvis.dashboard.content.table_rows import table_rows
from hsvis.dashboard.page import ids
from hsvis.dashboard.page.facts import (
    NOTHING_SELECTED,
    dataset_info,
    legend,
    page_style,
    palette_note,
    projection_info,
    sequence_info,
)
from hsvis.dashboard.page.options import OPTIONS, display_options
from hsvis.dashboard.page.token_strip import token_strip
from hsvis.errors import ConfigError
from hsvis.figures import raster
from hsvis.figures.board import projection_figure, run_figures
from hsvis.figures.projection import TrajectoryStyle
from hsvis.figures.style.apart import told_apart
from hsvis.figures.style.theme import DARK, FONT, LIGHT, palette
from hsvis.figures.view import DEFAULTS, DisplayOptions, View
from hsvis.figures.window import Window, bounds
from hsvis.run.records import Sequence
from hsvis.run.store import StateStore


@pytest.fixture(scope="module")
def runs(demo_store: StateStore) -> Runs:
    return Runs([demo_store])


@pytest.fixture(scope="module")
def view(runs: Runs) -> View:
    return runs.resolve(None)


def words(component: Any) -> str:
    """The text that a tree of components shows."""
    if component is None:
        return ""
    if isinstance(component, list | tuple):
        return "".join(words(one) for one in component)
    return words(component.children) if hasattr(component, "children") else str(component)


def test_two_apps_in_one_process_are_apart(demo_store: StateStore) -> None:
    one, other = create_app([demo_store]), create_app([demo_store])
    assert one.server is not other.server
    for app in (one, other):
        client = app.server.test_client()
        assert client.get("/").status_code == 200
        assert ids.PROJECTION in client.get("/_dash-layout").text


def test_page_refers_to_nothing_elsewhere(demo_store: StateStore) -> None:
    page = create_app([demo_store]).server.test_client().get("/").text
    assert re.findall(r"(?:src|href)=[\"']?(?:https?:)?//", page) == []
    assert "early.js" in page.split("<body>")[0]


def test_dashboard_needs_no_torch_no_embedding_no_datasets() -> None:
    script = (
        "import sys, hsvis.dashboard\n"
        "print([name for name in ('torch', 'openTSNE', 'datasets') if name in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", script], text=True).strip() == "[]"


def test_runs_of_one_name_are_refused(demo_store: StateStore) -> None:
    with pytest.raises(ConfigError, match="demo"):
        Runs([demo_store, demo_store])
    with pytest.raises(ConfigError):
        Runs([])


@pytest.mark.parametrize(
    "asked",
    [
        None,
        {},
        {"run": "gone", "layer": "rnn.7", "projection": "umap-0", "theme": "sepia"},
        {"run": 3, "layer": None, "projection": ["x"], "theme": {}},
    ],
)
def test_a_view_that_does_not_exist_is_the_first_that_does(runs: Runs, asked: dict[str, Any] | None) -> None:
    view = runs.resolve(asked)
    assert view.store is runs.first
    assert view.layer == view.store.layers[0]
    assert view.projection is view.store.projections(view.layer)[0]
    assert view.theme.name == "light"


def test_a_view_names_its_projection_and_theme(runs: Runs) -> None:
    store = runs.first
    second = store.projections(store.layers[0])[1]
    view = runs.resolve(
        {"run": store.name, "layer": store.layers[0], "projection": second.name, "theme": "dark"}
    )
    assert (view.projection, view.theme) == (second, DARK)
    assert view.cloud == f"{store.name}/{store.layers[0]}/{second.name}"


@pytest.mark.parametrize(
    ("selection", "index"),
    [
        (None, None),
        ({"run": "demo", "sequence": 3}, 3),
        ({"run": "other", "sequence": 3}, None),
        ({"run": "demo", "sequence": 10**9}, None),
        ({"run": "demo", "sequence": -1}, None),
        ({"run": "demo", "sequence": "3"}, None),
        ({"run": "demo"}, None),
    ],
)
def test_selection_of_what_is_not_there_is_none(
    runs: Runs, view: View, selection: dict[str, Any] | None, index: int | None
) -> None:
    assert runs.selected(view, selection) == index


def test_choice_of_another_run_starts_with_its_first_layer_and_projection(runs: Runs) -> None:
    store = runs.first
    layers, layer, projections, projection = choices(runs, store.name, "gone", "gone")
    assert [one["value"] for one in layers] == list(store.layers)
    assert layer == store.layers[0]
    assert [one["value"] for one in projections] == [one.name for one in store.projections(layer)]
    assert projection == projections[0]["value"]
    kept = choices(runs, store.name, layer, projections[1]["value"])
    assert kept[3] == projections[1]["value"]


def test_dataset_info_tells_both_accuracies_apart(view: View) -> None:
    store = view.store
    text = words(dataset_info(store)).replace("\N{NO-BREAK SPACE}", " ")
    n_correct = int((store.labels == store.predicted).sum())
    assert f"{store.n_sequences} sequences" in text
    assert f"{store.n_states:,} states" in text
    assert (
        f"{100 * n_correct / store.n_sequences:.1f} % correctshown: {n_correct} of {store.n_sequences}"
        in text
    )
    assert store.test_accuracy is not None
    assert f"{100 * store.test_accuracy:.1f} % correctwhole test split" in text
    for k, name in enumerate(store.classes):
        assert f"{name}{(store.labels == k).sum()}" in text


def test_decisions_and_warnings_of_a_run_are_told(view: View) -> None:
    store = view.store
    manifest = store.manifest
    assert [one.code for one in manifest.decisions] == ["choice"]
    text = words(dataset_info(store))
    assert "About this run" in text
    for one in (*manifest.decisions, *manifest.warnings):
        assert one.text in text


def test_table_has_one_row_a_sequence(view: View) -> None:
    store = view.store
    rows = table_rows(store)
    assert [row["sequence"] for row in rows] == list(range(store.n_sequences))
    assert [row["length"] for row in rows] == np.diff(store.offsets).tolist()
    for row in rows:
        sequence = store.sequence(row["sequence"])
        assert row["class"] == store.classes[sequence.label]
        assert row["classification"] == store.classes[sequence.predicted]
        assert row["correct"] == ("yes" if sequence.correct else "no")
        assert row["confidence"] == pytest.approx(sequence.confidence, abs=1e-4)
        assert row["words"][:20] in " ".join(sequence.text.split())
        assert row["words"].startswith(sequence.tokens[0])
    json.dumps(rows)


def test_overview_figures_count_what_the_store_says(view: View) -> None:
    store = view.store
    confusion = confusion_counts(store.labels, store.predicted, store.n_classes)
    _, matrix = run_figures(view)
    shown = [[int(cell.replace(",", "") or 0) for cell in row] for row in matrix.data[0].text]
    assert shown == confusion.tolist()


def test_legend_and_style_name_every_class(view: View) -> None:
    assert words(legend(view)) == "correctmisclassified" + "".join(view.store.classes)
    style = page_style(view)
    assert [style[f"--class-{k}"] for k in range(view.store.n_classes)] == list(view.palette.hexes)
    assert view.projection.label in projection_info(view)


def test_the_page_says_how_many_classes_the_palette_tells_apart(view: View) -> None:
    assert palette_note(view) == "Tells 2 classes apart for colour-blind eyes too, certain and half certain."
    many = SimpleNamespace(
        store=SimpleNamespace(n_classes=40, numbers=None, expected=None), palette=palette(40, LIGHT)
    )
    assert palette_note(many) == "Tells 8 classes apart for colour-blind eyes; this run has 40."
    for name in ("okabe-ito", "tableau"):
        many.palette = palette(40, LIGHT, name)
        told = int(re.findall(r"\d+", palette_note(many))[0])
        assert 1 < told == told_apart(many.palette) < 8


def test_sequence_views_hold_the_numbers_of_the_store(view: View) -> None:
    store = view.store
    index = 5
    sequence = store.sequence(index)
    info, strip, heatmap, distance, confidence, units = sequence_views(
        view, index, DisplayOptions(threshold=0.35)
    )
    assert f"Sequence {index}" in words(info)
    assert [text for kind, text, _ in strip if kind in ("token", "unknown")] == sequence.tokens
    rows = [np.asarray(trace.z)[0] for trace in heatmap.data if trace.type == "heatmap"]
    np.testing.assert_allclose(rows[: store.n_classes], sequence.ep.T, atol=1e-6)
    bars = next(trace for trace in distance.data if trace.type == "bar")
    expected = store.distances(view.layer)[sequence.rows][1:] / store.largest_distance(view.layer)
    np.testing.assert_allclose(np.asarray(bars.y, float)[-len(expected) :], expected, atol=1e-5)
    assert any(shape.y0 == 0.35 for shape in distance.layout.shapes)
    assert len(confidence.data) > 0
    states = store.states(index, view.layer)
    drawn = next(trace for trace in units.data if trace.type == "heatmap")
    np.testing.assert_allclose(np.sort(np.asarray(drawn.z), 0), np.sort(states.T, 0), atol=1e-5)


def test_nothing_selected_says_what_to_do(view: View) -> None:
    info, strip, *figures = sequence_views(view, None, DEFAULTS)
    assert NOTHING_SELECTED in words(info)
    assert strip == []
    assert all(len(figure.data) == 0 for figure in figures)


@pytest.mark.parametrize(("label", "verdict"), [(0, "Correct"), (1, "Misclassified"), (-1, "Not labelled")])
def test_sequence_info_judges(view: View, label: int, verdict: str) -> None:
    sequence = replace(view.store.sequence(0), label=label, predicted=0)
    text = words(sequence_info(view, sequence))
    assert verdict in text
    assert (view.store.classes[label] if label >= 0 else "no label") in text


def test_projection_draws_the_trajectory_of_the_selected_sequence(view: View) -> None:
    whole = bounds(view.projection.xy)
    figure = projection_figure(view, whole, 4)
    rows = view.store.sequence(4).rows
    steps = next(trace for trace in figure.data if trace.name == "steps")
    np.testing.assert_allclose(np.column_stack([steps.x, steps.y]), view.projection.xy[rows], atol=1e-5)
    assert figure.layout.meta["sequence"] == 4
    assert figure.layout.meta["cloud"] == view.cloud
    nothing = projection_figure(view, whole, None)
    assert len(nothing.data) == len(figure.data)  # a constant number of traces
    assert nothing.layout.meta["sequence"] is None


def test_a_change_leaves_range_and_image_to_the_browser(view: View) -> None:
    patch = change(projection_figure(view, bounds(view.projection.xy), 4)).to_plotly_json()
    touched = {tuple(one["location"]) for one in patch["operations"]}
    assert ("data",) in touched
    assert ("layout", "meta") in touched
    assert ("layout", "images") not in touched
    for one in patch["operations"]:
        if one["location"][-1] in ("xaxis", "yaxis"):
            assert one["operation"] == "Merge"
            assert "range" not in json.dumps(one["params"], default=str)


def test_controls_ask_for_what_is_drawn() -> None:
    asked = {
        ids.DISTANCE_THRESHOLD: 0.25,
        ids.UNIT_ORDER: "decision",
        ids.TRAJECTORY_COLOUR: "time",
        ids.TRAJECTORY_WIDTH: "distance",
        ids.LINE_WIDTH: 2,
        ids.STATE_SIZE: 0.5,
        ids.STATE_COLOUR: "correct",
        ids.FADE: ["wrong", "correct"],
        ids.MARKS: ["end"],
    }
    style = TrajectoryStyle("time", "distance", 2.0, 0.5)
    expected = DisplayOptions(0.25, "decision", style, "correct", ("correct", "wrong"), ("end",))
    assert display_options(asked) == expected
    assert display_options({option.id: option.default for option in OPTIONS}) == DEFAULTS


@pytest.mark.parametrize("value", [None, "sepia", 7, -0.1, float("nan"), [], ["gone"], [["end"]], {}])
def test_controls_that_make_no_sense_leave_the_default(value: object) -> None:
    assert display_options({option.id: value for option in OPTIONS}) == DEFAULTS


def a_sequence(text: str, tokens: list[str], start: int = 0, end: int | None = None) -> Sequence:
    n_steps = len(tokens)
    return Sequence(
        index=0,
        text=text,
        tokens=tokens,
        known=np.arange(n_steps) % 3 != 1,
        start=start,
        end=len(text) if end is None else end,
        label=0,
        predicted=0,
        confidence=1.0,
        ep=np.full((n_steps, 2), 0.5, np.float32),
        rows=slice(0, n_steps),
    )


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("a plain text", ["a", "plain", "text"]),
        ("tabs\tand\n\nlines ", ["tabs", "and", "lines"]),
        ("left <br /><br /> out", ["left", "out"]),
        ("the the the", ["the", "the", "the"]),
        ("<script>alert(1)</script> ok", ["<script>alert(1)</script>", "ok"]),
        ("{x} 100% &amp; <i>", ["{x}", "100%", "&amp;", "<i>"]),
        ("مرحبا بالعالم 😀", ["مرحبا", "بالعالم", "😀"]),
        ("sub" + "word" + "s", ["sub", "word", "s"]),
        ("日本語です", ["日本", "語", "です"]),
    ],
)
def test_token_strip_shows_the_text_as_it_is(text: str, tokens: list[str]) -> None:
    strip = token_strip(a_sequence(text, tokens), ["#aabbcc"] * len(tokens))
    assert "".join(part for _, part, _ in strip) == text
    assert [part for kind, part, _ in strip if kind in ("token", "unknown")] == tokens


def test_token_strip_colours_and_marks_each_token() -> None:
    strip = token_strip(
        a_sequence("one two three", ["one", "two", "three"]), ["#111111", "#222222", "#333333"]
    )
    assert [part for part in strip if part[0] != "gap"] == [
        ("token", "one", "#111111"),
        ("unknown", "two", "#222222"),
        ("token", "three", "#333333"),
    ]


def test_token_strip_shows_what_was_cut_off_in_grey() -> None:
    text = "before it two words after it"
    strip = token_strip(a_sequence(text, ["two", "words"], start=10, end=19), ["#000000"] * 2)
    assert "".join(part for _, part, _ in strip) == text
    assert [part for kind, part, _ in strip if kind == "unread"] == ["before it", "after it"]


def test_tokens_that_are_not_in_the_text_are_shown_all_the_same() -> None:
    strip = token_strip(a_sequence("some series", ["row 0", "row 1"]), ["#000000"] * 2)
    assert [part for kind, part, _ in strip if kind in ("token", "unknown")] == ["row 0", "row 1"]


def test_an_image_and_its_grid_are_drawn_once(view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Window] = []
    draw = raster.pick_grid
    monkeypatch.setattr(
        raster,
        "pick_grid",
        lambda points, window, levels: drawn.append(window) or draw(points, window, levels),
    )
    clouds, (x0, x1, y0, y1) = Clouds(), bounds(view.projection.xy)
    window = Window(x0, x1, y0, y1, 64, 48)
    threads = [threading.Thread(target=clouds.grid, args=(view, window)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    clouds.image(view, window)
    assert len(drawn) == 1


def test_pick_grids_do_not_pile_up(view: View) -> None:
    clouds, (x0, x1, y0, y1) = Clouds(grid_bytes=3 * 64 * 48 * 4), bounds(view.projection.xy)
    for wider in range(8):
        clouds.grid(view, Window(x0 - wider, x1, y0, y1, 64, 48))
    assert len(clouds._grids) == 3


def test_page_and_figures_have_the_same_colours_and_type() -> None:
    css = (paths.assets_folder() / "base.css").read_text(encoding="utf-8")
    blocks = {
        "light": css.split(':root[data-theme="dark"]')[0],
        "dark": css.split(':root[data-theme="dark"]')[1].split("}")[0],
    }
    names = {"background": "background", "surface": "surface", "ink": "ink", "muted": "muted", "line": "grid"}
    for theme in (LIGHT, DARK):
        for variable, attribute in names.items():
            found = re.search(rf"--{variable}: (#\w+);", blocks[theme.name])
            assert found is not None
            assert found[1] == getattr(theme, attribute), f"{theme.name}: --{variable}"
    font = re.search(r"--font: (.*);", css)
    assert font is not None
    assert font[1].replace('"', "'") == FONT
