"""Extraction of a whole run, written part by part, so that a killed build goes on from its last whole part.

A part is some sequences in order: one file of states for each layer, and its rows of the tables of
sequences and predictions, which are joined part after part while later ones are still computed.  Until
these are whole, the predictions of each part are kept in a file of their own; the rest is made of them.
"""

import contextlib
import os
import shutil
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from hsvis.build.extraction import Room, extract
from hsvis.config import StateSettings
from hsvis.corpus.recorded import RecordedSequence
from hsvis.corpus.series import Series
from hsvis.corpus.words import ReadText
from hsvis.errors import ModelError
from hsvis.models.finite import begin_of
from hsvis.models.protocol import Encoded, HiddenStateModel, vocabulary_of, why_left_out
from hsvis.progress import Progress
from hsvis.run import tables
from hsvis.run.folder import RunFolder
from hsvis.run.language.tables import next_table, predictions_layout_of
from hsvis.storage import parquet

TABLES = ("sequences", "predictions")
MOST_AT_ONCE = 4  # parts that the model reads side by side, each by its share of the cores


@dataclass(frozen=True)
class Row:
    """One row of the dataset's split; `example` is what the model reads, `text` what people do.

    Attributes:
        align: gives the labels (T,) int16 of the steps that the model reads; None where a row has one label.
        target: its row of `Split.targets`, where labels are no class.
    """

    row: int
    example: str | ReadText | Series | RecordedSequence
    label: int
    align: Callable[[Encoded], np.ndarray] | None = None
    target: np.ndarray | None = None

    @property
    def text(self) -> str:
        if isinstance(self.example, str):
            return self.example
        return self.example.caption if isinstance(self.example, Series) else self.example.text

    @property
    def is_series(self) -> bool:
        return (
            self.example.is_series
            if isinstance(self.example, RecordedSequence)
            else isinstance(self.example, Series)
        )


@dataclass(frozen=True)
class _Part:
    number: int
    first: int  # its first sequence
    rows: list[Row]
    encoded: list[Encoded]

    @property
    def lengths(self) -> np.ndarray:
        return np.array([len(e) for e in self.encoded], np.int32)

    @property
    def step_labels(self) -> np.ndarray | None:
        """(n,) int16, of all steps; None where a row has one label.  Raises DataError: they do not fit."""
        pairs = [(row.align, read) for row, read in zip(self.rows, self.encoded, strict=True)]
        aligned = [align(read) for align, read in pairs if align is not None]
        return np.concatenate(aligned) if aligned else None

    @property
    def targets(self) -> np.ndarray | None:
        """The labels of the S rows that are no class, (S, C) or (S, 1); None where they are classes."""
        found = [row.target for row in self.rows if row.target is not None]
        return np.stack(found) if found else None


class Rooms:
    """Memory for as many parts as are worked on at once, whichever thread works on them."""

    def __init__(self) -> None:
        self._free: list[Room] = []

    @contextlib.contextmanager
    def one(self) -> Iterator[Room]:
        try:
            room = self._free.pop()
        except IndexError:
            room = Room()
        yield room
        self._free.append(room)


def write_states(
    folder: RunFolder,
    model: HiddenStateModel,
    rows: Iterable[Row],
    total: int,
    settings: StateSettings,
    progress: Progress,
    *,
    labelled: bool = False,
    left_out: Counter[str] | None = None,
) -> np.ndarray:
    """Writes all that is missing of a run's states, predictions and sequences.

    Reading, the model and writing overlap: parts are worked on side by side, each by its share of the
    cores.  Memory is that of a few parts, however many sequences there are.

    Args:
        total: rows that `rows` will yield, for the progress.
        labelled: whether each step has a label of its own.
        left_out: takes how many rows are no sequences, by reason.

    Returns:
        (S,) int32, steps of each sequence; rows that the model does not read are no sequences.

    Raises:
        CacheError: the folder can't be written.
        DataError: a sequence has not as many labels as steps.
    """
    reading, cores_of_each = sharing()
    workers = reading + 1  # one of them waits for the disk
    predictions = predictions_layout_of(model, labelled=labelled)
    layouts = {"sequences": tables.SEQUENCES, "predictions": predictions}
    missing = [name for name in TABLES if not parquet.is_whole(_table(folder, name), layout=layouts[name])]
    lengths: list[np.ndarray] = []
    pending: deque[Future[tuple[np.ndarray, dict[str, pa.Table]]]] = deque()
    progress("states", 0, total, "sequences")
    with (
        contextlib.ExitStack() as files,
        threads_of_torch(cores_of_each) as limit,
        ThreadPoolExecutor(workers, "states", limit) as pool,
    ):
        rooms = Rooms()
        append = {name: files.enter_context(parquet.append_tables(_table(folder, name))) for name in missing}

        def finish_one() -> None:
            done, parts = pending.popleft().result()
            lengths.append(done)
            for name in missing:
                append[name](parts[name])
            read = sum(map(len, lengths))
            steps = sum(int(part.sum()) for part in lengths)
            progress("states", min(read, total - 1), total, f"sequences, {steps:,} steps")

        try:
            for part in _parts(model, rows, settings.part_steps, Counter() if left_out is None else left_out):
                pending.append(pool.submit(_write_part, folder, model, part, settings, missing, rooms))
                if len(pending) > 2 * workers:  # none waits for work while a part is joined here
                    finish_one()
            while pending:
                finish_one()
        finally:
            pool.shutdown(cancel_futures=True)
    shutil.rmtree(folder.building, ignore_errors=True)
    progress("states", total, total, f"sequences, {sum(int(part.sum()) for part in lengths):,} steps")
    return np.concatenate(lengths) if lengths else np.empty(0, np.int32)


@contextlib.contextmanager
def threads_of_torch(count: int) -> Iterator[Callable[[], None]]:
    """Gives what limits torch to so many threads, in the thread that calls it; lifted at the end.

    Does nothing where torch was not loaded: recorded states need none.
    """
    torch = sys.modules.get("torch")
    if torch is None:
        yield lambda: None
        return
    before = torch.get_num_threads()
    try:
        yield partial(torch.set_num_threads, count)
    finally:
        torch.set_num_threads(before)


def _halve(states: np.ndarray) -> np.ndarray:
    """(n, H) float32 as float16; by torch where it is there, in a fourth of numpy's time."""
    torch = sys.modules.get("torch")
    return states.astype(np.float16) if torch is None else torch.from_numpy(states).half().numpy()


def _check_range(halved: np.ndarray, part: _Part, layer: str) -> None:
    """Raises ModelError where a state is too large for half precision, with the sequence."""
    wrong = np.flatnonzero(np.isinf(halved).any(1))
    if len(wrong):
        number = int(np.searchsorted(np.cumsum(part.lengths), wrong[0], "right"))
        raise ModelError(
            f"states of the layer {layer} are beyond the range of float16 (65,504), first in "
            f"{begin_of(part.encoded[number].tokens)}. Set `states.precision: float32`."
        )


def sharing() -> tuple[int, int]:
    """How many parts the model reads side by side on this machine, and the cores of each."""
    cores = os.cpu_count() or 1
    at_once = min(MOST_AT_ONCE, cores)
    return at_once, cores // at_once


def _table(folder: RunFolder, name: str) -> Path:
    return {"sequences": folder.sequences, "predictions": folder.predictions}[name]


def _parts(
    model: HiddenStateModel, rows: Iterable[Row], steps: int, left_out: Counter[str]
) -> Iterator[_Part]:
    """Sequences in order, as many as reach `steps` together; rows that are not read are counted."""
    number = first = total = 0
    kept: list[Row] = []
    encoded: list[Encoded] = []
    for row in rows:
        read = model.encode(row.example)
        if why := why_left_out(model, read, "no steps" if row.is_series else "no words"):
            left_out[why] += 1
            continue
        kept.append(row)
        encoded.append(read)
        total += len(read)
        if total >= steps:
            yield _Part(number, first, kept, encoded)
            number, first, total = number + 1, first + len(kept), 0
            kept, encoded = [], []
    if kept:
        yield _Part(number, first, kept, encoded)


def _write_part(
    folder: RunFolder, model: HiddenStateModel, part: _Part, settings: StateSettings, missing: list[str],
    rooms: Rooms,
) -> tuple[np.ndarray, dict[str, pa.Table]]:  # fmt: skip
    """Writes the files of a part that are not there yet; lengths (S,) int32, and its rows of `missing`."""
    lengths = part.lengths
    steps = int(lengths.sum())
    kept = folder.predictions_part(part.number)
    layers = [
        layer.name
        for layer in model.layers
        if not parquet.is_whole(
            folder.states(layer.name, part.number), steps, tables.states_layout(layer.size)
        )
    ]
    step_labels = part.step_labels
    layout = predictions_layout_of(model, labelled=step_labels is not None)
    wanted = bool(missing) and not parquet.is_whole(kept, steps, layout)
    predictions: pa.Table | None = None
    if layers or wanted:
        columns = tables.step_columns(part.first, lengths)
        with rooms.one() as room:
            extracted = extract(model, part.encoded, room)
            for layer in layers:
                states = extracted.states[layer]
                if settings.precision == "float16":
                    states = _halve(states)
                    _check_range(states, part, layer)
                table = tables.state_table(columns, extracted.distances[layer], states)
                parquet.write_table(folder.states(layer, part.number), table)
        if extracted.next is None:
            predictions = tables.prediction_table(columns, extracted.ep, step_labels)
        else:
            predictions = next_table(columns, extracted.ep, extracted.next)
        if wanted:
            parquet.write_table(kept, predictions)
    if not missing:
        return lengths, {}
    if predictions is None:
        predictions = parquet.read_table(kept, layout=layout, rows=steps)
    made = {"predictions": predictions}
    if "sequences" in missing:
        made["sequences"] = tables.sequence_table(
            part.first,
            [row.row for row in part.rows],
            [row.text for row in part.rows],
            np.array([row.label for row in part.rows], np.int16),
            part.encoded,
            parquet.matrix(predictions["ep"])[np.cumsum(lengths) - 1],  # the answer: the EP of the last step
            is_series=part.rows[0].is_series,
            targets=part.targets,
            of_classes=vocabulary_of(model) is None,
        )
    return lengths, made
