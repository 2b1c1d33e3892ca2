"""What a whole run will take: rows, steps, memory, time; from a sample of its texts."""

import math
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from hsvis.build.extraction import extract
from hsvis.build.parts import sharing
from hsvis.build.projecting import PCA_AT_ONCE
from hsvis.config import Config, ModelSettings, TsneSettings
from hsvis.corpus.corpus import Corpus, Split
from hsvis.corpus.rows import reasons
from hsvis.errors import DataError
from hsvis.models.batching import pad
from hsvis.models.builtin.classifier import RecurrentClassifier
from hsvis.models.builtin.training import ONE_THREAD
from hsvis.models.protocol import Encoded, HiddenStateModel, n_answers, vocabulary_of, why_left_out
from hsvis.models.subject import Fact, Subject
from hsvis.run import tables

TEXTS = 500  # in the sample
TIMED = (8, 64, TEXTS)  # of these; more only where fewer were quick
PATIENCE = 3.0  # seconds that timing as many may take, foreseen by the fewer
TSNE_SECONDS, PLACED_SECONDS = 1.4e-3, 8e-5  # a state fitted, a state placed, on two cores
EVALUATED = 2.0  # training and the passes that judge it, in units of training
COLUMNS = 8  # bytes of `sequence` and `step`
NEXT = 16  # bytes of what is kept of the token that came next


@dataclass(frozen=True)
class Sample:
    """Some of the texts of a run, evenly spread.

    Attributes:
        total: rows of the run.
        rows: places of the sample in the test split, those that the model reads.
        texts, encoded: of these rows.
        read: texts that were read for the sample, also those that are left out.
        unknown: share of their tokens that the vocabulary lacks.
        passed_over: share of words that are left out because the vocabulary has no entry for them.
        seconds: that reading one text took.
        first_two: (row, encoded) of the first two, of different length if there are such.
        is_series: whether they are of numbers.
        left_out: reason -> texts read that are not used.
    """

    total: int
    rows: list[int]
    texts: list[str]
    encoded: list[Encoded]
    read: int
    unknown: float
    passed_over: float
    seconds: float
    first_two: list[tuple[int, Encoded]]
    is_series: bool
    left_out: dict[str, int]

    @property
    def exact(self) -> bool:
        return self.read == self.total

    @property
    def scale(self) -> float:
        """Texts of the run for each of the sample."""
        return self.total / self.read

    @property
    def sequences(self) -> int:
        return round(len(self.rows) * self.scale)

    @property
    def steps(self) -> int:
        return round(sum(map(len, self.encoded)) * self.scale)


def take_sample(one: Subject, split: Split, rows: np.ndarray) -> Sample:
    """Encodes up to TEXTS texts of the rows of a run.  Raises DataError if none holds a word."""
    total = len(rows)
    chosen = rows[np.unique(np.linspace(0, total - 1, min(total, TEXTS)).round().astype(int))].tolist()
    began = time.perf_counter()
    read = [(row, one.model.encode(split.examples[row])) for row in chosen]
    seconds = (time.perf_counter() - began) / len(chosen)
    empty = "no words" if split.series is None else "no steps"
    why = [why_left_out(one.model, encoded, empty) for _, encoded in read]
    left_out = {empty: 0, **Counter(filter(None, why))}
    kept = [pair for pair, reason in zip(read, why, strict=True) if not reason]
    if not kept:
        raise DataError(
            f"none of the {len(chosen)} texts read of {total} to analyse can be used: "
            f"{reasons(left_out)}. Check `dataset.text`, `dataset.values` and `model.tokenizer`, or raise "
            "`dataset.limit`."
        )
    tokens = sum(len(encoded) for _, encoded in kept)
    unknown = sum(int((~encoded.known).sum()) for _, encoded in kept) / tokens
    passed_over = 0.0
    if one.pieces is not None:
        passed_over = 1 - tokens / max(1, sum(one.pieces(split.texts[row]) for row in chosen))
    second = next((k for k in kept[1:] if len(k[1]) != len(kept[0][1])), kept[1] if len(kept) > 1 else None)
    return Sample(
        total,
        [row for row, _ in kept],
        [split.texts[row] for row, _ in kept],
        [encoded for _, encoded in kept],
        len(chosen),
        unknown,
        passed_over,
        seconds,
        [kept[0], *([second] if second else [])],
        kept[0][1].inputs.ndim == 2 and not isinstance(split.examples[0], str),
        left_out,
    )


@dataclass(frozen=True)
class Size:
    """Expected rows, and bytes.

    Attributes:
        disk: of all files of the run.
        server: of what a server keeps in memory for the run.
        building: of the states of the largest layer that projections hold at once.
    """

    sequences: int
    steps: int
    exact: bool
    disk: int
    server: int
    building: int

    def facts(self) -> list[Fact]:
        about = "" if self.exact else "about "
        return [
            ("run", f"{about}{self.sequences:,} sequences, {about}{self.steps:,} steps"),
            ("disk", f"about {_bytes(self.disk)}"),
            (
                "memory",
                f"about {_bytes(self.server)} in the server and {_bytes(self.building)} while states are "
                "projected, beside the program itself",
            ),
        ]


def size_of(one: Subject, sample: Sample, config: Config) -> Size:
    """Rows and bytes of a run, from a sample of its texts."""
    steps, layers = sample.steps, one.model.layers
    language = vocabulary_of(one.model) is not None
    ep = 8 * n_answers(one.model) + NEXT if language else 4 * len(one.model.classes)
    value = 2 if config.states.precision == "float16" else 4
    texts = _sequence_table(sample, one.model)
    projected = len(layers) * len(config.projections)
    disk = (
        sum(steps * (COLUMNS + 4 + value * layer.size) for layer in layers)
        + sum(steps * (4 + 2 * layer.size) for layer in layers)  # indexes
        + steps * (COLUMNS + ep)
        + projected * steps * (COLUMNS // 4 + 8)  # compressed, other than what holds vectors
        + _written_bytes(texts) * sample.scale
        + (0 if language else len(layers) * _word_bytes(sample, len(one.model.classes)))
    )
    server = steps * (ep + 4 * len(layers) + 8 * projected) + texts.nbytes * sample.scale
    whole = any(isinstance(one, TsneSettings) and one.max_fit is None for one in config.projections)
    building = 4 * (steps if whole else min(steps, PCA_AT_ONCE)) * max(layer.size for layer in layers)
    return Size(sample.sequences, steps, sample.exact, round(disk), round(server), building)


def _sequence_table(sample: Sample, model: HiddenStateModel) -> pa.Table:
    """The table of the sample's sequences, without their answers."""
    count = len(sample.encoded)
    labels, answers = np.zeros(count, np.int16), np.zeros((count, n_answers(model)), np.float32)
    return tables.sequence_table(
        0, sample.rows, sample.texts, labels, sample.encoded, answers, is_series=sample.is_series
    )


def _word_bytes(sample: Sample, n_classes: int) -> float:
    """Of a layer's statistics of words; of words not in the sample there are more like its square root."""
    words = {token for encoded in sample.encoded for token in encoded.tokens}
    row = 60 + 24 * n_classes  # as `analysis.statistics` keeps it
    return sum(row + len(word) for word in words) * math.sqrt(sample.scale)


def _written_bytes(table: pa.Table) -> int:
    """Bytes of a table of texts as a file."""
    buffer = pa.BufferOutputStream()
    pq.write_table(table, buffer, compression="none", use_dictionary=False)  # as the cache does
    return int(buffer.getvalue().size)


@dataclass(frozen=True)
class Cost:
    """Expected time, and the answers that were given meanwhile.

    Attributes:
        seconds: stage -> seconds.
        rows: (K,) rows of the test split that were answered.
        answers: (K, C).
    """

    seconds: dict[str, float]
    rows: np.ndarray
    answers: np.ndarray

    def facts(self) -> list[Fact]:
        total = sum(self.seconds.values())
        parts = ", ".join(f"{stage} {_seconds(took)}" for stage, took in self.seconds.items())
        about = "" if total < 1 else "about "
        return [("time", f"{about}{_seconds(total)}: {parts}")]


def cost(one: Subject, sample: Sample, corpus: Corpus, config: Config) -> Cost:
    """Times a part of the sample, and how long all will take at that pace."""
    order = np.random.default_rng(0).permutation(len(sample.rows))  # so that the first ones are like the rest
    at_once, cores = sharing()
    timed, took = order[:0], 0.0
    with _threads(cores):  # as a build does
        for count in TIMED:
            if len(timed) and took * count / len(timed) > PATIENCE:
                break
            timed = order[:count]
            took = _time_extraction(one.model, [sample.encoded[i] for i in timed])
    parts = math.ceil(sample.steps / config.states.part_steps)
    reading = took / len(timed) * sample.sequences / min(at_once, parts)
    seconds = {"reading": reading + sample.seconds * sample.total}
    began = time.perf_counter()
    chosen = timed[: TIMED[1]]
    answers = one.answer([sample.encoded[i] for i in chosen])
    answering = (time.perf_counter() - began) / len(chosen) + sample.seconds
    if one.untrained is not None and isinstance(config.model, ModelSettings):
        seconds = {"training": _training(one.untrained, one.model, corpus, config.model)} | seconds
    elif not isinstance(config.model, ModelSettings) and config.states_from is None:
        seconds["accuracy of the test split"] = answering * len(corpus.test)
    tsne = [projection for projection in config.projections if isinstance(projection, TsneSettings)]
    if tsne:
        fitted = [min(sample.steps, settings.max_fit or sample.steps) for settings in tsne]
        each = [TSNE_SECONDS * fit + PLACED_SECONDS * (sample.steps - fit) for fit in fitted]
        seconds["t-SNE"] = sum(each) * len(one.model.layers)
    return Cost(seconds, np.array(sample.rows)[chosen], answers)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _time_extraction(model: HiddenStateModel, encoded: Sequence[Encoded]) -> float:
    began = time.perf_counter()
    extract(model, encoded)
    return time.perf_counter() - began


def _training(
    classifier: RecurrentClassifier, model: HiddenStateModel, corpus: Corpus, settings: ModelSettings
) -> float:
    """Seconds that training will take, from the gradients of one batch; no weight is changed."""
    examples = corpus.train.examples
    rows = np.unique(np.linspace(0, len(examples) - 1, min(len(examples), settings.batch_size)).astype(int))
    batch = [encoded for encoded in (model.encode(examples[row]) for row in rows) if len(encoded)]
    if not batch:
        return 0.0
    ids, lengths = pad([encoded.inputs for encoded in batch])
    given = torch.from_numpy(ids).to(classifier.device), torch.from_numpy(lengths).to(classifier.device)
    took = math.inf
    with _threads(1 if settings.hidden <= ONE_THREAD else torch.get_num_threads()):  # as training does
        for _ in range(3):  # the first one is slower
            began = time.perf_counter()
            out = classifier(*given) if corpus.classes else classifier.head(classifier.read(given[0]))
            gradients = torch.autograd.grad(out.sum(), list(classifier.parameters()))
            float(gradients[0].sum())  # a GPU has done them only then
            took = min(took, time.perf_counter() - began)
    return took * len(examples) / settings.batch_size * settings.epochs * EVALUATED


def _bytes(count: float) -> str:
    if count < 2**20:
        return f"{count / 2**10:,.0f} KiB"
    return f"{count / 2**20:,.1f} MiB" if count < 2**30 else f"{count / 2**30:,.1f} GiB"


def _seconds(seconds: float) -> str:
    if seconds < 1:
        return "less than 1 s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
