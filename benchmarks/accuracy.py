"""Test accuracy of the two real runs, over the whole test split, for three seeds."""

import statistics
import time
from pathlib import Path

from hsvis.config import load_config
from hsvis.corpus.loading import load_corpus
from hsvis.models.builtin.training import train

AIM = {"imdb": 0.85, "reuters": 0.93}


def run(*, smoke: bool, data: Path) -> None:
    """Trains with the packaged configs; the small size is one epoch of Reuters."""
    for name, aim in AIM.items():
        if not (data / name / "test.parquet").exists() or (smoke and name == "imdb"):
            print(f"  {name}: left out ({'small size' if smoke else f'no files in {data / name}'})")
            continue
        files = [f"dataset.data_files.{split}={data / name / split}.parquet" for split in ("train", "test")]
        config = load_config(name, ["dataset.path=parquet", *files])
        corpus = load_corpus(config.dataset)
        accuracies, times = [], []
        for seed in (99,) if smoke else (99, 100, 101):
            change = {"seed": seed} | ({"epochs": 1} if smoke else {})
            began = time.perf_counter()
            trained = train(corpus, config.tokens, config.model.model_copy(update=change))
            times.append(time.perf_counter() - began)
            assert trained.test_accuracy is not None  # both have labels
            accuracies.append(trained.test_accuracy)
            print(
                f"  {name:<8} seed {seed}: test accuracy {trained.test_accuracy:.4f}, "
                f"kept epoch {trained.kept}, {times[-1]:.0f} s",
                flush=True,
            )
        print(
            f"  {name:<8} median of {len(accuracies)}: {statistics.median(accuracies):.4f} (aim: {aim}); "
            f"median time {statistics.median(times):.0f} s"
        )
