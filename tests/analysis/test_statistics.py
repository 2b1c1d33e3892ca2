"""Statistics of words, against dictionaries and plain loops."""

import math
from collections import Counter
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hsvis.analysis.statistics import WordStatistics, log_odds, token_form, word_statistics
from hsvis.corpus.tokens import split_text
from hsvis.models.protocol import Encoded
from hsvis.run import tables
from hsvis.run.folder import RunFolder
from hsvis.run.store import StateStore
from hsvis.storage import parquet

WORD_OF = {  # lower-cased
    "good": "good", "Good,": "good", "(GOOD)": "good", "it's": "it's", "2,000.": "2,000", "<b>x</b>": "x",
    "<br />": "<br />", "&quot;": "&quot;", ",": ",", "": "", " ": " ", "\ufffd": "\ufffd", "##ing": "ing",
    "row 3": "row 3", "Row 3": "row 3", "row 31": "row 31", "👍🏽": "👍🏽", "👍!": "👍",
    "שלום,": "שלום", "مرحبا؟": "مرحبا",
}  # fmt: skip


@dataclass
class Run:
    """A run of S sequences as plain lists and arrays."""

    tokens: list[list[str]]
    ep: list[np.ndarray]
    distances: list[np.ndarray]
    labels: list[int]
    predicted: list[int]
    n_classes: int

    def add_to(self, statistics: WordStatistics, begin: int, end: int) -> None:
        """Gives sequences `begin` … `end` - 1 to the statistics."""
        empty = [np.empty((0, self.n_classes), np.float32)]
        statistics.add(
            pa.array([token for one in self.tokens[begin:end] for token in one], pa.string()),
            np.array([len(one) for one in self.tokens[begin:end]], np.int32),
            np.concatenate(empty + self.ep[begin:end]),
            np.concatenate([np.empty(0, np.float32), *self.distances[begin:end]]),
            np.array(self.labels[begin:end], np.int16),
            np.array(self.predicted[begin:end], np.int16),
        )

    def statistics(self, *cuts: int, lowercase: bool = True) -> pa.Table:
        """Of all sequences, given in blocks that end at `cuts`."""
        statistics = WordStatistics(self.n_classes, lowercase=lowercase)
        for begin, end in pairwise([0, *sorted(cuts), len(self.tokens)]):
            self.add_to(statistics, begin, end)
        return statistics.table()


def made_run(
    seed: int, lengths: SequenceOf[int], n_classes: int, pool: SequenceOf[str] = tuple(WORD_OF)
) -> Run:
    """Any words, classes (some unknown) and answers; a fourth of the EPs are exactly 0 and 1."""
    rng = np.random.default_rng(seed)

    def ep(steps: int) -> np.ndarray:
        soft = rng.dirichlet(np.full(n_classes, 0.5), steps)
        sure = np.eye(n_classes)[rng.integers(0, n_classes, steps)]
        return np.where(rng.random((steps, 1)) < 0.25, sure, soft).astype(np.float32)

    def distances(steps: int) -> np.ndarray:
        return np.concatenate([[np.nan], rng.random(steps)])[:steps].astype(np.float32)

    return Run(
        [[pool[k] for k in rng.integers(0, len(pool), length)] for length in lengths],
        [ep(length) for length in lengths],
        [distances(length) for length in lengths],
        rng.integers(-1, n_classes, len(lengths)).tolist(),
        rng.integers(0, n_classes, len(lengths)).tolist(),
        n_classes,
    )


@dataclass
class Counted:
    """What is said of a word, as it was met."""

    steps: int = 0
    sequences: set[int] = field(default_factory=set)
    distances: list[float] = field(default_factory=list)
    changes: list[list[float]] = field(default_factory=list)
    flips: int = 0


def odds(p: float) -> float:
    p = min(max(p, 1e-7), 1 - 1e-7)
    return math.log(p) - math.log(1 - p)


def plainly(run: Run, words: list[list[str]]) -> list[dict[str, Any]]:
    """The rows of the table, from `words` that the tokens are."""
    found: dict[str, Counted] = {}
    for number, sequence in enumerate(words):
        ep = run.ep[number].tolist()
        for step, word in enumerate(sequence):
            one = found.setdefault(word, Counted())
            one.steps += 1
            one.sequences.add(number)
            if step:
                one.distances.append(float(run.distances[number][step]))
                one.changes.append([odds(b) - odds(a) for a, b in zip(ep[step - 1], ep[step], strict=True)])
                one.flips += ep[step].index(max(ep[step])) != ep[step - 1].index(max(ep[step - 1]))
    rows = []
    for word, one in sorted(found.items(), key=lambda item: (-item[1].steps, item[0])):
        actual = Counter(run.labels[k] for k in one.sequences)
        wrong = sum(run.labels[k] not in {-1, run.predicted[k]} for k in one.sequences)
        known = len(one.sequences) - actual[-1]
        of_class = list(zip(*one.changes, strict=True)) or [[math.nan]] * run.n_classes
        row = {
            "word": word, "steps": one.steps, "sequences": len(one.sequences), "compared": len(one.distances),
            "distance": fmean(one.distances or [math.nan]),
            "largest_distance": max(one.distances, default=math.nan),
            "change": [fmean(changes) for changes in of_class],
            "spread": [pstdev(changes) if one.changes else math.nan for changes in of_class],
            "flips": one.flips, "labelled": [actual[k] for k in range(run.n_classes)],
            "misclassified": wrong, "error_rate": wrong / known if known else math.nan,
        }  # fmt: skip
        rows.append(row)
    return rows


def assert_same(table: pa.Table, rows: list[dict[str, Any]]) -> None:
    found = table.to_pylist()
    assert [row["word"] for row in found] == [row["word"] for row in rows]
    for one, expected in zip(found, rows, strict=True):
        assert one.keys() == expected.keys()
        for name, value in expected.items():
            if name in {"distance", "largest_distance", "change", "spread", "error_rate"}:
                assert one[name] == pytest.approx(value, rel=1e-6, abs=1e-5, nan_ok=True), (one, name)
            else:
                assert one[name] == value, (one, name)


runs = st.builds(
    made_run, st.integers(0, 9999), st.lists(st.integers(0, 9), max_size=12), st.sampled_from([2, 5])
)


@settings(deadline=None)
@given(runs, st.data())
def test_each_word_has_what_a_plain_loop_counts_however_the_run_is_cut(run: Run, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(run.tokens)), max_size=4))
    table = run.statistics(*cuts)
    assert_same(table, plainly(run, [[WORD_OF[token] for token in one] for one in run.tokens]))
    assert table.schema.equals(run.statistics().schema, check_metadata=True)


@settings(deadline=None)
@given(runs)
def test_changes_of_all_words_add_up_to_the_way_from_first_to_last_answers(run: Run) -> None:
    table = run.statistics()
    change, compared = parquet.matrix(table["change"]), table["compared"].to_numpy()
    way = sum((log_odds(ep[-1]) - log_odds(ep[0]) for ep in run.ep if len(ep)), np.zeros(run.n_classes))
    total = (change * compared[:, None])[compared > 0].sum(axis=0)
    np.testing.assert_allclose(total, way, atol=1e-9)
    assert table["steps"].to_numpy().sum() == sum(map(len, run.tokens))


def test_the_demos_words_as_its_sequences_show_them(demo_store: StateStore) -> None:
    sequences = [demo_store.sequence(index) for index in range(demo_store.n_sequences)]
    run = Run(
        [one.tokens for one in sequences], [one.ep for one in sequences],
        [demo_store.distances("rnn.0")[one.rows] for one in sequences],
        [one.label for one in sequences], [one.predicted for one in sequences], demo_store.n_classes,
    )  # fmt: skip
    said: list[tuple[int, int, str]] = []
    table = word_statistics(
        demo_store.folder, "rnn.0", lowercase=True, progress=lambda _, *now: said.append(now)
    )
    assert_same(table, plainly(run, [[token.strip('.,;!?"()').lower() for token in t] for t in run.tokens]))
    total = demo_store.n_states
    assert said == [(0, total, "steps"), (total, total, f"steps, {len(table)} different words")]


def test_certain_answers_have_finite_log_odds() -> None:
    certain = log_odds(np.array([0, 1e-9, 0.5, 1 - 1e-9, 1], np.float32))
    assert certain.tolist() == pytest.approx([odds(p) for p in (0, 0, 0.5, 1, 1)])
    assert certain.max() < 16.2


def test_what_is_not_known_is_nan_and_counts_for_nothing() -> None:
    ep = np.array([[0.9, 0.1], [0.2, 0.8]], np.float32)
    distances = [np.array([np.nan, 2.0], np.float32)] * 2
    run = Run([["first", "then"], ["first", "other"]], [ep, ep], distances, [-1, 0], [0, 1], 2)
    first, other, then = run.statistics().to_pylist()
    assert (first["steps"], first["compared"], first["flips"]) == (2, 0, 0)  # always a step 0
    assert all(math.isnan(x) for x in (first["distance"], first["largest_distance"], *first["change"]))
    assert (first["labelled"], first["misclassified"], first["error_rate"]) == ([1, 0], 1, 1.0)
    assert (then["flips"], then["distance"], then["largest_distance"]) == (1, 2.0, 2.0)
    assert (then["labelled"], then["misclassified"]) == ([0, 0], 0)
    assert math.isnan(then["error_rate"])
    assert other["error_rate"] == 1.0


def test_case_is_kept_where_the_vocabulary_keeps_it() -> None:
    run = made_run(0, [30], 2, ["Good,", "good", "Row 3", "row 3"])
    assert set(run.statistics(lowercase=False)["word"].to_pylist()) == {"Good", "good", "Row 3", "row 3"}


@settings(deadline=None)
@given(
    st.text(st.sampled_from("aB1é’'.,;<>/&!- \n👍🏽\u200dش؟ש־br") | st.characters(codec="utf-8")),
    st.booleans(),
)
def test_a_displayed_token_is_the_word_that_the_vocabulary_knows(text: str, lowercase: bool) -> None:
    read = split_text(text, lowercase=lowercase, max_length=None, keep="last")
    assert [token_form(surface, lowercase=lowercase) for surface in read.surfaces] == read.forms


@pytest.mark.parametrize("wrong", ["tokens", "ep", "distances", "labels", "predicted"])
def test_arrays_of_different_lengths_are_refused(wrong: str) -> None:
    arrays = {
        "tokens": pa.array(["a", "b", "c"]), "lengths": np.array([1, 2]), "ep": np.full((3, 2), 0.5),
        "distances": np.zeros(3), "labels": np.array([0, 1]), "predicted": np.array([0, 1]),
    }  # fmt: skip
    with pytest.raises(ValueError, match=f"`{wrong}`"):
        WordStatistics(2, lowercase=True).add(**arrays | {wrong: arrays[wrong][:1]})


def write_run(folder: RunFolder, run: Run, part: int) -> None:
    """The tables of a run, with `part` sequences in each file of states."""
    with (
        parquet.append_tables(folder.sequences) as sequences,
        parquet.append_tables(folder.predictions) as predictions,
    ):
        for number, begin in enumerate(range(0, len(run.tokens), part)):
            at = slice(begin, begin + part)
            encoded = [
                Encoded(one, np.zeros(len(one), np.int64), np.ones(len(one), bool), 0, 0)
                for one in run.tokens[at]
            ]
            lengths, ep = np.array([len(one) for one in encoded]), np.concatenate(run.ep[at])
            steps, states = tables.step_columns(begin, lengths), np.zeros((len(ep), 3), np.float32)
            predictions(tables.prediction_table(steps, ep))
            distances = np.concatenate(run.distances[at])
            parquet.write_table(folder.states("rnn.0", number), tables.state_table(steps, distances, states))
            answers = np.eye(run.n_classes, dtype=np.float32)[run.predicted[at]]
            rows, labels = range(begin, begin + len(encoded)), np.array(run.labels[at], np.int16)
            sequences(tables.sequence_table(begin, rows, ["" for _ in rows], labels, encoded, answers))


@pytest.mark.parametrize("lengths", [[1], [7], [3, 1, 1, 9, 40, 2, 2, 5]])
def test_the_files_of_a_run_give_what_its_arrays_give(tmp_path: Path, lengths: list[int]) -> None:
    folder, run = RunFolder(tmp_path), made_run(len(lengths), lengths, 5)
    write_run(folder, run, 3)
    table = word_statistics(folder, "rnn.0", lowercase=True)
    assert table.schema.equals(run.statistics().schema, check_metadata=True)
    assert_same(table, run.statistics().to_pylist())


def test_halves_of_characters_are_one_word(tmp_path: Path) -> None:
    folder, run = RunFolder(tmp_path), made_run(0, [4, 4], 2, ["\ud83d", "\udc4d", "whole"])
    run.tokens = [["\ud83d", "whole", "\udc4d", "\ud83d"], ["whole"] * 4]
    write_run(folder, run, 2)
    table = word_statistics(folder, "rnn.0", lowercase=True)
    assert table.select(["word", "steps"]).to_pylist() == [
        {"word": "whole", "steps": 5}, {"word": "\ufffd", "steps": 3},
    ]  # fmt: skip


def test_a_run_without_sequences_has_no_words(tmp_path: Path) -> None:
    folder, run = RunFolder(tmp_path), made_run(0, [2], 5)
    write_run(folder, run, 1)
    for path in (folder.sequences, folder.predictions, folder.states("rnn.0", 0)):
        parquet.write_table(path, parquet.read_table(path).slice(0, 0))
    table = word_statistics(folder, "rnn.0", lowercase=True)
    assert table.num_rows == 0
    assert table.schema.equals(run.statistics().schema)


def test_the_table_is_kept_with_the_sums_of_the_run(tmp_path: Path) -> None:
    run, path = made_run(3, [5, 6, 7, 8, 9, 1], 2), tmp_path / "words.parquet"
    table = run.statistics(2)
    parquet.write_table(path, table)
    parquet.write_table(tmp_path / "again.parquet", run.statistics(2))
    assert path.read_bytes() == (tmp_path / "again.parquet").read_bytes()
    assert_same(parquet.read_table(path), table.to_pylist())
    pairs = [(a, b) for a, b in zip(run.labels, run.predicted, strict=True) if a >= 0]
    assert parquet.read_details(path) == {
        "format": 1, "clip": 1e-7, "lowercase": True, "sequences": 6,
        "misclassified": sum(a != b for a, b in pairs),
        "labelled": [sum(a == k for a, _ in pairs) for k in (0, 1)],
    }  # fmt: skip
