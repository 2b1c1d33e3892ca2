"""What a check looks at: a model, trained or not yet, its own answers, and what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

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
        trained: whether its answers mean something.
        pieces: as of `Encoder`.
        untrained: the built-in classifier, where a build will train it.
    """

    model: HiddenStateModel
    answer: Callable[[Sequence[Encoded]], np.ndarray]
    facts: list[Fact]
    warnings: list[str]
    trained: bool = True
    pieces: Callable[[str], int] | None = None
    untrained: RecurrentClassifier | None = None


def n_parameters(module: nn.Module) -> str:
    """How many weights a module has, in words."""
    return f"{sum(weight.numel() for weight in module.parameters()):,} parameters"
