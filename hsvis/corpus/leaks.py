"""Rows of the test split that stand in the training split too: what is asked there was told before."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hsvis.config import DatasetSettings
from hsvis.corpus.corpus import Corpus, Split
from hsvis.corpus.labels import fold
from hsvis.corpus.series import Series
from hsvis.remarks import Remark, shorten

MANY = 0.005  # share of the test split from which it is a warning
EXAMPLES = 2


@dataclass(frozen=True)
class Overlap:
    """Rows of the test split, of `total` that hold something, that training has too.

    Attributes:
        exact: the same; for texts, to the character.
        folded: the same but for case and space.
        examples: some of these rows.
    """

    total: int
    exact: int
    folded: int
    examples: list[int]


def overlap(corpus: Corpus) -> Overlap:
    """How much of the test split stands in the training split."""
    train, test = set(_of_split(corpus.train)), _of_split(corpus.test)
    held = [k for k, one in enumerate(test) if one]
    exact = {k for k in held if test[k] in train}
    if corpus.test.series is not None:
        return Overlap(len(held), len(exact), len(exact), sorted(exact)[:EXAMPLES])
    folded_train = {fold(one) for one in train if one}
    folded = [k for k in held if k in exact or fold(test[k]) in folded_train]
    return Overlap(len(held), len(exact), len(folded), folded[:EXAMPLES])


def _of_split(split: Split) -> Sequence[str]:
    return contents(split.texts if split.series is None else split.series)


def contents(examples: Sequence[str | Series], *, folded: bool = False) -> Sequence[str]:
    """What tells examples apart: texts, and hashes of series; empty where there is nothing in one.

    `folded`: texts without their case, and with single spaces.
    """
    return [
        (fold(one) if folded else one)
        if isinstance(one, str)
        else hashlib.sha256(
            repr(one.values.shape).encode() + np.ascontiguousarray(one.values).tobytes()
        ).hexdigest()
        if len(one)
        else ""
        for one in examples
    ]


def leak_remarks(corpus: Corpus, found: Overlap, settings: DatasetSettings) -> list[Remark]:
    """Warnings of a split that is asked what it was told."""
    train, test = corpus.train, corpus.test
    if not len(train) or not found.total:
        return []
    if train.fingerprint == test.fingerprint:
        files = settings.data_files
        same = f"name one file, {files.test}" if files and files.train == files.test else "hold the same rows"
        return [
            Remark(
                "same-file",
                f"`{settings.train}` and `{settings.test}` {same}: training and test split are the same, so "
                "that the "
                "accuracy says nothing of new texts. Name the file in `data_files` alone, and set "
                "`dataset.split: 0.2`, which keeps a fifth of its rows apart.",
            )
        ]
    if found.folded / found.total < MANY:
        return []
    more = found.folded - found.exact
    apart = f", {more:,} of them but for case and space" if more else ""
    rows = ", ".join(
        f"row {k}" + (f" (“{shorten(test.texts[k])}”)" if test.texts[k] else "") for k in found.examples
    )
    return [
        Remark(
            "leak",
            f"{found.folded:,} of {found.total:,} rows of the test split ({found.folded / found.total:.1%}) "
            "stand in "
            f"the training split too{apart}, such as {rows}: the accuracy counts them as if they were new. "
            "Take them "
            "out of one of the two.",
        )
    ]
