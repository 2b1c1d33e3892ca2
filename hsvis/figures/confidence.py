"""View `confidence`: the EP of the competing classes over the steps."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from hsvis.analysis.steps import class_changes, competing_classes
from hsvis.figures.style.colour import mix
from hsvis.figures.style.steps import step_frame, value_axis
from hsvis.figures.style.theme import SMALL_SIZE, Palette, Theme, ellipsis, escape

N_LINES = 6
MANY_CHANGES = 40  # from here on their hairlines would hide the lines
LEGEND_LENGTH = 62  # characters that fit in 340 px; the square of each class takes as much as four


def confidence(
    ep: np.ndarray, tokens: Sequence[str], classes: Sequence[str], palette: Palette, theme: Theme
) -> go.Figure:
    """A line for each competing class; the steps where the winning class changes are marked.

    Two classes share one line: its distance from the middle is how sure the model is, and of which class.

    Args:
        ep: (T, C) float, rows sum to 1; a step without an EP is NaN, and a gap in the lines.
        tokens: T surface forms.
        classes: C names.

    Returns:
        "changes"; min(C, 6) lines (with two classes: the areas "below" and "above", and the line of the
        second class).
    """
    n_steps, n_classes = ep.shape
    top = 12 if n_classes == 2 else 22  # px: the legend needs a line
    steps = np.arange(n_steps, dtype=np.int32)
    shown = competing_classes(ep, N_LINES).tolist()
    traces = [_changes(ep, palette, theme)]
    if n_classes == 2:
        traces += _areas(ep[:, 1], palette, theme)
        lines = [(1, theme.ink)]
    else:
        lines = [(k, palette.hexes[k]) for k in shown]
    traces += [
        {
            "type": "scatter",
            "name": f"EP of {escape(classes[k])}",
            "mode": "lines" if n_steps > 2 else "lines+markers",
            "x": steps,
            "y": ep[:, k].astype(np.float32),
            "line": {"color": colour, "width": 1.6 if n_classes > 2 and n_steps <= 300 else 1},
            "hoverinfo": "skip",
        }
        for k, colour in lines
    ]
    if n_classes == 2:
        low, high = (escape(ellipsis(name, 9)) for name in classes)
        return step_frame(tokens, theme, traces, top=top, yaxis=value_axis("EP", ticktext=[low, "0.5", high]))
    legend = _legend(shown, classes, palette, theme)
    return step_frame(tokens, theme, traces, top=top, yaxis=value_axis("EP"), annotations=[legend])


def _changes(ep: np.ndarray, palette: Palette, theme: Theme) -> dict[str, Any]:
    """A hairline at each class change, with a triangle in the colour of the new winner."""
    steps = class_changes(ep)
    winners = ep.argmax(axis=1)[steps]
    n_changes = len(steps)
    many = n_changes > MANY_CHANGES
    hairline = mix(theme.surface, theme.muted, 0.45)
    return {
        "type": "scatter",
        "name": "changes",
        "mode": "lines+markers",
        "x": [value for step in steps.tolist() for value in (step, step, None)],
        "y": [0.0, 1.0, None] * n_changes,
        "line": {"color": hairline, "width": 0 if many else 1, "dash": "1px,2px"},
        "marker": {
            "symbol": "triangle-down",
            "size": [0, 4 if many else 7, 0] * n_changes,
            "opacity": 1,
            "color": [palette.hexes[k] for k in winners.tolist() for _ in range(3)],
            "line": {"width": 0},
        },
        "cliponaxis": False,
        "hoverinfo": "skip",
    }


def _areas(second: np.ndarray, palette: Palette, theme: Theme) -> list[dict[str, Any]]:
    """Fill between the EP of the second class, (T,), and 0.5, in the colour of the class that wins there."""
    steps = np.flatnonzero(~np.isnan(second)).astype(np.float64)
    value = second[~np.isnan(second)].astype(np.float64) - 0.5
    crossed = np.flatnonzero(value[:-1] * value[1:] < 0)
    at = steps[crossed] + value[crossed] / (value[crossed] - value[crossed + 1])
    x = np.concatenate([steps, at])
    order = np.argsort(x, kind="stable")
    x, value = x[order], np.concatenate([value, np.zeros(len(at))])[order]
    return [
        {
            "type": "scatter",
            "name": name,
            "mode": "lines",
            "x": np.concatenate([x, x[-1:], x[:1]]).astype(np.float32),
            "y": np.concatenate([0.5 + part, [0.5] * min(2 * len(x), 2)]).astype(np.float32),
            "fill": "toself",
            "fillcolor": mix(theme.surface, colour, 0.75),
            "line": {"width": 0},
            "hoverinfo": "skip",
        }
        for name, part, colour in (
            ("below", np.minimum(value, 0), palette.hexes[0]),
            ("above", np.maximum(value, 0), palette.hexes[1]),
        )
    ]


def _legend(shown: Sequence[int], classes: Sequence[str], palette: Palette, theme: Theme) -> dict[str, Any]:
    """One line above the figure: the classes that have a line, each with its colour."""
    longest = max(len(name) for name in classes)
    while longest > 4 and sum(min(len(classes[k]), longest) for k in shown) > LEGEND_LENGTH - 4 * len(shown):
        longest -= 1
    names = [escape(ellipsis(name, longest)) for name in classes]
    parts = (f'<span style="color:{palette.hexes[k]}">■</span> {names[k]}' for k in shown)
    return {
        "text": "   ".join(parts),
        "x": 0,
        "y": 1,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
        "borderpad": 0,
        "font": {"size": theme.px(SMALL_SIZE)},
    }
