"""JSON: a row a line, a list of rows, rows under a key, or an object of rows by their key.

What is nested has dotted names: `{"data": {"text": …}}` has a column `data.text`.  Rows that are lists have
the names of `dataset.columns`.  An object may hold the rows of every split under its name.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from hsvis.corpus.readers.text_files import decode
from hsvis.errors import DataError
from hsvis.remarks import Remark, listed, shorten

BY_LINE = {".jsonl", ".ndjson"}
AT_ONCE = 50_000  # rows that are Python objects at a time


def holds_splits(path: Path, splits: Sequence[str], encoding: str | None = None) -> bool:
    """Whether a file is one object that has lists of rows under the names of all these splits.

    Raises:
        DataError: it can't be read, or is no JSON.
    """
    values = _values(path, decode(path, encoding)[0])
    first = next(values, None)
    return isinstance(first, dict) and all(_are_rows(first.get(split)) for split in splits)


def read_json(
    path: Path,
    field: str | None,
    encoding: str | None = None,
    *,
    split: str | None = None,
    columns: Sequence[str] | None = None,
) -> tuple[pa.Table, list[Remark]]:
    """All rows of a file.

    Args:
        field: where the rows stand, such as `data.items`; lists on the way are gone through.
        split: whose rows are wanted, where a file has a list of them for each.
        columns: names of the cells of rows that are lists.

    Raises:
        DataError: it can't be read, is no JSON, or holds no rows.
    """
    text, _, remarks = decode(path, encoding)
    values = _values(path, text)
    first = next(values, None)
    second = next(values, None)
    if first is None:
        raise DataError(f"{path}: the file is empty. Name another in `dataset.data_files`.")
    rows: Iterable[Any]
    # a row a line: of one row that is told by the file's name alone
    if second is not None or (field is None and BY_LINE & {one.lower() for one in path.suffixes}):
        begin = [first] if second is None else [first, second]
        rows = (row for one in _chain(begin, values) for row in _under(one, field, path))
    elif field is not None:
        rows = _under(first, field, path)
    else:
        rows, said = _rows_of(first, path, split)
        remarks += said
    return _table(rows, path, columns), remarks


def _chain(first: list[Any], more: Iterator[Any]) -> Iterator[Any]:
    yield from first
    yield from more


def _values(path: Path, text: str) -> Iterator[Any]:
    """One JSON value after the other, as in JSON lines."""
    decoder, at, end = json.JSONDecoder(), 0, len(text)
    while True:
        while at < end and text[at] in " \t\r\n\x1e":
            at += 1
        if at >= end:
            return
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            line = text.count("\n", 0, getattr(error, "pos", at)) + 1
            raise DataError(
                f"{path}, line {line}: is no JSON ({getattr(error, 'msg', error)}). Write an "
                "object a line, or "
                "a list of objects."
            ) from error
        yield value


def _are_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict | list)


def _rows_of(value: Any, path: Path, split: str | None) -> tuple[list[Any], list[Remark]]:
    """The rows of one value without being told where they are."""
    if isinstance(value, list):
        return value, []
    if not isinstance(value, dict):
        raise DataError(f"{path}: holds `{shorten(value)}`, no rows. Write a list of objects.")
    lists = {key: one for key, one in value.items() if isinstance(one, list)}
    tables = [key for key, one in lists.items() if _are_rows(one)]
    if len(tables) == 1 or split in tables:
        key = split if split in tables else tables[0]
        more = f"; there are {listed(tables)}" if len(tables) > 1 else ""
        said = f"{path.name}: rows are those under `{key}`{more} (`dataset.field` names another place)."
        return lists[key], [Remark("json-form", said)]
    if tables:
        raise DataError(f"{path}: has rows under {listed(tables)}. Set `dataset.field` to one of them.")
    if lists and len(lists) == len(value) and len({len(one) for one in lists.values()}) == 1:
        said = f"{path.name}: each key is a column ({listed(lists)})."
        return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)], [
            Remark("json-form", said)
        ]
    if len(value) > 1 and all(isinstance(one, dict) for one in value.values()):
        same = [set(one) for one in value.values()]
        if (
            all(keys == same[0] for keys in same)
            and all(not isinstance(one, dict | list) for inner in value.values() for one in inner.values())
            and len(same[0]) > len(same)
            and all(key.isdecimal() for key in same[0])
        ):
            said = f"{path.name}: each key is a column ({listed(value)}), with its rows by number."
            keys = sorted(same[0], key=int)
            return [{name: one[key] for name, one in value.items()} for key in keys], [
                Remark("json-form", said)
            ]
        said = f"{path.name}: each key is a row, called `key` ({listed(value, 2)})."
        return [{"key": key, **one} for key, one in value.items()], [Remark("json-form", said)]
    if any(isinstance(one, dict) for one in value.values()):
        inner = [key for key, one in value.items() if isinstance(one, dict)]
        raise DataError(
            f"{path}: is one object with the keys {listed(value)}. Set `dataset.field` to where "
            "the rows are, "
            f"such as `{shorten(inner[0])}`."
        )
    return [value], []


def _under(value: Any, field: str | None, path: Path) -> Iterator[Any]:
    """The rows at a dotted place; what stands beside the way there, and is no list, is in each row too."""
    if field is None:
        yield value
        return
    yield from _walk(value, field.split("."), {}, field, path)


def _walk(value: Any, way: list[str], beside: dict[str, Any], field: str, path: Path) -> Iterator[Any]:
    if isinstance(value, list):
        if not way and value and all(isinstance(one, list) for one in value):  # rows without names
            yield from value
            return
        for one in value:
            yield from _walk(one, way, beside, field, path)
        return
    if not way:
        if isinstance(value, dict) and value and all(isinstance(one, dict) for one in value.values()):
            for key, one in value.items():  # rows by their key
                yield {**beside, "key": key, **one}
        elif isinstance(value, dict):
            yield {**beside, **value}
        else:
            yield {**beside, field.rpartition(".")[2]: value}
        return
    if not isinstance(value, dict) or way[0] not in value:
        there = listed(value) if isinstance(value, dict) else f"`{shorten(value)}`"
        raise DataError(
            f"{path}: `dataset.field: {field}`: there is no `{way[0]}`, but {there}. Name the "
            "keys that lead to "
            "the rows, with dots between them."
        )
    plain = {key: one for key, one in value.items() if key != way[0] and not isinstance(one, dict | list)}
    yield from _walk(value[way[0]], way[1:], {**beside, **plain}, field, path)


def flat(row: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted name, value) of all that is in an object."""
    for key, value in row.items():
        if isinstance(value, dict) and value:
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _table(rows: Iterable[Any], path: Path, columns: Sequence[str] | None) -> pa.Table:
    parts, some = [], []
    for k, row in enumerate(rows):
        some.append(dict(flat(_named(row, columns, f"{path}, row {k}"))))
        if len(some) == AT_ONCE:
            parts.append(_part(some, path))
            some = []
    if some or not parts:
        parts.append(_part(some, path))
    try:
        return pa.concat_tables(parts, promote_options="permissive")
    except pa.ArrowException as error:
        raise DataError(f"{path}: rows differ in what their columns hold ({error}).") from error


def _named(row: Any, columns: Sequence[str] | None, place: str) -> dict[str, Any]:
    """A row as an object.  Raises DataError."""
    if isinstance(row, dict):
        if columns is not None and not {*columns} & {*row}:
            raise DataError(
                f"{place}: `dataset.columns` names the cells of rows that are lists, and this one has names "
                f"of its own, {listed(row)}. Leave `dataset.columns` out."
            )
        return row
    if not isinstance(row, list):
        raise DataError(
            f"{place}: is `{shorten(row)}`, no object. Rows are objects such as "
            '`{"text": …, "label": …}`; `dataset.field` says where they are.'
        )
    if columns is None:
        raise DataError(
            f"{place}: is a list, {listed(row)}. Name what stands in it, such as "
            "`dataset.columns: [text, label]`."
        )
    if len(row) != len(columns):
        raise DataError(
            f"{place}: has {len(row)} cells, {listed(row)}, where `dataset.columns` names {len(columns)}."
        )
    return dict(zip(columns, row, strict=True))


def _part(rows: list[dict[str, Any]], path: Path) -> pa.Table:
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {}
    for name in names:
        values = [row.get(name) for row in rows]
        try:
            columns[name] = pa.array(values)
        except (pa.ArrowException, OverflowError):
            if all(isinstance(one, int | float | bool | None) for one in values):
                columns[name] = pa.array([None if one is None else float(one) for one in values])
                continue
            # texts beside numbers: as they are written; a column of labels is refused where it is read
            columns[name] = pa.array(
                [one if isinstance(one, str | None) else json.dumps(one) for one in values], pa.string()
            )
    return pa.table(columns)
