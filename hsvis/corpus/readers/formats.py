"""What `dataset.path` names: a format, a file, a folder, or a data set of the hub."""

import glob
import re
from collections.abc import Sequence
from pathlib import Path

from hsvis.config import DatasetSettings
from hsvis.config.dataset import FILE_FORMATS, DataFiles
from hsvis.corpus.readers.json_files import holds_splits
from hsvis.corpus.readers.text_files import OPENERS, exists
from hsvis.errors import DataError
from hsvis.remarks import Remark

ENDINGS = {
    ".csv": "csv", ".tsv": "csv", ".tab": "csv", ".json": "json", ".jsonl": "json", ".ndjson": "json",
    ".conll": "conll", ".conllu": "conll", ".iob": "conll", ".bio": "conll", ".txt": "lines",
    ".parquet": "parquet", ".npz": "npz",
}  # fmt: skip
ALIASES = {"tsv": "csv", "jsonl": "json"}
_WILD = set("*?[")
MADE = ("demo", "digits", "sentences")
ONE_FILE = "It is one file: `dataset.split: 0.2` keeps a fifth of its rows apart as the test split."
_LOCAL = re.compile(r"\.{0,2}[/\\]|~|[A-Za-z]:\\")


def resolved(settings: DatasetSettings) -> tuple[DatasetSettings, list[Remark]]:
    """The settings with a format for a path that names one file.

    Raises:
        DataError: a path that is no format, though files are named, or that does not exist.
    """
    path = settings.path
    if path in ALIASES:
        return settings.model_copy(update={"path": ALIASES[path]}), []
    if path in FILE_FORMATS or path in MADE or Path(path).is_dir():
        return settings, []
    if settings.data_files is not None:
        raise DataError(
            f"`dataset.path: {path}` is no format of files. With `data_files` it is one of "
            f"{', '.join(FILE_FORMATS)}{_hint(path)}, or a folder that is there."
        )
    if not exists(Path(path)):
        if _LOCAL.match(path) or _ending(Path(path)) in ENDINGS:
            raise DataError(
                f"`dataset.path`: there is no file or folder {path}. Relative paths start from "
                "the current folder."
            )
        return settings, []
    kind = ENDINGS.get(_ending(Path(path)), "csv" if _is_tabbed(Path(path)) else "lines")
    if kind == "npz":
        raise DataError(f"`dataset.path`: name {path} in `dataset.data_files`, and set `path: npz`.")
    encoding = settings.dialect.encoding if settings.dialect else None
    splits = [settings.train, settings.test]
    if settings.split is None and kind == "json" and holds_splits(Path(path), splits, encoding):
        said = Remark("file-format", f"{path} is read as `json`, by its name, with the rows of both splits.")
        files = DataFiles(train=path, test=path)
        return settings.model_copy(update={"path": kind, "data_files": files}), [said]
    if settings.split is None:
        raise DataError(
            f"`dataset.path`: {path} is one file, for training and test alike. `dataset.split: 0.2` keeps a "
            f"fifth of its rows apart as the test split; two files are `path: {kind}` with `data_files`."
        )
    said = Remark("file-format", f"{path} is read as `{kind}`, by its name: the one file of the dataset.")
    return settings.model_copy(update={"path": kind, "data_files": DataFiles(train=path, test=None)}), [said]


def files_of(patterns: str | Sequence[str] | None, split: str) -> list[Path]:
    """The files of a split, of which patterns such as `*_train.txt` name several, in order.

    A member of an archive is `archive.zip/member`.

    Raises:
        DataError: one is not there, or no file fits a pattern.
    """
    paths: list[Path] = []
    for one in [patterns] if isinstance(patterns, str) else patterns or []:
        path = Path(one)
        found = (
            [path]
            if exists(path) or path.is_dir()
            else [Path(p) for p in sorted(glob.glob(one)) if _WILD & set(one)]
        )
        if not found:
            raise DataError(f"`dataset.data_files.{split}`: there is no file {one}. Check the path.")
        paths += found
    if not paths:
        raise DataError(f"`dataset.data_files.{split}`: names no file.")
    return paths


def _ending(path: Path) -> str:
    """The ending that tells the format, below one of compression."""
    name = path.with_suffix("") if path.suffix in OPENERS or path.suffix == ".zip" else path
    return name.suffix.lower()


def _is_tabbed(path: Path) -> bool:
    """Whether the first lines have more than one tab."""
    try:
        with path.open("rb") as file:
            return file.readline().count(b"\t") > 1
    except OSError:
        return False


def _hint(path: str) -> str:
    kind = ENDINGS.get(_ending(Path(path)))
    return f" (of this one: `path: {kind}`)" if kind else ""
