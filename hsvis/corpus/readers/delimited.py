"""Text files of rows and separated fields (csv): each row whole, or named by its line.

Everything is read as text, and only an empty cell is missing: `None`, `NA` and `007` are what they are.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hsvis.config import DialectSettings
from hsvis.corpus.readers import dialects, headers
from hsvis.corpus.readers.dialects import SEPARATORS, Dialect, OpenQuoteError, Row
from hsvis.corpus.readers.text_files import decode
from hsvis.errors import DataError
from hsvis.remarks import Remark, listed

MOST_BAD = 0.01  # share of rows of another width up to which they are left out
TOLD = 5  # lines that a message names


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


def read_delimited(
    path: Path,
    label: str,
    text: str | None = None,
    given: DialectSettings | None = None,
    columns: Sequence[str] | None = None,
) -> TextTable:
    """A csv file: what the dialect does not say is found out.

    Args:
        label: the column of the labels, by which an open quote is recognised; "" where there is none.
        text: the column of the texts, where there is one.
        given: parts of the dialect that are known.
        columns: names of the columns, of a file without a header.

    Raises:
        DataError: it can't be read, is empty, has a quotation mark that never closes, no names of columns, or
            too many rows that are wider or narrower than its header.
    """
    given = given or DialectSettings()
    content, encoding, remarks = decode(path, given.encoding)
    wanted = () if columns else [name for name in (text, label) if name]
    width = len(columns) if columns else None
    quotes = ['"', None] if given.quote is None else [given.quote_mark]
    separator = given.separator or dialects.find_separator(content, quotes, wanted, width)
    if separator != "," and given.separator is None:
        name = SEPARATORS.get(separator, separator)
        remarks.append(Remark("separator", f"{path.name}: fields are separated by a {name}."))
    rows, quote, said = _rows(path, content, separator, given, columns, label)
    if not rows:
        raise DataError(f"{path}: the file is empty. Name another in `dataset.data_files`.")
    names, body, more = headers.names_of(path, rows, given.header, columns, text, label)
    has_header = len(body) < len(rows)
    swallowed = list(_open_quotes(path, names, label, body, separator)) if quote else []
    kept, left_out, bad = _of_one_width(path, names, body)
    remarks += [*said, *more, *bad, *swallowed]
    cells = {name: [row.cells[k] or None for row in kept] for k, name in enumerate(names)}
    return TextTable(cells, Dialect(separator, has_header, encoding, quote), left_out, remarks)


def _rows(
    path: Path,
    content: str,
    separator: str,
    given: DialectSettings,
    columns: Sequence[str] | None,
    label: str,
) -> tuple[list[Row], str | None, list[Remark]]:
    """The rows of a file, the mark that quotes its fields, and what was decided about that."""
    if given.quote is not None:
        return _parsed(path, content, separator, given.quote_mark), given.quote_mark, []
    if '"' not in content:
        return _parsed(path, content, separator, '"'), '"', []
    if dialects.belong_to_texts(content, separator) and not _holds_lines(
        path, content, separator, columns, label
    ):
        text = (
            f"{path.name}: quotation marks are read as characters of the texts, as some of them "
            "never close a "
            "field (`dataset.dialect.quote` says otherwise)."
        )
        return _parsed(path, content, separator, None), None, [Remark("quoting", text)]
    if '\\"' in content and _is_uneven(content, separator):
        doubled = dialects.ESCAPED.sub(r'\1""', content)
        if not _is_uneven(doubled, separator):
            text = f"{path.name}: a backslash before a quotation mark makes it one of the text."
            return _parsed(path, doubled, separator, '"'), '"', [Remark("quoting", text)]
    return _parsed(path, content, separator, '"'), '"', []


def _holds_lines(path: Path, content: str, separator: str, columns: Sequence[str] | None, label: str) -> bool:
    """Whether all rows are whole as quoted fields, some of several lines of which none is like a row."""
    if _is_uneven(content, separator, strict=True):
        return False
    rows = list(dialects.rows_of(content, separator, '"'))
    names = columns or [cell.strip() for cell in rows[0].cells]
    several = any(row.last > row.first for row in rows)
    return several and not any(_open_quotes(path, names, label, rows, separator))


def _is_uneven(content: str, separator: str, *, strict: bool = False) -> bool:
    try:
        widths = {len(row.cells) for row in dialects.rows_of(content, separator, '"', strict=strict)}
    except (csv.Error, OpenQuoteError):
        return True
    return len(widths) > 1


def _parsed(path: Path, content: str, separator: str, quote: str | None) -> list[Row]:
    try:
        return list(dialects.rows_of(content, separator, quote))
    except csv.Error as error:
        raise DataError(f"{path}: can't be read ({error}). Check `dataset.dialect`.") from error
    except OpenQuoteError as error:
        raise DataError(
            f"{path}, line {error.line}: a quotation mark opens there that never closes, so that all lines "
            'after it are one field. Close it, double it (`""`) where it belongs to the text, or set '
            "`dataset.dialect.quote: none` where all marks do."
        ) from error


def _of_one_width(
    path: Path, names: list[str], rows: list[Row]
) -> tuple[list[Row], dict[str, int], list[Remark]]:
    """Rows as wide as the header, and what was done with the others."""
    width, left_out, remarks = len(names), {}, []
    if any(len(row.cells) > width and not any(row.cells[width:]) for row in rows):
        rows = [
            row if any(row.cells[width:]) else Row(row.first, row.last, row.cells[:width]) for row in rows
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
        remedy = (
            "Quote fields that hold the separator or a line break, correct the lines, or set "
            "`dataset.dialect`."
        )
        text = f"{path}: the header has {width} fields, but {told}{more}."
        n_lines = sum(row.last - row.first + 1 for row in bad)
        if n_lines > MOST_BAD * len(rows):
            raise DataError(f"{text} {remedy}")
        remarks.append(Remark("bad-lines", f"{text} They were left out. {remedy}"))
        left_out["fields"] = n_lines
        rows = [row for row in rows if len(row.cells) == width]
    return rows, left_out, remarks


def _open_quotes(
    path: Path, names: Sequence[str], label: str, rows: Sequence[Row], separator: str
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
