"""View `distances`: how far each state is from the one before it."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from hsvis.figures.steps import class_label, class_names, step_frame, token_lines, value_axis
from hsvis.figures.theme import SMALL_SIZE, Palette, Theme


def distances(
    distance: np.ndarray,
    largest: float,
    ep: np.ndarray,
    tokens: Sequence[str],
    threshold: float,
    palette: Palette,
    theme: Theme,
    classes: Sequence[str] | None = None,
) -> go.Figure:
    """Bars of the distances, divided by the run's largest, in the colour of the EP that the step starts from.

    Args:
        distance: (T,) float, NaN at step 0.
        largest: the largest distance of the run, in the same units.
        ep: (T, C) float, rows sum to 1.
        tokens: T surface forms.
        threshold: 0 to 1, where a jump begins; drawn as the shape "threshold".
        classes: C names for the tooltips.

    Returns:
        One trace of T - 1 bars, at steps 1 to T - 1.
    """
    n_steps = len(tokens)
    share = distance[1:].astype(np.float64) / (largest if largest > 0 else 1)
    labels = _move_labels(share, ep, tokens, classes, palette)
    figure = step_frame(tokens, labels, theme, hovermode="x", bargap=0.15 if n_steps <= 150 else 0)
    figure.add_bar(
        name="distance",
        x=np.arange(1, n_steps, dtype=np.int32),
        y=share.astype(np.float32),
        marker={"color": palette.ep_hexes(ep[:-1]), "line": {"width": 0}},
        hovertemplate="%{x}<extra></extra>",
    )
    figure.add_shape(
        name="threshold",
        type="line",
        xref="paper",
        x0=0,
        x1=1,
        y0=threshold,
        y1=threshold,
        line={"color": theme.muted, "width": 1, "dash": "4px,3px"},
        label={
            "texttemplate": "\u00a0%{y0:.2f}",  # follows the line when it is moved
            "textposition": "end",
            "xanchor": "left",
            "yanchor": "middle",
            "font": {"size": SMALL_SIZE, "color": theme.muted},
        },
    )
    figure.update_yaxes(value_axis("distance<br>÷ largest"))
    return figure


def _move_labels(
    share: np.ndarray, ep: np.ndarray, tokens: Sequence[str], classes: Sequence[str] | None, palette: Palette
) -> list[str]:
    """The tooltip of each step: both words, the distance, both classifications.  `share`: (T - 1,)."""
    names = class_names(classes, ep.shape[1])
    winners, words = ep.argmax(axis=1).tolist(), [token_lines(token) for token in tokens]
    marks = [
        class_label(names[k], palette.hexes[k], p)
        for k, p in zip(winners, ep.max(axis=1).tolist(), strict=True)
    ]
    return [""] + [
        f"<b>{words[t]}</b> → <b>{words[t + 1]}</b><br>step {t + 1}<br>distance  {move:.2f}<br>"
        f"from {marks[t]}<br>to {marks[t + 1]}"
        for t, move in enumerate(share.tolist())
    ]
