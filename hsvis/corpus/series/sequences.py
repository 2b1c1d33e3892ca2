"""A sequence of feature vectors, and how values that stand one after the other are cut into such."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hsvis.config import DatasetSettings
from hsvis.corpus.series.missing import check_finite, cut_padding, treat
from hsvis.remarks import Remark


@dataclass(frozen=True)
class Series:
    """One sequence of feature vectors.

    Attributes:
        values: (T, F) float32, finite.
        steps: T labels, shown where a text shows its words: `row 3`.
        caption: what the sequence is called, or nothing.
    """

    values: np.ndarray
    steps: tuple[str, ...]
    caption: str = ""

    def __len__(self) -> int:
        return len(self.values)

    def cut(self, most: int | None, keep: str) -> "Series":
        """The first or last `most` steps; the steps keep their labels."""
        if most is None or len(self) <= most:
            return self
        kept = slice(-most, None) if keep == "last" else slice(most)
        return Series(self.values[kept], self.steps[kept], self.caption)


def series_of(
    values: np.ndarray, lengths: np.ndarray, settings: DatasetSettings, source: str,
    captions: Sequence[str] | None = None, names: Sequence[str] | None = None, *, is_padded: bool = False,
) -> tuple[list[Series], list[Remark]]:  # fmt: skip
    """Cuts values that stand one after the other into sequences, and treats those that are missing.

    Args:
        values: (N, F) float32, NaN where one is missing; lengths: (S,) int, summing to N.
        source: names the data in messages.
        captions: S, or None.
        names: of the N steps, or None: they are numbered in each sequence.
        is_padded: whether steps without any value may stand after the end of a sequence.

    Raises:
        DataError: a value is infinite, or missing where `dataset.missing` refuses it.
    """
    lengths = np.asarray(lengths, np.int64)
    place = np.arange(len(values)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    check_finite(values, lengths, source)
    remarks: list[Remark] = []
    rows = np.arange(len(values))
    if is_padded and np.isnan(values).any():
        kept, lengths, remarks = cut_padding(values, lengths, source)
        values, rows = values[kept], rows[kept]
    treated = treat(values, lengths, settings.missing, source)
    values, rows, lengths = treated.values, rows[treated.kept], treated.lengths
    if names is None:
        numbered = [f"{settings.step_name or 'step'} {k}" for k in range(int(place.max(initial=-1)) + 1)]
        steps = [numbered[k] for k in place[rows].tolist()]
    else:
        steps = [names[k] for k in rows.tolist()]
    ends = np.cumsum(lengths)
    found = [
        Series(values[end - length : end], tuple(steps[end - length : end]), captions[i] if captions else "")
        for i, (end, length) in enumerate(zip(ends.tolist(), lengths.tolist(), strict=True))
    ]
    return found, [*remarks, *treated.remarks]
