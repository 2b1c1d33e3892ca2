"""What all figures have in common: size, place of a step, number of traces, escaping."""

import json

import plotly.graph_objects as go
import pytest
from figure_example import BOTH, SIZES, Example

from hsvis.figures.style.steps import step_ticks
from hsvis.figures.style.theme import DARK

HOSTILE = ["<br />", "<script>alert(1)</script>", "%{x}", "{y}", "&amp;", "$a$", "نص", "🎬", "", "a" * 400]


@BOTH
@SIZES
def test_every_figure_is_transparent_small_and_finite(n_steps, n_classes, look):
    for view, figure in Example(n_steps, n_classes, look).all().items():
        content = figure.to_json()
        assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)", view
        assert len(content) < 60_000 + 1200 * n_steps + 400 * n_classes**2, view
        assert "NaN" not in content, view


@SIZES
def test_every_figure_passes_plotlys_own_checks(n_steps, n_classes):
    for view, figure in Example(n_steps, n_classes).all().items():
        checked = go.Figure(figure.to_dict())  # raises where a name or a value makes no sense
        assert json.loads(checked.to_json()) == json.loads(figure.to_json()), view


@SIZES
def test_the_views_of_a_sequence_put_a_step_at_the_same_place(n_steps, n_classes):
    figures = Example(n_steps, n_classes).steps().values()
    assert {tuple(figure.layout.xaxis.range) for figure in figures} == {(-0.5, n_steps - 0.5)}
    assert len({(figure.layout.margin.l, figure.layout.margin.r) for figure in figures}) == 1
    assert not any(figure.layout.margin.autoexpand for figure in figures)
    assert all(figure.layout.yaxis.fixedrange for figure in figures)


@pytest.mark.parametrize("n_classes", [2, 5, 10])
def test_the_number_of_traces_is_the_same_for_every_sequence(n_classes):
    examples = [Example(n_steps, n_classes, seed=n_steps) for n_steps in (1, 2, 17, 90)]
    counts = [{view: len(figure.data) for view, figure in one.all().items()} for one in examples]
    assert counts == [counts[0]] * 4


def test_a_zoom_persists_as_long_as_the_sequence_is_the_same():
    one, again = Example(9, 2), Example(9, 2, look=DARK)
    other = Example(9, 2, tokens=list("abcdefghi"))
    for view, figure in one.steps().items():
        assert figure.layout.uirevision == again.steps()[view].layout.uirevision
        assert figure.layout.uirevision != other.steps()[view].layout.uirevision


def test_no_figure_of_steps_looks_for_the_pointer_and_none_holds_a_token():
    example = Example(len(HOSTILE), 2, tokens=HOSTILE)
    for view, figure in [*example.steps().items(), ("projection", example.all()["projection"])]:
        assert figure.layout.hovermode is False, view
        assert not any(token in figure.to_json() for token in HOSTILE if len(token) > 4), view


def test_class_names_are_shown_as_what_they_are():
    example = Example(4, 2)
    example.classes = ("<b>good</b>", "%{z} & {x}")
    for view, figure in example.all().items():
        content = json.loads(figure.to_json())
        assert "<b>good</b>" not in json.dumps(content), view
        assert "%{z} " not in json.dumps([one.get("hovertemplate") for one in content["data"]]), view


@pytest.mark.parametrize(
    ("n_steps", "every"), [(1, 1), (8, 1), (9, 2), (100, 20), (2000, 500), (10**6, 10**7)]
)
def test_steps_are_written_at_round_numbers(n_steps, every):
    assert step_ticks(n_steps) == every
