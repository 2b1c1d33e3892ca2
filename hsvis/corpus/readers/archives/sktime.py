"""Files of the UEA and UCR archives in the .ts form of sktime and aeon."""

from pathlib import Path

import numpy as np

from hsvis.config import DatasetSettings
from hsvis.corpus.readers.archives.archive import Archive, join_parts, numbers_of, split_cells
from hsvis.corpus.readers.text_files import decode
from hsvis.corpus.series.cells import NOTHING
from hsvis.errors import DataError
from hsvis.remarks import Remark, shorten


def read(paths: list[Path], settings: DatasetSettings) -> Archive:
    """The sequences of a split; several files stand one after the other.

    Raises:
        DataError: a line that is something else, time stamps, or numbers in place of classes.
    """
    return join_parts(paths, [_read_one(path) for path in paths])


def _read_one(path: Path) -> Archive:
    content, _, said = decode(path)
    lines = [(n, line.strip()) for n, line in enumerate(content.split("\n"), 1)]
    lines = [(n, line) for n, line in lines if line and not line.startswith(("#", "%"))]
    header: dict[str, list[str]] = {}
    begin = next((k for k, (_, line) in enumerate(lines) if line.lower() == "@data"), None)
    if begin is None:
        raise DataError(
            f"{path}: there is no line `@data`, as .ts files have. Set `dataset.path` to what the file is, "
            "such as `ucr` for rows of numbers."
        )
    for _, line in lines[:begin]:
        key, *words = line.removeprefix("@").split()
        header[key.lower()] = words
    if any(key.startswith("attribute") for key in header):
        raise DataError(f"{path}: is an .arff file (`@attribute`). Set `dataset.path: arff`.")
    rows = lines[begin + 1 :]
    if _is_true(header, "timestamps") or (rows and rows[0][1].startswith("(")):
        raise DataError(
            f"{path}: has time stamps, `(t,v)`, which are not read. Write a row for each step by "
            "`sktime.datasets.load_from_tsfile(FILE, return_data_type='pd-multiindex')`, join the labels, "
            "save it by `to_csv`, and set `path: csv` with `values`, `sequence` and `step`."
        )
    if _is_true(header, "targetlabel"):
        raise DataError(f"{path}: holds numbers to predict (`@targetLabel`), not classes.")
    labelled = _is_true(header, "classlabel")
    names = tuple(header.get("classlabel", [])[1:])
    sequences: list[np.ndarray] = []
    labels: list[str | None] = []
    dimensions = None
    for number, line in rows:
        parts = [one.strip() for one in line.split(":")]
        label = parts.pop() if labelled else None
        if label not in names and (not label or label.lower() in NOTHING):
            label = None
        if label is not None and names and label not in names:
            raise DataError(
                f"{path}, line {number}: the label is `{shorten(label)}`, which `@classLabel` does not name. "
                "Correct one of the two."
            )
        dimensions = dimensions or len(parts)
        if len(parts) != dimensions:
            raise DataError(
                f"{path}, line {number}: has {len(parts)} dimensions, the first row {dimensions}."
            )
        values = [numbers_of(split_cells(one), path, number) for one in parts]
        if len({len(one) for one in values}) > 1:
            raise DataError(
                f"{path}, line {number}: the dimensions have {', '.join(str(len(one)) for one in values)} "
                "values. All features of a sequence need the same steps: pad the shorter ones with `?` and "
                "set `dataset.missing`."
            )
        sequences.append(np.stack(values, 1))
        labels.append(label)
    name = " ".join(header.get("problemname", [])) or path.stem
    text = (
        f"{path.name}: `{shorten(name)}`, a line is a sequence of {dimensions or 0} "
        f"dimension{'' if dimensions == 1 else 's'}"
        + (", the label is its last part." if labelled else ", without labels.")
    )
    remarks = [*said, Remark("series-form", text)]
    return Archive(str(path), sequences, labels, names or None, remarks=remarks)


def _is_true(header: dict[str, list[str]], key: str) -> bool:
    return [one.lower() for one in header.get(key, [])[:1]] == ["true"]
