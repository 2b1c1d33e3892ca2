"""Statistics of words: what the model does on average when it reads each of them.

A word acts between two steps: at step t the EP, the winning class and the state change from what they were
at step t - 1.  Before step 0 the model's answer is not known, so a step 0 counts as a step, and is left out
of distances, changes and flips; so does a step that has no EP, or comes after one without, where the model
does not read so few steps.

Changes are those of the log-odds of a class, log p - log(1 - p): changes of p vanish where the model is
certain, those of its log-odds do not.  p is clipped at 1e-7 first, so that none is infinite.  The mean over
all contexts of a word follows the expected response of RNNVis (Ming et al., "Understanding hidden memories
of recurrent neural networks", 2017), of log-odds in place of hidden units.
"""

import json

import numpy as np
import pyarrow as pa

from hsvis.analysis.words import class_flips
from hsvis.corpus.tokens import word_forms
from hsvis.progress import Progress, silent
from hsvis.run.blocks import read_blocks, read_shape
from hsvis.run.folder import RunFolder
from hsvis.run.verdicts import known_answers
from hsvis.run.winners import answered
from hsvis.storage.layouts import Layout, Vectors
from hsvis.storage.parquet import vectors

FORMAT = 1  # of the table; other columns or another meaning of one, another number
LAYOUT: Layout = {
    "word": pa.string(),
    **dict.fromkeys(("steps", "sequences", "compared", "flips", "misclassified"), pa.int64()),
    **dict.fromkeys(("distance", "error_rate"), pa.float64()),
    "largest_distance": pa.float32(),
    **dict.fromkeys(("change", "spread"), Vectors((pa.float64(),))),
    "labelled": Vectors((pa.int64(),)),
}
CLIP = 1e-7  # of probabilities, before their log-odds are taken


def token_form(token: str, *, lowercase: bool) -> str:
    """The word in a displayed token, without the punctuation that touches it, as the vocabulary knows it.

    A token that is not just one word (`row 3`, `<br />`, a comma, a piece of a user's tokenizer) stays whole.
    """
    words = word_forms(token, lowercase)
    if len(words) == 1:
        return words[0]
    return token.lower() if lowercase else token


def log_odds(p: np.ndarray) -> np.ndarray:
    """log p - log(1 - p) of probabilities clipped to CLIP … 1 - CLIP.

    Args:
        p: (N,) or (N, C) float.

    Returns:
        The same shape, float64, finite: between -16.2 and 16.2.
    """
    clipped = np.clip(p.astype(np.float64), CLIP, 1 - CLIP)
    return np.log(clipped) - np.log1p(-clipped)


class WordStatistics:
    """Sums over all steps at which each word is read; memory grows with the number of words alone.

    Sequences may come in blocks of any size; the statistics are the same up to rounding.
    """

    def __init__(self, n_classes: int, *, lowercase: bool) -> None:
        """`lowercase`: whether `Good` and `good` are one word."""
        self._lowercase = lowercase
        self._places: dict[str, int] = {}  # of each word in the arrays below
        counts = ("steps", "sequences", "compared", "flips", "misclassified")
        self._sums = {
            **{name: np.zeros(0, np.int64) for name in counts},
            "labelled": np.zeros((0, n_classes), np.int64),
            "distance": np.zeros(0),
            "change": np.zeros((0, n_classes)),
            "squares": np.zeros((0, n_classes)),
        }
        self._largest = np.zeros(0, np.float32)
        self._run: dict[str, int] = {"sequences": 0, "misclassified": 0}
        self._run_labelled = np.zeros(n_classes, np.int64)

    def add(
        self, tokens: pa.Array, lengths: np.ndarray, ep: np.ndarray, distances: np.ndarray,
        labels: np.ndarray, predicted: np.ndarray, step_labels: np.ndarray | None = None,
    ) -> None:  # fmt: skip
        """Counts S more sequences with their N steps.

        Args:
            tokens: (N,) string, as displayed, ordered by sequence, then step.
            lengths: (S,) int, steps of each sequence; they sum to N.
            ep: (N, C) float, rows sum to 1, or are NaN.
            distances: (N,) float, in units of the state space; what stands at each step 0 is not looked at.
            labels: (S,) int, -1 unknown.
            predicted: (S,) int.
            step_labels: (N,) int, -1 unknown; where given, steps are counted by them in place of sequences.

        Raises:
            ValueError: the arrays are not of one length.
        """
        offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        if not len(tokens) == len(ep) == len(distances) == offsets[-1]:
            raise ValueError("`tokens`, `ep` and `distances` need as many rows as `lengths` sum to")
        if not len(lengths) == len(labels) == len(predicted):
            raise ValueError("`lengths`, `labels` and `predicted` need the same length")
        if step_labels is not None:
            labels, predicted = known_answers(step_labels, ep)
        wrong = (labels >= 0) & (labels != predicted)
        self._run["sequences"] += len(lengths)
        self._run["misclassified"] += int(wrong.sum())
        self._run_labelled += np.bincount(labels[labels >= 0], minlength=len(self._run_labelled))
        if not len(tokens):
            return
        codes, places = self._encode(tokens)
        self._grow()
        sums = _sums_by_step(codes, len(places), offsets, ep, distances)
        of_sequences = np.repeat(np.arange(len(lengths)), lengths)
        pairs = np.sort(of_sequences * len(places) + codes)
        sequence, word = np.divmod(pairs[np.diff(pairs, prepend=-1) > 0], len(places))
        sums["sequences"] = np.bincount(word, minlength=len(places))
        if step_labels is not None:
            word, sequence = codes, np.arange(len(codes))
        sums |= _sums_by_label(word, sequence, len(places), labels, wrong, ep.shape[1])
        for name, found in sums.items():
            self._sums[name][places] += found
        later = _is_later(offsets, ep)
        largest = np.full(len(places), -np.inf, np.float32)
        np.maximum.at(largest, codes[later], distances[later])
        self._largest[places] = np.maximum(self._largest[places], largest)

    def table(self) -> pa.Table:
        """One row a word, the most frequent first; of equally frequent ones, by code point.

        Columns; what would be divided by 0 is NaN:
            word: string, as `token_form` gives it.
            steps, sequences: int64, at how many steps it is read, and in how many sequences.
            compared: int64, those of the steps with an EP whose step before has one; the next five are of
                these.
            distance, largest_distance: float64 and float32, mean and maximum, in units of the state space.
            change, spread: C float64, mean and standard deviation (divided by `compared`) of the change of
                each class's log-odds.
            flips: int64, how often the winning class is another than at the step before.
            labelled: C int64, its sequences by actual class; those of an unknown class are in none.  Where
                each step has a label: the steps at which it is read, by theirs; so in the next two.
            misclassified: int64, how many of these are classified as another than the actual class.
            error_rate: float64, `misclassified` divided by the sum of `labelled`.

        The metadata `hsvis` are JSON: `format`, `clip`, `lowercase`, and of the run, as above, `sequences`,
        `labelled` and `misclassified`.
        """
        words = list(self._places)
        steps = self._sums["steps"].tolist()
        order = np.array(sorted(range(len(words)), key=lambda k: (-steps[k], words[k])), np.int64)
        of = {name: values[order] for name, values in self._sums.items()}
        compared = of["compared"]
        change = _divide(of["change"], compared[:, None])
        variance = _divide(of["squares"], compared[:, None]) - change**2
        columns = {
            "word": pa.array([words[k] for k in order.tolist()], pa.string()),
            "steps": of["steps"],
            "sequences": of["sequences"],
            "compared": compared,
            "distance": _divide(of["distance"], compared),
            "largest_distance": np.where(compared > 0, self._largest[order], np.float32(np.nan)),
            "change": vectors(change),
            "spread": vectors(np.sqrt(np.maximum(variance, 0))),  # NaN stays NaN
            "flips": of["flips"],
            "labelled": vectors(of["labelled"]),
            "misclassified": of["misclassified"],
            "error_rate": _divide(of["misclassified"], of["labelled"].sum(axis=1)),
        }
        details = {
            "format": FORMAT, "clip": CLIP, "lowercase": self._lowercase, **self._run,
            "labelled": self._run_labelled.tolist(),
        }  # fmt: skip
        return pa.table(columns).replace_schema_metadata({"hsvis": json.dumps(details)})

    def _encode(self, tokens: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """Which of the L words of a block each token is, (N,) int64, and the places of those, (L,) int64."""
        encoded = tokens.dictionary_encode()
        forms = [token_form(one, lowercase=self._lowercase) for one in encoded.dictionary.to_pylist()]
        found = np.array([self._places.setdefault(form, len(self._places)) for form in forms], np.int64)
        places, codes = np.unique(found, return_inverse=True)
        return codes[encoded.indices.to_numpy()], places

    def _grow(self) -> None:
        """Makes room for the words that are new, and for as many more."""
        there = len(self._largest)
        if len(self._places) <= there:
            return
        added = max(len(self._places), 2 * there) - there
        self._largest = np.concatenate([self._largest, np.full(added, -np.inf, np.float32)])
        for name, values in self._sums.items():
            self._sums[name] = np.concatenate([values, np.zeros((added, *values.shape[1:]), values.dtype)])


def _is_later(offsets: np.ndarray, ep: np.ndarray) -> np.ndarray:
    """(N,) bool, False at each step 0, and without an EP here or before.  `offsets`: (S + 1,) int."""
    later = answered(ep)
    later[1:] &= later[:-1].copy()
    later[offsets[offsets < offsets[-1]]] = False
    return later


def _sums_by_step(
    codes: np.ndarray, n_words: int, offsets: np.ndarray, ep: np.ndarray, distances: np.ndarray
) -> dict[str, np.ndarray]:
    """Of each of the L words, sums over the steps at which it is read: (L,) or (L, C).

    Args:
        codes: (N,) int, the word of each step.
        offsets: (S + 1,) int, the row of each step 0, then N.
    """
    later = _is_later(offsets, ep)
    moved = codes[later]  # (M,)
    change, squares = np.empty((n_words, ep.shape[1])), np.empty((n_words, ep.shape[1]))
    for k in range(ep.shape[1]):
        difference = np.diff(log_odds(ep[:, k]))[later[1:]]  # (M,); row 0 is a step 0
        change[:, k] = np.bincount(moved, difference, n_words)
        squares[:, k] = np.bincount(moved, difference**2, n_words)
    return {
        "steps": np.bincount(codes, minlength=n_words),
        "compared": np.bincount(moved, minlength=n_words),
        "flips": np.bincount(codes[class_flips(ep, offsets)], minlength=n_words),
        "distance": np.bincount(moved, distances[later], n_words),
        "change": change,
        "squares": squares,
    }


def _sums_by_label(
    words: np.ndarray, rows: np.ndarray, n_words: int, labels: np.ndarray, wrong: np.ndarray, n_classes: int
) -> dict[str, np.ndarray]:
    """Of each of the L words, sums over the sequences that have it, or its steps: (L,) or (L, C).

    Args:
        words, rows: (P,) int, a word, and a sequence or step that has it.
        labels, wrong: of each sequence or step, its class, -1 unknown, and whether it is misclassified.
    """
    label = labels[rows].astype(np.int64)
    known = label >= 0
    labelled = np.bincount(words[known] * n_classes + label[known], minlength=n_words * n_classes)
    return {
        "labelled": labelled.reshape(n_words, n_classes),
        "misclassified": np.bincount(words[wrong[rows]], minlength=n_words),
    }


def _divide(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """float64 of the shape of `sums`; NaN where there is nothing to divide by."""
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)


def word_statistics(
    folder: RunFolder, layer: str, *, lowercase: bool, progress: Progress = silent
) -> pa.Table:
    """All words of a built run, as `WordStatistics.table` gives them; a block of steps is in memory at once.

    Args:
        layer: whose distances; all else is the same for each layer.
        lowercase: whether `Good` and `good` are one word.

    Raises:
        DamagedFileError: a file can't be read, or has other steps than the table of sequences.
    """
    total, n_classes, labelled = read_shape(folder)
    statistics, stage, done = WordStatistics(n_classes, lowercase=lowercase), f"words of {layer}", 0
    for block in read_blocks(folder, layer, labelled=labelled):
        progress(stage, done, total, "steps")
        statistics.add(
            block.tokens, block.lengths, block.ep, block.distances, block.labels, block.predicted,
            block.step_labels,
        )  # fmt: skip
        done += len(block.ep)
    table = statistics.table()
    progress(stage, total, total, f"steps, {table.num_rows:,} different words")
    return table
