"""StateStore: a built run as read-only arrays, and the queries that the views need.

What is small for each step (EP, distance, coordinates) is in memory; states are read when they are shown.
"""

from collections.abc import Sequence as SequenceOf
from functools import cached_property

import numpy as np
import pyarrow as pa

from hsvis.errors import ReplacedFileError
from hsvis.run import reading
from hsvis.run.columns import columns_of
from hsvis.run.folder import RunFolder
from hsvis.run.kinds.answers import answering
from hsvis.run.kinds.of_class import OfClasses
from hsvis.run.kinds.of_number import Numbers
from hsvis.run.kinds.targets import targets_of
from hsvis.run.language.next_tokens import OUTCOMES, Expected
from hsvis.run.language.reading import read_answers
from hsvis.run.manifest import Manifest, manifest_of
from hsvis.run.reading import Steps, column
from hsvis.run.records import Projection, Sequence, SequenceTexts, checksum
from hsvis.run.states import LayerStates, same_states
from hsvis.run.verdicts import Verdicts, exact_verdicts, known_answers
from hsvis.storage import files, parquet


class StateStore(SequenceTexts):
    """One built run.  Nothing in it changes after opening, so threads may share it.

    Attributes:
        answers: what its answers are, and what it therefore has.
        targets: (S, C) int8, of independent classes which each sequence has, -1 unknown; else None.
        whole, shown_class: of one of several independent classes, the run of all of them, and which it is.
        numbers: where the model answers a number, these; the EPs are then how far they are from low to high.
    """

    def __init__(
        self,
        folder: RunFolder,
        manifest: Manifest,
        sequences: pa.Table,
        ep: np.ndarray,
        distances: dict[str, np.ndarray],
        projections: dict[str, tuple[Projection, ...]],
        step_labels: np.ndarray | None = None,
        expected: Expected | None = None,
    ) -> None:
        """Takes the tables as `open` reads them."""
        self.folder, self.manifest, self._sequences = folder, manifest, sequences
        self.name, self.expected = manifest.name, expected  # of a language model: its next tokens
        self.classes = tuple(manifest.classes) if expected is None else OUTCOMES
        self.layers, self.series = tuple(manifest.layer_names), manifest.series  # None of texts
        self.answers = answering(manifest.answers)
        self.train_accuracy, self.test_accuracy = manifest.train_accuracy, manifest.test_accuracy
        self.lengths, self.labels, self.predicted, self.confidence = (
            column(sequences, name) for name in ("length", "label", "predicted", "confidence")
        )
        self.columns = columns_of(sequences, manifest.columns)
        self.targets = targets_of(sequences, self.answers, len(self.classes))
        self.whole: StateStore = self
        self.shown_class: int | None = None
        self.numbers: Numbers | None = None
        self._of_classes = OfClasses()
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
        ep, labels, expected = read_answers(folder, manifest, steps)
        distances: dict[str, np.ndarray] = {}
        projections: dict[str, tuple[Projection, ...]] = {}
        for layer in manifest.layer_names:
            distances[layer] = reading.read_distances(folder, layer, steps)
            names = wanted if wanted is not None else list(facts)
            projections[layer] = tuple(
                reading.read_projection(folder, facts[at, name], steps) for at, name in names if at == layer
            )
        return cls(folder, manifest, sequences, ep, distances, projections, labels, expected)

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
        shared = (self._sequences, self.ep, self._distances, projections, self._step_labels, self.expected)
        return StateStore(self.folder, manifest, *shared)

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
        answers += [] if self.expected is None else self.expected.arrays
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

    @property
    def last_ep(self) -> np.ndarray:
        """(S, C) float32, the EP after the last step of each sequence: the model's answer to it."""
        return self.ep[self.offsets[1:] - 1]

    def shown(self, k: int = 0) -> "StateStore":
        """As it is shown: as that of one of its independent classes, or of its numbers."""
        is_plain = self.answers.is_exclusive or self.whole is not self
        return self if is_plain else self._of_classes.get(self, k)

    @property
    def truth(self) -> np.ndarray:
        """(S,) float32, labels that are numbers, NaN where there is none.  Of a run of numbers alone."""
        return column(self._sequences, "value")

    @cached_property
    def verdicts(self) -> Verdicts:
        """What was answered right; of independent classes in all of them."""
        if self.targets is not None:
            return exact_verdicts(self.targets, self.last_ep, self.lengths)
        if self._step_labels is None:
            return Verdicts("sequence", self.labels, self.predicted, self.lengths)
        if self.expected is not None:
            return Verdicts("step", self._step_labels, self.expected.answers, self.lengths)
        return Verdicts("step", *known_answers(self._step_labels, self.ep), self.lengths)

    def rows(self, index: int) -> slice:
        """Of a sequence, in every step table.  Raises IndexError if there is no such sequence."""
        if not 0 <= index < self.n_sequences:
            raise IndexError(f"there is no sequence {index}; the run has 0 to {self.n_sequences - 1}")
        return slice(int(self.offsets[index]), int(self.offsets[index + 1]))

    def sequence(self, index: int) -> Sequence:
        """Raises IndexError if there is no such sequence."""
        rows = self.rows(index)
        row = reading.read_row(self._sequences, index)
        return Sequence(
            index, row["text"], row["tokens"], np.array(row["known"], bool), row["start"], row["end"],
            int(self.labels[index]), int(self.predicted[index]), float(self.confidence[index]), self.ep[rows],
            rows, self.values(index),
            None if self._step_labels is None else self._step_labels[rows],
            None if self.expected is None else self.expected.of(rows), row.get("boundary"),
        )  # fmt: skip

    def values(self, index: int) -> np.ndarray | None:
        """What the model read of a series: (T, F) float32; None where the run is of texts."""
        if self.series is None:
            return None
        steps = self._sequences["values"].slice(index, 1).combine_chunks().flatten()
        return parquet.matrix(pa.chunked_array([steps]))

    def states(self, index: int, layer: str) -> np.ndarray:
        """The states of one sequence: (T, H) float32, read from its row groups only.

        Raises:
            IndexError: no such sequence.
            KeyError: no states of such a layer are kept.
            ReplacedFileError: another build has put other states in their place.
            DamagedFileError: the file can't be read.
        """
        rows = self.rows(index)
        try:
            return self._states[layer][rows]
        except ReplacedFileError as error:
            self._states[layer] = same_states(self.folder, layer, self._distances[layer], self.lengths, error)
            return self._states[layer][rows]

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
        return {one.name: one for one in self._projections[layer]}[name]

    def locate(self, row: int) -> tuple[int, int]:
        """(sequence, step) of a row of the step tables.  Raises IndexError if there is no such row."""
        if not 0 <= row < self.n_states:
            raise IndexError(f"there is no state {row}; the run has 0 to {self.n_states - 1}")
        index = int(np.searchsorted(self.offsets, row, "right")) - 1
        return index, row - int(self.offsets[index])
