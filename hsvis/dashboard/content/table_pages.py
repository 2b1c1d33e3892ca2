"""The sequence table of a large run: sorted and filtered here, handed out a page at a time."""

import functools
import threading
import weakref
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hsvis.dashboard.content import column_filters
from hsvis.dashboard.content.bounded_cache import BoundedCache
from hsvis.dashboard.content.column_filters import COLUMNS, NUMBERS, OF_NUMBERS, ColumnFilter, Condition
from hsvis.dashboard.content.filters import Filter, Filters
from hsvis.dashboard.content.table_rows import (
    VERDICTS,
    class_lists,
    confidence,
    kept_of,
    numbers_of,
    perplexities,
    right_share,
    table_rows,
    verdicts,
    words_of,
)
from hsvis.figures.view import View
from hsvis.run.columns import DAY
from hsvis.run.store import StateStore

MOST_ROWS = 500  # of one page
ORDER_BYTES = 64 * 2**20  # of orders kept for the next request
RUNS = 4  # whose columns are kept
DIRECTIONS = ("asc", "desc")
NO_FILTER = Filter()


@dataclass(frozen=True)
class Listing:
    """Which rows the table shows, and in which order.

    Attributes:
        filter: of the page.
        columns: the filters in the heads of the columns.
        sort: (column, whether the largest comes first), the most important first.
    """

    filter: Filter = NO_FILTER
    columns: tuple[ColumnFilter, ...] = ()
    sort: tuple[tuple[str, bool], ...] = ()


def parse_sort(text: str | None, columns: Collection[str] = COLUMNS) -> tuple[tuple[str, bool], ...]:
    """Reads "confidence:desc,class:asc"; nothing or "" is the order of the sequences.

    Raises:
        ValueError: it is malformed; the message is a sentence that says what is allowed.
    """
    found: list[tuple[str, bool]] = []
    for part in (text or "").split(",") if text else []:
        column, _, direction = part.partition(":")
        if column not in columns or direction not in DIRECTIONS or column in dict(found):
            raise ValueError(
                f"{part:.40} is not a way to sort: one of {', '.join(columns)}, each once, "
                "followed by :asc or :desc."
            )
        found.append((column, direction == "desc"))
    return tuple(found)


class Pages:
    """The tables of the runs of one app; safe to use from several threads.

    What takes a pass over all sequences is kept for the next request.
    """

    def __init__(self, filters: Filters) -> None:
        self._filters = filters
        self._columns: WeakKeyDictionary[StateStore, Columns] = WeakKeyDictionary()
        self._orders: BoundedCache[np.ndarray] = BoundedCache(ORDER_BYTES)
        self._lookup = threading.Lock()

    def counts(self) -> dict[str, tuple[int, int]]:
        """Hits and misses of what is kept."""
        return {"orders": self._orders.counts}

    def order(self, view: View, listing: Listing) -> np.ndarray:
        """The sequences that are listed, in their order: (K,) int32, read-only."""
        cloud = view.projection.content if listing.filter.regions else None
        key = (view.store.content, cloud, listing)
        return self._orders.get(key, lambda: self._order(view, listing))

    def rows(self, view: View, listing: Listing, start: int, end: int) -> dict[str, Any]:
        """The rows from `start` to before `end`, and how many there are in all."""
        order = self.order(view, listing)
        return {"count": len(order), "rows": table_rows(view.store, order[start:end])}

    def _columns_of(self, store: StateStore) -> "Columns":
        with self._lookup:
            store = store.whole
            found = self._columns.pop(store, None) or Columns(store)
            self._columns[store] = found  # the one used last is last
            while len(self._columns) > RUNS:
                del self._columns[next(iter(self._columns))]
            return found

    def _order(self, view: View, listing: Listing) -> np.ndarray:
        columns = self._columns_of(view.store)
        mask = np.ones(view.store.n_sequences, dtype=bool)
        if not listing.filter.is_empty:
            mask &= self._filters.mask(view, listing.filter)
        for one in listing.columns:
            mask &= one.mask(functools.partial(columns.test, one.column))
        found = np.flatnonzero(mask).astype(np.int32)
        if not listing.sort:
            return found
        keys = [columns.ranks(name)[found] * (-1 if falls else 1) for name, falls in listing.sort]
        return found[np.lexsort(keys[::-1])]  # the last key of `lexsort` decides first; equal rows stay


class Columns:
    """What the table's columns hold for sorting and filtering, each made when it is first asked for."""

    def __init__(self, store: StateStore) -> None:
        """Keeps no store alive: it is of use only to those who have theirs."""
        self._store = weakref.proxy(store)
        self._kept: dict[str, Texts] = {}

    def ranks(self, column: str) -> np.ndarray:
        """(S,) numbers in the order of the cells."""
        kept = kept_of(self._store, column)
        if kept is not None and not kept.is_of_groups:
            return np.nan_to_num(kept.numbers, nan=-np.inf)  # what is missing comes first
        if column in (*NUMBERS, *OF_NUMBERS):
            return np.nan_to_num(self._numbers(column), nan=-np.inf)
        texts, codes = self._texts(column)
        return texts.ranks[codes]

    def test(self, column: str, condition: Condition) -> np.ndarray:
        """Which cells fulfil a condition: (S,) bool."""
        kept = kept_of(self._store, column)
        if kept is not None and not kept.is_of_groups:
            numbers = np.floor(kept.numbers / DAY) if kept.kind == "date" else kept.numbers
            return column_filters.among_numbers(numbers, condition)
        if column in (*NUMBERS, *OF_NUMBERS):
            return column_filters.among_numbers(self._numbers(column), condition)
        texts, codes = self._texts(column)
        return column_filters.among_texts(texts.folded, condition)[codes]

    def _numbers(self, column: str) -> np.ndarray:
        store = self._store
        if column == "sequence":
            return np.arange(store.n_sequences)
        if column == "right":
            return self._right
        if column == "perplexity":
            return self._perplexity
        if column in OF_NUMBERS:
            return numbers_of(store, column)
        return store.lengths if column == "length" else self._confidence

    def _texts(self, column: str) -> "tuple[Texts, np.ndarray]":
        """The different texts of a column, and which of them each of the S cells has."""
        store = self._store
        kept = kept_of(store, column)
        if kept is not None:
            if column not in self._kept:
                self._kept[column] = Texts([*kept.groups, ""])  # the last one for what is missing
            return self._kept[column], kept.codes
        if column == "words":
            return self._words, np.arange(store.n_sequences)
        if column == "correct":
            return self._verdicts, verdicts(store)
        if store.targets is not None:
            return self._lists[column]
        return self._classes, store.labels if column == "class" else store.predicted

    @cached_property
    def _confidence(self) -> np.ndarray:
        return confidence(self._store)

    @cached_property
    def _right(self) -> np.ndarray:
        return right_share(self._store)

    @cached_property
    def _perplexity(self) -> np.ndarray:
        """NaN throughout where no language model answered."""
        store = self._store
        return np.full(store.n_sequences, np.nan) if store.expected is None else perplexities(store)

    @cached_property
    def _words(self) -> "Texts":
        return Texts(words_of(self._store))

    @cached_property
    def _verdicts(self) -> "Texts":
        return Texts(list(VERDICTS))

    @cached_property
    def _lists(self) -> "dict[str, tuple[Texts, np.ndarray]]":
        """Of several independent classes, the lists of their names."""
        found = {}
        for column in ("class", "classification"):
            texts, codes = np.unique(class_lists(self._store, column).astype(str), return_inverse=True)
            found[column] = (Texts(texts.tolist()), codes)
        return found

    @cached_property
    def _classes(self) -> "Texts":
        return Texts([*self._store.classes, ""])  # the last one for the label -1


class Texts:
    """Texts to search in and to sort by."""

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts

    @cached_property
    def folded(self) -> pa.Array:
        """In lower case, as `column_filters.among_texts` takes them."""
        return column_filters.fold_case(self._texts)

    @cached_property
    def ranks(self) -> np.ndarray:
        """(K,) int32, alike for the same text, in the order of a browser: of 16-bit units, case matters."""
        units = pa.array([text.encode("utf-16-be", "surrogatepass") for text in self._texts], pa.binary())
        return pc.rank(units, tiebreaker="dense").to_numpy().astype(np.int32)


@dataclass(frozen=True)
class Found:
    """A row of a listing."""

    sequence: int
    place: int  # in the order, from 0


def place(order: np.ndarray, sequence: int | None) -> Found | None:
    """Where a sequence is in an order (K,); None where it is not."""
    at = _at(order, sequence)
    return None if at is None else Found(int(order[at]), at)


def beside(order: np.ndarray, sequence: int | None, by: int) -> Found | None:
    """The row so many places on, at most the last or first one; from outside, the first or last one."""
    if not len(order):
        return None
    at, last = _at(order, sequence), len(order) - 1
    goal = (0 if by > 0 else last) if at is None else min(max(at + by, 0), last)
    return Found(int(order[goal]), goal)


def next_wrong(order: np.ndarray, wrong: np.ndarray, sequence: int | None) -> Found | None:
    """The next misclassified row, after the last one the first; never the one of the sequence itself.

    Args:
        order: (K,) int32.
        wrong: (S,) bool.
    """
    places = _others(order, wrong, sequence)
    if not len(places):
        return None
    at = _at(order, sequence)
    after = 0 if at is None else int(np.searchsorted(places, at))
    goal = int(places[after % len(places)])
    return Found(int(order[goal]), goal)


def some_wrong(order: np.ndarray, wrong: np.ndarray, sequence: int | None, share: float) -> Found | None:
    """The misclassified row at a share of all of them, 0 to below 1; never the one of the sequence itself."""
    places = _others(order, wrong, sequence)
    if not len(places):
        return None
    goal = int(places[min(int(share * len(places)), len(places) - 1)])
    return Found(int(order[goal]), goal)


def _at(order: np.ndarray, sequence: int | None) -> int | None:
    if sequence is None:
        return None
    found = np.flatnonzero(order == sequence)
    return int(found[0]) if len(found) else None


def _others(order: np.ndarray, wrong: np.ndarray, sequence: int | None) -> np.ndarray:
    """Places of the misclassified rows but that of the sequence, rising."""
    places = np.flatnonzero(wrong[order])
    return places if sequence is None else places[order[places] != sequence]
