"""A command of hsvis in a process of its own: it tells its progress, can be stopped, and leaves no orphan."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from hsvis import paths
from hsvis.errors import HsvisError
from hsvis.progress import Progress

PATIENCE = 5.0  # seconds until a process that was asked to stop is killed
NICENESS = 5  # of the child: whoever serves the page goes first


class ChildError(HsvisError):
    """A command that did not end well; the message is its own."""


class Child:
    """One command of `hsvis`, started at once."""

    def __init__(self, arguments: Sequence[str]) -> None:
        """`arguments`: a command that takes `--progress json` and `--stop-at-eof`."""
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (closed in `wait`)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "hsvis", *arguments, "--progress", "json", "--stop-at-eof"],
            stdin=subprocess.PIPE,  # stays open as long as this process lives: see `stop_at_eof`
            stdout=subprocess.PIPE,
            stderr=self._said,
            env=paths.child_environment(),
            start_new_session=True,  # Ctrl+C is for the server, which then stops its children
        )

    def wait(self, progress: Progress) -> Path:
        """Hands its progress on until it ends; returns the run's folder, its last line.

        Raises:
            ChildError: it failed, or was stopped.
        """
        last = ""
        with self._said:
            for line in self._process.stdout or ():
                text = line.decode("utf-8", "replace").strip()
                report = _report(text)
                if report is None:
                    last = text or last
                else:
                    progress(*report)
            status = self._process.wait()
            self._close()
            if status == 0:
                return Path(last)
            self._said.seek(0)
            raise ChildError(_in_words(self._said.read().decode("utf-8", "replace"), status))

    def stop(self) -> None:
        """Asks it to end; what it has finished is kept."""
        self._process.terminate()

    def end(self) -> None:
        """Returns once it has ended, by force if need be."""
        self.stop()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _close(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def _report(line: str) -> tuple[str, int, int, str] | None:
    """A report of `JsonProgress`; None for any other line."""
    if not line.startswith("{"):
        return None
    try:
        found = json.loads(line)
        return str(found["stage"]), int(found["done"]), int(found["total"]), str(found["note"])
    except (ValueError, KeyError, TypeError):
        return None


def _in_words(said: str, status: int) -> str:
    """Why a command ended: its own message, from the last line that begins with `hsvis:`."""
    lines = said.strip().splitlines()
    starts = [k for k, line in enumerate(lines) if line.startswith("hsvis: ")]
    if starts:
        return "\n".join(lines[starts[-1] :]).removeprefix("hsvis: ")
    if status < 0:
        return (
            f"The work was ended by signal {-status}, perhaps because memory ran out. "
            "Make room or take a smaller `dataset.limit`, then try again: what is whole is kept."
        )
    why = lines[-1] if lines else f"exit code {status}"
    return f"The work ended unexpectedly: {why}. Run it with `hsvis build` to see all that it says."


class JsonProgress:
    """One JSON object a line for each report, at most ten a second of one stage."""

    def __init__(self, stream: IO[str] | None = None, pause: float = 0.1) -> None:
        self._stream = stream or sys.stdout
        self._pause = pause
        self._stage, self._last = "", 0.0

    def __call__(self, stage: str, done: int, total: int, note: str = "") -> None:
        now = time.monotonic()
        if stage == self._stage and done < total and now - self._last < self._pause:
            return
        self._stage, self._last = stage, now
        report = {"stage": stage, "done": int(done), "total": int(total), "note": note}
        print(json.dumps(report), file=self._stream, flush=True)


def stop_at_eof() -> None:
    """Ends this process when its standard input does: then whoever started it is gone, however it went.

    Files are written aside and renamed, so it can end at any moment.
    """

    def watch() -> None:
        with contextlib.suppress(OSError, ValueError):
            while os.read(0, 1024):
                pass
        os._exit(130)

    if hasattr(os, "nice"):
        os.nice(NICENESS)
    threading.Thread(target=watch, name="hsvis-stop-at-eof", daemon=True).start()
