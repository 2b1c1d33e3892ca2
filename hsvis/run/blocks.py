"""A run read block by block: whole sequences with what is kept of each step, except the state itself."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise, repeat
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from hsvis.errors import DamagedFileError
from hsvis.run.folder import RunFolder
from hsvis.run.reading import column, part_paths
from hsvis.run.tables import SEQUENCES, predictions_layout, states_layout
from hsvis.storage import parquet

STEPS = 1 << 18  # steps of a block, at most, unless one sequence alone has more


@dataclass(frozen=True, eq=False)
class Block:
    """S sequences that follow one another, and their N steps in order.

    Attributes:
        first: number of the first sequence.
        lengths: (S,) int32, steps of each; they sum to N.
        labels, predicted: (S,) int16, the actual class (-1 unknown) and the model's answer.
        tokens: (N,) string, as displayed.
        ep: (N, C) float32.
        distances: (N,) float32, NaN at each step 0.
        step_labels: (N,) int16, -1 unknown; None where steps have no labels of their own.
    """

    first: int
    lengths: np.ndarray
    labels: np.ndarray
    predicted: np.ndarray
    tokens: pa.Array
    ep: np.ndarray
    distances: np.ndarray
    step_labels: np.ndarray | None = None


def read_blocks(
    folder: RunFolder, layer: str, steps: int = STEPS, *, labelled: bool = False
) -> Iterator[Block]:
    """All sequences of a run in order; one block is in memory at once.

    How the blocks are cut depends on the lengths of the sequences alone, not on the files of states.

    Args:
        layer: whose distances.
        steps: of a block, at most; a longer sequence is a block of its own.
        labelled: whether each step has a label, from `read_shape`.

    Raises:
        DamagedFileError: a file can't be read, or has other steps than the table of sequences.
    """
    table = parquet.read_table(folder.sequences, ["length", "label", "predicted"], layout=SEQUENCES)
    lengths, labels, predicted = (column(table, name) for name in ("length", "label", "predicted"))
    cuts = _cuts(lengths, steps)
    counts = [int(lengths[begin:end].sum()) for begin, end in pairwise(cuts)]
    parts = part_paths(folder, layer) or [folder.states(layer, 0)]
    tokens = (part.flatten() for part in parquet.read_column(folder.sequences, "tokens", layout=SEQUENCES))
    ep = (parquet.matrix(pa.chunked_array([part])) for part in _ep(folder))
    distances = (
        part.to_numpy()
        for path in parts
        for part in parquet.read_column(path, "distance", layout=states_layout())
    )
    step_labels: Iterator[list[Any] | None] = repeat(None, len(counts))
    if labelled:
        found = parquet.read_column(folder.predictions, "label", layout=predictions_layout(labelled=True))
        step_labels = _regroup((part.to_numpy() for part in found), counts, folder.predictions)
    for (begin, end), some_tokens, some_ep, some_distances, some_labels in zip(
        pairwise(cuts),
        _regroup(tokens, counts, folder.sequences),
        _regroup(ep, counts, folder.predictions),
        _regroup(distances, counts, parts[-1]),
        step_labels,
        strict=True,
    ):
        yield Block(
            begin, lengths[begin:end], labels[begin:end], predicted[begin:end],
            pa.concat_arrays(some_tokens), np.concatenate(some_ep), np.concatenate(some_distances),
            None if some_labels is None else np.concatenate(some_labels),
        )  # fmt: skip


def read_shape(folder: RunFolder) -> tuple[int, int, bool]:
    """The steps of a run, the classes of an EP, and whether steps have labels.  Raises DamagedFileError."""
    with parquet.open_file(folder.predictions, predictions_layout()) as file:
        schema = file.schema_arrow
        return file.metadata.num_rows, schema.field("ep").type.list_size, "label" in schema.names


def _ep(folder: RunFolder) -> Iterator[pa.Array]:
    return parquet.read_column(folder.predictions, "ep", layout=predictions_layout())


def _cuts(lengths: np.ndarray, steps: int) -> list[int]:
    """The sequence that each block begins with, and S."""
    ends = np.cumsum(lengths, dtype=np.int64)
    cuts, done = [0], 0
    while cuts[-1] < len(lengths):
        cuts.append(max(cuts[-1] + 1, int(np.searchsorted(ends, done + steps, "right"))))
        done = int(ends[cuts[-1] - 1])
    return cuts


def _regroup(pieces: Iterable[Any], counts: Iterable[int], path: Path) -> Iterator[list[Any]]:
    """Pieces of one long array, cut so that each list of them has as many values as `counts` says.

    Raises DamagedFileError of `path` where there are fewer or more values than that.
    """
    pieces = iter(pieces)
    left: Any = ()
    for count in counts:
        taken, missing = [], count
        while missing:
            if len(left) == 0:
                left = next(pieces, None)
                if left is None:
                    raise DamagedFileError(path, "it has fewer steps than the sequences of the run")
            taken.append(left[:missing])
            left = left[missing:]
            missing -= len(taken[-1])
        yield taken
    if len(left) or any(len(piece) for piece in pieces):
        raise DamagedFileError(path, "it has more steps than the sequences of the run")
