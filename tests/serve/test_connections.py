"""Connections that send or take little, or too much, or come in numbers: none keeps others out."""

import ipaddress
import os
import random
import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from looped import Looped, looping, read
from waitress.adjustments import Adjustments
from waitress.parser import HTTPRequestParser

from hsvis.serve import connections, sockets, waitress_server
from hsvis.serve.connections import Limits
from hsvis.serve.parsing import Request
from hsvis.web.addresses import place_of

NOBODY = (ipaddress.ip_network("192.0.2.0/24"),)  # so that this machine has a share, too
LIMITS = Limits(most=500, share=500, spare=5, idle=1.0, headers=0.5, body=0.5, rate=10_000.0)
LARGE = 2**25  # bytes: no socket holds it
PATIENCE = 20.0


def application(environ: Any, start: Any) -> list[bytes]:
    body = environ["wsgi.input"].read()
    sizes = {"/large": LARGE, "/some": 2**21}
    size = sizes.get(environ["PATH_INFO"])
    answer = b"%d" % len(body) if size is None else bytes(size)
    start("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]


def serving(limits: Limits = LIMITS) -> AbstractContextManager[Looped]:
    return looping(application, limits)


def drip(one: socket.socket, part: bytes, pause: float = 0.1) -> float:
    """Sends it again and again; seconds until the other side has closed."""
    began = time.monotonic()
    one.settimeout(pause)
    while time.monotonic() - began < PATIENCE:
        with suppress(TimeoutError):
            try:
                one.sendall(part)
                if not one.recv(2**16):
                    break
            except ConnectionError:
                break
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("first", "part"),
    [
        (b"", b"G"),
        (b"GET / HTTP/1.1\r\n", b"X-A: b\r\n"),
        (b"", b"\r\n"),
        (b"", b"\r\n\r\n"),
        (b"POST / HTTP/1.1\r\nContent-Length: 900000\r\n\r\n", b"a"),
        (b"POST / HTTP/1.1\r\nContent-Length: 900000\r\nExpect: 100-continue\r\n\r\n", b"a"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"a"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"A: b\r\n"),
        (b"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n", b"A: b\r\n"),  # behind a whole one
    ],
)
def test_a_byte_now_and_then_keeps_no_connection(first: bytes, part: bytes) -> None:
    with serving() as server, server.connect() as one:
        one.sendall(first)
        assert drip(one, part) < PATIENCE
        assert server.status() == 200


def test_silence_keeps_none_either() -> None:
    with serving() as server:
        silent, half, done = (server.connect() for _ in range(3))
        half.sendall(b"GET /")
        done.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert [len(read(one)) > 0 for one in (silent, half, done)] == [False, False, True]


def test_a_client_that_hardly_takes_its_answer_is_cut_off() -> None:
    with serving() as server, socket.socket() as never, socket.socket() as slow:
        for one in (never, slow):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.settimeout(PATIENCE)
            one.connect(("127.0.0.1", server.port))
            one.sendall(b"GET /large HTTP/1.1\r\n\r\n")
        until = time.monotonic() + PATIENCE
        wait(lambda: len(server.channels) == server.alone + 2)
        taken = 0
        while len(server.channels) > server.alone:
            assert time.monotonic() < until
            with suppress(ConnectionError):
                taken += len(slow.recv(64))
            time.sleep(0.02)
        assert taken < LARGE
        assert server.status() == 200


class Clock:
    """Takes the place of the module `time` where deadlines are looked at."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def advance(self, seconds: float) -> Callable[[], None]:
        def advance() -> None:
            self.now += seconds

        return advance


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in (connections, sockets):
        monkeypatch.setattr(module, "time", made)
    return made


def test_who_is_slow_but_steady_is_served_and_who_stops_is_not(clock: Clock) -> None:
    limits = replace(LIMITS, rate=100.0, headers=5.0, body=20.0, idle=1000.0)
    for parts in (10, 5):
        with serving(limits) as server, server.connect() as one:
            one.sendall(b"POST / HTTP/1.1\r\nContent-Length: 20000\r\nConnection: close\r\n\r\n")
            wait(lambda server=server: len(server.channels) == server.alone + 1)
            connection = next(c for c in server.channels.values() if isinstance(c, connections.Connection))
            for _ in range(parts):  # longer than the time for a body that does not come
                before = connection._taken
                one.sendall(bytes(2000))
                wait(lambda: connection._taken >= before + 2000)  # noqa: B023
                server.look(clock.advance(15.0))
            if parts == 10:
                assert read(one).endswith(b"20000")
            else:
                for _ in range(2):
                    server.look(clock.advance(21.0))
                assert read(one) == b""


def test_a_connection_that_asks_again_and_again_stays(clock: Clock) -> None:
    with serving(replace(LIMITS, idle=20.0)) as server, server.connect() as one:
        for _ in range(6):  # longer than one that asks for nothing
            one.sendall(b"GET / HTTP/1.1\r\n\r\n")
            answer = b""
            while not answer.endswith(b"\r\n\r\n0"):
                part = one.recv(1000)
                assert part
                answer += part
            wait(lambda: all(getattr(c, "waits", True) for c in list(server.channels.values())))
            server.look(clock.advance(15.0))
        for _ in range(2):
            server.look(clock.advance(21.0))
        assert read(one) == b""


def test_half_closed_clients_get_their_answer() -> None:
    with serving() as server, server.connect() as one:
        one.sendall(b"GET / HTTP/1.1\r\n\r\n")
        one.shutdown(socket.SHUT_WR)
        assert read(one).startswith(b"HTTP/1.1 200")


def test_one_address_gets_its_share_and_no_more() -> None:
    slow = replace(LIMITS, share=10, exempt=NOBODY, headers=60.0, idle=60.0)
    with serving(slow) as server:
        held = [server.connect() for _ in range(10)]
        for one in held:
            one.sendall(b"GET / HT")
        wait(lambda: len(server.channels) == server.alone + 10)
        with server.connect() as more:
            assert read(more).startswith(b"HTTP/1.1 503 ")
        held.pop().close()
        wait(lambda: len(server.channels) == server.alone + 9)
        assert server.status() == 200
        for one in held:
            one.close()


def test_those_that_wait_make_room_for_those_that_come() -> None:
    """Whoever asks is answered, whoever holds all connections; who is being answered is not cut off."""
    limits = replace(LIMITS, most=40, share=40, headers=60.0, idle=60.0)
    with serving(limits) as server:
        kept = server.connect()
        kept.sendall(b"GET /large HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert kept.recv(1) == b"H"
        held = []
        for _ in range(200):
            held.append(server.connect())
            held[-1].sendall(b"GET / HT")
        for _ in range(20):
            assert server.status() == 200
        assert len(server.channels) <= server.alone + 40
        assert len(read(kept)) > LARGE
        for one in held:
            one.close()


def test_a_proxy_of_this_machine_has_no_share() -> None:
    with serving(replace(LIMITS, share=3)) as server:
        held = [server.connect() for _ in range(20)]
        assert server.status() == 200
        for one in held:
            one.close()


def test_addresses_of_one_ipv6_network_are_one_place() -> None:
    assert place_of("2001:db8::1") == place_of("2001:db8::ffff:1%eth0")
    assert place_of("2001:db8::1") != place_of("2001:db8:0:1::1")
    assert place_of("::ffff:10.0.0.1") == place_of("10.0.0.1") != place_of("10.0.0.2")
    assert place_of("localhost") == "localhost"


def wait(what: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < until
        time.sleep(0.01)


ONE_READ = 8000  # bytes that the server reads at once
ADJUSTMENTS = Adjustments(max_request_body_size=2**20)
LENGTH = b"Content-Length: 4\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"POST / HTTP/1.1\r\n" + LENGTH + CHUNKED + b"\r\n0\r\n\r\nGET /next HTTP/1.1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + CHUNKED + LENGTH + b"\r\n0\r\n\r\nGET /next HTTP/1.1\r\n\r\n", 400),
        (b"POST / HTTP/1.0\r\n" + CHUNKED + b"\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 20000000\r\nExpect: 100-continue\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\n" + CHUNKED + b"\r\n1;" + b"a" * 5000, 400),
        (b"POST / HTTP/1.1\r\n" + CHUNKED + b"\r\n0\r\n" + b"A: b\r\n" * 5000, 400),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 60_000, 431),
        (b"GARBAGE\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nbad header\r\n\r\n", 400),
        (b"\x16\x03\x01\r\n\r\n", 400),
    ],
)
@pytest.mark.parametrize("apart", [(), ("/health",)])
def test_what_is_refused_is_answered_once_and_closes(
    sent: bytes, status: int, apart: tuple[str, ...]
) -> None:
    patient = replace(LIMITS, headers=30.0, body=30.0, idle=30.0)
    with looping(application, patient, apart) as server, server.connect() as one:
        with suppress(ConnectionError):
            one.sendall(sent)
        answer = read(one)
        # what was not read of the request makes the system drop the answer, sometimes
        if answer or len(sent) <= ONE_READ:
            assert answer.startswith(b"HTTP/1."), answer[:80]
            assert answer.split(b" ", 2)[1] == b"%d" % status
            assert answer.count(b"\r\nContent-Length:") == 1
        wait(lambda: len(server.channels) == server.alone)


@pytest.mark.parametrize("bad", [b"GARBAGE\r\n\r\n", b"GET / HTTP/1.1\r\nbad header\r\n\r\n"])
def test_what_can_not_be_read_behind_a_request_is_refused_and_keeps_no_connection(bad: bytes) -> None:
    patient = replace(LIMITS, headers=60.0, body=60.0, idle=60.0)
    with looping(application, patient, ["/health"]) as server:
        for first in (b"/", b"/health", b"/large"):
            with server.connect() as one:
                one.sendall(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n%s" % (first, bad))
                answer = read(one)
                assert answer.startswith(b"HTTP/1.1 200")
                assert answer.count(b"HTTP/1.0 400 ") + answer.count(b"HTTP/1.1 400 ") == 1
            wait(lambda: len(server.channels) == server.alone)
            assert server.status() == 200


def files_in_use() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_a_connection_takes_no_more_files_than_are_counted_for_it() -> None:
    """Large bodies and large answers, sent at once by clients that take nothing of what comes."""
    patient = replace(LIMITS, headers=60.0, body=60.0, idle=60.0)
    body = b"POST /some HTTP/1.1\r\nContent-Length: 200000\r\n\r\n" + bytes(200_000)
    with serving(patient) as server:
        for sent in (body * 5, b"GET /some HTTP/1.1\r\n\r\n" * 50, body + b"GET /large HTTP/1.1\r\n\r\n" * 9):
            before = files_in_use()
            held = [server.connect() for _ in range(3)]
            for one in held:
                one.setblocking(False)
            wait(lambda: len(server.channels) == server.alone + 3)
            left, worst = dict.fromkeys(held, sent), 0
            until = time.monotonic() + 0.5  # in which more would have come
            while time.monotonic() < until:
                for one in held:
                    with suppress(BlockingIOError, ConnectionError):
                        left[one] = left[one][one.send(left[one]) if left[one] else 0 :]
                worst = max(worst, files_in_use())
                time.sleep(0.01)
            assert worst - before - len(held) <= waitress_server.FILES * len(held)
            for one in held:
                one.close()
            wait(lambda: len(server.channels) == server.alone)


REQUESTS = [
    b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
    b"\r\n\r\nGET /b HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
    b"POST /c HTTP/1.1\r\nContent-Length: 5\r\n\r\nab\r\nd",
    b"POST /d HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n1\r\nd\r\n0\r\nA: b\r\n\r\n",
    b"POST /e HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
    b"GET /f HTTP/1.1\r\nbad header\r\n\r\n",
    b"GET /g\r\n\r\n",
]


def parsed(parser: type[HTTPRequestParser], packets: list[bytes]) -> list[tuple[Any, ...]]:
    """What a connection would make of packets."""
    found, current = [], None
    for packet in packets:
        data = packet
        while data:
            current = current or parser(ADJUSTMENTS)
            taken = current.received(data)
            if current.completed:
                if not current.empty:
                    body = current.get_body_stream().read()
                    path = getattr(current, "path", "")
                    found.append((path, current.headers, body, type(current.error)))
                current = None
            data = data[taken:]
            assert taken or current is None, "it goes on"
    return found


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=4), st.integers(0, 2**32 - 1))
def test_however_it_is_cut_into_packets_a_request_is_the_same(requests: list[bytes], seed: int) -> None:
    whole, chance = b"".join(requests), random.Random(seed)
    cuts = sorted(chance.sample(range(1, len(whole)), chance.randint(0, min(40, len(whole) - 1))))
    packets = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert parsed(Request, packets) == parsed(HTTPRequestParser, [whole])


def test_the_work_for_headers_does_not_grow_with_their_square() -> None:
    """A packet costs what it holds: the headers before it are not copied again."""
    request = Request(Adjustments(max_request_header_size=2**22))
    copied = 0

    class Head(bytearray):
        def __bytes__(self) -> bytes:  # where all of it is taken
            nonlocal copied
            copied += len(self)
            return bytes(bytearray(self))

    request._head = Head()
    for _ in range(2_000):
        assert request.received(b"A: b\r\n" * 10) == 60
    assert request.header_plus == b""
    assert copied == 0
