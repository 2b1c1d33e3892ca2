"""A record of each request: by which way it went, how it was answered, how long that took."""

import re
import time
import traceback
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import flask
from dash import Dash

from hsvis.web.access import current_user

ID_HEADER = "X-Request-ID"
KEY = "hsvis.request"  # in the environment of a request
NO_ROUTE = "(none)"
FAILED = 500
CALLBACKS = "_dash-update-component"
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass
class RequestRecord:
    """One request; it is told to the observers when its answer is handed over or given up.

    Attributes:
        id: that of the proxy where it is well-formed, or a new one; it goes back with the answer.
        route: template of the address, `/state/<run>/<row>`, so that there are few.
        output: of a callback: the first property that it writes; "" otherwise.
        address: where it comes from, after the proxies that are trusted.
        seconds: from its arrival until the last of its answer was taken.
        error: the traceback, where the server is at fault.
    """

    id: str
    method: str
    path: str
    address: str
    route: str = NO_ROUTE
    output: str = ""
    user: str = ""
    status: int = 0
    n_bytes: int = 0
    seconds: float = 0.0
    error: str = ""
    began: float = field(default_factory=time.perf_counter)


Observer = Callable[[RequestRecord], None]


class Observed:
    """A WSGI application that tells of each request."""

    def __init__(self, application: WSGIApplication, observers: Iterable[Observer]) -> None:
        self._application, self._observers = application, tuple(observers)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        record = environ[KEY] = RequestRecord(
            id=given if _ID.fullmatch(given) else uuid.uuid4().hex,
            method=environ.get("REQUEST_METHOD", ""),
            path=environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace"),
            address=environ.get("REMOTE_ADDR", ""),
        )

        def begin(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
            record.status = int(status.split(" ", 1)[0])
            return start_response(status, [*headers, (ID_HEADER, record.id)], *error)

        try:
            answer = self._application(environ, begin)
        except BaseException:
            record.status, record.error = FAILED, traceback.format_exc()
            self._end(record)
            raise
        return _Answer(answer, record, self._end)

    def _end(self, record: RequestRecord) -> None:
        record.seconds = time.perf_counter() - record.began
        for observer in self._observers:
            observer(record)


class _Answer:
    """The body of an answer; its bytes are counted as the server takes them."""

    def __init__(self, body: Iterable[bytes], record: RequestRecord, end: Observer) -> None:
        self._body, self._record, self._end, self._ended = body, record, end, False

    def __iter__(self) -> Iterator[bytes]:
        for part in self._body:
            self._record.n_bytes += len(part)
            yield part
        self.close()

    def close(self) -> None:
        """Servers call it once all is sent, or the client has gone."""
        if self._ended:
            return
        self._ended = True
        try:
            if hasattr(self._body, "close"):
                self._body.close()
        finally:
            self._end(self._record)


def register(app: Dash, observers: Iterable[Observer]) -> None:
    """Puts the observers around the app's server.  They get the traceback of a fault, the client a line."""
    server = app.server
    callbacks = app.config.routes_pathname_prefix + CALLBACKS

    @server.before_request
    def _() -> None:
        rule = flask.request.url_rule
        record = _record()
        record.route = rule.rule if rule is not None else NO_ROUTE

    @server.after_request
    def _(answer: flask.Response) -> flask.Response:
        record = _record()
        record.user = current_user()
        if record.path == callbacks and record.method == "POST":
            record.output = first_output(flask.g.get("output", NO_ROUTE))
        took = time.perf_counter() - record.began
        answer.headers["Server-Timing"] = f"app;dur={1000 * took:.1f}"  # browsers show it beside the request
        return answer

    @server.errorhandler(FAILED)
    def _(error: Exception) -> flask.Response:
        text = f"The server failed; its log says why, at request {_record().id}.\n"
        return flask.Response(text, status=FAILED, mimetype="text/plain")

    def keep(error: Any) -> None:
        _record().error = "".join(traceback.format_exception(*error))

    server.log_exception = keep  # Flask's own prints many lines
    server.wsgi_app = Observed(server.wsgi_app, observers)


def first_output(output: str) -> str:
    """Of the outputs of a callback, as Dash joins them, the first one without its hash."""
    return output.strip(".").split("...")[0].split("@")[0]


def _record() -> RequestRecord:
    """Of the request that is being answered; a nameless one where no server stands around it, as in tests."""
    return flask.request.environ.setdefault(
        KEY, RequestRecord("", flask.request.method, flask.request.path, "")
    )
