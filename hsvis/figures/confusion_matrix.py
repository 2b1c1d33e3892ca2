"""View `confusion-matrix`: counts, actual × predicted."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from hsvis.figures.class_overview import UNKNOWN
from hsvis.figures.style.theme import SMALL_SIZE, Palette, Theme, ellipsis, escape, frame

NAME_LENGTH = 11
SHORT = 3  # characters of a name that stands beside any row and beneath any column
MOST_NAMED_ROWS = 6
MOST_NAMED_COLUMNS = 2
MOST_MARKED = 12  # rows and columns; beyond, the tooltip names them, and a list the most confused pairs
LEAST_CELL = 14  # px that a cell needs for a number
MATRIX_WIDTH = 136  # px, in the least panel
PALEST_ERROR = 0.25  # of the full colour: an error is never as pale as a cell without sequences


def confusion_matrix(
    confusion: np.ndarray, classes: Sequence[str], palette: Palette, theme: Theme
) -> go.Figure:
    """Counts of sequences: correct ones shaded by their share of the class, errors by a scale of their own.

    Args:
        confusion: (C, C) or (C + 1, C) int, counts, actual × predicted; row C counts the unknown labels.
        classes: C names.

    Returns:
        One heatmap, "counts": z is from 0 to 1 the share of the row, of correct sequences and of those whose
        label is unknown; of errors it is from 0 to -1, the largest share of a row being -1.  The text is the
        count, empty for 0; the customdata of a cell is [actual, predicted, count, share of the row], actual
        being -1 where the label is unknown.  The page fits the numbers to their cells
        (assets/views/classes/matrix.mjs).
    """
    n_rows, n_classes = confusion.shape
    share = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)  # (R, C)
    legible = n_rows * LEAST_CELL <= MATRIX_WIDTH
    rows = _ticks([*classes, UNKNOWN][:n_rows], [*palette.hexes, theme.neutral], n_classes, MOST_NAMED_ROWS)
    columns = _ticks(list(classes), palette.hexes, n_classes, MOST_NAMED_COLUMNS)
    gap = 1 if n_classes <= MOST_MARKED else 0  # px; cells are that small
    many = f" · {n_classes} classes" if n_classes > MOST_MARKED else ""
    figure = frame(
        theme,
        margin={
            "l": _room(rows["ticktext"], n_classes),
            "r": 6,
            "t": 4,
            "b": 30 if columns["ticktext"] else 18,
        },
        hovermode="closest",
    )
    figure.add_heatmap(
        name="counts",
        z=_shades(confusion, share).astype(np.float32),
        zmin=-1,
        zmax=1,
        colorscale=[[0, theme.wrong], [0.5, theme.background], [1, theme.accent]],
        showscale=False,
        xgap=gap,
        ygap=gap,
        text=[[f"{count:,}" if count else "" for count in row] for row in confusion.tolist()],
        texttemplate="%{text}" if legible else "",
        textfont={"size": theme.px(SMALL_SIZE if n_rows <= 4 else SMALL_SIZE - 2)},
        customdata=[
            [
                [a if a < n_classes else -1, k, count, round(part, 6)]
                for k, (count, part) in enumerate(zip(counts, parts, strict=True))
            ]
            for a, (counts, parts) in enumerate(zip(confusion.tolist(), share.tolist(), strict=True))
        ],
        hoverinfo="none",
    )
    figure.update_xaxes(
        title={"text": f"predicted{many}", "standoff": 0}, tickangle=0, fixedrange=True, **columns
    )
    figure.update_yaxes(
        title={"text": "actual", "standoff": 0}, range=[n_rows - 0.5, -0.5], fixedrange=True, **rows
    )
    return figure


def _shades(confusion: np.ndarray, share: np.ndarray) -> np.ndarray:
    """(R, C) float, -1 to 1, as `confusion_matrix` says."""
    n_classes = confusion.shape[1]
    wrong = np.eye(*confusion.shape) == 0
    wrong[n_classes:] = False  # of an unknown label nothing is an error
    largest = share[wrong].max(initial=0) or 1
    error = PALEST_ERROR + (1 - PALEST_ERROR) * np.sqrt(share / largest)  # small shares differ most
    return np.where(wrong, -error * (confusion > 0), share)


def _ticks(names: list[str], colours: Sequence[str], n_classes: int, most_named: int) -> dict[str, Any]:
    """Axis properties that mark every row or column, or none: by its name, or by a dot in its colour."""
    if n_classes > MOST_MARKED:
        return {"tickvals": [], "ticktext": []}
    short = all(len(name) <= SHORT for name in names[:n_classes])
    if short or len(names) <= most_named:
        unknown = UNKNOWN if len(names) <= most_named else "–"
        texts = [escape(ellipsis(name, NAME_LENGTH)) for name in names[:n_classes]]
        texts += [unknown] * (len(names) - n_classes)
    else:
        texts = [f'<span style="color:{colour}">●</span>' for _, colour in zip(names, colours, strict=False)]
    return {"tickvals": list(range(len(names))), "ticktext": texts}


def _room(texts: Sequence[str], n_classes: int) -> int:
    """px to the left of the matrix, for the title of the axis and what marks its rows."""
    if n_classes > MOST_MARKED:
        return 18
    longest = max(1 if text.startswith("<span") else len(text) for text in texts)
    return min(24 + 6 * longest, 80)
