"""The data behind the views as files to download: CSV, and JSON for one sequence.

A CSV file is UTF-8 without a byte order mark (a script would read it as part of the first column's name;
a spreadsheet asks for the encoding when it imports), with a header, commas, quotes where needed, and CR LF.
Numbers are the shortest that read back as the same float32; a cell without a value is empty.  Tokens, texts
and class names stand as they are, so one that begins with `=`, `+`, `-` or `@` is a formula to a spreadsheet
that opens the file unasked: a sign put before it would be wrong data for every script.
"""

import csv
import io
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any, NamedTuple

import flask
import numpy as np
from dash import Dash
from werkzeug.exceptions import BadRequest, NotFound

from hsvis.analysis.confusion import confusion_counts
from hsvis.analysis.steps import class_changes
from hsvis.dashboard import asked
from hsvis.dashboard.runs import Runs, View
from hsvis.errors import DamagedFileError
from hsvis.store import Sequence, StateStore

CHUNK_ROWS = 10_000  # that are in memory at once
SEQUENCES = "sequences.csv"
SEQUENCE_JSON = "sequence.json"
SHARE = "distance ÷ largest"
ID_BYTES = 32  # that one id may take in a posted list, with what stands around it


class Table(NamedTuple):
    """A CSV file to be: `rows` has as many values a row as `header`, and may be read once."""

    header: list[str]
    rows: Iterable[Iterable[object]]


def register(app: Dash, runs: Runs) -> None:
    """Adds `export/<run>/<layer>/<projection>/<name>` to the app's server, under the app's path prefix."""
    folder = f"{app.config.routes_pathname_prefix}export/<run>/<layer>/<projection>/"

    def export(run: str, layer: str, projection: str, name: str) -> flask.Response:
        view = asked.view_of(runs, run, layer, projection)
        if name in OF_RUN:
            return _table_file(OF_RUN[name](view), view, name)
        if name not in OF_SEQUENCE and name != SEQUENCE_JSON:
            names = ", ".join((*OF_RUN, SEQUENCES, *OF_SEQUENCE, SEQUENCE_JSON))
            raise NotFound(f"There is no file {name!r} to export, only {names}.")
        sequence = _asked_sequence(view.store)
        file = f"sequence-{sequence.index}-{name}".replace("-sequence.", ".")
        if name == SEQUENCE_JSON:
            return _json_file(sequence_record(view, sequence), view, file)
        try:
            return _table_file(OF_SEQUENCE[name](view, sequence), view, file)
        except DamagedFileError as error:
            return flask.Response(f"{error}\n", status=409, mimetype="text/plain")

    def export_sequences(run: str, layer: str, projection: str) -> flask.Response:
        view = asked.view_of(runs, run, layer, projection)
        return _table_file(sequences(view.store, _asked_sequences(view.store)), view, SEQUENCES)

    app.server.add_url_rule(folder + "<name>", endpoint="hsvis:export", view_func=asked.plain_errors(export))
    app.server.add_url_rule(
        folder + SEQUENCES,
        endpoint="hsvis:export-sequences",
        view_func=asked.plain_errors(export_sequences),
        methods=["GET", "POST"],
    )


def class_overview(view: View) -> Table:
    """The parts of the bars that are not empty, the correct one first; no `actual` where it is unknown."""
    classes = view.store.classes
    rows = [
        (name, classes[k], row[k])
        for a, (name, row) in enumerate(_confusion(view.store))
        for k in sorted(range(len(classes)), key=lambda k: (k != a, k))
        if row[k]
    ]
    return Table(["actual", "predicted", "sequences"], rows)


def confusion_matrix(view: View) -> Table:
    """Counts, a row for each actual class, a column for each predicted one; no `actual` if it is unknown."""
    rows = [(name, *row) for name, row in _confusion(view.store)]
    return Table(["actual", *view.store.classes], rows)


def projection(view: View) -> Table:
    """All N states with their coordinates and EPs."""
    header = ["sequence", "step", "token", "x", "y", "winning class"]
    return Table([*header, *_ep_names(view.store)], _states(view))


def sequences(store: StateStore, chosen: Iterable[int]) -> Table:
    """These sequences in this order, each with its whole text."""
    header = ["id", "class", "classification", "correct", "confidence", "length", "text"]
    return Table(header, (_sequence_row(store, store.sequence(index)) for index in chosen))


def ep_heatmap(view: View, sequence: Sequence) -> Table:
    """EP of each class after each step."""
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
        **_ep_columns(view.store, sequence.ep),
        "winning class": _winners(view.store, sequence.ep),
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
        "ep": [_values(row) for row in sequence.ep],
        "winning_class": _winners(store, sequence.ep),
        "distance": _values(_distance(view, sequence)),
        "distance_share": _values(_distance_share(view, sequence)),
        "x": _values(view.projection.xy[sequence.rows, 0]),
        "y": _values(view.projection.xy[sequence.rows, 1]),
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
        "steps": [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)],
    }


OF_RUN: dict[str, Callable[[View], Table]] = {
    "class-overview.csv": class_overview,
    "confusion-matrix.csv": confusion_matrix,
    "projection.csv": projection,
}
OF_SEQUENCE: dict[str, Callable[[View, Sequence], Table]] = {
    "ep-heatmap.csv": ep_heatmap,
    "distances.csv": distances,
    "confidence.csv": confidence,
    "unit-activity.csv": unit_activity,
    "sequence.csv": sequence_steps,
}


def csv_chunks(table: Table, chunk_rows: int = CHUNK_ROWS) -> Iterator[bytes]:
    """The file in pieces of so many rows, made one by one as they are asked for."""
    rows = chain([table.header], table.rows)
    while chunk := list(islice(rows, chunk_rows)):
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\r\n").writerows(chunk)
        yield _encoded(text.getvalue())


def _table_file(table: Table, view: View, file: str) -> flask.Response:
    return _attached(flask.Response(csv_chunks(table), content_type="text/csv; charset=utf-8"), view, file)


def _json_file(record: dict[str, Any], view: View, file: str) -> flask.Response:
    content = json.dumps(record, ensure_ascii=False, allow_nan=False)
    return _attached(flask.Response(_encoded(content), mimetype="application/json"), view, file)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")  # a class name out of YAML may be half a surrogate pair


def _attached(response: flask.Response, view: View, file: str) -> flask.Response:
    """A file to be kept, not shown, under a name that every system can take."""
    name = "-".join((view.store.name, view.layer, view.projection.name, file))
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", name)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response


def _asked_sequence(store: StateStore) -> Sequence:
    """Raises: BadRequest if `sequence` is no number or missing; NotFound if there is none of that number."""
    given = flask.request.args.get("sequence")
    if given is None:
        raise BadRequest(f"Say which sequence: sequence=0 to {store.n_sequences - 1}.")
    return store.sequence(_id(store, given))


def _asked_sequences(store: StateStore) -> Iterable[int]:
    """The ids of a posted list or of `sequences`; all where none are given.  Raises BadRequest, NotFound."""
    if flask.request.method == "POST":
        given = _posted(ID_BYTES * (store.n_sequences + 1))
    elif "sequences" in flask.request.args:
        given = [part for part in flask.request.args["sequences"].split(",") if part.strip()]
    else:
        return range(store.n_sequences)
    if len(given) > store.n_sequences:
        raise BadRequest(f"{len(given):,} ids are more than the run has sequences: {store.n_sequences:,}.")
    return [_id(store, one) for one in given]


def _posted(most: int) -> list[object]:
    """The list of a JSON body of at most so many bytes.  Raises BadRequest."""
    body = flask.request.stream.read(most + 1)
    if len(body) > most:
        raise BadRequest("The list is longer than the run has sequences.")
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    given = content.get("sequences") if isinstance(content, dict) else None
    if not isinstance(given, list):
        raise BadRequest('The body has to be JSON with a list of ids: {"sequences": [0, 1]}.')
    return given


def _id(store: StateStore, given: object) -> int:
    """Raises: BadRequest if it is no number from 0; NotFound if there is no such sequence."""
    text = str(given).strip() if isinstance(given, int | str) and not isinstance(given, bool) else ""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        shown = f"{given!r:.40}"
        raise BadRequest(f"{shown} is not the id of a sequence: 0 to {store.n_sequences - 1}.")
    if int(text) >= store.n_sequences:
        raise NotFound(f"Run {store.name!r} has no sequence {text}: 0 to {store.n_sequences - 1}.")
    return int(text)


def _confusion(store: StateStore) -> list[tuple[str, list[int]]]:
    """Each actual class with C counts; last, without a name, the sequences whose class is unknown."""
    counts = confusion_counts(store.labels, store.predicted, store.n_classes).tolist()
    return list(zip([*store.classes, ""], counts, strict=False))


def _sequence_row(store: StateStore, one: Sequence) -> tuple[object, ...]:
    return (
        one.index,
        store.classes[one.label] if one.label >= 0 else "",
        store.classes[one.predicted],
        "" if one.correct is None else _yes_no(one.correct),
        *_numbers(store.confidence[[one.index]]),
        len(one.tokens),
        one.text,
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
    return Table(["step", "token", *columns], rows)


def _ep_names(store: StateStore) -> list[str]:
    return [f"EP {name}" for name in store.classes]


def _ep_columns(store: StateStore, ep: np.ndarray) -> dict[str, Iterable[object]]:
    """`ep`: (T, C) float32."""
    return {name: _numbers(ep[:, k]) for k, name in enumerate(_ep_names(store))}


def _xy_columns(view: View, rows: slice) -> dict[str, Iterable[object]]:
    xy = view.projection.xy[rows]  # (T, 2)
    return {"x": _numbers(xy[:, 0]), "y": _numbers(xy[:, 1])}


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
    """T names of classes.  `ep`: (T, C) float."""
    return [store.classes[k] for k in ep.argmax(axis=1).tolist()]


def _numbers(values: np.ndarray) -> list[str]:
    """(T,) float32 as the shortest text that reads back as the same; nothing for NaN."""
    return ["" if math.isnan(value) else str(value) for value in values]


def _values(values: np.ndarray) -> list[float | None]:
    """(T,) float32 as numbers that JSON writes as short; None for what JSON has no number for."""
    return [float(str(value)) if math.isfinite(value) else None for value in values]


def _yes_no(true: bool) -> str:
    return "yes" if true else "no"
