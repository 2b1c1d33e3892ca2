"""A split as a table of columns: of text files, or of whatever `datasets` reads."""

import glob
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from hsvis.config import DatasetSettings
from hsvis.corpus.readers import delimited
from hsvis.errors import DataError
from hsvis.remarks import Remark, listed


@dataclass(frozen=True)
class Table:
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


def load_table(settings: DatasetSettings, split: str, paths: str | list[str] | None) -> Table:
    """A split with all columns that are asked for, and one row at least."""
    every = [paths] if isinstance(paths, str) else paths or []
    if not every and (found := _csv_files(Path(settings.path), split)):
        every = found
        table = _of_delimited(every, settings, split)
    elif settings.path == "csv" and not any("://" in one for one in every):
        table = _of_delimited(every, settings, split)
    else:
        dataset = _load_dataset(settings, split, paths)
        feature = dataset.features.get(settings.label)
        known = getattr(getattr(feature, "feature", feature), "names", None)  # of one, or of a list of them
        table = Table(dataset.data.table, known)
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


def _csv_files(folder: Path, split: str) -> list[str]:
    """Files of a split in a folder of nothing but csv files, chosen by their names as `datasets` does."""
    there = [one for one in folder.iterdir() if one.is_file()] if folder.is_dir() else []
    if not any(one.suffix == ".csv" for one in there) or any(one.suffix in OTHER_FILES for one in there):
        return []
    return [
        str(one)
        for one in sorted(there)
        if one.suffix == ".csv" and split in re.split("[^a-z]+", one.stem.lower())
    ]


def _of_delimited(patterns: Sequence[str], settings: DatasetSettings, split: str) -> Table:
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
    return Table(pa.table(columns), None, dict(left_out), tables[0].dialect, remarks)


_WILD = set("*?[")
OTHER_FILES = (
    ".parquet",
    ".json",
    ".jsonl",
    ".py",
    ".arrow",
    ".txt",
    ".yaml",
)  # a folder that `datasets` reads
CSV_AS_IT_IS = {
    "keep_default_na": False,
    "na_values": [""],
    "index_col": False,
}  # only an empty cell is missing


def _load_dataset(settings: DatasetSettings, split: str, paths: str | list[str] | None) -> Any:
    import datasets  # noqa: PLC0415  (half a second; not needed by the demo)
    from datasets.exceptions import DatasetsError  # noqa: PLC0415

    files = {split: paths} if paths else None  # this split's alone: the two may differ in their columns
    bars = datasets.is_progress_bar_enabled()
    datasets.disable_progress_bars()
    try:
        more: dict[str, Any] = CSV_AS_IT_IS if settings.path == "csv" else {}
        table = datasets.load_dataset(settings.path, data_files=files, split=split, **more)
        if table.builder_name == "csv" and not more:
            table = datasets.load_dataset(settings.path, data_files=files, split=split, **CSV_AS_IT_IS)
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
