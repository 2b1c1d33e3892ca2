"""The display options: one table of what can be set, with what it is called, does and is by default.

The controls on the page are the options' only home; the browser gathers them in the `options` store, keeps
them over a reload, and writes what differs from the default into the page's address.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hsvis.dashboard.page import ids
from hsvis.figures.projection import COLOURS, THICKNESSES, TrajectoryStyle

AFTER_BEFORE = (("after", "after"), ("before", "before"))


@dataclass(frozen=True)
class Option:
    """One setting.

    Attributes:
        id: of its control, and its name in the page's address.
        label: beside the control.
        default: as the control holds it.
        help: one sentence, shown when pointing at the label.
        choices: (value, label) pairs, of which one is chosen, or any number where the default is a list.
        reach: least, greatest and step of a number.
    """

    id: str
    label: str
    default: Any
    help: str
    choices: tuple[tuple[str, str], ...] = ()
    reach: tuple[float, float, float] | None = None


OPTIONS = (
    Option(ids.JUMP_WORDS, "Jump", [], "Words at steps that move the state at least this far", AFTER_BEFORE),
    Option(
        ids.DISTANCE_THRESHOLD,
        "Jump threshold",
        0.4,
        "The share of the run's largest distance where a jump begins",
        reach=(0, 1, 0.01),
    ),
    Option(
        ids.CHANGE_WORDS,
        "Confidence",
        [],
        "Words at steps that change the confidence at least this much",
        AFTER_BEFORE,
    ),
    Option(
        ids.CHANGE_THRESHOLD,
        "Confidence threshold",
        0.3,
        "How much the EP of a class must change",
        reach=(0, 1, 0.01),
    ),
    Option(ids.CHANGE_CLASS, "Confidence in", "any", "The class whose EP has to change"),
    Option(
        ids.FLIP_WORDS, "Class", [], "Words at steps after which another class wins than before", AFTER_BEFORE
    ),
    Option(
        ids.STATE_COLOUR,
        "Colour",
        "ep",
        "What the colour of a state tells: its EP, the actual class of its sequence, or whether that was "
        "classified right",
        (("ep", "EP"), ("class", "actual class"), ("correct", "correct")),
    ),
    Option(
        ids.FADE,
        "Fade",
        [],
        "Sequences that step back in the cloud",
        (("correct", "correct"), ("wrong", "misclassified")),
    ),
    Option(
        ids.MARKS,
        "Mark",
        [],
        "The states where all sequences start (grey rings) and end (dark rings)",
        (("start", "starts"), ("end", "ends")),
    ),
    Option(ids.STATE_SIZE, "Size", 1.0, "Size of the states", reach=(0.25, 4, 0.05)),
    Option(
        ids.TRAJECTORY_COLOUR,
        "Colour",
        "auto",
        "What the colour of a segment tells: the EP at its start, or the time; automatic is EP for two "
        "classes, time for more",
        tuple(zip(COLOURS, ("automatic", "EP", "time"), strict=True)),
    ),
    Option(
        ids.TRAJECTORY_WIDTH,
        "Thickness",
        "constant",
        "What the thickness of a segment tells",
        tuple((name, name) for name in THICKNESSES),
    ),
    Option(ids.LINE_WIDTH, "Width", 1.0, "Width of the lines", reach=(0.25, 4, 0.05)),
    Option(
        ids.UNIT_ORDER,
        "Units by",
        "similarity",
        "The order of the hidden units: those of similar course together, or those that move most with the "
        "decision first",
        (("similarity", "similarity"), ("decision", "decision")),
    ),
    Option(
        ids.MATRIX_NUMBERS,
        "Matrix",
        "counts",
        "Numbers in the confusion matrix: sequences, or shares of the actual class",
        (("counts", "counts"), ("shares", "shares")),
    ),
)
BY_ID: Mapping[str, Option] = {option.id: option for option in OPTIONS}


def trajectory_style(colour: object, thickness: object, width: object, size: object) -> TrajectoryStyle:
    """The style that the controls ask for; the default in place of what makes no sense."""
    return TrajectoryStyle(
        colour=colour if isinstance(colour, str) and colour in COLOURS else COLOURS[0],
        thickness=thickness if isinstance(thickness, str) and thickness in THICKNESSES else THICKNESSES[0],
        width=_number(ids.LINE_WIDTH, width),
        size=_number(ids.STATE_SIZE, size),
    )


def _number(option: str, value: object) -> float:
    low, high, _ = BY_ID[option].reach or (0, 0, 0)
    good = isinstance(value, int | float) and low <= value <= high
    return float(value) if good else float(BY_ID[option].default)  # type: ignore[arg-type]
