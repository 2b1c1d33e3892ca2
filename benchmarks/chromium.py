"""A headless Chromium of the system, for benchmarks, screenshots and browser tests."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"]
MISSING = f"no Chromium: install one of {', '.join(NAMES)}, or name it in HSVIS_CHROMIUM"


def program() -> str | None:
    """The browser's program: HSVIS_CHROMIUM, or the first of NAMES; None without one."""
    return os.environ.get("HSVIS_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def launched() -> Iterator[Browser]:
    """A running browser.  Raises SystemExit where there is none."""
    found = program()
    if found is None:
        raise SystemExit(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def wait_until_drawn(page: Page) -> None:
    """Returns when the table has rows and the cloud stands with its pick grid: the page can be used."""
    page.wait_for_selector("#sequence-table .ag-center-cols-container .ag-row")
    page.wait_for_function("() => window.hsvis?.cloud?.isSettled()")
