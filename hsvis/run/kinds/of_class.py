"""One of several independent classes of a run, shown as a run of two classes: without it, and with it."""

from __future__ import annotations

import copy
import threading
from typing import TYPE_CHECKING

import numpy as np

from hsvis.corpus.targets.judging import chosen
from hsvis.run.kinds.of_number import forget_answers, of_number

if TYPE_CHECKING:
    from hsvis.run.store import StateStore

HELD = 4  # classes of a run whose EPs are kept


def of_class(store: StateStore, k: int) -> StateStore:
    """The run as that of one class: EPs (N, 2) that sum to 1, labels 0 or 1, and what is made of them.

    `whole` is the run with all its classes, `shown_class` is `k`.  States, texts and projections are shared.

    Args:
        store: with all classes.
        k: the class.
    """
    own = copy.copy(store)
    forget_answers(own)
    name = store.classes[k]
    assert store.targets is not None
    second = store.ep[:, k]
    own.whole, own.shown_class = store, k
    own.classes = (f"not {name}", name)
    own.ep = np.column_stack([1 - second, second])
    last = second[store.offsets[1:] - 1]  # (S,)
    own.labels = store.targets[:, k].astype(np.int16)
    own.predicted = chosen(last).astype(np.int16)
    own.confidence = np.maximum(last, 1 - last)
    own.targets = None
    for array in (own.ep, own.labels, own.predicted, own.confidence):
        array.flags.writeable = False
    return own


def make_shown(store: StateStore, k: int) -> StateStore:
    """The run of a class, or of its numbers."""
    return of_class(store, k) if store.answers.has_classes else of_number(store, store.truth)


class OfClasses:
    """The classes of a run that were shown last, each made when first asked for; for several threads."""

    def __init__(self) -> None:
        self._made: dict[int, StateStore] = {}  # the one used last is last
        self._lock = threading.Lock()

    def get(self, store: StateStore, k: int) -> StateStore:
        """As `of_class`, or `of_number`."""
        with self._lock:
            found = self._made.pop(k, None) or make_shown(store, k)
            self._made[k] = found
            while len(self._made) > HELD:
                del self._made[next(iter(self._made))]
            return found
