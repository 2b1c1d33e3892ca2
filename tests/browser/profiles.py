"""Browsers whose profiles lie on disk and are used again: like users', they keep compiled scripts."""

import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Playwright

from benchmarks.chromium import FLAGS

KEPT_BY_PAGES = "cookies,local_storage,indexeddb,service_workers,cache_storage"

Profile = Callable[..., BrowserContext]  # theme of the system, pixel ratio


def forget_files(context: BrowserContext) -> None:
    """Empties what a profile keeps of files: an earlier test's server may have had the same address."""
    session = context.new_cdp_session(context.pages[0])
    session.send("Network.clearBrowserCache")
    session.detach()


class Profiles:
    """Lends one profile to one person of a test at a time; the next finds nothing of the pages in it."""

    def __init__(self, playwright: Playwright, program: str, folder: Path) -> None:
        self._playwright = playwright
        self._program = program
        self._folder = folder
        self._free: dict[tuple[str, float], list[BrowserContext]] = defaultdict(list)
        self._lent: dict[BrowserContext, tuple[str, float]] = {}

    def lend(self, theme: str = "light", scale: float = 1) -> BrowserContext:
        """A profile in which no page is open but a blank one."""
        free = self._free[theme, scale]
        context = free.pop() if free else self._made(theme, scale)
        self._lent[context] = theme, scale
        return context

    def take_back(self, context: BrowserContext) -> None:
        """Closes its pages but the first, a blank one that keeps the browser running, and empties it."""
        blank, *pages = context.pages
        for page in pages:
            page.close()
        session = context.new_cdp_session(blank)
        session.send("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": KEPT_BY_PAGES})
        session.detach()
        context.clear_cookies()
        self._free[self._lent.pop(context)].append(context)

    def close(self) -> None:
        for context in [*self._lent, *(one for free in self._free.values() for one in free)]:
            context.close()

    def _made(self, theme: str, scale: float) -> BrowserContext:
        scheme: Any = theme
        return self._playwright.chromium.launch_persistent_context(
            tempfile.mkdtemp(dir=self._folder),
            executable_path=self._program,
            args=FLAGS,
            color_scheme=scheme,
            device_scale_factor=scale,
        )
