"""How often a user's model is right."""

import numpy as np

from hsvis.config import TokenSettings
from hsvis.corpus.corpus import Split
from hsvis.corpus.series import Series
from hsvis.models.batching import bucket
from hsvis.models.protocol import perplexity
from hsvis.models.step_labels import align_labels
from hsvis.models.user.adapter import TorchModel
from hsvis.models.user.answering.next_tokens import LanguageModel

STEPS_PER_BATCH = 16_384


def accuracy(model: TorchModel, split: Split, tokens: TokenSettings) -> tuple[float | None, dict[str, int]]:
    """Share of the labelled rows of a split that are answered right, None without any; and what was left out.

    Where each step has a label, of the labelled steps.
    """
    examples, labels = split.examples, split.labels
    if split.step_labels is not None:
        return _accuracy_of_steps(model, split, tokens)
    encoded = [model.encode(one) for one in examples]
    empty = np.array([len(one) == 0 for one in encoded])
    rows = np.flatnonzero(~empty & (labels >= 0))
    right = 0
    lengths = np.array([len(encoded[i]) for i in rows.tolist()], np.int64)
    for batch in bucket(lengths, STEPS_PER_BATCH):
        at = rows[batch]
        answers = model.answer([encoded[i] for i in at.tolist()])
        right += int((answers.argmax(1) == labels[at]).sum())
    reason = "no steps" if len(examples) and isinstance(examples[0], Series) else "no words"
    left_out = {reason: int(empty.sum()), "no label": int(((labels < 0) & ~empty).sum())}
    return (right / len(rows) if len(rows) else None), left_out


def _accuracy_of_steps(
    model: TorchModel, split: Split, tokens: TokenSettings
) -> tuple[float | None, dict[str, int]]:
    """As `accuracy`, of steps."""
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
    return (right / known if known else None), {reason: int((lengths == 0).sum())}


def accuracy_of_next_tokens(
    model: LanguageModel, split: Split
) -> tuple[float | None, float | None, dict[str, int]]:
    """Of the steps after which the next token is known: the share where it is the most probable one, and the
    perplexity; and what was left out.
    """
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
    return (
        float(share.mean()) if len(share) else None, perplexity(np.concatenate(surprisals)), left_out
    )  # fmt: skip
