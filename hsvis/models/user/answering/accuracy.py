"""How often a user's model is right, or how far from the truth its numbers are."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from hsvis.config import TokenSettings
from hsvis.corpus.corpus import Split
from hsvis.corpus.series import Series
from hsvis.corpus.targets.judging import chosen, errors_of
from hsvis.models.batching import bucket
from hsvis.models.protocol import perplexity, why_left_out
from hsvis.models.step_labels import align_labels
from hsvis.models.user.adapter import TorchModel
from hsvis.models.user.answering.next_tokens import LanguageModel

STEPS_PER_BATCH = 16_384


@dataclass(frozen=True)
class Measured:
    """What the answers to a split are worth.

    Attributes:
        accuracy: share of the labelled rows that are answered right, of independent classes in all classes;
            where each step has a label, of the labelled steps.  None without any, and of numbers.
        left_out: reason -> rows that did not count.
        errors: of numbers as `errors_of` has them.
        perplexity: of a language model; its accuracy is of the steps after which the next token is known.
    """

    accuracy: float | None
    left_out: dict[str, int]
    errors: dict[str, float | None] = field(default_factory=dict)
    perplexity: float | None = None


def measure(model: TorchModel, split: Split, tokens: TokenSettings) -> Measured:
    """Asks a model for its answers to a whole split."""
    if isinstance(model, LanguageModel):
        return _measure_next(model, split)
    if split.step_labels is not None:
        return _measure_steps(model, split, tokens)
    examples = split.examples
    encoded = [model.encode(one) for one in examples]
    reason = "no steps" if len(examples) and isinstance(examples[0], Series) else "no words"
    why = [why_left_out(model, one, reason) for one in encoded]
    unread = np.array([bool(one) for one in why])
    rows = np.flatnonzero(~unread & split.is_labelled)
    lengths = np.array([len(encoded[i]) for i in rows.tolist()], np.int64)
    right = 0
    numbers: list[np.ndarray] = [np.empty((0, 2))]
    for batch in bucket(lengths, STEPS_PER_BATCH):
        at = rows[batch]
        answers = model.answer([encoded[i] for i in at.tolist()])
        if split.targets is None:
            right += int((answers.argmax(1) == split.labels[at]).sum())
        elif model.answers.of == "independent":
            right += int((chosen(answers) == (split.targets[at] > 0)).all(1).sum())
        else:
            numbers.append(np.column_stack([answers[:, 0], split.targets[at, 0]]))
    unlabelled = int((~split.is_labelled & ~unread).sum())
    left_out = {reason: 0, **Counter(filter(None, why)), "no label": unlabelled}
    if model.answers.of == "number":
        every = np.concatenate(numbers)
        return Measured(None, left_out, errors_of(every[:, 0], every[:, 1]))
    return Measured(right / len(rows) if len(rows) else None, left_out)


def _measure_steps(model: TorchModel, split: Split, tokens: TokenSettings) -> Measured:
    """As `measure`, of steps."""
    assert split.step_labels is not None
    encoded = [model.encode(one) for one in split.examples]
    lengths = np.array([len(one) for one in encoded], np.int64)
    reason = "no words" if split.series is None else "no steps"
    why = [why_left_out(model, one, reason) for one in encoded]
    right = known = 0
    for batch in bucket(lengths, STEPS_PER_BATCH):
        rows = [i for i in batch.tolist() if not why[i]]
        ep = model.trace([encoded[i] for i in rows]).ep if rows else np.empty((0, 0, 0))
        for i, one in zip(rows, ep, strict=True):
            labels = align_labels(split.step_labels[i], encoded[i], split.examples[i], tokens, i)
            answered = ~np.isnan(one[: len(labels), 0])
            known += int(((labels >= 0) & answered).sum())
            right += int(((one[: len(labels)].argmax(1) == labels) & answered).sum())
    return Measured(right / known if known else None, {reason: 0, **Counter(filter(None, why))})


def _measure_next(model: LanguageModel, split: Split) -> Measured:
    """Of the steps after which the next token is known: the share where it is the first choice, and more."""
    encoded = [one for one in map(model.encode, split.examples) if len(one)]
    lengths = np.array([len(one) for one in encoded], np.int64)
    right, surprisals = [np.empty(0, bool)], [np.empty(0, np.float32)]
    for batch in bucket(lengths, model.at_once.steps):
        found = model.trace([encoded[i] for i in batch.tolist()]).next
        assert found is not None
        known = found.labels >= 0
        right.append(found.ranks[known] == 1)
        surprisals.append(found.surprisals[known])
    share = np.concatenate(right)
    left_out = {"no words": len(split) - len(encoded)}
    right_share = float(share.mean()) if len(share) else None
    return Measured(right_share, left_out, perplexity=perplexity(np.concatenate(surprisals)))
