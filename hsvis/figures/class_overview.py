"""View `class-overview`: how many sequences each class has, and what they were classified as."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from hsvis.figures.style.names import class_ticks
from hsvis.figures.style.theme import SMALL_SIZE, Palette, Theme, frame

UNKNOWN = "no label"  # stands for the class of sequences whose class is unknown
NAME_LENGTH = 12
MAX_NAMES = 12
# A class has the room from -0.5 to 0.5 on the y axis; its bars, from top to bottom:
ACTUAL = (-0.40, -0.14)
PREDICTED = (-0.10, 0.40)


def class_overview(
    confusion: np.ndarray,
    classes: Sequence[str],
    palette: Palette,
    theme: Theme,
    *,
    unit: str = "sequences",
) -> go.Figure:
    """A bar of each actual class and, beneath, what its sequences were classified as, correct ones first.

    Of many classes only the largest are named, and the axis says how many there are.

    Args:
        confusion: (C, C) or (C + 1, C) int, counts, actual × predicted; row C counts the unknown labels.
        classes: C names.
        unit: what is counted.

    Returns:
        The bars "actual" and "predicted" and the text "totals".  The customdata of a bar is
        [actual, predicted, count]: actual is -1 where the label is unknown, predicted null where the bar
        stands for all predictions.
    """
    n_rows, n_classes = confusion.shape
    colours = [*palette.hexes, theme.neutral]
    actual = [row if row < n_classes else -1 for row in range(n_rows)]
    totals = confusion.sum(axis=1).tolist()
    largest = max(totals, default=0) or 1
    figure = frame(
        theme,
        margin={"l": 72, "r": 8, "t": 4, "b": 18},
        barmode="overlay",
        hovermode="closest",
        uniformtext={"mode": "hide", "minsize": theme.px(SMALL_SIZE)},
    )
    figure.add_bar(
        name="actual",
        orientation="h",
        x=totals,
        y=[row + sum(ACTUAL) / 2 for row in range(n_rows)],
        width=ACTUAL[1] - ACTUAL[0],
        marker={"color": colours[:n_rows], "line": {"width": 0}},
        customdata=[[a, None, count] for a, count in zip(actual, totals, strict=True)],
        hoverinfo="none",
    )
    parts = _parts(confusion)
    counts = [int(confusion[row, k]) for row, k, _ in parts]
    figure.add_bar(
        name="predicted",
        orientation="h",
        x=counts,
        base=[start for _, _, start in parts],
        y=[row + sum(PREDICTED) / 2 for row, _, _ in parts],
        width=PREDICTED[1] - PREDICTED[0],
        marker={"color": [colours[k] for _, k, _ in parts], "line": {"width": 0}},
        text=[f"{count:,}" for count in counts],
        textposition="inside",
        insidetextanchor="middle",
        textangle=0,
        customdata=[[actual[row], k, count] for (row, k, _), count in zip(parts, counts, strict=True)],
        hoverinfo="none",
    )
    ticks, are_all = class_ticks([*classes, UNKNOWN][:n_rows], totals, NAME_LENGTH, MAX_NAMES)
    labelled = list(range(n_rows)) if n_rows <= MAX_NAMES else []  # more would run into each other
    figure.add_scatter(
        name="totals",
        mode="text",
        x=[totals[row] for row in labelled],
        y=labelled,
        text=[f" {totals[row]:,}" for row in labelled],
        textposition="middle right",
        textfont={"size": theme.px(SMALL_SIZE), "color": theme.muted},
        cliponaxis=False,
        hoverinfo="skip",
    )
    room = 1 + 0.065 * (len(f"{largest:,}") + 1) if labelled else 1  # for the total beside the longest bar
    figure.update_xaxes(
        range=[0, largest * room],
        fixedrange=True,
        showticklabels=False,
        title={"text": unit if are_all else f"{n_rows} classes", "standoff": 0},
    )
    figure.update_yaxes(range=[n_rows - 0.5, -0.5], fixedrange=True, **ticks)
    return figure


def _parts(confusion: np.ndarray) -> list[tuple[int, int, int]]:
    """Row, predicted class and start of each part of the stacked bars; the correct one first, none empty."""
    parts = []
    for row, counts in enumerate(confusion.tolist()):
        start = 0
        for k in sorted(range(len(counts)), key=lambda k: (k != row, k)):
            if counts[k]:
                parts.append((row, k, start))
                start += counts[k]
    return parts
