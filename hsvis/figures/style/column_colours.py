"""The colours of kept columns: of a palette for categories, of a scale for numbers and dates."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from hsvis.figures.style.apart import FLOORS, told_apart
from hsvis.figures.style.colour import mix, rgb
from hsvis.figures.style.theme import Theme, ellipsis, palette
from hsvis.run.columns import Column, moment

LEVELS = 256  # of a scale; categories beyond so many are others in any palette
MISSING = LEVELS  # the code of a cell that is missing
MOST = 12  # categories that have a colour of their own, at the most
ENDS = (
    0.01,
    0.99,
)  # shares of numbers below which one scale ends; a few far ones would leave all others alike
LABEL = 32  # characters of a category in the legend
# viridis (van der Walt and Smith, 2015), without the end that a surface swallows
VIRIDIS = (
    "#440154", "#482878", "#3e4a89", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b",
)  # fmt: skip


class Group(NamedTuple):
    """A colour of the legend: what has it, and how many sequences that are."""

    label: str
    colour: str
    sequences: int


class Range(NamedTuple):
    """The ends of a scale, as `Column.numbers` has them; whether some lie beyond."""

    low: float
    high: float
    below: bool
    above: bool


def column_codes(column: Column) -> np.ndarray:
    """(S,) uint16, the row of `column_tints` of each sequence; the same in all themes and palettes."""
    if column.is_of_groups:
        codes = np.where(column.codes < 0, MISSING, np.minimum(column.codes, LEVELS - 1))
        return codes.astype(np.uint16)
    reach, numbers = scale_range(column), column.numbers
    share = np.clip((numbers - reach.low) / max(reach.high - reach.low, 1e-300), 0, 1)
    codes = np.where(np.isnan(numbers), MISSING, np.rint(np.nan_to_num(share) * (LEVELS - 1)))
    return codes.astype(np.uint16)


def column_tints(column: Column, theme: Theme, palette_name: str) -> np.ndarray:
    """(257, 3) uint8: the colours of all codes; the last is that of what is missing."""
    if column.is_of_groups:
        hues = _hues(column, theme, palette_name)
        every = [*hues, *[_other(theme)] * (LEVELS - len(hues)), theme.neutral]
        return rgb(every).astype(np.uint8)
    return ramp(theme)


def ramp(theme: Theme) -> np.ndarray:
    """(257, 3) uint8: the colours of a scale from low to high; the last is that of what is missing."""
    stops = rgb(scale_colours(theme))
    at = np.linspace(0, len(stops) - 1, LEVELS)
    mixed = np.column_stack([np.interp(at, np.arange(len(stops)), channel) for channel in stops.T])
    return np.vstack([np.rint(mixed), rgb([theme.neutral])]).astype(np.uint8)


def legend_groups(column: Column, theme: Theme, palette_name: str) -> tuple[Group, ...]:
    """Categories with a colour of their own, the most frequent first; the others, and what is missing."""
    hues = _hues(column, theme, palette_name)
    counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.groups)).tolist()
    found = [
        Group(ellipsis(" ".join(group.split()), LABEL), hue, n)
        for group, hue, n in zip(column.groups, hues, counts, strict=False)
    ]
    n_others = len(column.groups) - len(hues)
    if n_others > 0:
        found.append(Group(f"{n_others:,} others", _other(theme), sum(counts[len(hues) :])))
    if column.facts.missing:
        found.append(Group("missing", theme.neutral, column.facts.missing))
    return tuple(found)


def legend_ticks(column: Column) -> tuple[tuple[float, str], ...]:
    """Places from 0 to 1 on the scale of numbers or dates, and what stands there."""
    reach = scale_range(column)
    below, above = ("≤ " if reach.below else ""), ("≥ " if reach.above else "")
    low, high = (_written(column, end) for end in (reach.low, reach.high))
    if reach.low == reach.high:
        return ((0.0, low),)
    return ((0.0, below + low), (1.0, above + high))


def scale_colours(theme: Theme) -> tuple[str, ...]:
    """From low to high: those that stand out from the surface."""
    return VIRIDIS[2:] if theme.name == "dark" else VIRIDIS[:8]


def scale_range(column: Column) -> Range:
    """Where the scale of a column begins and ends."""
    numbers = column.numbers[~np.isnan(column.numbers)]
    if not len(numbers):
        return Range(0, 0, below=False, above=False)
    least, most = float(numbers.min()), float(numbers.max())
    low, high = (float(end) for end in np.quantile(numbers, ENDS, method="nearest"))
    if low == high:  # nearly all are alike
        low, high = least, most
    return Range(low, high, below=low > least, above=high < most)


def _written(column: Column, number: float) -> str:
    if column.kind == "date":
        return moment(number, of_days=True)
    return f"{number:.0f}" if number.is_integer() and abs(number) < 1e7 else f"{number:.4g}"


def _other(theme: Theme) -> str:
    return mix(theme.neutral, theme.ink, 0.4)


def _hues(column: Column, theme: Theme, palette_name: str) -> tuple[str, ...]:
    """As many as the column has categories, or as the palette tells apart."""
    apart = _told_apart(theme, palette_name)
    return palette(apart, theme, palette_name).hexes[: len(column.groups)]


@lru_cache(maxsize=64)
def _told_apart(theme: Theme, name: str) -> int:
    """How many colours anyone can tell apart; categories are certain."""
    return max(2, min(MOST, told_apart(palette(MOST, theme, name), FLOORS[:1])))
