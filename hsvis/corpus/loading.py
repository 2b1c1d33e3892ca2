"""Dataset -> corpus: texts or series, and labels, of both splits, checked, with nothing dropped silently.

Whatever is read is a table of columns (`datasets`, or `readers` of files); its labels become classes in
`labels`, and what was decided on the way is in the corpus's remarks.
"""

import glob
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from hsvis.config import DatasetSettings
from hsvis.corpus import series
from hsvis.corpus.corpus import Corpus, Split
from hsvis.corpus.demo import demo_reviews, digits
from hsvis.corpus.labels import Classes, classes_of, label_texts
from hsvis.corpus.readers import delimited, npz
from hsvis.errors import DataError
from hsvis.remarks import Remark, listed, shorten

_NUMBER = re.compile(r"\s*[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?\s*")


@dataclass(frozen=True)
class _Table:
    """A split as it stands in its files.

    Attributes:
        names: of classes, where the files know them.
        left_out: reason -> rows of the files that are not in it.
        dialect: how a text file was read.
    """

    content: pa.Table
    names: Sequence[str] | None = None
    left_out: dict[str, int] = field(default_factory=dict)
    dialect: delimited.Dialect | None = None
    remarks: list[Remark] = field(default_factory=list)


@dataclass(frozen=True)
class _Rows:
    """A split as it was loaded: examples, labels as text, and of its table what is told of it."""

    examples: list[Any]
    labels: list[str | None]
    table: _Table | None = None
    remarks: list[Remark] = field(default_factory=list)

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
        demo = demo_reviews(seed=settings.seed)
        return Corpus(
            tuple(demo.classes),
            Split(list(demo.train_texts), demo.train_labels),
            Split(list(demo.test_texts), demo.test_labels),
        )
    train, test = _load_splits(settings)
    classes = classes_of(settings, train.labels, test.labels, train.names or test.names)
    read = [one.table for one in (train, test) if one.table is not None]
    remarks = [
        *(said for one in read for said in one.remarks),
        *train.remarks,
        *test.remarks,
        *classes.remarks,
    ]
    corpus = Corpus(
        classes.names,
        _make_split(train, settings, classes),
        _make_split(test, settings, classes),
        _features(settings, train, test),
        remarks=list(dict.fromkeys(remarks)),
        columns=tuple(test.table.content.column_names) if test.table else (),
        dialect=test.table.dialect if test.table else None,
    )
    present = np.unique(corpus.train.labels[corpus.train.labels >= 0])
    if len(corpus.train) and len(present) < 2:
        only = f"only `{corpus.classes[present[0]]}`" if len(present) else "none"
        raise DataError(
            f"{settings.path}: a classifier needs training examples of at least two classes, split "
            f"`{settings.train}` has {only}. Check `dataset.train` and `dataset.label`."
        )
    return corpus


def _load_splits(settings: DatasetSettings) -> tuple[_Rows, _Rows]:
    if settings.path == "digits":
        images = digits.images(settings.seed)
        names = _Table(pa.table({}), digits.CLASSES)
        train, test = (
            _Rows(one.series, label_texts(one.labels, settings, split), names)
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
    labels = classes.indices(rows.labels)
    left_out = rows.table.left_out if rows.table else {}
    if not settings.is_series:
        return Split(rows.examples, labels, left_out=left_out)
    return Split([one.caption for one in rows.examples], labels, rows.examples, left_out=left_out)


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
    table = _load_table(settings, split, paths)
    content = table.content
    labels = label_texts(content.column(settings.label).to_pylist(), settings, split)
    if settings.values is None:
        return _Rows(_texts(content, settings), labels, table)
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
    return _Rows(series.of_lists(content.column(columns[0]), name, captions, column), labels, table)


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


def _load_table(settings: DatasetSettings, split: str, paths: str | list[str] | None) -> _Table:
    """A split with all columns that are asked for, and one row at least."""
    every = [paths] if isinstance(paths, str) else paths or []
    if settings.path == "csv" and not any("://" in one for one in every):
        table = _of_delimited(every, settings, split)
    else:
        dataset = _load_dataset(settings, split, paths)
        known = getattr(dataset.features.get(settings.label), "names", None)
        table = _Table(dataset.data.table, known)
    there = table.content.column_names
    for key, column in _columns(settings):
        if column not in there:
            raise DataError(
                f"dataset `{settings.path}`, split `{split}`: there is no column `{column}`. "
                f"Set `dataset.{key}` to one of {listed(there, 20)}."
            )
    if not table.content.num_rows:
        raise DataError(f"dataset `{settings.path}`: split `{split}` is empty. Choose another split.")
    return table


def _of_delimited(patterns: Sequence[str], settings: DatasetSettings, split: str) -> _Table:
    """Text files, read one after the other; they must have the same columns."""
    paths = [
        Path(path) for one in patterns for path in (sorted(glob.glob(one)) if _WILD & set(one) else [one])
    ]
    if not paths:
        raise DataError(f"`dataset.data_files.{split}`: there is no file {', '.join(patterns)}.")
    tables = [delimited.read_delimited(path, settings.label) for path in paths]
    names = list(tables[0].columns)
    for path, table in zip(paths, tables, strict=True):
        if set(table.columns) != set(names):
            raise DataError(
                f"{path}: has the columns {listed(table.columns)}, where {paths[0]} has {listed(names)}. "
                "The files of a split need the same columns."
            )
    columns = {
        name: pa.array([cell for one in tables for cell in one.columns[name]], pa.string()) for name in names
    }
    left_out = sum((Counter(one.left_out) for one in tables), Counter())
    remarks = [said for one in tables for said in one.remarks]
    return _Table(pa.table(columns), None, dict(left_out), tables[0].dialect, remarks)


_WILD = set("*?[")


def _load_dataset(settings: DatasetSettings, split: str, paths: str | list[str] | None) -> Any:
    import datasets  # noqa: PLC0415  (half a second; not needed by the demo)
    from datasets.exceptions import DatasetsError  # noqa: PLC0415

    files = {split: paths} if paths else None  # this split's alone: the two may differ in their columns
    bars = datasets.is_progress_bar_enabled()
    datasets.disable_progress_bars()
    try:
        table = datasets.load_dataset(settings.path, data_files=files, split=split)
    except (
        OSError,
        LookupError,
        ValueError,
        TypeError,
        RuntimeError,
        pa.ArrowException,
        DatasetsError,
    ) as error:
        where = f" from {files[split]}" if files else ""
        raise DataError(
            f"dataset `{settings.path}`, split `{split}`: can't be loaded{where}: {_cause(error)} "
            "Check `dataset.path`, `dataset.data_files` and the split's name, and that the network or the "
            "local copy is there."
        ) from error
    finally:
        if bars:
            datasets.enable_progress_bars()
    return table


def _columns(settings: DatasetSettings) -> list[tuple[str, str]]:
    """(setting, column) of all columns that must be there."""
    if settings.values is None:
        return [("text", settings.text), ("label", settings.label)]
    values = [settings.values] if isinstance(settings.values, str) else settings.values
    more = [("sequence", settings.sequence), ("step", settings.step)]
    return [
        *(("values", one) for one in values),
        *((key, one) for key, one in more if one),
        ("label", settings.label),
    ]


def _cause(error: BaseException) -> str:
    """The first line of what began it all: `datasets` wraps the errors of its readers."""
    while error.__cause__ is not None:
        error = error.__cause__
    line = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return line if line.endswith(".") else line + "."


def _texts(content: pa.Table, settings: DatasetSettings) -> list[str]:
    texts = content.column(settings.text).to_pylist()
    given = [t for t in texts if t is not None]
    wrong = next((t for t in given if not isinstance(t, str)), None)
    if wrong is None and given and all(map(_NUMBER.fullmatch, given)):  # of a file whose cells all are text
        wrong = float(given[0])
    if wrong is not None:
        raise DataError(
            f"dataset `{settings.path}`: column `{settings.text}` holds {type(wrong).__name__}, not text "
            f"(such as `{shorten(wrong)}`). Set `dataset.text` to the column that holds the text."
        )
    return [t or "" for t in texts]
