"""A dataset as hsvis has it: both splits, texts or series, and labels."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from hsvis.config import AnswerKind
from hsvis.corpus.kept.kinds import Kept
from hsvis.corpus.readers.delimited import Dialect
from hsvis.corpus.series import Series
from hsvis.remarks import Remark

if TYPE_CHECKING:
    from hsvis.corpus.recorded import RecordedSequence

UNLABELLED = -1


@dataclass(frozen=True)
class Split:
    """The rows of one split, in the dataset's order.

    Attributes:
        texts: R texts, a missing one is the empty string; of series, what they are called.
        labels: (R,) int16, indices of classes, -1 where a row has none.
        series: R series where the dataset is not one of texts.
        stored: R sequences of a run that comes from files.
        left_out: reason -> rows of the files that are not among these.
        step_labels: R of (L,) int16, where a row has a label for each of its L steps; `labels` are -1 then.
        kept: columns with R cells, which decide nothing.
        targets: labels that are no class, of rows whose `labels` are -1: (R, C) int8 of independent classes,
            1 where a row has one, -1 of a row without labels; or (R, 1) float32, NaN of a row without.
    """

    texts: list[str]
    labels: np.ndarray
    series: list[Series] | None = None
    stored: list[RecordedSequence] | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    step_labels: list[np.ndarray] | None = None
    kept: Sequence[Kept] = ()
    targets: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def examples(self) -> Sequence[str | Series | RecordedSequence]:
        """What a model reads: R texts, R series, or R sequences of files."""
        return self.stored or self.series or self.texts

    @property
    def all_labels(self) -> np.ndarray:
        """Labels of all rows, or of all steps where these have labels of their own: (K,) int16."""
        if self.step_labels is None:
            return self.labels
        return np.concatenate([np.empty(0, np.int16), *self.step_labels])

    @property
    def is_labelled(self) -> np.ndarray:
        """(R,) bool: which rows have a label, or one of their steps has."""
        if self.targets is not None:
            return (
                ~np.isnan(self.targets[:, 0]) if self.targets.dtype.kind == "f" else self.targets[:, 0] >= 0
            )
        if self.step_labels is not None:
            return np.array([bool((labels >= 0).any()) for labels in self.step_labels], bool)
        return self.labels >= 0

    @property
    def unit(self) -> Literal["sequence", "step"]:
        """What has a label."""
        return "sequence" if self.step_labels is None else "step"

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the content: the same examples and labels give the same one wherever they lie."""
        digest = hashlib.sha256(self.labels.astype("<i2").tobytes())
        for text in self.texts:
            data = text.encode("utf-8", "surrogatepass")
            digest.update(len(data).to_bytes(8, "little"))
            digest.update(data)
        for one in self.series or ():
            digest.update(repr((one.values.shape, one.steps)).encode())
            digest.update(np.ascontiguousarray(one.values, "<f4").tobytes())
        for steps in self.step_labels or ():
            digest.update(len(steps).to_bytes(8, "little"))
            digest.update(steps.astype("<i2").tobytes())
        if self.targets is not None:
            digest.update(repr((self.targets.shape, self.targets.dtype.str)).encode())
            digest.update(self.targets.tobytes())
        return digest.hexdigest()

    def repeated(self, rows: np.ndarray) -> int:
        """How many of the texts of some rows stand there before; they are kept."""
        texts = [self.texts[row] for row in rows.tolist() if self.texts[row] and self.series is None]
        return len(texts) - len(set(texts))


@dataclass(frozen=True)
class Corpus:
    """Both splits.

    Attributes:
        classes: C names.
        features: F names of the values of a step; None for texts.
        remarks: what was decided while it was read, and what seems wrong with it.
        columns: that the test split has.
        dialect: how the text files were read, if they are such.
        answers: what its labels are of, and a model of it answers.
    """

    classes: tuple[str, ...]
    train: Split
    test: Split
    features: tuple[str, ...] | None = None
    remarks: Sequence[Remark] = ()
    columns: tuple[str, ...] = ()
    dialect: Dialect | None = None
    answers: AnswerKind = "classes"
