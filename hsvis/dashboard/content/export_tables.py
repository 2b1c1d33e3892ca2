"""What stands behind each view as tables, for files to download: routes/exports.py serves them."""

import math
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from hsvis.analysis.confusion import confusion_counts
from hsvis.analysis.steps import class_changes
from hsvis.dashboard.content.groups import MISSING_TEST, groups_of
from hsvis.figures.view import View
from hsvis.run.columns import PREFIX, cells_of
from hsvis.run.records import Sequence
from hsvis.run.store import StateStore
from hsvis.run.winners import winners

SHARE = "distance ÷ largest"


class Table(NamedTuple):
    """A CSV file to be: `rows` has as many values a row as `header`, and may be read once.

    `n_rows` is how many there are, where there may be many.
    """

    header: list[str]
    rows: Iterable[Iterable[object]]
    n_rows: int = 0


def class_overview(view: View) -> Table:
    """The parts of the bars that are not empty, the correct one first; no `actual` where it is unknown."""
    classes = view.store.classes
    rows = [
        (name, classes[k], row[k])
        for a, (name, row) in enumerate(_confusion(view.store))
        for k in sorted(range(len(classes)), key=lambda k: (k != a, k))
        if row[k]
    ]
    return Table(["actual", "predicted", f"{view.store.verdicts.unit}s"], rows)


def confusion_matrix(view: View) -> Table:
    """Counts, a row for each actual class, a column for each predicted one; no `actual` if it is unknown."""
    rows = [(name, *row) for name, row in _confusion(view.store)]
    return Table(["actual", *view.store.classes], rows)


def groups(view: View) -> Table:
    """Each group of each kept column; interval and rates are of the sequences with a label."""
    header = ["column", "group", "sequences", "known", "wrong", "error rate", "from", "to", "share of errors"]
    rows = []
    for column in view.store.columns:
        every = groups_of(view.store, column)
        n_errors = sum(one.counts.wrong for one in every)
        for one in every:
            counts = one.counts
            rates: tuple[object, ...] = ("", "", "")
            if counts.error_rate is not None:
                rates = (counts.error_rate, *(counts.interval or ("", "")))
            share = counts.wrong / n_errors if n_errors else ""
            label = "" if one.test == MISSING_TEST else one.label
            numbers = (counts.sequences, counts.known, counts.wrong, *rates, share)
            rows.append((column.name, label, *numbers))
    return Table(header, rows)


def projection(view: View) -> Table:
    """All N states with their coordinates and EPs; whether they were fitted, where some were placed."""
    place = [*_xy_columns(view, slice(0, 0))]
    header = ["sequence", "step", "token", *place, "winning class"]
    return Table([*header, *_ep_names(view.store)], _states(view), view.store.n_states)


def sequences(store: StateStore, chosen: Collection[int]) -> Table:
    """These sequences in this order, each with its whole text and the columns that are kept."""
    header = ["id", "class", "classification", "correct", "confidence", "length", "text"]
    if store.verdicts.unit == "step":
        header = ["id", "labelled steps", "correct steps", "length", "text"]
    header += [PREFIX + one.name for one in store.columns]
    rows = (_sequence_row(store, store.sequence(int(index))) for index in chosen)
    return Table(header, rows, len(chosen))


def ep_heatmap(view: View, sequence: Sequence) -> Table:
    """EP of each class after each step; none where the model does not read so few steps."""
    return _steps(sequence, _ep_columns(view.store, sequence.ep))


def distances(view: View, sequence: Sequence) -> Table:
    """Distance to the state before, as it is and divided by the layer's largest; none at step 0."""
    return _steps(sequence, _distance_columns(view, sequence))


def confidence(view: View, sequence: Sequence) -> Table:
    """Winning class and its EP, and whether another class won after the step before."""
    changes = set(class_changes(sequence.ep).tolist())
    columns: dict[str, Iterable[object]] = {
        "classification": _winners(view.store, sequence.ep),
        "confidence": _numbers(sequence.ep.max(axis=1)),
        "changed": [_yes_no(step in changes) for step in range(len(sequence.ep))],
    }
    return _steps(sequence, columns)


def unit_activity(view: View, sequence: Sequence) -> Table:
    """Value of each hidden unit after each step.  Raises DamagedFileError."""
    states = view.store.states(sequence.index, view.layer)  # (T, H)
    return _steps(sequence, {f"unit {j}": _numbers(states[:, j]) for j in range(states.shape[1])})


def sequence_steps(view: View, sequence: Sequence) -> Table:
    """All that is known of each step but the states themselves."""
    columns: dict[str, Iterable[object]] = {
        "known": [_yes_no(known) for known in sequence.known.tolist()],
        **_value_columns(view.store, sequence),
        **_ep_columns(view.store, sequence.ep),
        "winning class": _winners(view.store, sequence.ep),
        **_class_columns(view.store, sequence),
        **_distance_columns(view, sequence),
        **_xy_columns(view, sequence.rows),
    }
    return _steps(sequence, columns)


def sequence_record(view: View, sequence: Sequence) -> dict[str, Any]:
    """The same with the facts of the sequence, for JSON; null where there is no value."""
    store = view.store
    columns: dict[str, Iterable[object]] = {
        "step": range(len(sequence.tokens)),
        "token": sequence.tokens,
        "known": sequence.known.tolist(),
        **({} if sequence.values is None else {"values": [_values(row) for row in sequence.values]}),
        "ep": [_values(row) for row in sequence.ep],
        "winning_class": [one or None for one in _winners(store, sequence.ep)],
        **{name: [one or None for one in column] for name, column in _class_columns(store, sequence).items()},
        "distance": _values(_distance(view, sequence)),
        "distance_share": _values(_distance_share(view, sequence)),
        "x": _values(view.projection.xy[sequence.rows, 0]),
        "y": _values(view.projection.xy[sequence.rows, 1]),
        **(
            {}
            if view.projection.fitted is None
            else {"fitted": view.projection.fitted[sequence.rows].tolist()}
        ),
    }
    return {
        "run": store.name,
        "layer": view.layer,
        "projection": view.projection.name,
        "sequence": sequence.index,
        "text": sequence.text,
        "label": store.classes[sequence.label] if sequence.label >= 0 else None,
        "predicted": store.classes[sequence.predicted],
        "confidence": _values(store.confidence[[sequence.index]])[0],
        "correct": sequence.correct,
        "classes": list(store.classes),
        **({"kept": cells_of(store.columns, sequence.index)} if store.columns else {}),
        "steps": [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)],
    }


def _confusion(store: StateStore) -> list[tuple[str, list[int]]]:
    """Each actual class with C counts; last, without a name, what has no label."""
    verdicts = store.verdicts
    counts = confusion_counts(verdicts.labels, verdicts.predicted, store.n_classes).tolist()
    return list(zip([*store.classes, ""], counts, strict=False))


def _sequence_row(store: StateStore, one: Sequence) -> tuple[object, ...]:
    kept = ["" if cell is None else cell for cell in cells_of(store.columns, one.index).values()]
    if one.labels is not None:
        right = one.right_steps
        return one.index, len(right), int(right.sum()), len(one.tokens), one.text, *kept
    return (
        one.index,
        store.classes[one.label] if one.label >= 0 else "",
        store.classes[one.predicted],
        "" if one.correct is None else _yes_no(one.correct),
        *_numbers(store.confidence[[one.index]]),
        len(one.tokens),
        one.text,
        *kept,
    )


def _states(view: View) -> Iterator[tuple[object, ...]]:
    """N rows, made sequence by sequence."""
    store = view.store
    for index in range(store.n_sequences):
        one = store.sequence(index)
        columns = {**_xy_columns(view, one.rows), "winning class": _winners(store, one.ep)}
        columns |= _ep_columns(store, one.ep)
        yield from ((index, *row) for row in _steps(one, columns).rows)


def _steps(sequence: Sequence, columns: dict[str, Iterable[object]]) -> Table:
    """A row for each step: its number, its token and these columns of T values."""
    rows = zip(range(len(sequence.tokens)), sequence.tokens, *columns.values(), strict=True)
    return Table(["step", "token", *columns], rows, len(sequence.tokens))


def _value_columns(store: StateStore, sequence: Sequence) -> dict[str, Iterable[object]]:
    """Of a series, what the model read: a column for each feature."""
    if store.series is None or sequence.values is None:
        return {}
    names = [f"value {name}" for name in store.series.features]
    return dict(zip(names, map(_numbers, sequence.values.T), strict=True))


def _ep_names(store: StateStore) -> list[str]:
    return [f"EP {name}" for name in store.classes]


def _ep_columns(store: StateStore, ep: np.ndarray) -> dict[str, Iterable[object]]:
    """`ep`: (T, C) float32."""
    return {name: _numbers(ep[:, k]) for k, name in enumerate(_ep_names(store))}


def _xy_columns(view: View, rows: slice) -> dict[str, Iterable[object]]:
    xy, fitted = view.projection.xy[rows], view.projection.fitted  # (T, 2) and (N,)
    marks = {} if fitted is None else {"fitted": [_yes_no(one) for one in fitted[rows].tolist()]}
    return {"x": _numbers(xy[:, 0]), "y": _numbers(xy[:, 1]), **marks}


def _distance_columns(view: View, sequence: Sequence) -> dict[str, Iterable[object]]:
    return {
        "distance": _numbers(_distance(view, sequence)),
        SHARE: _numbers(_distance_share(view, sequence)),
    }


def _distance(view: View, sequence: Sequence) -> np.ndarray:
    """(T,) float32, NaN at step 0."""
    return view.store.distances(view.layer)[sequence.rows]


def _distance_share(view: View, sequence: Sequence) -> np.ndarray:
    """(T,) float32, 0 to 1, NaN at step 0."""
    largest = view.store.largest_distance(view.layer)
    share = _distance(view, sequence).astype(np.float64) / (largest if largest > 0 else 1)
    return share.astype(np.float32)


def _winners(store: StateStore, ep: np.ndarray) -> list[str]:
    """T names of classes, "" where a step has no EP.  `ep`: (T, C) float."""
    return [store.classes[k] if k >= 0 else "" for k in winners(ep).tolist()]


def _class_columns(store: StateStore, sequence: Sequence) -> dict[str, list[str]]:
    """Where each step has a label of its own, its class; nothing where it is unknown."""
    if sequence.labels is None:
        return {}
    return {"class": [store.classes[k] if k >= 0 else "" for k in sequence.labels.tolist()]}


def _numbers(values: np.ndarray) -> Iterator[str]:
    """(T,) float32 as the shortest text that reads back as the same; nothing for NaN.

    One by one as they are asked for: of a long sequence's units, texts would fill the memory.
    """
    return ("" if math.isnan(value) else str(value) for value in values)


def _values(values: np.ndarray) -> list[float | None]:
    """(T,) float32 as numbers that JSON writes as short; None for what JSON has no number for."""
    return [float(str(value)) if math.isfinite(value) else None for value in values]


def _yes_no(true: bool) -> str:
    return "yes" if true else "no"
