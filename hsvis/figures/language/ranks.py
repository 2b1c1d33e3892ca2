"""View `class-overview` of a language model: at which rank what came stood."""

import numpy as np
import plotly.graph_objects as go

from hsvis.figures.style.theme import SMALL_SIZE, Palette, Theme, frame
from hsvis.run.language.next_tokens import Expected, shade_of

MOST_BARS = 9


def rank_bounds(entries: int) -> list[tuple[int, int]]:
    """First and last rank of each bar: 1, 2 to 3, 4 to 10, 11 to 30, … up to the size of the vocabulary."""
    ends, end = [1], 1
    while ends[-1] < entries:
        end = 3 * ends[-1] if str(ends[-1])[0] == "1" else 10 ** len(str(ends[-1]))
        ends.append(min(end, entries))
    return [(low + 1, high) for low, high in zip([0, *ends], ends, strict=False)]


def rank_counts(expected: Expected) -> tuple[list[tuple[int, int]], list[int]]:
    """The `rank_bounds`, and how many steps there are whose next token stood between each two."""
    bounds = rank_bounds(len(expected.vocabulary))
    known = expected.next.ranks[expected.next.ranks > 0]
    places = np.searchsorted([high for _, high in bounds], known, "left")
    return bounds, np.bincount(places, minlength=len(bounds)).tolist()


def ranks(expected: Expected, palette: Palette, theme: Theme) -> go.Figure:
    """A bar for each range of ranks: how many steps there are whose next token stood there.

    Returns:
        The bars "ranks", the first choice on top, with their counts; and "totals", the share of each.
    """
    entries = len(expected.vocabulary)
    bounds, counts = rank_counts(expected)
    total, largest = max(1, sum(counts)), max(counts) or 1
    shades = np.array([shade_of(np.sqrt(low * high), entries) for low, high in bounds])
    names = [f"{low:,}" if low == high else f"{low:,}–{high:,}" for low, high in bounds]
    rows = list(range(len(bounds)))
    figure = frame(theme, margin={"l": 84, "r": 8, "t": 4, "b": 18}, hovermode="closest", bargap=0.25)
    figure.add_bar(
        name="ranks",
        orientation="h",
        x=counts,
        y=rows,
        marker={"color": palette.ep_hexes(np.stack([1 - shades, shades], 1)), "line": {"width": 0}},
        hoverinfo="none",
    )
    figure.add_scatter(
        name="totals",
        mode="text",
        x=counts,
        y=rows,
        text=[f" {count:,} · {count / total:.0%}" for count in counts],
        textposition="middle right",
        textfont={"size": theme.px(SMALL_SIZE), "color": theme.muted},
        cliponaxis=False,
        hoverinfo="skip",
    )
    title = {"text": "steps by rank", "standoff": 0}
    figure.update_xaxes(range=[0, 1.9 * largest], fixedrange=True, showticklabels=False, title=title)
    figure.update_yaxes(range=[len(rows) - 0.5, -0.5], fixedrange=True, tickvals=rows, ticktext=names)
    return figure
