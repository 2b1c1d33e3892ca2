"""Serving runs: the options of a server, and the server."""

import argparse
import errno
import socket
import sys
from typing import Any

from hsvis import places
from hsvis.errors import ServerError
from hsvis.progress import ConsoleProgress


def add_options(parser: argparse.ArgumentParser) -> None:
    """Of `hsvis serve` and `python app.py`, besides the configs and `--set`."""
    parser.add_argument(
        "--no-build", action="store_true", help="show what is built; build nothing, not from the page either"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to serve on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8050, help="port to serve on (default: %(default)s)")


def serve(given: argparse.Namespace) -> None:
    """Builds what is missing, then serves until it is stopped.

    Raises:
        HsvisError: a config, a run or the address is not what it should be.
    """
    from hsvis.offers import offers, opened  # noqa: PLC0415

    offered = offers(given.config or ["demo"], given.set)
    _check_port(given.host, given.port)
    from hsvis.dashboard import create_app  # noqa: PLC0415
    from hsvis.dashboard.builds import Builds  # noqa: PLC0415
    from hsvis.notes import Notes  # noqa: PLC0415

    building = not given.no_build
    stores = opened(offered, ConsoleProgress(), lambda line: print(line, file=sys.stderr), building=building)
    with Builds(offered, allowed=building) as builds:
        notes = Notes(places.data_folder() / "notes.sqlite")
        _run(create_app(stores, builds=builds, notes=notes), given.host, given.port)


def _check_port(host: str, port: int) -> None:
    """Raises ServerError where the address can't be served on, before anything is built."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except (OSError, OverflowError, UnicodeError) as error:
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise ServerError(
                f"port {port} of {host} is in use, perhaps by another hsvis. "
                f"Choose another one with --port {port + 1}."
            ) from error
        raise ServerError(
            f"{host}, port {port}: can't be served on ({error}). Choose another --host or --port."
        ) from error


def _run(dashboard: Any, host: str, port: int) -> None:
    import logging  # noqa: PLC0415

    from werkzeug.serving import make_server  # noqa: PLC0415  (the server that Dash itself runs)

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # no line for each request
    try:
        server = make_server(host, port, dashboard.server, threaded=True)
    except (OSError, SystemExit) as error:
        raise ServerError(
            f"port {port} of {host} is in use. Choose another one with --port {port + 1}."
        ) from error
    shown = f"[{host}]" if ":" in host else host
    print(f"hsvis is at http://{shown}:{server.port}/  (stop with Ctrl+C)", file=sys.stderr)
    server.serve_forever()
