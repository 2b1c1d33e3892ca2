"""Which sequences are emphasised: by class, answer, words of the text, and regions of a projection."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hsvis.analysis.regions import Polygon, Strips, in_strips, inside, strips_of
from hsvis.dashboard.content import kept_filters
from hsvis.dashboard.content.bounded_cache import BoundedCache
from hsvis.dashboard.content.kept_filters import ColumnTest
from hsvis.dashboard.content.request_json import json_object, short
from hsvis.figures.view import View
from hsvis.run.columns import Column, column_named
from hsvis.run.verdicts import RIGHT, WRONG
from hsvis.web.capacity import TURNS, Capacity, check, departure

KEYS = ("actual", "predicted", "correct", "search", "regions", "columns")
LONGEST_SEARCH = 200  # characters
MOST_REGIONS = 8
POINTS = (3, 500)  # of one region
LARGEST_COORDINATE = 1e30  # far beyond any projection, and safe to compute with
MASK_BYTES = 16 * 2**20  # of masks kept for the next request

STRIP_BYTES = 64 * 2**20  # of states sorted for regions, kept for the next region
LARGE = 500_000  # states to be looked at from which on a filter by regions takes its turn


@dataclass(frozen=True)
class Filter:
    """What a sequence must be to be emphasised: all of this.

    Where each step has a label, `actual` and `predicted` are those of one of its steps at least.

    Attributes:
        actual: index of its class, -1 = unlabelled; None = any.
        predicted: index of the model's answer; None = any.
        correct: whether the answer is right; a sequence without a label is neither; None = any.
        search: is somewhere in its full text, in upper or lower case; "" = any.
        regions: polygons in the coordinates of the projection; in each lies at least one of its states.
        columns: what it must have in the columns that the run keeps.
    """

    actual: int | None = None
    predicted: int | None = None
    correct: bool | None = None
    search: str = ""
    regions: tuple[Polygon, ...] = ()
    columns: tuple[ColumnTest, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether every sequence matches."""
        return self == Filter()

    @classmethod
    def parse(cls, text: str | None, n_classes: int, columns: Sequence[Column] = ()) -> "Filter":
        """Reads the JSON object that a request carries; nothing or "" is the empty filter.

        Args:
            columns: that the run keeps.

        Raises:
            ValueError: it is malformed; the message is a sentence that says what is allowed.
        """
        if not text:
            return cls()
        read = json_object(text, KEYS)
        return cls(
            actual=_class(read, "actual", -1, n_classes),
            predicted=_class(read, "predicted", 0, n_classes),
            correct=_correct(read.get("correct")),
            search=_search(read.get("search")),
            regions=_regions(read.get("regions")),
            columns=kept_filters.parse(read.get("columns"), columns),
        )


def matching(
    filter: Filter,
    view: View,
    strips: Callable[[bool], Strips | None] = lambda needed: None,
    pause: Callable[[], object] = lambda: None,
) -> np.ndarray:
    """Which sequences match: (S,) bool.  Regions look at all states of the view's projection.

    Args:
        strips, pause: as `inside` takes them.
    """
    store, xy = view.store, view.projection.xy
    matches = np.ones(store.n_sequences, dtype=bool)
    if filter.actual is not None or filter.predicted is not None:
        matches &= store.verdicts.has(filter.actual, filter.predicted)
    if filter.correct is not None:
        matches &= store.verdicts.of_sequences == (RIGHT if filter.correct else WRONG)
    if filter.search:
        matches &= store.contains(filter.search)
    for test in filter.columns:
        column = column_named(store.columns, test.column)
        assert column is not None  # `Filter.parse` knows them
        matches &= test.mask(column)
    for region in filter.regions:
        found = inside(region, xy, strips, pause)
        matches &= _with_any(np.flatnonzero(found), store.offsets)
    return matches


class Filters:
    """The masks of the last filters, for the requests to one app; safe to use from several threads."""

    def __init__(self, mask_bytes: int = MASK_BYTES, turns: Capacity | None = None) -> None:
        """`turns`: those of filters that take long."""
        self._kept: BoundedCache[np.ndarray] = BoundedCache(mask_bytes)
        self._strips: BoundedCache[np.ndarray] = BoundedCache(STRIP_BYTES)
        self._turns = turns or Capacity(TURNS, "filters by regions")

    def counts(self) -> dict[str, tuple[int, int]]:
        """Hits and misses of what is kept."""
        return {"filters": self._kept.counts, "strips": self._strips.counts}

    def mask(self, view: View, filter: Filter) -> np.ndarray:
        """(S,) bool, read-only: which sequences match.

        Raises:
            ServiceUnavailable: too many filters are computed already.
            ClientGoneError: nobody waits for the answer any more.
        """
        cloud = view.projection.content if filter.regions else None

        def compute() -> np.ndarray:
            if len(filter.regions) * view.store.n_states < LARGE:
                return matching(filter, view)
            has_gone = departure()
            with self._turns.hold(1, has_gone):
                return matching(
                    filter, view, lambda needed: self._strips_of(view, needed), lambda: check(has_gone)
                )

        return self._kept.get((view.store.content, cloud, filter), compute)

    def _strips_of(self, view: View, needed: bool) -> Strips | None:
        """Of the states of a projection; made where they are not kept but needed."""
        key, xy = view.projection.content, view.projection.xy
        kept = self._strips.get(key, lambda: in_strips(xy)) if needed else self._strips.find(key)
        return None if kept is None else strips_of(kept)


def _with_any(rows: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Which sequences have at least one of the rows: (S,) bool."""
    matches = np.zeros(len(offsets) - 1, dtype=bool)
    matches[np.searchsorted(offsets, rows, "right") - 1] = True
    return matches


def _class(read: dict[str, Any], key: str, lowest: int, n_classes: int) -> int | None:
    value = read.get(key)
    if value is None:
        return None
    if not n_classes:
        raise ValueError(f"{key}={short(value)} is not a class: the run has none.")
    if type(value) is not int or not lowest <= value < n_classes:  # True is an int too
        raise ValueError(f"{key}={short(value)} is not a class: {lowest} to {n_classes - 1}, or null.")
    return value


def _correct(value: Any) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise ValueError(f"correct={short(value)} is none of true, false, null.")
    return value


def _search(value: Any) -> str:
    words = "" if value is None else value
    if not isinstance(words, str):
        raise ValueError(f"search={short(value)} is not a text.")
    words = words.strip()
    if len(words) > LONGEST_SEARCH:
        raise ValueError(
            f"search={short(words)} has {len(words):,} characters; at most {LONGEST_SEARCH} are allowed."
        )
    if any("\ud800" <= character <= "\udfff" for character in words):
        raise ValueError(f"search={short(words)} has half a character; whole ones are allowed.")
    return words


def _regions(value: Any) -> tuple[Polygon, ...]:
    regions = [] if value is None else value
    if not isinstance(regions, list):
        raise ValueError(f"regions={short(value)} is not a list of polygons.")
    if len(regions) > MOST_REGIONS:
        raise ValueError(f"There are {len(regions):,} regions; at most {MOST_REGIONS} are allowed.")
    return tuple(_polygon(region) for region in regions)


def _polygon(value: Any) -> Polygon:
    fewest, most = POINTS
    if not isinstance(value, list):
        raise ValueError(f"The region {short(value)} is not a list of {fewest} to {most} points [x, y].")
    if not fewest <= len(value) <= most:
        raise ValueError(f"A region has {len(value):,} points; {fewest} to {most} are allowed.")
    return tuple(_point(point) for point in value)


def _point(value: Any) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2 or not all(_is_coordinate(one) for one in value):
        raise ValueError(
            f"The point {short(value)} of a region is not [x, y] with numbers "
            f"from {-LARGEST_COORDINATE:g} to {LARGEST_COORDINATE:g}."
        )
    return float(value[0]), float(value[1])


def _is_coordinate(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and -LARGEST_COORDINATE <= value <= LARGEST_COORDINATE  # NaN is not
