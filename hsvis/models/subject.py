"""What a check looks at: a model, trained or not yet, its own answers, and what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from hsvis.remarks import Remark

if TYPE_CHECKING:  # torch takes seconds
    from torch import nn

    from hsvis.models.builtin.classifier import RecurrentClassifier
    from hsvis.models.protocol import Encoded, HiddenStateModel

Fact = tuple[str, str]  # what, and the finding in plain words


@dataclass(frozen=True)
class Subject:
    """A model and what is known of it.

    Attributes:
        answer: the model's own answers to whole sequences, (B, C) float32.
        remarks: what was decided about it, and what seems wrong.
        call: how it is called, as `forward(ids, lengths)`; nothing where it is not called.
        ep: how its EPs are made: `head`, `prefixes`, `each step`, `files`.
        encoder: what reads the texts.
        trained: whether its answers mean something.
        usual_unknown: share of unknown tokens that is usual for new texts; None where nobody knows the texts
            of its training.
        pieces: as of `Encoder`.
        untrained: the built-in classifier, where a build will train it.
    """

    model: HiddenStateModel
    answer: Callable[[Sequence[Encoded]], np.ndarray]
    facts: list[Fact]
    remarks: list[Remark] = field(default_factory=list)
    call: str = ""
    ep: str = ""
    encoder: str = ""
    trained: bool = True
    usual_unknown: float | None = None
    pieces: Callable[[str], int] | None = None
    untrained: RecurrentClassifier | None = None


def n_parameters(module: nn.Module) -> str:
    """How many weights a module has, in words."""
    return f"{sum(weight.numel() for weight in module.parameters()):,} parameters"
