"""How often a user's model is right, or how far from the truth its numbers are."""

from dataclasses import dataclass, field

import numpy as np

from hsvis.config import TokenSettings
from hsvis.corpus.corpus import Split
from hsvis.corpus.series import Series
from hsvis.corpus.targets.judging import chosen, errors_of
from hsvis.models.batching import bucket
from hsvis.models.step_labels import align_labels
from hsvis.models.user.adapter import TorchModel

STEPS_PER_BATCH = 16_384


@dataclass(frozen=True)
class Measured:
    """What the answers to a split are worth.

    Attributes:
        accuracy: share of the labelled rows that are answered right, of independent classes in all classes;
            where each step has a label, of the labelled steps.  None without any, and of numbers.
        left_out: reason -> rows that did not count.
        errors: of numbers as `errors_of` has them.
    """

    accuracy: float | None
    left_out: dict[str, int]
    errors: dict[str, float | None] = field(default_factory=dict)


def measure(model: TorchModel, split: Split, tokens: TokenSettings) -> Measured:
    """Asks a model for its answers to a whole split."""
    if split.step_labels is not None:
        return _measure_steps(model, split, tokens)
    examples = split.examples
    encoded = [model.encode(one) for one in examples]
    empty = np.array([len(one) == 0 for one in encoded])
    rows = np.flatnonzero(~empty & split.is_labelled)
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
    reason = "no steps" if len(examples) and isinstance(examples[0], Series) else "no words"
    left_out = {reason: int(empty.sum()), "no label": int((~split.is_labelled & ~empty).sum())}
    if model.answers.of == "number":
        every = np.concatenate(numbers)
        return Measured(None, left_out, errors_of(every[:, 0], every[:, 1]))
    return Measured(right / len(rows) if len(rows) else None, left_out)


def _measure_steps(model: TorchModel, split: Split, tokens: TokenSettings) -> Measured:
    """As `measure`, of steps."""
    assert split.step_labels is not None
    encoded = [model.encode(one) for one in split.examples]
    lengths = np.array([len(one) for one in encoded], np.int64)
    right = known = 0
    for batch in bucket(lengths, STEPS_PER_BATCH):
        rows = [i for i in batch.tolist() if lengths[i]]
        ep = model.trace([encoded[i] for i in rows]).ep if rows else np.empty((0, 0, 0))
        for i, one in zip(rows, ep, strict=True):
            labels = align_labels(split.step_labels[i], encoded[i], split.examples[i], tokens, i)
            known += int((labels >= 0).sum())
            right += int((one[: len(labels)].argmax(1) == labels).sum())
    reason = "no words" if split.series is None else "no steps"
    return Measured(right / known if known else None, {reason: int((lengths == 0).sum())})
