"""What the queries of a run answer with: a sequence with its steps, a projection."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from isal import isal_zlib

from hsvis.run.winners import winners


@dataclass(frozen=True)
class Sequence:
    """One sequence with all its per-step values.

    Attributes:
        index: its number, 0 … S-1.
        text: the original text.
        tokens: T surface forms, as displayed.
        known: (T,) bool, whether the vocabulary knows the token.
        start, end: the characters of `text` that were read; the rest was cut off by the length limit.
        label: index of its class, -1 unknown.
        predicted, confidence: the model's answer and its probability.
        ep: (T, C) float32, NaN where the model does not read so few steps.
        rows: its rows in every step table.
        values: (T, F) float32 of a series; None of a text.
        labels: (T,) int16, the class of each step, -1 unknown; None where steps have none of their own.
        boundary: of a pair of texts, the steps before the second one; None of one text.
    """

    index: int
    text: str
    tokens: list[str]
    known: np.ndarray
    start: int
    end: int
    label: int
    predicted: int
    confidence: float
    ep: np.ndarray
    rows: slice
    values: np.ndarray | None = None
    labels: np.ndarray | None = None
    boundary: int | None = None

    @property
    def correct(self) -> bool | None:
        """Whether the answer is right, of steps all answers; None where no class is known."""
        if self.labels is None:
            return None if self.label < 0 else self.label == self.predicted
        return bool(self.right_steps.all()) if len(self.right_steps) else None

    @property
    def right_steps(self) -> np.ndarray:
        """(K,) bool, of the steps that have a label of their own and an EP: whether the answer is right."""
        if self.labels is None:
            return np.zeros(0, bool)
        found = winners(self.ep)
        known = (self.labels >= 0) & (found >= 0)
        return found[known] == self.labels[known]


@dataclass(frozen=True, eq=False)
class Projection:
    """All states of a layer in 2-D.

    Attributes:
        name: an id that fits into a URL.
        label: the name for people.
        method: `tsne` or `pca`.
        xy: (N, 2) float32.
        details: what was done, as in `hsvis.build.projecting.Embedded`.
        settings: of the config.
        fitted: (N,) bool, which states the method was fitted to; None where it was to all, and where an
            earlier version placed some and did not say which.
    """

    name: str
    label: str
    method: str
    xy: np.ndarray
    details: dict[str, Any]
    settings: dict[str, Any]
    fitted: np.ndarray | None = None

    @cached_property
    def content(self) -> str:
        """Tells these coordinates from any others."""
        return checksum(self.xy)


def checksum(array: np.ndarray) -> str:
    """8 hexadecimal digits that tell the content of an array from any other."""
    return f"{isal_zlib.crc32(np.ascontiguousarray(array).data):08x}"
