"""The most costly requests to a server of a team: each alone, eight at once, and health meanwhile."""

import json
import os
import re
import statistics
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from benchmarks.asking import page_of
from benchmarks.lassos import polygons_of
from benchmarks.served import Server, served
from hsvis.catalogue.offers import offers, open_offers
from hsvis.figures.window import bounds
from hsvis.progress import silent
from hsvis.run.store import StateStore

ALONE = 2  # times
AT_ONCE = 8  # as many as there are threads
LOOK = 0.1  # seconds between questions to health


@dataclass(frozen=True)
class Worst:
    """A request: its name, and its k-th address, each of other content so that nothing is kept."""

    name: str
    address: Callable[[int], str]


def run(*, smoke: bool, data: Path) -> None:
    """Of the built run that HSVIS_BENCHMARK_RUN names, a config; else of the demo."""
    config = os.environ.get("HSVIS_BENCHMARK_RUN", "demo")
    store = open_offers(offers([config]), silent, print, building=config == "demo")[0]
    print(f"  {store.name}: {store.n_states:,} states, load average {os.getloadavg()[0]:.1f}")
    wanted = os.environ.get("HSVIS_BENCHMARK_ONLY", "")
    names = [one.name for one in _requests(store, "") if wanted in one.name]
    for name in names[: 3 if smoke else None]:
        with served(config, [], options=["--production", "--open", "--no-build"]) as server:
            _measure(server, next(one for one in _requests(store, server.url) if one.name == name))


def _measure(server: Server, one: Worst) -> None:
    _get(server, one.address(1000))  # what is made once, is
    before, worked = server.memory()[0], _processor(server)
    alone = statistics.median(_get(server, one.address(k))[0] for k in range(ALONE))
    worked = (_processor(server) - worked) / ALONE
    answers: list[tuple[float, int, int]] = []
    asking = [
        threading.Thread(target=lambda k=k: answers.append(_get(server, one.address(10 + k))))
        for k in range(AT_ONCE)
    ]
    for thread in asking:
        thread.start()
    health = []
    while any(thread.is_alive() for thread in asking):
        health.append(_get(server, "health")[0])
        time.sleep(LOOK)
    statuses = [status for _, status, _ in answers]
    print(
        f"  {one.name:<44} alone {alone:6.2f} s, of a processor {worked:6.2f} s, "
        f"{max(size for *_, size in answers) / 2**20:6.1f} MiB;  "
        f"{AT_ONCE} at once: {statuses.count(200)} answered, {statuses.count(503)} refused, "
        f"all by {max(took for took, *_ in answers):6.2f} s, health at most {max(health):5.2f} s, "
        f"memory {before:.2f} to {server.memory()[1]:.2f} GiB",
        flush=True,
    )


def _processor(server: Server) -> float:
    """Seconds of a processor that the server has worked, which other programs do not lengthen."""
    fields = Path(f"/proc/{server.pid}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _get(server: Server, path: str) -> tuple[float, int, int]:
    """Seconds, status and bytes."""
    asked = urllib.request.Request(f"{server.url}/{path}", headers={"Accept-Encoding": "gzip"})
    if path.startswith("_dash-update-component"):
        body = path.partition("#")[2].encode()
        headers = {"Content-Type": "application/json"}
        asked = urllib.request.Request(f"{server.url}/_dash-update-component", body, headers)
    began, size = time.perf_counter(), 0
    try:
        with urllib.request.urlopen(asked, timeout=600) as answer:
            while part := answer.read(2**20):
                size += len(part)
            return time.perf_counter() - began, answer.status, size
    except urllib.error.HTTPError as error:
        return time.perf_counter() - began, error.code, size


def _requests(store: StateStore, url: str) -> list[Worst]:
    layer = store.layers[0]
    projection = store.projections(layer)[0]
    cloud = f"{store.name}/{layer}/{projection.name}"
    x0, x1, y0, y1 = bounds(projection.xy)

    def window(k: int) -> str:
        return f"x0={x0 - k / 1e3}&x1={x1}&y0={y0}&y1={y1}"

    def image(k: int, kind: str = "cloud", ending: str = "png", side: int = 4096) -> str:
        look = "ratio=4&size=4&fade=correct" + ("&marks=start,end" if kind == "cloud" else "")
        return f"{kind}/{cloud}.{ending}?{window(k)}&w={side}&h={side}&{look}"

    def by_cells(k: int, kind: str = "cloud", ending: str = "png") -> str:
        smallest = "ratio=0.5&size=0.25&fade=correct&draw=ep&cells=1"  # cells of 2 × 2 pixels
        return f"{kind}/{cloud}.{ending}?{window(k)}&w=4096&h=4096&{smallest}"

    def lassos(k: int) -> str:
        worst = polygons_of(projection.xy)["a zigzag over the full height"]
        regions = [[[x + (k + n) / 1e3, y] for x, y in worst] for n in range(8)]
        return f"filter={quote(json.dumps({'regions': regions}))}"

    def columns(k: int) -> str:
        words = {"type": "contains", "filter": (f"{k}" * 1000)[:1000]}
        every = {
            one: {"operator": "OR", "conditions": [words] * 10}
            for one in ("class", "classification", "correct", "words")
        }
        return quote(json.dumps(every))

    longest = int(store.lengths.argmax())
    every_word = "&".join(
        f"{kind}_{side}=1" for kind in ("jump", "change", "flip") for side in ("after", "before")
    )
    return [
        Worst("eight zigzags of 500 points, as a filter", lambda k: f"sequences/{cloud}?{lassos(k)}"),
        Worst("the same, rows of the table", lambda k: f"rows/{cloud}?start=0&end=500&{lassos(k)}"),
        Worst("an image of 4,096 × 4,096, largest dots", image),
        Worst("a pick grid of that size", lambda k: image(k, "pick", "bin")),
        Worst("an image of that size by cells, of mean EPs", by_cells),
        Worst("a pick grid of that size with cells", lambda k: by_cells(k, "pick", "bin")),
        Worst("an image of a screen, 2,000 × 2,000", lambda k: image(k, side=2000)),
        Worst("words at all events", lambda k: f"words/{cloud}?{window(k)}&jump=0&change=0&{every_word}"),
        Worst("filters of columns, all sorted", lambda k: (
            f"rows/{cloud}?start=0&end=500&columns={columns(k)}&sort=words:desc,confidence:asc")),
        Worst("500 rows", lambda k: f"rows/{cloud}?start={k}&end=500&sort=words:desc"),
        Worst("100 similar states", lambda k: f"neighbours/{store.name}/{layer}/{7 * k}?k=100&of=states"),
        Worst("a state under the pointer", lambda k: f"state/{store.name}/{int(store.offsets[longest]) + k}"),
        Worst("the longest sequence selected", lambda k: _selection(url, store, longest)),
        Worst("the page", lambda k: ""),
        Worst("the largest of its scripts", lambda k: _script(url)),
        Worst("all states as CSV", lambda k: f"export/{cloud}/projection.csv"),
        Worst("all sequences as CSV", lambda k: f"export/{cloud}/sequences.csv?sort=words:desc"),
    ]  # fmt: skip


def _selection(url: str, store: StateStore, sequence: int) -> str:
    return f"_dash-update-component#{page_of(f'{url}/', store).selection(sequence).decode()}"


def _script(url: str) -> str:
    with urllib.request.urlopen(url) as page:
        found = re.search(r'src="/([^"]*/dash_ag_grid[^"]*)"', page.read().decode())
    return found[1] if found else ""
