"""Cells of tables -> numbers: of columns of numbers, of text that is numbers, and lists written as text."""

import csv
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hsvis.errors import DataError
from hsvis.remarks import Remark, listed, shorten

NOTHING = frozenset({"", "?", "na", "n/a", "nan", "null", "none", "-", "--", "missing"})  # in lower case


@dataclass(frozen=True)
class Places:
    """Where the cells of a table stand, for messages.

    Attributes:
        source: what the table is called.
        files: that it was read from, where these are text.
        separator, encoding: of these.
    """

    source: str
    files: tuple[Path, ...] = ()
    separator: str = ","
    encoding: str = "utf-8"

    def of(self, column: str, row: int, cell: str) -> str:
        """A cell's file and line, else its row."""
        for path in self.files:
            try:
                with path.open(encoding=self.encoding, newline="") as file:
                    reader = csv.reader(file, delimiter=self.separator)
                    names = [one.strip() for one in next(reader)]
                    at = names.index(column)
                    for cells in reader:
                        if len(cells) > at and cells[at].strip() == cell.strip():
                            return f"{path}, line {reader.line_num}, column `{shorten(column)}`"
            except (OSError, ValueError, csv.Error, StopIteration):
                continue
        return f"{self.source}, row {row}, column `{shorten(column)}`"


def numbers_of(
    column: pa.ChunkedArray | pa.Array, name: str, places: Places, missing: str
) -> tuple[np.ndarray, list[Remark]]:
    """A column as (n,) float32, NaN where a value is missing.

    Args:
        missing: `dataset.missing`; unless it is `refuse`, what many programs write for “no value” is such.

    Raises:
        DataError: a cell is no number.
    """
    values = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    where = f"{places.source}, column `{shorten(name)}`"
    if is_text(values.type):  # of a file whose cells all are text
        return _of_texts(values, name, places, missing)
    if not is_number(values.type):
        raise DataError(
            f"{where} holds {values.type}, not numbers. Set `dataset.values` to columns of numbers."
        )
    return values.cast(pa.float32(), safe=False).to_numpy(zero_copy_only=False), []


def _of_texts(values: pa.Array, name: str, places: Places, missing: str) -> tuple[np.ndarray, list[Remark]]:
    try:
        return pc.utf8_trim_whitespace(values).cast(pa.float32()).to_numpy(zero_copy_only=False), []
    except pa.ArrowInvalid:
        pass
    cells = values.to_pylist()
    read = np.full(len(cells), np.nan, np.float32)
    nothing: dict[str, int] = {}
    for row, cell in enumerate(cells):
        if cell is None:
            continue
        if is_numeric(cell):
            read[row] = float(cell)
        elif missing != "refuse" and cell.strip().lower() in NOTHING:
            nothing[cell] = nothing.get(cell, 0) + 1
        else:
            remedy = (
                "If it means that a value is missing, say by `dataset.missing` what becomes of such values; "
                if cell.strip().lower() in NOTHING
                else ""
            )
            raise DataError(
                f"{places.of(name, row, cell)} holds `{shorten(cell)}`, not numbers. {remedy}"
                f"{'else correct it, or s' if remedy else 'S'}et `dataset.values` to columns of numbers."
            )
    if not nothing:
        return read, []
    text = f"{places.source}, column `{shorten(name)}`: {listed(nothing)} means that a value is missing."
    return read, [Remark("missing-marks", f"{text} It stands there {sum(nothing.values()):,} times.")]


def is_numeric(text: str) -> bool:
    """Whether a text is one finite number."""
    try:
        return math.isfinite(float(text)) and "_" not in text
    except ValueError:
        return False


def is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)


def is_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


def lists_of(column: pa.ChunkedArray, name: str, places: Places) -> pa.Array:
    """Lists of numbers that are written as text, such as `[0.1, 0.2]`, `0.1 0.2` or `[[1, 2], [3, 4]]`.

    Raises:
        DataError: a cell is something else, or each of all cells is one number.
    """
    cells = column.to_pylist()
    read: list[Any] = []
    for row, cell in enumerate(cells):
        if cell is None or not cell.strip():
            read.append([])
            continue
        try:
            read.append(parse_list(cell))
        except ValueError as error:
            raise DataError(
                f"{places.of(name, row, cell)} holds `{shorten(cell)}`, not a list of numbers ({error}). "
                "Write `[0.1, 0.2]`, or `[[1, 2], [3, 4]]` where a step has several values; or set "
                "`dataset.values` to the column of the series."
            ) from error
    if read and all(len(one) <= 1 for one in read) and all(is_numeric(c) for c in cells if c):
        raise DataError(
            f"{places.source}, column `{shorten(name)}` holds one number in each row, not lists of numbers. "
            "Where each step is a row, set `dataset.sequence` too; where each step is a column, name "
            "the columns by a pattern, such as `values: t*`."
        )
    nested = [one for one in read if one and isinstance(one[0], list)]
    if nested and len(nested) < sum(bool(one) for one in read):
        row = next(k for k, one in enumerate(read) if one and not isinstance(one[0], list))
        raise DataError(
            f"{places.of(name, row, cells[row])}: the steps are single numbers, where other rows have a list "
            "for each step. Write all rows in one way."
        )
    return pa.array(read, pa.list_(pa.list_(pa.float64()) if nested else pa.float64()))


_BETWEEN = re.compile(r"\s*[,\s|]\s*")
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")


def parse_list(text: str) -> list[Any]:
    """A list of numbers, or of lists of numbers, that is written as text; what is missing is NaN.

    Raises:
        ValueError: it is something else.
    """
    text = text.strip()
    if "..." in text or "…" in text:
        raise ValueError("it was shortened when it was printed, and the numbers are lost")
    text = re.sub(
        r"^(?:np\.|numpy\.)?(?:array|tensor)\((.*?)(?:,\s*d?type=[^)]*)?\)$", r"\1", text, flags=re.S
    )
    text = text.replace("(", "[").replace(")", "]").replace("{", "[").replace("}", "]")
    if text.startswith("[") != text.endswith("]"):
        raise ValueError("a bracket is open")
    inner = text[1:-1].strip() if text.startswith("[") else text
    if "[" in inner:
        rows = re.findall(r"\[([^\[\]]*)\]", inner)
        if re.sub(r"\[[^\[\]]*\]|[\s,;]", "", inner):
            raise ValueError("brackets within brackets, or something between them")
        return [_flat(row) for row in rows]
    if ";" not in inner:
        return _flat(inner)
    parts = [part.strip() for part in inner.strip().removesuffix(";").split(";")]
    if any(_BETWEEN.search(part) for part in parts):
        if any(_DECIMAL_COMMA.fullmatch(part) for part in parts):
            raise ValueError("a comma may be a decimal one there, or separate two values of a step")
        return [_flat(part) for part in parts]
    return [_value(part) for part in parts]


def _flat(text: str) -> list[float]:
    text = text.strip().removesuffix(",").strip()
    return [_value(part) for part in _BETWEEN.split(text)] if text else []


def _value(text: str) -> float:
    if text.lower() in NOTHING - {""}:
        return math.nan
    if not text:
        raise ValueError("a number is missing between two separators; write NaN for it")
    try:
        if "_" not in text:
            return float(text)
    except ValueError:
        pass
    raise ValueError(f"`{shorten(text)}` is no number")
