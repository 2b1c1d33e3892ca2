"""Extraction with parquet against one pass of the same nn.LSTM over the same batches; memory; float16."""

import multiprocessing
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch

from benchmarks.timing import compare, seconds
from hsvis.build.extraction import STEPS_PER_BATCH
from hsvis.build.parts import Row, write_states
from hsvis.config import Config, ModelSettings, TokenSettings, load_config
from hsvis.corpus.loading import load_corpus
from hsvis.corpus.tokens import Vocabulary, word_forms
from hsvis.models.batching import bucket, pad
from hsvis.models.builtin.classifier import RecurrentClassifier
from hsvis.models.builtin.text_model import TextModel
from hsvis.models.protocol import Encoded, HiddenStateModel, Trace
from hsvis.run.folder import RunFolder
from hsvis.storage import parquet

LARGER = 16_384  # padded steps of larger batches, with which a plain pass is faster


class _Read:
    """A model whose texts are read already, so that tokenising is in none of the times."""

    def __init__(self, model: TextModel, texts: Sequence[str]) -> None:
        self.model, self.classes, self.layers = model, model.classes, model.layers
        self.fingerprint = ""
        self._encoded = {text: model.encode(text) for text in texts}

    def encode(self, text: str) -> Encoded:
        return self._encoded[text]

    def trace(self, batch: Sequence[Encoded]) -> Trace:
        return self.model.trace(batch)


def run(*, smoke: bool, data: Path) -> None:
    """IMDB reviews with the paper's sizes, 5,000 and all 25,000; the demo's where there is no IMDB."""
    for count, rounds in ((300, 2),) if smoke else ((5_000, 9), (25_000, 5)):
        _compare(data, count, rounds)
    _print_memory(data, 300 if smoke else 25_000)
    _print_half(data, 300 if smoke else 5_000)


def _compare(data: Path, count: int, rounds: int) -> None:
    config, texts = _texts(data, count)
    model = _model(texts)
    read: list[_Read] = []
    took = seconds(lambda: read.append(_Read(model, texts)))
    print(f"  (tokenising {len(texts):,} texts took {took:.2f} s and is in none of the times)")
    encoded = [read[0].encode(text) for text in texts]
    batches = {
        steps: _batches(encoded, config.states.part_steps, steps) for steps in (LARGER, STEPS_PER_BATCH)
    }
    print(f"  {sum(map(len, encoded)):,} steps, {torch.get_num_threads()} threads")
    lstm = model.classifier.recurrent[0]

    kept = tempfile.TemporaryDirectory()  # what was written is deleted outside the times

    def folder() -> Path:
        return Path(tempfile.mkdtemp(dir=kept.name))

    def clear() -> None:
        for path in Path(kept.name).iterdir():
            shutil.rmtree(path)

    @torch.inference_mode()
    def plain(steps: int) -> None:
        for batch in batches[steps]:
            lstm(batch)

    @torch.inference_mode()
    def bare() -> None:
        with (folder() / "states").open("wb") as file:
            for batch in batches[STEPS_PER_BATCH]:
                file.write(lstm(batch)[0].contiguous().numpy())

    one_pass = ("one forward pass of nn.LSTM", lambda: plain(STEPS_PER_BATCH))
    with kept:
        compare(
            one_pass,
            ("the pass in larger batches", lambda: plain(LARGER)),
            ("states, EPs, distances, parquet", lambda: _write(folder(), read[0], texts, config)),
            rounds=rounds,
            between=clear,
        )
        # not in turn with the others: the system goes on writing these bytes while what comes next runs
        compare(one_pass, ("the pass, its padded states as raw bytes", bare), rounds=rounds, between=clear)


def _model(texts: Sequence[str]) -> TextModel:
    vocabulary = Vocabulary.of((word_forms(text, lowercase=True) for text in texts), 20_000)
    classifier = RecurrentClassifier(ModelSettings.model_validate({}), len(vocabulary), 2)
    return TextModel(classifier, vocabulary, TokenSettings.model_validate({}), ("no", "yes"))


def _write(folder: Path, model: HiddenStateModel, texts: Sequence[str], config: Config) -> RunFolder:
    rows = (Row(i, text, 0) for i, text in enumerate(texts))
    run = RunFolder(folder)
    write_states(run, model, rows, len(texts), config.states, lambda *_, **__: None)
    return run


def _print_memory(data: Path, count: int) -> None:
    """Of a process of its own, that tokenises meanwhile, as a build does."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        before, peak = pool.submit(_memory, data, count).result()
    print(
        f"  memory of a process that writes {count:,} texts: {peak:,.0f} MiB at most, {before:,.0f} at first"
    )


def _memory(data: Path, count: int) -> tuple[float, float]:
    """MiB of this process before it writes the states of texts, and the most while it does."""
    config, texts = _texts(data, count)
    model = _model(texts)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forgets the peak
    before = _peak()
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder), model, texts, config)
    return before, _peak()


def _peak() -> float:
    """MiB that this process has taken at the most."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def _print_half(data: Path, count: int) -> None:
    """What `states.precision: float16` costs."""
    config, texts = _texts(data, count)
    torch.manual_seed(0)
    model = _model(texts)
    with torch.no_grad():  # states as widely spread as those of a trained model
        model.classifier.embedding.weight.mul_(80)
    half = config.model_copy(update={"states": config.states.model_copy(update={"precision": "float16"})})
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for name, asked in (("whole", config), ("half", half)):
            run = _write(Path(folder, name), model, texts, asked)
            parts = sorted(run.states("rnn.0", 0).parent.iterdir())
            tables = [parquet.read_table(part) for part in parts]
            states = np.concatenate([parquet.matrix(table["state"]) for table in tables]).astype(np.float32)
            kept = np.concatenate([table["distance"].to_numpy() for table in tables])
            found.append((states, kept))
    (states, distances), (rounded, kept) = found
    is_first = np.isnan(distances)
    again = np.linalg.norm(np.diff(rounded, axis=0), axis=1)[~is_first[1:]]
    same = np.array_equal(distances, kept, equal_nan=True)
    print(f"  float16: the distances kept are {'the same as' if same else 'NOT those'} with float32")
    _print_error("float16: states", states, rounded)
    _print_error("float16: distances computed of the states kept", distances[~is_first], again)


def _print_error(what: str, exact: np.ndarray, rounded: np.ndarray) -> None:
    error = np.abs(rounded - exact)
    relative = error[exact != 0] / np.abs(exact[exact != 0])
    print(
        f"  {what}: absolute error {error.max():.1e} at most, median {np.median(error):.1e}; "
        f"relative {relative.max():.1e} at most, median {np.median(relative):.1e}"
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
def _batches(encoded: Sequence[Encoded], part_steps: int, steps: int) -> list[torch.Tensor]:
    """Batches as extraction makes them, of so many padded steps, as random word vectors (B, T, 32)."""
    batches, part, total = [], [], 0
    for i, one in enumerate(encoded):
        part.append(one)
        total += len(one)
        if total >= part_steps or i == len(encoded) - 1:
            lengths = np.array([len(p) for p in part])
            for batch in bucket(lengths, steps):
                ids, _ = pad([part[k].inputs for k in batch])
                batches.append(torch.randn(*ids.shape, 32))
            part, total = [], 0
    return batches
