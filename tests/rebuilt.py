"""A tiny run of texts in a file, built again with other texts: the same config, another run."""

from pathlib import Path

import pandas as pd

from hsvis.build.pipeline import build
from hsvis.config import load_config
from hsvis.run.store import StateStore

FILLERS = ("long", "short", "new", "old", "quiet", "loud", "first", "last")


def write_texts(folder: Path, noun: str, count: int = 12) -> None:
    """The data of all runs in a folder: `count` reviews of a film, of a book, of … in the test split."""
    rows = [
        {"text": f"a {filler} {noun} that was {word}", "label": k}
        for filler in FILLERS
        for k, word in enumerate(("dull", "fine"))
    ]
    folder.mkdir(exist_ok=True)
    for split, chosen in (("train", rows), ("test", rows[:count])):
        pd.DataFrame(chosen).to_parquet(folder / f"{split}.parquet")


def write_config(folder: Path, name: str, seed: int = 1) -> Path:
    """A config of these data, beside them."""
    file = folder / f"{name}.yaml"
    file.write_text(
        f"name: {name}\n"
        f"dataset:\n"
        f"  path: parquet\n"
        f"  data_files: {{train: {folder}/train.parquet, test: {folder}/test.parquet}}\n"
        f"  classes: [dull, fine]\n"
        f"model: {{embedding: 4, hidden: 6, epochs: 1, batch_size: 8, seed: {seed}}}\n"
        f"projections: [{{method: pca}}]\n",
        encoding="utf-8",
    )
    return file


def rebuild(file: Path, noun: str, count: int = 12) -> StateStore:
    """Builds a config with other texts, as another process would."""
    write_texts(file.parent, noun, count)
    return build(load_config(file))
