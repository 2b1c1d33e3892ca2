"""The projection: its figure, and how a figure that is on the page is changed."""

import numpy as np
import plotly.graph_objects as go
from dash import Patch

from hsvis.dashboard.clouds import Clouds
from hsvis.dashboard.runs import View
from hsvis.figures.projection import projection


def projection_figure(view: View, clouds: Clouds, index: int | None) -> go.Figure:
    """The projection with the trajectory of a sequence, or none; its `meta` names the cloud that it needs."""
    store, bounds = view.store, clouds.bounds(view)
    if index is None:
        trajectory, ep, tokens = np.empty((0, 2), np.float32), store.ep[:0], []
    else:
        sequence = store.sequence(index)
        trajectory, ep, tokens = view.projection.xy[sequence.rows], sequence.ep, sequence.tokens  # (T, 2)
    figure = projection(bounds, trajectory, ep, tokens, view.palette, view.theme, store.classes)
    meta = {
        "run": store.name,
        "cloud": view.cloud,
        "theme": view.theme.name,
        "bounds": list(bounds),
        "sequence": index,
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
        elif name != "images":
            patch["layout"][name] = value
    return patch
