"""What all figures share: themes, class colours, type, margins, escaping, and the frame of a figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import plotly.graph_objects as go

from hsvis.figures.style.colour import contrast, hexes, mix, rgb
from hsvis.figures.style.vision import more_colours

FONT = "Inter, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
FONT_SIZE = 11  # px; tooltips are one larger, ticks and axis titles one smaller
SMALL_SIZE = 10

# The views of one sequence stand one above the other: equal margins put step t at the same x in all of them.
STEP_MARGIN_LEFT = 76  # px; room for a class name of 12 letters, or for an axis title and its ticks
STEP_MARGIN_RIGHT = 34  # room for the number of the threshold, or for a colour bar


@dataclass(frozen=True)
class Theme:
    """The colours of a page, as CSS hex strings."""

    name: str  # "light" | "dark"
    background: str  # of the page
    surface: str  # of a panel; an EP of 0 and a unit at rest have this colour
    ink: str  # text, the ring at the end of a trajectory
    muted: str  # axis titles, ticks, secondary text
    grid: str  # grid lines, borders
    neutral: str  # a state whose EP is undecided
    highlight: str  # the step that the pointer is on
    right: str  # a state of a sequence that was classified right, where colour tells that
    wrong: str  # of one that was misclassified
    ring_start: str  # the ring at the start of a trajectory
    accent: str  # a share of 1 in the confusion matrix
    below: str  # a unit far below 0
    above: str  # a unit far above 0
    class_hexes: tuple[str, ...]  # of the first classes
    lightness: tuple[float, ...]  # OKLab, of the classes beyond; each has a contrast of 3 to the surface
    type_scale: float = 1.0  # of the type in figures and the margins that hold it: it grows with the page's

    def px(self, size: float) -> float:
        """A size that is meant for a page of ordinary type, as it is in this theme."""
        return size if self.type_scale == 1 else round(size * self.type_scale, 1)


# Class colours: found by `python -m benchmarks.palette_search`, so that any two of the eight differ much
# (CIEDE2000), certain and half certain, in normal, deuteranope and protanope sight; test_apart.py holds how
# much.  The first two differ in greyscale too; the last ones look grey to some eyes.
LIGHT = Theme(
    name="light",
    background="#f6f7f9",
    surface="#ffffff",
    ink="#1b2027",
    muted="#626b77",
    grid="#e3e6eb",
    neutral="#c3c7cd",
    right="#559e8b",
    wrong="#b42318",
    highlight="#111418",
    ring_start="#868e99",
    accent="#46566c",
    below="#01665e",
    above="#8c510a",
    class_hexes=(
        "#d77f1a", "#0035b8", "#8b86ff", "#548152", "#c9120d", "#68005d", "#6f1222", "#006259",
    ),
    lightness=(0.40, 0.46, 0.52, 0.58, 0.645),
)  # fmt: skip
DARK = Theme(
    name="dark",
    background="#101317",
    surface="#181c22",
    ink="#e8eaee",
    muted="#98a1ad",
    grid="#2c323b",
    neutral="#5b626d",
    right="#1f957f",
    wrong="#ffa07a",
    highlight="#ffffff",
    ring_start="#98a1ad",
    accent="#a9bbd4",
    below="#5bc4b6",
    above="#dba65e",
    class_hexes=(
        "#ff9927", "#5978f0", "#b2a9ff", "#ebfe66", "#ffb19a", "#ffd5ff", "#c62811", "#c6ffdf",
    ),
    lightness=(0.56, 0.64, 0.72, 0.80, 0.88),
)  # fmt: skip


PALETTES = (("hsvis", "hsvis"), ("okabe-ito", "Okabe–Ito"), ("tableau", "Tableau 10"))  # names and labels
PUBLISHED = {
    # Okabe and Ito, 2008, without its black
    "okabe-ito": ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#f0e442"),
    # Tableau 10 without its grey, which here means undecided
    "tableau": (
        "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#bcbd22", "#17becf",
    ),
}  # fmt: skip
CODES = 2**16  # of the colours of EPs
CODED_AT_ONCE = 2**20  # EPs
LEAST_CONTRAST = 3.0  # of a published colour to a dark surface; they are made for paper


def theme(name: str) -> Theme:
    """The theme of that name.

    Raises:
        ValueError: if `name` is neither "light" nor "dark".
    """
    for candidate in (LIGHT, DARK):
        if candidate.name == name:
            return candidate
    raise ValueError(f"There is no theme {name!r}. Choose 'light' or 'dark'.")


@dataclass(frozen=True)
class Palette:
    """One colour a class, and the colours of EPs between undecided and certain."""

    hexes: tuple[str, ...]  # C
    neutral: str

    def ep_colours(self, ep: np.ndarray) -> np.ndarray:
        """The colour of the winning class, the greyer the less certain it is.

        Args:
            ep: (N, C) float, rows sum to 1.

        Returns:
            (N, 3) uint8. A row of equal EPs, or of NaN, gets the neutral grey, a certain one the full colour
            of its class; with two classes that is a diverging gradient through grey at 0.5.
        """
        return self.mix(ep.argmax(axis=1), ep_strength(ep))

    def code_colours(self) -> np.ndarray:
        """(K, 3) uint8, the colour of each of the codes of `ep_codes`: `ep_colours` within one of 255."""
        n_classes = len(self.hexes)
        levels = CODES // n_classes
        return self.mix(
            np.repeat(np.arange(n_classes), levels), np.tile(np.linspace(0, 1, levels), n_classes)
        )

    def mix(self, winner: np.ndarray, strength: np.ndarray) -> np.ndarray:
        """The colours of EPs by winning class and by how decided they are: sRGB between grey and class.

        All that has the colour of an EP has it from here, or from a gradient in sRGB between the same two, as
        those of Plotly and of style sheets are.

        Args:
            winner: (N,) int, classes.
            strength: (N,) float, 0 to 1, as `ep_strength` says it; NaN is grey.

        Returns:
            (N, 3) uint8.
        """
        classes, neutral = rgb(self.hexes), rgb([self.neutral])  # (C, 3), (1, 3)
        strength = np.nan_to_num(strength)[:, None]
        return np.rint(neutral + strength * (classes[winner] - neutral)).astype(np.uint8)

    def ep_hexes(self, ep: np.ndarray) -> list[str]:
        """`ep_colours` as N CSS hex strings."""
        return hexes(self.ep_colours(ep))


@lru_cache(maxsize=64)
def palette(n_classes: int, theme: Theme, name: str = "hsvis") -> Palette:
    """Colours for C classes; beyond those that the palette has, as far apart as possible and never near grey.

    Args:
        name: of `PALETTES`; `apart.told_apart` says how many classes its colours tell apart.

    Raises:
        ValueError: if there is no palette of that name.
    """
    first = _first_colours(theme, name)
    missing = max(0, n_classes - len(first))
    more = more_colours(first, theme.neutral, missing, theme.lightness)
    return Palette(hexes=(*first, *more)[:n_classes], neutral=theme.neutral)


def _first_colours(theme: Theme, name: str) -> tuple[str, ...]:
    if name == "hsvis":
        return theme.class_hexes
    if name not in PUBLISHED:
        raise ValueError(f"There is no palette {name!r}. Choose {', '.join(key for key, _ in PALETTES)}.")
    colours = PUBLISHED[name]
    return tuple(_lighten(one, theme.surface) for one in colours) if theme.name == "dark" else colours


def _lighten(colour: str, surface: str) -> str:
    """The colour with just enough white in it to stand out from a dark surface."""
    shades = (mix(colour, "#ffffff", share / 50) for share in range(51))
    return next(shade for shade in shades if contrast(shade, surface) >= LEAST_CONTRAST)


def ep_strength(ep: np.ndarray) -> np.ndarray:
    """How decided each EP is, (N, C) -> (N,): 0 of equal classes, 1 of a certain one, NaN without an EP."""
    return strength_of(ep.max(axis=1), ep.shape[1])


def strength_of(best: np.ndarray, n_classes: int) -> np.ndarray:
    """`ep_strength` of EPs whose largest of C is known: (N,) -> (N,), 0 to 1."""
    uniform = 1 / n_classes
    return np.clip((best - uniform) / (1 - uniform), 0, 1)


def ep_codes(ep: np.ndarray) -> np.ndarray:
    """What decides the colour of an EP, in two bytes: the winning class, and how decided the EP is.

    Args:
        ep: (N, C) float, rows sum to 1, or are NaN: these have the grey of equal EPs.

    Returns:
        (N,) uint16, a row of `Palette.code_colours`.
    """
    n, n_classes = ep.shape
    levels = CODES // n_classes
    codes = np.empty(n, np.uint16)
    for begin in range(0, n, CODED_AT_ONCE):
        part = ep[begin : begin + CODED_AT_ONCE]
        winner, best = np.zeros(len(part), np.uint16), part[:, 0].copy()
        for k in range(1, n_classes):
            better = part[:, k] > best
            winner[better] = k
            np.maximum(best, part[:, k], out=best)
        share = np.nan_to_num(strength_of(best, n_classes))
        codes[begin : begin + len(part)] = winner * np.uint16(levels) + np.rint(share * (levels - 1)).astype(
            np.uint16
        )
    return codes


def escape(text: str) -> str:
    """`text` so that Plotly's labels show it as it is: to them `<…>` is markup, `&…;` a character."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def ellipsis(text: str, length: int) -> str:
    """`text`, or as much of its beginning as leaves room for … in `length` characters."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def frame(
    theme: Theme, margin: dict[str, int], traces: Sequence[dict[str, Any]] = (), **layout: Any
) -> go.Figure:
    """A figure of these traces: transparent paper, quiet axes, small type; `layout` adds to it.

    The margins are those given, in the scale of the theme: Plotly would widen them for a colour bar. All is
    handed over at once and without Plotly's checks, which take four times as long as making all views of a
    sequence; that every figure passes them is tested.
    """
    axis = {
        "showgrid": False,
        "zeroline": False,
        "ticks": "",
        "ticklabelstandoff": 3,
        "ticklabeloverflow": "allow",
        "gridcolor": theme.grid,
        "tickfont": {"size": theme.px(SMALL_SIZE)},
        "title": {"font": {"size": theme.px(SMALL_SIZE)}, "standoff": 4},
    }
    base = {
        "template": {"layout": {"xaxis": axis, "yaxis": axis}},  # in place of Plotly's own, of 6.5 kB
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": theme.px(FONT_SIZE), "color": theme.muted},
        "hoverlabel": {
            "bgcolor": theme.surface,
            "bordercolor": theme.grid,
            "font": {"family": FONT, "size": theme.px(FONT_SIZE + 1), "color": theme.ink},
            "align": "left",
        },
        "showlegend": False,
        "margin": {**{side: round(theme.px(width)) for side, width in margin.items()}, "autoexpand": False},
    }
    return go.Figure({"data": list(traces), "layout": {**base, **layout}}, _validate=False)


def empty(message: str, theme: Theme) -> go.Figure:
    """A figure that says why it shows nothing, and what to do."""
    nothing = {"visible": False, "fixedrange": True}
    says = {
        "text": escape(message),
        "showarrow": False,
        "x": 0.5,
        "y": 0.5,
        "xref": "paper",
        "yref": "paper",
        "font": {"size": theme.px(FONT_SIZE + 1)},
    }
    margin = {"l": 8, "r": 8, "t": 8, "b": 8}
    return frame(theme, margin, xaxis=nothing, yaxis=nothing, annotations=[says])
