"""Runs of any number of states: IMDB's test reviews, as often as it takes."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hsvis.config import load_config
from hsvis.corpus.loading import load_corpus

TRAINED_ON = 2000  # reviews: what the model knows is not the point here
STEPS_EACH = 96  # of a review, about, of at most 100


@dataclass(frozen=True)
class Built:
    """A built run: how to open it, and what building it took."""

    config: str
    settings: list[str]
    cache: Path
    states: int
    sequences: int
    seconds: dict[str, float]  # by stage
    peak: float  # GiB

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to find the run."""
        return {"HSVIS_CACHE": str(self.cache)}


def write_config(folder: Path, data: Path, states: int) -> Path:
    """A config in `folder`, of reviews of about so many states; the demo's where there is no IMDB.

    A review that comes again lacks its last words: seven more of them each time.
    """
    imdb = data / "imdb"
    test = pq.read_table(imdb / "test.parquet", columns=["text", "label"]) if imdb.exists() else _demo()
    train = pq.read_table(imdb / "train.parquet", columns=["text", "label"]) if imdb.exists() else _demo()
    train = train.take(pa.array(range(0, len(train), max(1, len(train) // TRAINED_ON))))
    wanted = max(2, round(states / STEPS_EACH))
    again = (_shortened(test, 7 * k) for k in range(-(-wanted // len(test))))
    folder.mkdir()
    pq.write_table(pa.concat_tables(again).take(_spread(wanted, len(test))), folder / "test.parquet")
    pq.write_table(train, folder / "train.parquet")
    config = {
        "name": f"growth-{states}",
        "dataset": {
            "path": "parquet",
            "data_files": {split: str(folder / f"{split}.parquet") for split in ("train", "test")},
            "classes": ["neg", "pos"],
        },
        "model": {"epochs": 1},
        "projections": [{"method": "pca"}],
    }
    file = folder / "growth.yaml"
    file.write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
    return file


def _spread(wanted: int, given: int) -> np.ndarray:
    """Rows of all classes: IMDB's test split has the negative reviews first."""
    return np.linspace(0, max(wanted, given) - 1, wanted).astype(np.int64)


def _demo() -> pa.Table:
    test = load_corpus(load_config("demo").dataset).train
    return pa.table({"text": test.texts, "label": pa.array(test.labels, pa.int64())})


def _shortened(table: pa.Table, words: int) -> pa.Table:
    text = table["text"]
    return (
        table
        if not words
        else table.set_column(0, "text", pc.replace_substring_regex(text, rf"(\s+\S+){{{words}}}$", ""))
    )


def build_of(config: str, settings: list[str], cache: Path) -> Built:
    """Builds a run with a command of its own.  Raises SystemExit where that fails."""
    given = [part for setting in settings for part in ("--set", setting)]
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "hsvis", "build", config, *given],
        env=os.environ | {"HSVIS_CACHE": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    said = process.stdout.read().strip().splitlines()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{config} with {', '.join(settings)} could not be built")
    folder = Path(said[-1])
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return Built(
        config, settings, cache, manifest["states"], manifest["sequences"],
        manifest["times"] | {"all": time.perf_counter() - began}, used.ru_maxrss / 2**20,
    )  # fmt: skip


@contextmanager
def in_cache_of(built: Built) -> Iterator[None]:
    """Within the block this process finds the run."""
    before = dict(os.environ)
    os.environ.update(built.environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
