"""How the rows of a delimited text are written: what separates fields, and what quotation marks mean."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SEPARATORS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}
TRIED = 200  # rows by which a separator is chosen
SAMPLE = 1_000_000  # characters of these
LONGEST_FIELD = 2**31 - 1
END = "\0hsvis: end of file\0"  # a row of its own, unless an open quote swallows it
ESCAPED = re.compile(r'(?<!\\)((?:\\\\)*)\\"')  # a quotation mark after a backslash


@dataclass(frozen=True)
class Dialect:
    """How a file was read.

    Attributes:
        encoding: as Python calls it.
        quote: the mark around fields that hold a separator; None = marks belong to the texts.
    """

    separator: str
    header: bool
    encoding: str
    quote: str | None = '"'


@dataclass(frozen=True)
class Row:
    """A row, and its lines of the file, from 1."""

    first: int
    last: int
    cells: list[str]


class OpenQuoteError(Exception):
    """A quotation mark opens in a line and never closes."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line


def rows_of(text: str, separator: str, quote: str | None, *, strict: bool = False) -> Iterator[Row]:
    """The rows of a text that are not blank.  Raises csv.Error, and OpenQuoteError at the end.

    `strict`: nothing may stand between a closing mark and the separator.
    """
    csv.field_size_limit(LONGEST_FIELD)  # for all of a process, as the module has it; never made less
    lines = io.StringIO(text if text.endswith(("\n", "\r")) else text + "\n", newline="")
    reader = (
        csv.reader(_with_end(lines), delimiter=separator, quotechar=quote, strict=strict)
        if quote
        else csv.reader(_with_end(lines), delimiter=separator, quoting=csv.QUOTE_NONE)
    )
    line = first = 0
    for cells in reader:
        first, line = line + 1, reader.line_num
        if cells == [END]:
            return
        if len(cells) > 1 or any(map(str.strip, cells)):
            yield Row(first, line, cells)
    raise OpenQuoteError(first)


def _with_end(lines: Iterator[str]) -> Iterator[str]:
    yield from lines
    yield END + "\n"


def find_separator(text: str, quotes: Sequence[str | None], wanted: Sequence[str], width: int | None) -> str:
    """That which cuts the first rows into the most equal ones, of two fields or more; else a comma.

    Args:
        quotes: marks that may be meant.
        wanted: names of columns; a separator by which the first row holds them all is the one.
        width: how many fields there are, where that is known.
    """
    found = []
    for separator in SEPARATORS:
        for quote in quotes:
            rows = first_rows(text, separator, quote)
            if not rows or len(rows[0]) < 2:
                continue
            like = sum(len(cells) == len(rows[0]) for cells in rows) / len(rows)
            named = {*wanted} <= {cell.strip() for cell in rows[0]} or len(rows[0]) == width
            found.append((named, like >= 0.9, like, len(rows), len(rows[0]), separator))
    return max(found)[-1] if found else ","


def first_rows(text: str, separator: str, quote: str | None) -> list[list[str]]:
    """The cells of the first TRIED rows."""
    rows: list[list[str]] = []
    try:
        for row in rows_of(text[:SAMPLE], separator, quote):
            rows.append(row.cells)
            if len(rows) == TRIED:
                break
    except (csv.Error, OpenQuoteError):
        pass
    return rows


def belong_to_texts(text: str, separator: str) -> bool:
    """Whether quotation marks are characters like others.

    So it is where every line has as many fields if they are, none of these fields is one that a writer of csv
    has quoted (a mark doubled inside, or in marks all cells of a column but in lines with an open mark), and
    one at least begins with a mark that does not close it.
    """
    width, lines, n_open = 0, 0, 0  # `lines`: those without an open mark
    wrapped: list[int] = []
    for line in io.StringIO(text, newline=None):
        if not line.strip():
            continue
        cells = line.rstrip("\n").split(separator)
        if not width:
            width, wrapped = len(cells), [0] * len(cells)
        if len(cells) != width:
            return False
        whole, is_open = [], False
        for k, cell in enumerate(cells):
            if not cell.startswith('"'):
                continue
            inside = cell[1:-1]
            if len(cell) < 2 or not cell.endswith('"') or inside.replace('""', "").count('"'):
                is_open = True
            elif inside.replace('""', "") != inside:
                return False
            else:
                whole.append(k)
        n_open += is_open
        lines += not is_open
        for k in whole if not is_open else ():
            wrapped[k] += 1
    return n_open > 0 and max(wrapped, default=0) < 0.9 * lines
