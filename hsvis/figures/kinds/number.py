"""Views of a run whose model answers a number: answers against the truth, and one line over the steps."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from hsvis.figures.style.steps import step_frame
from hsvis.figures.style.theme import SMALL_SIZE, Palette, Theme, ellipsis, escape, frame
from hsvis.run.kinds.of_number import Numbers, written

MOST_POINTS = 4_000  # of a plot; of more sequences some, evenly spread over the truth
NAME_LENGTH = 12


def answers_plot(numbers: Numbers, palette: Palette, theme: Theme) -> go.Figure:
    """Each sequence with a label, its answer over its label; on the line both are the same.

    Returns:
        The line "same" and the points "sequences", whose customdata are [sequence, label, answer].
    """
    known = np.flatnonzero(~np.isnan(numbers.truth))
    if len(known) > MOST_POINTS:
        order = known[np.argsort(numbers.truth[known], kind="stable")]
        known = order[np.linspace(0, len(order) - 1, MOST_POINTS).round().astype(int)]
    truth, answers = numbers.truth[known], numbers.answers[known]
    both = np.concatenate([truth, answers, [numbers.low, numbers.high][: 2 * (not len(known))]])
    low, high = float(both.min()), float(both.max())
    pad = 0.05 * (high - low or 1)
    reach = [low - pad, high + pad]
    figure = frame(theme, margin={"l": 46, "r": 8, "t": 4, "b": 30}, hovermode="closest")
    dashed = {"color": theme.muted, "width": 1, "dash": "4px,3px"}
    figure.add_scatter(name="same", x=reach, y=reach, mode="lines", line=dashed, hoverinfo="skip")
    second = numbers.share(answers)
    figure.add_scatter(
        name="sequences",
        x=truth,
        y=answers,
        mode="markers",
        marker={
            "size": 5 if len(known) < 500 else 3,
            "color": palette.ep_hexes(np.column_stack([1 - second, second])),
            "line": {"width": 0.5, "color": theme.muted},
        },
        customdata=np.column_stack([known, truth, answers]).tolist(),
        hoverinfo="none",
    )
    name = escape(ellipsis(numbers.name, NAME_LENGTH))
    same = {"range": reach, "fixedrange": True, "nticks": 5, "showgrid": True}
    figure.update_xaxes(title={"text": f"true {name}", "standoff": 2}, **same)
    figure.update_yaxes(title={"text": "answer", "standoff": 2}, **same)
    return figure


def number_strip(
    values: np.ndarray, numbers: Numbers, tokens: Sequence[str], palette: Palette, theme: Theme
) -> go.Figure:
    """What would be answered after each step as a colour, from the lowest number of the run to the highest.

    Args:
        values: (T,) float.

    Returns:
        One heatmap, "answer", whose z is the number; with the scale beside it.
    """
    strip = {
        "type": "heatmap",
        "name": "answer",
        "z": values[None].astype(np.float32),  # (1, T)
        "y": [0],
        "zmin": numbers.low,
        "zmax": numbers.high,
        "colorscale": [[0, palette.hexes[0]], [0.5, palette.neutral], [1, palette.hexes[1]]],
        "colorbar": {
            "thickness": 6,
            "outlinewidth": 0,
            "tickvals": [numbers.low, numbers.high],
            "ticktext": written(numbers.low, numbers.high),
            "x": 1.01,
            "tickfont": {"size": theme.px(SMALL_SIZE - 1)},
        },
    }
    name = escape(ellipsis(numbers.name, NAME_LENGTH))
    axis = {
        "tickvals": [0],
        "ticktext": [name],
        "fixedrange": True,
        "tickfont": {"size": theme.px(SMALL_SIZE)},
    }
    return step_frame(tokens, theme, [strip], top=3, bottom=3, yaxis=axis)


def number_line(
    values: np.ndarray, truth: float, numbers: Numbers, tokens: Sequence[str], palette: Palette, theme: Theme
) -> go.Figure:
    """One line over the steps, what would be answered; where it is known, the truth as a straight one.

    Args:
        values: (T,) float.
        truth: NaN where it is unknown.

    Returns:
        The line "answer", in points of the colours that the text has; with a label the line "truth".
    """
    second = numbers.share(values)
    steps = np.arange(len(values), dtype=np.int32)
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "name": "answer",
            "mode": "lines+markers" if len(values) <= 300 else "lines",
            "x": steps,
            "y": values.astype(np.float32),
            "line": {"color": theme.ink, "width": 1.2},
            "marker": {"size": 5, "color": palette.ep_hexes(np.column_stack([1 - second, second]))},
            "hoverinfo": "skip",
        }
    ]
    every = [*values.tolist(), numbers.low, numbers.high]
    annotations = []
    if not np.isnan(truth):
        every.append(truth)
        ends = [-0.5, len(values) - 0.5]
        traces.append(
            {
                "type": "scatter",
                "name": "truth",
                "mode": "lines",
                "x": ends,
                "y": [truth, truth],
                "line": {"color": theme.accent, "width": 1.4, "dash": "5px,3px"},
                "hoverinfo": "skip",
            }
        )
        annotations.append(
            {
                "text": f"true {truth:.4g}",
                "x": 1,
                "xref": "paper",
                "xanchor": "right",
                "y": truth,
                "yanchor": "bottom",
                "showarrow": False,
                "font": {"size": theme.px(SMALL_SIZE), "color": theme.accent},
            }
        )
    pad = 0.06 * (max(every) - min(every) or 1)
    axis = {
        "range": [min(every) - pad, max(every) + pad],
        "fixedrange": True,
        "showgrid": True,
        "nticks": 4,
        "title": {"text": escape(ellipsis(numbers.name, NAME_LENGTH))},
    }
    return step_frame(tokens, theme, traces, top=7, yaxis=axis, annotations=annotations)
