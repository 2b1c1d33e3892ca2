"""Dataset -> corpus: texts or series, and labels, of both splits, checked, with nothing dropped silently.

Whatever is read is a table of columns (`datasets`, or `readers` of files); its labels become classes in
`labels`, and what was decided on the way is in the corpus's remarks.
"""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from hsvis.config import DatasetSettings
from hsvis.corpus.corpus import UNLABELLED, Corpus, Split
from hsvis.corpus.demo import demo_reviews, digits
from hsvis.corpus.kept.columns import kept_columns
from hsvis.corpus.labels import Classes, classes_of
from hsvis.corpus.pairs.reading import read_texts
from hsvis.corpus.readers import npz
from hsvis.corpus.readers.archives import split as archives
from hsvis.corpus.readers.formats import files_of, resolved
from hsvis.corpus.readers.label_arrays import labels_of_array, labels_of_lists
from hsvis.corpus.readers.label_texts import known_texts, label_texts
from hsvis.corpus.readers.list_cells import joined
from hsvis.corpus.readers.tables import Table, load_table
from hsvis.corpus.series.cells import Places, is_list
from hsvis.corpus.series.reading import read_table
from hsvis.corpus.split_rows import SplitRows, divide, of_one_unit
from hsvis.errors import DataError
from hsvis.remarks import Remark, listed, shorten

_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?\s*")
TRIED = 100  # rows by which a column is seen to hold texts


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
    settings, said = resolved(settings)
    train, test = of_one_unit(*_load_splits(settings), settings)
    names = list(dict.fromkeys([*(train.names or ()), *(test.names or ())])) or None
    classes = classes_of(settings, train.labels, test.labels, names)
    kept, said_of_kept = kept_columns(test.table.content if test.table else None, settings)
    if any(len(one.values) != len(test.examples) for one in kept):
        raise DataError(
            f"dataset `{settings.path}`, `dataset.keep`: the file has other rows than there are sequences, "
            "so that its columns can't be kept. Leave `dataset.keep` out."
        )
    read = [one.table for one in (train, test) if one.table is not None]
    remarks = [
        *said,
        *(one for table in read for one in table.remarks),
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


def _load_splits(settings: DatasetSettings) -> tuple[SplitRows, SplitRows]:
    if settings.path == "digits":
        images = digits.images(settings.seed)
        names = Table(pa.table({}), digits.CLASSES)
        train, test = (
            SplitRows(
                one.series,
                label_texts(known_texts(one.labels, digits.CLASSES), settings, split),
                names,
            )
            for one, split in zip(images, ("train", "test"), strict=True)
        )
        return train, test
    files = settings.data_files
    read = _READERS.get(settings.path, _load_rows)
    if settings.split is not None:
        whole = read(settings, settings.train, (files.train or files.test) if files else None)
        return divide(whole, settings, settings.split)
    test = read(settings, settings.test, files.test if files else None)
    if files is not None and files.train is None:  # a model that was trained elsewhere
        return SplitRows([], []), test
    return read(settings, settings.train, files.train if files else None), test


def _make_split(rows: SplitRows, settings: DatasetSettings, classes: Classes) -> Split:
    labels, steps = classes.indices(rows.labels), None
    if rows.steps is not None:
        steps = np.split(labels, np.cumsum(rows.steps)[:-1]) if len(rows.steps) else []
        labels = np.full(len(rows.examples), UNLABELLED, np.int16)
    left_out = rows.table.left_out if rows.table else {}
    texts, series = rows.examples, None
    if settings.is_series:
        texts, series = [one.caption for one in rows.examples], rows.examples
    return Split(texts, labels, series, left_out=left_out, step_labels=steps)


def _features(settings: DatasetSettings, train: SplitRows, test: SplitRows) -> tuple[str, ...] | None:
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
    if train.features and test.features and train.features != test.features:
        raise DataError(
            f"dataset `{settings.path}`: the features of `{settings.train}` are {listed(train.features)}, "
            f"those of `{settings.test}` {listed(test.features)}. Both splits need the same, in one order."
        )
    return test.features or tuple(map(str, range(width)))


def _load_rows(settings: DatasetSettings, split: str, paths: str | list[str] | None) -> SplitRows:
    table = load_table(settings, split, paths, labels=not _may_lack_labels(settings, split))
    content, remarks = table.content, []
    if settings.label in content.column_names:
        values, steps = _flat(content.column(settings.label))
        labels = label_texts(known_texts(values, table.names) if table.names else values, settings, split)
    else:
        labels, steps = [None] * content.num_rows, None
        text = f"the test split has no column `{settings.label}`: what its rows are is not known."
        remarks.append(Remark("no-labels", text))
    source = f"dataset `{settings.path}`, split `{split}`"
    if settings.values is None:
        texts, said = read_texts(lambda column: _texts(content, settings, column), settings, source)
        loaded = SplitRows(texts, labels, table, [*remarks, *said], steps)
        return (
            loaded
            if steps is None
            else _of_lists(loaded, [len(one.split()) for one in texts], settings, source)
        )
    captions = None
    if settings.sequence is None and settings.text_columns[0] in content.column_names:
        captions = _texts(content, settings, settings.text_columns[0])[0]
    places = Places(source)
    if table.dialect is not None:
        files = tuple(map(Path, [paths] if isinstance(paths, str) else paths or ()))
        places = Places(source, files, table.dialect.separator, table.dialect.encoding)
    of_rows = labels if steps is None else [None] * content.num_rows
    read = read_table(content, of_rows, captions, settings, places)
    remarks += read.remarks
    if steps is None:
        return SplitRows(
            read.series, read.labels, table, remarks, read.steps, read.features, of_steps=read.of_steps
        )
    loaded = SplitRows(read.series, labels, table, remarks, steps, read.features)
    return _of_lists(loaded, list(map(len, read.series)), settings, source)


def _of_lists(rows: SplitRows, lengths: list[int], settings: DatasetSettings, source: str) -> SplitRows:
    """Rows whose labels are lists: each one label, or labels of its steps, which is said.

    Args:
        lengths: steps of each row, of texts their words.
    """
    assert rows.steps is not None
    ends = np.cumsum(rows.steps).tolist()
    lists = [rows.labels[end - n : end] for end, n in zip(ends, rows.steps.tolist(), strict=True)]
    whole = labels_of_lists(lists, lengths, settings, source)
    if whole is None:
        text = f"{source}: `{settings.label}` holds a list in each row: each step has a label of its own."
        return replace(rows, remarks=[*rows.remarks, Remark("step-labels", text)])
    labels, said = whole
    return replace(rows, labels=labels, steps=None, remarks=[*rows.remarks, *said])


def _flat(column: pa.ChunkedArray) -> tuple[list[Any], np.ndarray | None]:
    """Labels one after the other, and of lists of them, a label for each step, how many each row has."""
    whole = column.combine_chunks()
    if not is_list(whole.type):
        return whole.to_pylist(), None
    return whole.flatten().to_pylist(), np.array(whole.value_lengths().fill_null(0), np.int64)


def _load_arrays(settings: DatasetSettings, split: str, paths: str | list[str] | None) -> SplitRows:
    """A split of an .npz file, or of .npy files: values, labels and, where sequences are padded, lengths."""
    setting = f"dataset.data_files.{split}"
    if settings.path == "npy":
        files = files_of(paths, split)
        arrays = npz.load_single(files, setting)
        keys = ("values", "label", "lengths")
        if not 2 <= len(files) <= 3:
            raise DataError(
                f"`{setting}`: needed are two .npy files, of the values and the labels: `[x.npy, y.npy]`; or "
                "three, with the steps of each sequence: `[x.npy, y.npy, lengths.npy]`."
            )
        settings = settings.model_copy(update=dict(zip(keys, arrays, strict=False)))
        source = ", ".join(map(str, files))
    elif isinstance(paths, str) and len(files := files_of(paths, split)) == 1:
        arrays, source = npz.load(files[0], setting), str(files[0])
    else:
        raise DataError(
            "`dataset.path: npz` reads one file a split and one array of values: name the files in "
            f"`{setting}` and the array in `dataset.values`."
        )
    read, remarks = npz.of_arrays(arrays, settings, source)
    label = npz.array_of(arrays, settings.label, "label", source)
    if not read:
        raise DataError(f"{source}: holds no sequence. Choose another file.")
    labels, said = labels_of_array(label, len(read), settings.label, source)
    return SplitRows(read, label_texts(labels, settings, split), remarks=[*remarks, *said])


def _load_archives(settings: DatasetSettings, split: str, paths: str | list[str] | None) -> SplitRows:
    """A split of files of nothing but series and labels."""
    found = archives.load_archive(settings, split, paths)
    read = found.read
    names = Table(pa.table({}), found.names)
    return SplitRows(read.series, read.labels, names, read.remarks, features=read.features)


_READERS = {"npz": _load_arrays, "npy": _load_arrays, **dict.fromkeys(archives.READERS, _load_archives)}


def _may_lack_labels(settings: DatasetSettings, split: str) -> bool:
    """Whether a split can do without: the test split, where another or the config tells the classes."""
    if settings.split is not None or split != settings.test or settings.sequence is not None:
        return False
    if settings.data_files is not None and settings.data_files.train is None:
        return settings.classes is not None and "label" not in settings.model_fields_set
    return split != settings.train or settings.data_files is not None


def _texts(content: pa.Table, settings: DatasetSettings, column: str) -> tuple[list[str], list[Remark]]:
    source = f"dataset `{settings.path}`"
    texts, remarks = joined(content.column(column).to_pylist(), column, source)
    given = [t for t in texts if t is not None]
    wrong = next((t for t in given if not isinstance(t, str)), None)
    if (
        wrong is None
        and not remarks
        and settings.path == "csv"
        and given
        and all(map(_NUMBER.fullmatch, given))
    ):
        # all cells of such a file are text: numbers are, too, unless another column looks more like it
        others = (
            name for name in content.column_names if name not in (*settings.text_columns, settings.label)
        )
        if any(" " in (cell or "") for name in others for cell in content.column(name)[:TRIED].to_pylist()):
            wrong = float(given[0])
    if wrong is not None:
        raise DataError(
            f"dataset `{settings.path}`: column `{column}` holds {type(wrong).__name__}, not text "
            f"(such as `{shorten(wrong)}`). Set `dataset.text` to the column that holds the text."
        )
    return [t or "" for t in texts], remarks
