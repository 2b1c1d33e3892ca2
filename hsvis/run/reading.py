"""The tables of a run read whole, with all that is checked on the way.

They have to be what the manifest says, and their rows the steps of its sequences.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hsvis.errors import DamagedFileError
from hsvis.run import tables
from hsvis.run.columns import columns_of
from hsvis.run.facts import ProjectionFacts
from hsvis.run.folder import RunFolder
from hsvis.run.kinds.answers import answering
from hsvis.run.kinds.targets import targets_of
from hsvis.run.manifest import Manifest
from hsvis.run.records import Projection
from hsvis.storage import parquet

ROW = ["text", "tokens", "known", "start", "end"]
LIGHT = ["sequence", "step", "distance"]  # columns of states that are read at the start


class Steps:
    """The `sequence` and `step` that every table of steps begins with."""

    def __init__(self, lengths: np.ndarray) -> None:
        """`lengths`: (S,) int, steps of each sequence; they sum to N."""
        columns = tables.step_columns(0, lengths)
        self._sequence, self._step = columns["sequence"].to_numpy(), columns["step"].to_numpy()

    def __len__(self) -> int:
        return len(self._step)

    @property
    def begins(self) -> np.ndarray:
        """(N,) bool, True at each step 0."""
        return self._step == 0

    def gaps_in(self, ep: np.ndarray) -> np.ndarray:
        """(N,) bool: the first steps of sequences that have no EP (N, C) at all, but for the last step."""
        none = np.isnan(ep).all(1)
        begins = np.flatnonzero(self.begins)
        lengths = np.diff(np.append(begins, len(self)))
        first = np.repeat(
            np.minimum.reduceat(np.where(none, lengths.max(initial=0), self._step), begins), lengths
        )
        return none & (self._step < first) & (self._step < np.repeat(lengths, lengths) - 1)

    def check(self, path: Path, table: pa.Table, begin: int = 0) -> None:
        """Raises DamagedFileError where the rows of a table are not those from `begin` on."""
        end = begin + table.num_rows
        for name, values in (("sequence", self._sequence), ("step", self._step)):
            if not np.array_equal(table[name].to_numpy(), values[begin:end]):
                raise DamagedFileError(path, "its steps are not those of the sequences of the run")


def part_paths(folder: RunFolder, layer: str) -> list[Path]:
    """The files of a layer's states, in order."""
    return sorted(folder.states(layer, 0).parent.glob("part-*.parquet"))


def read_sequences(folder: RunFolder, manifest: Manifest) -> pa.Table:
    """The table of sequences.  Raises DamagedFileError, also where it is not that of the manifest."""
    path = folder.sequences
    layout = tables.sequences_layout(manifest.answers, is_series=manifest.series is not None)
    table = parquet.read_table(path, layout=layout, rows=manifest.sequences)
    with parquet.told_as_damage(path):
        lengths = column(table, "length")
        if (len(lengths) and lengths.min() < 1) or int(lengths.sum(dtype=np.int64)) != manifest.states:
            raise ValueError(f"its lengths do not sum to the {manifest.states:,} states of the run")
        for name in (name for name in ("tokens", "known", "values") if name in layout):
            if not np.array_equal(pc.list_value_length(table[name]).to_numpy(), lengths):
                raise ValueError(f"its column `{name}` has other lengths")
        columns_of(table, manifest.columns)
        targets_of(table, answering(manifest.answers), len(manifest.classes))
        if "boundary" in table.column_names and not np.all(column(table, "boundary") <= lengths):
            raise ValueError("its column `boundary` is beyond the steps of a sequence")
        for name, least in (("label", -1), ("predicted", 0 if manifest.answers == "classes" else -1)):
            _check_range(column(table, name), least, len(manifest.classes) - 1, name)
    return table


def read_row(table: pa.Table, index: int) -> dict[str, Any]:
    """What the table of sequences says of one of them; `boundary` where they are pairs of texts."""
    names = [*ROW, *(["boundary"] if "boundary" in table.column_names else [])]
    return dict(table.select(names).slice(index, 1).to_pylist()[0])


def _check_range(values: np.ndarray, least: int, most: int, name: str) -> None:
    if len(values) and not least <= values.min() <= values.max() <= most:
        raise ValueError(f"its column `{name}` holds other values than {least} to {most}")


def read_predictions(
    folder: RunFolder, steps: Steps, classes: int, *, labelled: bool, gaps: bool = False
) -> tuple[np.ndarray, np.ndarray | None]:
    """EPs (N, C) float32, and labels of the steps (N,) int16, if they have any.

    Args:
        gaps: whether the first steps of sequences may have none, but NaN.

    Raises:
        DamagedFileError: an EP is no number where there must be one.
    """
    path = folder.predictions
    # what is not needed here is read too, so that damage anywhere is found
    layout = tables.predictions_layout(classes, labelled=labelled)
    table = parquet.read_table(path, layout=layout, rows=len(steps))
    steps.check(path, table)
    ep = parquet.matrix(table["ep"])
    _check_finite(path, [ep[~steps.gaps_in(ep)] if gaps else ep])
    if not labelled:
        return ep, None
    with parquet.told_as_damage(path):
        labels = column(table, "label")
        _check_range(labels, -1, classes - 1, "label")
    return ep, labels


def read_distances(folder: RunFolder, layer: str, steps: Steps) -> np.ndarray:
    """(N,) float32, of all parts.  Raises DamagedFileError."""
    paths, done, pieces = part_paths(folder, layer), 0, [np.empty(0, np.float32)]
    for path in paths:
        table = parquet.read_table(path, LIGHT, layout=tables.states_layout())
        steps.check(path, table, done)
        distances = column(table, "distance")
        if not np.array_equal(np.isfinite(distances), ~steps.begins[done : done + len(distances)]):
            raise DamagedFileError(path, "it holds distances that are no numbers")
        done += len(distances)
        pieces.append(distances)
    if done != len(steps):
        last = paths[-1] if paths else folder.states(layer, 0)
        raise DamagedFileError(last, f"up to it there are {done:,} states, the run has {len(steps):,}")
    return np.concatenate(pieces)


def read_projection(folder: RunFolder, facts: ProjectionFacts, steps: Steps) -> Projection:
    """A projection of all states.  Raises DamagedFileError."""
    path = folder.embedding(facts.layer, facts.name)
    layout = tables.embedding_layout(facts.details)
    table = parquet.read_table(path, layout=layout, rows=len(steps))
    steps.check(path, table)
    xy = np.column_stack([column(table, "x"), column(table, "y")])
    _check_finite(path, [xy])
    fitted = column(table, "fitted") if "fitted" in layout else None
    if fitted is not None:
        fitted.flags.writeable = False
        if int(fitted.sum()) != facts.details.get("fitted"):
            raise DamagedFileError(path, "it marks other states as fitted than were")
    return Projection(
        facts.name, facts.label, facts.settings["method"], xy, facts.details, facts.settings, fitted,
    )  # fmt: skip


def column(table: pa.Table, name: str) -> np.ndarray:
    """A column of numbers without missing values: (n,)."""
    return np.array(table[name].to_numpy())  # a copy that owns its memory


def _check_finite(path: Path, arrays: Iterable[np.ndarray]) -> None:
    """Raises DamagedFileError where a value is NaN or infinite."""
    if not all(np.isfinite(array).all() for array in arrays):
        raise DamagedFileError(path, "it holds values that are NaN or infinite")
