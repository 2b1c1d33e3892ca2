"""The overview figures: counts, order, shares, and what a click on a part stands for."""

import numpy as np
from figure_example import trace

from hsvis.figures.class_overview import class_overview
from hsvis.figures.confusion_matrix import confusion_matrix
from hsvis.figures.style.theme import LIGHT, escape, palette


def test_each_class_has_a_bar_and_beneath_what_it_was_classified_as_correct_first():
    confusion = np.array([[5, 2, 0], [1, 7, 1], [0, 0, 0]])
    colours = palette(3, LIGHT)
    figure = class_overview(confusion, ("a", "b", "c"), colours, LIGHT)
    actual, predicted = trace(figure, "actual"), trace(figure, "predicted")
    assert list(actual.x) == [7, 9, 0]
    assert list(actual.marker.color) == list(colours.hexes)
    assert [list(one) for one in actual.customdata] == [[0, None, 7], [1, None, 9], [2, None, 0]]
    parts = zip(predicted.customdata, predicted.base, predicted.x, predicted.text, strict=True)
    assert all(which[2] == count for which, _, count, _ in parts)
    parts = zip(predicted.customdata, predicted.base, predicted.x, predicted.text, strict=True)
    assert [(*which[:2], start, count, text) for which, start, count, text in parts] == [
        (0, 0, 0, 5, "5"), (0, 1, 5, 2, "2"),
        (1, 1, 0, 7, "7"), (1, 0, 7, 1, "1"), (1, 2, 8, 1, "1"),
    ]  # fmt: skip
    assert list(predicted.marker.color) == [colours.hexes[k] for k in (0, 1, 1, 0, 2)]
    assert [text.strip() for text in trace(figure, "totals").text] == ["7", "9", "0"]


def test_sequences_without_label_have_a_row_of_their_own():
    confusion = np.array([[3, 0], [1, 2], [4, 5]])
    figures = [
        build(confusion, ("a", "b"), palette(2, LIGHT), LIGHT) for build in (class_overview, confusion_matrix)
    ]
    assert all(list(figure.layout.yaxis.ticktext) == ["a", "b", "no label"] for figure in figures)
    assert trace(figures[0], "actual").customdata[2] == [-1, None, 9]
    assert figures[1].data[0].customdata[2] == [[-1, 0, 4], [-1, 1, 5]]


def test_confusion_matrix_counts_and_shades_by_row():
    confusion = np.array([[8, 2], [0, 0]])
    figure = confusion_matrix(confusion, ("a", "b"), palette(2, LIGHT), LIGHT)
    cells = figure.data[0]
    assert [list(row) for row in cells.text] == [["8", "2"], ["0", "0"]]
    assert np.allclose(cells.z, [[0.8, 0.2], [0, 0]])
    assert [[list(which) for which in row] for row in cells.customdata] == [
        [[0, 0, 8], [0, 1, 2]],
        [[1, 0, 0], [1, 1, 0]],
    ]
    assert figure.layout.yaxis.range == (1.5, -0.5)  # the first class on top
    assert (figure.layout.xaxis.title.text, figure.layout.yaxis.title.text) == ("predicted", "actual")


def test_counts_that_would_not_fit_are_left_to_the_tooltip():
    figure = confusion_matrix(
        np.full((50, 50), 120), [f"class {k}" for k in range(50)], palette(50, LIGHT), LIGHT
    )
    assert figure.data[0].text is None
    assert figure.data[0].customdata[3][4] == [3, 4, 120]
    assert len(figure.layout.xaxis.ticktext) <= 8


def test_a_run_without_sequences_has_an_overview():
    nothing = np.zeros((2, 2), dtype=int)
    assert list(trace(class_overview(nothing, ("a", "b"), palette(2, LIGHT), LIGHT), "actual").x) == [0, 0]
    assert np.array_equal(confusion_matrix(nothing, ("a", "b"), palette(2, LIGHT), LIGHT).data[0].z, nothing)


def test_names_are_escaped_in_ticks():
    name = "<i>x</i> & y"
    figure = class_overview(np.eye(2, dtype=int), (name, "b"), palette(2, LIGHT), LIGHT)
    assert figure.layout.yaxis.ticktext[0] == escape(name)
