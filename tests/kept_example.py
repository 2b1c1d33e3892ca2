"""A small run that keeps columns of its dataset: every kind, odd names, markup, missing cells."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

SOURCES = ["imdb", "<b>a & b</b>", 'مصدر, "x"']
COUNT = 30


def frame(count: int = COUNT) -> pd.DataFrame:
    """Rows of a test split; `length` and `row` are called as columns of the run's own table."""
    random = np.random.default_rng(5)
    verdicts = ["dull", "shine"]
    labels = random.integers(0, 2, count)
    years = pd.array(random.integers(1950, 2020, count), dtype="Int64")
    years[3] = pd.NA
    sources: list[str | None] = list(random.choice(SOURCES, count, p=[0.6, 0.3, 0.1]))
    sources[4] = None
    return pd.DataFrame(
        {
            "text": [f"a film {k} that was {verdicts[label]}" for k, label in enumerate(labels)],
            "label": [verdicts[label] if k % 10 else None for k, label in enumerate(labels)],
            "source": sources,
            "year": years,
            "length": np.where(np.arange(count) % 7 == 0, np.nan, random.normal(size=count)),
            'row.of, "it"': random.choice([True, False], count),
            "when": pd.Timestamp("2020-01-30") + pd.to_timedelta(random.integers(0, 400, count), unit="D"),
        }
    )


KEPT = ["source", "year", "length", 'row.of, "it"', "when"]


def config(folder: Path, keep: object, name: str = "kept") -> Path:
    """Writes both splits and a config of them."""
    train = [
        {"text": f"a {filler} film that was {word}", "label": word}
        for word in ("dull", "shine")
        for filler in ("long", "short", "new", "old", "quiet", "loud", "first", "last")
    ]
    pd.DataFrame(train * 2).to_parquet(folder / "train.parquet")
    if not (folder / "test.parquet").exists():
        frame().to_parquet(folder / "test.parquet")
    file = folder / f"{name}.yaml"
    file.write_text(
        f"""
name: {name}
dataset:
  path: parquet
  data_files: {{train: {folder}/train.parquet, test: {folder}/test.parquet}}
  keep: {json.dumps(keep)}
tokens: {{max_length: 6}}
model: {{embedding: 6, hidden: 6, epochs: 1, batch_size: 8, word_dropout: 0.0}}
states: {{part_steps: 60}}
projections:
  - {{method: pca}}
""",
        encoding="utf-8",
    )
    return file
