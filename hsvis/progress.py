"""How long work tells what it is doing."""

import sys
import time
from typing import Protocol, TextIO


class Progress(Protocol):
    """What every stage reports to; `done` of `total` are in units of the stage's own work."""

    def __call__(self, stage: str, done: int, total: int, note: str = "") -> None: ...


def silent(stage: str, done: int, total: int, note: str = "") -> None:
    """Reports to nobody."""


class ConsoleProgress:
    """One line a stage: rewritten in place on a terminal, printed at a calm pace elsewhere."""

    def __init__(self, stream: TextIO | None = None, pause: float = 5.0) -> None:
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._pause = 0.1 if self._terminal else pause  # seconds between two lines of one stage
        self._stage = ""
        self._began = self._last = 0.0

    def __call__(self, stage: str, done: int, total: int, note: str = "") -> None:
        now = time.monotonic()
        new, finished = stage != self._stage, done >= total
        if new:
            self._stage, self._began = stage, now
        if not (new or finished) and now - self._last < self._pause:
            return
        self._last = now
        share = f"{done:,} / {total:,}" if total > 1 else ("done" if finished else "…")
        line = f"  {stage:<28} {share:>19}  {now - self._began:6.1f} s  {note}"
        if self._terminal:
            self._stream.write("\r\x1b[K" + line + ("\n" if finished else ""))
        else:
            self._stream.write(line.rstrip() + "\n")
        if finished:
            self._stage = ""
        self._stream.flush()
