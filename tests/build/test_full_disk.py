"""A disk that is really full, a small one in memory: what a build and a server do on it."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from small import SMALL

# the same files as of the small run; t-SNE of fewer states, as it begins again after each full disk
SETTINGS = [*SMALL, "model.epochs=1", "projections.0.max_fit=200", "projections.0.perplexity=10"]
ROOT = Path(__file__).parents[2]
SHELL = 'mount -t tmpfs -o "size=$1" hsvis "$2" && exec "$3" -c "$4" "$2"'


def apart(*command: str) -> list[str]:
    """The command that runs a command where it may mount disks that nobody else sees."""
    return ["unshare", "--user", "--map-root-user", "--mount", *command]


def can_mount() -> bool:
    try:
        command = apart("mount", "-t", "tmpfs", "hsvis", "/mnt")
        made = subprocess.run(command, check=False, capture_output=True, timeout=20)
    except OSError:
        return False
    return made.returncode == 0


pytestmark = pytest.mark.skipif(
    not can_mount(), reason="needs a system that lets users mount a disk in memory"
)


def on_small_disk(disk: Path, size: str, script: str) -> str:
    """Output of a script that is given the folder of a disk of this size as its argument."""
    command = apart("sh", "-ec", SHELL, "sh", size, str(disk), sys.executable, textwrap.dedent(script))
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_a_build_says_so_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    told = on_small_disk(
        tmp_path,
        "40k",
        f"""
        import os, subprocess, sys
        disk = os.environ["HSVIS_CACHE"] = sys.argv[1]
        from hsvis.config import load_config
        from hsvis.errors import CacheError
        from hsvis.build.pipeline import build
        for size in range(40, 4000, 160):
            subprocess.run(["mount", "-o", f"remount,size={{size}}k", disk], check=True)
            try:
                store = build(load_config("demo", {SETTINGS!r}))
            except CacheError as error:
                print("full:", error)
                continue
            print("built", store.n_states, len(store.projections(store.layers[0])))
            asides = [one for _, _, names in os.walk(disk) for one in names if one.endswith(".aside")]
            print("left", asides)
            break
        """,
    )
    full = [line for line in told.splitlines() if line.startswith("full: ")]
    assert len(full) >= 3, told
    assert all("Make room or set HSVIS_CACHE" in line for line in full)
    assert len({line.split(": can't")[0].rpartition("/")[2] for line in full}) >= 2, "at several files"
    assert "\nbuilt " in told
    assert "\nleft []" in told


def test_a_server_keeps_showing_and_says_what_it_could_not_keep(tmp_path: Path) -> None:
    told = on_small_disk(
        tmp_path,
        "40m",
        f"""
        import os, sys
        from pathlib import Path
        disk = os.environ["HSVIS_CACHE"] = sys.argv[1]
        from hsvis.config import load_config
        from hsvis.dashboard import create_app
        from hsvis.notes import Notes
        from hsvis.build.pipeline import build
        store = build(load_config("demo", {SETTINGS!r}))
        notes = Notes(Path(disk) / "notes.sqlite")
        client = create_app([store], notes=notes).server.test_client()

        def note():
            sender = {{"X-Requested-With": "hsvis"}}
            answer = client.post("/notes/demo", headers=sender, json={{"sequence": 1, "text": "x" * 3000}})
            return answer.status_code, "" if answer.status_code == 200 else answer.text

        print(note()[0])
        filler = Path(disk) / "filler"
        try:
            with filler.open("wb", buffering=0) as file:
                for size in (1 << 16, 1):
                    while True:
                        file.write(b"x" * size)
        except OSError:
            pass
        with filler.open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(b"x")
            except OSError:
                pass
        answers = [note() for _ in range(40)]  # what SQLite has taken already may hold some more
        print(answers[-1])
        kept = 1 + sum(status == 200 for status, _ in answers)
        print(client.get("/_dash-layout").status_code, client.get("/notes/demo").status_code)
        print(notes.listed("demo")[1] == kept, store.states(3, store.layers[0]).shape[1])
        filler.unlink()
        print(note()[0])
        print(Notes(Path(disk) / "notes.sqlite").listed("demo")[1] == kept + 1)
        """,
    )
    said = "The file of notes can't be used (disk I/O error). Look whether its disk is full or damaged.\\n"
    assert told.splitlines() == ["200", f'(503, "{said}")', "200 200", "True 12", "200", "True"]
