"""How much costly work goes on at once.

What a request may cost is known before it is computed.  What costs much takes its turn: more than some at
once wait a little, and are then refused with 503 and the time after which to ask again.  Work ends when
whoever asked for it has gone.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import flask
from werkzeug.exceptions import ServiceUnavailable

from hsvis.errors import ClientGoneError

TURNS = 2  # costly jobs of one kind at once
PATIENCE = 2.0  # seconds that one waits for its turn
MOST_WAITING = 2  # in line, each of which holds a thread; who comes then is refused at once
RETRY_AFTER = 2  # seconds that a refusal says
LOOK = 0.1  # seconds between looks whether whoever waits is still there

DISCONNECTED = "waitress.client_disconnected"  # what the server of a team gives with each request


def departure() -> Callable[[], bool]:
    """Tells, during the request and after it, whether its client has gone, as far as the server knows."""
    ask = flask.request.environ.get(DISCONNECTED) if flask.has_request_context() else None
    return ask or (lambda: False)


def check(has_gone: Callable[[], bool]) -> None:
    """Raises ClientGoneError."""
    if has_gone():
        raise ClientGoneError


class Capacity:
    """So many units of one kind of work at once; safe to use from several threads."""

    def __init__(
        self, units: int, what: str, *, patience: float | None = None, most_waiting: int = MOST_WAITING
    ) -> None:
        """`what`: the work, for the message; `patience`: PATIENCE if none is given."""
        self._units, self._what = units, what
        self._patience = PATIENCE if patience is None else patience
        self._most_waiting = most_waiting
        self._held = 0
        self._line: deque[object] = deque()  # who waits, the first one first
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, amount: int, has_gone: Callable[[], bool] = lambda: False) -> Iterator[None]:
        """Until the block ends.  As `take`."""
        release = self.take(amount, has_gone)
        try:
            yield
        finally:
            release()

    def take(self, amount: int, has_gone: Callable[[], bool] = lambda: False) -> Callable[[], None]:
        """Waits for so many units, in the order of those who ask; more than there are in all take all.

        Args:
            has_gone: from `departure`.

        Returns:
            What gives them back; to call it again does nothing.

        Raises:
            ServiceUnavailable: they did not become free in time, or too many wait.
            ClientGoneError: whoever asked has gone.
        """
        amount, me = min(amount, self._units), object()
        with self._changed:
            if len(self._line) >= self._most_waiting and not self._has_room(amount):
                raise self._busy()
            self._line.append(me)
            try:
                self._wait(me, amount, has_gone)
                self._held += amount
            finally:
                self._line.remove(me)
                self._changed.notify_all()
        return self._giving_back(amount)

    def _wait(self, me: object, amount: int, has_gone: Callable[[], bool]) -> None:
        until = time.monotonic() + self._patience
        while self._line[0] is not me or not self._has_room(amount):
            check(has_gone)
            left = until - time.monotonic()
            if left <= 0:
                raise self._busy()
            self._changed.wait(min(left, LOOK))
        check(has_gone)

    def _has_room(self, amount: int) -> bool:
        return self._held + amount <= self._units

    def _giving_back(self, amount: int) -> Callable[[], None]:
        kept = [amount]

        def release() -> None:
            with self._changed:
                self._held -= kept.pop() if kept else 0
                self._changed.notify_all()

        return release

    def _busy(self) -> ServiceUnavailable:
        return ServiceUnavailable(
            f"The server is busy with other {self._what}. Try again in a few seconds.",
            retry_after=RETRY_AFTER,
        )
