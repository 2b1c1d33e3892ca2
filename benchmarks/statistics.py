"""Statistics of words, beside a plain read of the columns that they are made of."""

import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from benchmarks.timing import compare
from hsvis.analysis.statistics import word_statistics
from hsvis.config import load_config
from hsvis.corpus.corpus import Split
from hsvis.corpus.loading import load_corpus
from hsvis.corpus.tokens import split_text
from hsvis.models.protocol import Encoded
from hsvis.run import tables
from hsvis.run.folder import RunFolder
from hsvis.run.reading import part_paths
from hsvis.storage import parquet

LAYER, LENGTH, WIDTH = "rnn.0", 100, 100  # as the packaged config of IMDB has it
PART = 500  # sequences in a file of states


def run(*, smoke: bool, data: Path) -> None:
    """The words of IMDB's test split, 2.4 million of them; of the demo where there is no IMDB.

    States, EPs and distances are made up: what is measured depends on their number alone.
    """
    imdb = data / "imdb"
    files = [f"dataset.data_files.{split}={imdb / split}.parquet" for split in ("train", "test")]
    real = not smoke and imdb.exists()
    config = load_config(*(("imdb", ["dataset.path=parquet", *files]) if real else ("demo",)))
    with tempfile.TemporaryDirectory() as path:
        folder = RunFolder(Path(path))
        write_run(folder, load_corpus(config.dataset).test)
        table = word_statistics(folder, LAYER, lowercase=True)
        steps = pq.read_metadata(folder.predictions).num_rows
        print(f"  {steps:,} steps of {WIDTH} values, {table.num_rows:,} different words")
        compare(
            ("the columns, read by pyarrow", lambda: _read(folder)),
            ("the statistics of all words", lambda: word_statistics(folder, LAYER, lowercase=True)),
            rounds=3 if smoke else 5,
        )


def _read(folder: RunFolder) -> None:
    pq.read_table(folder.sequences, columns=["tokens", "length", "label", "predicted"])
    pq.read_table(folder.predictions, columns=["ep"])
    for part in part_paths(folder, LAYER):
        pq.read_table(part, columns=["distance"])


def write_run(folder: RunFolder, split: Split) -> None:
    """The tables of a run of two classes: the words of a split, and states that nobody computed."""
    rng = np.random.default_rng(0)
    with (
        parquet.append_tables(folder.sequences) as sequences,
        parquet.append_tables(folder.predictions) as predictions,
    ):
        for number, (first, encoded) in enumerate(_parts(split)):
            lengths = np.array([len(one) for one in encoded], np.int32)
            odds = np.cumsum(rng.normal(size=int(lengths.sum())))
            ep = 1 / (1 + np.exp(np.column_stack([odds, -odds])))  # (N, 2)
            distances = rng.random(len(ep), np.float32)
            distances[np.cumsum(lengths) - lengths] = np.nan
            columns, ep = tables.step_columns(first, lengths), ep.astype(np.float32)
            states = np.zeros((len(ep), WIDTH), np.float32)
            parquet.write_table(folder.states(LAYER, number), tables.state_table(columns, distances, states))
            predictions(tables.prediction_table(columns, ep))
            rows = range(first, first + len(encoded))
            labels = rng.integers(0, 2, len(encoded)).astype(np.int16)
            answers = ep[np.cumsum(lengths) - 1]
            sequences(tables.sequence_table(first, rows, ["" for _ in rows], labels, encoded, answers))


def _parts(split: Split) -> Iterator[tuple[int, list[Encoded]]]:
    """The number of the first sequence of each part, and its words."""
    texts = [text for text in split.texts if text.strip()]
    for begin, end in pairwise([*range(0, len(texts), PART), len(texts)]):
        read = [split_text(text, lowercase=True, max_length=LENGTH, keep="last") for text in texts[begin:end]]
        yield (
            begin,
            [
                Encoded(one.surfaces, np.zeros(len(one.forms), np.int64), np.ones(len(one.forms), bool), 0, 0)
                for one in read
            ],
        )
