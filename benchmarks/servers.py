"""WSGI servers compared on one run: selections by several people, and while many requests are half sent."""

import contextlib
import http.client
import os
import resource
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from benchmarks.asking import Page, page_of
from hsvis.catalogue.offers import offers, open_offers
from hsvis.progress import ConsoleProgress

THREADS = 8
ROUNDS = 4  # in which the servers take turns
MADE = "hsvis.dashboard:create_server({config!r}, open_to_all=True, log_format='text')"
BY_ONE = (
    "from hsvis.dashboard import create_server; "
    "app = create_server({config!r}, open_to_all=True, log_format='text'); "
)
EACH = {  # started as a user of each would; one process with the run, THREADS threads
    "werkzeug": [
        "-c", BY_ONE + "from werkzeug.serving import make_server; "
        "import logging; logging.getLogger('werkzeug').setLevel('ERROR'); "
        "make_server('127.0.0.1', {port}, app, threaded=True).serve_forever()",
    ],
    "gunicorn": [
        "-m", "gunicorn", "--bind", "127.0.0.1:{port}", "--worker-class", "gthread", "--threads", "{threads}",
        "--worker-connections", "{connections}", MADE,
    ],
    "waitress": [
        "-c", BY_ONE + "import waitress; waitress.serve(app, host='127.0.0.1', port={port}, "
        "threads={threads}, connection_limit={connections}, asyncore_use_poll=True, _quiet=True)",
    ],
    "granian": [
        "-c", "import granian; from hsvis.dashboard import create_server; "
        "granian.Granian('app', '127.0.0.1', {port}, interface='wsgi', blocking_threads={threads}, "
        "http='1', websockets=False, log_enabled=False)"
        ".serve(target_loader=lambda _: create_server({config!r}, open_to_all=True, log_format='text'))",
    ],
}  # fmt: skip
OWN = ["-m", "hsvis", "serve", "{config}", "--production", "--open", "--no-build", "--port", "{port}"]
EACH["hsvis"] = [*OWN, "--threads", "{threads}", "--log-format", "text"]  # waitress, with a loop of our own
HALF = b"GET /healt"  # of a request; the rest never comes


@dataclass(frozen=True)
class Load:
    """What is tried: how many clients at once, how long, and how many requests stay half sent."""

    clients: tuple[int, ...]
    seconds: float
    half: tuple[int, ...]


def run(*, smoke: bool, data: Path) -> None:
    """Of the built run that HSVIS_BENCHMARK_RUN names, a config; else of the demo."""
    config = os.environ.get("HSVIS_BENCHMARK_RUN", "demo")
    load = Load((1, 3), 1.0, (20,)) if smoke else Load((1, 10, 50), 20.0, (1000, 10_000))
    _more_files(max(load.half) + 500)
    offered = offers([config])
    store = open_offers(offered, ConsoleProgress(), print, building=config == "demo")[0]
    print(
        f"  {store.name}: {store.n_states:,} states, {THREADS} threads, load average {os.getloadavg()[0]:.1f}"
    )
    with contextlib.ExitStack() as all_of_them:
        running: dict[str, _Running] = {}
        for name, command in EACH.items():
            if name not in ("werkzeug", "hsvis") and find_spec(name) is None:
                print(f"  {name}: not installed, left out (pip install 'hsvis[benchmarks]')")
                continue
            ends = all_of_them.enter_context(contextlib.ExitStack())
            try:
                url, pids = ends.enter_context(_served(name, command, config, max(load.half) + 500))
                running[name] = _Running(url, pids, page_of(url, store), ends)
            except (OSError, http.client.HTTPException, TimeoutError) as error:
                print(f"  {name:<10} did not answer: {type(error).__name__}: {error}")
        _in_turn(running, load)
        for name, server in running.items():
            with server.ends:  # the next ones have the machine to themselves
                _half_sent_too(name, server, load)


@dataclass(frozen=True)
class _Running:
    """A server, its processes, a page of it, and what ends it."""

    url: str
    pids: list[int]
    page: Page
    ends: contextlib.ExitStack


def _in_turn(running: dict[str, _Running], load: Load) -> None:
    """One server after the other, again and again: a machine that slows down slows all."""
    for server in running.values():
        _selections(server.url, server.page, 1, min(2.0, load.seconds))  # what is computed once, is by now
    for clients in load.clients:
        answers = {name: Answers([], 0, 0.0) for name in running}
        for _ in range(ROUNDS):
            for name, server in running.items():
                answers[name] += _selections(server.url, server.page, clients, load.seconds / ROUNDS)
        for name, server in running.items():
            _tell(name, f"{clients} clients", answers[name], server.pids)


def _half_sent_too(name: str, server: _Running, load: Load) -> None:
    for half in load.half:
        with _half_sent(server.url, half) as held:
            answers = _selections(server.url, server.page, 10, load.seconds)
            _tell(name, f"10 clients, {held:,} half-sent requests", answers, server.pids)


def _tell(name: str, what: str, answers: "Answers", pids: list[int]) -> None:
    memory = sum(map(_resident, pids)) / 2**20
    if not answers.ms:
        print(f"  {name:<10} {what:<40} no answer; {answers.failed} failed")
        return
    high = float(np.percentile(answers.ms, 95))
    print(
        f"  {name:<10} {what:<40} {len(answers.ms) / answers.seconds:6.1f} /s   "
        f"median {statistics.median(answers.ms):7.1f} ms   95 % {high:7.1f} ms   "
        f"{answers.failed} failed   {memory:.2f} GiB",
        flush=True,
    )


@dataclass
class Answers:
    ms: list[float]
    failed: int
    seconds: float

    def __add__(self, more: "Answers") -> "Answers":
        return Answers(self.ms + more.ms, self.failed + more.failed, self.seconds + more.seconds)


def _selections(url: str, page: Page, clients: int, seconds: float) -> Answers:
    """So many clients select one sequence after the other, without a pause."""
    ms: list[float] = []
    failed: list[str] = []
    began = time.perf_counter()
    host = url.split("/")[2]

    def client(number: int) -> None:
        rng = np.random.default_rng(number)
        connection = http.client.HTTPConnection(host, timeout=10)
        while time.perf_counter() - began < seconds:
            body = page.selection(int(rng.integers(page.sequences)))
            asked = time.perf_counter()
            try:
                headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip"}
                connection.request("POST", "/_dash-update-component", body, headers)
                answer = connection.getresponse()
                answer.read()
                if answer.status == 200:
                    ms.append(1000 * (time.perf_counter() - asked))
                else:
                    failed.append(str(answer.status))
            except (OSError, http.client.HTTPException) as error:
                failed.append(type(error).__name__)
                connection.close()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Answers(ms, len(failed), time.perf_counter() - began)


@contextmanager
def _half_sent(url: str, count: int) -> Iterator[int]:
    """So many connections that have sent half a request line; gives how many the server took."""
    host, _, port = url.split("/")[2].partition(":")
    held: list[socket.socket] = []
    try:
        for _ in range(count):
            with contextlib.suppress(OSError):
                one = socket.create_connection((host, int(port)), timeout=2)
                held.append(one)
                one.sendall(HALF)
        yield len(held)
    finally:
        for one in held:
            one.close()


@contextmanager
def _served(name: str, command: list[str], config: str, connections: int) -> Iterator[tuple[str, list[int]]]:
    """The server's address, and the processes that are part of it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    values = {"config": config, "port": port, "threads": THREADS, "connections": connections}
    given = [part.format(**values) for part in command]
    with subprocess.Popen(
        [sys.executable, *given], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as server:
        try:
            url = f"http://127.0.0.1:{port}/"
            _wait(server, port)
            yield url, [server.pid, *_children(server.pid)]
        finally:
            server.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(10)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, 9)


def _wait(server: "subprocess.Popen[bytes]", port: int) -> None:
    """Raises TimeoutError, or ConnectionError where it has ended."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        if server.poll() is not None:
            raise ConnectionError("it ended before it answered")
        time.sleep(0.1)
    raise TimeoutError("no answer for a minute")


def _resident(pid: int) -> int:
    """KiB that a process has in memory."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children")
    children = [int(one) for one in found.read_text(encoding="ascii").split()] if found.exists() else []
    return [*children, *(deeper for child in children for deeper in _children(child))]


def _more_files(wanted: int) -> None:
    """Raises the limit of open files as far as it goes; the servers inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(most, 1024), hard))
