"""View `ep-heatmap`: classes × steps, with the winning class of each step beneath."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from hsvis.figures.style.names import class_ticks
from hsvis.figures.style.steps import step_frame
from hsvis.figures.style.theme import SMALL_SIZE, Palette, Theme, ep_strength, escape

WINNER_HEIGHT = 0.19  # of the rows of all classes together
GAP = 0.05
NAME_LENGTH = 12
MAX_NAMES = 10


def ep_heatmap(
    ep: np.ndarray,
    tokens: Sequence[str],
    classes: Sequence[str],
    palette: Palette,
    theme: Theme,
    labels: np.ndarray | None = None,
) -> go.Figure:
    """Each class a row from the surface's colour to the class's by EP; beneath, the winner of each step.

    Of many classes only those of the largest EPs are named, and the axis says how many there are.

    Args:
        ep: (T, C) float, rows sum to 1; a step without an EP is NaN, and a gap in all rows.
        tokens: T surface forms.
        classes: C names.
        labels: (T,) int, the actual class of each step, -1 unknown; None where steps have none of their own.

    Returns:
        C + 1 heatmaps: one a class, whose z is its EP; and "winner", whose z is 2 × class + how decided the
        EP is, from 0 to 1, or NaN.  With labels one more beneath, "actual", whose z is the class, or NaN.
    """
    n_classes = ep.shape[1]
    rows: list[dict[str, Any]] = [
        {
            "type": "heatmap",
            "name": escape(name),
            "z": ep[:, k][None].astype(np.float32),  # (1, T)
            "y": [k],
            "zmin": 0,
            "zmax": 1,
            "colorscale": [[0, theme.surface], [1, colour]],
            "showscale": False,
        }
        for k, (name, colour) in enumerate(zip(classes, palette.hexes, strict=True))
    ]
    height, gap = max(WINNER_HEIGHT * n_classes, 0.4), max(GAP * n_classes, 0.12)
    centre = n_classes - 0.5 + gap + height / 2
    last = 2 * n_classes - 1
    winner = {
        "type": "heatmap",
        "name": "winner",
        "z": (2 * ep.argmax(axis=1) + ep_strength(ep))[None].astype(np.float32),  # (1, T)
        "y": [centre - height / 2, centre + height / 2],
        "zmin": 0,
        "zmax": last,
        "colorscale": [
            [(2 * k + strength) / last, (palette.neutral, colour)[strength]]
            for k, colour in enumerate(palette.hexes)
            for strength in (0, 1)
        ],
        "showscale": False,
    }
    length = NAME_LENGTH if n_classes <= MAX_NAMES else NAME_LENGTH - 3  # beside the title
    largest = np.fmax.reduce(ep, axis=0, initial=0)  # passes over NaN
    ticks, are_all = class_ticks(classes, largest.tolist(), length, MAX_NAMES)
    beneath, names, rows = [centre], ["winner"], [*rows, winner]
    if labels is not None:
        beneath, names = [centre, centre + height + gap / 2], ["winner", "actual"]
        rows.append(_actual(labels, beneath[1], height, palette))
    axis = {
        "range": [beneath[-1] + height / 2, -0.5],
        "tickvals": [*ticks["tickvals"], *beneath],
        "ticktext": [*ticks["ticktext"], *names],
        "tickfont": {"size": theme.px(SMALL_SIZE if n_classes <= 7 else SMALL_SIZE - 1)},
        "fixedrange": True,
        **({} if are_all else {"title": {"text": f"{n_classes} classes"}}),
    }
    return step_frame(tokens, theme, rows, top=3, bottom=3, yaxis=axis)


def independent_heatmap(
    ep: np.ndarray,
    tokens: Sequence[str],
    classes: Sequence[str],
    palette: Palette,
    theme: Theme,
    shown: int,
) -> go.Figure:
    """Each independent class a row from the surface's colour at 0 to one colour at 1; one of them is marked.

    Args:
        ep: (T, C) float, each from 0 to 1.
        tokens: T surface forms.
        classes: C names.
        palette: of two classes: without it, and with it.
        shown: the class that all other figures show.

    Returns:
        C heatmaps, one a class, whose z is its EP; and "shown", that of the shown class again, in the colours
        in which the token strip has it.
    """
    n_classes = ep.shape[1]
    rows = [
        {
            "type": "heatmap",
            "name": escape(name),
            "z": ep[:, k][None].astype(np.float32),  # (1, T)
            "y": [k],
            "zmin": 0,
            "zmax": 1,
            "colorscale": [[0, theme.surface], [1, palette.hexes[1]]],
            "showscale": False,
        }
        for k, name in enumerate(classes)
    ]
    height, gap = max(WINNER_HEIGHT * n_classes, 0.4), max(GAP * n_classes, 0.12)
    centre = n_classes - 0.5 + gap + height / 2
    rows.append(
        {
            "type": "heatmap",
            "name": "shown",
            "z": ep[:, shown][None].astype(np.float32),  # (1, T)
            "y": [centre - height / 2, centre + height / 2],
            "zmin": 0,
            "zmax": 1,
            "colorscale": [[0, palette.hexes[0]], [0.5, palette.neutral], [1, palette.hexes[1]]],
            "showscale": False,
        }
    )
    length = NAME_LENGTH if n_classes <= MAX_NAMES else NAME_LENGTH - 3
    likely = ep.max(axis=0, initial=0)
    likely[shown] = 2  # always named
    ticks, are_all = class_ticks(classes, likely.tolist(), length, MAX_NAMES)
    names = [
        f"<b>{text}</b>" if place == shown else text
        for place, text in zip(ticks["tickvals"], ticks["ticktext"], strict=True)
    ]
    axis = {
        "range": [centre + height / 2, -0.5],
        "tickvals": [*ticks["tickvals"], centre],
        "ticktext": [*names, "shown"],
        "tickfont": {"size": theme.px(SMALL_SIZE if n_classes <= 7 else SMALL_SIZE - 1)},
        "fixedrange": True,
        **({} if are_all else {"title": {"text": f"{n_classes} classes"}}),
    }
    return step_frame(tokens, theme, rows, top=3, bottom=3, yaxis=axis)


def _actual(labels: np.ndarray, centre: float, height: float, palette: Palette) -> dict[str, Any]:
    """The row of the actual classes (T,); gaps where one is unknown."""
    last = max(len(palette.hexes) - 1, 1)
    return {
        "type": "heatmap",
        "name": "actual",
        "z": np.where(labels < 0, np.nan, labels)[None].astype(np.float32),  # (1, T)
        "y": [centre - height / 2, centre + height / 2],
        "zmin": 0,
        "zmax": last,
        "colorscale": [[k / last, colour] for k, colour in enumerate(palette.hexes)],
        "showscale": False,
    }
