"""Dataset -> corpus: texts or series, and labels, of both splits, checked, with nothing dropped silently.

Whatever is read is a table of columns (`datasets`, or `readers` of files); its labels become classes in
`labels`, and what was decided on the way is in the corpus's remarks.
"""

import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from hsvis.config import NEXT, AnswerKind, DatasetSettings
from hsvis.corpus.corpus import UNLABELLED, Corpus, Split
from hsvis.corpus.demo import digits
from hsvis.corpus.demo.corpora import WRITTEN, written_corpus
from hsvis.corpus.kept.columns import kept_columns
from hsvis.corpus.labels import Classes, classes_of
from hsvis.corpus.pairs.reading import read_texts
from hsvis.corpus.readers.formats import resolved
from hsvis.corpus.readers.label_arrays import labels_of_lists
from hsvis.corpus.readers.label_texts import known_texts, label_texts
from hsvis.corpus.readers.list_cells import joined
from hsvis.corpus.readers.tables import Table, load_table
from hsvis.corpus.series.cells import Places, is_list
from hsvis.corpus.series.files import READERS
from hsvis.corpus.series.reading import read_table
from hsvis.corpus.split_rows import SplitRows, divide, may_lack_labels, of_one_unit
from hsvis.corpus.targets.cells import cells_of_table
from hsvis.corpus.targets.independent import independent_of
from hsvis.corpus.targets.numbers import numbers_of
from hsvis.errors import DataError
from hsvis.remarks import Remark, listed, shorten

_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?\s*")
TRIED = 100  # rows by which a column is seen to hold texts


def load_corpus(settings: DatasetSettings, answers: AnswerKind = "classes") -> Corpus:
    """Both splits of a dataset, by `datasets.load_dataset`, from .npz files, or one that comes with hsvis.

    What a label means is decided in `labels`: names come from `dataset.classes`, else from the dataset's
    features, else labels are called what they are.

    Raises:
        DataError: a dataset, split or column that is missing, a text that is no text, values that are no
            numbers, a label outside the classes, fewer than two classes, an empty split.
    """
    if settings.path in WRITTEN:
        kept_columns(pa.table({}), settings)
        return written_corpus(settings)
    settings, said = resolved(settings)
    answers = NEXT if settings.label is None else answers
    train, test = of_one_unit(*_load_splits(settings, answers), settings)
    names = list(dict.fromkeys([*(train.names or ()), *(test.names or ())])) or None
    targets: Targets = (None, None)
    if settings.label is None:
        classes = Classes((), {})
    elif answers == "classes":
        classes = classes_of(settings, train.labels, test.labels, names)
    else:
        classes, targets = _targets_of(answers, train, test, settings, names)
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
        replace(_make_split(train, settings, classes), targets=targets[0]),
        replace(_make_split(test, settings, classes), kept=kept, targets=targets[1]),
        _features(settings, train, test),
        remarks=list(dict.fromkeys(remarks)),
        columns=tuple(test.table.content.column_names) if test.table else (),
        dialect=test.table.dialect if test.table else None,
        answers=answers,
    )
    present = np.unique(corpus.train.labels[corpus.train.labels >= 0])
    is_plain = corpus.train.step_labels is None and answers == "classes"
    if len(corpus.train) and is_plain and len(present) < 2:
        only = f"only `{corpus.classes[present[0]]}`" if len(present) else "none"
        raise DataError(
            f"{settings.path}: a classifier needs training examples of at least two classes, split "
            f"`{settings.train}` has {only}. Check `dataset.train` and `dataset.label`."
        )
    return corpus


Targets = tuple[np.ndarray | None, np.ndarray | None]  # of both splits


def _targets_of(
    answers: AnswerKind,
    train: SplitRows,
    test: SplitRows,
    settings: DatasetSettings,
    known: list[str] | None,
) -> tuple[Classes, Targets]:
    """Labels that are no class; what is said of them stands with the names."""
    cells = train.cells or [], test.cells or [None] * len(test.examples)
    if answers == "number":
        splits = zip(cells, (settings.train, settings.test), strict=True)
        first, second = (numbers_of(some, settings, split) for some, split in splits)
        return Classes((settings.label or "",), {}), (first, second)
    found = independent_of(*cells, settings, known)
    return Classes(found.names, {}, found.remarks), (found.train, found.test)


def _load_splits(settings: DatasetSettings, answers: AnswerKind) -> tuple[SplitRows, SplitRows]:
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
    read = partial(READERS.get(settings.path, _load_rows), answers)
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


def _load_rows(
    answers: AnswerKind, settings: DatasetSettings, split: str, paths: str | list[str] | None
) -> SplitRows:
    table = load_table(settings, split, paths, labels=not may_lack_labels(settings, split))
    content, remarks, cells = table.content, [], None
    labels: list[str | None]
    source = f"dataset `{settings.path}`, split `{split}`"
    if answers != "classes" and settings.sequence is not None:
        raise DataError(
            f"{source}: a table in long form has one class a sequence. For `model.answers: {answers}` "
            "write a row "
            "for each sequence, with lists in `dataset.values` (no `dataset.sequence`)."
        )
    labels, steps = [None] * content.num_rows, None
    is_there = settings.label is not None and settings.label in content.column_names
    if is_there and answers != "classes":
        cells = cells_of_table(content, settings, source)
    elif is_there:
        values, steps = _flat(content.column(settings.label))
        labels = label_texts(known_texts(values, table.names) if table.names else values, settings, split)
    elif settings.label is not None:
        text = f"the test split has no column `{settings.label}`: what its rows are is not known."
        remarks.append(Remark("no-labels", text))
    if settings.values is None:
        texts, said = read_texts(lambda column: _texts(content, settings, column), settings, source)
        loaded = SplitRows(texts, labels, table, [*remarks, *said], steps, cells=cells)
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
            read.series,
            read.labels,
            table,
            remarks,
            read.steps,
            read.features,
            of_steps=read.of_steps,
            cells=cells,
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
