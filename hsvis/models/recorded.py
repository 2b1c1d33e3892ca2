"""States and EPs that files hold, as a HiddenStateModel: nothing is computed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hsvis.corpus.recorded import Given, Stored
from hsvis.errors import ModelError
from hsvis.models.protocol import Encoded, Layer, Trace


@dataclass(frozen=True)
class _Read(Encoded):
    """One sequence; its steps are rows `first`, `first` + 1, … of the files."""

    first: int = 0


class GivenModel:
    """Looks up what a model would compute."""

    def __init__(self, given: Given, wanted: Sequence[str] | None = None) -> None:
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

    def encode(self, example: Stored) -> Encoded:
        """The steps of a sequence."""
        rows = example.rows
        tokens = self._given.tokens[rows]
        values = self._given.values
        inputs = np.zeros(len(tokens), np.int64) if values is None else values[rows]
        known = np.ones(len(tokens), bool)
        return _Read(tokens, inputs, known, 0, len(example.text), rows.start)

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
