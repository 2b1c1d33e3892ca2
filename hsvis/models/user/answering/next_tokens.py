"""Someone's own language model: what its outputs are of, and what is kept of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from hsvis.config import TokenSettings
from hsvis.errors import ModelError
from hsvis.models.batching import AtOnce, by_length
from hsvis.models.finite import check_answers
from hsvis.models.next_tokens import Ranked, at_once, cut_with_following, labels_of, log_of, rank
from hsvis.models.protocol import Encoded, NextTokens, Trace
from hsvis.models.user.adapter import TorchModel
from hsvis.models.user.answering.answers import Answers
from hsvis.models.user.calling import Caller, ask
from hsvis.models.user.reading.encoder import Encoder
from hsvis.models.user.recurring.states import check_finite
from hsvis.models.user.visit import visit
from hsvis.remarks import Remark

SPARE = "entry {}"  # what an output is called for which the vocabulary has no word


def output_counts(module: nn.Module, size: int) -> list[int]:
    """How many outputs a step may have, for a vocabulary of `size` ids: as many, or as an embedding has rows.

    A model may have more outputs than its vocabulary has words, as where the size was rounded up.
    """
    rows = {one.num_embeddings for one in module.modules() if isinstance(one, nn.Embedding)}
    outputs = {one.out_features for one in module.modules() if isinstance(one, nn.Linear)}
    return [size, *sorted(one for one in rows | outputs if one > size)]


def reading_on(encoder_of: Callable[[TokenSettings], Encoder], tokens: TokenSettings) -> Encoder:
    """What reads the texts, and knows which token follows where the length limit cuts off the end."""
    most = tokens.longest
    if most is None or tokens.keep == "last":
        return encoder_of(tokens)
    more = encoder_of(tokens.model_copy(update={"max_length": most + 1, "pad_to": None}))
    return replace(more, read=lambda text: cut_with_following(more.read(text), text, most))


def entries_of(words: Mapping[str, int], count: int) -> tuple[str, ...]:
    """What each of `count` outputs stands for; `words`: word -> id."""
    found = [SPARE.format(k) for k in range(count)]
    for word, k in words.items():
        if k < count:
            found[k] = word
    return tuple(found)


def told(model: "LanguageModel", unknown: int | None, size: int, *, said: bool) -> list[Remark]:
    """What was decided about a language model.

    Args:
        unknown: the id of unknown words, None where these are passed over.
        size: ids of the vocabulary.
        said: whether the config says that it is one.
    """
    entries = model.vocabulary_entries
    why = "" if said else "`dataset.label` is null, so the model is taken for one of language. "
    text = (
        f"{why}What comes after each token is its label, one of {len(entries):,} entries of the vocabulary; "
        f"the {model.top} most probable ones are kept of each step, with the rank and the probability of the "
        "one that came."
    )
    if unknown is not None and unknown < len(entries):
        text += (
            f" A word that the vocabulary lacks is its entry `{entries[unknown]}`, also where it comes next."
        )
    if len(entries) > size:
        text += (
            f" The model has {len(entries) - size:,} outputs more than the vocabulary has entries: they are "
            f"called `{SPARE.format(size)}` and so on."
        )
    return [Remark("next-token", text)]


class LanguageModel(TorchModel):
    """A module that answers after every step with one of the entries of its vocabulary.

    Attributes:
        vocabulary_entries: V names.
        top: how many of them a trace has of each step.
    """

    top = 10

    @property
    def vocabulary_entries(self) -> tuple[str, ...]:
        """What each output stands for."""
        return self.classes

    @property
    def at_once(self) -> AtOnce:
        """As many steps as leave the outputs of a batch small."""
        return at_once(len(self.classes))

    def _trace(self, batch: Sequence[Encoded]) -> Trace:
        lengths = np.array([len(one) for one in batch], np.int64)
        longest, count = int(lengths.max()), len(batch)
        k = min(self.top, len(self.classes))
        labels, nothing = labels_of(batch, longest), float("nan")
        sizes = {layer.name: layer.size for layer in self.layers}
        states = {name: np.zeros((count, longest, size), np.float32) for name, size in sizes.items()}
        ep = np.zeros((count, longest, k), np.float32)
        found = NextTokens(
            np.zeros((count, longest, k), np.int32),
            np.full((count, longest), -1, np.int32),
            np.zeros((count, longest), np.int32),
            np.full((count, longest), nothing, np.float32),
            np.full((count, longest), nothing, np.float32),
        )
        wanted = self.reader.by_path(states)
        for length, rows in by_length(lengths, self._at_once(self.call)):
            read, output = self.reader.read(self._tensor([batch[i] for i in rows.tolist()]), wanted)
            ranked = self._rank(output, labels[rows, :length])
            for name, values in states.items():
                values[rows, :length] = check_finite(read[name].float().cpu(), name).numpy()
            ep[rows, :length] = ranked.ep
            for kept, values in zip(vars(found).values(), vars(ranked.next).values(), strict=True):
                kept[rows, :length] = values
        check_answers(ep, batch)
        return Trace(states, ep, lengths, found)

    @torch.inference_mode()
    def answer(self, batch: Sequence[Encoded], call: Caller | None = None) -> np.ndarray:
        """(B, k) float32: the largest probabilities after the last step, by a plain call."""
        lengths = np.array([len(one) for one in batch], np.int64)
        found = np.empty((len(batch), min(self.top, len(self.classes))), np.float32)
        with self._lock, visit(self.module):
            for _, rows in by_length(lengths, self._at_once(call or self.call)):
                output = ask(call or self.call, self.module, self._tensor([batch[i] for i in rows.tolist()]))
                found[rows] = self._rank(output[:, -1], np.full(len(rows), -1)).ep
        check_answers(found, batch)
        return found

    def _at_once(self, call: Caller) -> int | None:
        """Sequences in a call at the most."""
        if self.alone or call.padding is None:
            return super()._at_once(call)
        return max(1, self.at_once.steps // call.padding.to)

    def _rank(self, output: torch.Tensor, labels: np.ndarray) -> Ranked:
        """Outputs (…, V) of steps; `labels`: (…) int."""
        return rank(log_probabilities(self.answers, output), labels, self.top)


def log_probabilities(answers: Answers, output: torch.Tensor) -> torch.Tensor:
    """Outputs (…, V) as natural logarithms of probabilities; of logits without a probability between."""
    if answers.single:
        return log_of(answers.probabilities(output))
    if answers.kind == "logits":
        return output.detach().float().log_softmax(-1)
    return output.detach().float() if answers.kind == "log-probabilities" else log_of(output.detach())


def check_words(words: Any, reader: str) -> Mapping[str, int]:
    """The words of the vocabulary that a model reads.  Raises ModelError: only a function knows them."""
    if words is None:
        raise ModelError(
            f"`model.answers: next token`: {reader} does not say which word each output is of. Name a "
            "vocabulary (.txt, .json) or a tokenizer.json in `model.tokenizer`."
        )
    return dict(words)
