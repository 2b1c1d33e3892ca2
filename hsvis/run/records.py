"""What the queries of a run answer with: a sequence with its steps, a projection."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from isal import isal_zlib

from hsvis.run.language.next_tokens import Expected
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
        expected: of a language model, the next tokens of its T steps; `labels` are entries of its vocabulary,
            and `ep` is (T, 2), as `Expected.shades`.
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
    expected: Expected | None = None
    boundary: int | None = None

    @property
    def answers(self) -> np.ndarray:
        """(T,) int: the winning class after each step, -1 without an EP, or the most probable next token."""
        return winners(self.ep) if self.expected is None else self.expected.answers

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
        known = (self.labels >= 0) & (self.answers >= 0)
        return self.answers[known] == self.labels[known]


class SequenceTexts:
    """The texts and tokens of the sequences of a run, as their table has them."""

    _sequences: pa.Table

    def beginnings(self, characters: int = 90, sequences: np.ndarray | None = None) -> list[str]:
        """How texts begin where the model begins to read, in one line each.

        Args:
            sequences: (K,) int, whose; None = all S.
        """
        texts, starts = self._cells("text", sequences), self._cells("start", sequences)
        return [
            " ".join(text[start : start + characters].split())
            for text, start in zip(texts, starts, strict=True)
        ]

    @property
    def texts(self) -> list[str]:
        """The S texts; of series, what they are called."""
        return self._sequences["text"].to_pylist()

    def texts_at(self, sequences: np.ndarray) -> list[str]:
        """The texts of some sequences.  `sequences`: (K,) int."""
        return self._cells("text", sequences)

    def _cells(self, column: str, sequences: np.ndarray | None) -> list[Any]:
        """A column of the table of sequences, of some or all; one by one, for `take` joins all chunks."""
        cells = self._sequences[column]
        return cells.to_pylist() if sequences is None else [cells[k].as_py() for k in sequences.tolist()]

    def contains(self, words: str) -> np.ndarray:
        """Which sequences have these words, as written but in any case, anywhere in their full text.

        Returns:
            (S,) bool.
        """
        found = pc.match_substring(self._folded_texts, words.casefold())
        return np.array(found.to_numpy(), bool)

    @cached_property
    def _folded_texts(self) -> pa.ChunkedArray:
        """The S texts without the difference of upper and lower case."""
        chunks = self._sequences["text"].chunks
        return pa.chunked_array([[text.casefold() for text in c.to_pylist()] for c in chunks], pa.string())

    def tokens_at(self, rows: np.ndarray) -> list[str]:
        """The tokens of some rows of the step tables, as displayed.

        Args:
            rows: (K,) int.

        Raises:
            IndexError: there is no such row.
        """
        return self._tokens.take(pa.array(rows, pa.int64())).to_pylist()

    @cached_property
    def _tokens(self) -> pa.Array:
        """The N tokens, one after the other."""
        return self._sequences["tokens"].combine_chunks().flatten()


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
