"""Numbers that a model answers, as files to download have them."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from hsvis.dashboard.content.written import numbers, values
from hsvis.run.records import Sequence
from hsvis.run.store import StateStore

NO_CLASSES = "A run whose model answers a number has no classes: `class-overview.csv` has labels and answers."


def columns_of_sequences(store: StateStore) -> tuple[list[str], Callable[[int], tuple[object, ...]]]:
    """Columns of sequences, and what a sequence has there; nothing where there is no label."""
    truth, answers = store.truth, store.last_ep[:, 0]

    def row(index: int) -> tuple[object, ...]:
        three = np.array([truth[index], answers[index], answers[index] - truth[index]], np.float32)
        return (*numbers(three), int(store.lengths[index]))

    return ["label", "answer", "error", "length"], row


def labels_and_answers(store: StateStore) -> tuple[list[str], Iterable[Iterable[object]]]:
    """A row a sequence: what the plot of answers against labels shows."""
    header, of = columns_of_sequences(store.whole)
    return ["id", *header], ((index, *of(index)) for index in range(store.n_sequences))


def record_of(store: StateStore, sequence: Sequence) -> dict[str, Any]:
    """Label and answer of a sequence, and what would be answered after each step."""
    if store.numbers is None:
        return {}
    truth, answer = store.numbers.truth[sequence.index], store.numbers.answers[sequence.index]
    label, said, error = values(np.array([truth, answer, answer - truth], np.float32))
    steps = values(store.numbers.steps[sequence.rows])
    return {"number": store.numbers.name, "label": label, "answer": said, "error": error, "answers": steps}


def told_truth(store: StateStore, index: int) -> dict[str, object]:
    """The label of a sequence, where it is a number; null where there is none."""
    if store.numbers is None:
        return {}
    truth = float(store.numbers.truth[index])
    return {"truth": None if np.isnan(truth) else truth}
