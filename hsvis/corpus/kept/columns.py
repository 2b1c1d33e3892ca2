"""Which columns of a table `dataset.keep` keeps."""

import fnmatch
import json
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hsvis.config import DatasetSettings
from hsvis.config.formats import is_pattern
from hsvis.corpus.kept.kinds import Kept, NotKeptError, kept_column
from hsvis.corpus.series import plain_values
from hsvis.errors import DataError
from hsvis.remarks import Remark, listed, shorten

MOST = 40  # columns that are kept
TOLD = 8  # that a remark names


def kept_columns(content: pa.Table | None, settings: DatasetSettings) -> tuple[list[Kept], list[Remark]]:
    """The columns of the test split that `dataset.keep` names, and what was decided about them.

    Args:
        content: the split as it stands in its files; of series in long form a row a step.  None where it
            comes from arrays.

    Returns:
        Columns with a cell for each sequence.

    Raises:
        DataError: a column that is not there, or can't be kept.
    """
    if not settings.keep:
        return [], []
    source = f"dataset `{settings.path}`, `dataset.keep`"
    if content is None:
        raise DataError(f"{source}: arrays have no columns. Leave `dataset.keep` out.")
    there, by_name = content.column_names, settings.keep != "all"
    wanted = _wanted(settings, there, source)
    classes, steps = _names_of_classes(content), sequences_of(content, settings)
    kept: list[Kept] = []
    left_out: dict[str, str] = {}
    for name, kind in wanted.items():
        try:
            if there.count(name) > 1:
                raise NotKeptError("stands there more than once")
            one = kept_column(name, content.column(name), kind, classes.get(name))
            if steps is not None:
                one = _of_sequences(one, *steps)
            if not by_name and one.values.null_count == len(one.values):
                raise NotKeptError("holds nothing")
            if len(kept) == MOST:
                raise NotKeptError(f"is beyond the {MOST} columns that can be kept")
            kept.append(one)
        except NotKeptError as error:
            if by_name:
                raise DataError(
                    f"{source}: the column `{shorten(name)}` {error}. Leave it out of `dataset.keep`."
                ) from error
            left_out[name] = str(error)
    return kept, _remarks(kept, left_out, source)


def _wanted(settings: DatasetSettings, there: Sequence[str], source: str) -> Mapping[str, str | None]:
    """Columns, and their kinds where the config says them."""
    if settings.keep == "all":
        used = [settings.text_columns, settings.label, settings.values, settings.sequence, settings.step]
        names = {one for given in used for one in ([given] if isinstance(given, str) else given or [])}
        names |= set(settings.labels or ())
        names |= {column for one in names if is_pattern(one) for column in fnmatch.filter(there, one)}
        return {name: None for name in there if name not in names and name.strip()}
    wanted: Mapping[str, str | None] = (
        settings.keep if isinstance(settings.keep, dict) else dict.fromkeys(settings.keep or ())
    )
    for name in wanted:
        if name not in there:
            some = f"Choose some of {listed(there, 20)}." if there else "It has none; leave the setting out."
            raise DataError(f"{source}: there is no column `{shorten(name)}`. {some}")
    return wanted


def _names_of_classes(content: pa.Table) -> dict[str, list[str]]:
    """Of columns that `datasets` knows to be of classes: column -> names, by their numbers."""
    try:
        held = json.loads((content.schema.metadata or {}).get(b"huggingface", b"{}"))
        features = held.get("info", {}).get("features", {})
        return {
            name: list(map(str, one["names"]))
            for name, one in features.items()
            if isinstance(one, dict) and one.get("_type") == "ClassLabel" and one.get("names")
        }
    except (ValueError, AttributeError, TypeError):
        return {}


def sequences_of(content: pa.Table, settings: DatasetSettings) -> tuple[np.ndarray, int] | None:
    """Of a table in long form, the sequence of each row, (n,) int64, as they first appear; and S."""
    if settings.sequence is None or settings.values is None:
        return None
    numbers: dict[object, int] = {}
    of_row = [
        numbers.setdefault(one, len(numbers)) for one in plain_values(content.column(settings.sequence))
    ]
    return np.array(of_row, np.int64), len(numbers)


def _of_sequences(one: Kept, of_row: np.ndarray, count: int) -> Kept:
    """The one value that a sequence has in its rows; some of them may lack it.

    Raises:
        NotKeptError: it has two.
    """
    held = np.flatnonzero(pc.is_valid(one.values).to_numpy(zero_copy_only=False))
    first = np.full(count, -1, np.int64)
    first[of_row[held[::-1]]] = held[::-1]  # the first of the rows that have one
    codes = one.values.dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False)
    other = held[codes[held] != codes[first[of_row[held]]]]
    if len(other):
        two = (one.values[int(first[of_row[other[0]]])], one.values[int(other[0])])
        raise NotKeptError(
            f"has two values in one sequence ({listed(map(str, two))}), not one for all its steps"
        )
    return Kept(
        one.name, one.kind, one.values.take(pa.array(first, mask=first < 0)), one.how, one.doubt, one.nothing
    )


def _remarks(kept: Iterable[Kept], left_out: Mapping[str, str], source: str) -> list[Remark]:
    remarks = []
    every = list(kept)
    read = [f"`{shorten(one.name)}`: {one.how}" for one in every if one.how]
    if read:
        remarks.append(
            Remark(
                "kept-kind",
                f"{source}: columns are taken for what all their cells are: {_some(read)}. A mapping says "
                "otherwise, such as `{year: category}`.",
            )
        )
    if left_out:
        told = _some([f"`{shorten(name)}` {why}" for name, why in left_out.items()])
        remarks.append(Remark("kept-left-out", f"{source}: not all columns can be kept: {told}."))
    remarks += [
        Remark(
            "ambiguous-dates",
            f"{source}: `{shorten(one.name)}` is read as {one.how.removeprefix('dates ').strip('()')}; "
            f"{one.doubt} would fit as well. Write dates as 2020-12-31.",
        )
        for one in every
        if one.doubt
    ]
    nothing = [f"{one.nothing} in `{shorten(one.name)}`" for one in every if one.nothing]
    if nothing:
        remarks.append(
            Remark(
                "kept-missing",
                f"{source}: {_some(nothing)} count as missing. Leave such cells empty, or write numbers.",
            )
        )
    return remarks


def _some(told: Sequence[str]) -> str:
    more = f"; and {len(told) - TOLD:,} more" if len(told) > TOLD else ""
    return "; ".join(told[:TOLD]) + more
