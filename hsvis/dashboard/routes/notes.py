"""Notes and saved filters, as the page's scripts and others ask for them.

What is whose goes by who asks: the user who is logged in, or, on a server where nobody has to, the name that
the browser sends along.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import flask
import numpy as np
from dash import Dash
from werkzeug.exceptions import BadRequest, Conflict, NotFound, RequestEntityTooLarge

from hsvis.catalogue.runs import Runs
from hsvis.dashboard.content import kept_filters
from hsvis.dashboard.content.filters import Filter
from hsvis.dashboard.routes import answers, note_files, parameters
from hsvis.errors import NotesError
from hsvis.notes import Note, Notes, NotYoursError, checked_name
from hsvis.run.store import StateStore
from hsvis.web.access import Access, current_user

LARGEST_BODY = 64 * 1024  # bytes: a note of 5,000 characters, each written as two escapes
LARGEST_FILTER = 256 * 1024  # eight regions of 500 points
MOST = 500  # notes in one answer
NOTE = "the number of a note"
EXAMPLE = '{"sequence": 7, "step": 3, "text": "Why here?"}'


def register(app: Dash, runs: Runs, notes: Notes, access: Access) -> None:
    """Adds `notes/…` and `saved-filters/…` to the app's server, under the app's own path prefix."""

    def route(method: str, rule: str, respond: Callable[..., flask.Response]) -> None:
        answers.add_route(app, rule, _refusals(respond), method)

    def listed(run: str) -> flask.Response:
        stem, _, kind = run.rpartition(".")
        if run not in runs and kind in note_files.KINDS:
            kept, _ = notes.listed(parameters.store_of(runs, stem).name)
            return note_files.KINDS[kind](kept, _links(app.config.requests_pathname_prefix))
        return answers.fresh(_list_notes(notes, parameters.store_of(runs, run), access))

    def add(run: str) -> flask.Response:
        store = parameters.store_of(runs, run)
        given = _read_body(access, LARGEST_BODY)
        sequence = parameters.sequence(store, given.get("sequence"))
        step = _step(store, sequence, given.get("step"))
        made = notes.add(
            run, _build(store), sequence, step, _words(store, sequence, step), given["text"], _author(given)
        )
        return answers.fresh(_describe(store, made))

    def edit(run: str, note: str) -> flask.Response:
        store = parameters.store_of(runs, run)
        given = _read_body(access, LARGEST_BODY)
        edited = notes.edit(run, _number(note, NOTE), given["text"], _author(given))
        return answers.fresh(_describe(store, edited))

    def delete(run: str, note: str) -> flask.Response:
        parameters.store_of(runs, run)
        given = _read_body(access, LARGEST_BODY)
        notes.delete(run, _number(note, NOTE), _author(given))
        return answers.fresh({"id": int(note)})

    def filters(run: str) -> flask.Response:
        parameters.store_of(runs, run)
        kept = [asdict(one) | {"filter": json.loads(one.filter)} for one in notes.filters(run)]
        return answers.fresh({"user": current_user(), "save": access.save, "filters": kept})

    def save_filter(run: str) -> flask.Response:
        store = parameters.store_of(runs, run)
        given = _read_body(access, LARGEST_FILTER)
        filter = _filter(store, given.get("filter"))
        cloud = _cloud(store, given) if "regions" in filter else ("", "")
        made = notes.save_filter(run, given.get("name", ""), json.dumps(filter), *cloud, _author(given))
        return answers.fresh(asdict(made) | {"filter": filter})

    def delete_filter(run: str) -> flask.Response:
        parameters.store_of(runs, run)
        given = _read_body(access, LARGEST_BODY)
        notes.delete_filter(run, given.get("name", ""), _author(given))
        return answers.fresh({"name": given["name"]})

    route("GET", "notes/<run>", listed)
    route("POST", "notes/<run>", add)
    route("PATCH", "notes/<run>/<note>", edit)
    route("DELETE", "notes/<run>/<note>", delete)
    route("GET", "saved-filters/<run>", filters)
    route("POST", "saved-filters/<run>", save_filter)
    route("DELETE", "saved-filters/<run>", delete_filter)


def _refusals(respond: Callable[..., flask.Response]) -> Callable[..., flask.Response]:
    """What the notes refuse, as answers; the path of their file is for whoever runs the server alone."""

    def answer(**ids: str) -> flask.Response:
        try:
            return respond(**ids)
        except ValueError as error:
            raise BadRequest(str(error)) from None
        except KeyError:
            raise NotFound(
                "There is no note or saved filter of that name or number; it may have been deleted."
            ) from None
        except NotYoursError as error:
            raise Conflict(str(error)) from None
        except NotesError as error:
            flask.current_app.logger.error("%s", error)
            return flask.Response(f"The file of notes {error.reason}.\n", status=503, mimetype="text/plain")

    return answer


def _read_body(access: Access, most: int) -> dict[str, Any]:
    """The JSON object of a request that writes; it has a `text`.

    Raises: Forbidden: another site's page asks, or saving is switched off; BadRequest; RequestEntityTooLarge.
    """
    parameters.check_sender()
    access.check_save()
    too_long = RequestEntityTooLarge(f"What is to be saved is too long: {most:,} bytes are allowed.")
    return {"text": ""} | parameters.json_object(EXAMPLE, most, too_long)


def _author(given: dict[str, Any]) -> str:
    """Who writes: the user, else the name that was sent along, which may be "".  Raises ValueError."""
    name = current_user() or given.get("author") or ""
    return checked_name(name, "The name of an author") if name != "" else ""


def _number(given: str, what: str) -> int:
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        raise BadRequest(f"{given[:40]!r} is not {what}: a number from 0.")
    return int(given)


def _step(store: StateStore, sequence: int, given: object) -> int | None:
    """Raises BadRequest."""
    if given is None:
        return None
    length = int(store.lengths[sequence])
    if type(given) is not int or not 0 <= given < length:
        raise BadRequest(f"{given!r:.40} is not a step of sequence {sequence}: 0 to {length - 1}, or null.")
    return given


def _words(store: StateStore, sequence: int, step: int | None) -> str:
    if step is None:
        return store.beginnings(60, np.array([sequence]))[0]
    return store.tokens_at(np.array([store.offsets[sequence] + step]))[0]


def _build(store: StateStore) -> str:
    return store.manifest.keys.states


def _list_notes(notes: Notes, store: StateStore, access: Access) -> dict[str, Any]:
    """What the panel shows.  Raises: BadRequest, NotesError."""
    arguments = flask.request.args
    sequence = arguments.get("sequence")
    kept, found = notes.listed(
        store.name,
        sequence=None if sequence is None else _number(sequence, "the id of a sequence"),
        author=arguments.get("author"),
        words=arguments.get("words", "")[:200].strip(),
        limit=min(_number(arguments.get("limit", "50"), "how many notes to list"), MOST),
        skip=min(_number(arguments.get("skip", "0"), "how many notes to skip"), 10**9),
    )
    return {
        "run": store.name,
        "user": current_user(),
        "save": access.save,
        "notes": [_describe(store, one) for one in kept],
        "found": found,
        "counts": notes.counts(store.name),
        "authors": notes.authors(store.name),
    }


def _describe(store: StateStore, note: Note) -> dict[str, Any]:
    described = asdict(note)
    return described | {"other_build": described.pop("build") != _build(store)}


def _filter(store: StateStore, given: object) -> dict[str, Any]:
    """The parts of a filter that are set, as `Filter.parse` takes them.  Raises BadRequest."""
    read = parameters.filter_of(store, given)
    if read.is_empty:
        raise BadRequest("There is no filter to save: choose classes, words or regions first.")
    nothing = asdict(Filter())
    parts = {key: value for key, value in asdict(read).items() if value != nothing[key]}
    return parts | ({"columns": kept_filters.asked(read.columns, store.columns)} if read.columns else {})


def _cloud(store: StateStore, given: dict[str, Any]) -> tuple[str, str]:
    """Layer and projection that regions belong to.  Raises BadRequest."""
    layer, name = given.get("layer"), given.get("projection")
    if layer not in store.layers or name not in [one.name for one in store.projections(layer)]:
        raise BadRequest("A filter with regions needs the `layer` and `projection` that they were drawn in.")
    return layer, name


def _links(prefix: str) -> Callable[[Note], str]:
    """The address of a note's sequence and step, as assets/panels/address.mjs reads it."""
    page = flask.request.host_url.rstrip("/") + prefix

    def link(note: Note) -> str:
        return note_files.address(page, note)

    return link
