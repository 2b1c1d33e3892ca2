"""The next tokens of a run in memory: what was expected at each step, and what came."""

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
import pyarrow as pa

from hsvis.models.protocol import NextTokens, perplexity

OUTCOMES = ("unexpected", "expected")  # between which a step is coloured


@dataclass(frozen=True, eq=False)
class Expected:
    """N steps of a language model with a vocabulary of V entries.

    Attributes:
        vocabulary: V entries.
        ep: (N, k) float32, the largest probabilities of each step, falling.
        next: (N,), which entries these are, and what came next.
    """

    vocabulary: pa.Array
    ep: np.ndarray
    next: NextTokens

    def __post_init__(self) -> None:
        for array in self.arrays:
            array.flags.writeable = False

    @property
    def arrays(self) -> list[np.ndarray]:
        """All numbers that are kept."""
        return [self.ep, *(getattr(self.next, one.name) for one in fields(self.next))]

    @property
    def answers(self) -> np.ndarray:
        """(N,) int32, the most probable entry of each step."""
        return self.next.top[:, 0]

    def __len__(self) -> int:
        return len(self.ep)

    def of(self, rows: slice | np.ndarray) -> "Expected":
        """Those of some rows."""
        return Expected(self.vocabulary, self.ep[rows], self.next.map(lambda values: values[rows]))

    def words(self, entries: np.ndarray) -> list[str]:
        """What entries (K,) are; "" for -1."""
        found = self.vocabulary.take(pa.array(np.maximum(entries, 0).astype(np.int64))).to_pylist()
        return [word if k >= 0 else "" for word, k in zip(found, entries.tolist(), strict=True)]

    @property
    def top_words(self) -> list[list[str]]:
        """N lists of k entries, the most probable first."""
        flat, k = self.words(self.next.top.reshape(-1)), self.ep.shape[1]
        return [flat[at : at + k] for at in range(0, len(flat), k)]

    @property
    def next_words(self) -> list[str]:
        """What came next at each step; "" where it is not known."""
        return self.words(self.next.labels)

    @cached_property
    def shades(self) -> np.ndarray:
        """(N, 2) float32, by which steps are coloured between `OUTCOMES`: how expected was what came next.

        As `shade_of`: 1 for the first choice, 0 for the last, 0.5 for one at the root of V; and what
        is left to 1.  Where it is not known what came next, 0.5: neither.
        """
        ranks = self.next.ranks
        shades = shade_of(np.maximum(ranks, 1), len(self.vocabulary))
        expected = np.where(ranks > 0, shades, 0.5).astype(np.float32)
        found = np.stack([1 - expected, expected], 1)
        found.flags.writeable = False
        return found

    @cached_property
    def perplexity(self) -> float | None:
        """Of all steps after which the next token is known."""
        return perplexity(self.next.surprisals)

    def perplexities(self, offsets: np.ndarray) -> np.ndarray:
        """(S,) float64, of each sequence; NaN where no next token is known.  `offsets`: (S + 1,) int."""
        known = np.isfinite(self.next.surprisals)
        sums = np.concatenate([[0], np.cumsum(np.where(known, self.next.surprisals, 0), dtype=np.float64)])
        counts = np.concatenate([[0], np.cumsum(known, dtype=np.int64)])
        total, count = np.diff(sums[offsets]), np.diff(counts[offsets])
        means = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
        return np.exp2(means)


def shade_of(ranks: np.ndarray | float, entries: int) -> np.ndarray:
    """1 - log(rank) / log(V), of ranks (…) among V entries: from 1 for the first to 0 for the last."""
    return np.asarray(1 - np.log(ranks) / np.log(max(entries, 2)))
