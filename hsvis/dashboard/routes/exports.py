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
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import nullcontext
from itertools import chain, islice

import flask
from dash import Dash
from werkzeug.exceptions import BadRequest, NotFound

from hsvis.catalogue.runs import Runs
from hsvis.dashboard.content import export_tables
from hsvis.dashboard.content.export_tables import Table
from hsvis.dashboard.content.number_tables import NO_CLASSES
from hsvis.dashboard.content.table_pages import Pages
from hsvis.dashboard.routes import answers, parameters
from hsvis.dashboard.routes.table import listing
from hsvis.errors import DamagedFileError
from hsvis.figures.view import View
from hsvis.run.records import Sequence
from hsvis.run.store import StateStore
from hsvis.web.capacity import TURNS, Capacity, check, departure

CHUNK_VALUES = 200_000  # that are in memory at once
LARGE = 100_000  # values of a file from which on it takes its turn
MOST_JSON = 4_000_000  # values of a JSON file, which is made in one piece
FOLDER = "export/<run>/<layer>/<projection>/"
SEQUENCES = "sequences.csv"
SEQUENCE_JSON = "sequence.json"
IDS = '{"sequences": [0, 1]}'
ID_BYTES = 32  # that one id may take in a posted list, with what stands around it


def register(app: Dash, runs: Runs, pages: Pages) -> None:
    """Adds `export/<run>/<layer>/<projection>/<name>` to the app's server, under the app's path prefix."""

    turns = Capacity(TURNS, "exports")

    def export(run: str, layer: str, projection: str, name: str) -> flask.Response:
        view = parameters.view_of(runs, run, layer, projection)
        if view.store.numbers is not None and name in ("confusion-matrix.csv", "groups.csv"):
            raise NotFound(NO_CLASSES)
        if name in OF_RUN:
            return _table_file(OF_RUN[name](view), view, name, turns)
        if name not in OF_SEQUENCE and name != SEQUENCE_JSON:
            names = ", ".join((*OF_RUN, SEQUENCES, *OF_SEQUENCE, SEQUENCE_JSON))
            raise NotFound(f"There is no file {name!r} to export, only {names}.")
        sequence = _asked_sequence(view.store)
        file = f"sequence-{sequence.index}-{name}".replace("-sequence.", ".")
        if name == SEQUENCE_JSON:
            return _json_file(view, sequence, file, turns)
        try:
            return _table_file(OF_SEQUENCE[name](view, sequence), view, file, turns)
        except DamagedFileError as error:
            return flask.Response(f"{error.told}\n", status=409, mimetype="text/plain")

    def export_sequences(run: str, layer: str, projection: str) -> flask.Response:
        view = parameters.view_of(runs, run, layer, projection)
        chosen = _asked_sequences(view, pages)
        return _table_file(export_tables.sequences(view.store, chosen), view, SEQUENCES, turns)

    answers.add_route(app, f"{FOLDER}<name>", export)
    answers.add_route(app, f"{FOLDER}{SEQUENCES}", export_sequences, "GET", "POST")


OF_RUN: dict[str, Callable[[View], Table]] = {
    "class-overview.csv": export_tables.class_overview,
    "confusion-matrix.csv": export_tables.confusion_matrix,
    "groups.csv": export_tables.groups,
    "projection.csv": export_tables.projection,
}
OF_SEQUENCE: dict[str, Callable[[View, Sequence], Table]] = {
    "ep-heatmap.csv": export_tables.ep_heatmap,
    "distances.csv": export_tables.distances,
    "confidence.csv": export_tables.confidence,
    "unit-activity.csv": export_tables.unit_activity,
    "sequence.csv": export_tables.sequence_steps,
}


def csv_chunks(
    table: Table, pause: Callable[[], object] = lambda: None, chunk_values: int = CHUNK_VALUES
) -> Iterator[bytes]:
    """The file in pieces of some values, made one by one as they are asked for.

    Args:
        pause: is called before each, and may raise.
    """
    rows, at_once = chain([table.header], table.rows), max(1, chunk_values // len(table.header))
    pause()
    while chunk := list(islice(rows, at_once)):
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\r\n").writerows(chunk)
        yield _encode(text.getvalue())
        pause()


def _table_file(table: Table, view: View, file: str, turns: Capacity) -> flask.Response:
    """Sent as it is made; a large one holds its turn until its last piece is taken.

    Raises: ServiceUnavailable, ClientGoneError.
    """
    has_gone = departure()
    is_large = table.n_rows * len(table.header) >= LARGE
    release = turns.take(1, has_gone) if is_large else None
    chunks = csv_chunks(table, lambda: check(has_gone))
    response = flask.Response(chunks, content_type="text/csv; charset=utf-8")
    if release is not None:
        response.call_on_close(release)
    return _attach(response, view, file)


def _json_file(view: View, sequence: Sequence, file: str, turns: Capacity) -> flask.Response:
    """Made in one piece, a large one in its turn; not for who asks whether it would be, by HEAD.

    Raises: BadRequest if it would be too long; ServiceUnavailable, ClientGoneError.
    """
    n_values = len(sequence.tokens) * view.store.n_classes
    if n_values > MOST_JSON:
        raise BadRequest(
            f"Sequence {sequence.index} has {len(sequence.tokens):,} steps with {view.store.n_classes:,} EPs "
            "each: too much for JSON. Take sequence.csv."
        )
    with turns.hold(1, departure()) if n_values >= LARGE else nullcontext():
        content: Iterable[bytes] = iter(())  # of no length that is told
        if flask.request.method != "HEAD":
            record = export_tables.sequence_record(view, sequence)
            content = [_encode(json.dumps(record, ensure_ascii=False, allow_nan=False))]
    return _attach(flask.Response(content, mimetype="application/json"), view, file)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "replace")  # a class name out of YAML may be half a surrogate pair


def _attach(response: flask.Response, view: View, file: str) -> flask.Response:
    return attach(response, "-".join((view.store.name, view.layer, view.projection.name, file)))


def attach(response: flask.Response, name: str) -> flask.Response:
    """A file to be kept, not shown, under a name that every system can take."""
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
    return store.sequence(parameters.sequence(store, given))


def _asked_sequences(view: View, pages: Pages) -> Collection[int]:
    """The ids of a posted list or of `sequences`; else those of the table as it is filtered and sorted.

    Raises: BadRequest, NotFound.
    """
    store = view.store
    if flask.request.method == "POST":
        given = _read_sequences(ID_BYTES * (store.n_sequences + 1))
    elif "sequences" in flask.request.args:
        given = [part for part in flask.request.args["sequences"].split(",") if part.strip()]
    else:
        order: Collection[int] = pages.order(view, listing(view))
        return order
    if len(given) > store.n_sequences:
        raise BadRequest(f"{len(given):,} ids are more than the run has sequences: {store.n_sequences:,}.")
    return [parameters.sequence(store, one) for one in given]


def _read_sequences(most: int) -> list[object]:
    """The list of a JSON body of at most so many bytes.  Raises BadRequest."""
    flask.request.max_content_length = 2**62  # no more is read than the next line says
    too_long = BadRequest("The list is longer than the run has sequences.")
    given = parameters.json_object(IDS, most, too_long).get("sequences")
    if not isinstance(given, list):
        raise BadRequest(f"Send a JSON object with a list of ids: {IDS}.")
    return given
