"""View `confidence`: the EP of the competing classes over the steps."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from hsvis.analysis.sequences import class_changes, competing_classes
from hsvis.figures.steps import step_frame, step_trace
from hsvis.figures.theme import TICK_SIZE, Palette, Theme

N_LINES = 6


def confidence(
    ep: np.ndarray, tokens: Sequence[str], classes: Sequence[str], palette: Palette, theme: Theme
) -> go.Figure:
    """A line for each competing class; the steps where the winning class changes are marked.

    Args:
        ep: (T, C) float, rows sum to 1.
    """
    figure = step_frame(tokens, theme)
    steps = list(range(len(tokens)))
    for k in competing_classes(ep, N_LINES).tolist():
        figure.add_scatter(
            name=classes[k], mode="lines", x=steps, y=ep[:, k].tolist(),
            line={"color": palette.hexes[k], "width": 1.5}, hoverinfo="skip",
        )
    changes = class_changes(ep)
    winners = ep.argmax(axis=1)
    figure.add_scatter(
        name="changes", mode="markers", x=changes.tolist(), y=ep.max(axis=1)[changes].tolist(), hoverinfo="skip",
        marker={"size": 7, "color": theme.surface,
                "line": {"width": 1.5, "color": [palette.hexes[k] for k in winners[changes]]}},
    )
    figure.add_trace(step_trace(ep, tokens, ep.max(axis=1), classes, palette))
    figure.update_yaxes(range=[0, 1.03], tickvals=[0, 0.5, 1], fixedrange=True, gridcolor=theme.grid, zeroline=False,
                        tickfont={"size": TICK_SIZE}, title={"text": "EP", "standoff": 4})
    return figure
