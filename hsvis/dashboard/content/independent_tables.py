"""Labels and answers of several independent classes, as files to download have them."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from hsvis.corpus.targets.judging import chosen
from hsvis.dashboard.content.written import ep_names, numbers, values, yes_no
from hsvis.run.records import Sequence
from hsvis.run.store import StateStore
from hsvis.run.verdicts import RIGHT


def columns_of_sequences(store: StateStore) -> tuple[list[str], Callable[[int], tuple[object, ...]]]:
    """Columns of sequences with several independent classes, and what a sequence has there.

    Lists of classes are JSON, as names may hold any character; empty where they are unknown.
    """
    targets, answered, verdicts = store.targets, chosen(store.last_ep), store.verdicts.of_sequences
    assert targets is not None

    def names(marks: np.ndarray) -> str:
        return json.dumps([store.classes[k] for k in np.flatnonzero(marks).tolist()], ensure_ascii=False)

    def row(index: int) -> tuple[object, ...]:
        known = targets[index, 0] >= 0
        return (
            names(targets[index] > 0) if known else "",
            names(answered[index]),
            yes_no(bool(verdicts[index] == RIGHT)) if known else "",
            *numbers(store.confidence[[index]]),
            int(store.lengths[index]),
            *numbers(store.last_ep[index]),
        )

    header = ["labels", "answers", "all correct", "confidence", "length", *ep_names(store)]
    return header, row


def record_of_all(store: StateStore, sequence: Sequence) -> dict[str, Any]:
    """Of several independent classes, of which the others of a record show one: labels and answers of all."""
    whole = store.whole
    if whole.targets is None:
        return {}
    target, ep = whole.targets[sequence.index], whole.ep[sequence.rows]
    known = target[0] >= 0
    return {
        "all_classes": list(whole.classes),
        "labels": [whole.classes[k] for k in np.flatnonzero(target > 0).tolist()] if known else None,
        "answers": [whole.classes[k] for k in np.flatnonzero(chosen(ep[-1])).tolist()],
        "all_ep": [values(row) for row in ep],
    }
