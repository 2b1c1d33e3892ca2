"""The names of a delimited file's columns: in its first row, or given."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from hsvis.corpus.readers.dialects import Row
from hsvis.errors import DataError
from hsvis.remarks import Remark, listed, shorten

TRIED = 200  # rows by which a first row is seen to be data
LONG = 40  # characters of a cell beyond which it is no name
FEW = 10  # rows from which a class of one row, the first, is doubted


def names_of(
    path: Path,
    rows: list[Row],
    header: bool | None,
    columns: Sequence[str] | None,
    text: str | None,
    label: str,
) -> tuple[list[str], list[Row], list[Remark]]:
    """Names of the columns, the rows of data, and what was decided.

    Args:
        rows: one at least.
        header: whether the first row is one, where it was said.
        columns: the names, of a file without a header.
        text, label: columns that are needed; "" where there is no label.

    Raises:
        DataError: names that are missing, stand there twice or do not fit.
    """
    first = [cell.strip() for cell in rows[0].cells]
    if columns is not None:
        return _given(path, rows, header, columns, label, first)
    if header is False:
        raise DataError(f"{path}: `dataset.dialect.header: false` needs names: {_offer(rows, text, label)}")
    wanted = [name for name in (text, label) if name]
    if header is None and not {*wanted} & {*first} and _is_data(rows):
        raise DataError(
            f"{path}: the first row ({listed(first, 6)}) looks like data: the file seems to have no header. "
            f"Name its columns: {_offer(rows, text, label)}"
        )
    doubled = [name for name, count in Counter(first).items() if count > 1 and name]
    if doubled:
        raise DataError(f"{path}, line 1: the header names {listed(doubled)} twice. Give each column a name.")
    body, remarks = rows[1:], []
    if body and all(len(row.cells) == len(first) + 1 and row.cells[-1] for row in body) and _count(body):
        remarks.append(
            Remark("unnamed-column", f"{path.name}: the header names no column for the numbers of the rows.")
        )
        first.insert(0, "")
    return [name or _blank(first, k) for k, name in enumerate(first)], body, remarks


def _blank(names: Sequence[str], place: int) -> str:
    name = f"column {place + 1}"
    return name if name not in names else f"{name}*"


def _count(rows: Sequence[Row]) -> bool:
    """Whether the first cells count the rows, from 0 or 1."""
    cells = [row.cells[0].strip() for row in rows]
    return any(cells == [str(k + start) for k in range(len(cells))] for start in (0, 1))


def _given(
    path: Path, rows: list[Row], header: bool | None, columns: Sequence[str], label: str, first: list[str]
) -> tuple[list[str], list[Row], list[Remark]]:
    is_header = header if header is not None else first == list(columns)
    names, body = list(columns), rows[1:] if is_header else rows
    widths = Counter(len(row.cells) for row in rows)
    width = widths.most_common(1)[0][0]
    lacks_label = width == len(names) - 1 and label in names
    if lacks_label:
        names.remove(label)
    if width != len(names):
        raise DataError(
            f"{path}: `dataset.columns` names {len(columns)} columns, {listed(columns, 12)}, but rows have "
            f"{width} fields, such as {listed(first, 12)}. Name each column, from left to right."
        )
    remarks = []
    if lacks_label:
        text = (
            f"{path.name}: rows have one field less than `dataset.columns` names: they are {listed(names)}."
        )
        remarks.append(Remark("no-labels", text))
    if not is_header and header is None and label in names:
        place = names.index(label)
        counts = Counter(row.cells[place] for row in rows if len(row.cells) == width)
        alone = counts.get(rows[0].cells[place]) == 1 and not any(map(_is_number, first))
        if alone and len(rows) >= FEW and min([*counts.values()][1:], default=1) > 1:
            remarks.append(
                Remark(
                    "header-as-row",
                    f"{path}: the first row ({listed(first)}) has a class of its own and looks "
                    "like a header. "
                    "Set `dataset.dialect.header: true` if it is one, `false` if it is not.",
                )
            )
    return names, body, remarks


def _is_data(rows: Sequence[Row]) -> bool:
    """Whether the first row is like those after it: numbers, long texts, or values that come again."""
    first, later = rows[0].cells, rows[1 : TRIED + 1]
    for k, cell in enumerate(first):
        again = any(k < len(row.cells) and row.cells[k] == cell for row in later)
        if _is_number(cell) or len(cell) > LONG or (again and cell.strip()):
            return True
    return False


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _offer(rows: Sequence[Row], text: str | None, label: str) -> str:
    """`dataset.columns` as it may be: the longest cells are texts, the fewest different ones labels."""
    width = len(rows[0].cells)
    cells = [[row.cells[k] for row in rows[:2000] if k < len(row.cells)] for k in range(width)]
    names = [f"column {k + 1}" for k in range(width)]
    place = max(range(width), key=lambda k: sum(map(len, cells[k])))
    names[place] = text or "text"
    others = [k for k in range(width) if k != place and any(cells[k])]
    if others:
        varied = [k for k in others if len({*cells[k]}) > 1]
        names[min(varied or others, key=lambda k: len({*cells[k]}))] = label
    told = ", ".join(shorten(name) for name in names)
    return f"`dataset.columns: [{told}]`, from left to right, if that is what they are."
