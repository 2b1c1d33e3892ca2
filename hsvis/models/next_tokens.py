"""Outputs of a language model over its whole vocabulary -> what is kept of them for each step.

Of 10,000 entries, 40 kB a step, the k most probable are kept, and where the token that came next stands among
all of them.  A batch is reduced before another one is read: nothing ever holds the outputs of a whole run.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from hsvis.models.batching import AtOnce
from hsvis.models.protocol import Encoded, NextTokens

OUTPUT_BYTES = 1 << 25  # of the outputs of a batch, of which there are about three copies at a time
MOST_STEPS = 8_192
SMALLEST = torch.finfo(torch.float32).tiny  # of a probability whose logarithm is taken


@dataclass(frozen=True)
class Ranked:
    """Some steps (…): `ep` (…, k) float32, the largest probabilities, falling; and what came next."""

    ep: np.ndarray
    next: NextTokens


def at_once(entries: int) -> AtOnce:
    """How large a batch may be whose outputs have so many entries a step."""
    return AtOnce(max(1, min(MOST_STEPS, OUTPUT_BYTES // (4 * entries))))


def labels_of(batch: Sequence[Encoded], steps: int) -> np.ndarray:
    """(B, steps) int64: the id of the token after each one; -1 where there is none, or it is not known."""
    labels = np.full((len(batch), steps), -1, np.int64)
    for row, one in zip(labels, batch, strict=True):
        row[: len(one) - 1] = one.inputs[1:]
        if one.following is not None:
            row[len(one) - 1] = one.following
    return labels


@torch.inference_mode()
def rank(log_probabilities: torch.Tensor, labels: np.ndarray, k: int) -> Ranked:
    """The k most probable entries of each step, and the place of the one that came next.

    Args:
        log_probabilities: (…, V), natural logarithms.
        labels: (…) int, as of `NextTokens`; one beyond V is not known.

    Returns:
        Of the same steps, on the CPU.
    """
    values, nothing = log_probabilities.detach().float(), float("nan")
    known = torch.from_numpy((labels >= 0) & (labels < values.shape[-1])).to(values.device)
    at = torch.from_numpy(labels.astype(np.int64)).to(values.device).where(known, 0)
    top, ids = values.topk(min(k, values.shape[-1]), -1)
    own = values.gather(-1, at[..., None])  # (…, 1)
    told = torch.nan_to_num(own[..., 0], nan=nothing, neginf=math.log(SMALLEST))
    above = (values > own).sum(-1)
    same = ids == at[..., None]
    # of equal ones, those that are kept are before those that are not
    ranks = 1 + torch.where(same.any(-1), same.int().argmax(-1), above.clamp(min=top.shape[-1]))
    return Ranked(
        top.exp().cpu().numpy(),
        NextTokens(
            ids.int().cpu().numpy(),
            at.where(known, -1).int().cpu().numpy(),
            ranks.where(known, 0).int().cpu().numpy(),
            told.exp().where(known, nothing).cpu().numpy(),
            (-told / math.log(2)).clamp(min=0).where(known, nothing).cpu().numpy(),
        ),
    )


def log_of(probabilities: torch.Tensor) -> torch.Tensor:
    """Natural logarithms of probabilities; of 0 that of the smallest number that is not."""
    return probabilities.float().clamp(min=SMALLEST).log()


def cut_with_following(read: Encoded, text: str, most: int | None) -> Encoded:
    """The first `most` steps of a text of which one more was read: that one is known to follow."""
    if most is None or len(read) <= most:
        return read
    place = read.start  # where the last token that is kept ends, as far as it is found
    for token in read.tokens[:most]:
        found = text.find(token, place) if token else -1
        place = found + len(token) if found >= 0 else place
    return replace(
        read, tokens=read.tokens[:most], inputs=read.inputs[:most], known=read.known[:most], end=place,
        following=int(read.inputs[most]),
    )  # fmt: skip
