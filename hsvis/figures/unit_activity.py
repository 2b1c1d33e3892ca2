"""View `unit-activity`: hidden units × steps."""

from collections.abc import Sequence
from math import ceil, floor, log10

import numpy as np
import plotly.graph_objects as go

from hsvis.analysis.units import unit_order
from hsvis.figures.style.steps import step_frame
from hsvis.figures.style.theme import SMALL_SIZE, Theme


def unit_activity(
    states: np.ndarray, tokens: Sequence[str], theme: Theme, order: np.ndarray | None = None
) -> go.Figure:
    """Values of the units, diverging around 0.

    Args:
        states: (T, H) float.
        tokens: T surface forms.
        order: (H,) int, the units from top to bottom; None puts units of similar course together.

    Returns:
        One heatmap, H × T; y and customdata name the unit of each row.
    """
    order = unit_order(states) if order is None else order
    n_units = len(order)
    reach = _round_up(float(np.abs(states).max(initial=0)))
    units = {
        "type": "heatmap",
        "name": "units",
        "z": states.T[order].astype(np.float32),  # (H, T)
        "y": [str(unit) for unit in order.tolist()],
        "customdata": order.tolist(),
        "zmin": -reach,
        "zmax": reach,
        "colorscale": [[0, theme.below], [0.5, theme.surface], [1, theme.above]],
        "colorbar": {
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
            "tickfont": {"size": theme.px(SMALL_SIZE - 1)},
        },
    }
    axis = {
        "type": "category",
        "range": [n_units - 0.5, -0.5],
        "showticklabels": False,
        "fixedrange": True,
        "title": {"text": f"{n_units} unit{'s' if n_units != 1 else ''}"},
    }
    return step_frame(tokens, theme, [units], top=4, bottom=30, ticks=True, yaxis=axis)


def _round_up(value: float) -> float:
    """A number of one decimal, or of two digits if it is small, that isn't below `value`; 1 for 0."""
    if value == 0:
        return 1.0
    decimals = 1 if value > 0.3 else 1 - floor(log10(value))
    return ceil(value * 10**decimals) / 10**decimals
