"""Models that answer several independent classes, or a number, as a config names them; and their texts."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

WORDS = "a film is good bad loud and dull great noisy".split()  # noqa: SIM905
CLASSES = ("praise", "blame", "noise")


class Net(nn.Module):
    """Weights by a seed, and a bias so that some classes are likely."""

    def __init__(self, outputs: int = 3, end: str = "none") -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(8)
        self.embedding, self.gru = nn.Embedding(len(WORDS), 6), nn.GRU(6, 7, batch_first=True)
        self.out, self.end = nn.Linear(7, outputs), end
        for weight in self.parameters():
            weight.data = torch.randn(weight.shape, generator=generator)
        self.out.bias.data *= 0

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        found = self.out(self.gru(self.embedding(ids))[0][:, -1])
        if self.end == "flat":
            return found[:, 0]
        return {"sigmoid": found.sigmoid(), "softmax": found.softmax(-1)}.get(self.end, found)


def read(text: str) -> tuple[list[str], list[int]]:
    words = text.split()
    return words, [WORDS.index(one) for one in words]


def table(rows: int = 30) -> pd.DataFrame:
    """Texts of 2 to 9 words with three labels, and a number that is missing in one row of seven."""
    rng = np.random.default_rng(3)
    texts = [" ".join(rng.choice(WORDS, rng.integers(2, 10))) for _ in range(rows)]
    marks = (rng.random((rows, 3)) < 0.5).astype(int)
    marks[4] = 0
    rating = [None if k % 7 == 6 else round(float(one), 3) for k, one in enumerate(rng.normal(2, 3, rows))]
    return pd.DataFrame({"text": texts, **dict(zip(CLASSES, marks.T, strict=True)), "rating": rating})


def write(folder: Path, kind: str, **model: object) -> Path:
    """A config of such a run in a folder, with its data."""
    table().to_parquet(folder / "test.parquet")
    label = "rating" if kind == "number" else list(CLASSES)
    kwargs = {"outputs": 1 if kind == "number" else 3, **model}
    path = folder / f"{kind}.yaml"
    path.write_text(
        f"name: {kind}\n"
        f"dataset: {{path: parquet, data_files: {{test: {folder / 'test.parquet'}}}, label: {label}}}\n"
        "model: "
        f"{{factory: 'answering:Net', kwargs: {kwargs}, tokenizer: 'answering:read', answers: {kind}}}\n"
        "projections: [{method: pca}]\n"
    )
    return path


def own_outputs(text: str, **model: object) -> np.ndarray:
    """(T, K) float32: what the module returns for the first t + 1 words, one call each."""
    ids, net = torch.tensor(read(text)[1]), Net(**model)
    with torch.no_grad():
        return np.concatenate([net(ids[None, : t + 1]).reshape(1, -1).numpy() for t in range(len(ids))])
