"""View `confidence` of a language model: how surprising what came is, step by step."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from hsvis.figures.style.steps import step_frame
from hsvis.figures.style.theme import SMALL_SIZE, Palette, Theme
from hsvis.models.protocol import perplexity
from hsvis.run.language.next_tokens import Expected

LEAST = 1.0  # bits that the axis shows at least


def surprisal(expected: Expected, tokens: Sequence[str], palette: Palette, theme: Theme) -> go.Figure:
    """Bars of -log2 of the probability of what came next, in bits; a line at their mean.

    Args:
        expected: of T steps.
        tokens: T surface forms.

    Returns:
        "surprisal", T bars, none where what came is not known; and, where some is, the shape "mean", whose
        label is the perplexity, 2 to the power of the mean.
    """
    bits = expected.next.surprisals
    known = np.isfinite(bits)
    bars = {
        "type": "bar",
        "name": "surprisal",
        "x": np.arange(len(tokens), dtype=np.int32),
        "y": bits.astype(np.float32),
        "marker": {"color": palette.ep_hexes(expected.shades), "line": {"width": 0}},
    }
    largest = max(LEAST, float(bits[known].max(initial=0)))
    axis = {
        "range": [0, 1.08 * largest],
        "nticks": 4,
        "showgrid": True,
        "fixedrange": True,
        "title": {"text": "bits"},
    }
    shapes = [_mean(bits, theme)] if known.any() else []
    gap = 0.15 if len(tokens) <= 150 else 0
    return step_frame(tokens, theme, [bars], bargap=gap, shapes=shapes, yaxis=axis)


def _mean(bits: np.ndarray, theme: Theme) -> dict[str, Any]:
    """A line at the mean of the bits (T,) that are known, with the perplexity."""
    mean = float(np.nanmean(bits.astype(np.float64)))
    return {
        "name": "mean",
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": mean,
        "y1": mean,
        "line": {"color": theme.muted, "width": 1, "dash": "4px,3px"},
        "label": {
            "text": f"perplexity {perplexity(bits):,.4g}",
            "textposition": "end",
            "xanchor": "right",
            "yanchor": "bottom",
            "font": {"size": theme.px(SMALL_SIZE), "color": theme.ink},
        },
    }
