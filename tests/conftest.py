"""What the tests share: a small trained run of the demo in a cache of its own, and the real data."""

import os

# before torch is loaded, and for every process that a test starts
if "PYTEST_XDIST_WORKER" in os.environ:  # test processes share the cores already
    os.environ.setdefault("OMP_NUM_THREADS", "1")
# t-SNE uses all cores whatever is set above; where another process holds one of them, threads that spin until
# the last of them is done take fifteen times as long as threads that sleep
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from collections.abc import Iterator
from pathlib import Path
from random import Random

import kept_example
import pytest
from hypothesis import settings
from small import SMALL

from hsvis.build.pipeline import build
from hsvis.config import Config, load_config
from hsvis.run.store import StateStore

# how long an example takes says nothing where other processes share the cores
settings.register_profile("hsvis", deadline=None)
settings.load_profile("hsvis")

# files that take longest begin first, so that no process waits for another at the end
SLOW = (
    "test_killed_builds.py", "test_noting.py", "test_pipeline.py", "test_examples.py", "test_full_disk.py",
    "test_jobs.py", "test_mistakes.py", "test_production.py",
)  # fmt: skip


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--shuffle", type=int, metavar="SEED", help="runs the files, and the tests of each, in a random order"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    seed = config.getoption("--shuffle")
    if seed is not None:
        random = Random(seed)
        files = {item.path: random.random() for item in items}
        random.shuffle(items)
        items.sort(key=lambda item: files[item.path])
        return

    def rank(item: pytest.Item) -> int:
        name = item.path.name
        return SLOW.index(name) if name in SLOW else len(SLOW) + (item.path.parent.name != "browser")

    items.sort(key=rank)


@pytest.fixture(scope="session")
def session_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache folder for runs that the whole session reads: each is built once for all test processes.

    A build takes the lock of its run, so that the others find what the first one has built.
    """
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "cache"
    before = os.environ.get("HSVIS_CACHE")
    os.environ["HSVIS_CACHE"] = str(folder)
    yield folder
    if before is None:
        del os.environ["HSVIS_CACHE"]
    else:
        os.environ["HSVIS_CACHE"] = before


@pytest.fixture(scope="session")
def demo_config() -> Config:
    """The demo, made small: 40 reviews, 12 hidden units, several parts."""
    return load_config("demo", SMALL)


@pytest.fixture(scope="session")
def demo_store(session_cache: Path, demo_config: Config) -> StateStore:
    """The small demo run, really trained and built."""
    return build(demo_config)


@pytest.fixture(scope="session")
def placed_store(session_cache: Path) -> StateStore:
    """A run of which t-SNE is fitted to 100 states and the others are placed; of its PCA none is."""
    projections = "projections=[{method: tsne, perplexity: 5, max_fit: 100}, {method: pca}]"
    return build(load_config("demo", [*SMALL, "name=placed", "model.epochs=1", projections]))


@pytest.fixture(scope="session")
def kept_store(session_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> StateStore:
    """A small run that keeps columns of every kind of its dataset."""
    return build(load_config(kept_example.config(tmp_path_factory.mktemp("kept"), kept_example.KEPT)))


@pytest.fixture
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the test's own."""
    monkeypatch.setenv("HSVIS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of the IMDB and Reuters parquet files: `HSVIS_TEST_DATA`, else `../shared/data`."""
    chosen = os.environ.get("HSVIS_TEST_DATA")
    folder = Path(chosen) if chosen else Path(__file__).resolve().parents[2] / "shared" / "data"
    files = [
        folder / name / f"{split}.parquet" for name in ("imdb", "reuters") for split in ("train", "test")
    ]
    if not all(file.exists() for file in files):
        if os.environ.get("HSVIS_REQUIRE_REAL_DATA"):
            pytest.fail(f"{folder} has no IMDB and Reuters files, and HSVIS_REQUIRE_REAL_DATA is set")
        pytest.skip(f"{folder} has no IMDB and Reuters files; set HSVIS_TEST_DATA to their folder")
    return folder
