"""Two texts as one, with a marked boundary between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

BOUNDARY = "‖"
BETWEEN = f" {BOUNDARY} "  # what stands between the two where they are one text


class Pair(str):
    """Two texts one after the other, BETWEEN them.

    Attributes:
        first, second: as they are shown.
        swapped: whether the second is the first that the dataset names.
    """

    first: str
    second: str
    swapped: bool

    def __new__(cls, first: str, second: str, *, swapped: bool = False) -> Pair:
        made = super().__new__(cls, f"{first}{BETWEEN}{second}")
        made.first, made.second, made.swapped = first, second, swapped
        return made

    @property
    def second_at(self) -> int:
        """The character with which the second text begins."""
        return len(self.first) + len(BETWEEN)


def are_pairs(examples: Sequence[Any]) -> bool:
    """Whether a dataset is of pairs."""
    return len(examples) > 0 and isinstance(examples[0], Pair)
