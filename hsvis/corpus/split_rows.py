"""A split as it was loaded, and one file's rows divided into two."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from hsvis.config import DatasetSettings
from hsvis.corpus.kept.columns import sequences_of
from hsvis.corpus.leaks import contents
from hsvis.corpus.readers.holdout import held_out
from hsvis.corpus.readers.tables import Table
from hsvis.errors import DataError
from hsvis.remarks import Remark


@dataclass(frozen=True)
class SplitRows:
    """A split as it was loaded: examples, labels as text, and of its table what is told of it.

    Attributes:
        steps: of each row, labels of its steps, which stand in `labels` one after the other; None where a
            row has one label.
        features: names of the values of a step, where something says them.
        of_steps: of series in long form, the label that the row of each step has, though it is of all steps.
        cells: labels that are no class, as they stand in the file, of each row; `labels` are None then.
    """

    examples: list[Any]
    labels: list[str | None]
    table: Table | None = None
    remarks: list[Remark] = field(default_factory=list)
    steps: np.ndarray | None = None
    features: tuple[str, ...] | None = None
    of_steps: list[str | None] | None = None
    cells: list[Any] | None = None

    @property
    def names(self) -> Sequence[str] | None:
        return self.table.names if self.table else None


def of_one_unit(train: SplitRows, test: SplitRows, settings: DatasetSettings) -> tuple[SplitRows, SplitRows]:
    """Both splits with labels of steps where one has such: of a series with one label, that is each step's.

    Raises:
        DataError: one split has labels of steps, the other labels of texts.
    """
    both = [train, test]
    if len({one.steps is None for one in both if one.examples}) < 2:
        return train, test
    both = [_unlabelled(one) if not any(one.labels) and one.steps is None else one for one in both]
    if len({one.steps is None for one in both if one.examples}) < 2:
        return both[0], both[1]
    if not settings.is_series:
        raise DataError(
            f"dataset `{settings.path}`: `{settings.label}` holds a label for each step in one split, and "
            "one for each text in the other. Both splits need the same."
        )
    for place, one in enumerate(both):
        if one.steps is None:
            steps = np.array([len(series) for series in one.examples], np.int64)
            text = (
                f"dataset `{settings.path}`: labels of sequences are taken for those of their steps, as the "
                "other split has labels of steps."
            )
            labels = [one.labels[k] for k, count in enumerate(steps.tolist()) for _ in range(count)]
            if one.of_steps is not None and len(one.of_steps) == len(labels):
                labels = one.of_steps
            said = Remark("step-labels", text)
            both[place] = replace(one, labels=labels, steps=steps, remarks=[*one.remarks, said])
    return both[0], both[1]


def _unlabelled(rows: SplitRows) -> SplitRows:
    """Rows without any label, as those of steps."""
    return replace(rows, labels=[], steps=np.zeros(len(rows.examples), np.int64))


def may_lack_labels(settings: DatasetSettings, split: str) -> bool:
    """Whether a split can do without: the test split, where another or the config tells the classes."""
    if settings.label is None:
        return True
    if settings.split is not None or split != settings.test or settings.sequence is not None:
        return False
    if settings.data_files is not None and settings.data_files.train is None:
        return settings.classes is not None and "label" not in settings.model_fields_set
    return split != settings.train or settings.data_files is not None


def divide(rows: SplitRows, settings: DatasetSettings, share: float) -> tuple[SplitRows, SplitRows]:
    """Some rows apart as the test split; rows that the files have and no split are counted in training.

    Raises:
        DataError: the share leaves one of the two without a row.
    """
    count = len(rows.examples)
    starts = None if rows.steps is None else np.cumsum(rows.steps) - rows.steps
    strata: Sequence[str | None] = rows.labels if starts is None else [None] * count  # steps have theirs
    apart = held_out(strata, contents(rows.examples, folded=True), share, settings.seed)
    if not 0 < len(apart) < count:
        raise DataError(
            f"`dataset.split: {share}` of {count:,} rows leaves no row to "
            f"{'train on' if len(apart) else 'test'}. "
            "Choose another share."
        )
    how = "the same share of each label" if starts is None else "whatever labels their steps have"
    how = how if rows.cells is None else "whatever labels they have"
    how = "at random" if settings.label is None else how
    said = Remark(
        "held-out",
        f"{len(apart):,} of {count:,} rows are kept apart as the test split, {how}, with the seed "
        f"{settings.seed}; rows with the same content stay together.",
    )
    parts = []
    for places in (np.setdiff1d(np.arange(count), apart), apart):
        of_each, steps = places.tolist(), None
        if rows.steps is None or starts is None:
            labels = [rows.labels[k] for k in of_each]
        else:
            steps = rows.steps[places]
            labels = [one for k in of_each for one in rows.labels[starts[k] : starts[k] + rows.steps[k]]]
        parts.append(
            SplitRows(
                [rows.examples[k] for k in of_each],
                labels,
                rows.table,
                steps=steps,
                features=rows.features,
                cells=None if rows.cells is None else [rows.cells[k] for k in of_each],
            )
        )
        parts[-1] = replace(parts[-1], table=_part_of(rows.table, places, settings))
    train, test = parts
    table = replace(test.table, left_out={}) if test.table else None
    return replace(train, remarks=[said, *rows.remarks]), replace(test, table=table)


def _part_of(table: Table | None, sequences: np.ndarray, settings: DatasetSettings) -> Table | None:
    """The rows of some sequences; a table without rows, of an archive, as it is.

    Args:
        sequences: (K,) int, ascending.
    """
    if table is None or not table.content.num_rows:
        return table
    steps = sequences_of(table.content, settings)
    if steps is not None:
        return replace(table, content=table.content.filter(pa.array(np.isin(steps[0], sequences))))
    return replace(table, content=table.content.take(pa.array(sequences)))
