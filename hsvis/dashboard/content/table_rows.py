"""The rows of the sequence table, as its cells show them."""

import base64
from typing import Any

import numpy as np

from hsvis.corpus.targets.judging import chosen
from hsvis.dashboard.content.column_filters import KINDS, OF_NUMBERS
from hsvis.dashboard.page.token_strip import shares
from hsvis.dashboard.page.wording import listed
from hsvis.run.columns import Column
from hsvis.run.store import StateStore

PICTURE = (64, 24)  # the most steps and values in the table's picture of a series
DIGITS = 4  # of the confidence after the point
Chosen = np.ndarray | slice  # which sequences: (K,) int, or all S
ALL = slice(None)
KEPT = "kept-"  # begins the names of the table's kept columns, which end with their place in `store.columns`
VERDICTS = ("", "no", "yes")  # whether the answer is right; "" without a label
PLACES = np.array([1, 2, 0])  # in VERDICTS, of WRONG, RIGHT and UNKNOWN


def table_rows(store: StateStore, sequences: np.ndarray | None = None) -> list[dict[str, Any]]:
    """A row for each of these sequences, in this order; `label` and `predicted` are class numbers.

    Args:
        sequences: (K,) int, their numbers; None = all, in their order.
    """
    store = store.whole
    if not store.answers.has_classes:
        return _rows_of_numbers(store, sequences)
    if store.targets is not None:
        return _rows_of_independent(store, sequences)
    rows = np.arange(store.n_sequences) if sequences is None else sequences
    labels, predicted = store.labels[rows].tolist(), store.predicted[rows].tolist()
    lengths, certain = store.lengths[rows].tolist(), confidence(store, rows).tolist()
    right = verdicts(store, rows).tolist()
    words = words_of(store, rows)
    kept = {f"{KEPT}{k}": one.cells(sequences) for k, one in enumerate(store.columns)}
    sums = None if store.expected is None else _cells(perplexities(store, rows))
    steps = None
    if store.verdicts.unit == "step":
        shares = _cells(right_share(store, rows))
        steps = shares, store.verdicts.n_known[rows].tolist()
    return [
        {
            "sequence": sequence,
            "class": store.classes[labels[k]] if labels[k] >= 0 else "",
            "label": labels[k],
            "classification": store.classes[predicted[k]] if predicted[k] >= 0 else "",
            "predicted": predicted[k],
            "correct": VERDICTS[right[k]],
            "length": lengths[k],
            "confidence": certain[k],
            "words": words[k],
            **({} if steps is None else {"right": steps[0][k], "known": steps[1][k]}),
            **({} if sums is None else {"perplexity": sums[k]}),
            **({} if store.series is None else {"picture": _picture(store, sequence)}),
            **{name: cells[k] for name, cells in kept.items()},
        }
        for k, sequence in enumerate(rows.tolist())
    ]


def _rows_of_independent(store: StateStore, sequences: np.ndarray | None) -> list[dict[str, Any]]:
    """As `table_rows`: `class` and `classification` are lists of names, as text."""
    rows = np.arange(store.n_sequences) if sequences is None else sequences
    labels, answers = (class_lists(store, name)[rows].tolist() for name in ("class", "classification"))
    right, certain = verdicts(store, rows).tolist(), confidence(store, rows).tolist()
    words, kept = (
        words_of(store, rows),
        {f"{KEPT}{k}": one.cells(sequences) for k, one in enumerate(store.columns)},
    )
    return [
        {
            "sequence": sequence,
            "class": labels[k],
            "classification": answers[k],
            "correct": VERDICTS[right[k]],
            "length": int(store.lengths[sequence]),
            "confidence": certain[k],
            "words": words[k],
            **({} if store.series is None else {"picture": _picture(store, sequence)}),
            **{name: cells[k] for name, cells in kept.items()},
        }
        for k, sequence in enumerate(rows.tolist())
    ]


def _rows_of_numbers(store: StateStore, sequences: np.ndarray | None) -> list[dict[str, Any]]:
    """As `table_rows`: label, answer and error, None where there is no label."""
    rows = np.arange(store.n_sequences) if sequences is None else sequences
    of = {name: numbers_of(store, name)[rows] for name in OF_NUMBERS}
    words = words_of(store, rows)
    kept = {f"{KEPT}{k}": one.cells(sequences) for k, one in enumerate(store.columns)}
    return [
        {
            "sequence": sequence,
            **{name: None if np.isnan(values[k]) else float(values[k]) for name, values in of.items()},
            "correct": "",
            "length": int(store.lengths[sequence]),
            "words": words[k],
            **({} if store.series is None else {"picture": _picture(store, sequence)}),
            **{name: cells[k] for name, cells in kept.items()},
        }
        for k, sequence in enumerate(rows.tolist())
    ]


def numbers_of(store: StateStore, column: str) -> np.ndarray:
    """(S,) float64, the "value" that is the label, the "answer", or their distance, the "error"."""
    truth, answers = store.truth.astype(np.float64), store.last_ep[:, 0].astype(np.float64)
    found = {"value": truth, "answer": answers, "error": np.abs(answers - truth)}[column]
    return np.array([float(f"{one:.4g}") for one in found.tolist()])


def class_lists(store: StateStore, column: str) -> np.ndarray:
    """(S,) object: the names of the classes that each sequence has, or is answered with, in a line.

    Args:
        store: of several independent classes.
        column: "class" or "classification".
    """
    assert store.targets is not None
    marks = store.targets > 0 if column == "class" else chosen(store.last_ep)
    unknown = (store.targets[:, 0] < 0) & (column == "class")
    patterns, codes = np.unique(np.packbits(marks, axis=1), axis=0, return_inverse=True)
    names = [
        listed(store.classes[k] for k in np.flatnonzero(row).tolist())
        for row in np.unpackbits(patterns, axis=1, count=len(store.classes))
    ]
    return np.where(unknown, "", np.array(names, object)[codes.reshape(-1)])


def kept_of(store: StateStore, name: str) -> Column | None:
    """The kept column that a column of the table shows; None where that is one of its own."""
    return store.columns[int(name.removeprefix(KEPT))] if name.startswith(KEPT) else None


def column_kinds(store: StateStore) -> dict[str, str]:
    """The columns that can be sorted and filtered, as `column_filters.parse` takes them."""
    kept = {"number": "number", "date": "date"}
    of_numbers = {} if store.answers.has_classes else dict.fromkeys(OF_NUMBERS, "number")
    return {
        **KINDS,
        **of_numbers,
        **{f"{KEPT}{k}": kept.get(one.kind, "text") for k, one in enumerate(store.columns)},
    }


def confidence(store: StateStore, sequences: Chosen = ALL) -> np.ndarray:
    """(K,) float64, as far as the table has it."""
    return np.round(store.confidence[sequences].astype(np.float64), DIGITS)


def verdicts(store: StateStore, sequences: Chosen = ALL) -> np.ndarray:
    """(K,) int, the place in VERDICTS."""
    return PLACES[store.verdicts.of_sequences[sequences]]


def right_share(store: StateStore, sequences: Chosen = ALL) -> np.ndarray:
    """(K,) float64 as far as the table has it: of the steps with a label, how many are right; NaN of none."""
    known, right = store.verdicts.n_known[sequences], store.verdicts.n_right[sequences]
    return np.where(known > 0, np.round(right / np.maximum(known, 1), DIGITS), np.nan)


def perplexities(store: StateStore, sequences: Chosen = ALL) -> np.ndarray:
    """(K,) float64, of a language model, to six digits as the table has it; NaN where it is not known."""
    assert store.expected is not None
    found = store.expected.perplexities(store.offsets)[sequences]
    return np.array([float(f"{one:.6g}") for one in found.tolist()])


def _cells(values: np.ndarray) -> list[float | None]:
    """Nothing for NaN."""
    return [None if np.isnan(one) else one for one in values.tolist()]


def words_of(store: StateStore, sequences: np.ndarray | None = None) -> list[str]:
    """What stands in the column of words: how a text begins, or what a series is called.

    Args:
        sequences: (K,) int; None = all.
    """
    if store.series is None:
        return store.beginnings(sequences=sequences)
    return store.texts if sequences is None else store.texts_at(sequences)


def _picture(store: StateStore, sequence: int) -> dict[str, Any]:
    """A small picture of a series: at most PICTURE steps and values, as shares of 255 in base64."""
    values = store.values(sequence)
    assert values is not None
    assert store.series is not None
    steps = np.array_split(values, min(len(values), PICTURE[0]))
    cells = shares(np.stack([part.mean(0) for part in steps]), store.series, PICTURE[1])
    return {
        "draw": store.series.draw,
        "steps": cells.shape[0],
        "values": cells.shape[1],
        "data": base64.b64encode(cells.tobytes()).decode("ascii"),
    }
