"""The files of `states_from` -> arrays, as they stand: hsvis/corpus/recorded.py checks them."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hsvis.config import AnswerKind
from hsvis.corpus.readers import npz
from hsvis.corpus.targets.recorded import IDS
from hsvis.errors import DataError


def read(path: Path, answers: AnswerKind = "classes") -> tuple[dict[str, Any], str]:
    """The arrays of an .npz file or a folder of parquet files by name, and a hash of the files.

    Args:
        answers: what the files answer, and labels are of.

    Raises:
        DataError: there is no such file or folder, or a part of it can't be read.
    """
    if path.is_dir():
        return dict(_of_folder(path, answers)), fingerprint(path)
    if path.suffix == ".npz" and path.exists():
        return dict(npz.load(path, "states_from")), fingerprint(path)
    raise DataError(
        f"`states_from`: {path} is "
        + ("neither an .npz file nor a folder of parquet files." if path.exists() else "not there.")
        + " docs/bring-your-own-model.md says what to give."
    )


def fingerprint(path: Path) -> str:
    """A hash of an .npz file, or of the parquet files of a folder; "missing" where there is none.

    What is no file, such as a device, has no end.
    """
    inside = [*sorted(path.glob("*.parquet")), *sorted(path.glob("states/*/*.parquet"))]
    digest = hashlib.sha256()
    try:
        for file in inside if path.is_dir() else [path]:
            if not file.is_file():
                return "missing"
            digest.update(file.name.encode())
            with file.open("rb") as content:
                while block := content.read(2**20):
                    digest.update(block)
    except OSError:
        return "missing"
    return digest.hexdigest()


def _of_folder(folder: Path, answers: AnswerKind) -> Iterator[tuple[str, Any]]:
    """The tables of a folder as arrays."""
    table = _table(folder / "sequences.parquet")
    columns = table.column_names
    tokens = table["tokens"].to_pylist() if "tokens" in columns else None
    if tokens is not None:
        yield "lengths", np.array([len(one or []) for one in tokens], np.int64)
        yield "tokens", np.array([str(t) for one in tokens for t in one or []], object)
    elif "length" in columns:
        yield "lengths", np.array(table["length"].to_pylist())
    else:
        raise DataError(
            f"{folder / 'sequences.parquet'}: needs a column `tokens` (lists of text) or `length`."
        )
    yield from _labels(folder, table, answers)
    if "values" in columns:
        steps = table["values"].combine_chunks().flatten()
        yield "values", _matrix(steps, folder / "sequences.parquet", "values")
    if "text" in columns:
        yield "texts", np.array([one or "" for one in table["text"].to_pylist()], object)
    yield "ep", _vectors(folder / "predictions.parquet", "ep")
    layers = {one.name.removeprefix("layer="): one for one in sorted(folder.glob("states/*/"))}
    if not layers:
        yield "states", _vectors(folder / "states.parquet", "state")
    for layer, files in layers.items():
        parts = [_vectors(file, "state") for file in sorted(files.glob("*.parquet"))]
        if not parts:
            raise DataError(f"`states_from`: {files} holds no parquet file.")
        yield f"states.{layer}", np.concatenate(parts)


def _labels(folder: Path, sequences: pa.Table, answers: AnswerKind) -> Iterator[tuple[str, Any]]:
    """The labels of a folder, if it has some; `labels` and `value` are columns of a built run."""
    columns = sequences.column_names
    if answers == "independent" and "labels" in columns:
        yield IDS, sequences["labels"].to_pylist()
    elif answers == "number" and "value" in columns:
        yield "labels", sequences["value"].to_numpy()
    elif answers == "classes" and (of_steps := _step_labels(folder, sequences)) is not None:
        yield "labels", _plain(of_steps)
    elif "label" in columns:
        labels = sequences["label"].to_pylist()
        yield "labels", _plain(labels) if answers == "classes" else _cells(labels)


def _step_labels(folder: Path, sequences: pa.Table) -> list[Any] | None:
    """Labels of all steps: a column `label` of a table of steps, or lists in that of sequences; else None.

    Raises:
        DataError: the lists are not as long as their sequences.
    """
    for name in ("predictions.parquet", "states.parquet"):
        path = folder / name
        if path.exists() and "label" in (table := _table(path)).column_names:
            return list(_ordered(table)["label"].to_pylist())
    column = sequences["label"].combine_chunks() if "label" in sequences.column_names else None
    if column is None or not hasattr(column, "value_lengths"):
        return None
    name = "tokens" if "tokens" in sequences.column_names else "length"
    lengths = [one if isinstance(one, int) else len(one or []) for one in sequences[name].to_pylist()]
    found: list[Any] = []
    for row, (one, length) in enumerate(zip(column.to_pylist(), lengths, strict=True)):
        if one and len(one) != length:
            raise DataError(
                f"{folder / 'sequences.parquet'}: row {row} has {len(one)} labels for {length} steps. "
                "`label` is one for each sequence, or a list with one for each of its steps."
            )
        found += one or [None] * length
    return found


def _cells(labels: list[Any]) -> np.ndarray:
    """(S,) of whatever stands in each row, lists as well."""
    found = np.empty(len(labels), object)
    found[:] = labels
    return found


def _plain(labels: list[Any]) -> np.ndarray:
    """Labels with -1, or "", where there is none."""
    texts = any(isinstance(one, str) for one in labels)
    return np.array([one if one is not None else "" if texts else -1 for one in labels])


def _ordered(table: pa.Table) -> pa.Table:
    """A table of steps in their order, if it says it."""
    if {"sequence", "step"} <= set(table.column_names):
        return table.sort_by([("sequence", "ascending"), ("step", "ascending")])
    return table


def _table(path: Path) -> pa.Table:
    try:
        return pq.read_table(path, partitioning=None)
    except (OSError, pa.ArrowException) as error:
        raise DataError(
            f"`states_from`: {path}: can't be read ({str(error).splitlines()[0]}). A folder needs "
            "sequences.parquet, predictions.parquet, and states.parquet or states/layer=<layer>/*.parquet."
        ) from error


def _vectors(path: Path, column: str) -> np.ndarray:
    """A column of lists of one length, in the order of `sequence` and `step` if there: (n, width)."""
    table = _table(path)
    if column not in table.column_names:
        raise DataError(f"{path}: needs a column `{column}`; there are {', '.join(table.column_names)}.")
    return _matrix(_ordered(table)[column].combine_chunks(), path, column)


def _matrix(rows: pa.Array, path: Path, column: str) -> np.ndarray:
    """(n, width), of n lists of one length."""
    if not hasattr(rows, "value_lengths"):
        raise DataError(f"{path}: `{column}` holds {rows.type}, not a list of numbers for each step.")
    widths = np.array(rows.value_lengths().fill_null(0))
    flat = rows.flatten().to_numpy(zero_copy_only=False)
    if len(widths) == 0 or (widths != widths[0]).any():
        raise DataError(f"{path}: `{column}` must hold lists of the same length, one a step.")
    return flat.reshape(len(rows), -1)
