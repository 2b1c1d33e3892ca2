"""A column of any table as a kept one: numbers, dates, categories, or yes and no."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hsvis.corpus.kept.texts import LARGEST_WHOLE, Reading, read_texts
from hsvis.remarks import listed

LONGEST = 200  # characters of a category
DAY = 86_400_000_000  # microseconds
FIRST, LAST = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59)


class NotKeptError(ValueError):
    """Why a column can't be kept, as the end of a sentence that begins with its name."""


@dataclass(frozen=True)
class Kept:
    """A column that is kept.

    Attributes:
        kind: "number", "date", "category" or "boolean".
        values: R cells: int64, float or double; date32 or timestamp[us]; string; bool.  What is missing
            is null.
        how: what was decided about it, where its type alone does not say it.
        doubt: another way to read its dates.
        nothing: what counts as missing although something stands there.
    """

    name: str
    kind: str
    values: pa.Array
    how: str = ""
    doubt: str = ""
    nothing: str = ""


def kept_column(
    name: str, column: pa.ChunkedArray, kind: str | None = None, names: Sequence[str] | None = None
) -> Kept:
    """A column of a table as a kept one.

    Args:
        kind: where somebody said it; else that of its type, and of texts the one that all are.
        names: of a column of classes, which their numbers stand for.

    Raises:
        NotKeptError: it holds lists or long texts, or is not of that kind.
    """
    values = _plain(column)
    if names is not None and pa.types.is_integer(values.type):
        wanted = [names[k] if k is not None and 0 <= k < len(names) else None for k in values.to_pylist()]
        values = pa.array(wanted, pa.string())
        kind = kind or "category"
    if pa.types.is_null(values.type):
        values = values.cast(pa.string())
    type_ = values.type
    if pa.types.is_string(type_):
        return _of_texts(name, values, kind)
    if pa.types.is_boolean(type_):
        found = Kept(name, "boolean", values)
    elif pa.types.is_integer(type_):
        found = _of_wholes(name, values)
    elif pa.types.is_floating(type_):
        found = _of_floats(name, values)
    elif pa.types.is_date(type_) or pa.types.is_timestamp(type_):
        found = Kept(name, "date", _moments(values))
    else:
        raise NotKeptError(f"holds {type_}, not numbers, dates, categories or yes and no")
    if kind is None or kind == found.kind:
        return found
    if (
        kind == "boolean"
        and found.kind == "number"
        and set(found.values.unique().to_pylist()) <= {0, 1, None}
    ):
        return Kept(name, kind, found.values.cast(pa.bool_()))
    if kind == "number" and found.kind == "boolean":
        return Kept(name, kind, found.values.cast(pa.int64()))
    if kind == "category":
        return Kept(name, kind, as_texts(found.values))
    raise NotKeptError(f"holds {type_}, which is no {kind}")


def _plain(column: pa.ChunkedArray) -> pa.Array:
    """Its cells in one piece and without wrappings; texts as `string`, decimals as `double`."""
    values = column.combine_chunks()
    values = pa.concat_arrays(values.chunks) if isinstance(values, pa.ChunkedArray) else values
    values = getattr(values, "storage", values)
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_large_string(values.type) or pa.types.is_string_view(values.type):
        values = values.cast(pa.string())
    return values.cast(pa.float64()) if pa.types.is_decimal(values.type) else values


def _of_wholes(name: str, values: pa.Array) -> Kept:
    if _is_beyond(values):
        how = "whole numbers beyond 2^53, which no browser can hold: categories"
        return Kept(name, "category", values.cast(pa.string()), how)
    return Kept(name, "number", values.cast(pa.int64()))


def _is_beyond(values: pa.Array) -> bool:
    ends = pc.min_max(values).as_py()
    return any(end is not None and abs(end) > LARGEST_WHOLE for end in ends.values())


def _of_floats(name: str, values: pa.Array) -> Kept:
    """Without NaN and infinity; whole numbers as such, which a missing one makes floats in many programs."""
    values = values.cast(pa.float32()) if pa.types.is_float16(values.type) else values
    cells = values.to_numpy(zero_copy_only=False)
    infinite = int(np.isinf(cells).sum())
    held = np.isfinite(cells)
    said = f"{infinite:,} infinite cells" if infinite else ""
    cells = np.where(held, cells, 0)
    if held.any() and bool((cells == np.rint(cells)).all()) and np.abs(cells).max() <= LARGEST_WHOLE:
        whole = pa.array(cells.astype(np.int64), pa.int64(), mask=~held)
        return Kept(name, "number", whole, nothing=said)
    return Kept(name, "number", pa.array(cells, values.type, mask=~held), nothing=said)


def _moments(values: pa.Array) -> pa.Array:
    """date32 where all are days, else timestamp[us], by UTC where they have a zone."""
    if pa.types.is_date(values.type):
        return values.cast(pa.date32())
    zone = "UTC" if values.type.tz else None
    micro = values.cast(pa.timestamp("us", values.type.tz), safe=False).cast(pa.timestamp("us", zone))
    ticks = micro.cast(pa.int64()).drop_null().to_numpy()
    epoch = datetime(1970, 1, 1)
    first, last = ((end - epoch).total_seconds() * 1e6 for end in (FIRST, LAST))
    if len(ticks) and not first <= ticks.min() <= ticks.max() <= last:
        raise NotKeptError("holds dates beyond the years 1 to 9999")
    is_days = zone is None and not (ticks % DAY).any()
    return micro.cast(pa.date32()) if is_days else micro


def _of_texts(name: str, values: pa.Array, kind: str | None) -> Kept:
    """By their different texts: a column of a million cells has few."""
    coded = values.dictionary_encode()
    texts = coded.dictionary.to_pylist()
    try:
        read = read_texts(texts, kind)
    except ValueError as error:
        raise NotKeptError(f"is to be a {kind}, but {error}") from error
    if read.kind == "category":
        longest = max(map(len, read.values), default=0)
        if longest > LONGEST:
            raise NotKeptError(
                f"holds texts of up to {longest:,} characters; a category has {LONGEST} at the most"
            )
    different = pa.array([read.values[text] for text in texts], _type_of(read))
    cells = different.take(coded.indices)
    if read.kind == "date":
        cells = _moments(cells)
    nothing = listed(read.nothing) if read.kind != "category" else ""
    how = {"number": "numbers", "boolean": "yes and no", "date": f"dates ({read.how})"}.get(read.kind, "")
    if kind is None and not how:
        count = len(different.drop_null())
        how = f"{count:,} categor{'y' if count == 1 else 'ies'}"
    return Kept(name, read.kind, cells, how, read.doubt, nothing)


def _type_of(read: Reading) -> pa.DataType:
    held: list[Any] = [one for one in read.values.values() if one is not None]
    if read.kind == "number":
        return pa.float64() if any(isinstance(one, float) for one in held) else pa.int64()
    if read.kind == "date":
        return pa.timestamp("us", "UTC" if any(one.tzinfo is not None for one in held) else None)
    return pa.bool_() if read.kind == "boolean" else pa.string()


def as_texts(values: pa.Array) -> pa.Array:
    """Numbers, dates, yes and no as categories."""
    return pa.array([None if one is None else _text(one) for one in values.to_pylist()], pa.string())


def _text(value: Any) -> str:
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)
