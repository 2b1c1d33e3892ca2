"""What stands behind each view as tables, for files to download: routes/exports.py serves them."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from hsvis.analysis.confusion import confusion_counts
from hsvis.analysis.steps import class_changes
from hsvis.dashboard.content import number_tables
from hsvis.dashboard.content import step_columns as steps
from hsvis.dashboard.content.groups import MISSING_TEST, groups_of
from hsvis.dashboard.content.independent_tables import columns_of_sequences, record_of_all
from hsvis.dashboard.content.language import next_tokens as following
from hsvis.dashboard.content.language.run_tables import missed_rows, rank_rows
from hsvis.dashboard.content.written import ep_names, numbers, values, yes_no
from hsvis.figures.view import View
from hsvis.run.columns import PREFIX, cells_of
from hsvis.run.records import Sequence
from hsvis.run.store import StateStore
from hsvis.run.winners import winners


class Table(NamedTuple):
    """A CSV file to be: `rows` has as many values a row as `header`, and may be read once.

    `n_rows` is how many there are, where there may be many.
    """

    header: list[str]
    rows: Iterable[Iterable[object]]
    n_rows: int = 0


def class_overview(view: View) -> Table:
    """The parts of the bars that are not empty, the correct one first; no `actual` where it is unknown."""
    if view.store.expected is not None:
        return Table(*rank_rows(view.store.expected))
    if view.store.numbers is not None:
        return Table(*number_tables.labels_and_answers(view.store), view.store.n_sequences)
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
    if view.store.expected is not None:
        return Table(*missed_rows(view.store.expected))
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
            told = (counts.sequences, counts.known, counts.wrong, *rates, share)
            rows.append((column.name, label, *told))
    return Table(header, rows)


def projection(view: View) -> Table:
    """All N states with their coordinates and EPs; whether they were fitted, where some were placed."""
    place = [*steps.xy_columns(view, slice(0, 0))]
    expected = view.store.expected
    wins = [] if view.store.numbers is not None else ["winning class"]
    names = [*wins, *ep_names(view.store.whole)] if expected is None else following.next_names(expected)
    return Table(["sequence", "step", "token", *place, *names], _states(view), view.store.n_states)


def sequences(store: StateStore, chosen: Collection[int]) -> Table:
    """These sequences in this order, each with its whole text and the columns that are kept."""
    store = store.whole
    if not store.answers.is_exclusive:
        of_kind = columns_of_sequences if store.answers.has_classes else number_tables.columns_of_sequences
        header, of_answers = of_kind(store)
        ids = [int(index) for index in chosen]
        texts = store.texts_at(np.array(ids, np.int64))
        kept = (
            ["" if cell is None else cell for cell in cells_of(store.columns, index).values()]
            for index in ids
        )
        rows = ((i, *of_answers(i), text, *cells) for i, text, cells in zip(ids, texts, kept, strict=True))
        return Table(["id", *header, "text", *(PREFIX + one.name for one in store.columns)], rows, len(ids))
    header = ["id", "class", "classification", "correct", "confidence", "length", "text"]
    if store.verdicts.unit == "step":
        header = ["id", "labelled steps", "correct steps", "length", "text"]
    if store.expected is not None:
        header = ["id", "next tokens", "first choices", "perplexity", "length", "text"]
    header += [PREFIX + one.name for one in store.columns]
    rows = (_sequence_row(store, store.sequence(int(index))) for index in chosen)
    return Table(header, rows, len(chosen))


def ep_heatmap(view: View, sequence: Sequence) -> Table:
    """EP of each class after each step; none where the model does not read so few steps."""
    return _steps(sequence, _answer_columns(view.store, sequence))


def distances(view: View, sequence: Sequence) -> Table:
    """Distance to the state before, as it is and divided by the layer's largest; none at step 0."""
    return _steps(sequence, steps.distance_columns(view, sequence))


def confidence(view: View, sequence: Sequence) -> Table:
    """Winning class and its EP, and whether another class won after the step before.

    Of a language model what came next, its rank, probability and surprisal.
    """
    if sequence.expected is not None:
        return _steps(sequence, following.came_columns(sequence.expected))
    if view.store.numbers is not None:
        return ep_heatmap(view, sequence)
    changes = set(class_changes(sequence.ep).tolist())
    columns: dict[str, Iterable[object]] = {
        "classification": _winners(view.store, sequence.ep),
        "confidence": numbers(sequence.ep.max(axis=1)),
        "changed": [yes_no(step in changes) for step in range(len(sequence.ep))],
    }
    return _steps(sequence, columns)


def unit_activity(view: View, sequence: Sequence) -> Table:
    """Value of each hidden unit after each step.  Raises DamagedFileError."""
    states = view.store.states(sequence.index, view.layer)  # (T, H)
    return _steps(sequence, {f"unit {j}": numbers(states[:, j]) for j in range(states.shape[1])})


def sequence_steps(view: View, sequence: Sequence) -> Table:
    """All that is known of each step but the states themselves."""
    columns: dict[str, Iterable[object]] = {
        "known": [yes_no(known) for known in sequence.known.tolist()],
        **steps.value_columns(view.store, sequence),
        **_answer_columns(view.store, sequence),
        **_winning(view.store, sequence),
        **_class_columns(view.store, sequence),
        **steps.distance_columns(view, sequence),
        **steps.xy_columns(view, sequence.rows),
    }
    return _steps(sequence, columns)


def sequence_record(view: View, sequence: Sequence) -> dict[str, Any]:
    """The same with the facts of the sequence, for JSON; null where there is no value."""
    store = view.store
    columns: dict[str, Iterable[object]] = {
        "step": range(len(sequence.tokens)),
        "token": sequence.tokens,
        "known": sequence.known.tolist(),
        **({} if sequence.values is None else {"values": [values(row) for row in sequence.values]}),
        **_answer_records(store, sequence),
        **{name: [one or None for one in column] for name, column in _class_columns(store, sequence).items()},
        "distance": values(steps.distance(view, sequence)),
        "distance_share": values(steps.distance_share(view, sequence)),
        "x": values(view.projection.xy[sequence.rows, 0]),
        "y": values(view.projection.xy[sequence.rows, 1]),
        **(
            {}
            if view.projection.fitted is None
            else {"fitted": view.projection.fitted[sequence.rows].tolist()}
        ),
    }
    of_classes = {} if store.numbers is not None else {
        "label": store.classes[sequence.label] if sequence.label >= 0 else None,
        "predicted": store.classes[sequence.predicted] if sequence.predicted >= 0 else None,
        "confidence": values(store.confidence[[sequence.index]])[0],
        "correct": sequence.correct,
        "classes": list(store.classes) if store.expected is None else [],
    }  # fmt: skip
    return {
        "run": store.name,
        "layer": view.layer,
        "projection": view.projection.name,
        "sequence": sequence.index,
        "text": sequence.text,
        **of_classes,
        **record_of_all(store, sequence),
        **number_tables.record_of(store, sequence),
        **({"kept": cells_of(store.columns, sequence.index)} if store.columns else {}),
        "steps": [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)],
    }


def _whole_ep(store: StateStore, sequence: Sequence) -> np.ndarray:
    """(T, C) float32: EPs of all classes, also where one of several independent ones is shown; or numbers."""
    return sequence.ep if store.whole is store else store.whole.ep[sequence.rows]


def _confusion(store: StateStore) -> list[tuple[str, list[int]]]:
    """Each actual class with C counts; last, without a name, what has no label."""
    verdicts = store.verdicts
    counts = confusion_counts(verdicts.labels, verdicts.predicted, store.n_classes).tolist()
    return list(zip([*store.classes, ""], counts, strict=False))


def _sequence_row(store: StateStore, one: Sequence) -> tuple[object, ...]:
    kept = ["" if cell is None else cell for cell in cells_of(store.columns, one.index).values()]
    if one.labels is not None:
        right = one.right_steps
        counts = (len(right), int(right.sum())) if one.expected is None else following.counts_of(one.expected)
        return one.index, *counts, len(one.tokens), one.text, *kept
    return (
        one.index,
        store.classes[one.label] if one.label >= 0 else "",
        store.classes[one.predicted],
        "" if one.correct is None else yes_no(one.correct),
        *numbers(store.confidence[[one.index]]),
        len(one.tokens),
        one.text,
        *kept,
    )


def _states(view: View) -> Iterator[tuple[object, ...]]:
    """N rows, made sequence by sequence."""
    store = view.store
    for index in range(store.n_sequences):
        one = store.sequence(index)
        columns = {**steps.xy_columns(view, one.rows), **_winning(store, one)}
        columns |= _answer_columns(store, one)
        yield from ((index, *row) for row in _steps(one, columns).rows)


def _steps(sequence: Sequence, columns: dict[str, Iterable[object]]) -> Table:
    """A row for each step: its number, its token and these columns of T values."""
    rows = zip(range(len(sequence.tokens)), sequence.tokens, *columns.values(), strict=True)
    return Table(["step", "token", *columns], rows, len(sequence.tokens))


def _answer_columns(store: StateStore, one: Sequence) -> dict[str, Iterable[object]]:
    """EPs of the classes, or of a language model its next tokens."""
    if one.expected is not None:
        return following.next_columns(one.expected)
    return _ep_columns(store.whole, _whole_ep(store, one))


def _answer_records(store: StateStore, one: Sequence) -> dict[str, list[Any]]:
    if one.expected is not None:
        return following.next_records(one.expected)
    if store.numbers is not None:
        return {"ep": [values(row) for row in _whole_ep(store, one)]}
    winning = [name or None for name in _winners(store, one.ep)]
    return {"ep": [values(row) for row in one.ep], "winning_class": winning}


def _ep_columns(store: StateStore, ep: np.ndarray) -> dict[str, Iterable[object]]:
    """`ep`: (T, C) float32."""
    return {name: numbers(ep[:, k]) for k, name in enumerate(ep_names(store))}


def _winners(store: StateStore, ep: np.ndarray) -> list[str]:
    """T names of classes, "" where a step has no EP.  `ep`: (T, C) float."""
    return [store.classes[k] if k >= 0 else "" for k in winners(ep).tolist()]


def _winning(store: StateStore, sequence: Sequence) -> dict[str, Iterable[object]]:
    """The class that wins after each step; nothing of numbers and of next tokens."""
    return (
        {}
        if store.numbers is not None or store.expected is not None
        else {"winning class": _winners(store, sequence.ep)}
    )


def _class_columns(store: StateStore, sequence: Sequence) -> dict[str, list[str]]:
    """Where each step has a label of its own, its class; nothing where it is unknown."""
    if sequence.labels is None or sequence.expected is not None:
        return {}
    return {"class": [store.classes[k] if k >= 0 else "" for k in sequence.labels.tolist()]}
