"""A served dashboard and a page of it in a real Chromium."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pages import ODD, PAUSE, Open, Opened, Save, Served, at_address, select, show_run, watched
from playwright.sync_api import Browser, BrowserContext, Playwright, expect, sync_playwright
from profiles import Profile, Profiles
from server import serving
from small import SMALL
from table_on_page import MOST, WHOLE

from benchmarks.chromium import FLAGS, MISSING, program
from hsvis.build.pipeline import build
from hsvis.config import load_config
from hsvis.dashboard import create_app
from hsvis.run.store import StateStore

VERDICTS = ("dull", "fair", "shine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's program; without one the tests are skipped, or fail where they have to run."""
    found = program()
    if found is None:
        if os.environ.get("HSVIS_REQUIRE_BROWSER") == "1":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    return found


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    expect.set_options(timeout=PAUSE)  # a machine may be busy: what is waited for comes, but late
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(chromium: str, playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def profiles(
    chromium: str, playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Profiles]:
    profiles = Profiles(playwright, chromium, tmp_path_factory.mktemp("profiles"))
    yield profiles
    profiles.close()


@pytest.fixture
def profile(profiles: Profiles) -> Iterator[Profile]:
    """A browser that knows nothing yet: `profile()`, `profile("dark", 2.0)`; each call lends another one."""
    lent: list[BrowserContext] = []

    def lend(theme: str = "light", scale: float = 1) -> BrowserContext:
        lent.append(profiles.lend(theme, scale))
        return lent[-1]

    yield lend
    for one in lent:
        profiles.take_back(one)


@pytest.fixture(scope="session")
def odd_store(session_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> StateStore:
    """A small run of three classes on odd texts, one of them without a label."""
    folder = tmp_path_factory.mktemp("odd")
    verdicts = ["dull", "middling", "shine"]
    train = [
        {"text": f"a {filler} film that was {word}", "label": k}
        for k, word in enumerate(verdicts)
        for filler in ("long", "short", "new", "old", "quiet", "loud", "first", "last")
    ]
    test = [{"text": text, "label": verdicts.index(text.split()[-1])} for text in ODD]
    for name, rows in (("train", train * 3), ("test", test * 3)):
        pd.DataFrame(rows).to_parquet(folder / f"{name}.parquet")
    config = folder / "odd.yaml"
    config.write_text(
        f"""
name: odd
dataset:
  path: parquet
  data_files: {{train: {folder}/train.parquet, test: {folder}/test.parquet}}
  classes: [dull, middling, "<i>shine</i>"]
tokens: {{max_length: 6}}
model: {{embedding: 8, hidden: 8, epochs: 3, batch_size: 8, word_dropout: 0.0}}
projections:
  - {{method: pca}}
""",
        encoding="utf-8",
    )
    return build(load_config(config))


@pytest.fixture(scope="session")
def verdicts_store(session_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> StateStore:
    """A run of three classes that changes its mind at each verdict: the last one in a text is its class."""
    folder, random = tmp_path_factory.mktemp("verdicts"), np.random.default_rng(7)
    others = ["the", "film", "has", "a", "plot", "and", "some", "people", "in", "it", "who", "talk"]
    for split, count in (("train", 200), ("test", 24)):
        texts = [
            [*random.choice([*others, *VERDICTS, *VERDICTS], random.integers(12, 25)), "a", verdict, "film"]
            for verdict in random.choice(VERDICTS, count)
        ]
        rows = [{"text": " ".join(words), "label": VERDICTS.index(words[-2])} for words in texts]
        pd.DataFrame(rows).to_parquet(folder / f"{split}.parquet")
    settings = [
        "name=verdicts",
        "dataset.path=parquet",
        "dataset.limit=null",
        f"dataset.data_files.train={folder}/train.parquet",
        f"dataset.data_files.test={folder}/test.parquet",
        f"dataset.classes=[{','.join(VERDICTS)}]",
        "model.output=softmax",
        "model.hidden=10",
        "model.embedding=8",
        "model.epochs=8",
        "model.batch_size=16",
        "model.learning_rate=0.03",
        "projections=[{method: pca}]",
    ]
    return build(load_config("demo", settings))


@pytest.fixture(scope="session")
def served(demo_store: StateStore, odd_store: StateStore) -> Iterator[Served]:
    with serving([demo_store, odd_store]) as running:
        yield running


@pytest.fixture
def open_page(profile: Profile, served: Served) -> Open:
    """Opens the dashboard: `open_page(width=…, height=…, theme=…, scale=…)`.

    Pages of one theme of the system and one pixel ratio share a profile.
    """
    used: dict[tuple[str, float], BrowserContext] = {}

    def open_one(width: int = 1440, height: int = 900, theme: str = "light", scale: float = 1) -> Opened:
        if (theme, scale) not in used:
            used[theme, scale] = profile(theme, scale)
        page = used[theme, scale].new_page()
        page.set_viewport_size({"width": width, "height": height})
        page.set_default_timeout(PAUSE)
        opened = watched(page)
        page.goto(served.address)
        page.wait_for_selector("#sequence-table .ag-row")
        opened.settle()
        return opened

    return open_one


@pytest.fixture
def opened(open_page: Open) -> Iterator[Opened]:
    """The dashboard at 1440 × 900; the test fails if the page reported an error."""
    one = open_page()
    yield one
    assert one.errors == []


@pytest.fixture
def visit(profile: Profile, served: Served) -> Callable[..., Opened]:
    """Opens an address in a profile of its own, which knows nothing yet: `visit("?sequence=3")`.

    Given the context of another page, opens it in a second window beside that page.
    """

    def open_address(query: str = "", beside: BrowserContext | None = None) -> Opened:
        page = (beside or profile()).new_page()
        page.set_viewport_size({"width": 1440, "height": 900})
        page.set_default_timeout(PAUSE)
        return at_address(watched(page), served.address + query)

    return open_address


@pytest.fixture
def show(open_page: Open) -> Iterator[Callable[..., Opened]]:
    """Opens a run, with a sequence or without: `show("demo", 3)`; no page may report an error."""
    shown: list[Opened] = []

    def show_one(run: str, index: int | None = None) -> Opened:
        opened = open_page()
        shown.append(opened)
        opened.wait_until("() => hsvis.permalink.isRead()")
        if run != "demo":
            show_run(opened, run)
        if index is not None:
            select(opened, index)
        return opened

    yield show_one
    assert [one.errors for one in shown] == [[]] * len(shown)


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Saves something from a view's menu under the name that it proposes: `save(opened, view, "PNG")`."""

    def save_one(opened: Opened, view: str, entry: str) -> Path:
        opened.page.click(f"[data-export={view}]")
        with opened.page.expect_download() as download:
            opened.page.get_by_role("menuitem", name=entry, exact=True).click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        return path

    return save_one


@pytest.fixture
def offline(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that reaches nothing but files."""
    context = browser.new_context()
    context.route(
        "**/*", lambda route: route.continue_() if route.request.url.startswith("file:") else route.abort()
    )
    yield context
    context.close()


@pytest.fixture(scope="session")
def large_store(session_cache: Path) -> StateStore:
    """Four pages of rows."""
    settings = [*SMALL, "name=large", "dataset.limit=null", "projections=[{method: pca}]"]
    return build(load_config("demo", settings))


@pytest.fixture(scope="session")
def quarter_store(session_cache: Path) -> StateStore:
    """The same with a quarter of the sequences."""
    settings = [*SMALL, "name=quarter", f"dataset.limit={WHOLE // 4}", "projections=[{method: pca}]"]
    return build(load_config("demo", settings))


@pytest.fixture(scope="session")
def paged(large_store: StateStore, demo_store: StateStore, quarter_store: StateStore) -> Iterator[Served]:
    stores = [large_store, demo_store, quarter_store]
    with serving(stores, create_app(stores, most_rows=MOST)) as running:
        yield running


@pytest.fixture
def large(profile: Profile, paged: Served) -> Iterator[Opened]:
    """The page of the large run; the test fails if the page reported an error."""
    page = profile().new_page()
    page.set_viewport_size({"width": 1440, "height": 900})
    page.set_default_timeout(PAUSE)
    opened = at_address(watched(page), paged.address)
    yield opened
    assert opened.errors == []
