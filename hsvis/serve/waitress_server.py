"""The server of a team: one process, so that all share one set of arrays, caches and builds; several threads.

waitress reads requests and sends answers in one loop, that of `sockets`, and hands whole requests to
its threads: clients that are slow, or stop half way, hold a socket and some buffer, but no thread.
"""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any
from wsgiref.types import WSGIApplication

from hsvis.errors import ServerError
from hsvis.web.addresses import LOOPBACK, Network

if TYPE_CHECKING:
    from hsvis.serve.connections import Limits
    from hsvis.serve.sockets import Channels

PATIENCE = 20.0  # seconds that requests under way get when the server is stopped
CONNECTIONS = 20_000  # at once, or a quarter as many as files may be open
FEW = 500  # connections where select() is all there is
# of a connection at most: itself, a large body, and an answer that waits; a larger answer takes another one
FILES = 4
SPARE_FILES = 200  # open files that are no connections: those of runs, the log, pipes of builds
SHARE = 10  # of one address: one in so many connections
FEWEST = 16  # connections of one address, and kept free, however few there are
LARGEST_REQUEST = 16 * 2**20  # bytes
KEPT_OF_REQUEST = 2**16  # bytes of it in memory, the rest in a file
# bytes of an answer kept for a slow client (in a file from 1 MiB on); then its thread waits
UNSENT = 64 * 2**20
BACKLOG = 2048  # connections that the system keeps until they are accepted


def listening(host: str, port: int) -> socket.socket:
    """A socket that accepts connections.

    Raises:
        OSError, OverflowError, UnicodeError: the address can't be served on.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    return socket.create_server(address[:2], family=family, backlog=BACKLOG)


def make_server(
    application: WSGIApplication, door: socket.socket, threads: int, limits: "Limits", apart: Collection[str]
) -> tuple[Any, "Channels"]:
    """The server of waitress, and the loop that runs it; all as `serve`."""
    from waitress import create_server  # noqa: PLC0415  (the plain server does without)

    from hsvis.serve.channels import LOOKAHEAD, Dispatcher  # noqa: PLC0415
    from hsvis.serve.connections import Admission  # noqa: PLC0415
    from hsvis.serve.sockets import Channels  # noqa: PLC0415

    channels = Channels(limits)
    server = create_server(
        application,
        map=channels,
        sockets=[door],
        _dispatcher=Dispatcher(threads, apart),
        channel_request_lookahead=LOOKAHEAD,
        backlog=BACKLOG,
        connection_limit=limits.most + FEWEST,  # `Admission` refuses before
        channel_timeout=int(limits.idle) + 1,
        cleanup_interval=10,
        max_request_body_size=LARGEST_REQUEST,
        inbuf_overflow=KEPT_OF_REQUEST,
        outbuf_high_watermark=UNSENT,
        clear_untrusted_proxy_headers=False,  # hsvis.web.proxies decides what to believe
        ident="hsvis",
    )
    server.channel_class = Admission(limits, channels)
    return server, channels


def serve(
    application: WSGIApplication,
    door: socket.socket,
    threads: int,
    say: Callable[[str], None],
    limits: "Limits",
    apart: Collection[str] = (),
) -> None:
    """Serves until SIGTERM or SIGINT; requests under way are finished first, for PATIENCE at the most.

    A second signal ends it at once.

    Args:
        door: from `listening`; closed as soon as the server is to stop.
        say: is told when it stops.
        limits: of connections, such as those of `limits`.
        apart: paths that are answered even while all threads are busy, such as /health.
    """
    server, channels = make_server(application, door, threads, limits, apart)
    stopping, finished = threading.Event(), threading.Event()

    def is_busy() -> bool:
        return any(one.requests or one.total_outbufs_len for one in list(server.active_channels.values()))

    def finish() -> None:
        say("stopping: requests under way are finished")
        until = time.monotonic() + PATIENCE
        while is_busy() and time.monotonic() < until:
            time.sleep(0.02)
        finished.set()
        os.kill(os.getpid(), signal.SIGTERM)

    def stop(number: int, frame: object) -> None:
        if stopping.is_set():
            raise SystemExit  # out of the loop of `channels.run`
        stopping.set()
        server.del_channel()
        door.close()
        threading.Thread(target=finish, name="hsvis-stop", daemon=True).start()

    before = {one: signal.signal(one, stop) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        channels.run(door.fileno())
    except SystemExit:
        server.task_dispatcher.shutdown()
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def limits(proxies: Collection[Network] = LOOPBACK) -> "Limits":
    """What connections may take here; the limit of open files is raised as far as it goes.

    Args:
        proxies: who bring connections of many people.

    Raises:
        ServerError: too few files may be open.
    """
    from hsvis.serve.connections import Limits  # noqa: PLC0415

    files = _files()
    most = FEW if files is None else min(CONNECTIONS, (files - SPARE_FILES) // FILES)
    few = max(FEWEST, most // SHARE)
    return Limits(
        most,
        share=few,
        spare=min(few, 64),
        files=2**31 if files is None else files - SPARE_FILES // 2,
        exempt=(*LOOPBACK, *proxies),
    )


def _files() -> int | None:
    """How many may be open at once; None where that is no limit.  Raises ServerError: they are too few."""
    if sys.platform == "win32":
        return None
    import resource  # noqa: PLC0415  (not on Windows)

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES * CONNECTIONS + SPARE_FILES
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if allowed > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    files = max(allowed, soft)
    if files < 2 * SPARE_FILES:
        raise ServerError(
            f"only {files} files may be open at once: too few. "
            "Raise the limit, such as with `ulimit -n 4096`."
        )
    return files
