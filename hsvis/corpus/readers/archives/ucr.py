"""Rows of numbers without a header, as the UCR archive has them: a row is a sequence, with its label.

Several files with a value for each step in each, and one with the labels, are a feature each (UCI HAR).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hsvis.config import DatasetSettings
from hsvis.corpus.readers.archives.archive import Archive, join_parts, numbers_of
from hsvis.corpus.readers.archives.blocks import are_blocks, read_blocks
from hsvis.corpus.readers.text_files import decode
from hsvis.corpus.series.cells import NOTHING, is_numeric
from hsvis.errors import DataError
from hsvis.remarks import Remark, shorten

SEPARATORS = {"\t": "tabs", ",": "commas", ";": "semicolons", None: "spaces"}


@dataclass(frozen=True)
class _Rows:
    path: Path
    separator: str | None
    lines: list[int]  # of the file, from 1
    cells: list[list[str]]
    said: list[Remark]  # of how its characters are read

    @property
    def are_labels(self) -> bool:
        return all(len(one) == 1 for one in self.cells)


def read(paths: list[Path], settings: DatasetSettings) -> Archive:
    """The sequences of a split.

    Raises:
        DataError: a cell is no number, no column is one of labels, or files of other numbers of rows.
    """
    if are_blocks(paths[0]):
        return read_blocks(paths)
    files = [_rows(path) for path in paths]
    labels = [one for one in files if one.are_labels]
    if len(files) > 1 and labels:
        return _channels([one for one in files if not one.are_labels], labels)
    return join_parts(paths, [_labelled(one, settings) for one in files])


def _rows(path: Path) -> _Rows:
    text, _, said = decode(path)
    lines = [(number, line.strip("\r\n ")) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        raise DataError(f"{path}: the file is empty. Name another in `dataset.data_files`.")
    first = lines[0][1]
    if first.startswith(("@", "#", "%")):
        raise DataError(
            f"{path}: begins with `{shorten(first)}`, as .ts and .arff files do. Set `dataset.path: ts`, or "
            "`arff`."
        )
    separator = next((one for one in ("\t", ";", ",") if one in first), None)
    cells = [[cell.strip() for cell in line.split(separator)] for _, line in lines]
    if len(cells[0]) > 3 and not any(is_numeric(one) or one.lower() in NOTHING for one in cells[0]):
        raise DataError(
            f"{path}, line 1: holds names (`{shorten(cells[0][0])}`, `{shorten(cells[0][1])}`, …), not "
            "numbers. A file with a header is `path: csv` with the columns of the steps, such as "
            "`values: t*`."
        )
    return _Rows(path, separator, [number for number, _ in lines], cells, said)


def _labelled(rows: _Rows, settings: DatasetSettings) -> Archive:
    at = _label_place(rows, settings)
    labels = _plain([one[at] for one in rows.cells])
    kept = slice(1, None) if at == 0 else slice(None, -1)
    sequences = _numbers(rows, kept)
    lengths = sorted({len(one) for one in sequences})
    steps = f"{lengths[0]:,}" if len(lengths) == 1 else f"{lengths[0]:,} to {lengths[-1]:,}"
    text = (
        f"{rows.path.name}: a row is a sequence of {steps} values, between {SEPARATORS[rows.separator]}; "
        f"its {'first' if at == 0 else 'last'} column is the label."
    )
    return Archive(str(rows.path), sequences, labels, remarks=[*rows.said, Remark("series-form", text)])


def _label_place(rows: _Rows, settings: DatasetSettings) -> int:
    """0 where the label is the first cell of each row, -1 where it is the last."""
    places = {"first": 0, "last": -1}
    if settings.label in places:
        return places[settings.label]
    columns = {name: [one[at] for one in rows.cells] for name, at in places.items()}
    fitting = [name for name, cells in columns.items() if _are_labels(cells)]
    if not fitting or rows.are_labels:
        raise DataError(
            f"{rows.path}: neither the first nor the last column holds labels (whole numbers or names). Set "
            "`dataset.label` to `first` or `last`; where labels are in another file, name both in "
            "`dataset.data_files`: [values.txt, labels.txt]."
        )
    different = {name: len(set(cells)) for name, cells in columns.items()}
    if len(fitting) == 2 and different["last"] <= different["first"]:
        raise DataError(
            f"{rows.path}: the first column ({different['first']:,} different values) and the last "
            f"({different['last']:,}) may both be the label. Set `dataset.label` to `first` or `last`."
        )
    return places[fitting[0]]


def _are_labels(cells: Sequence[str]) -> bool:
    if any(cell.lower() in NOTHING for cell in cells):
        return False
    numeric = [is_numeric(cell) for cell in cells]
    return all(float(cell).is_integer() for cell in cells) if all(numeric) else not any(numeric)


def _plain(cells: Sequence[str]) -> list[str | None]:
    """`1.0000000e+00` as `1`; names as they are; nothing as None."""
    return [
        None
        if cell.lower() in NOTHING
        else str(int(float(cell)))
        if is_numeric(cell) and float(cell).is_integer()
        else cell
        for cell in cells
    ]


def _numbers(rows: _Rows, kept: slice) -> list[np.ndarray]:
    """(T, 1) float32 of each row."""
    return [
        numbers_of(cells[kept], rows.path, line)[:, None]
        for line, cells in zip(rows.lines, rows.cells, strict=True)
    ]


def _channels(files: list[_Rows], labels: list[_Rows]) -> Archive:
    if len(labels) > 1 or not files:
        names = ", ".join(str(one.path) for one in labels)
        raise DataError(
            f"{names}: have one value in each row, as files of labels have. Needed are files of values, and "
            "one of labels."
        )
    count = len(labels[0].cells)
    parts = [_numbers(one, slice(None)) for one in files]
    for one, sequences in zip(files, parts, strict=True):
        if len(sequences) != count:
            raise DataError(
                f"{one.path}: has {len(sequences):,} rows, but {labels[0].path} {count:,} labels. All files "
                "of a split need the same rows."
            )
    joined = []
    for k, together in enumerate(zip(*parts, strict=True)):
        steps = [len(one) for one in together]
        if len(set(steps)) > 1:
            other = next(j for j, n in enumerate(steps) if n != steps[0])
            raise DataError(
                f"{files[other].path}, line {files[other].lines[k]}: has {steps[other]} values, but "
                f"{files[0].path} {steps[0]}. All features of a sequence need the same steps."
            )
        joined.append(np.concatenate(together, 1))
    features = tuple(re.sub(r"[-_. ]?(train|test)$", "", one.path.stem, flags=re.I) for one in files)
    text = (
        f"a row of each of {', '.join(one.path.name for one in files)} is a sequence"
        f"{', each file a feature' if len(files) > 1 else ''}; the labels are in {labels[0].path.name}."
    )
    return Archive(
        ", ".join(str(one.path) for one in files), joined, _plain([one[0] for one in labels[0].cells]),
        features=features if len(files) > 1 and len(set(features)) == len(features) else None,
        remarks=[*(one for rows in (*files, *labels) for one in rows.said), Remark("series-form", text)],
    )  # fmt: skip
