"""Extraction with parquet writing against one forward pass of the same nn.LSTM over the same batches."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from benchmarks.timing import compare, seconds
from hsvis.cache import RunFolder
from hsvis.config import Config, ModelSettings, TokenSettings, load_config
from hsvis.corpus.corpus import load_corpus
from hsvis.corpus.tokens import Vocabulary, word_forms
from hsvis.extraction import STEPS_PER_BATCH
from hsvis.models.batching import bucketed, pad
from hsvis.models.classifier import RecurrentClassifier
from hsvis.models.protocol import Encoded, Trace
from hsvis.models.text_model import TextModel
from hsvis.parts import Row, write_states


class _Read:
    """A model whose texts are read already, so that tokenising is in neither of the two times."""

    def __init__(self, model: TextModel, texts: Sequence[str]) -> None:
        self.model, self.classes, self.layers = model, model.classes, model.layers
        self.fingerprint = ""
        self._encoded = {text: model.encode(text) for text in texts}

    def encode(self, text: str) -> Encoded:
        return self._encoded[text]

    def trace(self, batch: Sequence[Encoded]) -> Trace:
        return self.model.trace(batch)


def run(*, smoke: bool, data: Path) -> None:
    """5,000 IMDB reviews with the paper's sizes; the demo's reviews where there is no IMDB."""
    config, texts = _texts(data, 300 if smoke else 5000)
    vocabulary = Vocabulary.of([word_forms(text, lowercase=True) for text in texts], 20_000)
    classifier = RecurrentClassifier(ModelSettings.model_validate({}), len(vocabulary), 2)
    model = TextModel(classifier, vocabulary, TokenSettings.model_validate({}), ("no", "yes"))
    read: list[_Read] = []
    took = seconds(lambda: read.append(_Read(model, texts)))
    print(f"  (tokenising {len(texts):,} texts took {took:.2f} s and is in neither)")
    encoded = [read[0].encode(text) for text in texts]
    batches = _batches(encoded, config.states.part_steps)
    steps = sum(map(len, encoded))
    print(f"  {steps:,} steps in {len(batches)} batches, {torch.get_num_threads()} threads")
    lstm = classifier.recurrent[0]

    kept = tempfile.TemporaryDirectory()  # what was written is deleted outside the times

    def folder() -> Path:
        return Path(tempfile.mkdtemp(dir=kept.name))

    def clear() -> None:
        for path in Path(kept.name).iterdir():
            shutil.rmtree(path)

    @torch.inference_mode()
    def plain() -> None:
        for batch in batches:
            lstm(batch)

    @torch.inference_mode()
    def bare() -> None:
        with (folder() / "states").open("wb") as file:
            for batch in batches:
                file.write(lstm(batch)[0].contiguous().numpy())

    def whole() -> None:
        rows = (Row(i, text, 0) for i, text in enumerate(texts))
        write_states(RunFolder(folder()), read[0], rows, len(texts), config.states, lambda *_, **__: None)

    with kept:
        compare(
            ("one forward pass of nn.LSTM", plain),
            ("the pass, its padded states as raw bytes", bare),
            ("states, EPs, distances, parquet", whole),
            rounds=2 if smoke else 7,
            between=clear,
        )


def _texts(data: Path, count: int) -> tuple[Config, list[str]]:
    imdb = data / "imdb" / "test.parquet"
    if not imdb.exists():
        config = load_config("demo")
        print(f"  ({imdb} is not there: the demo's reviews instead)")
        texts = load_corpus(config.dataset).train.texts
        return config, [texts[i % len(texts)] for i in range(count)]
    files = [f"dataset.data_files.{split}={imdb}" for split in ("train", "test")]
    config = load_config("imdb", ["dataset.path=parquet", *files])
    return config, [t for t in load_corpus(config.dataset).test.texts if word_forms(t, lowercase=True)][
        :count
    ]


@torch.inference_mode()
def _batches(encoded: Sequence[Encoded], part_steps: int) -> list[torch.Tensor]:
    """The same batches as in extraction, as random word vectors (B, T, 32)."""
    batches, part, total = [], [], 0
    for i, one in enumerate(encoded):
        part.append(one)
        total += len(one)
        if total >= part_steps or i == len(encoded) - 1:
            lengths = np.array([len(p) for p in part])
            for batch in bucketed(lengths, STEPS_PER_BATCH):
                ids, _ = pad([part[k].inputs for k in batch])
                batches.append(torch.randn(*ids.shape, 32))
            part, total = [], 0
    return batches
