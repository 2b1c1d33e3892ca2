"""View `distances`: how far each state is from the one before it."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from hsvis.figures.steps import step_data, step_frame
from hsvis.figures.theme import TICK_SIZE, Palette, Theme


def distances(
    distance: np.ndarray,
    largest: float,
    ep: np.ndarray,
    tokens: Sequence[str],
    threshold: float,
    palette: Palette,
    theme: Theme,
) -> go.Figure:
    """Bars of the distances, divided by the run's largest, in the colour of the EP that the step starts from.

    Args:
        distance: (T,) float, NaN at step 0.
        largest: the largest distance of the run.
        ep: (T, C) float.
        threshold: 0 to 1, where a jump begins.
    """
    n_steps = len(tokens)
    share = np.asarray(distance[1:], dtype=np.float64) / (largest if largest > 0 else 1)
    figure = step_frame(tokens, theme)
    data = step_data(ep, tokens, [""] * ep.shape[1], palette)
    figure.add_bar(
        name="steps", x=list(range(1, n_steps)), y=share.tolist(),
        marker={"color": palette.ep_hexes(ep[:-1]), "line": {"width": 0}},
        customdata=[[*one, *two] for one, two in zip(data[:-1], data[1:], strict=True)],
        hovertemplate="<b>%{customdata[0]} → %{customdata[3]}</b><br>step %{x}<br>distance %{y:.2f}<extra></extra>",
    )
    figure.add_shape(
        name="threshold", type="line", xref="paper", x0=0, x1=1, y0=threshold, y1=threshold,
        line={"color": theme.muted, "width": 1, "dash": "dash"},
    )
    figure.update_layout(bargap=0.15)
    figure.update_yaxes(range=[0, 1], tickvals=[0, 0.5, 1], fixedrange=True, gridcolor=theme.grid, zeroline=False,
                        tickfont={"size": TICK_SIZE}, title={"text": "distance", "standoff": 4})
    return figure
