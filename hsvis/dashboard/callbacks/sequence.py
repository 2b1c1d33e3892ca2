"""Everything that shows the selected sequence, in one answer."""

from typing import Any

import plotly.graph_objects as go
from dash import Dash, Input, Output, State, html
from dash.development.base_component import Component

from hsvis.analysis.units import decision_order
from hsvis.dashboard import ids
from hsvis.dashboard.callbacks.projection import STYLE, change, projection_figure
from hsvis.dashboard.clouds import Clouds
from hsvis.dashboard.options import trajectory_style
from hsvis.dashboard.runs import Runs, View
from hsvis.dashboard.token_strip import Part, series_strip, token_strip
from hsvis.dashboard.wording import class_name, count, percent
from hsvis.errors import DamagedFileError
from hsvis.figures.confidence import confidence
from hsvis.figures.distances import distances
from hsvis.figures.ep_heatmap import ep_heatmap
from hsvis.figures.theme import empty
from hsvis.figures.unit_activity import unit_activity
from hsvis.store import Sequence

UNREADABLE = "The hidden states can't be read"
NOTHING_SELECTED = "Select a sequence in the table or click a state"


def sequence_info(view: View, sequence: Sequence) -> list[Component]:
    """Number, class, classification, whether it is correct, and how sure the model is."""
    classes = view.store.classes
    known = sequence.label >= 0
    actual = class_name(sequence.label, classes[sequence.label] if known else "no label")
    verdict = {True: "Correct", False: "Misclassified", None: "Not labelled"}[sequence.correct]
    looks = {True: "correct", False: "wrong", None: "unlabelled"}[sequence.correct]
    return [
        html.H2(f"Sequence {sequence.index}"),
        html.Span(verdict, className=f"verdict {looks}"),
        html.Span(
            [
                *([sequence.text, " · "] if sequence.values is not None and sequence.text else []),
                count(len(sequence.tokens), "step"),
                " · confidence ",
                html.Strong(percent(sequence.confidence)),
            ],
            className="steps",
        ),
        html.Dl(
            [
                _fact("Class", actual),
                _fact("classified as", class_name(sequence.predicted, classes[sequence.predicted])),
            ]
        ),
    ]


def _fact(name: str, value: Component | str) -> Component:
    return html.Div([html.Dt(name), html.Dd(value)])


def nothing_selected() -> list[Component]:
    """What stands in place of a sequence while none is selected."""
    more = "Its text, its expected predictions and its hidden units step by step appear here."
    return [html.Div([html.P(NOTHING_SELECTED), html.Small(more)], className="empty")]


def sequence_views(
    view: View, index: int | None, threshold: float, units_by: object = "similarity"
) -> tuple[list[Component], list[Part], go.Figure, go.Figure, go.Figure, go.Figure]:
    """Info, strip, EP heatmap, distances, confidence and unit activity of a sequence, or their empty states.

    Where the hidden states can't be read, the unit activity is empty and the info says why.

    Args:
        index: the sequence, or None when nothing is selected.
        threshold: 0 to 1, the distance where a jump begins.
        units_by: "similarity" or "decision", the order of the units.
    """
    if index is None:
        blank = empty("", view.theme)
        return (nothing_selected(), [], blank, blank, blank, blank)
    store, palette, theme = view.store, view.palette, view.theme
    sequence = store.sequence(index)
    info = sequence_info(view, sequence)
    try:
        states = store.states(index, view.layer)
    except DamagedFileError as error:
        info.append(html.P(error.told, className="unreadable"))
        units = empty(UNREADABLE, theme)
    else:
        order = decision_order(states, sequence.ep) if units_by == "decision" else None
        units = unit_activity(states, sequence.tokens, theme, order)
    ep, tokens, classes = sequence.ep, sequence.tokens, store.classes
    distance = store.distances(view.layer)[sequence.rows]
    largest = store.largest_distance(view.layer)
    return (
        info,
        strip(view, sequence),
        ep_heatmap(ep, tokens, classes, palette, theme),
        distances(distance, largest, ep, tokens, threshold, palette, theme),
        confidence(ep, tokens, classes, palette, theme),
        units,
    )


def strip(view: View, sequence: Sequence) -> list[Part]:
    """The parts of the token strip: of a text, or of a series."""
    colours = view.palette.ep_hexes(sequence.ep)
    if view.store.series is None or sequence.values is None:
        return token_strip(sequence, colours)
    return series_strip(sequence, sequence.values, colours, view.store.series)


def register(app: Dash, runs: Runs, clouds: Clouds) -> None:
    @app.callback(
        Output(ids.SEQUENCE_INFO, "children"),
        Output(ids.TOKENS, "data"),
        Output(ids.EP_HEATMAP, "figure"),
        Output(ids.DISTANCES, "figure"),
        Output(ids.CONFIDENCE, "figure"),
        Output(ids.UNIT_ACTIVITY, "figure"),
        Output(ids.PROJECTION, "figure"),
        Input(ids.SELECTION, "data"),
        Input(ids.VIEW, "data"),
        State(ids.DISTANCE_THRESHOLD, "value"),
        State(ids.UNIT_ORDER, "value"),
        *(State(control, "value") for control in STYLE),
        prevent_initial_call=True,
    )
    def _(
        selection: dict[str, Any] | None,
        asked: dict[str, Any] | None,
        threshold: float,
        units_by: object,
        *style: object,
    ) -> tuple[Any, ...]:
        view = runs.resolve(asked)
        index = runs.selected(view, selection)
        return (
            *sequence_views(view, index, threshold, units_by),
            change(projection_figure(view, clouds, index, trajectory_style(*style))),
        )

    @app.callback(
        Output(ids.UNIT_ACTIVITY, "figure", allow_duplicate=True),
        Input(ids.UNIT_ORDER, "value"),
        State(ids.SELECTION, "data"),
        State(ids.VIEW, "data"),
        prevent_initial_call=True,
    )
    def _(units_by: object, selection: dict[str, Any] | None, asked: dict[str, Any] | None) -> go.Figure:
        view = runs.resolve(asked)
        return sequence_views(view, runs.selected(view, selection), 0, units_by)[-1]
