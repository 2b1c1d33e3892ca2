"""Extraction of a user's model of one LSTM layer, beside its forward pass and the layer computed again."""

from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from torch import nn

from benchmarks.timing import compare
from hsvis.build.extraction import STEPS_PER_BATCH, extract
from hsvis.models import from_torch
from hsvis.models.batching import bucket
from hsvis.models.protocol import Encoded
from hsvis.models.user.recurring import states

WORDS, EMBEDDING, HIDDEN = 20_000, 32, 100  # as the built-in classifier has them
MEDIAN, SPREAD, LONGEST = 175, 0.6, 1_000  # words of a review: about those of IMDB


class _Classifier(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embedding = nn.Embedding(WORDS, EMBEDDING)
        self.lstm = nn.LSTM(EMBEDDING, HIDDEN, batch_first=True)
        self.head = nn.Linear(HIDDEN, 2)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.head(self.lstm(self.embedding(ids))[0][:, -1])


def run(*, smoke: bool, data: Path) -> None:
    """Random words of sequences as long as reviews are, with hidden states kept, and with cell states too."""
    texts = _texts(60 if smoke else 5_000)
    print(f"  {len(texts):,} sequences, {sum(map(len, texts)):,} steps, {torch.get_num_threads()} threads")
    for kept in (["lstm.0"], ["lstm.0", "lstm.0.cell"]):
        print(f"  kept: {', '.join(kept)}")
        compare(
            ("one forward pass of the model", _plain(texts)),
            ("extraction", _extraction(kept, texts)),
            ("extraction, the layer computed again", _computed_again(kept, texts)),
            rounds=3 if smoke else 9,
        )


def _texts(count: int) -> list[Encoded]:
    rng = np.random.default_rng(0)
    lengths = rng.lognormal(np.log(MEDIAN), SPREAD, count).clip(5, LONGEST).astype(int)
    return [_encode(rng.integers(2, WORDS, length)) for length in lengths]


def _encode(ids: np.ndarray) -> Encoded:
    return Encoded([""] * len(ids), ids, np.ones(len(ids), bool), 0, 0)


def _computed_again(kept: list[str], texts: list[Encoded]) -> Callable[[], object]:
    """Extraction as if what the layer returned were not its states."""
    extraction = _extraction(kept, texts)

    def read() -> None:
        with patch.object(states, "_of_output", lambda *_: {}):
            extraction()

    return read


def _extraction(kept: list[str], texts: list[Encoded]) -> Callable[[], object]:
    probe = [text.inputs[:10] for text in texts[:3]]
    model = from_torch(_Classifier(), classes=("no", "yes"), encode=_encode, probe=probe).keep(kept)
    assert model.way.name == "head", model.way.why
    return lambda: extract(model, texts)


def _plain(texts: list[Encoded]) -> Callable[[], object]:
    """The model's answers to the same sequences, of one length at a time, as they are extracted."""
    module = _Classifier().eval()
    lengths = np.array([len(text) for text in texts])
    batches = []
    for batch in bucket(lengths, STEPS_PER_BATCH):
        for length in np.unique(lengths[batch]):
            rows = batch[lengths[batch] == length]
            batches.append(torch.from_numpy(np.stack([texts[i].inputs for i in rows])))

    @torch.inference_mode()
    def read() -> None:
        for ids in batches:
            module(ids)

    return read
