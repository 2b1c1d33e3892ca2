"""Serving runs: the options of a server, and the way from them to a server that runs."""

import argparse
import errno
import logging
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hsvis import paths
from hsvis.errors import ServerError
from hsvis.progress import ConsoleProgress, Progress

if TYPE_CHECKING:
    from hsvis.serve.connections import Limits
    from hsvis.web.log import RequestLog

THREADS = 8
MOST_THREADS = 256


def add_options(parser: argparse.ArgumentParser) -> None:
    """Of `hsvis serve` and `python app.py`, besides the configs and `--set`."""
    parser.add_argument(
        "--no-build", action="store_true", help="show what is built; build nothing, not from the page either"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to serve on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8050, help="port to serve on (default: %(default)s)")
    parser.add_argument("--prefix", default="/", help="path to serve under, such as /hsvis/ behind a proxy")
    team = parser.add_argument_group("for a team", "see docs/team-server.md")
    team.add_argument(
        "--production", action="store_true", help="a server that many can use, with a log of requests"
    )
    team.add_argument(
        "--threads", type=int, default=THREADS, help="requests answered at once (default: %(default)s)"
    )
    team.add_argument(
        "--allow-build", action="store_true", help="with --production: runs can be built from the page, too"
    )
    team.add_argument(
        "--allow-save", action="store_true", help="with --production: notes and filters can be saved"
    )
    team.add_argument(
        "--trust-proxy",
        type=int,
        default=0,
        metavar="N",
        help="believe the X-Forwarded headers of so many proxies (default: %(default)s)",
    )
    team.add_argument(
        "--log-format", choices=("json", "text"), help="of a line a request (default: json with --production)"
    )
    team.add_argument(
        "--metrics",
        choices=("loopback", "all"),
        default="loopback",
        help="who may read /metrics: programs of this machine, or all (default: %(default)s)",
    )
    add_access_options(parser)


def add_access_options(parser: argparse.ArgumentParser) -> None:
    """Of a server, read by `who_may.access_of`."""
    access = parser.add_argument_group("who may come in")
    access.add_argument("--log-in", action="store_true", help="those who were added with `hsvis users add`")
    add_users_file(access)
    access.add_argument(
        "--trust-proxy-user", metavar="HEADER", help="those whom a proxy in front names in this header"
    )
    access.add_argument(
        "--proxy-from",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="where proxies may be: an address or network (default: this machine)",
    )
    access.add_argument(
        "--proxy-secret-file",
        type=Path,
        metavar="FILE",
        help="its first line is what proxies have to send in X-Hsvis-Proxy",
    )
    access.add_argument("--open", action="store_true", help="everybody who can reach the server")
    access.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="another name that the server may be asked by, such as that of a proxy before it",
    )


def add_users_file(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """For what reads or writes the users."""
    parser.add_argument("--users-file", type=Path, metavar="FILE", help="default: in hsvis's data folder")


def serve(given: argparse.Namespace) -> None:
    """Builds what is missing, then serves until it is stopped.

    Raises:
        HsvisError: a config, a run, an option or the address is not what it should be.
    """
    from hsvis.catalogue.offers import offers, open_offers  # noqa: PLC0415
    from hsvis.serve import who_may  # noqa: PLC0415

    named = given.config or ["demo"]
    offered = offers(named, given.set)
    _check_port(given.host, given.port)
    access = who_may.access_of(
        given,
        must_say=given.production or given.trust_proxy > 0 or not who_may.is_loopback(given.host),
        save=given.allow_save or not given.production,
    )
    from hsvis.catalogue.jobs import Builds  # noqa: PLC0415
    from hsvis.catalogue.watch import Watch  # noqa: PLC0415
    from hsvis.dashboard import create_app  # noqa: PLC0415
    from hsvis.notes import NOTES, Notes  # noqa: PLC0415
    from hsvis.web.proxies import check_trusted, normal_prefix  # noqa: PLC0415

    prefix = normal_prefix(given.prefix)
    check_trusted(given.trust_proxy)
    limits = None
    if given.production:
        from hsvis.serve import waitress_server  # noqa: PLC0415

        who_may.check_no_debugging()
        _check_threads(given.threads)
        limits = waitress_server.limits(access.proxies)
    log = _log(given)
    say = log.say if log else _print
    building = not given.no_build
    from_page = building and (given.allow_build or not given.production)
    with Builds(offered, allowed=from_page) as builds:
        watch = Watch(builds, named, given.set)
        stores = open_offers(offered, _progress(log), say, building=building, from_page=from_page)
        app = create_app(
            stores,
            builds=builds,
            access=access,
            notes=Notes(paths.data_folder() / NOTES),
            prefix=prefix,
            log=log,
            trust_proxy=given.trust_proxy,
            metrics=given.metrics,
        )
        del stores  # one that another build replaces has to leave memory
        with watch:
            if limits is not None:
                _run_for_team(app, given, prefix, say, limits)
            else:
                _run(app, given, prefix, say)


def _check_threads(threads: int) -> None:
    if not 1 <= threads <= MOST_THREADS:
        raise ServerError(f"--threads {threads}: give a number from 1 to {MOST_THREADS}.")


def _log(given: argparse.Namespace) -> "RequestLog | None":
    """Where requests are told; in production all that is said goes there, too."""
    from hsvis.web.log import RequestLog  # noqa: PLC0415

    if not given.production:
        return RequestLog(given.log_format) if given.log_format else None
    log = RequestLog(given.log_format or "json")
    logging.basicConfig(handlers=[log.handler], level=logging.WARNING, force=True)
    logging.captureWarnings(True)
    logging.getLogger("waitress.queue").setLevel(
        logging.ERROR
    )  # a queue is no fault; see hsvis_request_seconds
    threading.excepthook = lambda failed: log.failed(failed.exc_type, failed.exc_value, failed.exc_traceback)
    return log


def _print(line: str) -> None:
    print(line, file=sys.stderr)


def _progress(log: "RequestLog | None") -> Progress:
    """On the console, or, so that the log is of one form, a line of it at the end of each stage."""
    if log is None or log.form == "text":
        return ConsoleProgress()

    def tell(stage: str, done: int, total: int, note: str = "") -> None:
        if done >= total:
            log.say(f"{stage}: done {note}".rstrip())

    return tell


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


def _run(dashboard: Any, given: argparse.Namespace, prefix: str, say: Callable[[str], None]) -> None:
    from werkzeug.serving import make_server  # noqa: PLC0415  (the server that Dash itself runs)

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # no line for each request
    try:
        server = make_server(given.host, given.port, dashboard.server, threaded=True)
    except (OSError, SystemExit) as error:
        raise _port_error(given.port, given.host) from error
    say(f"hsvis is at {_address(given.host, server.port, prefix)}  (stop with Ctrl+C)")
    server.serve_forever()


def _run_for_team(
    dashboard: Any, given: argparse.Namespace, prefix: str, say: Callable[[str], None], limits: "Limits"
) -> None:
    from hsvis.serve import waitress_server  # noqa: PLC0415
    from hsvis.web import public  # noqa: PLC0415

    try:
        door = waitress_server.listening(given.host, given.port)
    except OSError as error:
        raise _port_error(given.port, given.host) from error
    say(f"hsvis is at {_address(given.host, door.getsockname()[1], prefix)}, with {given.threads} threads")
    apart = [prefix + path for path in public.PATHS]
    waitress_server.serve(dashboard.server, door, given.threads, say, limits, apart)


def _port_error(port: int, host: str) -> ServerError:
    return ServerError(f"port {port} of {host} is in use. Choose another one with --port {port + 1}.")


def _address(host: str, port: int, prefix: str) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{prefix}"
