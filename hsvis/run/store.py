"""StateStore: a built run as read-only arrays, and the queries that the views need.

What is small for each step (EP, distance, coordinates) is in memory; states are read when they are shown.
"""

from collections.abc import Sequence as SequenceOf
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from hsvis.errors import DamagedFileError, ReplacedFileError
from hsvis.run import reading
from hsvis.run.columns import columns_of
from hsvis.run.folder import RunFolder
from hsvis.run.manifest import Manifest, manifest_of
from hsvis.run.reading import Steps, column
from hsvis.run.records import Projection, Sequence, checksum
from hsvis.run.states import LayerStates
from hsvis.run.verdicts import Verdicts, known_answers
from hsvis.run.winners import gap_reason
from hsvis.storage import files, parquet


class StateStore:
    """One built run.  Nothing in it changes after opening, so threads may share it."""

    def __init__(
        self,
        folder: RunFolder,
        manifest: Manifest,
        sequences: pa.Table,
        ep: np.ndarray,
        distances: dict[str, np.ndarray],
        projections: dict[str, tuple[Projection, ...]],
        step_labels: np.ndarray | None = None,
    ) -> None:
        """Takes the tables as `open` reads them."""
        self.folder, self.manifest, self._sequences = folder, manifest, sequences
        self.name = manifest.name
        self.classes = tuple(manifest.classes)
        self.layers = tuple(manifest.layer_names)
        self.series = manifest.series  # None of texts
        self.train_accuracy = manifest.train_accuracy
        self.test_accuracy = manifest.test_accuracy
        self.lengths = column(sequences, "length")
        self.labels = column(sequences, "label")
        self.predicted = column(sequences, "predicted")
        self.confidence = column(sequences, "confidence")
        self.columns = columns_of(sequences, manifest.columns)
        self.offsets = np.concatenate([[0], np.cumsum(self.lengths, dtype=np.int64)])
        self.ep = ep
        self._distances, self._projections, self._step_labels = distances, projections, step_labels
        self._states = {one.name: LayerStates(folder, one.name, one.size) for one in manifest.layers}
        shared = [self.lengths, self.labels, self.predicted, self.confidence, self.offsets, self.ep]
        shared += [*distances.values(), *(p.xy for group in projections.values() for p in group)]
        for array in [*shared, *([] if step_labels is None else [step_labels])]:
            array.flags.writeable = False

    @classmethod
    def open(
        cls,
        folder: RunFolder,
        wanted: SequenceOf[tuple[str, str]] | None = None,
        manifest: Manifest | None = None,
    ) -> "StateStore":
        """Opens a built run.

        Args:
            wanted: (layer, name) of the projections to open, in this order; None = all there are.
            manifest: where it was read already.

        Raises:
            CacheError: there is no such run, or its manifest can't be read.
            DamagedFileError: a file of it can't be read, or does not belong to it.
        """
        manifest = manifest or manifest_of(folder)
        facts = {(one.layer, one.name): one for one in manifest.projections}
        sequences = reading.read_sequences(folder, manifest)
        steps = Steps(column(sequences, "length"))
        form = {"labelled": manifest.labels == "step", "gaps": bool(gap_reason(manifest))}
        ep, labels = reading.read_predictions(folder, steps, len(manifest.classes), **form)
        distances: dict[str, np.ndarray] = {}
        projections: dict[str, tuple[Projection, ...]] = {}
        for layer in manifest.layer_names:
            distances[layer] = reading.read_distances(folder, layer, steps)
            names = wanted if wanted is not None else list(facts)
            projections[layer] = tuple(
                reading.read_projection(folder, facts[at, name], steps) for at, name in names if at == layer
            )
        return cls(folder, manifest, sequences, ep, distances, projections, labels)

    def with_projections(self) -> "StateStore":
        """This run with the projections that are new in its folder, or made anew; all else is shared.

        Raises:
            CacheError: the run is gone, or its manifest can't be read.
            ReplacedFileError: another build has put another run in its place.
            DamagedFileError: an added projection can't be read.
        """
        manifest = manifest_of(self.folder)
        if not self.is_unchanged or manifest.columns_key != self.manifest.columns_key:
            raise ReplacedFileError(self.folder.manifest)
        projections, steps = dict(self._projections), Steps(self.lengths)
        for facts in manifest.projections:
            named = {one.name: one for one in projections[facts.layer]}
            if facts.name not in named or named[facts.name].details != facts.details:
                named[facts.name] = reading.read_projection(self.folder, facts, steps)
                projections[facts.layer] = tuple(named.values())
        return StateStore(
            self.folder, manifest, self._sequences, self.ep, self._distances, projections, self._step_labels
        )

    @property
    def n_sequences(self) -> int:
        return len(self.lengths)

    @property
    def n_states(self) -> int:
        return len(self.ep)

    @property
    def n_classes(self) -> int:
        return len(self.classes)

    @cached_property
    def content(self) -> str:
        """Tells this run from any other, whatever its name: two with the same states and answers are one.

        Projections don't count: they have a `content` of their own.
        """
        answers = [self.verdicts.labels, self.predicted, self.ep]
        sums = [checksum(array) for array in (self.offsets, *answers, *self._distances.values())]
        kept = {"columns": self.manifest.columns_key} if self.columns else {}
        return files.key_of(states=self.manifest.keys.states, layers=self.layers, sums=sums, **kept)

    @cached_property
    def edition(self) -> str:
        """The same with its projections: what a page that shows it has to be answered from."""
        return files.key_of(content=self.content, projections=sorted(self._projection_contents()))

    def continues(self, earlier: "StateStore") -> bool:
        """Whether all of an earlier store is here unchanged: what a page holds of that one fits this one."""
        return (
            self.content == earlier.content and self._projection_contents() >= earlier._projection_contents()
        )

    def _projection_contents(self) -> set[tuple[str, str, str]]:
        return {(at, one.name, one.content) for at, group in self._projections.items() for one in group}

    @cached_property
    def verdicts(self) -> Verdicts:
        """What was answered right."""
        if self._step_labels is None:
            return Verdicts("sequence", self.labels, self.predicted, self.lengths)
        return Verdicts("step", *known_answers(self._step_labels, self.ep), self.lengths)

    def sequence(self, index: int) -> Sequence:
        """Raises IndexError if there is no such sequence."""
        if not 0 <= index < self.n_sequences:
            raise IndexError(f"there is no sequence {index}; the run has 0 to {self.n_sequences - 1}")
        row = reading.read_row(self._sequences, index)
        rows = slice(int(self.offsets[index]), int(self.offsets[index + 1]))
        return Sequence(
            index, row["text"], row["tokens"], np.array(row["known"], bool), row["start"], row["end"],
            row["label"], row["predicted"], row["confidence"], self.ep[rows], rows, self.values(index),
            None if self._step_labels is None else self._step_labels[rows], row.get("boundary"),
        )  # fmt: skip

    def values(self, index: int) -> np.ndarray | None:
        """What the model read of a series: (T, F) float32; None where the run is of texts."""
        if self.series is None:
            return None
        steps = self._sequences["values"].slice(index, 1).combine_chunks().flatten()
        return parquet.matrix(pa.chunked_array([steps]))

    def beginnings(self, characters: int = 90, sequences: np.ndarray | None = None) -> list[str]:
        """How texts begin where the model begins to read, in one line each.

        Args:
            sequences: (K,) int, whose; None = all S.
        """
        texts, starts = self._cells("text", sequences), self._cells("start", sequences)
        return [
            " ".join(text[start : start + characters].split())
            for text, start in zip(texts, starts, strict=True)
        ]

    @property
    def texts(self) -> list[str]:
        """The S texts; of series, what they are called."""
        return self._sequences["text"].to_pylist()

    def texts_at(self, sequences: np.ndarray) -> list[str]:
        """The texts of some sequences.  `sequences`: (K,) int."""
        return self._cells("text", sequences)

    def _cells(self, column: str, sequences: np.ndarray | None) -> list[Any]:
        """A column of the table of sequences, of some or all; one by one, for `take` joins all chunks."""
        cells = self._sequences[column]
        return cells.to_pylist() if sequences is None else [cells[k].as_py() for k in sequences.tolist()]

    def contains(self, words: str) -> np.ndarray:
        """Which sequences have these words, as written but in any case, anywhere in their full text.

        Returns:
            (S,) bool.
        """
        found = pa.compute.match_substring(self._folded_texts, words.casefold())
        return np.array(found.to_numpy(), bool)

    @cached_property
    def _folded_texts(self) -> pa.ChunkedArray:
        """The S texts without the difference of upper and lower case."""
        chunks = self._sequences["text"].chunks
        return pa.chunked_array([[text.casefold() for text in c.to_pylist()] for c in chunks], pa.string())

    def tokens_at(self, rows: np.ndarray) -> list[str]:
        """The tokens of some rows of the step tables, as displayed.

        Args:
            rows: (K,) int.

        Raises:
            IndexError: there is no such row.
        """
        return self._tokens.take(pa.array(rows, pa.int64())).to_pylist()

    @cached_property
    def _tokens(self) -> pa.Array:
        """The N tokens, one after the other."""
        return self._sequences["tokens"].combine_chunks().flatten()

    def states(self, index: int, layer: str) -> np.ndarray:
        """The states of one sequence: (T, H) float32, read from its row groups only.

        Raises:
            IndexError: no such sequence.
            KeyError: no states of such a layer are kept.
            ReplacedFileError: another build has put other states in their place.
            DamagedFileError: the file can't be read.
        """
        if not 0 <= index < self.n_sequences:
            raise IndexError(f"there is no sequence {index}; the run has 0 to {self.n_sequences - 1}")
        rows = slice(int(self.offsets[index]), int(self.offsets[index + 1]))
        try:
            return self._states[layer][rows]
        except ReplacedFileError as error:
            self._states[layer] = self._same_states(layer, error)
            return self._states[layer][rows]

    def _same_states(self, layer: str, error: ReplacedFileError) -> LayerStates:
        """The files of a layer that took the place of those that were opened, if they hold the same states.

        A part that was damaged is made again by the next build, and a restored backup has other times:
        neither is another run.  The distances between the states tell.
        """
        states, known = LayerStates(self.folder, layer), self._distances[layer]
        try:
            distances = reading.read_distances(self.folder, layer, Steps(self.lengths))
        except DamagedFileError:
            raise error from None
        if states.shape[0] != self.n_states or not np.array_equal(distances, known, equal_nan=True):
            raise error
        return states

    @property
    def is_unchanged(self) -> bool:
        """Whether the files of the states are those that were opened, and all others are there."""
        return all(states.is_unchanged for states in self._states.values())

    def distances(self, layer: str) -> np.ndarray:
        """(N,) float32, Euclidean distance of each state to the one before it; NaN at step 0."""
        return self._distances[layer]

    def largest_distance(self, layer: str) -> float:
        """The largest distance of the layer; 0 where no sequence has two steps."""
        distances = self._distances[layer]
        return float(np.nanmax(distances)) if np.isfinite(distances).any() else 0.0

    def projections(self, layer: str) -> tuple[Projection, ...]:
        """The projections of a layer, in the config's order."""
        return self._projections[layer]

    def projection(self, layer: str, name: str) -> Projection:
        """Raises KeyError if there is none of that name."""
        for projection in self._projections[layer]:
            if projection.name == name:
                return projection
        raise KeyError(name)

    def locate(self, row: int) -> tuple[int, int]:
        """(sequence, step) of a row of the step tables.  Raises IndexError if there is no such row."""
        if not 0 <= row < self.n_states:
            raise IndexError(f"there is no state {row}; the run has 0 to {self.n_states - 1}")
        index = int(np.searchsorted(self.offsets, row, "right")) - 1
        return index, row - int(self.offsets[index])
