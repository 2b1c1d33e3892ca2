"""A dashboard served on a free port, as long as a test needs it."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from dash import Dash
from pages import Served
from werkzeug.serving import WSGIRequestHandler, make_server

from hsvis.dashboard import create_app
from hsvis.store import StateStore


class Quiet(WSGIRequestHandler):
    """Writes no line for each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@contextmanager
def serving(stores: Sequence[StateStore], app: Dash | None = None) -> Iterator[Served]:
    """Serves runs; `app` where it is not simply one of them."""
    shown = app or create_app(stores)
    server = make_server("127.0.0.1", 0, shown.server, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Served(f"http://127.0.0.1:{server.port}/", {one.name: one for one in stores})
    server.shutdown()
    thread.join()
