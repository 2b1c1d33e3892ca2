"""What the views of one sequence share: the axis of the steps and the tooltip of a step."""

from collections.abc import Sequence
from typing import Any
from zlib import crc32

import numpy as np
import plotly.graph_objects as go

from hsvis.figures.theme import (
    STEP_MARGIN_LEFT,
    STEP_MARGIN_RIGHT,
    TICK_SIZE,
    Palette,
    Theme,
    ellipsis,
    escape,
    frame,
)


def step_frame(tokens: Sequence[str], theme: Theme, *, top: int = 6, bottom: int = 6, ticks: bool = False) -> go.Figure:
    """An empty figure whose x axis holds the steps of a sequence, the same in all views of a sequence."""
    n_steps = len(tokens)
    figure = frame(
        theme,
        margin={"l": STEP_MARGIN_LEFT, "r": STEP_MARGIN_RIGHT, "t": top, "b": bottom, "pad": 0},
        hovermode="x",
        hoverdistance=-1,
        dragmode="zoom",
        uirevision=f"{crc32(chr(0).join(tokens).encode('utf-8', 'replace')):08x}",
    )
    figure.update_xaxes(
        range=[-0.5, max(n_steps, 1) - 0.5],
        showgrid=False,
        zeroline=False,
        showticklabels=ticks,
        tickfont={"size": TICK_SIZE},
        title={"text": "step", "standoff": 2} if ticks else None,
    )
    return figure


def step_trace(
    ep: np.ndarray, tokens: Sequence[str], y: np.ndarray, classes: Sequence[str], palette: Palette, **trace: Any
) -> go.Scatter:
    """The invisible points, one a step, that carry the tooltips.  `y`: (T,) where the tooltip points to."""
    return go.Scatter(
        name="steps",
        x=list(range(len(tokens))),
        y=np.asarray(y, dtype=np.float64).tolist(),
        mode="markers",
        marker={"size": 1, "opacity": 0, "color": palette.ep_hexes(ep)},
        customdata=step_data(ep, tokens, classes, palette),
        hovertemplate=STEP_TEMPLATE,
        **trace,
    )


STEP_TEMPLATE = (
    "<b>%{customdata[0]}</b><br>step %{x}<br>"
    "<span style='color:%{customdata[2]}'>■</span> %{customdata[1]}<extra></extra>"
)


def step_data(ep: np.ndarray, tokens: Sequence[str], classes: Sequence[str], palette: Palette) -> list[list[str]]:
    """For each step: the token, "class confidence", and the colour of the class, safe for Plotly's labels."""
    winners = ep.argmax(axis=1).tolist()
    sure = ep.max(axis=1).tolist()
    names = [escape(ellipsis(name, 40)) for name in classes]
    return [
        [escape(token), f"{names[k]} {100 * p:.0f} %", palette.hexes[k]]
        for token, k, p in zip(tokens, winners, sure, strict=True)
    ]
