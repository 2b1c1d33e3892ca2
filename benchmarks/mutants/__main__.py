"""`python -m benchmarks.mutants --seed 1 --count 200 --jobs 2 --out FILE [--only PATH …] [--again]`.

Takes a random sample of small changes of the code and runs, for each, the tests that should notice it, in a
copy of the tree.  FILE gets a line of JSON for each; what it holds already is not run again, so that a run
may be stopped and started again.  Browser tests and tests of real data are not among them.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from benchmarks.mutants.changes import Change, changes

ROOT = Path(__file__).parents[2]
ROOMS = ("analysis", "build", "figures", "models")
PROCESSOR, WALL = 180, 1500  # seconds that the tests of one change may take; more of either: noticed
SLOW = {
    "killed_builds", "full_disk", "jobs", "production", "team_server", "fuzz", "examples", "cli", "watch",
    "editions", "imports", "parity", "licences",
}  # fmt: skip
# beside the files named after a module and those that import it: what else exercises it, by the longest
# beginning of its path
MORE = {
    "analysis/": ("analysis", "dashboard/test_callbacks.py"),
    "build/": (
        "build/test_sample.py", "build/test_projecting.py", "run/test_invariants.py",
        "build/test_pipeline.py",
    ),
    "build/sample": ("build/test_sample.py", "build/test_projecting.py"),
    "build/projecting": ("build/test_projecting.py", "build/test_sample.py"),
    "figures/": ("figures", "dashboard/test_callbacks.py"),
    "models/": (
        "models/test_batching.py", "models/test_classifier.py", "models/test_training.py",
        "models/test_adapter.py", "run/test_invariants.py",
    ),
    "models/recurrent": (
        "models/test_layer_states.py", "models/test_classifier.py", "models/test_adapter.py",
        "run/test_invariants.py",
    ),
    "models/builtin/": (
        "models/test_training.py", "models/test_classifier.py", "run/test_invariants.py",
        "corpus/test_series.py",
    ),
    "models/user/": (
        "models/test_adapter.py", "models/test_adapter_calls.py", "models/test_adapter_flipped.py",
        "models/test_weights.py", "models/test_mistakes.py", "models/test_user_model.py",
        "models/test_providers.py", "models/test_layer_states.py", "corpus/test_series.py",
    ),
}  # fmt: skip


def tests_of(path: str, root: Path) -> list[str]:
    """Test files that should notice a change of a module, those nearest to it first."""
    module = Path(path)
    inside = path.removeprefix("hsvis/")
    files = {
        str(one.relative_to(root)): one.read_text(encoding="utf-8")
        for one in sorted((root / "tests").rglob("test_*.py"))
        if "browser" not in one.parts and one.stem.removeprefix("test_") not in SLOW
    }
    room = str(module.parent).replace("/", ".")
    names = (f"{room}.{module.stem} ", f"from {room} import {module.stem}\n")
    found = [name for name in files if Path(name).stem == f"test_{module.stem}"]
    found += [name for name, text in files.items() if any(one in text for one in names)]
    more = MORE[max((one for one in MORE if inside.startswith(one)), key=len)]
    found += [name for one in more for name in files if name.startswith(f"tests/{one}")]
    return list(dict.fromkeys(found))


class Copy:
    """A copy of the tree, and a process that runs tests in it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mutants-"))
        told = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        for name in filter(None, told.stdout.split("\0")):
            if (ROOT / name).is_file():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, self.folder / name)
        given = {"PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1", "OMP_WAIT_POLICY": "PASSIVE",
                 "OMP_NUM_THREADS": "1"}  # fmt: skip
        self._process = subprocess.Popen(
            [sys.executable, "benchmarks/mutants/runner.py", str(PROCESSOR), str(WALL)],
            cwd=self.folder, env=os.environ | given, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def run(self, tests: list[str]) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(tests), file=self._process.stdin, flush=True)
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def result(self, change: Change) -> dict[str, Any]:
        """Runs the tests with the change."""
        file = self.folder / change.path
        source = file.read_text(encoding="utf-8")
        file.write_text(change.apply(source), encoding="utf-8")
        try:
            told = self.run(tests_of(change.path, self.folder))
        finally:
            file.write_text(source, encoding="utf-8")
        if told["status"] < 0:  # out of time, or ended by the change itself
            return {"result": "noticed", "by": f"signal {-told['status']}"}
        by = told["failed"] or (f"exit status {told['status']}" if told["status"] else "")
        return {"result": "noticed" if told["status"] else "survived", "by": by}

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def sample(seed: int, count: int, only: list[str]) -> list[Change]:
    paths = [
        str(one.relative_to(ROOT)) for room in ROOMS for one in sorted((ROOT / "hsvis" / room).rglob("*.py"))
    ]
    chosen = [path for path in paths if not only or any(path.startswith(one.rstrip("/")) for one in only)]
    found = [change for path in chosen for change in changes(ROOT, path)]
    print(f"{len(found):,} changes of {len(chosen)} modules", flush=True)
    return random.Random(seed).sample(found, min(count, len(found)))


def results(out: Path) -> dict[str, dict[str, Any]]:
    """The latest result of each change in the file, by its name."""
    lines = out.read_text(encoding="utf-8").splitlines() if out.exists() else []
    return {one["name"]: one for one in map(json.loads, lines)}


def run(pending: list[Change], jobs: int) -> Iterator[tuple[Change, dict[str, Any]]]:
    waiting: SimpleQueue[Change] = SimpleQueue()
    done: SimpleQueue[tuple[Change, dict[str, Any]] | BaseException] = SimpleQueue()
    for change in pending:
        waiting.put(change)

    def work() -> None:
        copy = Copy()
        try:
            while True:
                change = waiting.get_nowait()
                done.put((change, copy.result(change)))
        except Empty:
            pass
        except BaseException as error:
            done.put(error)
        finally:
            copy.close()

    for _ in range(min(jobs, len(pending))):
        threading.Thread(target=work, daemon=True).start()
    for _ in pending:
        one = done.get()
        if isinstance(one, BaseException):
            raise one
        yield one


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutants", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=[], help="beginnings of paths, such as hsvis/figures")
    parser.add_argument("--again", action="store_true", help="those that survived are run again")
    parser.add_argument("--clean", action="store_true", help="first, all their tests without any change")
    given = parser.parse_args()
    chosen = sample(given.seed, given.count, given.only)
    known = results(given.out)
    left = {name for name, one in known.items() if not given.again or one["result"] != "survived"}
    pending = [change for change in chosen if change.name not in left]
    if given.clean and pending:
        copy = Copy()
        told = copy.run(sorted({name for change in pending for name in tests_of(change.path, ROOT)}))
        copy.close()
        if told["status"]:
            raise SystemExit(f"the tests fail without any change: {told}")
    with given.out.open("a", encoding="utf-8") as file:
        for k, (change, found) in enumerate(run(pending, given.jobs), 1):
            print(json.dumps({"name": change.name, "kind": change.kind, **found}), file=file, flush=True)
            print(f"{k}/{len(pending)} {found['result']}: {change.name}  {found['by']}", flush=True)
    known = results(given.out)
    counted = [known[change.name] for change in chosen]
    noticed = Counter(one["kind"] for one in counted if one["result"] == "noticed")
    print("\nSurvived:", *(one["name"] for one in counted if one["result"] == "survived"), sep="\n  ")
    print("\nNoticed, by kind:")
    for kind, count in sorted(Counter(one["kind"] for one in counted).items()):
        print(f"  {kind}: {noticed[kind]} of {count}")
    print(f"\n{noticed.total()} of {len(counted)} noticed, {noticed.total() / max(1, len(counted)):.0%}")


if __name__ == "__main__":
    main()
