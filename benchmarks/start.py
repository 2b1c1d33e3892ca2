"""The demo from `python app.py` to a page that can be used: with an empty cache, and again."""

import tempfile
import time
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser

from benchmarks.chromium import launched, wait_until_drawn
from benchmarks.served import served


def run(*, smoke: bool, data: Path) -> None:
    """Cold and warm start of the demo; the small size only shortens the training."""
    more = ["dataset.limit=20", "model.epochs=1"] if smoke else []
    with tempfile.TemporaryDirectory() as cache, launched() as browser:
        cold = _start(browser, cache, more)
        warm = [_start(browser, cache, more) for _ in range(1 if smoke else 5)]
    for name, times in (("cold start, empty cache", [cold]), ("warm start", warm)):
        answered, drawn = (median(t[k] for t in times) for k in range(2))
        print(f"  {name:<28} page answered {answered:6.1f} s     usable {drawn:6.1f} s")
    print(f"  {'ratio':<28} {median(w[1] for w in warm) / cold[1]:29.2f}")


def _start(browser: Browser, cache: str, more: list[str]) -> tuple[float, float]:
    """Seconds until the server answers, and until table, cloud and pick grid stand in the browser."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    began = time.perf_counter()
    with served("demo", more, {"HSVIS_CACHE": cache}) as server:
        page.goto(server.url)
        wait_until_drawn(page)
        usable = time.perf_counter() - began
    page.close()
    return server.answered, usable
