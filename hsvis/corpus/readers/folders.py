"""Folders whose folders are classes, a text a file; or whose files are classes, a text a line."""

import re
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from hsvis.corpus.readers.archives.singles import how_to_join
from hsvis.corpus.readers.text_files import decode_bytes, encoding_remark, read_bytes
from hsvis.errors import DataError
from hsvis.remarks import Remark, listed

UNLABELLED = re.compile(r"(?i)unsup|unlabell?ed|unlab")
DATA = {  # endings of files that are tables, archives or code, not a text each
    ".parquet", ".arrow", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".npz", ".npy",
    ".py", ".yaml", ".zip", ".gz",
}  # fmt: skip
_COMMON = re.compile(r"(?i)readme|licen[cs]e|notice|vocab|.*\.(?:md|feat|vocab|pdf|html?|py|yaml|json)$")


def split_folder(root: Path, split: str) -> Path | None:
    """The folder of a split: of its name, or in whose name it stands, as in `20news-bydate-train`."""
    there = _folders(root)
    exact = [one for one in there if one.name.lower() == split.lower()]
    like = [one for one in there if split.lower() in re.split("[^a-z]+", one.name.lower())]
    return next(iter(exact or like), None)


def is_of_classes(root: Path) -> bool:
    """Whether a folder holds classes, at once or in a folder for each split."""
    if any(one.suffix in DATA for one in _files(root)):
        return False
    return _has_classes(root) or any(_has_classes(one) for one in _folders(root))


def _has_classes(folder: Path) -> bool:
    return len(_classes(folder)) > 1


def read_folder(folder: Path, encoding: str | None = None) -> tuple[pa.Table, list[Remark]]:
    """Columns `text`, `label` and `file`, in the order of the files' names.

    Raises:
        DataError: there are not two classes, or a file is no text.
    """
    classes = _classes(folder)
    single = [one for one in classes.values() if one.is_file()]
    if hint := how_to_join(single or sorted(folder.glob("*.csv")) or sorted(folder.glob("*/*.csv"))):
        raise DataError(f"{folder}: {hint}")
    if len(classes) < 2:
        raise DataError(
            f"{folder}: has no two folders with a text a file, nor two files with a text a line; there are "
            f"{listed(sorted(one.name for one in folder.iterdir()))}. Name the folder that holds the classes."
        )
    texts, labels, names = [], [], []
    encodings: dict[str, int] = {}
    by_line = any(path.is_file() for path in classes.values())
    for label, path in classes.items():
        for file in [path] if path.is_file() else _texts(path):
            text, how = decode_bytes(read_bytes(file)[0], str(file), encoding)
            encodings[how] = encodings.get(how, 0) + 1
            rows = [one.strip() for one in text.split("\n") if one.strip()] if by_line else [text]
            texts += rows
            labels += [label] * len(rows)
            names += [file.relative_to(folder).as_posix()] * len(rows)
    form = (
        "file is a class and each of its lines a text"
        if by_line
        else "folder is a class and each file a text"
    )
    remarks = [Remark("folder-form", f"{folder}: each {form}: {listed(classes)}.")]
    beside = [one.name for one in _folders(folder) if one not in classes.values() and one.name[0] not in "._"]
    if not by_line:
        beside += [one.name for one in _files(folder)]
    if beside:
        remarks.append(Remark("not-read", f"{folder}: {listed(beside)} in it is no class, and is not read."))
    for how, count in encodings.items():
        if encoding is None and (said := encoding_remark(str(folder), how, f"{count:,} of its files are")):
            remarks.append(said)
    return pa.table({"text": texts, "label": labels, "file": names}), remarks


def _classes(folder: Path) -> dict[str, Path]:
    """Class -> its folder, or its file."""
    found = {one.name: one for one in _folders(folder) if not UNLABELLED.match(one.name) and any(_texts(one))}
    if found:
        return found
    files = [one for one in _files(folder) if not _COMMON.match(one.name) and one.suffix not in DATA]
    stems, endings = {one.stem for one in files}, {one.suffix for one in files}
    if len(files) > 1 and len(stems) == 1:  # rt-polarity.pos and rt-polarity.neg
        return {one.suffix[1:]: one for one in files}
    if (
        len(files) > 1
        and endings == {".txt"}
        and not any(re.search("(?i)train|test|valid", one) for one in stems)
    ):
        return {one.stem: one for one in files}
    return {}


def _folders(folder: Path) -> list[Path]:
    return sorted(one for one in folder.iterdir() if one.is_dir() and one.name[0] not in "._")


def _files(folder: Path) -> list[Path]:
    return sorted(one for one in folder.iterdir() if one.is_file() and one.name[0] != ".")


def _texts(folder: Path) -> Sequence[Path]:
    """All files in a folder of a class that may be texts, at any depth."""
    return sorted(
        one
        for one in folder.rglob("*")
        if one.is_file()
        and one.suffix not in DATA
        and not any(part[0] == "." for part in one.relative_to(folder).parts)
    )
