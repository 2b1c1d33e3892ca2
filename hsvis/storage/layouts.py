"""What a table has to look like: the names and types of its columns, and how long its vectors are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class Lists:
    """One list a row, of any length."""

    item: "pa.DataType | Vectors"

    def __str__(self) -> str:
        return f"lists of {self.item}"


@dataclass(frozen=True)
class Vectors:
    """One vector a row, of numbers of one of some types; `width` None is any."""

    items: tuple[pa.DataType, ...] = (pa.float32(),)
    width: int | None = None

    def __str__(self) -> str:
        return f"{'any number of' if self.width is None else self.width} {' or '.join(map(str, self.items))}"


Layout = Mapping[str, "pa.DataType | Lists | Vectors"]  # columns that have to be there; others may be


def check_layout(schema: pa.Schema, layout: Layout, columns: Iterable[str] | None = None) -> None:
    """Raises ValueError for a column that is missing or of another type.

    Args:
        columns: which are looked at; None = all of the layout.
    """
    for name in layout if columns is None else columns:
        place = schema.get_field_index(name)  # -1 also where two have the name
        if place < 0:
            raise ValueError(f"it has no column `{name}`")
        found, wanted = schema.field(place).type, layout[name]
        if not _fits(found, wanted):
            raise ValueError(f"its column `{name}` is of {found}, not {wanted}")


def _fits(found: pa.DataType, wanted: pa.DataType | Lists | Vectors) -> bool:
    if isinstance(wanted, Lists):
        is_list = pa.types.is_list(found) or pa.types.is_large_list(found)
        return is_list and _fits(found.value_type, wanted.item)
    if isinstance(wanted, Vectors):
        is_vector = pa.types.is_fixed_size_list(found) and found.value_type in wanted.items
        return is_vector and wanted.width in (None, found.list_size)
    return found.equals(wanted)
