"""View `unit-activity`: hidden units × steps."""

from collections.abc import Sequence
from math import ceil, floor, log10

import numpy as np
import plotly.graph_objects as go

from hsvis.analysis.units import unit_order
from hsvis.figures.steps import show_ticks, step_frame, step_labels
from hsvis.figures.theme import SMALL_SIZE, Palette, Theme


def unit_activity(
    states: np.ndarray,
    tokens: Sequence[str],
    theme: Theme,
    ep: np.ndarray | None = None,
    classes: Sequence[str] | None = None,
    palette: Palette | None = None,
) -> go.Figure:
    """Values of the units, diverging around 0; units of similar course are neighbours.

    Args:
        states: (T, H) float.
        tokens: T surface forms.
        ep: (T, C) float; with `classes` and `palette`, the tooltips tell the classification too.

    Returns:
        One heatmap, H × T; y and customdata name the unit of each row.
    """
    order = unit_order(states)
    n_units = len(order)
    reach = _round_up(float(np.abs(states).max(initial=0)))
    labels = step_labels(tokens, ep, classes, palette)
    figure = step_frame(tokens, labels, theme, top=4, bottom=30, hovermode="closest")
    figure.add_heatmap(
        name="units",
        z=states.T[order].astype(np.float32),  # (H, T)
        y=[str(unit) for unit in order.tolist()],
        customdata=order.tolist(),
        zmin=-reach,
        zmax=reach,
        colorscale=[[0, theme.below], [0.5, theme.surface], [1, theme.above]],
        colorbar={
            "thickness": 5,
            "len": 1,
            "x": 1,
            "xpad": 2,
            "ypad": 0,
            "outlinewidth": 0,
            "ticks": "",
            "ticklabeloverflow": "allow",
            "tickvals": [-reach, 0, reach],
            "ticktext": [f"−{reach:.2g}", "0", f"{reach:.2g}"],
            "tickfont": {"size": SMALL_SIZE - 1},
        },
        hovertemplate="%{x}<br>unit %{y}  %{z:.2f}<extra></extra>",
    )
    show_ticks(figure)
    figure.update_yaxes(
        type="category",
        range=[n_units - 0.5, -0.5],
        showticklabels=False,
        fixedrange=True,
        title={"text": f"{n_units} unit{'s' if n_units != 1 else ''}"},
    )
    return figure


def _round_up(value: float) -> float:
    """A number of one decimal, or of two digits if it is small, that isn't below `value`; 1 for 0."""
    if value == 0:
        return 1.0
    decimals = 1 if value > 0.3 else 1 - floor(log10(value))
    return ceil(value * 10**decimals) / 10**decimals
