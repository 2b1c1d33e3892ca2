"""Model + sequences -> states, EPs and distances of every step: a function of one part of the run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from hsvis.models.batching import bucketed
from hsvis.models.protocol import Encoded, HiddenStateModel

STEPS_PER_BATCH = 16_384  # padded steps that the model reads at once


@dataclass(frozen=True)
class Extracted:
    """Some sequences, step by step; all arrays are ordered by sequence, then step.

    Attributes:
        lengths: (S,) int32, summing to n.
        ep: (n, C) float32.
        states: layer -> (n, H) float32.
        distances: layer -> (n,) float32, NaN at each step 0.
    """

    lengths: np.ndarray
    ep: np.ndarray
    states: dict[str, np.ndarray]
    distances: dict[str, np.ndarray]

    @property
    def last(self) -> np.ndarray:
        """(S,) int64: rows of the last step of each sequence."""
        return np.cumsum(self.lengths, dtype=np.int64) - 1


def extract(model: HiddenStateModel, sequences: Sequence[Encoded]) -> Extracted:
    """Reads non-empty sequences with a model, in batches of similar length.

    The result does not depend on which other sequences are read, beyond rounding in the last digit.
    """
    lengths = np.array([len(s) for s in sequences], np.int32)
    ends = np.cumsum(lengths, dtype=np.int64)
    n = int(ends[-1])
    ep = np.empty((n, len(model.classes)), np.float32)
    states = {layer.name: np.empty((n, layer.size), np.float32) for layer in model.layers}
    distances = {layer.name: np.empty(n, np.float32) for layer in model.layers}
    for batch in bucketed(lengths, STEPS_PER_BATCH):
        trace = model.trace([sequences[i] for i in batch])
        flat: list[tuple[np.ndarray, torch.Tensor]] = [(ep, trace.ep)]
        for name, values in trace.states.items():
            flat += [(states[name], values), (distances[name], _distances(values))]
        for out, values in flat:
            padded = values.numpy()  # (B, T, …)
            for b, i in enumerate(batch):
                out[ends[i] - lengths[i] : ends[i]] = padded[b, : lengths[i]]
    return Extracted(lengths, ep, states, distances)


def _distances(states: torch.Tensor) -> torch.Tensor:
    """(B, T, H) -> (B, T) Euclidean distance of each state to the one before it; NaN at step 0."""
    moved = torch.linalg.vector_norm(states[:, 1:] - states[:, :-1], dim=-1)  # (B, T - 1)
    return torch.nn.functional.pad(moved, (1, 0), value=float("nan"))
