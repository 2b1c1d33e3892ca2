"""View `projection`: the trajectory of a sequence over the cloud of all states."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from hsvis.figures.colour import mix
from hsvis.figures.steps import step_labels
from hsvis.figures.theme import Palette, Theme, frame

N_BINS = 17  # colours of the segments; odd, so that an EP of 0.5 has its own


def projection(
    bounds: tuple[float, float, float, float],
    trajectory: np.ndarray,
    ep: np.ndarray,
    tokens: Sequence[str],
    palette: Palette,
    theme: Theme,
    classes: Sequence[str] | None = None,
) -> go.Figure:
    """The trajectory of a sequence; the browser lays the image of the cloud beneath it.

    A segment has the colour of the EP at its start; with more than two classes, a grey that grows stronger
    with time.  Colours are binned, so that there are as many traces for any sequence, and for none.

    Args:
        bounds: x0, x1, y0, y1 of the whole cloud, with margin.
        trajectory: (T, 2) float; (0, 2) when nothing is selected.
        ep: (T, C) float, rows sum to 1.
        tokens: T surface forms.
        classes: C names for the tooltips.

    Returns:
        The traces "casing", "segments 0" to "segments 16", "ring casing", "start", "end" and "steps"; the
        points of "steps" are the states in order, their customdata the step.  `layout.meta` holds the bounds.
    """
    x0, x1, y0, y1 = (float(end) for end in bounds)
    n_steps = len(tokens)
    figure = frame(
        theme,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        dragmode="pan",
        hovermode="closest",
        hoveranywhere=True,
        clickanywhere=True,
        images=[],
        meta={"bounds": [x0, x1, y0, y1]},
        uirevision=f"{x0:.6g} {x1:.6g} {y0:.6g} {y1:.6g}",
    )
    figure.update_xaxes(range=[x0, x1], visible=False)
    figure.update_yaxes(range=[y0, y1], visible=False)
    width, size = (2, 7) if n_steps <= 200 else (1.4, 4.5)
    figure.add_scatter(
        name="casing",
        mode="lines",
        x=trajectory[:, 0].astype(np.float32),
        y=trajectory[:, 1].astype(np.float32),
        line={"color": theme.surface, "width": width + 2.5},
        opacity=0.8,
        hoverinfo="skip",
    )
    bins, colours = _segment_bins(ep, palette, theme)
    for k, colour in enumerate(colours):
        starts = np.flatnonzero(bins == k)
        parts = [trajectory[starts], trajectory[starts + 1], np.full((len(starts), 2), np.nan)]
        flat = np.stack(parts, axis=1).reshape(-1, 2).astype(np.float32)  # (3 × segments, 2): start, end, gap
        figure.add_scatter(
            name=f"segments {k}",
            mode="lines",
            x=flat[:, 0],
            y=flat[:, 1],
            line={"color": colour, "width": width, "simplify": False},
            hoverinfo="skip",
        )
    ends = trajectory[[0, n_steps - 1]] if n_steps else trajectory
    figure.add_scatter(
        name="ring casing",
        mode="markers",
        x=ends[:, 0].astype(np.float32),
        y=ends[:, 1].astype(np.float32),
        marker={"size": 19, "color": theme.surface, "opacity": 0.8},
        hoverinfo="skip",
    )
    for name, point, colour in (
        ("start", trajectory[:1], theme.ring_start),
        ("end", trajectory[n_steps - 1 : n_steps], theme.ink),
    ):
        figure.add_scatter(
            name=name,
            mode="markers",
            x=point[:, 0].astype(np.float32),
            y=point[:, 1].astype(np.float32),
            marker={"size": 13, "color": theme.surface, "line": {"width": 2.5, "color": colour}},
            hoverinfo="skip",
        )
    figure.add_scatter(
        name="steps",
        mode="markers",
        x=trajectory[:, 0].astype(np.float32),
        y=trajectory[:, 1].astype(np.float32),
        marker={"size": size, "color": palette.ep_hexes(ep), "line": {"width": 1, "color": theme.surface}},
        customdata=list(range(n_steps)),
        hovertext=step_labels(tokens, ep, classes, palette),
        hoverinfo="text",
    )
    return figure


def _segment_bins(ep: np.ndarray, palette: Palette, theme: Theme) -> tuple[np.ndarray, list[str]]:
    """The bin of each of the T - 1 segments, and the colours of the N_BINS bins.  `ep`: (T, C)."""
    share = np.linspace(0, 1, N_BINS)
    if ep.shape[1] == 2:
        bins = np.rint(ep[:-1, 1] * (N_BINS - 1)).astype(np.int64)
        return bins, palette.ep_hexes(np.column_stack([1 - share, share]))
    n_segments = max(len(ep) - 1, 0)
    bins = np.arange(n_segments) * N_BINS // max(n_segments, 1)
    return bins, [mix(theme.neutral, theme.ink, 0.1 + 0.9 * part) for part in share.tolist()]
