"""View `confusion-matrix` of a language model: which tokens are missed most often when they come."""

import numpy as np
import plotly.graph_objects as go

from hsvis.figures.style.theme import SMALL_SIZE, Theme, ellipsis, escape, frame
from hsvis.run.language.next_tokens import Expected

MOST = 12  # tokens that are named
LENGTH = 12  # characters of each


def missed_counts(expected: Expected) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Entries (K,) int that came without being the first choice, those of most steps first.

    Returns:
        Them, how often each was missed, and how often it came.
    """
    labels, answers = expected.next.labels, expected.answers
    known, entries = labels >= 0, len(expected.vocabulary)
    wrong = np.bincount(labels[known & (labels != answers)], minlength=entries)
    came = np.bincount(labels[known], minlength=entries)
    order = np.lexsort((np.arange(entries), -came, -wrong))
    order = order[wrong[order] > 0]
    return order, wrong[order], came[order]


def missed(expected: Expected, theme: Theme) -> go.Figure:
    """A bar for each of the tokens that most often came without being the first choice.

    Returns:
        The bars "missed", how often, and "right", how often it was the first choice; "totals" says both.
    """
    chosen, wrong, came = (part[:MOST] for part in missed_counts(expected))
    lost, right = wrong.tolist(), (came - wrong).tolist()
    rows = list(range(len(chosen)))
    names = [escape(ellipsis(word, LENGTH)) for word in expected.words(chosen)]
    figure = frame(
        theme, margin={"l": 84, "r": 8, "t": 4, "b": 18}, hovermode="closest", barmode="stack", bargap=0.25
    )
    for name, counts, colour in (("missed", lost, theme.wrong), ("right", right, theme.right)):
        figure.add_bar(
            name=name,
            orientation="h",
            x=counts,
            y=rows,
            marker={"color": colour, "line": {"width": 0}},
            hoverinfo="none",
        )
    ends = [a + b for a, b in zip(lost, right, strict=True)]
    figure.add_scatter(
        name="totals",
        mode="text",
        x=ends,
        y=rows,
        text=[f" {a:,} of {b:,}" for a, b in zip(lost, ends, strict=True)],
        textposition="middle right",
        textfont={"size": theme.px(SMALL_SIZE), "color": theme.muted},
        cliponaxis=False,
        hoverinfo="skip",
    )
    largest = max(ends, default=0) or 1
    title = {"text": "missed, and right" if rows else "none is missed", "standoff": 0}
    figure.update_xaxes(range=[0, 1.5 * largest], fixedrange=True, showticklabels=False, title=title)
    figure.update_yaxes(range=[max(len(rows), 1) - 0.5, -0.5], fixedrange=True, tickvals=rows, ticktext=names)
    return figure
