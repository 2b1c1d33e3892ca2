"""The most memory that projections and the index take, each in a process of its own.

`python -m benchmarks.memory FOLDER WORK` does one of them on the states of a folder.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.synthetic import LAYER, write_run
from hsvis.build.projections import write_projection
from hsvis.config import PcaSettings, TsneSettings
from hsvis.progress import silent
from hsvis.run.folder import RunFolder
from hsvis.run.neighbour_index import write_index
from hsvis.run.states import LayerStates

WORKS = ("nothing", "index", "pca", "tsne")


def run(*, smoke: bool, data: Path) -> None:
    """Synthetic runs of 100,000 and of a million states; t-SNE is fitted to 5,000 and places the others."""
    for count in (2_000,) if smoke else (100_000, 1_000_000):
        with tempfile.TemporaryDirectory() as folder:
            states = LayerStates(write_run(Path(folder), count).folder, LAYER)
            size = len(states) * states.shape[1] * 4 / 2**20
            print(f"  {len(states):>9,} states, {size:,.0f} MiB in files", flush=True)
            for work in WORKS:
                command = [sys.executable, "-m", "benchmarks.memory", folder, work]
                peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
                print(f"    {work:<8} {int(peak) / 2**10:8,.0f} MiB at most", flush=True)


def work(path: Path, name: str) -> None:
    """Does one of the works, and prints the most memory that the process had, in KiB (Linux)."""
    folder = RunFolder(path)
    states = LayerStates(folder, LAYER)
    if name == "index":
        write_index(folder, LAYER, states)
    if name in ("pca", "tsne"):
        settings = (
            PcaSettings(method="pca")
            if name == "pca"
            else TsneSettings(method="tsne", perplexity=30, max_fit=5_000)
        )
        write_projection(folder, LAYER, name, settings, silent)
    status = Path("/proc/self/status").read_text(encoding="utf-8")  # getrusage counts what the parent had too
    print(re.search(r"VmHWM:\s+(\d+)", status)[1])  # type: ignore[index]


if __name__ == "__main__":
    work(Path(sys.argv[1]), sys.argv[2])
