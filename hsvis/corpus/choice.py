"""Which rows of the test split `dataset.limit` shows, and whether they stand for the whole of it."""

import numpy as np

from hsvis.config import DatasetSettings
from hsvis.corpus.corpus import Corpus
from hsvis.remarks import Remark, listed, shorten

CHANCE = 1e-3  # p-value of a chi-square test below which shares of classes differ by more than chance
TOLD = 4  # classes that a message names


def chosen_rows(count: int, settings: DatasetSettings) -> np.ndarray:
    """Rows of a split of `count` rows that are shown: (R,) int64, ascending.

    `even` takes one row at random of each of `limit` parts of the split that are equally long, so that a file
    that is sorted shows all that it holds; the seed makes it the same whenever it is asked.
    """
    limit = settings.limit
    if limit is None or limit >= count or settings.choose == "first":
        return np.arange(min(count, limit or count))
    rng = np.random.default_rng(settings.seed)
    if settings.choose == "random":
        return np.sort(rng.choice(count, limit, replace=False))
    bounds = np.arange(limit + 1, dtype=np.int64) * count // limit
    return bounds[:-1] + (rng.random(limit) * np.diff(bounds)).astype(np.int64)


def choice_remarks(corpus: Corpus, rows: np.ndarray, settings: DatasetSettings) -> list[Remark]:
    """Which rows are shown, and how they differ from the split that they stand for."""
    count = len(corpus.test)
    if len(rows) >= count:
        return []
    how = {"first": "the first", "even": "spread evenly, with a seed", "random": "any, with a seed"}
    said = Remark(
        "choice",
        f"{len(rows):,} of {count:,} rows of the test split are shown, {how[settings.choose]} "
        "(`dataset.limit`, `dataset.choose`).",
    )
    whole = _count(corpus.test.all_labels, len(corpus.classes))
    shown = _count(corpus.test.labels[rows], len(corpus.classes))
    if corpus.test.step_labels is not None:
        shown = _count(np.concatenate([corpus.test.step_labels[k] for k in rows]), len(corpus.classes))
    problems = []
    lacking = [corpus.classes[k] for k in np.flatnonzero((whole > 0) & (shown == 0))]
    if lacking:
        problems.append(f"have none of {listed(lacking, TOLD)}")
    is_drawn = corpus.test.unit == "sequence"  # steps of a sequence are not drawn one by one
    if is_drawn and (largest := _beyond_chance(shown, whole)) is not None:
        problems.append(
            f"have {shown[largest] / shown.sum():.0%} `{shorten(corpus.classes[largest])}` where the split "
            "has "
            f"{whole[largest] / whole.sum():.0%}"
        )
    if not problems:
        return [said]
    remedy = (
        "Set `dataset.choose: even`." if settings.choose == "first" else "Raise `dataset.limit` to see more."
    )
    return [said, Remark("shown-classes", f"the rows that are shown {' and '.join(problems)}. {remedy}")]


def _count(labels: np.ndarray, n_classes: int) -> np.ndarray:
    """(C,) int: how many labels there are of each class; unknown ones are of none."""
    return np.bincount(labels[labels >= 0], minlength=n_classes)


def _beyond_chance(shown: np.ndarray, whole: np.ndarray) -> int | None:
    """The class whose share differs most, where the shares differ by more than chance; else None."""
    from scipy.stats import chi2  # noqa: PLC0415

    if not shown.sum():
        return None
    there = np.flatnonzero(whole)
    expected = whole[there] / whole.sum() * shown.sum()
    # rows are drawn without replacement: the statistic is smaller by the share that is left
    left = (whole.sum() - shown.sum()) / max(1, whole.sum() - 1)
    if left <= 0 or len(there) < 2:
        return None
    terms = (shown[there] - expected) ** 2 / expected
    if chi2.sf(terms.sum() / left, len(there) - 1) >= CHANCE:
        return None
    return int(there[terms.argmax()])
