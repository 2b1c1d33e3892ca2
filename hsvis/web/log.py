"""The log of a server: a line for each request, as JSON for programs or as text for people.

A client can't write lines of its own: JSON escapes what it sends, and so does the text.  Queries are not
logged: they can hold words that people search for.
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO
from urllib.parse import quote

from hsvis.errors import ServerError
from hsvis.web.observed import RequestRecord


class JsonFormatter(logging.Formatter):
    """An object a line: the `RequestRecord` that stands at `record.request`, or else the message."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {"time": _time(record), "level": record.levelname.lower()}
        request, error = _request(record), _error(record)
        if request is None:
            told["message"] = _message(record)
        else:
            told |= {
                "method": request.method,
                "route": request.route,
                "path": request.path,
                "status": request.status,
                "ms": round(1000 * request.seconds, 1),
                "bytes": request.n_bytes,
                "user": request.user,
                "address": request.address,
                "id": request.id,
            }
            if request.output:
                told["output"] = request.output
        return json.dumps(told | ({"error": error} if error else {}))


class TextFormatter(logging.Formatter):
    """Words with spaces between them; the lines of a traceback follow, each begins with spaces."""

    def format(self, record: logging.LogRecord) -> str:
        request, error = _request(record), _indent(_error(record))
        if request is None:
            level, message = record.levelname.lower(), _indent(_message(record)).strip()
            return f"{_time(record)} {level} {message}{error}"
        words = (
            _time(record), request.status, _plain(request.method), _plain(request.path),
            f"{1000 * request.seconds:.1f} ms", f"{request.n_bytes} B", _plain(request.user) or "-",
            _plain(request.address), request.id,
        )  # fmt: skip
        return " ".join(map(str, words)) + error


FORMATS = {"json": JsonFormatter, "text": TextFormatter}


class Handler(logging.StreamHandler[TextIO]):
    """Lines on a stream, each whole."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  (of `logging`)
        """A full disk or a closed stream must not stop the answers."""
        if not isinstance(sys.exception(), (OSError, ValueError)):
            super().handleError(record)


class RequestLog:
    """The log of one app; safe to use from several threads."""

    def __init__(self, form: str = "json", stream: TextIO | None = None) -> None:
        """`form`: one of FORMATS; `stream`: standard error by default.  Raises ServerError."""
        if form not in FORMATS:
            raise ServerError(f"--log-format {form}: take {' or '.join(FORMATS)}.")
        self.form = form
        self.handler = Handler(stream)  # may be given to other loggers: those of libraries
        self.handler.setFormatter(FORMATS[form]())
        # in no tree of loggers: that of another app in this process has another stream
        self._logger = logging.Logger(__name__, logging.INFO)
        self._logger.addHandler(self.handler)

    def write(self, request: RequestRecord) -> None:
        """Writes the line of a request that is answered."""
        level = logging.ERROR if request.error else logging.INFO
        self._logger.log(level, "", extra={"request": request, "error": request.error})

    def say(self, message: str) -> None:
        """Tells of something else than a request."""
        self._logger.info("%s", message)

    def failed(
        self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Tells of a fault outside a request."""
        text = "".join(traceback.format_exception(kind, error, trace))
        self._logger.error("%s: %s", kind.__name__, error, extra={"error": text})


def _request(record: logging.LogRecord) -> RequestRecord | None:
    return getattr(record, "request", None)


def _error(record: logging.LogRecord) -> str:
    """The traceback, or ""."""
    if record.exc_info:
        return logging.Formatter().formatException(record.exc_info)
    return getattr(record, "error", "")


def _message(record: logging.LogRecord) -> str:
    """With the name of the library that says it."""
    return record.getMessage() if record.name == __name__ else f"{record.name}: {record.getMessage()}"


def _time(record: logging.LogRecord) -> str:
    """UTC, ISO 8601, to the millisecond."""
    return (
        datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def _plain(text: str) -> str:
    """Without spaces and line ends."""
    return quote(text, safe="/:@~+,;=()[]")


def _indent(text: str) -> str:
    """Each line behind the first of an entry begins with spaces, so that it can't be taken for another."""
    return "".join(f"\n    {line}" for line in text.splitlines())
