"""What the built-in model learns: the class of a whole sequence, or the word that follows each one."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import nn

from hsvis.config import TokenSettings
from hsvis.corpus.tokens import UNKNOWN, Vocabulary
from hsvis.models.batching import bucket, pad
from hsvis.models.builtin.classifier import RecurrentClassifier
from hsvis.models.builtin.examples import Examples, cut
from hsvis.models.devices import in_parts
from hsvis.models.finite import TOLD, check_each
from hsvis.models.next_tokens import at_once

STEPS_PER_BATCH = 32_768  # padded steps that are evaluated at once: bounds memory for long texts
NONE = -100  # in place of a label that does not count, as torch calls it


class Goal(Protocol):
    """What is learned, and how well it is known."""

    def labels(self, inputs: list[np.ndarray], labels: np.ndarray) -> np.ndarray:
        """What is to be answered to B rows, whose inputs are whole, and whose classes are (B,)."""
        ...

    def step(
        self, classifier: RecurrentClassifier, inputs: list[np.ndarray], labels: np.ndarray,
        optimiser: torch.optim.Optimizer, early_loss: float,
    ) -> float:  # fmt: skip
        """One step of the optimiser; the loss."""
        ...

    def evaluate(
        self, classifier: RecurrentClassifier, rows: Examples, tokens: TokenSettings,
        tokens_of: Callable[[np.ndarray], Sequence[str]] | None = None,
    ) -> tuple[float, float]:  # fmt: skip
        """Accuracy and mean loss of whole, unaltered rows.  Raises ModelError: an answer is NaN."""
        ...


class _Classes:
    """A `Goal`: one class a sequence."""

    def labels(self, inputs: list[np.ndarray], labels: np.ndarray) -> np.ndarray:
        """(B,)."""
        return labels

    def step(
        self,
        classifier: RecurrentClassifier,
        inputs: list[np.ndarray],
        labels: np.ndarray,
        optimiser: torch.optim.Optimizer,
        early_loss: float,
    ) -> float:
        """One step of the optimiser; the loss of the answers to the whole texts."""
        classifier.train()
        ids, lengths = (torch.from_numpy(part).to(classifier.device) for part in pad(inputs))
        target = torch.from_numpy(labels).to(classifier.device)
        states = classifier.read(ids)
        loss = total = _loss(classifier, classifier.answer(states, lengths - 1), target)
        if early_loss:
            early = (
                (lengths * (0.5 + 0.5 * torch.rand(len(lengths), device=lengths.device)))
                .long()
                .clamp(max=lengths - 1)
            )
            total = loss + early_loss * _loss(classifier, classifier.answer(states, early), target)
        optimiser.zero_grad()
        total.backward()
        nn.utils.clip_grad_norm_(classifier.parameters(), 1.0)
        optimiser.step()
        return loss.item()

    @torch.inference_mode()
    def evaluate(
        self,
        classifier: RecurrentClassifier,
        rows: Examples,
        tokens: TokenSettings,
        tokens_of: Callable[[np.ndarray], Sequence[str]] | None = None,
    ) -> tuple[float, float]:
        """Accuracy and mean loss of whole, unaltered rows.

        Args:
            tokens_of: the first tokens of inputs; without it, an answer that is NaN is told by the loss
                alone.

        Raises:
            ModelError: an answer is NaN.
        """
        classifier.eval()
        inputs = [cut(ids, tokens) for ids in rows.inputs]

        def judge(batch: np.ndarray) -> tuple[int, float]:
            """Right answers of a batch, and the sum of its losses."""
            ids, lengths = (
                torch.from_numpy(part).to(classifier.device) for part in pad([inputs[i] for i in batch])
            )
            labels = torch.from_numpy(rows.labels[batch]).to(classifier.device)
            logits = classifier(ids, lengths)
            answers = classifier.probabilities(logits)
            if tokens_of is not None:
                check_each(answers.cpu().numpy(), [inputs[i] for i in batch], tokens_of)
            loss = _loss(classifier, logits, labels).item()
            return int((answers.argmax(-1) == labels).sum()), loss * len(batch)

        correct, loss = 0, 0.0
        for batch in bucket(np.array([len(ids) for ids in inputs]), STEPS_PER_BATCH):
            for right, lost in in_parts(judge, batch, classifier.device):
                correct, loss = correct + right, loss + lost
        return correct / len(rows), loss / len(rows)


class _NextWords:
    """A `Goal`: after each word of a text the next one; the mean is over all words that have one."""

    def labels(self, inputs: list[np.ndarray], labels: np.ndarray) -> np.ndarray:
        """(B, T) int64, the word after each, NONE past the last."""
        found = np.full((len(inputs), max(map(len, inputs))), NONE, np.int64)
        for row, ids in zip(found, inputs, strict=True):
            row[: len(ids) - 1] = ids[1:]
        return found

    def step(
        self,
        classifier: RecurrentClassifier,
        inputs: list[np.ndarray],
        labels: np.ndarray,
        optimiser: torch.optim.Optimizer,
        early_loss: float,
    ) -> float:
        """One step of the optimiser; the mean loss of a word.  `early_loss` has no use: each word counts."""
        classifier.train()
        ids, _ = pad(inputs)
        states = classifier.read(torch.from_numpy(ids).to(classifier.device))  # (B, T, H)
        target = torch.from_numpy(labels).to(classifier.device)
        counts = target != NONE  # only what counts goes through the head, which has an output a word
        dropped = nn.functional.dropout(states[counts], classifier.dropout, training=True)
        loss = nn.functional.cross_entropy(classifier.head(dropped), target[counts])
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(classifier.parameters(), 1.0)
        optimiser.step()
        return loss.item()

    @torch.inference_mode()
    def evaluate(
        self,
        classifier: RecurrentClassifier,
        rows: Examples,
        tokens: TokenSettings,
        tokens_of: Callable[[np.ndarray], Sequence[str]] | None = None,
    ) -> tuple[float, float]:
        """Share of the words that are the most probable ones, and mean loss of a word."""
        classifier.eval()
        inputs = [cut(ids, tokens) for ids in rows.inputs]

        def judge(batch: np.ndarray) -> tuple[int, float, int]:
            """Right answers of a batch, the sum of its losses, and how many there are."""
            some = [inputs[i] for i in batch]
            target = torch.from_numpy(self.labels(some, np.empty(0))).to(classifier.device)
            states = classifier.read(torch.from_numpy(pad(some)[0]).to(classifier.device))
            counts = target != NONE
            logits = classifier.head(states[counts])
            if tokens_of is not None:
                sums = torch.zeros(counts.shape, device=logits.device)
                sums[counts] = logits.sum(-1)
                check_each(sums.cpu().numpy(), some, tokens_of)
            loss = nn.functional.cross_entropy(logits, target[counts], reduction="sum").item()
            return int((logits.argmax(-1) == target[counts]).sum()), loss, int(counts.sum())

        right, loss, count = 0, 0.0, 0
        most = at_once(classifier.head.out_features).steps
        for batch in bucket(np.array([len(ids) for ids in inputs]), most):
            for good, lost, known in in_parts(judge, batch, classifier.device):
                right, loss, count = right + good, loss + lost, count + known
        return right / max(1, count), loss / max(1, count)


def _loss(classifier: RecurrentClassifier, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    if classifier.output == "sigmoid":
        return nn.functional.binary_cross_entropy_with_logits(logits[:, 0], labels.float())
    return nn.functional.cross_entropy(logits, labels)


def first_tokens(inputs: np.ndarray, vocabulary: Vocabulary) -> list[str]:
    """Of ids (T,), by which a message names them; of features (T, F) the first step."""
    if inputs.ndim > 1:
        return [f"{value:g}" for value in inputs[0].tolist()]
    return [vocabulary.words[i - 2] if i > UNKNOWN else "…" for i in inputs[: TOLD + 1].tolist()]


CLASSES: Goal = _Classes()
NEXT_WORDS: Goal = _NextWords()
