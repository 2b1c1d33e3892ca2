"""View `projection`: the trajectory of a sequence over the cloud of all states."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from hsvis.figures.steps import STEP_TEMPLATE, step_data
from hsvis.figures.theme import Palette, Theme, frame

N_BINS = 17  # colours of the segments; odd, so that an EP of 0.5 has its own


def projection(
    bounds: tuple[float, float, float, float],
    trajectory: np.ndarray,
    ep: np.ndarray,
    tokens: Sequence[str],
    palette: Palette,
    theme: Theme,
) -> go.Figure:
    """The trajectory; the browser lays the image of the cloud under it.

    Args:
        bounds: x0, x1, y0, y1 of the whole cloud, with margin.
        trajectory: (T, 2) float, or (0, 2) when nothing is selected.
        ep: (T, C) float.
        tokens: T surface forms.
    """
    x0, x1, y0, y1 = (float(v) for v in bounds)
    figure = frame(
        theme,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        dragmode="pan",
        hovermode="closest",
        hoveranywhere=True,
        clickanywhere=True,
        images=[],
        meta={"bounds": [x0, x1, y0, y1], "steps": len(tokens)},
        uirevision=f"{x0:g} {x1:g} {y0:g} {y1:g}",
    )
    figure.update_xaxes(range=[x0, x1], visible=False)
    figure.update_yaxes(range=[y0, y1], visible=False)
    bins, colours = _segment_bins(ep, palette, theme)
    for k, colour in enumerate(colours):
        members = np.flatnonzero(bins == k)
        gaps = np.full((members.size, 1), np.nan)
        lines = [np.hstack([trajectory[members, i, None], trajectory[members + 1, i, None], gaps]) for i in (0, 1)]
        figure.add_scatter(
            name=f"segments {k}", mode="lines", x=_floats(lines[0]), y=_floats(lines[1]),
            line={"color": colour, "width": 2}, hoverinfo="skip",
        )
    classes = [""] * ep.shape[1]
    figure.add_scatter(
        name="steps", mode="markers", x=_floats(trajectory[:, 0]), y=_floats(trajectory[:, 1]),
        marker={"size": 7, "color": palette.ep_hexes(ep), "line": {"width": 1, "color": theme.surface}},
        customdata=step_data(ep, tokens, classes, palette), hovertemplate=STEP_TEMPLATE.replace("%{x}", "%{pointNumber}"),
    )
    for name, part, colour in (("start", trajectory[:1], theme.ring_start), ("end", trajectory[-1:], theme.ink)):
        figure.add_scatter(
            name=name, mode="markers", x=_floats(part[:, 0]), y=_floats(part[:, 1]), hoverinfo="skip",
            marker={"size": 15, "symbol": "circle-open", "color": colour, "line": {"width": 2.5}},
        )
    return figure


def _segment_bins(ep: np.ndarray, palette: Palette, theme: Theme) -> tuple[np.ndarray, list[str]]:
    """The bin of each of the T - 1 segments, and the N_BINS colours."""
    share = np.linspace(0, 1, N_BINS)
    if ep.shape[1] == 2:
        bins = np.rint(ep[:-1, 1] * (N_BINS - 1)).astype(int)
        return bins, palette.ep_hexes(np.column_stack([1 - share, share]))
    n_segments = max(len(ep) - 1, 0)
    bins = np.arange(n_segments) * N_BINS // max(n_segments, 1)
    ends = (205, 25) if theme.name == "light" else (75, 245)
    greys = np.rint(ends[0] + share * (ends[1] - ends[0])).astype(int).tolist()
    return bins, [f"#{g:02x}{g:02x}{g:02x}" for g in greys]


def _floats(values: np.ndarray) -> list[float | None]:
    return [None if np.isnan(v) else v for v in np.asarray(values, dtype=np.float64).ravel().tolist()]
