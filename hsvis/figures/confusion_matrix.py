"""View `confusion-matrix`: counts, actual × predicted."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from hsvis.figures.class_overview import UNKNOWN
from hsvis.figures.style.theme import SMALL_SIZE, Palette, Theme, frame, name_ticks

NAME_LENGTH = 11
MAX_ROW_NAMES = 12
MAX_COLUMN_NAMES = 8  # tilted, they need more room than above each other
MATRIX_WIDTH = 128  # px, in the least panel
DIGIT_WIDTH = 0.56  # of the type size
LEAST_TEXT_SIZE = 7  # px


def confusion_matrix(
    confusion: np.ndarray, classes: Sequence[str], palette: Palette, theme: Theme
) -> go.Figure:
    """Counts of sequences, shaded by their share of the actual class.

    Args:
        confusion: (C, C) or (C + 1, C) int, counts, actual × predicted; row C counts the unknown labels.
        classes: C names.

    Returns:
        One heatmap: z is the share of the row, text the count; the customdata of a cell is
        [actual, predicted, count], actual being -1 where the label is unknown.
    """
    n_rows, n_classes = confusion.shape
    share = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    digits = len(str(confusion.max(initial=0)))
    text_size = min(SMALL_SIZE + 2, int((MATRIX_WIDTH / n_classes - 1) / (DIGIT_WIDTH * digits)))
    legible = text_size >= LEAST_TEXT_SIZE
    tilted = n_classes > 2
    figure = frame(
        theme,
        margin={"l": 80, "r": 6, "t": 4, "b": 62 if tilted else 30},
        hovermode="closest",
    )
    figure.add_heatmap(
        name="counts",
        z=share.astype(np.float32),
        zmin=0,
        zmax=1,
        colorscale=[[0, theme.surface], [1, theme.accent]],
        showscale=False,
        xgap=1,
        ygap=1,
        text=[[str(count) for count in row] for row in confusion.tolist()] if legible else None,
        texttemplate="%{text}" if legible else None,
        textfont={"size": max(text_size, 1)},
        customdata=[
            [[a if a < n_classes else -1, k, count] for k, count in enumerate(counts)]
            for a, counts in enumerate(confusion.tolist())
        ],
        hoverinfo="none",
    )
    figure.update_xaxes(
        title={"text": "predicted", "standoff": 0},
        tickangle=-40 if tilted else 0,
        fixedrange=True,
        **name_ticks(list(classes), NAME_LENGTH, MAX_COLUMN_NAMES),
    )
    figure.update_yaxes(
        title={"text": "actual", "standoff": 0},
        range=[n_rows - 0.5, -0.5],
        fixedrange=True,
        **name_ticks([*classes, UNKNOWN][:n_rows], NAME_LENGTH, MAX_ROW_NAMES),
    )
    return figure
