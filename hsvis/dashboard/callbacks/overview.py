"""What depends on the run alone: its facts, the two overview figures, the table, the legend."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from dash import Dash, Input, Output, html
from dash.development.base_component import Component

from hsvis.analysis.confusion import confusion_counts
from hsvis.catalogue.runs import Runs, View
from hsvis.dashboard.page import ids
from hsvis.dashboard.page.wording import class_name, count, percent
from hsvis.figures.class_overview import class_overview
from hsvis.figures.confusion_matrix import confusion_matrix
from hsvis.run.store import StateStore

DENSE = 6  # classes above which the legend is drawn smaller


def overview_figures(view: View) -> tuple[go.Figure, go.Figure]:
    """`class-overview` and `confusion-matrix` of a run."""
    store = view.store
    confusion = confusion_counts(store.labels, store.predicted, store.n_classes)
    return (
        class_overview(confusion, store.classes, view.palette, view.theme),
        confusion_matrix(confusion, store.classes, view.palette, view.theme),
    )


def dataset_info(store: StateStore) -> list[Component]:
    """Counts, classes and accuracies; accuracy of the whole test split apart from that of what is shown."""
    known = store.labels >= 0
    n_correct = int((store.labels == store.predicted)[known].sum())
    of_shown = f"shown: {n_correct:,} of {int(known.sum()):,}" if known.any() else "shown: no labels"
    facts = [
        ("sequences", f"{store.n_sequences:,}", "sequences", count(store.n_states, "state")),
        ("shown-accuracy", percent(store.shown_accuracy), "correct", of_shown),
        ("test-accuracy", percent(store.test_accuracy), "correct", "whole test split"),
    ]
    boxes = [
        html.Div(
            className=f"fact {name}",
            children=[html.Div([html.Strong(value), " ", unit]), html.Small(note)],
        )
        for name, value, unit, note in facts
    ]
    if store.n_classes > DENSE:  # the bars beneath say it in less room
        return [html.Div(boxes, className="facts")]
    totals = np.bincount(store.labels[known], minlength=store.n_classes).tolist()
    classes = [
        html.Li([class_name(k, name), html.Span(f"{totals[k]:,}", className="number")])
        for k, name in enumerate(store.classes)
    ]
    n_unknown = int((~known).sum())
    if n_unknown:
        classes.append(html.Li([class_name(-1, "no label"), html.Span(f"{n_unknown:,}", className="number")]))
    return [html.Div(boxes, className="facts"), html.Ul(classes, className="classes")]


def legend(view: View) -> list[Component]:
    """Binary: one gradient between the classes; else each class from weak to strong.

    While states are coloured by correctness the legend of that takes their place.
    """
    classes = view.store.classes
    answers = [html.Span("correct", className="answer right"), html.Span("misclassified", className="answer")]
    if (view.store.labels < 0).any():
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


def projection_info(view: View) -> str:
    """What the cloud is, in words."""
    projection = view.projection
    parts = [projection.label, count(view.store.n_states, "state")]
    if "placed" in projection.details:
        parts.append(f"{projection.details['fitted']:,} fitted, the others placed")
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
    rows = view.store.n_classes + int((view.store.labels < 0).any())
    return {
        **colours,
        "--class-unknown": view.theme.neutral,
        "--undecided": view.theme.neutral,
        "--right": view.theme.right,
        "--wrong": view.theme.wrong,
        "--n-classes": str(view.store.n_classes),
        "--n-rows": str(rows),
    }


def register(app: Dash, runs: Runs) -> None:
    @app.callback(
        Output(ids.CLASS_OVERVIEW, "figure"),
        Output(ids.CONFUSION_MATRIX, "figure"),
        Output(ids.DATASET_INFO, "children"),
        Output(ids.LEGEND, "children"),
        Output(ids.PROJECTION_INFO, "children"),
        Output(ids.PAGE, "style"),
        Input(ids.VIEW, "data"),
        prevent_initial_call=True,
    )
    def _(asked: dict[str, Any] | None) -> tuple[Any, ...]:
        view = runs.resolve(asked)
        return (
            *overview_figures(view),
            dataset_info(view.store),
            legend(view),
            projection_info(view),
            page_style(view),
        )
