"""Weka's .arff files as the UCR and UEA archives have them: a row is a sequence."""

import re
from pathlib import Path

import numpy as np

from hsvis.config import DatasetSettings
from hsvis.corpus.readers.archives.archive import Archive, join_parts, numbers_of, split_cells
from hsvis.corpus.readers.text_files import decode
from hsvis.errors import DataError
from hsvis.remarks import Remark, listed, shorten

_ATTRIBUTE = re.compile(r"@attribute\s+('[^']*'|\"[^\"]*\"|\S+)\s+(.*)", re.I)
_NUMERIC = ("numeric", "real", "integer")
_CELL = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|([^,]*)")


def read(paths: list[Path], settings: DatasetSettings) -> Archive:
    """The sequences of a split; several files stand one after the other.

    Raises:
        DataError: attributes that are no series, a line that is something else.
    """
    return join_parts(paths, [_read_one(path) for path in paths])


def _read_one(path: Path) -> Archive:
    content, _, said = decode(path)
    lines = [(n, line.strip()) for n, line in enumerate(content.split("\n"), 1)]
    lines = [(n, line) for n, line in lines if line and not line.startswith("%")]
    begin = next((k for k, (_, line) in enumerate(lines) if line.lower() == "@data"), None)
    if begin is None:
        raise DataError(f"{path}: there is no line `@data`, as .arff files have. Check `dataset.path`.")
    numeric, relational, names, place = _header(path, [line for _, line in lines[:begin]])
    sequences: list[np.ndarray] = []
    labels: list[str | None] = []
    for number, line in lines[begin + 1 :]:
        if line.startswith("{"):
            raise DataError(
                f"{path}, line {number}: is sparse (`{{…}}`), which is not read. Write it as csv."
            )
        cells = _cells(line) if "'" in line or '"' in line else line.split(",")
        if len(cells) != (2 if relational else numeric + 1):
            wanted = "a series and a label" if relational else f"{numeric + 1:,} values"
            raise DataError(f"{path}, line {number}: has {len(cells):,} cells, not {wanted}.")
        label = cells.pop(place).strip().strip("'\"")
        rows = re.split(r"\\n|\n", cells[0]) if relational else [",".join(cells)]
        values = [numbers_of(split_cells(one), path, number) for one in rows]
        if len({len(one) for one in values}) > 1:
            raise DataError(f"{path}, line {number}: the dimensions have different numbers of steps.")
        sequences.append(np.stack(values, 1))
        labels.append(None if label == "?" else label)
        if labels[-1] is not None and labels[-1] not in names:
            raise DataError(
                f"{path}, line {number}: the label `{shorten(label)}` is none of {listed(names)}."
            )
    how = "each line of a cell is a dimension" if relational else f"{numeric:,} attributes are the steps"
    text = f"{path.name}: a row is a sequence, {how}; the nominal attribute is the label."
    remarks = [*said, Remark("series-form", text)]
    return Archive(str(path), sequences, labels, tuple(names), remarks=remarks)


def _header(path: Path, lines: list[str]) -> tuple[int, bool, list[str], int]:
    """Numeric attributes, whether the series is a relational one, names of classes, the label's place."""
    numeric, relational, inside, place = 0, False, False, 0
    names: list[str] = []
    for line in lines:
        if line.lower().startswith("@end"):
            inside = False
            continue
        found = _ATTRIBUTE.match(line)
        if not found or inside:
            continue
        kind = found[2].strip()
        if kind.lower() == "relational":
            relational = inside = True
        elif kind.startswith("{") and not names:
            names = [one.strip().strip("'\"") for one in kind.strip("{}").split(",")]
            place = 0 if not (numeric or relational) else -1
        elif kind.split()[0].lower() in _NUMERIC and not (names and place == -1):
            numeric += 1
        else:
            raise DataError(
                f"{path}: the attribute {found[1]} is `{shorten(kind)}`. Read are numbers or one relational "
                "attribute, and one nominal attribute that is the label, first or last; write others as csv."
            )
    if not names or bool(numeric) == relational:
        raise DataError(
            f"{path}: there is no {'nominal attribute for the label' if not names else 'single series'}. "
            "Read are numbers or one relational attribute, and a nominal one, `{a,b}`; write others as csv."
        )
    return numeric, relational, names, place


def _cells(line: str) -> list[str]:
    """A row whose cells may be quoted."""
    cells, at = [], 0
    while at <= len(line):
        found = _CELL.match(line, at)
        assert found is not None
        cells.append(next(one for one in found.groups() if one is not None))
        at = line.find(",", found.end())
        if at < 0:
            break
        at += 1
    return cells
