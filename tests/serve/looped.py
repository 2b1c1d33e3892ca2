"""The server of a team as `serve` makes it, in a thread of this process."""

import socket
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from wsgiref.types import WSGIApplication

from hsvis.serve import waitress_server
from hsvis.serve.connections import Limits

PATIENCE = 30.0
THREADS = 2
UNUSED = 10**9  # number of no file


class Looped:
    """A server with these limits."""

    def __init__(self, application: WSGIApplication, limits: Limits, apart: Collection[str]) -> None:
        self._door = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self.port: int = self._door.getsockname()[1]
        self.waitress, self.channels = waitress_server.make_server(
            application, self._door, THREADS, limits, apart
        )
        self.alone = len(self.channels)  # without any connection
        self._looks = threading.Semaphore(0)
        look = self.channels._close_stuck

        def close_stuck() -> None:
            look()
            self._looks.release()

        self.channels._close_stuck = close_stuck  # type: ignore[method-assign]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with suppress(SystemExit):
            self.channels.run(self._door.fileno())

    def look(self, advance: Callable[[], object]) -> None:
        """Has it look for connections that are overdue, after `advance`, which puts its clock on."""
        while self._looks.acquire(blocking=False):
            pass
        advance()
        self.waitress.pull_trigger()
        assert self._looks.acquire(timeout=PATIENCE)

    def stop(self) -> None:
        self.channels[UNUSED] = Stop()
        self.waitress.pull_trigger()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        del self.channels[UNUSED]
        self.waitress.task_dispatcher.shutdown(timeout=1)
        self.waitress.close()
        for one in list(self.channels.values()):
            one.close()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def status(self) -> int:
        """Of a request on a connection of its own."""
        with self.connect() as one:
            one.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            return int(read(one).split(b" ", 2)[1])


class Stop:
    """Ends the loop, as a signal's handler does."""

    def readable(self) -> bool:
        raise SystemExit


@contextmanager
def looping(application: WSGIApplication, limits: Limits, apart: Collection[str] = ()) -> Iterator[Looped]:
    server = Looped(application, limits, apart)
    try:
        yield server
    finally:
        server.stop()


def read(one: socket.socket) -> bytes:
    """All that comes until the connection is closed."""
    found = bytearray()
    with suppress(ConnectionError):
        while part := one.recv(2**20):
            found += part
    return bytes(found)
