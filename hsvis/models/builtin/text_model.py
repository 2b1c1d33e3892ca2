"""The built-in classifier together with what reads for it: HiddenStateModels of texts and of series."""

import hashlib
import json
from collections.abc import Sequence

import numpy as np
import torch

from hsvis.config import TokenSettings
from hsvis.corpus.series import Series
from hsvis.corpus.tokens import UNKNOWN, Vocabulary, split_text
from hsvis.corpus.words import ReadText, Words
from hsvis.errors import ModelError
from hsvis.models.batching import pad
from hsvis.models.builtin.classifier import RecurrentClassifier
from hsvis.models.finite import check_answers
from hsvis.models.protocol import Encoded, Layer, Trace


class _Model:
    """What both have in common: the classifier, and the layers whose states it gives."""

    def __init__(
        self,
        classifier: RecurrentClassifier,
        tokens: TokenSettings,
        classes: Sequence[str],
        wanted: Sequence[str],
    ) -> None:
        self.classifier = classifier.eval()
        self.tokens, self.classes = tokens, tuple(classes)
        there = {layer.name: layer for layer in classifier.layers}
        for name in wanted:
            if name not in there:
                raise ModelError(
                    f"`states.layers`: the model has no layer `{name}`. It has {', '.join(there)}."
                )
        self.layers: tuple[Layer, ...] = tuple(there[name] for name in wanted)

    def _fingerprint(self, words: Sequence[str]) -> str:
        """Hash of weights, vocabulary and token settings."""
        digest = hashlib.sha256(json.dumps([self.tokens.model_dump(), words]).encode())
        for name, weight in sorted(self.classifier.state_dict().items()):
            digest.update(name.encode())
            digest.update(weight.numpy().tobytes())
        return digest.hexdigest()

    @torch.inference_mode()
    def answer(self, batch: Sequence[Encoded]) -> np.ndarray:
        """The classifier's own answers to whole sequences, by one plain call: (B, C) float32.

        Raises ModelError: one is NaN.
        """
        inputs, lengths = pad([encoded.inputs for encoded in batch])
        logits = self.classifier(torch.from_numpy(inputs), torch.from_numpy(lengths))
        answers = self.classifier.probabilities(logits).numpy()
        check_answers(answers, batch)
        return answers

    @torch.inference_mode()
    def trace(self, batch: Sequence[Encoded]) -> Trace:
        """States and EPs of every step of a batch of non-empty sequences."""
        inputs, lengths = pad([encoded.inputs for encoded in batch])
        states, ep = self.classifier.step_states(
            torch.from_numpy(inputs), {layer.name for layer in self.layers}
        )
        found = {name: values.numpy() for name, values in states.items()}  # the same memory
        return Trace(found, ep.numpy(), lengths)


class TextModel(_Model):
    """Reads texts word by word with a RecurrentClassifier."""

    reads_words = True  # a `ReadText` in place of a text, whose words are known already

    def __init__(
        self,
        classifier: RecurrentClassifier,
        vocabulary: Vocabulary,
        tokens: TokenSettings,
        classes: Sequence[str],
        wanted: Sequence[str] = ("rnn.0",),
    ) -> None:
        """`wanted`: the layers whose states `trace` returns.  Raises ModelError for one that isn't there."""
        super().__init__(classifier, tokens, classes, wanted)
        self.vocabulary = vocabulary
        self._ids = vocabulary.ids()
        self._read: tuple[Words, np.ndarray] | None = None  # the split that was met last, and its ids

    @property
    def fingerprint(self) -> str:
        """Hash of weights, vocabulary and token settings."""
        return self._fingerprint(self.vocabulary.words)

    def encode(self, text: str | ReadText) -> Encoded:
        """A text as tokens and ids; no tokens if it holds no word."""
        t = self.tokens
        if isinstance(text, ReadText):
            read, bounds = text.surfaces(t.max_length, t.keep)
            ids = self._ids_of(text.words)[text.words.codes[read]]
            ends = (bounds[0][0], bounds[-1][1]) if bounds else (0, 0)
            return Encoded([text.text[a:b] for a, b in bounds], ids, ids != UNKNOWN, *ends)
        found = split_text(text, lowercase=t.lowercase, max_length=t.max_length, keep=t.keep, split=t.split)
        ids = np.array([self._ids.get(form, UNKNOWN) for form in found.forms], np.int64)
        return Encoded(found.surfaces, ids, ids != UNKNOWN, found.start, found.end)

    def _ids_of(self, words: Words) -> np.ndarray:
        """(D,) int64, the id of each of the different words of a split."""
        if self._read is None or self._read[0] is not words:
            ids = np.array([self._ids.get(form, UNKNOWN) for form in words.forms], np.int64)
            self._read = words, ids
        return self._read[1]


class SeriesModel(_Model):
    """Reads series of feature vectors with a RecurrentClassifier."""

    def __init__(
        self,
        classifier: RecurrentClassifier,
        tokens: TokenSettings,
        classes: Sequence[str],
        wanted: Sequence[str] = ("rnn.0",),
    ) -> None:
        """As of TextModel."""
        super().__init__(classifier, tokens, classes, wanted)

    @property
    def fingerprint(self) -> str:
        """Hash of weights and token settings."""
        return self._fingerprint(())

    def encode(self, series: Series) -> Encoded:
        """A series as far as the model reads it."""
        return read_series(series, self.tokens)


def read_series(series: Series, tokens: TokenSettings) -> Encoded:
    """A series as a model reads it: its steps as they are, cut by the length limit."""
    read = series.cut(tokens.longest, tokens.keep)
    return Encoded(list(read.steps), read.values, np.ones(len(read), bool), 0, len(series.caption))
