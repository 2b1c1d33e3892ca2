"""Places of states beyond the fitted sample: where attraction is in balance, against the median of before."""

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.manifold import trustworthiness

from benchmarks.projections import NEIGHBOURS, PROBED
from hsvis.build import placing, projecting
from hsvis.build.pipeline import build
from hsvis.build.sample import cover
from hsvis.config import Config, TsneSettings, load_config
from hsvis.figures.cloud import pixels, png
from hsvis.figures.style.theme import LIGHT
from hsvis.figures.view import View
from hsvis.figures.window import Window
from hsvis.progress import silent
from hsvis.run.records import Projection
from hsvis.run.states import LayerStates
from hsvis.run.store import StateStore

PICTURE = Path("docs/images/placing.png")
PERPLEXITY = 100  # of configs/imdb.yaml
ZOOM = 16  # of the picture
PANEL, GAP = (600, 400), 12  # pixels
TRIED = 20_000  # states, for the ways that are neither
SMOKE = ["dataset.limit=20", "model.epochs=1", "projections=[{method: pca}]"]

Place = Callable[[Any, np.ndarray], np.ndarray]


def at_median(embedding: Any, new: np.ndarray) -> np.ndarray:
    """The coordinate-wise median of the ten nearest (Policar, Strazar and Zupan 2023): (M, 2) float32."""
    return np.asarray(embedding.prepare_partial(new, k=10, perplexity=10 / 3), np.float32)


def at_mean(embedding: Any, new: np.ndarray) -> np.ndarray:
    """The mean of the ten nearest, weighted by perplexity."""
    found = embedding.prepare_partial(new, k=10, perplexity=10 / 3)
    return np.asarray(found.P @ np.asarray(embedding), np.float32)


def by_transform(embedding: Any, new: np.ndarray) -> np.ndarray:
    """openTSNE's own way, its defaults: 250 steps with repulsion, from the median."""
    return np.asarray(embedding.transform(new), np.float32)


def run(*, smoke: bool, data: Path) -> None:
    """The whole test split of IMDB, 25,000 reviews; the demo's where there is none, and for the small size.

    With the whole split it draws docs/images/placing.png.
    """
    real = not smoke and (data / "imdb").exists()
    store = build(_config(data) if real else load_config("demo", SMOKE))
    layer = store.layers[0]
    states = LayerStates(store.folder, layer)
    settings = TsneSettings(
        method="tsne", perplexity=PERPLEXITY if real else 5, **({} if real else {"max_fit": 200})
    )
    print(f"  {len(states):,} states of {states.shape[1]} values", flush=True)
    began = time.perf_counter()
    steps = np.concatenate([np.arange(length) for length in store.lengths])
    rows = cover(states, np.repeat(store.labels, store.lengths), steps, settings.max_fit or 0, settings.seed)
    sampled = time.perf_counter()
    fitted, embedding = projecting._tsne(states[rows], settings, silent)
    fit = time.perf_counter()
    print(f"  {'choosing the sample':<48} {sampled - began:8.1f} s")
    print(f"  {f'fitting {len(rows):,} states':<48} {fit - sampled:8.1f} s", flush=True)
    old, new = _both(states, rows, fitted.xy, embedding, fit - began)
    _judge(states, {"median": old, "attraction": new})
    if real:
        PICTURE.write_bytes(_picture(store, layer, old, new))
    _others(states, rows, embedding)


def _config(data: Path) -> Config:
    files = [f"dataset.data_files.{split}={data / 'imdb' / split}.parquet" for split in ("train", "test")]
    return load_config(
        "imdb", ["dataset.path=parquet", "dataset.limit=null", "projections=[{method: pca}]", *files]
    )


def _both(
    states: LayerStates, rows: np.ndarray, xy: np.ndarray, embedding: Any, before: float
) -> tuple[np.ndarray, np.ndarray]:
    """Places all others by both ways, chunk by chunk in turn; each (N, 2).  `before`: seconds until here."""
    rest = np.setdiff1d(np.arange(len(states)), rows, assume_unique=True)
    ways: list[Place] = [at_median, placing.place]
    took, found = [0.0, 0.0], [np.empty((len(states), 2), np.float32) for _ in ways]
    for number, begin in enumerate(range(0, len(rest), projecting.PLACED_AT_ONCE)):
        chunk = rest[begin : begin + projecting.PLACED_AT_ONCE]
        values = states[chunk]
        for k in (0, 1) if number % 2 else (1, 0):
            began = time.perf_counter()
            found[k][chunk] = ways[k](embedding, values)
            took[k] += time.perf_counter() - began
    for k, name in enumerate(("median", "attraction")):
        found[k][rows] = xy
        print(f"  {f'placing {len(rest):,} states, {name}':<48} {took[k]:8.1f} s")
    print(f"  {'ratio of placing':<48} {took[1] / took[0]:8.3f}")
    ratio = (before + took[1]) / (before + took[0])
    print(f"  {'ratio of the whole projection':<48} {ratio:8.3f}", flush=True)
    return found[0], found[1]


def _judge(states: LayerStates, places: dict[str, np.ndarray]) -> None:
    """Different places, and how true neighbourhoods are, as `benchmarks whole` draws states."""
    different = len(_distinct(states))
    print(f"  {'different states':<48} {different:10,}")
    probed = np.sort(np.random.default_rng(0).choice(len(states), min(PROBED, len(states)), replace=False))
    for name, xy in places.items():
        whole = len(np.unique(xy.view(np.uint64)))
        true = trustworthiness(states[probed], xy[probed], n_neighbors=NEIGHBOURS)
        print(f"  {name}: {whole:,} places ({whole / different:.2%} of the different states),")
        print(f"    {len(np.unique(xy[:, 0])):,} different x, {len(np.unique(xy[:, 1])):,} different y,")
        print(f"    trustworthiness of {len(probed):,} states {true:.4f}", flush=True)


def _distinct(states: LayerStates) -> set[bytes]:
    """Hashes of all states that differ."""
    return {
        hashlib.blake2b(row.tobytes(), digest_size=12).digest()
        for begin in range(0, len(states), 100_000)
        for row in states[begin : begin + 100_000]
    }


def _others(states: LayerStates, rows: np.ndarray, embedding: Any) -> None:
    """What else was tried, on some of the states."""
    rest = np.setdiff1d(np.arange(len(states)), rows, assume_unique=True)
    some = np.sort(np.random.default_rng(1).choice(rest, min(TRIED, len(rest)), replace=False))
    new = states[some]
    probed = np.random.default_rng(2).choice(len(some), min(PROBED, len(some)), replace=False)
    print(f"  {len(some):,} of the states, each way once")
    ways: list[tuple[str, Place]] = [
        ("median", at_median),
        ("mean, weighted by perplexity", at_mean),
        ("openTSNE's transform", by_transform),
        ("attraction", placing.place),
    ]
    for name, way in ways:
        began = time.perf_counter()
        xy = way(embedding, new)
        took = time.perf_counter() - began
        true = trustworthiness(new[probed], xy[probed], n_neighbors=NEIGHBOURS)
        print(f"    {name:<46} {took:8.1f} s   trustworthiness {true:.4f}", flush=True)


def _picture(store: StateStore, layer: str, old: np.ndarray, new: np.ndarray) -> bytes:
    """Both, side by side, where the states are densest; as a PNG."""
    counts, *edges = np.histogram2d(*new.T, bins=60)
    at = np.unravel_index(counts.argmax(), counts.shape)
    x, y = ((edge[k] + edge[k + 1]) / 2 for edge, k in zip(edges, at, strict=True))
    half = float(np.ptp(new, axis=0).max()) / ZOOM / 2
    high = half * PANEL[1] / PANEL[0]
    window = Window(x - half, x + half, y - high, y + high, *PANEL, radius=1.0)
    white = np.array([255, 255, 255, 255], np.uint8)
    panels = []
    for name, xy in (("old", old), ("new", new)):
        drawn = pixels(View(store, layer, Projection(name, name, "tsne", xy, {}, {}), LIGHT), window)
        share = drawn[..., 3:].astype(np.float32) / 255
        blended = drawn * share + white * (1 - share)
        blended[..., 3] = 255
        panels += [blended.round().astype(np.uint8), np.zeros((PANEL[1], GAP, 4), np.uint8)]
    return png(np.ascontiguousarray(np.concatenate(panels[:-1], axis=1)))
