"""The whole IMDB test split with t-SNE: seconds of each stage, memory, how true neighbourhoods are."""

import os
import tempfile
from pathlib import Path

import numpy as np
import openTSNE
from sklearn.manifold import trustworthiness

from benchmarks import sizes
from benchmarks.projections import NEIGHBOURS, PROBED
from hsvis.build.pipeline import build
from hsvis.config import load_config
from hsvis.run.states import LayerStates

PERPLEXITY = 100  # of configs/imdb.yaml
FITTED_WHOLE = 50_000  # states of the full fit that it is compared with
SMOKE = ["model.epochs=1", "dataset.limit=20", "projections=[{method: tsne, perplexity: 5, max_fit: 200}]"]


def run(*, smoke: bool, data: Path) -> None:
    """25,000 reviews; the demo's where there is no IMDB, and for the small size."""
    imdb = data / "imdb"
    real = not smoke and imdb.exists()
    files = [f"dataset.data_files.{split}={imdb / split}.parquet" for split in ("train", "test")]
    wanted = [
        "dataset.path=parquet",
        *files,
        "dataset.limit=null",
        "model.epochs=1",  # what the model knows is not the point here
        f"projections=[{{method: tsne, perplexity: {PERPLEXITY}}}]",
    ]
    name, settings = ("imdb", wanted) if real else ("demo", SMOKE)
    with tempfile.TemporaryDirectory() as cache:
        built = sizes.build_of(name, settings, Path(cache))
        for stage, took in built.seconds.items():
            print(f"  {stage:<48} {took:8.1f} s")
        print(f"  {'peak memory':<48} {built.peak:8.2f} GiB")
        with sizes.in_cache_of(built):
            store = build(load_config(name, settings))
        layer = store.layers[0]
        states, projection = LayerStates(store.folder, layer), store.projections(layer)[0]
        done = projection.details
        print(f"  {len(states):,} states: {done['fitted']:,} fitted, {done['placed']:,} placed")
        rng = np.random.default_rng(0)

        def drawn(count: int) -> np.ndarray:
            return np.sort(rng.choice(len(states), min(count, len(states)), replace=False))

        rows = drawn(PROBED)
        true = trustworthiness(states[rows], projection.xy[rows], n_neighbors=NEIGHBOURS)
        print(f"  {'trustworthiness, ' + format(len(rows), ',') + ' of all':<48} {true:8.4f}", flush=True)
        some = states[drawn(200 if not real else FITTED_WHOLE)]
        perplexity = PERPLEXITY if real else 5
        fit = openTSNE.TSNE(perplexity=perplexity, n_jobs=os.cpu_count() or 1, random_state=1).fit(some)
        probed = rng.choice(len(some), min(PROBED, len(some)), replace=False)
        full = trustworthiness(some[probed], np.asarray(fit)[probed], n_neighbors=NEIGHBOURS)
        print(f"  {'of a full fit of ' + format(len(some), ','):<48} {full:8.4f}")
