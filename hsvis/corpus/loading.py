"""Dataset -> corpus: texts or series, and labels, of both splits, checked, with nothing dropped silently."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hsvis.config import DatasetSettings
from hsvis.corpus import npz, series
from hsvis.corpus.corpus import Corpus, Split
from hsvis.corpus.demo import demo_reviews, digits
from hsvis.corpus.labels import class_names, label_indices
from hsvis.errors import DataError


@dataclass(frozen=True)
class _Rows:
    """A split as it was loaded: examples, labels as they stand there, names of classes if it knows them."""

    examples: list[Any]
    labels: list[Any]
    names: Sequence[str] | None = None


def load_corpus(settings: DatasetSettings) -> Corpus:
    """Both splits of a dataset, by `datasets.load_dataset`, from .npz files, or one that comes with hsvis.

    Labels may be class indices (null or -1: unknown) or class names.  Class names come from
    `dataset.classes`, else from the dataset's features, else from the training split (or from the test split
    where there is none).

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
    labelled = train if train.labels else test
    classes = class_names(settings, labelled.labels, labelled.names)
    corpus = Corpus(
        classes,
        _make_split(train, settings, settings.train, classes),
        _make_split(test, settings, settings.test, classes),
        _features(settings, train, test),
    )
    present = np.unique(corpus.train.labels[corpus.train.labels >= 0])
    if len(corpus.train) and len(present) < 2:
        only = f"only `{classes[present[0]]}`" if len(present) else "none"
        raise DataError(
            f"{settings.path}: a classifier needs training examples of at least two classes, split "
            f"`{settings.train}` has {only}. Check `dataset.train` and `dataset.label`."
        )
    return corpus


def _load_splits(settings: DatasetSettings) -> tuple[_Rows, _Rows]:
    if settings.path == "digits":
        images = digits.images(settings.seed)
        train, test = (_Rows(one.series, one.labels, digits.CLASSES) for one in images)
        return train, test
    files = settings.data_files
    read = _load_arrays if settings.path == "npz" else _load_rows
    test = read(settings, settings.test, files.test if files else None)
    if files is not None and files.train is None:  # a model that was trained elsewhere
        return _Rows([], [], test.names), test
    return read(settings, settings.train, files.train if files else None), test


def _make_split(rows: _Rows, settings: DatasetSettings, split: str, classes: Sequence[str]) -> Split:
    labels = label_indices(rows.labels, settings, split, classes)
    if not settings.is_series:
        return Split(rows.examples, labels)
    return Split([one.caption for one in rows.examples], labels, rows.examples)


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
    table = _load_split(settings, split, paths)
    known = getattr(table.features[settings.label], "names", None)
    content = table.data.table
    labels = series.plain_values(content.column(settings.label))
    if settings.values is None:
        return _Rows(_texts(table, settings), labels, known)
    source = f"dataset `{settings.path}`, split `{split}`"
    columns = [settings.values] if isinstance(settings.values, str) else settings.values
    if settings.sequence is not None:
        read = series.of_rows(
            content, columns, settings.sequence, settings.step, settings.step_name, settings.label, source
        )
        return _Rows(read.series, [labels[row] for row in read.first.tolist()], known)
    captions = _texts(table, settings) if settings.text in content.column_names else None
    name = settings.step_name or "step"
    column = f"{source}, column `{columns[0]}`"
    return _Rows(series.of_lists(content.column(columns[0]), name, captions, column), labels, known)


def _load_arrays(settings: DatasetSettings, split: str, paths: str | list[str] | None) -> _Rows:
    """A split of an .npz file."""
    if not isinstance(paths, str) or not isinstance(settings.values, str):
        raise DataError(
            "`dataset.path: npz` reads one file a split and one array of values: name the files in "
            f"`dataset.data_files.{split}` and the array in `dataset.values`."
        )
    source = f"{paths}"
    arrays = npz.load(Path(paths), f"dataset.data_files.{split}")
    read = series.of_arrays(arrays, settings.values, settings.lengths, settings.step_name or "step", source)
    labels = series.array_of(arrays, settings.label, "label", source)
    if labels.shape != (len(read),):
        raise DataError(
            f"{paths}: `{settings.label}` has the shape {labels.shape}, but there are {len(read)} sequences."
        )
    if not read:
        raise DataError(f"{paths}: holds no sequence. Choose another file.")
    return _Rows(read, labels.tolist())


def _load_split(settings: DatasetSettings, split: str, paths: str | list[str] | None) -> Any:
    import datasets  # noqa: PLC0415  (half a second; not needed by the demo)
    import pyarrow as pa  # noqa: PLC0415
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
    for key, column in _columns(settings):
        if column not in table.column_names:
            there = ", ".join(f"`{c}`" for c in table.column_names)
            raise DataError(
                f"dataset `{settings.path}`, split `{split}`: there is no column `{column}`. "
                f"Set `dataset.{key}` to one of {there}."
            )
    if len(table) == 0:
        raise DataError(f"dataset `{settings.path}`: split `{split}` is empty. Choose another split.")
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


def _texts(table: Any, settings: DatasetSettings) -> list[str]:
    texts = table.data.column(settings.text).to_pylist()
    wrong = next((t for t in texts if t is not None and not isinstance(t, str)), None)
    if wrong is not None:
        raise DataError(
            f"dataset `{settings.path}`: column `{settings.text}` holds {type(wrong).__name__}, not text "
            f"(such as `{str(wrong)[:40]}`). Set `dataset.text` to the column that holds the text."
        )
    return [t or "" for t in texts]
