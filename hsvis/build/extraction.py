"""Model + sequences -> states, EPs and distances of every step: a function of one part of the run."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from hsvis.errors import ModelError
from hsvis.models.batching import AtOnce, bucket
from hsvis.models.finite import begin_of
from hsvis.models.protocol import Encoded, HiddenStateModel, NextTokens, n_answers, steps_without_ep

STEPS_PER_BATCH = 8_192  # padded steps that the model reads at once: what a core of its own keeps near it
CHUNK_BYTES = 1 << 19  # of states whose distances are computed at once: they stay in the processor's cache


@dataclass(frozen=True)
class Extracted:
    """Some sequences, step by step; all arrays are ordered by sequence, then step.

    Attributes:
        lengths: (S,) int32, summing to n.
        ep: (n, C) float32, NaN at the first steps of sequences where the model does not read so few; of a
            language model (n, k), the largest k of each step.
        states: layer -> (n, H) float32.
        distances: layer -> (n,) float32, NaN at each step 0.
        next: (n,), of a language model; None of any other.
    """

    lengths: np.ndarray
    ep: np.ndarray
    states: dict[str, np.ndarray]
    distances: dict[str, np.ndarray]
    next: NextTokens | None = None

    @property
    def last(self) -> np.ndarray:
        """(S,) int64: rows of the last step of each sequence."""
        return np.cumsum(self.lengths, dtype=np.int64) - 1


class Room:
    """Memory of one part's states, used again for the next: fresh memory costs as much as filling it."""

    def __init__(self) -> None:
        self._kept: dict[str, np.ndarray] = {}

    def rows(self, name: str, n: int, width: int) -> np.ndarray:
        """(n, width) float32 of any content; the same memory for a name, again and again."""
        kept = self._kept.get(name)
        if kept is None or len(kept) < n:
            kept = self._kept[name] = np.empty((n + n // 4, width), np.float32)
        return kept[:n]


def extract(model: HiddenStateModel, sequences: Sequence[Encoded], room: Room | None = None) -> Extracted:
    """Reads non-empty sequences with a model, in batches of similar length.

    The result does not depend on which other sequences are read, beyond rounding in the last digit.

    Args:
        room: where states may lie; they are overwritten when it is given again.
    """
    room = room or Room()
    lengths = np.array([len(s) for s in sequences], np.int32)
    ends = np.cumsum(lengths, dtype=np.int64)
    n = int(ends[-1])
    ep = np.empty((n + 1, n_answers(model)), np.float32)  # row n takes all padding
    following: NextTokens | None = None
    states = {layer.name: room.rows(layer.name, n + 1, layer.size) for layer in model.layers}
    # a model on another device knows what it has room for
    most: AtOnce = getattr(model, "at_once", None) or AtOnce(STEPS_PER_BATCH)
    for batch in bucket(lengths, most.steps, most.sequences):
        trace = model.trace([sequences[i] for i in batch])
        steps = np.arange(trace.ep.shape[1])[:, None]  # (T, 1)
        begins = ends[batch] - lengths[batch]  # (B,)
        rows = np.where(steps < lengths[batch], begins + steps, n).reshape(-1)  # (T * B,)
        for out, values in [(ep, trace.ep), *((states[name], trace.states[name]) for name in states)]:
            out[rows] = values.swapaxes(0, 1).reshape(len(rows), -1)  # as the kernels lay it out
        if trace.next is not None:
            following = following or trace.next.map(partial(_room, n + 1))
            for name, out in vars(following).items():
                values = getattr(trace.next, name).swapaxes(0, 1)
                out[rows] = values.reshape(len(rows), *values.shape[2:])
    found = {name: values[:n] for name, values in states.items()}
    distances = {name: _distances(values, ends[:-1]) for name, values in found.items()}
    starts = ends - lengths
    for name, values in found.items():
        _check_finite(values, distances[name], starts, sequences, f"the states of the layer {name}")
    sums, gaps = ep[:n].sum(1), [steps_without_ep(model, one) for one in sequences]
    for begin, gap in zip(starts.tolist(), gaps, strict=True):
        if gap:
            ep[begin : begin + gap], sums[begin : begin + gap] = np.nan, 0
    _check_finite(ep[:n], sums, starts, sequences, "the expected predictions", gaps)
    return Extracted(
        lengths, ep[:n], found, distances, None if following is None else following.map(lambda all: all[:n])
    )


def _room(rows: int, values: np.ndarray) -> np.ndarray:
    """(rows, …) of any content, as values (B, T, …) are."""
    return np.empty((rows, *values.shape[2:]), values.dtype)


def _check_finite(
    values: np.ndarray,
    told: np.ndarray,
    starts: np.ndarray,
    sequences: Sequence[Encoded],
    what: str,
    gaps: Sequence[int] | None = None,
) -> None:
    """Raises ModelError where a value is NaN or infinite, with the sequence.

    Args:
        values: (n, K).
        told: (n,), finite where the values of its row are; of step 0 these are looked at themselves.
        gaps: how many of the first steps of each sequence have no values.
    """
    fine = np.isfinite(told)
    looked = starts if gaps is None else starts[np.array(gaps) == 0]
    fine[looked] = np.isfinite(values[looked]).all(1)
    if fine.all():
        return
    row = int(fine.argmin())
    number = int(np.searchsorted(starts, row, "right")) - 1
    begin = begin_of(sequences[number].tokens)
    raise ModelError(
        f"{what} are NaN or infinite at step {row - int(starts[number])} of {begin}. "
        "Check the model's weights, and what it is given."
    )


def _distances(states: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """(n, H) -> (n,) Euclidean distance of each state to the one before it; NaN at step 0.

    Args:
        starts: rows of step 0, but for row 0.
    """
    n, width = states.shape
    distances = np.zeros(n, np.float32)
    rows = max(1, CHUNK_BYTES // states.itemsize // width)
    moved = np.empty((min(n, rows), width), np.float32)
    for begin in range(1, n, rows):
        end = min(n, begin + rows)
        chunk = np.subtract(states[begin:end], states[begin - 1 : end - 1], out=moved[: end - begin])
        np.vecdot(chunk, chunk, out=distances[begin:end])
    np.sqrt(distances, out=distances)
    distances[0] = distances[starts] = np.nan
    return distances
