"""The built-in classifier together with what reads for it: HiddenStateModels of texts and of series."""

import hashlib
import json
import threading
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import torch

from hsvis.config import TokenSettings
from hsvis.corpus.pairs.pair import Pair
from hsvis.corpus.series import Series
from hsvis.corpus.splitters import Split, cut_text, surface_of
from hsvis.corpus.tokens import UNKNOWN, Vocabulary, split_text
from hsvis.corpus.words import ReadText, Words
from hsvis.errors import ModelError
from hsvis.models.batching import AtOnce, pad
from hsvis.models.builtin.classifier import RecurrentClassifier
from hsvis.models.devices import at_once, exact, in_parts
from hsvis.models.finite import check_answers
from hsvis.models.next_tokens import at_once as at_once_of
from hsvis.models.next_tokens import cut_with_following, labels_of, rank
from hsvis.models.protocol import Encoded, Layer, Trace, join_traces

PADDING_ENTRY, UNKNOWN_ENTRY = "<padding>", "<unknown>"  # the first two outputs of a language model


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
        self.device = classifier.device
        # parts are read side by side: on a GPU, which has one memory, one after the other
        self._turn = threading.Lock() if self.device.type != "cpu" else nullcontext()
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
            digest.update(weight.cpu().numpy().tobytes())
        return digest.hexdigest()

    @property
    def at_once(self) -> AtOnce | None:
        """The largest batch on its device; None on the CPU, where all batches fit."""
        return at_once(self.device, self.classifier.step_bytes)

    @torch.inference_mode()
    def answer(self, batch: Sequence[Encoded]) -> np.ndarray:
        """The classifier's own answers to whole sequences, by one plain call: (B, C) float32.

        Raises ModelError: one is NaN, or its device lacks the memory.
        """
        with self._turn, exact(self.device):
            answers = np.concatenate(in_parts(self._answer, batch, self.device))
        check_answers(answers, batch)
        return answers

    def _answer(self, batch: Sequence[Encoded]) -> np.ndarray:
        inputs, lengths = pad([encoded.inputs for encoded in batch])
        logits = self.classifier(self._there(inputs), self._there(lengths))
        return self.classifier.probabilities(logits).cpu().numpy()

    @torch.inference_mode()
    def trace(self, batch: Sequence[Encoded]) -> Trace:
        """States and EPs of every step of a batch of non-empty sequences.

        Raises ModelError: its device lacks the memory for one of them.
        """
        with self._turn, exact(self.device):
            return join_traces(in_parts(self._trace, batch, self.device))

    def _trace(self, batch: Sequence[Encoded]) -> Trace:
        inputs, lengths = pad([encoded.inputs for encoded in batch])
        states, ep = self.classifier.step_states(self._there(inputs), {layer.name for layer in self.layers})
        found = {name: values.cpu().numpy() for name, values in states.items()}  # the same memory on a CPU
        return Trace(found, ep.cpu().numpy(), lengths)

    def _there(self, inputs: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(inputs).to(self.device)


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
        splitter: Split = None,
    ) -> None:
        """The model, if it has these layers.

        Args:
            wanted: the layers whose states `trace` returns.
            splitter: how texts are cut; None = as `tokens` says.

        Raises:
            ModelError: a layer isn't there.
        """
        super().__init__(classifier, tokens, classes, wanted)
        self.splitter = tokens.split if splitter is None else splitter
        self.vocabulary = vocabulary
        self._ids = vocabulary.ids()
        self._read: tuple[Words, np.ndarray] | None = None  # the split that was met last, and its ids

    @property
    def fingerprint(self) -> str:
        """Hash of weights, vocabulary and token settings."""
        return self._fingerprint(self.vocabulary.words)

    def encode(self, text: str | ReadText) -> Encoded:
        """A text as tokens and ids; no tokens if it holds no word."""
        t, whole = self.tokens, text.text if isinstance(text, ReadText) else text
        read = self._encode(text, t)
        return replace(read, boundary=self._boundary(whole, len(read))) if isinstance(whole, Pair) else read

    def _boundary(self, pair: Pair, steps: int) -> int:
        """The steps of a pair before its second text, of those that are read."""
        first, second = (len(cut_text(one, False, self.splitter)[0]) for one in (pair.first, pair.second))
        cut = first + 1 + second - steps if self.tokens.keep == "last" else 0
        return min(max(first + 1 - cut, 0), steps)

    def _encode(self, text: str | ReadText, t: TokenSettings) -> Encoded:
        if isinstance(text, ReadText):
            read, bounds = text.surfaces(t.max_length, t.keep)
            codes, words = text.words.codes[read], text.words
            ids = self._ids_of(words)[codes]
            ends = (bounds[0][0], bounds[-1][1]) if bounds else (0, 0)
            surfaces = [
                surface_of(text.text, span, words.forms[code], words.split)
                for span, code in zip(bounds, codes.tolist(), strict=True)
            ]
            return Encoded(surfaces, ids, ids != UNKNOWN, *ends)
        found = split_text(
            text, lowercase=t.lowercase, max_length=t.max_length, keep=t.keep, split=self.splitter
        )
        ids = np.array([self._ids.get(form, UNKNOWN) for form in found.forms], np.int64)
        return Encoded(found.surfaces, ids, ids != UNKNOWN, found.start, found.end)

    def _ids_of(self, words: Words) -> np.ndarray:
        """(D,) int64, the id of each of the different words of a split."""
        if self._read is None or self._read[0] is not words:
            ids = np.array([self._ids.get(form, UNKNOWN) for form in words.forms], np.int64)
            self._read = words, ids
        return self._read[1]


class NextWordModel(TextModel):
    """Reads texts word by word, and answers after each with the next one."""

    top = 10  # words that a trace has of each step

    @property
    def vocabulary_entries(self) -> tuple[str, ...]:
        """What each output stands for."""
        return (PADDING_ENTRY, UNKNOWN_ENTRY, *self.vocabulary.words)

    @property
    def at_once(self) -> AtOnce:
        """As many steps as leave the outputs of a batch small."""
        outputs, most = at_once_of(self.classifier.head.out_features), super().at_once
        return outputs if most is None else AtOnce(min(most.steps, outputs.steps), most.sequences)

    def encode(self, text: str | ReadText) -> Encoded:
        """As a TextModel, with the word that follows where the end is cut off."""
        t = self.tokens
        if t.max_length is None or t.keep == "last":
            return super().encode(text)
        more = self._encode(text, t.model_copy(update={"max_length": t.max_length + 1}))
        return cut_with_following(more, text.text if isinstance(text, ReadText) else text, t.max_length)

    def _trace(self, batch: Sequence[Encoded]) -> Trace:
        inputs, lengths = pad([encoded.inputs for encoded in batch])
        states, logits = self.classifier.step_logits(
            self._there(inputs), {layer.name for layer in self.layers}
        )
        ranked = rank(logits.log_softmax(-1), labels_of(batch, inputs.shape[1]), self.top)
        found = {name: values.cpu().numpy() for name, values in states.items()}
        check_answers(ranked.ep, batch)
        return Trace(found, ranked.ep, lengths, ranked.next)

    def _answer(self, batch: Sequence[Encoded]) -> np.ndarray:
        """(B, k): the largest probabilities after the last word."""
        inputs, lengths = pad([encoded.inputs for encoded in batch])
        logits = self.classifier(self._there(inputs), self._there(lengths))
        return rank(logits.log_softmax(-1), np.full(len(batch), -1), self.top).ep


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
