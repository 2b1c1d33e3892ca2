"""Whether a module keeps the sequences of a batch apart."""

import torch
from torch import nn

AGREE = 1e-5  # how near answers must be to count as the same


def mixed(
    module: nn.Module, one: torch.Tensor, other: torch.Tensor, alone: torch.Tensor, order: torch.Tensor
) -> str | None:
    """How the sequences of a batch get mixed, if they do.

    Args:
        one, other: (B, …), the answers to a batch, and to the batch in another `order` (B,).
        alone: the answer to the first sequence alone.
    """
    if not same(one[order], other):
        return (
            "when sequences change places in the batch, their answers do not: batch and time are confused."
            + _layouts(module)
        )
    if not is_quantised(module) and not same(one[0].reshape(-1), alone.reshape(-1)):
        return (
            "a sequence is answered differently alone than in a batch. Compute each sequence from its own "
            "values alone, without means over the batch."
        )
    return None


def is_quantised(module: nn.Module) -> bool:
    """Whether numbers are rounded by the range of all that a part is given, so by other sequences too."""
    return any("nn.quantized.dynamic" in type(part).__module__ for part in module.modules())


def same(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.shape == other.shape and torch.allclose(one, other, atol=AGREE, equal_nan=True)


def _layouts(module: nn.Module) -> str:
    """Which recurrent modules read time first: the likeliest cause."""
    time_first = [
        f"`{path}`"
        for path, one in module.named_modules()
        if isinstance(one, nn.RNNBase) and not one.batch_first
    ]
    if not time_first:
        return ""
    return f" {', '.join(time_first)}: `batch_first=True` is missing, or its input must be (time, batch, …)."
