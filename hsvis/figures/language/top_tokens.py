"""View `ep-heatmap` of a language model: the most probable next tokens of each step, and what came."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from hsvis.figures.style.steps import step_frame
from hsvis.figures.style.theme import SMALL_SIZE, Palette, Theme
from hsvis.run.language.next_tokens import Expected

CAME_GAP = 0.35  # between the last of the top and what came, in rows
MOST_ROWS = 20  # of the k that are kept
MOST_CELLS = 200_000  # of a long sequence, whose columns have fewer rows


def top_tokens(expected: Expected, tokens: Sequence[str], palette: Palette, theme: Theme) -> go.Figure:
    """A column a step: the most probable next tokens, the first on top; beneath, what came.

    These are the k that are kept, but at most MOST_ROWS, and of a long sequence fewer.

    Words stand in the cells where these are wide enough: assets/views/classes/top-tokens.mjs writes them.

    Args:
        expected: of T steps.
        tokens: T surface forms.

    Returns:
        The heatmap "top", (k, T), whose z is the square root of the probability, so that small ones are seen,
        whose customdata are k lists of T pairs of word and probability; "hit", a mark at the place of what
        came, where that is among them; and the heatmap "came", (1, T), whose z is `Expected.shades`, and
        whose customdata are T lists of word, rank, probability and surprisal, None where it is not known.
    """
    ep, found = expected.ep, expected.next
    n_steps = len(ep)
    k = shown_rows(ep.shape[1], n_steps)
    ep = ep[:, :k]
    words, shares = expected.top_words, ep.tolist()
    came = k - 0.5 + CAME_GAP + 0.5
    top = {
        "type": "heatmap",
        "name": "top",
        "z": np.sqrt(ep.T).astype(np.float32),
        "customdata": [
            [[words[step][row], shares[step][row]] for step in range(n_steps)] for row in range(k)
        ],
        "y": list(range(k)),
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[0, theme.surface], [1, palette.hexes[1]]],
        "showscale": False,
    }
    hits = np.flatnonzero((found.ranks > 0) & (found.ranks <= k))
    marks = {
        "type": "scatter",
        "name": "hit",
        "mode": "markers",
        "x": hits.astype(np.int32),
        "y": (found.ranks[hits] - 1).astype(np.int32),
        "marker": {
            "symbol": "diamond",
            "size": 7 if n_steps <= 100 else 4,
            "color": theme.ink,
            "line": {"width": 1, "color": theme.surface},
        },
        "hoverinfo": "skip",
    }
    known = found.ranks > 0
    beneath = {
        "type": "heatmap",
        "name": "came",
        "z": np.where(known, expected.shades[:, 1], np.nan)[None].astype(np.float32),
        "customdata": [_told(expected)],
        "y": [came - 0.5, came + 0.5],
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[0, palette.hexes[0]], [0.5, palette.neutral], [1, palette.hexes[1]]],
        "showscale": False,
    }
    rows = sorted({0, (k - 1) // 2, k - 1})
    axis: dict[str, Any] = {
        "range": [came + 0.5, -0.5],
        "tickvals": [*rows, came],
        "ticktext": [*(f"{row + 1}." for row in rows), "came"],
        "tickfont": {"size": theme.px(SMALL_SIZE)},
        "fixedrange": True,
        "title": {"text": "rank"},
    }
    return step_frame(tokens, theme, [top, marks, beneath], top=3, bottom=3, yaxis=axis)


def shown_rows(k: int, n_steps: int) -> int:
    """How many of k tokens a column shows, one at least."""
    return max(1, min(k, MOST_ROWS, MOST_CELLS // max(n_steps, 1)))


def _told(expected: Expected) -> list[list[str | float | None]]:
    """Word, rank, probability and surprisal of what came at each of T steps; None where it is not known."""
    found = expected.next
    columns = (found.ranks.tolist(), found.probabilities.tolist(), found.surprisals.tolist())
    rows = zip(expected.next_words, *columns, strict=True)
    return [list(row) if row[1] > 0 else [None] * 4 for row in rows]
