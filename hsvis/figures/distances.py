"""View `distances`: how far each state is from the one before it."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from hsvis.figures.style.steps import step_frame, value_axis
from hsvis.figures.style.theme import SMALL_SIZE, Palette, Theme


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
        largest: the largest distance of the run, in the same units.
        ep: (T, C) float, rows sum to 1.
        tokens: T surface forms.
        threshold: 0 to 1, where a jump begins; drawn as the shape "threshold".

    Returns:
        One trace of T - 1 bars, at steps 1 to T - 1.
    """
    n_steps = len(tokens)
    share = distance[1:].astype(np.float64) / (largest if largest > 0 else 1)
    bars = {
        "type": "bar",
        "name": "distance",
        "x": np.arange(1, n_steps, dtype=np.int32),
        "y": share.astype(np.float32),
        "marker": {"color": palette.ep_hexes(ep[:-1]), "line": {"width": 0}},
    }
    line = {
        "name": "threshold",
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": threshold,
        "y1": threshold,
        "line": {"color": theme.muted, "width": 1, "dash": "4px,3px"},
        "label": {
            "texttemplate": "\u00a0%{y0:.2f}",  # follows the line when it is moved
            "textposition": "end",
            "xanchor": "left",
            "yanchor": "middle",
            "font": {"size": theme.px(SMALL_SIZE), "color": theme.muted},
        },
    }
    return step_frame(
        tokens,
        theme,
        [bars],
        bargap=0.15 if n_steps <= 150 else 0,
        shapes=[line],
        yaxis=value_axis("distance<br>÷ largest"),
    )
