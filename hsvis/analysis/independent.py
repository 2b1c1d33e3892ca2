"""How the answers to several independent classes agree with the labels, class by class."""

from typing import NamedTuple

import numpy as np


class ClassCounts(NamedTuple):
    """One class, over the sequences with labels.

    Attributes:
        labelled, answered, both: sequences that have the class, are answered with it, and both.
        precision: share of those answered with it that have it; recall: of those that have it that are
            answered with it.  None where there is nothing to divide by.
    """

    labelled: int
    answered: int
    both: int

    @property
    def precision(self) -> float | None:
        return self.both / self.answered if self.answered else None

    @property
    def recall(self) -> float | None:
        return self.both / self.labelled if self.labelled else None


def count_classes(targets: np.ndarray, answered: np.ndarray) -> list[ClassCounts]:
    """Counts of each class.

    Args:
        targets: (S, C) int8, 1 where a sequence has a class, -1 in all of a sequence without labels.
        answered: (S, C) bool.
    """
    known = targets[:, 0] >= 0
    has, said = targets[known] > 0, answered[known]
    sums = (has.sum(0), said.sum(0), (has & said).sum(0))
    return [ClassCounts(*map(int, one)) for one in zip(*sums, strict=True)]
