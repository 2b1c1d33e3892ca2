"""A dashboard served on a free port, as long as a test needs it."""

import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from dash import Dash
from pages import Served
from werkzeug.serving import WSGIRequestHandler, make_server

from hsvis.dashboard import create_app
from hsvis.run.store import StateStore

FIRST_PORT, PORTS = 18_200, 12


class Quiet(WSGIRequestHandler):
    """Writes no line for each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def free_port() -> int:
    """The first free one of a few that each test process has: browsers keep compiled scripts by address."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for port in range(FIRST_PORT + worker * PORTS, FIRST_PORT + (worker + 1) * PORTS):
        with socket.socket() as found:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                found.bind(("127.0.0.1", port))
                return port
    return 0


@contextmanager
def serving(stores: Sequence[StateStore], app: Dash | None = None) -> Iterator[Served]:
    """Serves runs; `app` where it is not simply one of them."""
    shown = app or create_app(stores)
    server = make_server("127.0.0.1", free_port(), shown.server, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Served(f"http://127.0.0.1:{server.port}/", {one.name: one for one in stores})
    server.shutdown()
    thread.join()
    server.server_close()
