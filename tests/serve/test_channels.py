"""The server of a team while all its threads are busy, and when clients go before they are answered.

What is asked waits for events of the test, never for time to pass.
"""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from looped import PATIENCE, THREADS, looping
from team import get

from hsvis.errors import ClientGoneError
from hsvis.serve import waitress_server
from hsvis.web.capacity import DISCONNECTED


class Application:
    """Answers at once, or, of /slow…, once it may."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)  # released for each slow request that a thread has taken
        self.may_end = threading.Event()
        self.gone = threading.Semaphore(0)  # and for each that noticed that its client has gone
        self.parts: list[int] = []
        self.threads: dict[str, int] = {}  # by address, which one answered

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        self.threads[environ["REQUEST_URI"]] = threading.get_ident()
        if path == "/endless":
            start_response("200 OK", [("Content-Type", "text/plain")])
            return self.endless(environ[DISCONNECTED])
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(path)))])
        if path.startswith("/slow"):
            self.begun.release()
            until_gone = path == "/slow-until-gone"
            while not self.may_end.wait(0.01):
                if until_gone and environ[DISCONNECTED]():
                    self.gone.release()
                    break
        return [path.encode()]

    def endless(self, has_gone: Callable[[], bool]) -> Iterator[bytes]:
        self.begun.release()
        while True:
            if has_gone():
                self.gone.release()
                raise ClientGoneError
            self.parts.append(1)
            yield b"part"


@pytest.fixture
def application() -> Iterator[tuple[Application, int]]:
    made = Application()
    with looping(made, waitress_server.limits(), ["/health"]) as server:
        try:
            yield made, server.port
        finally:
            made.may_end.set()


def ask(port: int, path: str) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    return client


def test_health_answers_while_all_threads_are_busy(application: tuple[Application, int]) -> None:
    made, port = application
    busy = [ask(port, f"/slow/{k}") for k in range(THREADS)]
    for _ in busy:
        assert made.begun.acquire(timeout=PATIENCE)
    usual = set(made.threads.values())
    others = ("/health/", "//health", "/health%20", "/Health", "/quick?/health")
    waiting = [ask(port, other) for other in others]
    assert get(port, "/health")[2] == b"/health"
    assert list(made.threads) == [f"/slow/{k}" for k in range(THREADS)] + ["/health"]
    made.may_end.set()
    for one in (*busy, *waiting):
        assert one.recv(15) == b"HTTP/1.1 200 OK"
        one.close()
    apart = {path for path, thread in made.threads.items() if thread not in usual}
    assert apart == {"/health"}  # only what is meant gets a thread of its own
    assert len(made.threads) == THREADS + 1 + len(others)


def test_what_follows_health_on_its_connection_gets_no_thread_of_its_own(
    application: tuple[Application, int],
) -> None:
    made, port = application
    busy = [ask(port, f"/slow/{k}") for k in range(THREADS)]
    for _ in busy:
        assert made.begun.acquire(timeout=PATIENCE)
    usual = set(made.threads.values())
    client = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    one = b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n"
    client.sendall(one % b"/health" + one % b"/slow/next" + one % b"/health")
    assert client.recv(15) == b"HTTP/1.1 200 OK"
    assert get(port, "/health")[0] == 200
    made.may_end.set()
    assert made.begun.acquire(timeout=PATIENCE)
    assert made.threads["/slow/next"] in usual
    assert made.threads["/health"] not in usual
    for held in (client, *busy):
        held.close()


@pytest.mark.parametrize("leave", ["close", "reset"])
def test_who_leaves_is_noticed_while_the_answer_is_computed(
    application: tuple[Application, int], leave: str
) -> None:
    made, port = application
    client = ask(port, "/slow-until-gone")
    assert made.begun.acquire(timeout=PATIENCE)
    if leave == "reset":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()
    assert made.gone.acquire(timeout=PATIENCE)
    assert get(port, "/quick")[0] == 200


def test_an_answer_that_comes_in_parts_ends_when_its_client_leaves(
    application: tuple[Application, int], caplog: pytest.LogCaptureFixture
) -> None:
    _, port = application
    for _ in range(THREADS + 1):  # and gives its thread back
        client = ask(port, "/endless")
        assert client.recv(15) == b"HTTP/1.1 200 OK"
        client.close()
    assert get(port, "/quick")[0] == 200
    assert not [record for record in caplog.records if record.exc_info]  # it is no fault of the server


def test_who_sends_no_more_is_answered_all_the_same(application: tuple[Application, int]) -> None:
    made, port = application
    client = ask(port, "/slow/half")
    client.shutdown(socket.SHUT_WR)
    assert made.begun.acquire(timeout=PATIENCE)
    made.may_end.set()
    assert client.makefile("rb").read().endswith(b"\r\n\r\n/slow/half")
    client.close()


def test_requests_sent_at_once_are_answered_in_their_order(application: tuple[Application, int]) -> None:
    _, port = application
    paths = [f"/{k}" if k % 3 else "/health" for k in range(20)]
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
        client.sendall(b"".join(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for path in paths))
        client.shutdown(socket.SHUT_WR)
        told = client.makefile("rb").read().decode()
    assert [part.rpartition("\r\n\r\n")[2] for part in told.split("HTTP/1.1 200 OK")[1:]] == paths
