"""Sequences as blocks of lines, a step a line, with empty lines between them; labels in a file beside it.

UCI's Japanese vowels are such files: `ae.train`, and `size_ae.train` with the number of blocks of each class.
"""

import re
from pathlib import Path

import numpy as np

from hsvis.corpus.readers.archives.archive import Archive, numbers_of
from hsvis.corpus.readers.text_files import decode
from hsvis.corpus.series.cells import is_numeric
from hsvis.errors import DataError
from hsvis.remarks import Remark

_EMPTY = re.compile(r"(?:\r?\n[ \t]*){2,}")


def are_blocks(path: Path) -> bool:
    """Whether a file is of numbers, several in each line, with an empty line between some lines."""
    text = decode(path)[0].strip()
    blocks = _EMPTY.split(text) if _EMPTY.search(text) else []
    cells = [line.split() for one in blocks for line in one.split("\n")]
    return (
        1 < len(blocks) < len(cells)  # else a row is a sequence
        and len({len(one) for one in cells}) == 1
        and len(cells[0]) > 1
        and all(map(is_numeric, cells[0] + cells[-1]))
    )


def read_blocks(paths: list[Path]) -> Archive:
    """The sequences of a split, of a file of blocks and one of labels.

    The second file has a label for each block, or how many blocks, one class after the other, there are of
    each of the classes, which are then called 1, 2, ….

    Raises:
        DataError: there are not two files, a cell is no number, or the second file fits in neither way.
    """
    path, *others = paths
    text, _, said = decode(path)
    sequences, block = [], list[np.ndarray]()
    for number, line in enumerate([*text.split("\n"), ""], 1):
        cells = line.split()
        if cells:
            block.append(numbers_of(cells, path, number))
        elif block:
            sequences.append(np.stack(block))
            block = []
    count = len(sequences)
    if len(others) != 1:
        raise DataError(
            f"{path}: holds {count:,} blocks of lines, a sequence each, and no labels. Name a second file in "
            "`dataset.data_files` with a label for each of them, or with the number of blocks of each class "
            f"in their order: `[{path.name}, size_{path.name}]`."
        )
    labels, how = _labels(others[0], count, path)
    told = (
        f"{path.name}: a sequence is a block of lines, a step each, of {sequences[0].shape[1]} values; "
        f"there are {count:,}. {how}"
    )
    return Archive(f"{path}, {others[0]}", sequences, labels, remarks=[*said, Remark("series-form", told)])


def _labels(path: Path, count: int, values: Path) -> tuple[list[str | None], str]:
    """A label for each of so many blocks, and how the file says them."""
    text, _, _ = decode(path)
    cells = text.split()
    if len(cells) == count:
        return list(cells), f"{path.name} has the label of each."
    sizes = [int(one) for one in cells if one.isdigit()]
    if len(sizes) == len(cells) and sum(sizes) == count:
        labels: list[str | None] = [str(k) for k, size in enumerate(sizes, 1) for _ in range(size)]
        return labels, f"{path.name} has how many there are of each class, 1 to {len(sizes)}, in this order."
    raise DataError(
        f"{path}: has {len(cells):,} entries, which are neither a label for each of the {count:,} blocks of "
        f"{values} nor numbers of blocks that sum to {count:,}. Correct it, or name another file."
    )
