"""Everything that shows the selected sequence, in one answer."""

from typing import Any

import flask
import plotly.graph_objects as go
from dash import Dash, Input, Output, State
from dash.development.base_component import Component

from hsvis.catalogue.runs import Runs
from hsvis.dashboard.callbacks.projection import change
from hsvis.dashboard.content.clouds import Clouds
from hsvis.dashboard.page import ids
from hsvis.dashboard.page.facts import sequence_info
from hsvis.dashboard.page.options import OF_SEQUENCE, display_options
from hsvis.dashboard.page.token_strip import Part, sequence_strip
from hsvis.figures.board import projection_figure, sequence_figures, unit_figure
from hsvis.figures.view import DisplayOptions, View
from hsvis.web.capacity import Capacity, departure

LONG = (
    20_000  # steps: of 200,000 steps with 64 units the figures are 155 MB, and 0.9 GB are needed to make them
)
LONG_PATIENCE = 30.0  # seconds that a long sequence waits for another one


def sequence_views(
    view: View, index: int | None, options: DisplayOptions
) -> tuple[list[Component], list[Part], go.Figure, go.Figure, go.Figure, go.Figure]:
    """Info, strip, EP heatmap, distances, confidence and unit activity of a sequence, or their empty states.

    Where the hidden states can't be read, the unit activity is empty and the info says why.

    Args:
        index: the sequence, or None when nothing is selected.
    """
    sequence = None if index is None else view.store.sequence(index)
    figures = sequence_figures(view, sequence, options)
    return (
        sequence_info(view, sequence, figures.unreadable),
        sequence_strip(view, sequence),
        figures.ep_heatmap,
        figures.distances,
        figures.confidence,
        figures.unit_activity,
    )


def register(app: Dash, runs: Runs, clouds: Clouds) -> None:
    turns = Capacity(1, "long sequences", patience=LONG_PATIENCE)

    def take_turn(view: View, index: int | None) -> None:
        """One after the other, until the answer is taken, of sequences whose figures need much memory."""
        if index is None or view.store.lengths[index] < LONG:
            return
        release = turns.take(1, departure())

        @flask.after_this_request
        def _(answer: flask.Response) -> flask.Response:
            answer.call_on_close(release)
            return answer

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
        *(State(control, "value") for control in OF_SEQUENCE),
        prevent_initial_call=True,
    )
    def _(selection: dict[str, Any] | None, asked: dict[str, Any] | None, *values: object) -> tuple[Any, ...]:
        view = runs.resolve(asked)
        index = runs.selected(view, selection)
        options = display_options(dict(zip(OF_SEQUENCE, values, strict=True)))
        take_turn(view, index)
        return (
            *sequence_views(view, index, options),
            change(projection_figure(view, clouds.bounds(view), index, options)),
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
        index = runs.selected(view, selection)
        take_turn(view, index)
        sequence = None if index is None else view.store.sequence(index)
        return unit_figure(view, sequence, display_options({ids.UNIT_ORDER: units_by}))[0]
