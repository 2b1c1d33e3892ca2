"""Some rows of one file kept apart as the test split."""

from collections.abc import Hashable, Sequence

import numpy as np


def held_out(labels: Sequence[Hashable], contents: Sequence[str], share: float, seed: int) -> np.ndarray:
    """Rows that are kept apart: (R,) int64, ascending; the same share of each label.

    Rows with the same content stand on the same side, so that nothing is asked that was told before.

    Args:
        labels: of N rows; None is a label like others.
        contents: of N rows; empty ones are all different.
    """
    groups: dict[Hashable, list[int]] = {}
    for row, content in enumerate(contents):
        groups.setdefault(content or row, []).append(row)
    strata: dict[Hashable, list[list[int]]] = {}
    for rows in groups.values():
        strata.setdefault(labels[rows[0]], []).append(rows)
    rng = np.random.default_rng(seed)
    chosen: list[int] = []
    for each in strata.values():
        wanted = round(share * sum(map(len, each)))
        taken = 0
        for k in rng.permutation(len(each)).tolist():
            if taken + len(each[k]) / 2 > wanted:
                break
            chosen += each[k]
            taken += len(each[k])
    return np.sort(np.array(chosen, np.int64))
