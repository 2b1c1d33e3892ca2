"""Sequences of different length -> batches with little padding."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hsvis.corpus.tokens import PADDING


@dataclass(frozen=True)
class AtOnce:
    """How much of a run is read in one batch, at the most: padded steps, and sequences."""

    steps: int
    sequences: int = 256


def by_length(lengths: np.ndarray, most: int | None = None) -> Iterator[tuple[int, np.ndarray]]:
    """Each length with its rows (n,) int64; `most`: rows at a time."""
    for length in np.unique(lengths):
        yield from ((int(length), part) for part in parts_of(np.flatnonzero(lengths == length), most))


def parts_of(rows: np.ndarray, most: int | None) -> list[np.ndarray]:
    """Rows (n,), `most` at a time."""
    return [rows] if most is None else [rows[at : at + most] for at in range(0, len(rows), most)]


def pad(sequences: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Pads on the right.

    Args:
        sequences: ids (T,) int each, or feature vectors (T, F) float32 each.

    Returns:
        (B, max T) int64, or (B, max T, F) float32; and lengths (B,) int64.
    """
    lengths = np.array([len(s) for s in sequences], np.int64)
    first = sequences[0]
    kind = np.int64 if first.ndim == 1 else np.float32
    padded = np.full((len(sequences), int(lengths.max()), *first.shape[1:]), PADDING, kind)
    for row, sequence in zip(padded, sequences, strict=True):
        row[: len(sequence)] = sequence
    return padded, lengths


def bucket(lengths: np.ndarray, steps: int, most: int = 256) -> list[np.ndarray]:
    """Batches of sequences of similar length.

    Args:
        lengths: (S,) int, steps of each sequence.
        steps: padded steps in a batch at the most (one longer sequence is a batch of its own).
        most: sequences in a batch at the most.

    Returns:
        Arrays of indices into `lengths`, shortest sequences first; each index once.
    """
    order = np.argsort(lengths, kind="stable")
    batches: list[np.ndarray] = []
    begin = 0
    for end in range(1, len(order) + 1):
        full = end - begin == most
        if end == len(order) or full or (end - begin + 1) * int(lengths[order[end]]) > steps:
            batches.append(order[begin:end])
            begin = end
    return batches
