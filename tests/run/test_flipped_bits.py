"""One bit of every byte that a build writes: what is harmed is noticed, or it is read as it was.

`HSVIS_FLIPS=1 python -m pytest tests/run/test_flipped_bits.py` tries a bit of each byte, `python -m
benchmarks flips` all bits; by default some bytes of each file are tried.
"""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmarks.flips import flip, readers, tiny_config
from hsvis.build.pipeline import build
from hsvis.run.find import open_run
from hsvis.run.folder import RunFolder

EACH = 1 if os.environ.get("HSVIS_FLIPS") else 6  # bytes, of which one is harmed
FILES = (
    "manifest.json", "sequences.parquet", "predictions.parquet", "part-00000.parquet", "part-00001.parquet",
    "pca-*.parquet", "neighbours/*.parquet", "*.records", "words-rnn.0.parquet", "words/*.parquet",
    "*.safetensors",
)  # fmt: skip


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run and what it shares with others."""
    folder = tmp_path_factory.mktemp("flips")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HSVIS_CACHE", str(folder / "cache"))
        build(tiny_config(folder / "data"))
    return folder / "cache" / "tiny"


@pytest.fixture
def run(cache: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(cache, tmp_path / "tiny")
    return next(path.parent for path in (tmp_path / "tiny").glob("*/manifest.json"))


def test_every_file_of_the_cache_is_among_those_that_are_harmed(cache: Path, run: Path) -> None:
    tried = {path.relative_to(run.parent) for path in readers(open_run(RunFolder(run), []))}
    there = {p.relative_to(cache) for p in cache.rglob("*") if p.is_file() and p.suffix != ".lock"}
    assert tried == there
    assert all(any(path.match(pattern) for pattern in FILES) for path in tried)


@pytest.mark.parametrize("pattern", FILES)
def test_a_flipped_bit_is_noticed_or_changes_nothing(run: Path, pattern: str) -> None:
    found = [(p, read) for p, read in readers(open_run(RunFolder(run), [])).items() if p.match(pattern)]
    assert found
    for path, read in found:
        rng = np.random.default_rng(len(pattern))
        size = path.stat().st_size
        at = np.arange(rng.integers(EACH), size, EACH)
        flipped = flip(path, read, zip(at.tolist(), rng.integers(8, size=len(at)).tolist(), strict=True))
        assert flipped.wrong == []
        assert flipped.noticed > flipped.harmless
