"""The connections of a server: how long each may take, and how many may come from one place.

waitress closes a connection that sends nothing for a while; one byte now and then keeps it for good.  Here
each has a time for its headers, a least rate for its body and for its answer, and each address a share.
It relies on what waitress does not document; see `sockets`.
"""

import heapq
import logging
import threading
import time
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from socket import socket
from typing import Any

from hsvis.serve.channels import Channel
from hsvis.serve.parsing import Request
from hsvis.web.addresses import LOOPBACK, Network, is_within, place_of

LOG = logging.getLogger("hsvis.connections")
TELL_EVERY = 60.0  # seconds between two lines about connections that are refused
_REASON = b"Too many connections: close some, or try again in a while.\n"
REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 10\r\n"
    b"Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (len(_REASON), _REASON)
)


@dataclass(frozen=True)
class Limits:
    """What connections may take.

    Attributes:
        most: connections at once.
        share: of them, from one address (of IPv6, one network of 64 bits).
        spare: of them, kept free; where fewer are, those that waited longest for a request are closed.
        files: descriptors of this number or more are for files, not for connections.
        exempt: networks that have no share: a proxy there brings everybody's connections.
        idle: seconds without a request, and those in which some of an answer has to be taken.
        headers: seconds from the first byte of a request until its headers are whole.
        body: seconds in which some of a body has to come.
        rate: bytes a second, of a body or an answer, at the least.
    """

    most: int
    share: int
    spare: int
    files: int = 2**31
    exempt: Collection[Network] = LOOPBACK
    idle: float = 60.0
    headers: float = 20.0
    body: float = 20.0
    rate: float = 1024.0


class Connection(Channel):
    """A connection that knows since when it does what it does."""

    parser_class = Request

    def __init__(
        self, admission: "Admission", server: Any, sock: socket, addr: Any, adj: Any, map_: Any
    ) -> None:
        self.place, self._admission = place_of(str(addr[0])), admission
        admission.enter(self.place)
        self.rested = time.monotonic()  # since when it may send a request
        self._taken = self._sent = 0  # bytes, of all requests and answers
        self._phase: tuple[str, Any] = ("idle", None)
        self._since, self._before = self.rested, 0  # of the phase; the bytes at that time
        super().__init__(server, sock, addr, adj, map=map_)

    def received(self, data: bytes) -> Any:
        """Takes what was sent."""
        self._taken += len(data)
        done = super().received(data)
        self._note(time.monotonic())  # when a request begins
        return done

    def send(self, data: bytes, do_close: bool = True) -> int:
        """Sends some of an answer; how many bytes of it."""
        sent = int(super().send(data, do_close))
        self._sent += sent
        return sent

    def service(self) -> None:
        """Answers a request, in a thread of the server."""
        super().service()
        self.rested = time.monotonic()

    def del_channel(self, map: Any = None) -> None:
        """Is called when it is closed, perhaps twice."""
        super().del_channel(map)
        place, self.place = self.place, ""
        if place:
            self._admission.leave(place)

    @property
    def waits(self) -> bool:
        """Whether nothing of it is being answered: it may be closed and nobody misses an answer."""
        return not self.requests and not self.total_outbufs_len

    def is_overdue(self, now: float, limits: Limits) -> bool:
        """Whether it takes longer than it may; `now`: of the monotonic clock."""
        self._note(now)
        match self._phase[0]:
            case "answer":
                return self._is_slow(now, limits.idle, limits.rate)
            case "body":
                return self._is_slow(now, limits.body, limits.rate)
            case "headers":  # empty lines are no request: whoever sends them has to begin one in time, too
                late = now - self._since > limits.headers
                return late or now - self.rested > limits.idle + limits.headers
            case "idle":
                return now - self.rested > limits.idle
        return False

    def _note(self, now: float) -> None:
        """Notes what it does, and since when that."""
        asked = self.request
        if not self.waits:
            phase = ("answer" if self.total_outbufs_len else "work", None)
        elif asked is None:
            phase = ("idle", None)
        else:
            phase = ("body" if asked.headers_finished else "headers", asked)
        if phase[0] in ("work", "body"):
            self.rested = now
        if self._phase[0] != phase[0] or self._phase[1] is not phase[1]:
            self._phase, self._since, self._before = phase, now, self._taken + self._sent

    def _is_slow(self, now: float, seconds: float, rate: float) -> bool:
        """Whether less than `rate` bytes came or went a second in the last `seconds`."""
        if now - self._since <= seconds:
            return False
        moved = self._taken + self._sent
        slow = moved - self._before < rate * seconds
        self._since, self._before = now, moved
        return slow


class Admission:
    """Lets connections in, or refuses them; takes the place of the channel's class in waitress' server."""

    def __init__(self, limits: Limits, connections: Mapping[int, Any]) -> None:
        """`connections`: what waitress keeps its sockets in, by the number of their file."""
        self.limits = limits
        self._connections = connections
        self._from: Counter[str] = Counter()
        self._lock = threading.Lock()  # a thread that finds its client gone closes the connection itself
        self._told = float("-inf")

    def __call__(self, server: Any, sock: socket, addr: Any, adj: Any, map: Any = None) -> Connection | None:
        """A new connection; None where it was refused."""
        limits, address = self.limits, str(addr[0])
        if self._is_full(sock, limits.spare):
            self._make_room()
        is_own = is_within(address, LOOPBACK)  # what watches over the server asks from this machine
        has_share = not is_within(address, limits.exempt)
        if has_share and self._from[place_of(address)] >= limits.share:
            self._refuse(sock, f"{address} has {limits.share} connections already")
        elif self._is_full(sock, 0 if is_own else limits.spare):
            self._refuse(sock, f"all {limits.most} connections are in use")
        else:
            return Connection(self, server, sock, addr, adj, map)
        return None

    def enter(self, place: str) -> None:
        """Counts a connection from there."""
        with self._lock:
            self._from[place] += 1

    def leave(self, place: str) -> None:
        """Counts one less."""
        with self._lock:
            self._from[place] -= 1
            if self._from[place] <= 0:
                del self._from[place]

    def _is_full(self, sock: socket, spare: int) -> bool:
        # the system gives the lowest number that is free: a high one tells that files run out
        return len(self._connections) >= self.limits.most - spare or sock.fileno() >= self.limits.files

    def _make_room(self) -> None:
        """Closes some that wait for a request: of those who have most, and of theirs the oldest first."""
        waiting = [one for one in list(self._connections.values()) if getattr(one, "waits", False)]
        for one in heapq.nsmallest(
            self.limits.spare, waiting, key=lambda one: (-self._from[one.place], one.rested)
        ):
            one.handle_close()

    def _refuse(self, sock: socket, why: str) -> None:
        with suppress(OSError):
            sock.setblocking(False)
            sock.send(REFUSAL)
        sock.close()
        now = time.monotonic()
        if now - self._told > TELL_EVERY:
            self._told = now
            LOG.warning("a connection was refused: %s", why)
