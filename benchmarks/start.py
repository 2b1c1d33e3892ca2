"""The demo from `python app.py` to a page that answers: with an empty cache, and again."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path


def run(*, smoke: bool, data: Path) -> None:
    """Cold and warm start of the demo; the small size only shortens the training."""
    more = ["--set", "dataset.limit=20", "--set", "model.epochs=1"] if smoke else []
    with tempfile.TemporaryDirectory() as cache:
        cold = _until_answer(cache, more)
        warm = sorted(_until_answer(cache, more) for _ in range(1 if smoke else 3))
    print(f"  cold start, empty cache                      {cold:8.1f} s")
    print(f"  warm start                            median {warm[len(warm) // 2]:8.1f} s")
    print(f"  ratio                                        {cold / warm[len(warm) // 2]:8.1f}")


def _until_answer(cache: str, more: list[str]) -> float:
    """Seconds until the server has answered with the page's layout."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    root = Path(__file__).parents[1]
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, str(root / "app.py"), "--port", str(port), *more],
        env=os.environ | {"HSVIS_CACHE": cache},
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            while True:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/_dash-layout").read()
                    return time.perf_counter() - began
                except (urllib.error.URLError, ConnectionError):
                    if server.poll() is not None:
                        raise SystemExit("the server ended before it answered") from None
                    time.sleep(0.05)
        finally:
            server.terminate()
