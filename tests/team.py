"""A server of a team in a process of its own, as `hsvis serve --production` starts it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from small import SMALL

ROOT = Path(__file__).parents[1]
DEMO = ("demo", *(part for one in SMALL for part in ("--set", one)))
PATIENCE = 60.0


@dataclass
class Team:
    """A running server."""

    port: int
    process: "subprocess.Popen[str]"
    lines: list[str] = field(default_factory=list)  # of its standard error

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body."""
        return get(self.port, path, headers)

    def logged(self, **wanted: object) -> dict[str, Any]:
        """The line of the log with these values, as soon as it is there."""
        until = time.monotonic() + 10
        while time.monotonic() < until:
            for line in self.lines:
                told = json.loads(line)
                if all(told.get(name) == value for name, value in wanted.items()):
                    return told
            time.sleep(0.02)
        raise AssertionError(f"{wanted} is in no line of {self.lines}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def get(
    port: int, path: str, headers: dict[str, str] | None = None, timeout: float = 20
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def team(
    *arguments: str,
    config: Sequence[str] = DEMO,
    port: int | None = None,
    health: str = "/health",
    command: Sequence[str] = ("-m", "hsvis", "serve"),
    environment: dict[str, str] | None = None,
) -> Iterator[Team]:
    """Waits until it answers; ends it, by force if need be."""
    port = port or free_port()
    rule = [] if "--log-in" in arguments else ["--open"]
    given = [*command, *config, "--production", *rule, "--port", str(port), *arguments]
    process = subprocess.Popen(
        [sys.executable, *given],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | (environment or {}),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    running = Team(port, process)

    def read() -> None:
        for line in process.stderr or ():
            running.lines.append(line.rstrip("\n"))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        until = time.monotonic() + PATIENCE
        while True:
            with suppress(OSError, http.client.HTTPException):
                if get(port, health)[0] == 200:
                    break
            assert process.poll() is None, running.lines
            assert time.monotonic() < until, running.lines
            time.sleep(0.05)
        yield running
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        reader.join(5)
