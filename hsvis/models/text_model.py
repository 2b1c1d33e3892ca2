"""The built-in classifier together with its vocabulary: a HiddenStateModel of texts."""

import hashlib
import json
from collections.abc import Sequence

import numpy as np
import torch

from hsvis.config import TokenSettings
from hsvis.corpus.tokens import UNKNOWN, Vocabulary, split_text
from hsvis.errors import ModelError
from hsvis.models.batching import pad
from hsvis.models.classifier import RecurrentClassifier
from hsvis.models.protocol import Encoded, Layer, Trace


class TextModel:
    """Reads texts word by word with a RecurrentClassifier."""

    def __init__(
        self,
        classifier: RecurrentClassifier,
        vocabulary: Vocabulary,
        tokens: TokenSettings,
        classes: Sequence[str],
        wanted: Sequence[str] = ("rnn.0",),
    ) -> None:
        """`wanted`: the layers whose states `trace` returns.  Raises ModelError for one that isn't there."""
        self.classifier = classifier.eval()
        self.vocabulary, self.tokens, self.classes = vocabulary, tokens, tuple(classes)
        self._ids = vocabulary.ids()
        there = {layer.name: layer for layer in classifier.layers}
        for name in wanted:
            if name not in there:
                raise ModelError(
                    f"`states.layers`: the model has no layer `{name}`. It has {', '.join(there)}."
                )
        self.layers: tuple[Layer, ...] = tuple(there[name] for name in wanted)

    @property
    def fingerprint(self) -> str:
        """Hash of weights, vocabulary and token settings."""
        digest = hashlib.sha256(json.dumps([self.tokens.model_dump(), self.vocabulary.words]).encode())
        for name, weight in sorted(self.classifier.state_dict().items()):
            digest.update(name.encode())
            digest.update(weight.numpy().tobytes())
        return digest.hexdigest()

    def encode(self, text: str) -> Encoded:
        """A text as tokens and ids; no tokens if it holds no word."""
        t = self.tokens
        found = split_text(text, lowercase=t.lowercase, max_length=t.max_length, keep=t.keep)
        ids = np.array([self._ids.get(form, UNKNOWN) for form in found.forms], np.int64)
        return Encoded(found.surfaces, ids, ids != UNKNOWN, found.start, found.end)

    @torch.inference_mode()
    def trace(self, batch: Sequence[Encoded]) -> Trace:
        """States and EPs of every step of a batch of non-empty sequences."""
        ids, lengths = pad([encoded.inputs for encoded in batch])
        states, ep = self.classifier.step_states(torch.from_numpy(ids), {layer.name for layer in self.layers})
        return Trace(states, ep, lengths)
