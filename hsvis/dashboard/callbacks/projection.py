"""The projection: its figure, and how a figure that is on the page is changed."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from dash import Dash, Input, Output, Patch, State

from hsvis.catalogue.runs import Runs, View
from hsvis.dashboard.content.clouds import Clouds
from hsvis.dashboard.page import ids
from hsvis.dashboard.page.options import trajectory_style
from hsvis.figures.projection import TrajectoryStyle, projection

STYLE = (ids.TRAJECTORY_COLOUR, ids.TRAJECTORY_WIDTH, ids.LINE_WIDTH, ids.STATE_SIZE)


def projection_figure(
    view: View, clouds: Clouds, index: int | None, style: TrajectoryStyle | None = None
) -> go.Figure:
    """The projection with the trajectory of a sequence, or none.

    Its `meta` says what the browser has to know: the cloud that belongs to it, the classes, the
    sequence and its class.
    """
    store, bounds = view.store, clouds.bounds(view)
    rows = slice(0, 0) if index is None else slice(int(store.offsets[index]), int(store.offsets[index + 1]))
    figure = projection(
        bounds,
        view.projection.xy[rows],
        store.ep[rows],
        view.palette,
        view.theme,
        style or TrajectoryStyle(),
        np.nan_to_num(store.distances(view.layer)[rows]),
    )
    meta: dict[str, Any] = {
        "run": store.name,
        "edition": view.edition,
        "cloud": view.cloud,
        "theme": view.theme.name,
        "palette": view.palette_name,
        "bounds": list(bounds),
        "classes": list(store.classes),
        "sequence": index,
        "first": rows.start,  # the row of its step 0
        "label": None if index is None else int(store.labels[index]),
    }
    return figure.update_layout(meta=meta, uirevision=view.cloud)


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
        *(Input(control, "value") for control in STYLE),
        State(ids.SELECTION, "data"),
        State(ids.VIEW, "data"),
        prevent_initial_call=True,
    )
    def _(*given: Any) -> Patch:
        *style, selection, asked = given
        view = runs.resolve(asked)
        index = runs.selected(view, selection)
        return change(projection_figure(view, clouds, index, trajectory_style(*style)))
