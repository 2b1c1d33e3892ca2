"""What the views of one sequence share: the axis of the steps, and the tooltip of a step."""

from collections.abc import Sequence
from typing import Any
from zlib import crc32

import numpy as np
import plotly.graph_objects as go

from hsvis.figures.theme import (
    STEP_MARGIN_LEFT,
    STEP_MARGIN_RIGHT,
    Palette,
    Theme,
    ellipsis,
    escape,
    frame,
)

LINE_LENGTH = 48  # characters of a token in one line of a tooltip
MAX_LINES = 10


def step_frame(
    tokens: Sequence[str],
    labels: Sequence[str],
    theme: Theme,
    *,
    top: int = 7,
    bottom: int = 7,
    **layout: Any,
) -> go.Figure:
    """An empty figure whose x axis holds the steps of a sequence, at the same place in all its views.

    Plotly writes `labels[t]` where the hover template of any trace says `%{x}` at step t: the axis translates
    its hover labels, which their format tells from its tick labels ("3.0" and "3").  So the tooltips cost one
    string a step, not one a cell.

    Args:
        tokens: T surface forms; zooming persists as long as they stay the same.
        labels: T tooltips from `step_labels`.
    """
    n_steps = len(tokens)
    figure = frame(
        theme,
        margin={"l": STEP_MARGIN_LEFT, "r": STEP_MARGIN_RIGHT, "t": top, "b": bottom},
        uirevision=f"{crc32(chr(0).join(tokens).encode('utf-8', 'surrogatepass')):08x}",
        **layout,
    )
    figure.update_xaxes(
        range=[-0.5, max(n_steps, 1) - 0.5],
        showticklabels=False,
        tick0=0,
        dtick=step_ticks(n_steps),
        hoverformat=".1f",
        labelalias={f"{step}.0": label for step, label in enumerate(labels)},
    )
    return figure


def step_labels(
    tokens: Sequence[str],
    ep: np.ndarray | None,
    classes: Sequence[str] | None,
    palette: Palette | None,
    count: int = 1,
) -> list[str]:
    """The tooltip of each step, in Plotly's pseudo-HTML: word, step, and the strongest classes with their EP.

    Args:
        tokens: T surface forms.
        ep: (T, C) float; None leaves the classes out.
        classes: C names; None numbers them.
        palette: of C classes.
        count: how many classes, the winning one first.
    """
    heads = [f"<b>{token_lines(token)}</b><br>step {step}" for step, token in enumerate(tokens)]
    if ep is None or palette is None:
        return heads
    names = class_names(classes, ep.shape[1])
    strongest = np.argsort(-ep, axis=1, kind="stable")[:, :count]  # (T, count)
    shares = np.take_along_axis(ep, strongest, axis=1)
    labels = []
    for head, row, part in zip(heads, strongest.tolist(), shares.tolist(), strict=True):
        lines = [class_label(names[k], palette.hexes[k], share) for k, share in zip(row, part, strict=True)]
        labels.append("<br>".join([head, *lines]))
    return labels


def class_label(name: str, colour: str, share: float) -> str:
    """ "■ name  97 %" with the square in the class's colour; `name` is escaped already."""
    return f'<span style="color:{colour}">■</span> {name}  {percent(share)}'


def class_names(classes: Sequence[str] | None, n_classes: int) -> list[str]:
    """The names, or numbers for want of them, as a tooltip can hold them."""
    return [escape(ellipsis(name, 40)) for name in classes or [f"class {k}" for k in range(n_classes)]]


def percent(share: float) -> str:
    """A share between 0 and 1 in per cent; only what is certain is 0 % or 100 %."""
    if 0 < share < 0.01:
        return "< 1 %"
    if 0.99 < share < 1:
        return "> 99 %"
    return f"{100 * share:.0f} %"


def token_lines(token: str) -> str:
    """A token as it is, escaped, in as many lines as it needs."""
    lines = [token[i : i + LINE_LENGTH] for i in range(0, len(token), LINE_LENGTH)]
    if len(lines) > MAX_LINES:
        lines = [*lines[:MAX_LINES], "…"]
    return "<br>".join(escape(line) for line in lines)


def step_ticks(n_steps: int) -> int:
    """From one step that is written beneath the axis to the next: round, for at most eight of them."""
    every = 10 ** len(str(n_steps))
    for round_number in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000):
        if n_steps <= 8 * round_number:
            return round_number
    return every


def value_axis(title: str, **axis: Any) -> dict[str, Any]:
    """A y axis of shares from 0 to 1."""
    return {
        "range": [-0.03, 1.03],
        "tickvals": [0, 0.5, 1],
        "ticktext": ["0", "0.5", "1"],
        "showgrid": True,
        "fixedrange": True,
        "title": {"text": title},
        **axis,
    }


def show_ticks(figure: go.Figure) -> None:
    """Write steps beneath the axis; the figure needs about 30 px of room there."""
    figure.update_xaxes(showticklabels=True, title={"text": "step", "standoff": 2})
