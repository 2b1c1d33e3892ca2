"""Builds that are killed, and builds that run at the same time."""

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
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
KILLS = 8  # at changes of files, spread over the whole build
TIMED = 3  # at any other moment, in the middle of what is computed or written


class Builder:
    """Talks to `builder.py`."""

    def __init__(self) -> None:
        script = [sys.executable, str(Path(__file__).parents[1] / "builder.py"), *SETTINGS]
        self.process = subprocess.Popen(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdin
        assert self.process.stdout
        self._in: IO[str] = self.process.stdin
        self._out: IO[str] = self.process.stdout

    def start(self, folder: Path, *, after: float = 0, before_change: int = 0) -> None:
        self._in.write(f"{folder} {after} {before_change}\n")
        self._in.flush()

    def end(self) -> tuple[int, float, int]:
        status, seconds, changes = self._out.readline().split()
        return int(status), float(seconds), int(changes)

    def build(self, folder: Path, *, after: float = 0, before_change: int = 0) -> int:
        """Builds in a cache folder; returns the exit status, -9 where it was killed."""
        self.start(folder, after=after, before_change=before_change)
        return self.end()[0]


@dataclass(frozen=True)
class Alone:
    """What a build that nobody disturbs leaves; how long it took; how often it changed a file."""

    files: dict[str, object]
    seconds: float
    changes: int


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


@pytest.fixture(scope="module")
def alone(builder: Builder, tmp_path_factory: pytest.TempPathFactory) -> Alone:
    folder = tmp_path_factory.mktemp("alone")
    builder.start(folder)
    status, seconds, changes = builder.end()
    assert status == 0
    files = snapshot(folder)
    assert sum(name.endswith(".parquet") for name in files) > 10, "the run should have several parts"
    return Alone(files, seconds, changes)


def test_a_build_killed_at_any_moment_goes_on_to_the_same_files(
    builder: Builder, alone: Alone, tmp_path: Path
) -> None:
    rng = random.Random(4)
    changes = [int(alone.changes * (k + rng.random()) / KILLS) + 1 for k in range(KILLS)]
    moments = [{"before_change": change} for change in changes]
    moments += [{"after": rng.uniform(0.1, 0.9) * alone.seconds} for _ in range(TIMED)]
    stages = set()
    for attempt, moment in enumerate(moments):
        folder = tmp_path / f"killed-{attempt}"
        status = builder.build(folder, **moment)
        assert status == -9 or (status == 0 and "after" in moment), moment
        stages.add(len(snapshot(folder)) if folder.exists() else 0)
        assert builder.build(folder) == 0
        assert snapshot(folder) == alone.files, moment
        shutil.rmtree(folder)
    assert len(stages) >= KILLS - 2, f"the kills should hit different stages, found {stages} files"


def test_a_build_that_is_killed_again_and_again_gets_there(
    builder: Builder, alone: Alone, tmp_path: Path
) -> None:
    folder = tmp_path / "killed"
    for share in (0.3, 0.4, 0.5, 0.6, 0.7):
        builder.build(folder, after=share * alone.seconds)
    assert builder.build(folder) == 0
    assert snapshot(folder) == alone.files


def test_two_builds_at_once_give_one_whole_run(builder: Builder, alone: Alone, tmp_path: Path) -> None:
    other = Builder()
    try:
        for one in (builder, other):
            one.start(tmp_path / "both")
        assert [one.end()[0] for one in (builder, other)] == [0, 0]
    finally:
        other.process.kill()
        other.process.wait()
    assert snapshot(tmp_path / "both") == alone.files
