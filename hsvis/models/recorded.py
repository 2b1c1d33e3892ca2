"""States and EPs that files hold, as a provider and a HiddenStateModel: nothing is computed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hsvis.config import Config
from hsvis.corpus.recorded import RecordedRun, RecordedSequence
from hsvis.corpus.targets.judging import chosen, errors_of
from hsvis.errors import ModelError
from hsvis.models.protocol import Encoded, Layer, Trace
from hsvis.models.providers import ProviderFacts, wanted_layers
from hsvis.models.subject import Subject
from hsvis.storage.files import key_of


@dataclass(frozen=True)
class _Read(Encoded):
    """One sequence; its steps are rows `first`, `first` + 1, … of the files."""

    first: int = 0


class RecordedModel:
    """Looks up what a model would compute."""

    def __init__(self, given: RecordedRun, wanted: Sequence[str] | None = None) -> None:
        """`wanted`: the layers to keep; None = all.  Raises ModelError for one that is not there."""
        self._given, self.classes, self.fingerprint = given, given.classes, given.fingerprint
        for name in wanted or ():
            if name not in given.states:
                raise ModelError(
                    f"`states.layers`: there is no layer `{name}`. There are {', '.join(given.states)}."
                )
        self.layers = tuple(
            Layer(
                name,
                "cell" if name.endswith(".cell") else "hidden",
                given.states[name].shape[1],
                "reverse" if ".reverse" in name else "forward",
            )
            for name in wanted or given.states
        )

    def encode(self, example: RecordedSequence) -> Encoded:
        """The steps of a sequence."""
        rows = example.rows
        tokens = self._given.tokens[rows]
        values = self._given.values
        inputs = np.zeros(len(tokens), np.int64) if values is None else values[rows]
        known = np.ones(len(tokens), bool)
        return _Read(tokens, inputs, known, 0, len(example.text), first=rows.start)

    def trace(self, batch: Sequence[Encoded]) -> Trace:
        """States and EPs of a batch of sequences, padded with 0."""
        lengths = np.array([len(one) for one in batch], np.int64)

        def padded(values: np.ndarray) -> np.ndarray:
            out = np.zeros((len(batch), int(lengths.max()), values.shape[1]), np.float32)
            for row, one in zip(out, batch, strict=True):
                assert isinstance(one, _Read)
                row[: len(one)] = values[one.first : one.first + len(one)]
            return out

        states = {layer.name: padded(self._given.states[layer.name]) for layer in self.layers}
        return Trace(states, padded(self._given.ep), lengths)


class RecordedStates:
    """A `Provider`: of the files that `states_from` names."""

    def __init__(self, config: Config, given: RecordedRun) -> None:
        self._config, self._given = config, given

    def sources(self) -> dict[str, str]:
        """The hash of the files."""
        return {"states_from": self._given.fingerprint}

    def key(self) -> str:
        """Of the files' content and the names of the classes."""
        kind = {} if self._given.answers == "classes" else {"answers": self._given.answers}
        return key_of(given=self._given.fingerprint, classes=self._given.classes, **kind)

    def layers(self) -> list[str]:
        """Those that the config names, or all that the files have."""
        return wanted_layers(self._config, list(self._given.states))

    def model(self) -> RecordedModel:
        """What looks the states up."""
        return RecordedModel(self._given, self._config.states.layers)

    def facts(self) -> ProviderFacts:
        """How many of the recorded answers are right, or how far from the truth they are."""
        right, errors = self._right(), {}
        last, truth = self._given.ep[np.cumsum(self._given.lengths) - 1], self._given.targets
        if self._given.answers == "number" and truth is not None:
            known = ~np.isnan(truth[:, 0])
            errors = errors_of(last[known, 0], truth[known, 0])
        return ProviderFacts(
            test_accuracy=float(right.mean()) if len(right) else None,
            test_errors=errors,
            left_out={"test": {"no steps": self._given.left_out}},
            own_model={
                "answers": f"none: states and EPs come from {self._config.states_from}",
                "ep": "files",
                "why": "they are shown as given",
            },
            training={"epochs": [], "kept_epoch": None},
        )

    def _right(self) -> np.ndarray:
        """(K,) bool, of what has a label: sequences, or steps; nothing of numbers."""
        given = self._given
        ep, labels = given.ep[np.cumsum(given.lengths) - 1], given.labels  # (S, C), (S,)
        if given.answers == "number":
            return np.zeros(0, bool)
        if given.targets is not None:
            known = given.targets[:, 0] >= 0
            right = (chosen(ep) == (given.targets > 0)).all(1)
            return np.asarray(right[known])
        if given.step_labels is not None:
            ep, labels = given.ep, np.concatenate(given.step_labels)  # (N, C), (N,)
        known = labels >= 0
        return np.asarray((ep.argmax(1) == labels)[known])

    def subject(self) -> Subject:
        """What stands in the files, in place of a model."""
        model = self.model()

        def answer(batch: Sequence[Encoded]) -> np.ndarray:
            trace = model.trace(batch)
            return trace.ep[np.arange(len(batch)), trace.lengths - 1]

        layers = [
            ("layer", f"{one.name}: {one.size} {one.kind} units, {one.direction}") for one in model.layers
        ]
        facts = [("model", f"none: states and EPs come from {self._config.states_from}"), *layers]
        return Subject(model, answer, facts, ep="files", encoder="the tokens in the files")
