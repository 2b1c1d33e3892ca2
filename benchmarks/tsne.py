"""hsvis's t-SNE against calling openTSNE directly with the same settings."""

import os
from pathlib import Path

import numpy as np
import openTSNE

from benchmarks.timing import compare
from hsvis.build.projecting import embed
from hsvis.config import TsneSettings


def run(*, smoke: bool, data: Path) -> None:
    """Random walks, which look like trajectories of states: 5,000 steps of 100 values."""
    count = 400 if smoke else 5000
    walks = np.random.default_rng(0).normal(size=(count // 50, 50, 100)).cumsum(1)
    states = np.tanh(walks / 5).reshape(-1, 100).astype(np.float32)
    settings = TsneSettings(method="tsne", perplexity=30)  # type: ignore[call-arg]

    def direct() -> None:
        openTSNE.TSNE(perplexity=30, n_jobs=os.cpu_count() or 1, random_state=settings.seed).fit(states)

    print(f"  {len(states):,} states of 100 values, perplexity 30")
    compare(
        ("openTSNE.TSNE(…).fit", direct),
        ("hsvis.build.projecting.embed", lambda: embed(states, settings)),
        rounds=2 if smoke else 5,
    )
