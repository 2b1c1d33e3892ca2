"""`python app.py` in a process of its own, as a user starts it."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Server:
    """A running server: its address, its process, and seconds from its start until the page was answered."""

    url: str
    pid: int
    answered: float

    def memory(self) -> tuple[float, float]:
        """GiB that the process has in memory now, and had at the most."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines()
        kib = {line.split(":")[0]: line.split()[1] for line in status if line.startswith("Vm")}
        return int(kib["VmRSS"]) / 2**20, int(kib["VmHWM"]) / 2**20


@contextmanager
def served(
    config: str,
    settings: list[str],
    environment: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
) -> Iterator[Server]:
    """`python app.py` with this config, until the block ends.

    Raises SystemExit if the server ends before that.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    given = [part for setting in settings for part in ("--set", setting)]
    began = time.perf_counter()
    with subprocess.Popen(
        [
            sys.executable,
            str(ROOT / "app.py"),
            "--config",
            config,
            "--port",
            url.rpartition(":")[2],
            *given,
            *options,
        ],
        env=os.environ | dict(environment or {}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            _wait_for_answer(url, server)
            yield Server(url, server.pid, time.perf_counter() - began)
        finally:
            server.terminate()


def _wait_for_answer(url: str, server: subprocess.Popen[bytes]) -> None:
    while True:
        try:
            urllib.request.urlopen(url).read()
            return
        except (urllib.error.URLError, ConnectionError):
            if server.poll() is not None:
                raise SystemExit("the server ended before it answered") from None
            time.sleep(0.02)
