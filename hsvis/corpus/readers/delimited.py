"""Text files of rows and separated fields (csv): each row whole, or named by its line.

Everything is read as text, and only an empty cell is missing: `None`, `NA` and `007` are what they are.
"""

import bz2
import codecs
import csv
import gzip
import io
import lzma
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hsvis.errors import DataError
from hsvis.remarks import Remark, listed

SEPARATORS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}
OPENERS: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
TRIED = 200  # rows by which a separator is chosen
MOST_BAD = 0.01  # share of rows of another width up to which they are left out
TOLD = 5  # lines that a message names
LONGEST_FIELD = 2**31 - 1
_END = "\0hsvis: end of file\0"  # a row of its own, unless an open quote swallows it


@dataclass(frozen=True)
class Dialect:
    """How a file was read.  `encoding` as Python calls it."""

    separator: str
    header: bool
    encoding: str


@dataclass(frozen=True)
class TextTable:
    """Rows of a file.

    Attributes:
        columns: name -> R cells; None where a cell is empty.
        left_out: reason -> rows of the file that are not among them.
    """

    columns: dict[str, list[str | None]]
    dialect: Dialect
    left_out: dict[str, int] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)


@dataclass(frozen=True)
class _Row:
    first: int  # line of the file, from 1
    last: int
    cells: list[str]


def read_delimited(path: Path, label: str) -> TextTable:
    """A csv file: separator and encoding are found out.

    Args:
        label: the column of the labels, by which an open quote is recognised.

    Raises:
        DataError: it can't be read, is empty, has a quotation mark that never closes, no names of columns, or
            too many rows that are wider or narrower than its header.
    """
    text, encoding = decode(path)
    remarks = [] if encoding.startswith("utf-8") else [_encoding_remark(path, encoding)]
    separator = _separator(path, text)
    if separator != ",":
        remarks.append(
            Remark("separator", f"{path.name}: fields are separated by a {SEPARATORS[separator]}.")
        )
    rows = list(_rows(path, text, separator))
    if not rows:
        raise DataError(f"{path}: the file is empty. Name another in `dataset.data_files`.")
    head, *rows = rows
    names = [name.strip() for name in head.cells]
    swallowed = list(_open_quotes(path, names, label, rows, separator))
    rows, left_out, more = _of_one_width(path, names, rows)
    remarks += [*more, *swallowed]
    doubled = [name for name, count in Counter(names).items() if count > 1 and name]
    if doubled:
        raise DataError(f"{path}, line 1: the header names {listed(doubled)} twice. Give each column a name.")
    columns = {
        name: [row.cells[k] if row.cells[k] != "" else None for row in rows] for k, name in enumerate(names)
    }
    return TextTable(columns, Dialect(separator, True, encoding), left_out, remarks)


def decode(path: Path) -> tuple[str, str]:
    """The characters of a file, and how they are written: by its mark, else UTF-8, else Windows-1252.

    Raises:
        DataError: it can't be read, or is no text.
    """
    try:
        with OPENERS.get(path.suffix, open)(path, "rb") as file:
            data = file.read()
    except (OSError, EOFError, lzma.LZMAError) as error:
        why = getattr(error, "strerror", None) or error
        raise DataError(f"{path}: can't be read ({why}). Check `dataset.data_files`.") from error
    marks = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
    marked = next((name for mark, name in marks if data.startswith(mark)), None)
    for encoding in [marked] if marked else ["utf-8", "cp1252"]:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text.removeprefix("\ufeff"), encoding
    raise DataError(
        f"{path}: is no text in UTF-8, UTF-16 or Windows-1252. Save it as UTF-8, or set `dataset.path` to "
        "what "
        "the file is."
    )


def _encoding_remark(path: Path, encoding: str) -> Remark:
    name = {"utf-16": "UTF-16, by its mark", "cp1252": "Windows-1252, as it is no UTF-8"}[encoding]
    return Remark("encoding", f"{path.name}: the characters are read as {name}.")


def _separator(path: Path, text: str) -> str:
    """That which cuts the first rows into the most equal ones, of two fields or more; else a comma."""
    found = []
    for separator in SEPARATORS:
        widths = []
        for row in _rows(path, text[:1_000_000], separator, whole=False):
            widths.append(len(row.cells))
            if len(widths) == TRIED:
                break
        if widths and widths[0] > 1:
            like = sum(width == widths[0] for width in widths) / len(widths)
            found.append((like, widths[0], separator))
    return max(found, key=lambda one: (one[0] >= 0.9, one[0], one[1]))[2] if found else ","


def _rows(path: Path, text: str, separator: str, *, whole: bool = True) -> Iterator[_Row]:
    """The rows of a file that are not blank.  `whole`: that the last quotation mark closes is required."""
    csv.field_size_limit(LONGEST_FIELD)  # for all of a process, as the module has it; never made less
    lines = io.StringIO(text if text.endswith(("\n", "\r")) else text + "\n", newline="")
    reader = csv.reader(_with_end(lines), delimiter=separator)
    line = 0
    try:
        for cells in reader:
            first, line = line + 1, reader.line_num
            if cells == [_END]:
                return
            if len(cells) > 1 or any(map(str.strip, cells)):
                yield _Row(first, line, cells)
    except csv.Error as error:
        if whole:
            raise DataError(f"{path}, line {reader.line_num}: can't be read ({error}).") from error
    if whole:
        raise DataError(
            f"{path}, line {first}: a quotation mark opens there that never closes, so that all lines "
            "after it "
            'are one field. Close it, or double it (`""`) where it belongs to the text.'
        )


def _with_end(lines: Iterator[str]) -> Iterator[str]:
    yield from lines
    yield _END + "\n"


def _of_one_width(
    path: Path, names: list[str], rows: list[_Row]
) -> tuple[list[_Row], dict[str, int], list[Remark]]:
    """Rows as wide as the header, and what was done with the others."""
    width, left_out, remarks = len(names), {}, []
    if any(len(row.cells) > width and not any(row.cells[width:]) for row in rows):
        rows = [
            row if any(row.cells[width:]) else _Row(row.first, row.last, row.cells[:width]) for row in rows
        ]
        text = f"{path.name}: rows end in a separator; the empty field after it was left out."
        remarks.append(Remark("trailing-separator", text))
    again = [row for row in rows if row.cells == names and width > 1]
    if again:
        lines = ", ".join(f"{row.first:,}" for row in again[:TOLD])
        remarks.append(
            Remark(
                "header-again",
                f"{path}, line {lines}: the header stands there again and was left out; files seem to have "
                "been "
                "put one after the other. Check that their columns are in one order.",
            )
        )
        left_out["header"] = len(again)
        rows = [row for row in rows if row.cells != names]
    moved = next((row for row in rows if width > 1 and sorted(row.cells) == sorted(names)), None)
    if moved is not None:
        raise DataError(
            f"{path}, line {moved.first}: there is another header, with the columns in another order "
            f"({listed(moved.cells)}). Put the files into one order before they are joined."
        )
    bad = [row for row in rows if len(row.cells) != width]
    if bad:
        told = "; ".join(f"line {row.first:,} has {len(row.cells)}" for row in bad[:TOLD])
        more = f"; and {len(bad) - TOLD:,} more lines" if len(bad) > TOLD else ""
        remedy = "Quote fields that hold the separator or a line break, or correct the lines."
        text = f"{path}: the header has {width} fields, but {told}{more}."
        n_lines = sum(row.last - row.first + 1 for row in bad)
        if n_lines > MOST_BAD * len(rows):
            raise DataError(f"{text} {remedy}")
        remarks.append(Remark("bad-lines", f"{text} They were left out. {remedy}"))
        left_out["fields"] = n_lines
        rows = [row for row in rows if len(row.cells) == width]
    return rows, left_out, remarks


def _open_quotes(
    path: Path, names: Sequence[str], label: str, rows: Sequence[_Row], separator: str
) -> Iterator[Remark]:
    """Rows in which lines stand that would be rows of their own, with a label that others have."""
    if label not in names:
        return
    place = names.index(label)
    long = [row for row in rows if row.last > row.first]
    if not long:
        return
    labels = Counter(
        row.cells[place] for row in rows if row.last == row.first and len(row.cells) == len(names)
    )
    swallowing, lines = [], 0
    for row in long:
        inside = [line for cell in row.cells if "\n" in cell or "\r" in cell for line in cell.splitlines()]
        like_rows = sum(_ends_as_a_row(line, place, len(names), labels, separator) for line in inside)
        if like_rows:
            swallowing.append(row)
            lines += like_rows
    if swallowing:
        told = ", ".join(f"{row.first:,} to {row.last:,}" for row in swallowing[:TOLD])
        yield Remark(
            "open-quote",
            f"{path}, lines {told}: a quotation mark opens there and about {lines:,} lines with labels of "
            "their own "
            f"are read as one field ({rows[-1].last if rows else 0:,} lines, {len(rows):,} rows). Close the "
            'quotation mark, or double it (`""`) where it belongs to the text.',
        )


def _ends_as_a_row(line: str, place: int, width: int, labels: Counter[str], separator: str) -> bool:
    cells = line.split(separator)
    if len(cells) < width:
        return False
    cell = cells[place] if place < width - 1 else cells[-1]
    return labels[cell.strip().strip('"')] > 0
