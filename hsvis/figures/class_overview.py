"""View `class-overview`: how many sequences each class has, and what they were classified as."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from hsvis.figures.theme import TICK_SIZE, Palette, Theme, ellipsis, escape, frame


def class_overview(confusion: np.ndarray, classes: Sequence[str], palette: Palette, theme: Theme) -> go.Figure:
    """A bar of each actual class and, beneath, what its sequences were classified as, correct ones first.

    Args:
        confusion: (C, C) or (C + 1, C) int, counts, actual × predicted; row C holds the unknown labels.
        classes: C names.

    Returns:
        Two bar traces, "actual" and "predicted"; customdata of a bar is [actual, predicted], with -1 for
        sequences of unknown label and null for "any prediction".
    """
    n_classes = len(classes)
    names = [*classes, "no label"]
    colours = [*palette.hexes, theme.neutral]
    totals = confusion.sum(axis=1).tolist()
    rows = range(len(totals))
    actual = [row if row < n_classes else -1 for row in rows]
    figure = frame(theme, barmode="overlay", bargap=0, hovermode="closest", margin={"l": 72, "r": 10, "t": 4, "b": 30})
    figure.add_bar(
        name="actual", orientation="h", x=totals, y=[r - 0.26 for r in rows], width=0.26,
        marker={"color": [colours[r] for r in rows], "line": {"width": 0}},
        customdata=[[a, None] for a in actual],
        hovertext=[f"<b>{escape(names[r])}</b><br>{totals[r]} sequences" for r in rows], hoverinfo="text",
    )
    bars: list[tuple[int, int, int, int]] = []
    for row in rows:
        start = 0
        for k in sorted(range(n_classes), key=lambda k: (k != row, k)):
            count = int(confusion[row, k])
            if count:
                bars.append((row, k, start, count))
                start += count
    figure.add_bar(
        name="predicted", orientation="h", x=[b[3] for b in bars], base=[b[2] for b in bars],
        y=[b[0] + 0.15 for b in bars], width=0.5,
        marker={"color": [colours[b[1]] for b in bars], "line": {"width": 0}},
        text=[str(b[3]) for b in bars], textposition="inside", insidetextanchor="middle", textangle=0,
        customdata=[[actual[b[0]], b[1]] for b in bars],
        hovertext=[
            f"<b>{escape(names[r])}</b><br>{count} classified as {escape(names[k])}" for r, k, _, count in bars
        ],
        hoverinfo="text",
    )
    figure.update_layout(uniformtext={"mode": "hide", "minsize": 9})
    figure.update_xaxes(title={"text": "sequences", "standoff": 2}, fixedrange=True, gridcolor=theme.grid, zeroline=False,
                        tickfont={"size": TICK_SIZE}, nticks=4, rangemode="tozero")
    figure.update_yaxes(range=[len(totals) - 0.5, -0.5], tickvals=list(rows),
                        ticktext=[escape(ellipsis(names[r], 12)) for r in rows], fixedrange=True, showgrid=False,
                        zeroline=False, tickfont={"size": TICK_SIZE})
    return figure
