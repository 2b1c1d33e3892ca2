"""View `unit-activity`: hidden units × steps."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from hsvis.analysis.units import unit_order
from hsvis.figures.steps import step_frame
from hsvis.figures.theme import TICK_SIZE, Theme, escape


def unit_activity(states: np.ndarray, tokens: Sequence[str], theme: Theme) -> go.Figure:
    """Values of the units, diverging around 0; units of similar course next to each other.

    Args:
        states: (T, H) float.

    Returns:
        One heatmap; its customdata lists the unit of each row.
    """
    order = unit_order(states)
    reach = float(np.abs(states).max(initial=0)) or 1.0
    figure = step_frame(tokens, theme, bottom=28, ticks=True)
    figure.add_heatmap(
        name="units", z=states.T[order].astype(np.float32), zmin=-reach, zmax=reach, y=list(range(len(order))),
        colorscale=[[0, "#2c6e8f"], [0.5, theme.surface], [1, "#a5472f"]], showscale=False,
        customdata=order.tolist(), hovertemplate="unit %{y}  %{z:.2f}<extra></extra>",
    )
    figure.add_scatter(
        name="steps", x=list(range(len(tokens))), y=[0] * len(tokens), mode="markers", marker={"opacity": 0},
        customdata=[[escape(token)] for token in tokens],
        hovertemplate="<b>%{customdata[0]}</b><br>step %{x}<extra></extra>",
    )

    figure.update_yaxes(range=[len(order) - 0.5, -0.5], fixedrange=True, showticklabels=False, showgrid=False,
                        zeroline=False, title={"text": f"{len(order)} units", "standoff": 4}, tickfont={"size": TICK_SIZE})
    return figure
