"""View `ep-heatmap`: classes × steps, with the winning class of each step beneath."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from hsvis.figures.steps import step_frame, step_trace
from hsvis.figures.theme import TICK_SIZE, Palette, Theme, ellipsis, ep_strength, escape


def ep_heatmap(
    ep: np.ndarray, tokens: Sequence[str], classes: Sequence[str], palette: Palette, theme: Theme
) -> go.Figure:
    """Classes × steps, each row from the surface to its class's colour by EP; the winner of each step beneath.

    Args:
        ep: (T, C) float, rows sum to 1.
    """
    n_steps, n_classes = ep.shape
    figure = step_frame(tokens, theme)
    offsets = 2 * np.arange(n_classes)
    top = 2 * n_classes - 1
    scale = [
        [(2 * k + end) / top, colour]
        for k in range(n_classes)
        for end, colour in ((0, theme.surface), (1, palette.hexes[k]))
    ]
    figure.add_heatmap(
        name="ep", z=(offsets[:, None] + ep.T).tolist(), zmin=0, zmax=top, colorscale=scale,
        showscale=False, hoverinfo="none",
    )
    winners = ep.argmax(axis=1)
    winner_scale = [
        [(2 * k + end) / top, colour]
        for k in range(n_classes)
        for end, colour in ((0, theme.neutral), (1, palette.hexes[k]))
    ]
    figure.add_heatmap(
        name="winner", z=[(2 * winners + ep_strength(ep)).tolist()], zmin=0, zmax=top, colorscale=winner_scale,
        showscale=False, hoverinfo="none", yaxis="y2",
    )
    figure.add_trace(step_trace(ep, tokens, np.zeros(n_steps), classes, palette, yaxis="y2"))
    figure.update_layout(
        yaxis={"domain": [0.2, 1], "range": [n_classes - 0.5, -0.5], "tickvals": list(range(n_classes)),
               "ticktext": [escape(ellipsis(name, 11)) for name in classes], "fixedrange": True, "showgrid": False,
               "zeroline": False, "tickfont": {"size": TICK_SIZE}},
        yaxis2={"domain": [0, 0.15], "range": [-0.5, 0.5], "fixedrange": True, "tickvals": [0], "ticktext": ["winner"],
                "anchor": "x", "showgrid": False, "zeroline": False, "tickfont": {"size": TICK_SIZE}},
    )
    return figure
