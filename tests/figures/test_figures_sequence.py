"""The figures of one sequence: their numbers against the arrays, and the colours of known EPs."""

import re

import numpy as np
import pytest
from figure_example import BOTH, SIZES, Example, trace

from hsvis.figures.confidence import LEGEND_LENGTH, confidence
from hsvis.figures.distances import distances
from hsvis.figures.style.colour import mix
from hsvis.figures.style.theme import LIGHT, palette
from hsvis.figures.unit_activity import unit_activity

# EP heatmap


@SIZES
def test_ep_heatmap_shows_the_ep_of_each_class(n_steps, n_classes):
    example = Example(n_steps, n_classes)
    figure = example.steps()["ep-heatmap"]
    for k in range(n_classes):
        row = figure.data[k]
        assert np.array_equal(row.z, example.ep[None, :, k])
        assert (row.zmin, row.zmax, row.y[0]) == (0, 1, k)
        assert row.colorscale == ((0, LIGHT.surface), (1, example.palette.hexes[k]))


@BOTH
def test_the_winner_row_has_the_colour_of_each_ep(look):
    example = Example(30, 4, look)
    row = trace(example.steps()["ep-heatmap"], "winner")
    stops = np.array([stop for stop, _ in row.colorscale])
    colours = [colour for _, colour in row.colorscale]
    for value, expected in zip(row.z[0] / row.zmax, example.palette.ep_colours(example.ep), strict=True):
        after = int(np.clip(np.searchsorted(stops, value), 1, len(stops) - 1))
        share = (value - stops[after - 1]) / (stops[after] - stops[after - 1])
        shown = mix(colours[after - 1], colours[after], share)
        assert np.abs([int(shown[i : i + 2], 16) for i in (1, 3, 5)] - expected.astype(int)).max() <= 1


def test_rows_of_few_classes_have_their_name_and_of_many_those_that_matter():
    few = Example(5, 5).steps()["ep-heatmap"].layout.yaxis
    assert list(few.ticktext) == [f"class {k}" for k in range(5)] + ["winner"]
    assert few.title.text is None
    example = Example(5, 50)
    many = example.steps()["ep-heatmap"].layout.yaxis
    *rows, winner = many.tickvals
    assert list(many.ticktext) == [f"class {k}" for k in rows] + ["winner"]
    assert int(example.ep.max(axis=0).argmax()) in rows
    assert np.diff(rows).min() >= 5  # they don't run into each other
    assert many.title.text == "50 classes"  # the others are not left out without a word
    assert winner < many.range[0]


# Distances


@SIZES
def test_bars_are_the_share_of_the_largest_distance(n_steps, n_classes):
    example = Example(n_steps, n_classes)
    bars = example.steps()["distances"].data[0]
    assert list(bars.x) == list(range(1, n_steps))
    assert np.allclose(bars.y, example.distance[1:] / 4.0)


def test_a_bar_has_the_colour_of_the_ep_that_the_step_starts_from():
    ep = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])
    colours = palette(2, LIGHT)
    figure = distances(np.array([np.nan, 1, 2]), 2.0, ep, ["a", "b", "c"], 0.4, colours, LIGHT)
    assert list(figure.data[0].marker.color) == [colours.hexes[0], LIGHT.neutral]


def test_the_threshold_is_a_line_across_with_its_number():
    shape = Example(12, 2).steps()["distances"].layout.shapes[0]
    assert (shape.name, shape.y0, shape.y1, shape.x0, shape.x1) == ("threshold", 0.4, 0.4, 0, 1)
    assert shape.label.texttemplate.strip() == "%{y0:.2f}"


def test_states_that_never_move_have_bars_of_height_0():
    ep = np.full((3, 2), 0.5)
    figure = distances(np.array([np.nan, 0, 0]), 0.0, ep, list("abc"), 0.4, palette(2, LIGHT), LIGHT)
    assert list(figure.data[0].y) == [0, 0]


# Confidence


def test_each_of_a_few_classes_has_its_line():
    example = Example(40, 5)
    figure = example.steps()["confidence"]
    for k in range(5):
        line = trace(figure, f"EP of class {k}")
        assert np.array_equal(line.y, example.ep[:, k])
        assert line.line.color == example.palette.hexes[k]


def test_of_many_classes_those_that_compete_have_lines():
    example = Example(25, 50)
    lines = [one for one in example.steps()["confidence"].data if one.name.startswith("EP of")]
    shown = {one.name.removeprefix("EP of ") for one in lines}
    strongest = np.argsort(-example.ep.max(axis=0))[:6]
    assert shown == {f"class {k}" for k in strongest}


def test_two_classes_share_a_line_with_areas_up_to_the_middle():
    ep = np.array([[0.9, 0.1], [0.3, 0.7], [0.2, 0.8]], dtype=np.float32)
    figure = confidence(ep, list("abc"), ("no", "yes"), palette(2, LIGHT), LIGHT)
    assert np.array_equal(trace(figure, "EP of yes").y, ep[:, 1])
    below, above = trace(figure, "below"), trace(figure, "above")
    assert max(below.y) == pytest.approx(0.5)
    assert min(above.y) == pytest.approx(0.5)
    crossing = 0.4 / 0.6  # where the line from 0.1 to 0.7 is at 0.5
    for area in (below, above):
        assert np.isclose(area.x, crossing).any()
    assert list(figure.layout.yaxis.ticktext) == ["no", "0.5", "yes"]


def test_class_changes_are_marked_in_the_colour_of_the_new_winner():
    ep = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.7, 0.2], [0.1, 0.2, 0.7]])
    colours = palette(3, LIGHT)
    marks = trace(confidence(ep, list("abcd"), ("a", "b", "c"), colours, LIGHT), "changes")
    seen = [
        (x, colour)
        for x, size, colour in zip(marks.x, marks.marker.size, marks.marker.color, strict=True)
        if size
    ]
    assert seen == [(1, colours.hexes[1]), (3, colours.hexes[2])]


def legend_words(figure):
    """What the legend says, without its squares and colours."""
    text = re.sub("<[^>]*>", "", figure.layout.annotations[0].text)
    return [part.removeprefix("■ ") for part in text.split("   ")]


def test_names_in_the_legend_are_whole_where_there_is_room():
    names = ("no", "a class whose name is rather long", "yes")
    figure = confidence(np.full((3, 3), 1 / 3), list("abc"), names, palette(3, LIGHT), LIGHT)
    assert legend_words(figure) == list(names)


def test_names_in_the_legend_are_cut_alike_where_they_do_not_fit():
    names = ("yes", *(f"{k} is a name of many letters {'x' * 40}" for k in range(4)))
    ep = np.full((3, 5), 0.2)
    words = legend_words(confidence(ep, list("abc"), names, palette(5, LIGHT), LIGHT))
    assert words[0] == "yes"
    assert [word[:7] for word in words[1:]] == [name[:7] for name in names[1:]]
    (length,) = {len(word) for word in words[1:]}
    room = LEGEND_LENGTH - 4 * 5  # beside the squares and the gaps
    assert 3 + 4 * length <= room < 3 + 4 * (length + 1)


# Unit activity


def test_units_are_shown_with_their_numbers_around_0():
    example = Example(30, 2)
    heatmap = example.steps()["unit-activity"].data[0]
    order = [int(unit) for unit in heatmap.y]
    assert sorted(order) == list(range(12))
    assert list(heatmap.customdata) == order
    assert np.array_equal(heatmap.z, example.states.T[order])
    assert heatmap.zmin == -heatmap.zmax
    assert np.abs(example.states).max() <= heatmap.zmax <= 1
    assert heatmap.colorscale[1] == (0.5, LIGHT.surface)


def test_units_that_are_all_0_are_shown():
    figure = unit_activity(np.zeros((4, 3), np.float32), list("abcd"), LIGHT)
    assert figure.data[0].zmax == 1


def test_many_class_changes_are_marked_by_small_triangles_without_lines():
    few, many = (
        trace(confidence(ep, list(map(str, range(len(ep)))), ("a", "b"), palette(2, LIGHT), LIGHT), "changes")
        for ep in (np.eye(2)[[0, 1, 1, 1]] * 0.8 + 0.1, np.eye(2)[np.arange(200) % 2] * 0.8 + 0.1)
    )
    assert few.line.width == 1
    assert many.line.width == 0
    assert max(many.marker.size) < max(few.marker.size)
