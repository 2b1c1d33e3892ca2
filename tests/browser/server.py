"""A dashboard served on a free port, as long as a test needs it."""

import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from dash import Dash
from pages import Served
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from hsvis.dashboard import create_app
from hsvis.run.store import StateStore

FIRST_PORT, PORTS = 18_200, 12


class Quiet(WSGIRequestHandler):
    """Writes no line for each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def ports() -> list[int]:
    """A few that each test process has, as browsers keep compiled scripts by address; then any free one."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return [*range(FIRST_PORT + worker * PORTS, FIRST_PORT + (worker + 1) * PORTS), 0]


def server_of(app: Dash) -> BaseWSGIServer:
    """A server at the first of the ports that no other process has, or takes in this moment."""
    for port in ports():
        with socket.socket() as found:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                found.bind(("127.0.0.1", port))
                found.listen(128)
            except OSError:
                continue
            return make_server(
                "127.0.0.1", port, app.server, threaded=True, request_handler=Quiet, fd=found.fileno()
            )
    raise OSError("no port is free")


@contextmanager
def serving(stores: Sequence[StateStore], app: Dash | None = None) -> Iterator[Served]:
    """Serves runs; `app` where it is not simply one of them."""
    shown = app or create_app(stores)
    server = server_of(shown)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Served(f"http://127.0.0.1:{server.port}/", {one.name: one for one in stores})
    server.shutdown()
    thread.join()
    server.server_close()
