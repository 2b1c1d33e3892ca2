"""All figures of a view: of its run, of its projection, and of a selected sequence."""

from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from hsvis.analysis.confusion import confusion_counts
from hsvis.analysis.units import decision_order
from hsvis.errors import DamagedFileError
from hsvis.figures import cloud
from hsvis.figures.class_overview import class_overview
from hsvis.figures.confidence import confidence
from hsvis.figures.confusion_matrix import confusion_matrix
from hsvis.figures.distances import distances
from hsvis.figures.ep_heatmap import ep_heatmap, independent_heatmap
from hsvis.figures.kinds.number import answers_plot, number_line, number_strip
from hsvis.figures.language.missed import missed
from hsvis.figures.language.ranks import ranks
from hsvis.figures.language.surprisal import surprisal
from hsvis.figures.language.top_tokens import top_tokens
from hsvis.figures.projection import projection
from hsvis.figures.style.steps import mark_boundary
from hsvis.figures.style.theme import empty
from hsvis.figures.unit_activity import unit_activity
from hsvis.figures.view import DEFAULTS, DisplayOptions, View, colour_of
from hsvis.figures.window import Bounds, Window, bounds
from hsvis.run.records import Sequence
from hsvis.run.store import StateStore
from hsvis.run.summary import text_names
from hsvis.run.winners import gap_reason

UNREADABLE = "The hidden states can't be read"
SIZE = (1000, 800)  # of the image of the cloud, CSS pixels


class RunFigures(NamedTuple):
    """What shows the answers to all sequences of a run."""

    class_overview: go.Figure
    confusion_matrix: go.Figure


@dataclass(frozen=True)
class SequenceFigures:
    """What shows one sequence step by step; all are empty if none is selected.

    Attributes:
        unreadable: why `unit_activity` is empty where the hidden states can't be read, and what to do.
    """

    ep_heatmap: go.Figure
    distances: go.Figure
    confidence: go.Figure
    unit_activity: go.Figure
    unreadable: str = ""


@dataclass(frozen=True)
class Board:
    """The seven figures of a view.

    Attributes:
        unreadable: as in `SequenceFigures`.
    """

    class_overview: go.Figure
    confusion_matrix: go.Figure
    projection: go.Figure
    ep_heatmap: go.Figure
    distances: go.Figure
    confidence: go.Figure
    unit_activity: go.Figure
    unreadable: str = ""

    def figures(self) -> dict[str, go.Figure]:
        """By the names that the views have on the page: `class-overview`, `confusion-matrix`, …"""
        names = [field.name for field in fields(self) if field.name != "unreadable"]
        return {name.replace("_", "-"): getattr(self, name) for name in names}


def board(
    view: View,
    index: int | None = None,
    options: DisplayOptions = DEFAULTS,
    *,
    size: tuple[int, int] = SIZE,
    ratio: float = 1.0,
) -> Board:
    """All seven figures; the projection holds the image of its cloud.

    Args:
        index: the selected sequence; None = none is.
        size: width and height of the image, CSS pixels.
        ratio: device pixels a CSS pixel, in the image.

    Raises:
        IndexError: there is no such sequence.
    """
    sequence = None if index is None else view.store.sequence(index)
    whole = bounds(view.projection.xy)
    trajectory = projection_figure(view, whole, index, options)
    trajectory.update_layout(
        images=[cloud_image(view, whole, options, size, ratio, dimmed=index is not None)]
    )
    of_run, of_sequence = run_figures(view), sequence_figures(view, sequence, options)
    return Board(
        class_overview=of_run.class_overview,
        confusion_matrix=of_run.confusion_matrix,
        projection=trajectory,
        ep_heatmap=of_sequence.ep_heatmap,
        distances=of_sequence.distances,
        confidence=of_sequence.confidence,
        unit_activity=of_sequence.unit_activity,
        unreadable=of_sequence.unreadable,
    )


def run_figures(view: View) -> RunFigures:
    """How many sequences each class has, and what they were classified as."""
    store, palette, theme = view.store, view.palette, view.theme
    if store.expected is not None:
        return RunFigures(ranks(store.expected, palette, theme), missed(store.expected, theme))
    if store.numbers is not None:
        return RunFigures(answers_plot(store.numbers, palette, theme), empty("", theme))
    verdicts = store.verdicts
    confusion = confusion_counts(verdicts.labels, verdicts.predicted, store.n_classes)
    return RunFigures(
        class_overview(confusion, store.classes, palette, theme, unit=f"{verdicts.unit}s"),
        confusion_matrix(confusion, store.classes, palette, theme),
    )


def sequence_figures(view: View, sequence: Sequence | None, options: DisplayOptions) -> SequenceFigures:
    """EP heatmap, distances, confidence and unit activity of a sequence of the view's run."""
    if sequence is None:
        blank = empty("", view.theme)
        return SequenceFigures(blank, blank, blank, blank)
    store, palette, theme = view.store, view.palette, view.theme
    ep, tokens, classes = sequence.ep, sequence.tokens, store.classes
    distance = store.distances(view.layer)[sequence.rows]
    largest = store.largest_distance(view.layer)
    units, unreadable = unit_figure(view, sequence, options)
    confident = confidence(ep, tokens, classes, palette, theme)
    if store.numbers is not None:
        numbers, values = store.numbers, store.numbers.steps[sequence.rows]
        truth = float(numbers.truth[sequence.index])
        heatmap = number_strip(values, numbers, tokens, palette, theme)
        confident = number_line(values, truth, numbers, tokens, palette, theme)
    elif sequence.expected is not None:
        heatmap = top_tokens(sequence.expected, tokens, palette, theme)
        confident = surprisal(sequence.expected, tokens, palette, theme)
    elif store.shown_class is None:
        heatmap = ep_heatmap(ep, tokens, classes, palette, theme, sequence.labels)
    else:
        whole = store.whole
        heatmap = independent_heatmap(
            whole.ep[sequence.rows], tokens, whole.classes, palette, theme, store.shown_class
        )
    moved = distances(distance, largest, ep, tokens, options.threshold, palette, theme)
    heatmap, bars, lines = (
        mark_boundary(one, sequence.boundary, theme) for one in (heatmap, moved, confident)
    )
    return SequenceFigures(heatmap, bars, lines, units, unreadable)


def unit_figure(view: View, sequence: Sequence | None, options: DisplayOptions) -> tuple[go.Figure, str]:
    """The unit activity of a sequence, and why it is empty where the hidden states can't be read."""
    if sequence is None:
        return empty("", view.theme), ""
    try:
        states = view.store.states(sequence.index, view.layer)
    except DamagedFileError as error:
        return empty(UNREADABLE, view.theme), error.told
    order = decision_order(states, sequence.ep) if options.units_by == "decision" else None
    figure = unit_activity(states, sequence.tokens, view.theme, order)
    return mark_boundary(figure, sequence.boundary, view.theme), ""


def projection_figure(
    view: View, whole: Bounds, index: int | None = None, options: DisplayOptions = DEFAULTS
) -> go.Figure:
    """The projection with the trajectory of a sequence, or none; without the image of the cloud.

    Its `meta` says what is shown: the cloud that belongs to it, the classes, the sequence and its class.

    Args:
        whole: x0, x1, y0, y1 of the whole cloud, from `window.bounds`.
    """
    store, rows = view.store, view.rows(index)
    figure = projection(
        whole,
        view.projection.xy[rows],
        store.ep[rows],
        view.palette,
        view.theme,
        options.trajectory,
        np.nan_to_num(store.distances(view.layer)[rows]),
    )
    meta: dict[str, Any] = {
        "run": store.name,
        "edition": view.edition,
        "cloud": view.cloud,
        "layer": view.layer,
        "projection": view.projection.name,
        "theme": view.theme.name,
        "palette": view.palette_name,
        "bounds": list(whole),
        "classes": list(store.classes),
        "shown": store.shown_class,
        "numbers": _numbers_told(store, index),
        "columns": [{"name": one.name, "kind": one.kind} for one in store.columns],
        "sequence": index,
        "first": rows.start,  # the row of its step 0
        "fitted": _fitted_steps(view, rows),
        "label": None if index is None else int(store.labels[index]),
        "unit": store.verdicts.unit,
        "gap": gap_reason(store.manifest),
        "boundary": None if index is None else store.sequence(index).boundary,
        "texts": text_names(store.manifest),
        "labels": _step_labels(view, rows),
        "titles": dict(store.answers.titles),
        "language": store.expected is not None,
    }
    return figure.update_layout(meta=meta, uirevision=view.cloud)


def _numbers_told(store: StateStore, index: int | None) -> dict[str, Any] | None:
    """What scripts are told of numbers: what they are called, their range, and the label of the sequence."""
    if store.numbers is None:
        return None
    truth = (
        None if index is None or np.isnan(store.numbers.truth[index]) else float(store.numbers.truth[index])
    )
    return {"name": store.numbers.name, "low": store.numbers.low, "high": store.numbers.high, "truth": truth}


def _step_labels(view: View, rows: slice) -> list[int] | None:
    """The labels of the steps of a sequence; None where steps have none of their own."""
    verdicts = view.store.verdicts
    of_steps = verdicts.unit == "step" and view.store.expected is None  # else the figures have its words
    return verdicts.labels[rows].tolist() if of_steps else None


def _fitted_steps(view: View, rows: slice) -> list[int] | None:
    """The steps of a sequence that the projection was fitted to; None where it was to all states."""
    fitted = view.projection.fitted
    return None if fitted is None else np.flatnonzero(fitted[rows]).tolist()


def cloud_image(
    view: View,
    whole: Bounds,
    options: DisplayOptions = DEFAULTS,
    size: tuple[int, int] = SIZE,
    ratio: float = 1.0,
    *,
    dimmed: bool = False,
) -> dict[str, Any]:
    """The whole cloud as an entry of `layout.images`, within the figure itself.

    Args:
        size, ratio: as for `board`.
        dimmed: beneath the trajectory of a selected sequence.
    """
    store = view.store
    width, height = (round(side * ratio) for side in size)
    window = Window(*whole, width, height, ratio=ratio, size=options.trajectory.size)
    look = cloud.Look(
        colour_of(store, options.state_colour, options.column),
        options.marks,
        cloud.emphasis(store, options.fade),
        options.drawing,
    )
    return cloud.layout_image(cloud.pixels(view, window, look), window, dimmed=dimmed)
