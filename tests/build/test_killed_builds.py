"""Builds that are killed, and builds that run at the same time."""

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

SETTINGS = [
    "dataset.limit=15",
    "model.hidden=8",
    "model.embedding=4",
    "model.epochs=1",
    "model.batch_size=250",
    "states.part_steps=50",
    "projections=[{method: pca}, {method: tsne, perplexity: 5, max_fit: 150}]",
]
KILLS = 20


class Builder:
    """Talks to `builder.py`."""

    def __init__(self) -> None:
        script = [sys.executable, str(Path(__file__).parents[1] / "builder.py"), *SETTINGS]
        self.process = subprocess.Popen(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdin
        assert self.process.stdout
        self._in: IO[str] = self.process.stdin
        self._out: IO[str] = self.process.stdout

    def build(self, folder: Path, kill_after: float = 0) -> tuple[int, float]:
        """Builds in a cache folder; returns (exit status, -9 where it was killed; seconds)."""
        self._in.write(f"{folder} {kill_after}\n")
        self._in.flush()
        status, seconds = self._out.readline().split()
        return int(status), float(seconds)


@pytest.fixture(scope="module")
def builder() -> Iterator[Builder]:
    made = Builder()
    yield made
    made.process.kill()
    made.process.wait()


def snapshot(folder: Path) -> dict[str, object]:
    """All files of a cache but locks; manifests without what differs from run to run."""
    found: dict[str, object] = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.name == "manifest.json":
            manifest = json.loads(path.read_text(encoding="utf-8"))
            del manifest["times"], manifest["checksum"]
            found[name] = manifest
        elif path.is_file() and path.suffix != ".lock":
            found[name] = path.read_bytes()
    return found


def test_a_build_killed_at_any_moment_goes_on_to_the_same_files(builder: Builder, tmp_path: Path) -> None:
    status, _ = builder.build(tmp_path / "warm")  # the first one reads more from disk
    assert status == 0
    status, duration = builder.build(tmp_path / "alone")
    assert status == 0
    expected = snapshot(tmp_path / "alone")
    assert sum(name.endswith(".parquet") for name in expected) > 10, "the run should have several parts"
    rng = random.Random(4)
    stages = set()
    for attempt in range(KILLS):
        folder = tmp_path / f"killed-{attempt}"
        status, _ = builder.build(folder, rng.uniform(0.02, 1) * duration)
        assert status in (0, -9)
        stages.add(len(snapshot(folder)) if folder.exists() else 0)
        assert builder.build(folder)[0] == 0
        assert snapshot(folder) == expected, f"attempt {attempt}"
        shutil.rmtree(folder)
    assert len(stages) >= 3, f"the kills should hit different stages, found {stages} files"


def test_a_build_that_is_killed_again_and_again_gets_there(builder: Builder, tmp_path: Path) -> None:
    status, duration = builder.build(tmp_path / "alone")
    assert status == 0
    folder = tmp_path / "killed"
    for share in (0.3, 0.4, 0.5, 0.6, 0.7):
        builder.build(folder, share * duration)
    assert builder.build(folder)[0] == 0
    assert snapshot(folder) == snapshot(tmp_path / "alone")


def test_two_builds_at_once_give_one_whole_run(builder: Builder, tmp_path: Path) -> None:
    other = Builder()
    try:
        for made in (builder, other):
            made._in.write(f"{tmp_path / 'both'} 0\n")
            made._in.flush()
        assert [made._out.readline().split()[0] for made in (builder, other)] == ["0", "0"]
    finally:
        other.process.kill()
        other.process.wait()
    assert builder.build(tmp_path / "alone")[0] == 0
    assert snapshot(tmp_path / "both") == snapshot(tmp_path / "alone")
