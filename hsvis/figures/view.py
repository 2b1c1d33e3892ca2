"""What is shown: a layer of a run in one projection, in which colours, and with which display options."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from hsvis.figures.projection import TrajectoryStyle
from hsvis.figures.style.theme import Palette, Theme, palette
from hsvis.run.records import Projection
from hsvis.run.store import StateStore

STATE_COLOURS = ("ep", "class", "correct", "column")
DRAWINGS = ("auto", "dots", "density", "ep", "errors")
FADES = ("correct", "wrong")
MARKS = ("start", "end")
UNIT_ORDERS = ("similarity", "decision")


@dataclass(frozen=True)
class View:
    """What is shown: one layer of one run in one projection, in the colours of one theme.

    Attributes:
        edition: the build of the run that a page says to be answered from; nothing outside of a server.
    """

    store: StateStore
    layer: str
    projection: Projection
    theme: Theme
    palette_name: str = "hsvis"
    edition: str = ""

    @property
    def palette(self) -> Palette:
        return palette(self.store.n_classes, self.theme, self.palette_name)

    @property
    def content(self) -> tuple[str, ...]:
        """By what everything that is drawn of this cloud is kept; another build of the run has another."""
        return (self.store.content, self.projection.content, *self.store.classes)

    @property
    def cloud(self) -> str:
        """Names the cloud of states: `run/layer/projection`, as in its address."""
        return f"{self.store.name}/{self.layer}/{self.projection.name}"

    def rows(self, index: int | None) -> slice:
        """The rows of a sequence in all step tables; none of None."""
        if index is None:
            return slice(0, 0)
        return slice(int(self.store.offsets[index]), int(self.store.offsets[index + 1]))


@dataclass(frozen=True)
class DisplayOptions:
    """How a view is drawn, besides its theme and palette.

    Attributes:
        threshold: 0 to 1, the share of the layer's largest distance where a jump begins.
        units_by: the order of the hidden units, one of `UNIT_ORDERS`: those of similar course together
            ("similarity"), or those that move most with the decision first ("decision").
        trajectory: colours, widths and sizes of the selected sequence.  Its size is that of all states.
        state_colour: what the colour of a state in the cloud tells, one of `STATE_COLOURS`: its "ep", or of
            its sequence the actual "class", whether the answer is "correct", or what a kept "column" holds.
        drawing: how the cloud is drawn, one of `DRAWINGS`: as "dots"; or by cells of a few pixels, each in
            the colour of its "density", its mean "ep" (coloured by class: its shares of the actual classes)
            or its share of "errors"; "auto" is dots, and cells from `cells.MANY` states in sight.
        fade: any of `FADES`: sequences that step back in the cloud.
        marks: any of `MARKS`: rings around the first or last state of every sequence.
        column: the kept column that colours states; None = the first of the run.

    Raises:
        ValueError: a value is none of those.
    """

    threshold: float = 0.4
    units_by: str = "similarity"
    trajectory: TrajectoryStyle = field(default_factory=TrajectoryStyle)
    state_colour: str = "ep"
    fade: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    drawing: str = "auto"
    column: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"`threshold` is {self.threshold:g}. Choose a share from 0 to 1.")
        _check("units_by", [self.units_by], UNIT_ORDERS)
        _check("state_colour", [self.state_colour], STATE_COLOURS)
        _check("drawing", [self.drawing], DRAWINGS)
        _check("fade", self.fade, FADES)
        _check("marks", self.marks, MARKS)


def _check(option: str, values: Iterable[str], allowed: tuple[str, ...]) -> None:
    for value in values:
        if value not in allowed:
            choices = " or ".join(repr(one) for one in allowed)
            raise ValueError(f"`{option}` has {value!r}, which is not a choice. Choose {choices}.")


def colour_of(store: StateStore, state_colour: str, column: str | None = None) -> str:
    """What a cloud is coloured by, in one word: of a kept column `column:<name>`.

    Raises:
        ValueError: the run keeps no such column.
    """
    if state_colour == "class" and store.expected is not None:
        return "ep"  # what comes next is no class: its rank is the colour
    if state_colour != "column":
        return state_colour
    names = [one.name for one in store.columns]
    if not names or column not in (None, "", *names):
        there = f"It keeps {', '.join(names)}." if names else "It keeps none."
        raise ValueError(f"The run {store.name!r} keeps no column {(column or '')!r}. {there}")
    return f"column:{column or names[0]}"


DEFAULTS = DisplayOptions()
