"""A split as a table of columns: of text files, or of whatever `datasets` reads."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa

from hsvis.config import DatasetSettings
from hsvis.config.formats import is_pattern
from hsvis.corpus.readers import delimited, dialects, folders, json_files, lines
from hsvis.corpus.readers.archives.singles import how_to_join
from hsvis.corpus.readers.formats import files_of
from hsvis.corpus.readers.hub import load_dataset
from hsvis.corpus.readers.tagged.conll import read_conll
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
    dialect: dialects.Dialect | None = None
    remarks: list[Remark] = field(default_factory=list)


def load_table(
    settings: DatasetSettings, split: str, paths: str | list[str] | None, *, labels: bool = True
) -> Table:
    """A split with all columns that are asked for, and one row at least.

    Args:
        paths: its files, or folders; None where `dataset.path` is a place.
        labels: whether it must have some.
    """
    every = [paths] if isinstance(paths, str) else paths or []
    root = Path(settings.path)
    is_local = not any("://" in one for one in every)
    if not every and (found := _csv_files(root, split, whole=settings.split is not None)):
        table = _of_delimited(found, settings, split)
    elif not every and (classes := _tables_by_class(root, settings)):
        table = classes
    elif not every and root.is_dir() and folders.is_of_classes(root):
        table = _of_parts([_folder_of(root, settings, split)], "folder", settings, split)
    elif settings.path == "csv" and is_local:
        table = _of_delimited(every, settings, split)
    elif settings.path in ("json", "lines", "conll", "folder") and is_local:
        table = _of_parts(files_of(every, split), settings.path, settings, split)
    else:
        dataset = load_dataset(settings, split, paths)
        feature = dataset.features.get(settings.label) if settings.label else None
        known = getattr(getattr(feature, "feature", feature), "names", None)  # of one, or of a list of them
        table = Table(dataset.data.table, known)
    table = _with_dotted(table, settings)
    there = table.content.column_names
    for key, column in _columns(settings):
        if column not in there and (key != "label" or labels):
            if settings.path == "csv" and is_local and (hint := how_to_join(files_of(every, split))):
                raise DataError(f"dataset `csv`, split `{split}`: there is no column `{column}`. {hint}")
            raise DataError(
                f"dataset `{settings.path}`, split `{split}`: there is no column `{column}`. "
                f"Set `dataset.{key}` to one of {listed(there, 20)}."
            )
    if not table.content.num_rows:
        raise DataError(f"dataset `{settings.path}`: split `{split}` is empty. Choose another split.")
    return table


def _folder_of(root: Path, settings: DatasetSettings, split: str) -> Path:
    """The folder of a split, or the whole where one is to be made of it."""
    found = folders.split_folder(root, split)
    if settings.split is not None and found is None:
        return root
    if found is None:
        raise DataError(
            f"{root}: there is no folder `{split}` of a split in it. `dataset.split: 0.2` keeps "
            "a fifth of the "
            "texts apart as the test split; or name two folders in `dataset.data_files` with `path: folder`."
        )
    return found


def _of_parts(paths: Sequence[Path], form: str, settings: DatasetSettings, split: str) -> Table:
    """Files of a split, one after the other, of any reader that gives a table."""
    encoding = settings.dialect.encoding if settings.dialect else None
    parts, remarks = [], []
    for path in paths:
        if form == "folder":
            if not path.is_dir():
                raise DataError(f"`dataset.path: folder`: {path} is no folder. Name folders in `data_files`.")
            content, said = folders.read_folder(path, encoding)
        elif form == "json":
            content, said = json_files.read_json(
                path, settings.field, encoding, split=split, columns=settings.columns
            )
        elif form == "conll":
            content, said = read_conll(path, settings)
        else:
            content, said = lines.read_lines(path, encoding, labels=settings.label is not None)
        parts.append(content)
        remarks += said
    needed = [column for _, column in _columns(settings) if "." not in column]
    for path, part in zip(paths, parts, strict=True):
        lacking = [one for one in needed if one not in part.column_names]
        if lacking and any(one in part.column_names for part in parts for one in lacking):
            raise DataError(
                f"{path}: has no column {listed(lacking)}, which other files of the split have; it has "
                f"{listed(part.column_names)}. The files of a split need the same columns."
            )
    try:
        content = pa.concat_tables(parts, promote_options="permissive")
    except pa.ArrowException as error:
        raise DataError(f"{paths[0]}: the files of the split hold different columns ({error}).") from error
    return Table(content, remarks=remarks)


def _with_dotted(table: Table, settings: DatasetSettings) -> Table:
    """Columns of what is nested, where a dotted name asks for one."""
    content = table.content
    wanted = [column for _, column in _columns(settings) if column not in content.column_names]
    while any("." in one for one in wanted) and any(pa.types.is_struct(one.type) for one in content.schema):
        content = content.flatten()
    return table if content is table.content else replace(table, content=content)


def _csv_files(folder: Path, split: str, *, whole: bool) -> list[str]:
    """Files of a split in a folder of nothing but csv files, chosen by their names as `datasets` does.

    `whole`: where there is but one file, it is that of all splits.
    """
    there = [one for one in folder.iterdir() if one.is_file()] if folder.is_dir() else []
    if not any(one.suffix in TABLES for one in there) or any(one.suffix in OTHER_FILES for one in there):
        return []
    tables = [str(one) for one in there if one.suffix in TABLES]
    if whole and len(tables) == 1:
        return tables
    return [
        str(one)
        for one in sorted(there)
        if one.suffix in TABLES and split in re.split("[^a-z]+", one.stem.lower())
    ]


def _tables_by_class(folder: Path, settings: DatasetSettings) -> Table | None:
    """A folder with a table for each class, such as `Fake.csv` and `True.csv`, and no column of labels."""
    paths = sorted(one for one in folder.iterdir() if one.suffix in TABLES) if folder.is_dir() else []
    names = {word for one in paths for word in re.split("[^a-z]+", one.stem.lower())}
    label = settings.label
    if label is None or settings.split is None or len(paths) < 2:
        return None
    if names & {settings.train, settings.test, "train", "test"}:
        return None
    tables = _read_delimited(paths, settings)
    first = settings.text_columns[0]
    if first not in tables[0].columns or any(label in one.columns for one in tables):
        return None
    whole = _joined(paths, tables)
    labels = [path.stem for path, one in zip(paths, tables, strict=True) for _ in one.columns[first]]
    text = (
        f"{folder}: no table has a column `{label}`: each is a class, called as its file, "
        f"{listed(one.stem for one in paths)}."
    )
    content = whole.content.append_column(label, pa.array(labels, pa.string()))
    return replace(whole, content=content, remarks=[*whole.remarks, Remark("folder-form", text)])


def _of_delimited(patterns: Sequence[str], settings: DatasetSettings, split: str) -> Table:
    """Text files, read one after the other; they must have the same columns."""
    paths = files_of(patterns, split)
    return _joined(paths, _read_delimited(paths, settings))


def _read_delimited(paths: Sequence[Path], settings: DatasetSettings) -> list[delimited.TextTable]:
    text = settings.text_columns[0] if settings.values is None else None
    return [
        delimited.read_delimited(path, settings.label or "", text, settings.dialect, settings.columns)
        for path in paths
    ]


def _joined(paths: Sequence[Path], tables: Sequence[delimited.TextTable]) -> Table:
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


TABLES = (".csv", ".tsv")
OTHER_FILES = (
    ".parquet",
    ".json",
    ".jsonl",
    ".py",
    ".arrow",
    ".txt",
    ".yaml",
)  # a folder that `datasets` reads


def _columns(settings: DatasetSettings) -> list[tuple[str, str]]:
    """(setting, column) of all columns that must be there."""
    if settings.values is None:
        label = [("label", settings.label)] if settings.label else []
        return [*(("text", one) for one in settings.text_columns), *label]
    values = [settings.values] if isinstance(settings.values, str) else settings.values
    more = [("sequence", settings.sequence), ("step", settings.step)]
    return [
        *(("values", one) for one in values if not is_pattern(one)),
        *((key, one) for key, one in more if one),
        *([("label", settings.label)] if settings.label else []),
    ]
