"""The loop of waitress over epoll, or whatever the system has, instead of poll().

waitress' own asks every connection at every event what it waits for: at ten thousand of them an event takes a
tenth of a second, and nobody is answered.  Here only those are asked for which that can have changed.

It relies on what waitress does not document (`readable`, `writable`, `requests`, `total_outbufs_len`,
`will_close`, `handle_close`, `wasyncore.read`, `wasyncore.write`), and so do `connections` and `parsing`:
pyproject.toml pins it.  Before another one is pinned, run tests/serve and `python -m benchmarks servers`.
"""

import selectors
import time
from typing import Any

from waitress import wasyncore

from hsvis.serve.connections import Limits

PAUSE = 1.0  # seconds, the longest sleep
ROUND = 5.0  # seconds until all are asked: those to be closed, as they take too long, are known only so


class Channels(dict[int, Any]):
    """What waitress keeps its sockets in, by number of the file."""

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self._limits = limits
        self._round = min(ROUND, limits.headers / 4)
        self.changed: set[int] = set()
        self._selector = selectors.DefaultSelector()

    def __setitem__(self, file: int, channel: Any) -> None:
        super().__setitem__(file, channel)
        self.changed.add(file)

    def __delitem__(self, file: int) -> None:
        super().__delitem__(file)
        self.changed.discard(file)
        self._wait_for(file, 0)

    def run(self, door: int) -> None:
        """Serves until SystemExit comes out of a signal's handler.  `door`: the socket that accepts."""
        asked = time.monotonic()
        while True:
            if time.monotonic() - asked > self._round:
                asked = time.monotonic()
                self._close_stuck()
                self.changed.update(self)
            waiting, self.changed = self.changed | {door}, set()
            self.changed.update(file for file in waiting if self._ask(file))
            for key, events in self._selector.select(min(PAUSE, self._round)):
                channel = self.get(key.fd)
                if channel is None or self._selector.get_map().get(key.fd) is not key:
                    continue  # closed by one before, and perhaps another connection by now
                self.changed.add(key.fd)
                if events & key.events & selectors.EVENT_READ:
                    wasyncore.read(channel)
                if events & key.events & selectors.EVENT_WRITE and self.get(key.fd) is channel:
                    wasyncore.write(channel)

    def _close_stuck(self) -> None:
        """Closes connections that are to be closed, and those that take longer than they may.

        No event would ever come from them, and a thread may wait for room in their answer.
        """
        now = time.monotonic()
        for channel in list(self.values()):
            is_overdue = getattr(channel, "is_overdue", None)
            late = is_overdue is not None and is_overdue(now, self._limits)
            if late or getattr(channel, "will_close", False):
                channel.handle_close()

    def _ask(self, file: int) -> bool:
        """Waits for what a connection is ready to do; gives whether that can change without an event here."""
        channel = self.get(file)
        if channel is None:
            return False
        busy = bool(
            getattr(channel, "requests", ()) or getattr(channel, "total_outbufs_len", 0)
        )  # read first
        wanted = selectors.EVENT_READ if channel.readable() else 0
        wanted |= selectors.EVENT_WRITE if channel.writable() else 0
        self._wait_for(file, wanted)
        return busy

    def _wait_for(self, file: int, events: int) -> None:
        known = self._selector.get_map().get(file)
        if known is None and events:
            self._selector.register(file, events)
        elif known is not None and not events:
            self._selector.unregister(file)
        elif known is not None and known.events != events:
            self._selector.modify(file, events)
