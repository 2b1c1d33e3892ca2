"""The display options: one table of what can be set, with what it is called, does and is by default.

The controls on the page are the options' only home; the browser gathers them in the `options` store, keeps
them over a reload, and writes what differs from the default into the page's address.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hsvis.dashboard.page import ids
from hsvis.figures.cells import MANY
from hsvis.figures.projection import COLOURS, THICKNESSES, TrajectoryStyle
from hsvis.figures.view import DEFAULTS, DRAWINGS, FADES, MARKS, STATE_COLOURS, UNIT_ORDERS, DisplayOptions

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
        DEFAULTS.threshold,
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
        DEFAULTS.state_colour,
        "What the colour of a state tells: its EP, its actual class (that of its sequence, unless steps have "
        "labels), whether that was classified right, or a column of the dataset",
        tuple(zip(STATE_COLOURS, ("EP", "actual class", "correct", "column"), strict=True)),
    ),
    Option(ids.COLOUR_COLUMN, "Column", "", "The column of the dataset that colours the states"),
    Option(
        ids.STATE_DRAWING,
        "Draw",
        DEFAULTS.drawing,
        "Dots, or cells of a few pixels: how many states each has, their mean EP (with colour by actual "
        "class: their classes), or what share is of misclassified sequences; automatic is cells from "
        f"{MANY:,} states in sight",
        tuple(zip(DRAWINGS, ("automatic", "dots", "density", "mean EP", "errors"), strict=True)),
    ),
    Option(
        ids.FADE,
        "Fade",
        list(DEFAULTS.fade),
        "Sequences that step back in the cloud",
        tuple(zip(FADES, ("correct", "misclassified"), strict=True)),
    ),
    Option(
        ids.MARKS,
        "Mark",
        list(DEFAULTS.marks),
        "The states where all sequences start (grey rings) and end (dark rings)",
        tuple(zip(MARKS, ("starts", "ends"), strict=True)),
    ),
    Option(ids.STATE_SIZE, "Size", DEFAULTS.trajectory.size, "Size of the states", reach=(0.25, 4, 0.05)),
    Option(
        ids.TRAJECTORY_COLOUR,
        "Colour",
        DEFAULTS.trajectory.colour,
        "What the colour of a segment tells: the EP at its start, or the time; automatic is EP for two "
        "classes, time for more",
        tuple(zip(COLOURS, ("automatic", "EP", "time"), strict=True)),
    ),
    Option(
        ids.TRAJECTORY_WIDTH,
        "Thickness",
        DEFAULTS.trajectory.thickness,
        "What the thickness of a segment tells",
        tuple((name, name) for name in THICKNESSES),
    ),
    Option(ids.LINE_WIDTH, "Width", DEFAULTS.trajectory.width, "Width of the lines", reach=(0.25, 4, 0.05)),
    Option(
        ids.UNIT_ORDER,
        "Units by",
        DEFAULTS.units_by,
        "The order of the hidden units: those of similar course together, or those that move most with the "
        "decision first",
        tuple((name, name) for name in UNIT_ORDERS),
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


# what the figures that the server makes of a sequence follow
OF_TRAJECTORY = (ids.TRAJECTORY_COLOUR, ids.TRAJECTORY_WIDTH, ids.LINE_WIDTH, ids.STATE_SIZE)
OF_SEQUENCE = (ids.DISTANCE_THRESHOLD, ids.UNIT_ORDER, *OF_TRAJECTORY)


def display_options(values: Mapping[str, object]) -> DisplayOptions:
    """The display options that the controls ask for; the default for what is missing or makes no sense.

    Args:
        values: of controls, by their ids, as in the `options` store.
    """
    return DisplayOptions(
        threshold=_number(ids.DISTANCE_THRESHOLD, values),
        units_by=_choice(ids.UNIT_ORDER, values),
        trajectory=TrajectoryStyle(
            colour=_choice(ids.TRAJECTORY_COLOUR, values),
            thickness=_choice(ids.TRAJECTORY_WIDTH, values),
            width=_number(ids.LINE_WIDTH, values),
            size=_number(ids.STATE_SIZE, values),
        ),
        state_colour=_choice(ids.STATE_COLOUR, values),
        column=_text(ids.COLOUR_COLUMN, values) if values.get(ids.STATE_COLOUR) == "column" else None,
        drawing=_choice(ids.STATE_DRAWING, values),
        fade=_choices(ids.FADE, values),
        marks=_choices(ids.MARKS, values),
    )


def _number(option: str, values: Mapping[str, object]) -> float:
    value, (low, high, _) = values.get(option), BY_ID[option].reach or (0, 0, 0)
    return float(value) if isinstance(value, int | float) and low <= value <= high else BY_ID[option].default


def _choice(option: str, values: Mapping[str, object]) -> str:
    value = values.get(option)
    allowed = [name for name, _ in BY_ID[option].choices]
    return value if isinstance(value, str) and value in allowed else BY_ID[option].default


def _text(option: str, values: Mapping[str, object]) -> str | None:
    value = values.get(option)
    return value if isinstance(value, str) and value else None


def _choices(option: str, values: Mapping[str, object]) -> tuple[str, ...]:
    """In the order of the choices."""
    value = values.get(option)
    chosen = value if isinstance(value, list) else []
    return tuple(name for name, _ in BY_ID[option].choices if name in chosen)
