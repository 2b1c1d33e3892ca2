"""How many rows of a split are used, and why the others are not."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hsvis.config import DatasetSettings
from hsvis.corpus.corpus import Corpus, Split
from hsvis.corpus.splitters import has_token
from hsvis.remarks import Remark

MANY = 0.05  # share of left out rows from which it is a warning


@dataclass(frozen=True)
class Used:
    """Rows of a split.

    Attributes:
        read: in its files.
        left_out: reason -> rows; only reasons that there are.
    """

    read: int
    left_out: Mapping[str, int]

    def but(self, reason: str, count: int) -> "Used":
        """The same with another count of a reason."""
        others = {name: rows for name, rows in self.left_out.items() if name != reason}
        return Used(self.read, others | ({reason: count} if count else {}))

    @property
    def kept(self) -> int:
        return self.read - sum(self.left_out.values())


def used_rows(split: Split, splitter: str | None, *, needs_label: bool) -> Used:
    """The rows of a split that can be used.

    Args:
        splitter: as of `splitters.token_spans`.
        needs_label: whether a row without one is of no use, as in training.
    """
    empty = np.array([not has_token(text, splitter) for text in split.texts], bool)
    reason = "no words"
    if split.series is not None:
        empty, reason = np.array([len(one) == 0 for one in split.series], bool), "no steps"
    elif split.stored is not None:
        empty = np.zeros(len(split), bool)
    counts = {**split.left_out, reason: int(empty.sum())}
    if needs_label:
        counts["no label"] = int((~split.is_labelled & ~empty).sum())
    read = len(split) + sum(split.left_out.values())
    return Used(read, {name: count for name, count in counts.items() if count})


def reasons(left_out: Mapping[str, int]) -> str:
    """Why rows are left out, with how many, in words."""
    return ", ".join(f"{count:,} {reason}" for reason, count in left_out.items() if count)


def left_out_remarks(corpus: Corpus, settings: DatasetSettings, splitter: str | None) -> list[Remark]:
    """A warning for each split of which many rows are not used, or have no label."""
    remarks = []
    lacks_labels = any(one.code == "no-labels" for one in corpus.remarks)
    for name, split in ((settings.train, corpus.train), (settings.test, corpus.test)):
        needs_label = bool(corpus.classes) and not (lacks_labels and split is corpus.test)
        used = used_rows(split, splitter, needs_label=needs_label)
        if used.read and used.read - used.kept >= MANY * used.read:
            remarks.append(
                Remark(
                    "rows-left-out",
                    f"of {used.read:,} rows of `{name}` {used.read - used.kept:,} can't be used or judged: "
                    f"{reasons(used.left_out)}. "
                    "Check `dataset.text`, `dataset.label` and `dataset.unknown`.",
                )
            )
    return remarks
