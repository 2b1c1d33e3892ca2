"""The demo from `python app.py` to a page that can be used: with an empty cache, and again."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser

from benchmarks.chromium import launched, wait_until_drawn


def run(*, smoke: bool, data: Path) -> None:
    """Cold and warm start of the demo; the small size only shortens the training."""
    more = ["--set", "dataset.limit=20", "--set", "model.epochs=1"] if smoke else []
    with tempfile.TemporaryDirectory() as cache, launched() as browser:
        cold = _start(browser, cache, more)
        warm = [_start(browser, cache, more) for _ in range(1 if smoke else 5)]
    for name, times in (("cold start, empty cache", [cold]), ("warm start", warm)):
        answered, drawn = (median(t[k] for t in times) for k in range(2))
        print(f"  {name:<28} page answered {answered:6.1f} s     usable {drawn:6.1f} s")
    print(f"  {'ratio':<28} {median(w[1] for w in warm) / cold[1]:29.2f}")


def _start(browser: Browser, cache: str, more: list[str]) -> tuple[float, float]:
    """Seconds until the server answers, and until table, cloud and pick grid stand in the browser."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    root = Path(__file__).parents[1]
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, str(root / "app.py"), "--port", url.rpartition(":")[2], *more],
        env=os.environ | {"HSVIS_CACHE": cache},
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            _wait_for_answer(url, server)
            answered = time.perf_counter() - began
            page.goto(url)
            wait_until_drawn(page)
            return answered, time.perf_counter() - began
        finally:
            server.terminate()
            page.close()


def _wait_for_answer(url: str, server: subprocess.Popen[bytes]) -> None:
    while True:
        try:
            urllib.request.urlopen(url).read()
            return
        except (urllib.error.URLError, ConnectionError):
            if server.poll() is not None:
                raise SystemExit("the server ended before it answered") from None
            time.sleep(0.02)
