"""The projection: how its figure on the page is changed, and its change with the look of the trajectory."""

from typing import Any

import plotly.graph_objects as go
from dash import Dash, Input, Output, Patch, State

from hsvis.catalogue.runs import Runs
from hsvis.dashboard.content.clouds import Clouds
from hsvis.dashboard.page import ids
from hsvis.dashboard.page.options import OF_TRAJECTORY, display_options
from hsvis.figures.board import projection_figure


def change(figure: go.Figure) -> Patch:
    """Puts `figure` on the page, but for what belongs to the browser: the visible range and the image.

    So a selection neither moves the view nor touches the image, and an answer that arrives late can't
    bring back a range or an image that the page has left behind.
    """
    content = figure.to_plotly_json()
    layout = content["layout"]
    patch = Patch()
    patch["data"] = content["data"]
    for name, value in layout.items():
        if name in ("xaxis", "yaxis"):
            patch["layout"][name].update({key: setting for key, setting in value.items() if key != "range"})
        elif name not in ("images", "dragmode"):
            patch["layout"][name] = value
    return patch


def register(app: Dash, runs: Runs, clouds: Clouds) -> None:
    @app.callback(
        Output(ids.PROJECTION, "figure", allow_duplicate=True),
        *(Input(control, "value") for control in OF_TRAJECTORY),
        State(ids.SELECTION, "data"),
        State(ids.VIEW, "data"),
        prevent_initial_call=True,
    )
    def _(*given: Any) -> Patch:
        *values, selection, asked = given
        view = runs.resolve(asked)
        options = display_options(dict(zip(OF_TRAJECTORY, values, strict=True)))
        return change(projection_figure(view, clouds.bounds(view), runs.selected(view, selection), options))
