"""What the views of one sequence share: the axis of the steps, names, shares."""

from collections.abc import Sequence
from typing import Any
from zlib import crc32

import plotly.graph_objects as go

from hsvis.figures.style.theme import STEP_MARGIN_LEFT, STEP_MARGIN_RIGHT, Theme, frame


def step_frame(
    tokens: Sequence[str],
    theme: Theme,
    traces: Sequence[dict[str, Any]],
    *,
    top: int = 7,
    bottom: int = 7,
    ticks: bool = False,
    **layout: Any,
) -> go.Figure:
    """Traces over an x axis that holds the steps of a sequence, at the same place in all its views.

    Pointing at it is the page's business (assets/views/pointer.mjs): Plotly looks for nothing there.

    Args:
        tokens: T surface forms; zooming persists as long as they stay the same.
        ticks: writes steps beneath the axis, which takes about 30 px of room.
    """
    n_steps = len(tokens)
    axis = {"range": [-0.5, max(n_steps, 1) - 0.5], "tick0": 0, "dtick": step_ticks(n_steps)}
    named = {"title": {"text": "step", "standoff": 2}, "tickformat": ",d"} if ticks else {}
    return frame(
        theme,
        {"l": STEP_MARGIN_LEFT, "r": STEP_MARGIN_RIGHT, "t": top, "b": bottom},
        traces,
        xaxis={**axis, "showticklabels": ticks, **named},
        uirevision=f"{crc32(chr(0).join(tokens).encode('utf-8', 'surrogatepass')):08x}",
        hovermode=False,
        dragmode="zoom",
        **layout,
    )


def mark_boundary(figure: go.Figure, boundary: int | None, theme: Theme) -> go.Figure:
    """A line over the whole height where the second of two texts begins; `boundary`: the steps before it."""
    if boundary is None or figure.layout.xaxis.range is None:  # one text, or nothing is shown
        return figure
    ends = {"x0": boundary - 0.5, "x1": boundary - 0.5, "y0": 0, "y1": 1, "yref": "paper"}
    line = {"color": theme.ink, "width": 1.5, "dash": "2px,2px"}
    return figure.add_shape(type="line", name="boundary", line=line, **ends)


def step_ticks(n_steps: int) -> int:
    """From one step that is written beneath the axis to the next: round, for at most eight of them."""
    every = 10 ** len(str(n_steps))
    for round_number in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000):
        if n_steps <= 8 * round_number:
            return round_number
    return every


def value_axis(title: str, **axis: Any) -> dict[str, Any]:
    """A y axis of shares from 0 to 1."""
    return {
        "range": [-0.03, 1.03],
        "tickvals": [0, 0.5, 1],
        "ticktext": ["0", "0.5", "1"],
        "showgrid": True,
        "fixedrange": True,
        "title": {"text": title},
        **axis,
    }
