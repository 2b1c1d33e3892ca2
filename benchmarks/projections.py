"""t-SNE of a sample with the rest placed, against fitting all: seconds, and how true neighbourhoods stay."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openTSNE
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness

from benchmarks.timing import seconds
from hsvis.build.pipeline import build
from hsvis.build.projecting import embed
from hsvis.config import Config, TsneSettings, load_config
from hsvis.run.store import StateStore

PERPLEXITY = 30
COMPONENTS = 20  # of the states, for the comparison with reduced ones
PROBED = 3000  # states whose neighbourhoods are judged
NEIGHBOURS = 10


def run(*, smoke: bool, data: Path) -> None:
    """10,000 and 50,000 states of IMDB reviews (of the demo where there is no IMDB); each once."""
    store = build(_config(data, smoke=smoke))
    states = np.concatenate([store.states(k, store.layers[0]) for k in range(store.n_sequences)])
    groups = np.repeat(store.labels, store.lengths)
    steps = np.concatenate([np.arange(length) for length in store.lengths])
    for count in (600,) if smoke else (10_000, 50_000):
        rows = np.sort(np.random.default_rng(1).choice(len(states), min(count, len(states)), replace=False))
        _compare(states[rows], groups[rows], steps[rows], max_fit=200 if smoke else min(20_000, count // 2))
    _whole(store, states, groups, steps)


def _config(data: Path, *, smoke: bool) -> Config:
    imdb = data / "imdb"
    if smoke or not imdb.exists():
        return load_config("demo", ["dataset.limit=20", "model.epochs=1", "projections=[{method: pca}]"])
    files = [f"dataset.data_files.{split}={imdb}/{split}.parquet" for split in ("train", "test")]
    return load_config(
        "imdb", ["dataset.path=parquet", "dataset.limit=5000", "projections=[{method: pca}]", *files]
    )


def _compare(states: np.ndarray, groups: np.ndarray, steps: np.ndarray, max_fit: int) -> None:
    print(f"  {len(states):,} states of {states.shape[1]} values, perplexity {PERPLEXITY}", flush=True)
    jobs = os.cpu_count() or 1
    settings = TsneSettings(method="tsne", perplexity=PERPLEXITY, max_fit=max_fit)  # type: ignore[call-arg]

    def fitted(values: np.ndarray) -> np.ndarray:
        return np.asarray(openTSNE.TSNE(perplexity=PERPLEXITY, n_jobs=jobs, random_state=1).fit(values))

    works: list[tuple[str, Callable[[], np.ndarray]]] = [
        ("openTSNE, all fitted", lambda: fitted(states)),
        (
            f"hsvis, {max_fit:,} fitted, the others placed",
            lambda: embed(states, settings, groups=groups, steps=steps).xy,
        ),
        (
            f"openTSNE on {COMPONENTS} principal components",
            lambda: fitted(PCA(min(COMPONENTS, states.shape[1]), random_state=1).fit_transform(states)),
        ),
        (
            "scikit-learn TSNE, all fitted",
            lambda: TSNE(perplexity=PERPLEXITY, n_jobs=jobs, random_state=1, init="pca").fit_transform(
                states
            ),
        ),
    ]
    chosen = np.random.default_rng(0).choice(len(states), min(PROBED, len(states)), replace=False)
    for name, work in works:
        kept: list[np.ndarray] = []
        took = seconds(lambda work=work, kept=kept: kept.append(work()))  # type: ignore[misc]
        true = trustworthiness(states[chosen], kept[0][chosen], n_neighbors=NEIGHBOURS)
        print(f"    {name:<46} {took:8.1f} s   trustworthiness {true:.4f}", flush=True)


def _whole(store: StateStore, states: np.ndarray, groups: np.ndarray, steps: np.ndarray) -> None:
    """All states of the run, by hsvis alone: fitting them all would take hours."""
    settings = TsneSettings(method="tsne", perplexity=PERPLEXITY)  # type: ignore[call-arg]
    took = seconds(lambda: embed(states, settings, groups=groups, steps=steps))
    print(f"  hsvis on all {len(states):,} states of `{store.name}`: {took:.1f} s")
