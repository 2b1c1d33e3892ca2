"""How often a user's model is right."""

from collections import Counter

import numpy as np

from hsvis.config import TokenSettings
from hsvis.corpus.corpus import Split
from hsvis.corpus.series import Series
from hsvis.models.batching import bucket
from hsvis.models.protocol import why_left_out
from hsvis.models.step_labels import align_labels
from hsvis.models.user.adapter import TorchModel

STEPS_PER_BATCH = 16_384


def accuracy(model: TorchModel, split: Split, tokens: TokenSettings) -> tuple[float | None, dict[str, int]]:
    """Share of the labelled rows of a split that are answered right, None without any; and what was left out.

    Where each step has a label, of the labelled steps.
    """
    examples, labels = split.examples, split.labels
    if split.step_labels is not None:
        return _accuracy_of_steps(model, split, tokens)
    encoded = [model.encode(one) for one in examples]
    reason = "no steps" if len(examples) and isinstance(examples[0], Series) else "no words"
    why = [why_left_out(model, one, reason) for one in encoded]
    unread = np.array([bool(one) for one in why])
    rows = np.flatnonzero(~unread & (labels >= 0))
    right = 0
    lengths = np.array([len(encoded[i]) for i in rows.tolist()], np.int64)
    for batch in bucket(lengths, STEPS_PER_BATCH):
        at = rows[batch]
        answers = model.answer([encoded[i] for i in at.tolist()])
        right += int((answers.argmax(1) == labels[at]).sum())
    left_out = {reason: 0, **Counter(filter(None, why)), "no label": int(((labels < 0) & ~unread).sum())}
    return (right / len(rows) if len(rows) else None), left_out


def _accuracy_of_steps(
    model: TorchModel, split: Split, tokens: TokenSettings
) -> tuple[float | None, dict[str, int]]:
    """As `accuracy`, of steps."""
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
    return (right / known if known else None), {reason: 0, **Counter(filter(None, why))}
