"""Dataset -> corpus: texts or series, and labels, of both splits, checked, with nothing dropped silently.

Whatever is read is a table of columns (`datasets`, or `readers` of files); its labels become classes in
`labels`, and what was decided on the way is in the corpus's remarks.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from hsvis.config import DatasetSettings
from hsvis.corpus import series
from hsvis.corpus.corpus import UNLABELLED, Corpus, Split
from hsvis.corpus.demo import demo_reviews, digits
from hsvis.corpus.kept.columns import kept_columns
from hsvis.corpus.labels import Classes, classes_of
from hsvis.corpus.readers import npz
from hsvis.corpus.readers.label_texts import known_texts, label_texts
from hsvis.corpus.readers.tables import Table, load_table
from hsvis.errors import DataError
from hsvis.remarks import Remark, shorten

_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?\s*")
TRIED = 100  # rows by which a column is seen to hold texts


@dataclass(frozen=True)
class _Rows:
    """A split as it was loaded: examples, labels as text, and of its table what is told of it.

    Attributes:
        steps: of each row, labels of its steps, which stand in `labels` one after the other; None where a
            row has one label.
    """

    examples: list[Any]
    labels: list[str | None]
    table: Table | None = None
    remarks: list[Remark] = field(default_factory=list)
    steps: np.ndarray | None = None

    @property
    def names(self) -> Sequence[str] | None:
        return self.table.names if self.table else None


def load_corpus(settings: DatasetSettings) -> Corpus:
    """Both splits of a dataset, by `datasets.load_dataset`, from .npz files, or one that comes with hsvis.

    What a label means is decided in `labels`: names come from `dataset.classes`, else from the dataset's
    features, else labels are called what they are.

    Raises:
        DataError: a dataset, split or column that is missing, a text that is no text, values that are no
            numbers, a label outside the classes, fewer than two classes, an empty split.
    """
    if settings.path == "demo":
        kept_columns(pa.table({}), settings)
        demo = demo_reviews(seed=settings.seed)
        return Corpus(
            tuple(demo.classes),
            Split(list(demo.train_texts), demo.train_labels),
            Split(list(demo.test_texts), demo.test_labels),
        )
    train, test = _load_splits(settings)
    names = list(dict.fromkeys([*(train.names or ()), *(test.names or ())])) or None
    classes = classes_of(settings, train.labels, test.labels, names)
    kept, said_of_kept = kept_columns(test.table.content if test.table else None, settings)
    read = [one.table for one in (train, test) if one.table is not None]
    remarks = [
        *(said for one in read for said in one.remarks),
        *train.remarks,
        *test.remarks,
        *classes.remarks,
        *said_of_kept,
    ]
    corpus = Corpus(
        classes.names,
        _make_split(train, settings, classes),
        replace(_make_split(test, settings, classes), kept=kept),
        _features(settings, train, test),
        remarks=list(dict.fromkeys(remarks)),
        columns=tuple(test.table.content.column_names) if test.table else (),
        dialect=test.table.dialect if test.table else None,
    )
    present = np.unique(corpus.train.labels[corpus.train.labels >= 0])
    if len(corpus.train) and corpus.train.step_labels is None and len(present) < 2:
        only = f"only `{corpus.classes[present[0]]}`" if len(present) else "none"
        raise DataError(
            f"{settings.path}: a classifier needs training examples of at least two classes, split "
            f"`{settings.train}` has {only}. Check `dataset.train` and `dataset.label`."
        )
    return corpus


def _load_splits(settings: DatasetSettings) -> tuple[_Rows, _Rows]:
    if settings.path == "digits":
        images = digits.images(settings.seed)
        names = Table(pa.table({}), digits.CLASSES)
        train, test = (
            _Rows(
                one.series,
                label_texts(known_texts(one.labels, digits.CLASSES), settings, split),
                names,
            )
            for one, split in zip(images, ("train", "test"), strict=True)
        )
        return train, test
    files = settings.data_files
    read = _load_arrays if settings.path == "npz" else _load_rows
    test = read(settings, settings.test, files.test if files else None)
    if files is not None and files.train is None:  # a model that was trained elsewhere
        return _Rows([], []), test
    return read(settings, settings.train, files.train if files else None), test


def _make_split(rows: _Rows, settings: DatasetSettings, classes: Classes) -> Split:
    labels, steps = classes.indices(rows.labels), None
    if rows.steps is not None:
        steps = np.split(labels, np.cumsum(rows.steps)[:-1]) if len(rows.steps) else []
        labels = np.full(len(rows.examples), UNLABELLED, np.int16)
    left_out = rows.table.left_out if rows.table else {}
    texts, series = rows.examples, None
    if settings.is_series:
        texts, series = [one.caption for one in rows.examples], rows.examples
    return Split(texts, labels, series, left_out=left_out, step_labels=steps)


def _features(settings: DatasetSettings, train: _Rows, test: _Rows) -> tuple[str, ...] | None:
    """Names of the features; all steps of both splits must have as many."""
    if not settings.is_series:
        return None
    widths = {one.values.shape[1] for rows in (train, test) for one in rows.examples if len(one)}
    if len(widths) != 1:
        raise DataError(
            f"dataset `{settings.path}`: steps have {' or '.join(map(str, sorted(widths))) or 'no'} values. "
            "All steps of both splits need the same ones."
        )
    width = widths.pop()
    return tuple(settings.values) if isinstance(settings.values, list) else tuple(map(str, range(width)))


def _load_rows(settings: DatasetSettings, split: str, paths: str | list[str] | None) -> _Rows:
    table = load_table(settings, split, paths)
    content = table.content
    values, steps = _flat(content.column(settings.label))
    labels = label_texts(known_texts(values, table.names) if table.names else values, settings, split)
    if settings.values is None:
        return _Rows(_texts(content, settings), labels, table, steps=steps)
    source = f"dataset `{settings.path}`, split `{split}`"
    columns = [settings.values] if isinstance(settings.values, str) else settings.values
    if settings.sequence is not None:
        read = series.of_rows(
            content, columns, settings.sequence, settings.step, settings.step_name, labels, source
        )
        return _Rows(read.series, [labels[row] for row in read.first.tolist()], table, read.remarks)
    captions = _texts(content, settings) if settings.text in content.column_names else None
    name = settings.step_name or "step"
    column = f"{source}, column `{columns[0]}`"
    read_lists = series.of_lists(content.column(columns[0]), name, captions, column)
    return _Rows(read_lists, labels, table, steps=steps)


def _flat(column: pa.ChunkedArray) -> tuple[list[Any], np.ndarray | None]:
    """Labels one after the other, and of lists of them, a label for each step, how many each row has."""
    whole = column.combine_chunks()
    if not series.is_list(whole.type):
        return whole.to_pylist(), None
    return whole.flatten().to_pylist(), np.array(whole.value_lengths().fill_null(0), np.int64)


def _load_arrays(settings: DatasetSettings, split: str, paths: str | list[str] | None) -> _Rows:
    """A split of an .npz file."""
    if not isinstance(paths, str) or not isinstance(settings.values, str):
        raise DataError(
            "`dataset.path: npz` reads one file a split and one array of values: name the files in "
            f"`dataset.data_files.{split}` and the array in `dataset.values`."
        )
    source = f"{paths}"
    arrays = npz.load(Path(paths), f"dataset.data_files.{split}")
    read, remarks = npz.of_arrays(arrays, settings, source)
    labels = npz.array_of(arrays, settings.label, "label", source)
    if labels.shape == (len(read), 1):
        labels = labels[:, 0]
    if labels.shape != (len(read),):
        raise DataError(
            f"{paths}: `{settings.label}` has the shape {labels.shape}, but there are {len(read)} sequences."
        )
    if not read:
        raise DataError(f"{paths}: holds no sequence. Choose another file.")
    return _Rows(read, label_texts(labels.tolist(), settings, split), remarks=remarks)


def _texts(content: pa.Table, settings: DatasetSettings) -> list[str]:
    texts = content.column(settings.text).to_pylist()
    given = [t for t in texts if t is not None]
    wrong = next((t for t in given if not isinstance(t, str)), None)
    if wrong is None and settings.path == "csv" and given and all(map(_NUMBER.fullmatch, given)):
        # all cells of such a file are text: numbers are, too, unless another column looks more like it
        others = (name for name in content.column_names if name not in (settings.text, settings.label))
        if any(" " in (cell or "") for name in others for cell in content.column(name)[:TRIED].to_pylist()):
            wrong = float(given[0])
    if wrong is not None:
        raise DataError(
            f"dataset `{settings.path}`: column `{settings.text}` holds {type(wrong).__name__}, not text "
            f"(such as `{shorten(wrong)}`). Set `dataset.text` to the column that holds the text."
        )
    return [t or "" for t in texts]
