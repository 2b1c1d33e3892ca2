"""The log of a server: a line for each request, as JSON for programs or as text for people."""

import json
import logging
import sys
import threading
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO
from urllib.parse import quote

from hsvis.errors import ServerError
from hsvis.web.observed import Seen

FORMATS = ("json", "text")


class RequestLog:
    """Lines on a stream, each whole; safe to use from several threads.

    No query is logged: it can hold words that people search for.  What a client sends can't begin a
    line of its own: JSON escapes it, and so does the text.
    """

    def __init__(self, form: str = "json", stream: TextIO | None = None) -> None:
        """`form`: one of FORMATS; `stream`: standard error by default.  Raises ServerError."""
        if form not in FORMATS:
            raise ServerError(f"--log-format {form}: take {' or '.join(FORMATS)}.")
        self.form, self._stream, self._writing = form, stream, threading.Lock()

    def seen(self, seen: Seen) -> None:
        """Tells of a request that is answered."""
        if self.form == "json":
            told: dict[str, Any] = {
                "time": _now(),
                "level": "error" if seen.error else "info",
                "method": seen.method,
                "route": seen.route,
                "path": seen.path,
                "status": seen.status,
                "ms": round(1000 * seen.seconds, 1),
                "bytes": seen.n_bytes,
                "user": seen.user,
                "address": seen.address,
                "id": seen.id,
            }
            named = {"output": seen.output, "error": seen.error}
            self._write(json.dumps(told | {name: text for name, text in named.items() if text}))
            return
        words = (
            _now(), seen.status, _plain(seen.method), _plain(seen.path), f"{1000 * seen.seconds:.1f} ms",
            f"{seen.n_bytes} B", _plain(seen.user) or "-", _plain(seen.address), seen.id,
        )  # fmt: skip
        self._write(" ".join(map(str, words)) + _indented(seen.error))

    def say(self, message: str, level: str = "info", error: str = "") -> None:
        """Tells of something else than a request."""
        if self.form == "json":
            told = {"time": _now(), "level": level, "message": message} | ({"error": error} if error else {})
            self._write(json.dumps(told))
        else:
            self._write(f"{_now()} {level} {_indented(message).strip()}{_indented(error)}")

    def failed(
        self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Tells of a fault outside a request."""
        self.say(
            f"{kind.__name__}: {error}", "error", "".join(traceback.format_exception(kind, error, trace))
        )

    def _write(self, line: str) -> None:
        stream = self._stream or sys.stderr
        with self._writing, suppress(OSError, ValueError):  # a full disk must not stop the answers
            stream.write(line + "\n")
            stream.flush()


class Handler(logging.Handler):
    """What the libraries log, in lines of the same form."""

    def __init__(self, log: RequestLog) -> None:
        super().__init__()
        self._log = log
        self.setFormatter(logging.Formatter())

    def emit(self, record: logging.LogRecord) -> None:
        error = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
        self._log.say(f"{record.name}: {record.getMessage()}", record.levelname.lower(), error)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(text: str) -> str:
    """Without spaces and line ends."""
    return quote(text, safe="/:@~+,;=()[]")


def _indented(text: str) -> str:
    """Each line behind the first of an entry begins with spaces, so that it can't be taken for another."""
    return "".join(f"\n    {line}" for line in text.splitlines())
