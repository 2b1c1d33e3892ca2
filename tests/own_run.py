"""A tiny dataset, a vocabulary and configs of a user's own model, for the tests."""

from pathlib import Path
from typing import Any

import pandas as pd
import safetensors.torch
import torch

WORDS = """<pad> <unk> a bad book film good great is it not plot poor the this very was""".split()  # noqa: SIM905
ROWS = [
    ("this film is very good", 1), ("the plot was poor", 0), ("not a great book", 0),
    ("a great film it is", 1), ("it was bad , very bad", 0), ("this book is great", 1),
    ("the unheard of masterpiece", 1), ("", 0),
]  # fmt: skip


def make_folder(folder: Path) -> Path:
    """Writes both splits and the vocabulary."""
    frame = pd.DataFrame([*ROWS[:-1] * 3, ROWS[-1]], columns=["text", "label"])  # one in 22 holds nothing
    frame["label"] = frame["label"].map(["neg", "pos"].__getitem__)
    frame.to_parquet(folder / "test.parquet")
    frame["text"] = [" ".join(reversed(text.split())) for text in frame["text"]]
    frame.to_parquet(folder / "train.parquet")
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    return folder


def write_config(folder: Path, **model: Any) -> Path:
    """A config of these model settings, each given as YAML."""
    path = folder / "own.yaml"
    lines = "".join(f"  {key}: {value}\n" for key, value in model.items())
    path.write_text(
        f"name: own\ndataset:\n  path: parquet\n  data_files: {{train: {folder}/train.parquet, test: "
        f"{folder}/test.parquet}}\nmodel:\n{lines}projections: [{{method: pca}}]\n",
        encoding="utf-8",
    )
    return path


def saved(module: torch.nn.Module, path: Path) -> Path:
    """Saves weights by the file's ending."""
    if path.suffix == ".safetensors":
        safetensors.torch.save_file(module.state_dict(), path)
    else:
        torch.save({"state_dict": module.state_dict(), "epoch": 3}, path)
    return path
