"""View `projection`: the trajectory of a sequence over the cloud of all states."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from hsvis.figures.style.colour import hexes, mix
from hsvis.figures.style.theme import Palette, Theme, ep_strength, frame
from hsvis.run.winners import winners

N_COLOURS = 17  # of the segments; odd, so that an EP of 0.5 has its own
N_WIDTHS = 5  # of the segments, where their thickness tells something
WIDTHS = (0.5, 2.6)  # the thinnest and the thickest, in line widths
COLOURS = ("auto", "ep", "time")
THICKNESSES = ("constant", "time", "distance")


@dataclass(frozen=True)
class TrajectoryStyle:
    """How a trajectory is drawn.

    Attributes:
        colour: "ep": each segment in the colour of the EP at its start; "time": a grey that grows stronger;
            "auto": EP for two classes, time for more.
        thickness: what the thickness of a segment tells: nothing ("constant"), the "time", or the "distance"
            between its states in the space of the states.
        width: factor on the width of lines, above 0.
        size: factor on the size of states, above 0.
    """

    colour: str = "auto"
    thickness: str = "constant"
    width: float = 1.0
    size: float = 1.0

    def by_time(self, n_classes: int) -> bool:
        """Whether the colours tell the time."""
        return self.colour == "time" or (self.colour == "auto" and n_classes > 2)


def projection(
    bounds: tuple[float, float, float, float],
    trajectory: np.ndarray,
    ep: np.ndarray,
    palette: Palette,
    theme: Theme,
    style: TrajectoryStyle = TrajectoryStyle(),
    distance: np.ndarray | None = None,
) -> go.Figure:
    """The trajectory of a sequence; the browser lays the image of the cloud beneath it.

    Colours and thicknesses are binned, so that there are as many traces for any sequence, and for none.

    Args:
        bounds: x0, x1, y0, y1 of the whole cloud, with margin.
        trajectory: (T, 2) float; (0, 2) when nothing is selected.
        ep: (T, C) float, rows sum to 1; without an EP, NaN, a step and its segment are grey.
        distance: (T,) float, of each state to the one before; only thickness "distance" asks for it.

    Returns:
        The traces "casing"; "segments 0", "segments 1", …; "steps", whose points are the states in order,
        their customdata the step; and above all of them "ring casing", "start" and "end", open rings.
        `layout.meta` holds the bounds.
    """
    x0, x1, y0, y1 = (float(end) for end in bounds)
    n_steps = len(trajectory)
    width, size = (2, 7) if n_steps <= 200 else (1.4, 4.5)
    width, size = width * style.width, size * style.size
    colours, hues = _segment_colours(ep, palette, theme, by_time=style.by_time(ep.shape[1]))
    widths, factors = _segment_widths(n_steps, distance, style.thickness)
    bins = colours * len(factors) + widths  # (T - 1,)
    segments = []
    for k, (hue, factor) in enumerate((hue, factor) for hue in hues for factor in factors):
        starts = np.flatnonzero(bins == k)
        parts = [trajectory[starts], trajectory[starts + 1], np.full((len(starts), 2), np.nan)]
        flat = np.stack(parts, axis=1).reshape(-1, 2)  # (3 × segments, 2): start, end, gap
        line = {"color": hue, "width": width * factor, "simplify": False}
        segments.append(_trace(f"segments {k}", "lines", flat, line=line))
    around = max(size + 6, 13)  # px across, of a ring around a state
    ends = trajectory[[0, n_steps - 1]] if n_steps else trajectory
    rings = [
        _trace(name, "markers", point, marker=_ring(colour, around, 2.5))
        for name, point, colour in (
            ("start", trajectory[:1], theme.ring_start),
            ("end", trajectory[n_steps - 1 : n_steps], theme.ink),
        )
    ]
    steps = _trace(
        "steps",
        "markers",
        trajectory,
        marker={"size": size, "color": palette.ep_hexes(ep), "line": {"width": 1, "color": theme.surface}},
        customdata=list(range(n_steps)),
        selected={"marker": {"opacity": 1}},  # a box around states filters; it dims none of them
        unselected={"marker": {"opacity": 1}},
    )
    casing = {"color": theme.surface, "width": width + 2.5}
    return frame(
        theme,
        {"l": 0, "r": 0, "t": 0, "b": 0},
        [
            _trace("casing", "lines", trajectory, line=casing, opacity=0.8),
            *segments,
            steps,
            _trace(
                "ring casing", "markers", ends, marker={**_ring(theme.surface, around, 6), "opacity": 0.9}
            ),
            *rings,
        ],
        xaxis={"range": [x0, x1], "visible": False},
        yaxis={"range": [y0, y1], "visible": False},
        dragmode="pan",
        hovermode=False,
        meta={"bounds": [x0, x1, y0, y1]},
        uirevision=f"{x0:.6g} {x1:.6g} {y0:.6g} {y1:.6g}",
    )


def _trace(name: str, mode: str, points: np.ndarray, **look: Any) -> dict[str, Any]:
    """A scatter trace of (P, 2) points."""
    x, y = points.astype(np.float32).T
    return {"type": "scatter", "name": name, "mode": mode, "x": x, "y": y, "hoverinfo": "skip", **look}


def _ring(colour: str, size: float, width: float) -> dict[str, Any]:
    """A ring through which the states beneath are seen; `width` of its line, px."""
    return {"symbol": "circle-open", "size": size, "color": colour, "line": {"width": width, "color": colour}}


def _segment_colours(
    ep: np.ndarray, palette: Palette, theme: Theme, *, by_time: bool
) -> tuple[np.ndarray, list[str]]:
    """The bin of each of the T - 1 segments, (T - 1,) int64, and the colours of the bins.  `ep`: (T, C)."""
    share = np.linspace(0, 1, N_COLOURS)
    n_segments, n_classes = max(len(ep) - 1, 0), ep.shape[1]
    if by_time:
        return _in_time(n_segments, N_COLOURS), [
            mix(theme.neutral, theme.ink, 0.1 + 0.9 * part) for part in share.tolist()
        ]
    if n_classes == 2:
        bins = np.rint(np.nan_to_num(ep[:-1, 1], nan=0.5) * (N_COLOURS - 1)).astype(np.int64)
        return bins, palette.ep_hexes(np.column_stack([1 - share, share]))
    levels = 4  # of how decided the winning class is
    strength = np.nan_to_num(ep_strength(ep[:-1]))
    level = np.minimum((strength * levels).astype(np.int64), levels - 1)
    won = winners(ep[:-1])
    classes, shown = np.divmod(np.arange(levels * n_classes), levels)
    hues = [*hexes(palette.mix(classes, (shown + 0.5) / levels)), palette.neutral]
    return np.where(won < 0, levels * n_classes, won * levels + level), hues


def _segment_widths(
    n_steps: int, distance: np.ndarray | None, thickness: str
) -> tuple[np.ndarray, list[float]]:
    """The bin of each of the T - 1 segments, (T - 1,) int64, and the width of each bin, in line widths."""
    n_segments = max(n_steps - 1, 0)
    if thickness == "constant":
        return np.zeros(n_segments, np.int64), [1.0]
    widths = np.linspace(*WIDTHS, N_WIDTHS).tolist()
    if thickness == "time" or distance is None:
        return _in_time(n_segments, N_WIDTHS), widths
    share = distance[1:] / max(float(distance[1:].max(initial=0)), 1e-12)
    return np.minimum((share * N_WIDTHS).astype(np.int64), N_WIDTHS - 1), widths


def _in_time(n_segments: int, n_bins: int) -> np.ndarray:
    """(n_segments,) int64, 0 to n_bins - 1, in equal shares."""
    return np.arange(n_segments) * n_bins // max(n_segments, 1)
