"""View `confusion-matrix`: counts, actual × predicted."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from hsvis.figures.theme import TICK_SIZE, Palette, Theme, ellipsis, escape, frame


def confusion_matrix(confusion: np.ndarray, classes: Sequence[str], palette: Palette, theme: Theme) -> go.Figure:
    """Counts of sequences, shaded by their share of the row.

    Args:
        confusion: (C, C) or (C + 1, C) int, counts, actual × predicted; row C holds the unknown labels.
        classes: C names.

    Returns:
        One heatmap; z is the share of the row, customdata of a cell is [actual, predicted], with -1 for
        sequences of unknown label.
    """
    n_rows, n_classes = confusion.shape
    names = [*classes, "no label"][:n_rows]
    share = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    figure = frame(theme, hovermode="closest", margin={"l": 72, "r": 10, "t": 4, "b": 34})
    figure.add_heatmap(
        z=share.tolist(), zmin=0, zmax=1, colorscale=[[0, theme.surface], [1, theme.accent]], showscale=False,
        text=[[str(c) for c in row] for row in confusion.tolist()], texttemplate="%{text}", xgap=1, ygap=1,
        customdata=[[[a if a < n_classes else -1, k] for k in range(n_classes)] for a in range(n_rows)],
        hovertext=[
            [f"<b>{escape(names[a])}</b><br>{confusion[a, k]} classified as {escape(classes[k])}" for k in range(n_classes)]
            for a in range(n_rows)
        ],
        hoverinfo="text",
    )
    figure.update_xaxes(title={"text": "predicted", "standoff": 2}, tickvals=list(range(n_classes)), fixedrange=True,
                        ticktext=[escape(ellipsis(name, 8)) for name in classes], tickfont={"size": TICK_SIZE})
    figure.update_yaxes(title={"text": "actual", "standoff": 2}, tickvals=list(range(n_rows)), fixedrange=True,
                        ticktext=[escape(ellipsis(name, 12)) for name in names], autorange="reversed",
                        tickfont={"size": TICK_SIZE})
    return figure
