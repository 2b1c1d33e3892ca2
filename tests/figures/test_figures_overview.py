"""The overview figures: counts, order, shares, and what a click on a part stands for."""

import re

import numpy as np
import pytest
from figure_example import trace

from hsvis.figures.class_overview import class_overview
from hsvis.figures.confusion_matrix import confusion_matrix
from hsvis.figures.style.colour import rgb
from hsvis.figures.style.theme import DARK, LIGHT, escape, palette


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
    assert [cell[:3] for cell in figures[1].data[0].customdata[2]] == [[-1, 0, 4], [-1, 1, 5]]


def test_confusion_matrix_counts_and_leaves_zeros_blank():
    confusion = np.array([[12500, 2], [0, 0]])
    figure = confusion_matrix(confusion, ("a", "b"), palette(2, LIGHT), LIGHT)
    cells = figure.data[0]
    assert [list(row) for row in cells.text] == [["12,500", "2"], ["", ""]]
    assert cells.texttemplate == "%{text}"
    assert [[list(which[:3]) for which in row] for row in cells.customdata] == [
        [[0, 0, 12500], [0, 1, 2]],
        [[1, 0, 0], [1, 1, 0]],
    ]
    assert cells.customdata[0][1][3] == pytest.approx(2 / 12502, abs=1e-6)
    assert figure.layout.yaxis.range == (1.5, -0.5)  # the first class on top
    assert (figure.layout.xaxis.title.text, figure.layout.yaxis.title.text) == ("predicted", "actual")


def colour(cells, row, column):
    """What Plotly draws a cell in: (3,) of 0 to 255."""
    place = (cells.z[row][column] - cells.zmin) / (cells.zmax - cells.zmin)
    stops, hues = zip(*cells.colorscale, strict=True)
    return [np.interp(place, stops, channel) for channel in rgb(hues).T]


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize("n_classes", [2, 5, 12, 40])
def test_errors_stand_out_however_few_they_are(theme, n_classes):
    rng = np.random.default_rng(n_classes)
    confusion = np.diag(rng.integers(5000, 9000, n_classes))
    at = [(0, 1), (1, 0)]
    confusion[0, 1], confusion[1, 0] = 1, 40
    figure = confusion_matrix(
        confusion, [f"class {k}" for k in range(n_classes)], palette(n_classes, theme), theme
    )
    (cells,) = figure.data
    ground = rgb([theme.background])[0]
    away = {cell: np.abs(np.subtract(colour(cells, *cell), ground)).max() for cell in [*at, (0, 0)]}
    assert away[0, 1] > 40  # one of thousands
    assert away[1, 0] > away[0, 1]
    assert np.allclose(colour(cells, 1, 0), rgb([theme.wrong])[0])  # the largest share has the full colour
    assert np.allclose(colour(cells, 0, 0), rgb([theme.accent])[0], atol=1)  # what is right has another
    if n_classes > 2:
        assert np.allclose(colour(cells, 0, 2), ground)


def test_an_unknown_label_is_no_error():
    figure = confusion_matrix(np.array([[3, 0], [0, 2], [4, 4]]), ("a", "b"), palette(2, LIGHT), LIGHT)
    assert np.allclose(figure.data[0].z[2], [0.5, 0.5])


@pytest.mark.parametrize("n_classes", [2, 3, 6, 7, 10, 12, 13, 40])
@pytest.mark.parametrize("length", [1, 20])
def test_rows_and_columns_are_all_marked_or_none(n_classes, length):
    classes = [f"{k}".ljust(length, "x") for k in range(n_classes)]
    colours = palette(n_classes, LIGHT)
    figure = confusion_matrix(np.eye(n_classes, dtype=int), classes, colours, LIGHT)
    for axis in (figure.layout.xaxis, figure.layout.yaxis):
        assert len(axis.ticktext) == (0 if n_classes > 12 else n_classes)
        for k, text in enumerate(axis.ticktext):
            name = "".join(re.findall(r"[^<>]+(?![^<]*>)", text))
            assert classes[k].startswith(name.rstrip("…")) or (name == "●" and colours.hexes[k] in text)
    if n_classes > 12:
        assert f"{n_classes} classes" in figure.layout.xaxis.title.text
        assert not figure.data[0].texttemplate  # a list names the most confused pairs
    if length == 1:
        assert all("●" not in text for text in figure.layout.yaxis.ticktext)


def test_of_many_classes_the_largest_are_named_and_how_many_there_are_is_said():
    confusion = np.diag(np.arange(40))
    figure = class_overview(confusion, [f"c{k}" for k in range(40)], palette(40, LIGHT), LIGHT)
    assert "c39" in figure.layout.yaxis.ticktext
    assert figure.layout.xaxis.title.text == "40 classes"
    few = class_overview(np.diag([1234, 5]), ("a", "b"), palette(2, LIGHT), LIGHT)
    assert few.layout.xaxis.title.text == "sequences"
    assert trace(few, "totals").text[0].strip() == trace(few, "predicted").text[0] == "1,234"


def test_a_run_without_sequences_has_an_overview():
    nothing = np.zeros((2, 2), dtype=int)
    assert list(trace(class_overview(nothing, ("a", "b"), palette(2, LIGHT), LIGHT), "actual").x) == [0, 0]
    assert np.array_equal(confusion_matrix(nothing, ("a", "b"), palette(2, LIGHT), LIGHT).data[0].z, nothing)


def test_names_are_escaped_in_ticks():
    name = "<i>x</i> & y"
    figure = class_overview(np.eye(2, dtype=int), (name, "b"), palette(2, LIGHT), LIGHT)
    assert figure.layout.yaxis.ticktext[0] == escape(name)
