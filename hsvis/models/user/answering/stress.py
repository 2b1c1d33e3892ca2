"""Where a module's outputs go when its weights are far too large: probabilities stay between 0 and 1."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import product

import torch
from torch import nn

from hsvis.errors import ModelError

STRESS = 1000.0  # weights are multiplied by this, and its negative, to see where the outputs go
TRIED = 32  # modules whose weights are


def stressed_outputs(
    module: nn.Module, ask: Callable[[], torch.Tensor], output: torch.Tensor
) -> list[torch.Tensor]:
    """The outputs while the weights of one part of a module are far too large, and of the other sign.

    Of torch's own layers first, as a part written by hand may need weights within bounds.
    """
    own: list[list[nn.Parameter]] = []
    others: list[list[nn.Parameter]] = []
    for part in module.modules():
        weights = [p for p in part.parameters(recurse=False) if p.is_floating_point()]
        if weights and not isinstance(part, nn.RNNBase | nn.RNNCellBase | nn.Embedding):
            (own if type(part).__module__.startswith("torch.nn.") else others).append(weights)
    for group in (own, others):
        found = []
        for weights, by in product(group[-TRIED:], (STRESS, -STRESS)):
            with suppress(ModelError, RuntimeError), torch.no_grad(), _multiply_weights(weights, by):
                found.append(ask().detach())
        found = [one for one in found if one.shape == output.shape]
        if any(not torch.allclose(one, output, equal_nan=True) for one in found):
            return found
    return []


@contextmanager
def _multiply_weights(weights: list[nn.Parameter], by: float) -> Iterator[None]:
    """The weights themselves are not written to: others stand in for them."""
    saved = [weight.data for weight in weights]
    try:
        for weight in weights:
            weight.data = weight.data * by
        yield
    finally:
        for weight, data in zip(weights, saved, strict=True):
            weight.data = data
