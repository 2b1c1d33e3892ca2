"""The way to the EPs of someone's own model: by its head on every state, or by prefixes."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from hsvis.errors import ModelError
from hsvis.models.user.answers import Answers, tensor_of
from hsvis.models.user.calling import AGREE, said


@dataclass(frozen=True)
class Way:
    """How the EPs are computed: `name` is "head" or "prefixes", `why` a clause for people."""

    name: str
    why: str
    head: Callable[[torch.Tensor], torch.Tensor] | None = None  # states (N, H) -> EPs (N, C)
    layer: str = ""  # whose states the head reads
    path: str = ""  # of the head


def reading(module: nn.Module, answers: Answers) -> Callable[[torch.Tensor], torch.Tensor]:
    """States (N, H) -> EPs (N, C), by a module whose outputs are `answers`."""
    return lambda states: answers.probabilities(tensor_of(module(states)))


def agrees(
    head: Callable[[torch.Tensor], torch.Tensor], states: torch.Tensor, expected: torch.Tensor
) -> bool:
    """Whether a head on states (B, T, H) gives the expected EPs (B, T, C)."""
    try:
        found = head(states.flatten(0, 1)).cpu()
    except (RuntimeError, TypeError, ValueError, IndexError, ModelError):
        return False  # a module that does not take states is no head of them
    return found.numel() == expected.numel() and torch.allclose(
        found.reshape(expected.shape), expected, atol=AGREE
    )


def why_not(head: nn.Module, states: torch.Tensor) -> str:
    """What a module says to states (B, T, H) that it does not take, in brackets; nothing if it takes them."""
    try:
        head(states.flatten(0, 1))
    except Exception as error:  # whatever a user's module raises
        return f" ({said(error).rstrip('.')})"
    return ""


def candidates(module: nn.Module, recurrent: dict[str, nn.Module]) -> dict[str, nn.Module]:
    """Path -> module that may be the head: those after the first recurrent module, outermost first."""
    seen, found = False, {}
    inside = {id(part) for one in recurrent.values() for part in one.modules()}
    for path, one in module.named_modules():
        if id(one) in inside:
            seen = True
        elif seen and path:
            found[path] = one
    return found
