"""What a classifier's output means: found from how it was computed, and checked on numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch

from hsvis.errors import ModelError

Kind = Literal["logits", "probabilities", "log-probabilities"]
# autograd's names of functions that only move values
MOVES = (
    "View",
    "Reshape",
    "Squeeze",
    "Unsqueeze",
    "Select",
    "Slice",
    "Transpose",
    "Permute",
    "T",
    "Clone",
    "Expand",
)
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Answers:
    """How outputs (B,), (B, 1) or (B, C) become probabilities (B, C).

    Attributes:
        kind: what the outputs are.
        single: whether there is one output, of the second of two classes.
    """

    kind: Kind
    single: bool

    def __str__(self) -> str:
        return f"one output, {self.kind} of the second class" if self.single else f"{self.kind} of each class"

    def probabilities(self, output: torch.Tensor) -> torch.Tensor:
        """(B,), (B, 1) or (B, C) -> (B, C) float32, rows sum to 1."""
        output = output.detach().float()
        if self.single:
            positive = output.reshape(-1, 1)
            if self.kind == "logits":
                positive = positive.sigmoid()
            elif self.kind == "log-probabilities":
                positive = positive.exp()
            return torch.cat([1 - positive, positive], -1)
        if self.kind == "logits":
            return output.softmax(-1)
        return output.exp() if self.kind == "log-probabilities" else output


def tensor_of(output: Any) -> torch.Tensor:
    """The answer in what a module returned: itself, `.logits` or ["logits"], or the first tensor of a tuple.

    Raises:
        ModelError: there is none.
    """
    if isinstance(output, torch.Tensor):
        return output
    logits = output.get("logits") if isinstance(output, dict) else getattr(output, "logits", None)
    if isinstance(logits, torch.Tensor):
        return logits
    if isinstance(output, tuple | list):
        for one in output:
            if isinstance(one, torch.Tensor):
                return one
    raise ModelError(
        f"the model returns {type(output).__name__}, in which there is no answer. Return the logits or "
        "probabilities as a tensor, or give `forward`."
    )


def answers_of(ask: Callable[[], torch.Tensor], batch: int, classes: int) -> Answers:
    """What the outputs of a module are.

    Args:
        ask: calls the module on `batch` sequences, with gradients recorded.

    Raises:
        ModelError: the shape fits neither one output nor one for each class, or values are not finite.
    """
    output = ask()
    shape = tuple(output.shape)
    single = shape in ((batch,), (batch, 1))
    if shape == (batch, classes) and not (single and classes == 1):
        single = False
    elif not (single and classes == 2):
        raise ModelError(
            f"the model's answer to {batch} sequences has the shape {shape}; with {classes} classes it must "
            f"be ({batch}, {classes})"
            + (f", ({batch}, 1) or ({batch},)" if classes == 2 else "")
            + ". "
            + _remedy(shape, batch, classes)
        )
    if bool((output.isnan() | output.isposinf()).any()):  # minus infinity is the logarithm of 0
        raise ModelError(
            "the model's answers are NaN or infinite. Check its weights, and what `model.tokenizer` gives it."
        )
    return Answers(_kind(output, single=single), single)


def _remedy(shape: tuple[int, ...], batch: int, classes: int) -> str:
    if len(shape) == 2 and shape[0] == batch:
        return (
            f"It has {shape[1]} outputs for {classes} classes: list a name for each output, in their order, "
            f"in `dataset.classes`, or use a model of {classes} outputs."
        )
    if shape == (batch,):
        return f"It has one output for {classes} classes: use a model of {classes} outputs."
    return "It must be one row of outputs a sequence: let `forward` return the answer to the last step alone."


def _kind(output: torch.Tensor, *, single: bool) -> Kind:
    name = _origin(output)
    values = output.detach()
    if single:
        if "LogSigmoid" in name:
            return "log-probabilities"
        if "Sigmoid" in name:
            return "probabilities"
        return "logits"
    ones = torch.ones(len(values), device=values.device)
    if "LogSoftmax" in name or _sums_to(values.exp(), ones):
        return "log-probabilities"
    if "Softmax" in name or (bool((values >= 0).all()) and _sums_to(values, ones)):
        return "probabilities"
    return "logits"


def _sums_to(values: torch.Tensor, ones: torch.Tensor) -> bool:
    return torch.allclose(values.sum(-1), ones, atol=TOLERANCE)


def _origin(output: torch.Tensor) -> str:
    """The name of the function that made the values, past those that only move them."""
    node: Any = output.grad_fn
    while node is not None and any(node.name().startswith(move) for move in MOVES):
        node = node.next_functions[0][0] if node.next_functions else None
    return node.name() if node is not None else ""
