"""Fifty people at once for three minutes: what they wait for, and what it costs the server."""

import json
import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.asking import page_of
from benchmarks.served import ROOT, Server, served
from hsvis.catalogue.offers import offers, open_offers
from hsvis.progress import silent

AIM = 400  # ms, of 95 in a hundred selections


def run(*, smoke: bool, data: Path) -> None:
    """Of the built run that HSVIS_BENCHMARK_RUN names, a config; else of the demo.  Needs locust."""
    if find_spec("locust") is None:
        print("  locust is not installed, left out (pip install 'hsvis[benchmarks]')")
        return
    people, seconds = (3, 5) if smoke else (50, 180)
    config = os.environ.get("HSVIS_BENCHMARK_RUN", "demo")
    store = open_offers(offers([config]), silent, print, building=config == "demo")[0]
    with served(config, [], options=["--production", "--open", "--no-build"]) as server:
        page = page_of(f"{server.url}/", store)
        before, load = server.memory()[0], os.getloadavg()[0]
        print(
            f"  {store.name}: {store.n_states:,} states, {people} people for {seconds} s, "
            f"load {load:.1f} before"
        )
        kinds, held = _people(page.telling(), server, people, seconds)
        now, most = server.memory()
    for kind in sorted(kinds, key=lambda one: one["name"]):
        _tell(kind)
    print(
        f"  memory {before:.2f} GiB before, {now:.2f} GiB after, {most:.2f} GiB at most; each sixth:", end=" "
    )
    print(", ".join(f"{one:.2f}" for one in held), end="; ")
    print(f"load {os.getloadavg()[0]:.1f} after")
    failed = sum(one["num_failures"] for one in kinds)
    print(f"  {sum(one['num_requests'] for one in kinds):,} requests, {failed} failed")


def _people(page: str, server: Server, people: int, seconds: int) -> tuple[list[dict[str, Any]], list[float]]:
    """locust's figures, one a kind of request; and the memory of the server after each sixth, in GiB."""
    command = [
        sys.executable, "-m", "locust", "-f", str(ROOT / "benchmarks" / "people.py"), "--headless", "--json",
        "--host", server.url, "--users", str(people), "--spawn-rate", "5", "--run-time", f"{seconds}s",
        "--exit-code-on-error", "0", "--loglevel", "ERROR",
    ]  # fmt: skip
    environment = os.environ | {
        "HSVIS_LOAD_PAGE": page,
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
    held = []
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as locust:
        for _ in range(6):
            time.sleep(seconds / 6)
            held.append(server.memory()[0])
        told, _ = locust.communicate()
    return json.loads(told), held


def _tell(kind: dict[str, Any]) -> None:
    times = sorted((float(ms), count) for ms, count in kind["response_times"].items())
    print(
        f"  {kind['name']:<26} {kind['num_requests']:>6} requests {kind['num_failures']:>4} failed   "
        f"median {_at(times, 0.5):6.0f} ms   95 % {_at(times, 0.95):6.0f} ms   "
        f"at most {kind['max_response_time'] or 0:6.0f} ms" + _aim(kind["name"], _at(times, 0.95))
    )


def _aim(name: str, high: float) -> str:
    return "" if name != "selection" else f"   (aim {AIM} ms: {'kept' if high < AIM else 'missed'})"


def _at(times: list[tuple[float, int]], share: float) -> float:
    """The time that this share of the requests took at most."""
    wanted, seen = share * sum(count for _, count in times), 0
    for ms, count in times:
        seen += count
        if seen >= wanted:
            return ms
    return float("nan")
