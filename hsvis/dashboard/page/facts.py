"""What the page says in words of a run, of its cloud, and of a sequence."""

import numpy as np
from dash import html
from dash.development.base_component import Component

from hsvis.analysis.confusion import Confusion, confused_pairs, confusion_counts
from hsvis.dashboard.page import ids
from hsvis.dashboard.page.kinds.independent import answered_facts, class_list, exact_facts
from hsvis.dashboard.page.kinds.number import answered_numbers, error_list, number_facts
from hsvis.dashboard.page.language.facts import (
    language_facts,
    language_legend,
    language_style,
    sequence_facts,
)
from hsvis.dashboard.page.wording import class_name, count, percent
from hsvis.figures.confusion_matrix import MOST_MARKED
from hsvis.figures.style.apart import told_apart
from hsvis.figures.style.theme import ellipsis
from hsvis.figures.view import View
from hsvis.run.columns import cells_of
from hsvis.run.records import Sequence
from hsvis.run.store import StateStore
from hsvis.run.verdicts import RIGHT

DENSE = 6  # classes above which the legend is drawn smaller
LARGE_MATRIX = 9  # rows with numbers, as high as one of very many classes
MOST_PAIRS = 50  # confused classes that are listed
MOST_KEPT, LONG = 4, 30  # kept columns that are told of a sequence, and characters of each
NOTHING_SELECTED = "Select a sequence in the table or click a state"


def dataset_info(store: StateStore) -> list[Component]:
    """Counts, classes and accuracies; accuracy of the whole test split apart from that of what is shown."""
    if store.expected is not None:
        return [_boxes(language_facts(store, store.expected)), *about_run(store)]
    verdicts = store.verdicts
    known = verdicts.labels >= 0
    n_correct, unit = int((verdicts.each == RIGHT).sum()), " steps" * (verdicts.unit == "step")
    of_shown = f"shown: {n_correct:,} of {int(known.sum()):,}{unit}" if known.any() else "shown: no labels"
    share, right = percent(verdicts.accuracy), "correct"
    if store.shown_class is not None:
        share, of_shown = exact_facts(store)
        right = "all right"
    facts = [
        ("sequences", f"{store.n_sequences:,}", "sequences", count(store.n_states, "state")),
        ("shown-accuracy", share, right, of_shown),
        ("test-accuracy", percent(store.test_accuracy), right, "whole test split"),
    ]
    if store.numbers is not None:
        facts = [facts[0], *number_facts(store)]
    head = [_boxes(facts), *about_run(store)]
    if store.n_classes > DENSE or store.whole is not store:  # said by the bars, or the list, beneath
        return head
    totals = np.bincount(verdicts.labels[known], minlength=store.n_classes).tolist()
    classes = [
        html.Li([class_name(k, name), html.Span(f"{totals[k]:,}", className="number")])
        for k, name in enumerate(store.classes)
    ]
    n_unknown = int((~known).sum())
    if n_unknown:
        classes.append(html.Li([class_name(-1, "no label"), html.Span(f"{n_unknown:,}", className="number")]))
    return [*head, html.Ul(classes, className="classes")]


def _boxes(facts: list[tuple[str, str, str, str]]) -> Component:
    """Name, value, unit and note of each fact."""
    boxes = [
        html.Div(
            className=f"fact {name}",
            children=[html.Div([html.Strong(value), " ", unit]), html.Small(note)],
        )
        for name, value, unit, note in facts
    ]
    return html.Div(boxes, className="facts")


def confused_list(store: StateStore) -> list[Component]:
    """The most confused pairs of classes, where the matrix has no room for names and numbers; else nothing.

    Each is a button that does what a click on its cell does: assets/views/classes/overview.mjs.
    """
    if store.numbers is not None:
        return error_list(store)
    if store.shown_class is not None:
        return class_list(store)
    if store.n_classes <= MOST_MARKED:
        return []
    verdicts = store.verdicts
    pairs = confused_pairs(confusion_counts(verdicts.labels, verdicts.predicted, store.n_classes))
    if not pairs:
        return [html.H3("No two classes are confused")]
    n_more = len(pairs) - MOST_PAIRS
    more = f" · {MOST_PAIRS} of {len(pairs):,} pairs" if n_more > 0 else f" · {count(len(pairs), 'pair')}"
    rows = [html.Li(_confusion(pair, store.classes, f"{verdicts.unit}s")) for pair in pairs[:MOST_PAIRS]]
    return [html.H3(["Most confused", html.Span(f"actual → predicted{more}")]), html.Ol(rows)]


def _confusion(pair: Confusion, classes: tuple[str, ...], unit: str) -> Component:
    names = classes[pair.actual], classes[pair.predicted]
    share = percent(pair.share)
    does = f"{pair.sequences:,} {unit} of {names[0]} classified as {names[1]}, {share} of the class"
    return html.Button(
        [
            class_name(pair.actual, names[0]),
            html.Span("→", className="to"),
            class_name(pair.predicted, names[1]),
            html.Span(f"{pair.sequences:,}", className="number"),
            html.Span(share, className="number"),
        ],
        type="button",
        title=does,
        **{"data-actual": str(pair.actual), "data-predicted": str(pair.predicted), "aria-pressed": "false"},
    )


def about_run(store: StateStore) -> list[Component]:
    """What was decided that nobody said, and what seems wrong; nothing of a run that says neither."""
    decisions, warnings = store.manifest.decisions, store.manifest.warnings
    if not decisions and not warnings:
        return []
    title = ["About this run"]
    if warnings:
        title.append(html.Span(count(len(warnings), "warning"), className="warnings"))
    if decisions:
        title.append(html.Span(count(len(decisions), "decision"), className="decisions"))
    items = [html.Li(one.text, className="warning") for one in warnings]
    items += [html.Li(one.text, className="decision") for one in decisions]
    return [html.Details([html.Summary(title), html.Ul(items)], id=ids.ABOUT_RUN, className="about-run")]


def legend(view: View) -> list[Component]:
    """Binary: one gradient between the classes; else each class from weak to strong.

    While states are coloured by correctness the legend of that takes their place.
    """
    if view.store.expected is not None:
        return language_legend(view, view.store.expected)
    classes = view.store.classes
    if view.store.numbers is not None:
        bar = html.Span(className="gradient diverging", title="What is answered: grey is half way")
        return [html.Span(view.store.numbers.name), class_name(0, classes[0]), bar, class_name(1, classes[1])]
    answers = [html.Span("correct", className="answer right"), html.Span("misclassified", className="answer")]
    if (view.store.verdicts.labels < 0).any():
        answers.append(html.Span("no label", className="answer unknown"))
    if len(classes) == 2:
        bar = html.Span(className="gradient diverging", title="Expected prediction: grey is undecided")
        return [*answers, class_name(0, classes[0]), bar, class_name(1, classes[1])]
    return [*answers] + [
        html.Span(
            className="legend-class dense" if len(classes) > DENSE else "legend-class",
            style={"--class": f"var(--class-{k})"},
            title=f"Expected prediction {name}: from undecided to certain",
            children=[html.Span(className="gradient"), html.Span(name)],
        )
        for k, name in enumerate(classes)
    ]


def palette_note(view: View) -> str:
    """How many classes the colours of the palette tell apart, and how many the run has."""
    if view.store.expected is not None:
        return "Its first two colours are of what was least and most expected to come next."
    n_classes, n_apart = view.store.n_classes, told_apart(view.palette)
    if view.store.numbers is not None:
        return "The two colours are those of the lowest and of the highest number."
    if n_apart >= n_classes:
        return f"Tells {n_classes} classes apart for colour-blind eyes too, certain and half certain."
    return f"Tells {n_apart} classes apart for colour-blind eyes; this run has {n_classes:,}."


def projection_info(view: View) -> str:
    """What the cloud is, in words."""
    projection = view.projection
    parts = [projection.label, count(view.store.n_states, "state")]
    if "placed" in projection.details:
        fitted, placed = projection.details["fitted"], projection.details["placed"]
        parts.append(f"{fitted:,} fitted, {placed:,} placed by their neighbours")
        if projection.fitted is None:
            parts.append("placed on a lattice by an earlier version: build the run again")
    divergence = projection.details.get("kl_divergence")
    if divergence is not None:
        parts.append(f"KL divergence {divergence:.2f}")
    variance = projection.details.get("explained_variance")
    if variance is not None:
        shares = " + ".join(percent(share, digits=0) for share in variance)
        parts.append(f"explains {shares} of the variance")
    if "note" in projection.details:
        parts.append(projection.details["note"])
    return " · ".join(parts)


def page_style(view: View) -> dict[str, str]:
    """What the style sheets have to know of a run: colours (`--class-0`, …) and numbers of classes."""
    colours = {f"--class-{k}": colour for k, colour in enumerate(view.palette.hexes)}
    rows = view.store.n_classes + int((view.store.verdicts.labels < 0).any())
    return {
        **colours,
        "--class-unknown": view.theme.neutral,
        "--undecided": view.theme.neutral,
        "--right": view.theme.right,
        "--wrong": view.theme.wrong,
        **({} if view.store.numbers is None else {"--of-classes": "none", "--pair": "minmax(0, 1fr)"}),
        "--n-classes": str(view.store.n_classes),
        "--matrix-rows": str(rows if view.store.n_classes <= MOST_MARKED else LARGE_MATRIX),
        "--matrix-share": "1fr" if view.store.n_classes <= DENSE else "1.25fr",  # beside the bars
        **({} if view.store.expected is None else language_style(view.store.expected)),
    }


def sequence_info(view: View, sequence: Sequence | None, unreadable: str = "") -> list[Component]:
    """Number, class, classification, whether it is correct, and how sure the model is.

    Args:
        sequence: None when nothing is selected.
        unreadable: why its hidden states can't be read, where that is so.
    """
    if sequence is None:
        return nothing_selected()
    classes = view.store.classes
    if view.store.numbers is not None:
        return _number_info(view.store, sequence, unreadable)
    known = sequence.label >= 0
    actual = class_name(sequence.label, classes[sequence.label] if known else "no label")
    verdict = {True: "Correct", False: "Misclassified", None: "Not labelled"}[sequence.correct]
    looks = {True: "correct", False: "wrong", None: "unlabelled"}[sequence.correct]
    facts = [
        _fact("Class", actual),
        _fact("classified as", class_name(sequence.predicted, classes[sequence.predicted])),
    ]
    if view.store.shown_class is not None:
        labels, answered, verdict, looks = answered_facts(view.store, sequence.index)
        facts = [*facts, _fact("All labels", labels), _fact("all answers", answered)]
    if sequence.labels is not None:
        right = sequence.right_steps
        verdict = f"{int(right.sum()):,} of {count(len(right), 'step')} correct" if len(right) else verdict
        facts = []
    if sequence.expected is not None:
        verdict, facts = sequence_facts(sequence, sequence.expected)
    kept = _kept(view.store, sequence.index)
    return [
        html.H2(f"Sequence {sequence.index}"),
        html.Span(verdict, className=f"verdict {looks}"),
        html.Span(
            [
                *([sequence.text, " · "] if sequence.values is not None and sequence.text else []),
                count(len(sequence.tokens), "step"),
                *(
                    [" · confidence ", html.Strong(percent(sequence.confidence))]
                    if facts and sequence.expected is None
                    else []
                ),
            ],
            className="steps",
        ),
        *([html.Dl([*facts, *kept])] if facts or kept else []),
        *([html.P(unreadable, className="unreadable")] if unreadable else []),
    ]


def _number_info(store: StateStore, sequence: Sequence, unreadable: str) -> list[Component]:
    """The same of a number: label, answer and error."""
    label, answer, error = answered_numbers(store, sequence.index)
    facts = [
        _fact("Label", label),
        _fact("answer", answer),
        _fact("error", error),
        *_kept(store, sequence.index),
    ]
    return [
        html.H2(f"Sequence {sequence.index}"),
        html.Span(count(len(sequence.tokens), "step"), className="steps"),
        html.Dl(facts),
        *([html.P(unreadable, className="unreadable")] if unreadable else []),
    ]


def _kept(store: StateStore, index: int) -> list[Component]:
    """What the kept columns hold of a sequence, the first few that hold something."""
    there = [(name, cell) for name, cell in cells_of(store.columns, index).items() if cell is not None]
    return [
        _fact(ellipsis(name, LONG), html.Span(ellipsis(str(cell), LONG), title=str(cell), dir="auto"))
        for name, cell in there[:MOST_KEPT]
    ]


def _fact(name: str, value: Component | str) -> Component:
    return html.Div([html.Dt(name), html.Dd(value)])


def nothing_selected() -> list[Component]:
    """What stands in place of a sequence while none is selected."""
    more = "Its text, its expected predictions and its hidden units step by step appear here."
    return [html.Div([html.P(NOTHING_SELECTED), html.Small(more)], className="empty")]
