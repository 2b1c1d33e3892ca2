"""What all figures have in common: size, place of a step, number of traces, tooltips, escaping."""

import json

import numpy as np
import pytest
from figure_example import BOTH, SIZES, Example, trace

from hsvis.figures.steps import percent, step_labels, step_ticks, token_lines
from hsvis.figures.theme import DARK, LIGHT, palette

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


@SIZES
def test_tooltips_are_alike_in_all_views(n_steps, n_classes):
    example = Example(n_steps, n_classes)
    figures = example.all()
    labels = step_labels(example.tokens, example.ep, example.classes, example.palette)
    keyed = {f"{step}.0": label for step, label in enumerate(labels)}
    assert figures["ep-heatmap"].layout.xaxis.labelalias == keyed
    assert figures["unit-activity"].layout.xaxis.labelalias == keyed
    assert list(trace(figures["projection"], "steps").hovertext) == labels
    fuller = figures["confidence"].layout.xaxis.labelalias
    assert all(fuller[key].startswith(label) for key, label in keyed.items())
    assert all(figure.layout.xaxis.hoverformat == ".1f" for figure in example.steps().values())


def test_tokens_are_shown_as_what_they_are():
    example = Example(len(HOSTILE), 2, tokens=HOSTILE)
    for view, figure in example.all().items():
        if view in ("class-overview", "confusion-matrix"):
            continue
        texts = figure.layout.xaxis.labelalias or dict(enumerate(trace(figure, "steps").hovertext))
        shown = list(texts.values())
        assert "&lt;br /&gt;" in "".join(shown), view
        assert "&amp;amp;" in "".join(shown), view
        assert not any("<script" in text or "<br />" in text for text in shown), view
        templates = json.dumps([one.hovertemplate for one in figure.data])
        assert "alert" not in templates, view
        assert "{y}" not in templates.replace("%{y}", ""), view


def test_class_names_are_shown_as_what_they_are():
    example = Example(4, 2)
    example.classes = ("<b>good</b>", "%{z} & {x}")
    for view, figure in example.all().items():
        content = json.loads(figure.to_json())
        assert "<b>good</b>" not in json.dumps(content), view
        assert "%{z} " not in json.dumps([one.get("hovertemplate") for one in content["data"]]), view


def test_a_long_token_is_whole_in_its_tooltip():
    token = "".join(chr(97 + i % 26) for i in range(400))
    assert token_lines(token).replace("<br>", "") == token
    assert len(token_lines(token * 100)) < 1000


def test_percentages_claim_no_certainty_that_is_not_there():
    assert [percent(p) for p in (0, 0.004, 0.01, 0.5, 0.985, 0.996, 1)] == [
        "0 %", "< 1 %", "1 %", "50 %", "98 %", "> 99 %", "100 %",
    ]  # fmt: skip


def test_step_labels_tell_word_step_class_and_confidence():
    ep = np.array([[0.1, 0.2, 0.7]])
    colours = palette(3, LIGHT)
    label = step_labels(["good,"], ep, ("a", "b", "c"), colours, count=2)[0]
    square = '<span style="color:{}">■</span>'.format
    assert label == (
        f"<b>good,</b><br>step 0<br>{square(colours.hexes[2])} c  70 %<br>{square(colours.hexes[1])} b  20 %"
    )


@pytest.mark.parametrize(
    ("n_steps", "every"), [(1, 1), (8, 1), (9, 2), (100, 20), (2000, 500), (10**6, 10**7)]
)
def test_steps_are_written_at_round_numbers(n_steps, every):
    assert step_ticks(n_steps) == every
