"""How values are written into files to download."""

import math
from collections.abc import Iterator

import numpy as np

from hsvis.run.store import StateStore


def ep_names(store: StateStore) -> list[str]:
    """What the columns of EPs are called."""
    if not store.answers.has_classes:
        return [f"answer {store.classes[0]}"]
    return [f"EP {name}" for name in store.classes]


def numbers(values: np.ndarray) -> Iterator[str]:
    """(T,) float32 as the shortest text that reads back as the same; nothing for NaN.

    One by one as they are asked for: of a long sequence's units, texts would fill the memory.
    """
    return ("" if math.isnan(value) else str(value) for value in values)


def values(values: np.ndarray) -> list[float | None]:
    """(T,) float32 as numbers that JSON writes as short; None for what JSON has no number for."""
    return [float(str(value)) if math.isfinite(value) else None for value in values]


def yes_no(true: bool) -> str:
    return "yes" if true else "no"
