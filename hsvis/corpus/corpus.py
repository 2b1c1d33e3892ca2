"""Dataset -> corpus: texts and labels of both splits, checked, with nothing dropped silently."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hsvis.config import DatasetSettings
from hsvis.corpus.demo import demo_reviews
from hsvis.errors import DataError

UNLABELLED = -1
MOST_CLASSES = 2**15 - 1  # labels are int16


@dataclass(frozen=True)
class Split:
    """The rows of one split, in the dataset's order.

    Attributes:
        texts: R texts; a missing one is the empty string.
        labels: (R,) int16, indices of classes, -1 where a row has none.
    """

    texts: list[str]
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def fingerprint(self) -> str:
        """Hash of the content: the same texts and labels give the same one wherever they lie."""
        digest = hashlib.sha256(self.labels.astype("<i2").tobytes())
        for text in self.texts:
            data = text.encode("utf-8", "surrogatepass")
            digest.update(len(data).to_bytes(8, "little"))
            digest.update(data)
        return digest.hexdigest()


@dataclass(frozen=True)
class Corpus:
    classes: tuple[str, ...]
    train: Split
    test: Split


def load_corpus(settings: DatasetSettings) -> Corpus:
    """Both splits of a dataset, by `datasets.load_dataset` or generated for `path: demo`.

    Labels may be class indices (null or -1: unknown) or class names.  Class names come from
    `dataset.classes`, else from the dataset's features, else from the training split.

    Raises:
        DataError: a dataset, split or column that is missing, a text that is no text, a label outside
            the classes, fewer than two classes, an empty split.
    """
    if settings.path == "demo":
        demo = demo_reviews(seed=settings.seed)
        return Corpus(
            tuple(demo.classes),
            Split(list(demo.train_texts), demo.train_labels),
            Split(list(demo.test_texts), demo.test_labels),
        )
    files = settings.data_files
    train = _load_split(settings, settings.train, files.train if files else None)
    test = _load_split(settings, settings.test, files.test if files else None)
    classes = _classes(settings, train)
    corpus = Corpus(
        classes,
        Split(_texts(train, settings), _labels(train, settings, settings.train, classes)),
        Split(_texts(test, settings), _labels(test, settings, settings.test, classes)),
    )
    present = np.unique(corpus.train.labels[corpus.train.labels >= 0])
    if len(present) < 2:
        only = f"only `{classes[present[0]]}`" if len(present) else "none"
        raise DataError(
            f"{settings.path}: a classifier needs training texts of at least two classes, split "
            f"`{settings.train}` has {only}. Check `dataset.train` and `dataset.label`."
        )
    return corpus


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
    for key, column in (("text", settings.text), ("label", settings.label)):
        if column not in table.column_names:
            there = ", ".join(f"`{c}`" for c in table.column_names)
            raise DataError(
                f"dataset `{settings.path}`, split `{split}`: there is no column `{column}`. "
                f"Set `dataset.{key}` to one of {there}."
            )
    if len(table) == 0:
        raise DataError(f"dataset `{settings.path}`: split `{split}` is empty. Choose another split.")
    return table


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


def _classes(settings: DatasetSettings, train: Any) -> tuple[str, ...]:
    if settings.classes is not None:
        names: Sequence[str] = settings.classes
    else:
        known = getattr(train.features[settings.label], "names", None)
        values = [v for v in train.data.column(settings.label).to_pylist() if v is not None]
        wrong = next(
            (v for v in values if not isinstance(v, str | int) or (isinstance(v, int) and v < UNLABELLED)),
            None,
        )
        largest = max((v for v in values if isinstance(v, int)), default=0)
        mixed = any(isinstance(v, str) for v in values) and any(isinstance(v, int) for v in values)
        if wrong is not None or mixed or largest >= MOST_CLASSES:
            example = largest if wrong is None else str(wrong)[:60]
            raise DataError(
                f"dataset `{settings.path}`: column `{settings.label}` holds `{example}`. Labels are class "
                f"names, or class indices from 0 to {MOST_CLASSES - 1} (-1 or null: unknown). "
                "Set `dataset.label` to the column of the class."
            )
        if known:
            names = known
        elif any(isinstance(v, str) for v in values):
            names = sorted(set(values))
        else:
            names = [str(i) for i in range(largest + 1)]
    if len(set(names)) < 2 or len(set(names)) < len(names):
        raise DataError(
            f"dataset `{settings.path}`: at least two different classes are needed, there are "
            f"{list(names)}. Check `dataset.label`, or name them in `dataset.classes`."
        )
    return tuple(names)


def _labels(table: Any, settings: DatasetSettings, split: str, classes: Sequence[str]) -> np.ndarray:
    values = table.data.column(settings.label).to_pylist()
    index: dict[Any, int] = {None: UNLABELLED, UNLABELLED: UNLABELLED}
    index |= {i: i for i in range(len(classes))} | {name: i for i, name in enumerate(classes)}
    try:
        return np.array([index[v] for v in values], np.int16)
    except (KeyError, TypeError):
        row, wrong = next(
            (i, v) for i, v in enumerate(values) if not isinstance(v, str | int) or v not in index
        )
        raise DataError(
            f"dataset `{settings.path}`, split `{split}`, row {row}: label `{wrong}` is none of the classes "
            f"{', '.join(classes)}. Mend the row, or list all classes in `dataset.classes`."
        ) from None
