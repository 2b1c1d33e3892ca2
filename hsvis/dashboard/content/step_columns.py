"""What a file has of each step that does not depend on the answers: values, places, distances."""

from collections.abc import Iterable

import numpy as np

from hsvis.dashboard.content.written import numbers, yes_no
from hsvis.figures.view import View
from hsvis.run.records import Sequence
from hsvis.run.store import StateStore

SHARE = "distance ÷ largest"


def value_columns(store: StateStore, sequence: Sequence) -> dict[str, Iterable[object]]:
    """Of a series, what the model read: a column for each feature."""
    if store.series is None or sequence.values is None:
        return {}
    names = [f"value {name}" for name in store.series.features]
    return dict(zip(names, map(numbers, sequence.values.T), strict=True))


def xy_columns(view: View, rows: slice) -> dict[str, Iterable[object]]:
    xy, fitted = view.projection.xy[rows], view.projection.fitted  # (T, 2) and (N,)
    marks = {} if fitted is None else {"fitted": [yes_no(one) for one in fitted[rows].tolist()]}
    return {"x": numbers(xy[:, 0]), "y": numbers(xy[:, 1]), **marks}


def distance_columns(view: View, sequence: Sequence) -> dict[str, Iterable[object]]:
    return {
        "distance": numbers(distance(view, sequence)),
        SHARE: numbers(distance_share(view, sequence)),
    }


def distance(view: View, sequence: Sequence) -> np.ndarray:
    """(T,) float32, NaN at step 0."""
    return view.store.distances(view.layer)[sequence.rows]


def distance_share(view: View, sequence: Sequence) -> np.ndarray:
    """(T,) float32, 0 to 1, NaN at step 0."""
    largest = view.store.largest_distance(view.layer)
    share = distance(view, sequence).astype(np.float64) / (largest if largest > 0 else 1)
    return share.astype(np.float32)
