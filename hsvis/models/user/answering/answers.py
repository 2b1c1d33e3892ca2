"""What a classifier's output means: found from how it was computed, and checked on numbers."""

import re
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch import nn

from hsvis.config import AnswerKind
from hsvis.corpus.targets.judging import THRESHOLD
from hsvis.errors import ModelError
from hsvis.models.user.answering.outputs import pick, tensors_in
from hsvis.models.user.answering.stress import stressed_outputs

Kind = Literal["logits", "probabilities", "log-probabilities"]
# autograd's names of functions that only move or average values
MOVES = re.compile(
    "Alias|AsStrided|Cat|Clone|Expand|Flip|Gather|Index|IndexSelect|MaskedSelect|Mean|Permute|Repeat|Reshape|"
    "ReshapeAlias|Select|Slice|Split|Squeeze|Stack|T|ToCopy|Transpose|Unbind|UnsafeView|Unsqueeze|View"
)
TOLERANCE = 1e-4
FAR = {"probabilities": 0.5, "log-probabilities": 2.0}  # how far outputs must then go to tell what they are


def kind_named(answers: Collection[str]) -> AnswerKind:
    """What `model.answers` says that outputs are about: of a next token each is of one of many classes."""
    kinds: tuple[AnswerKind, ...] = get_args(AnswerKind)
    return next((one for one in kinds if one in answers and one != "next token"), "classes")


@dataclass(frozen=True)
class Answers:
    """How outputs (B,), (B, 1) or (B, C) become probabilities (B, C).

    Attributes:
        kind: what the outputs are.
        single: whether there is one output, of the second of two classes.
        hard: whether they are 0 and 1 alone, as of classes that were chosen already.
        of: what they are answers about; the (B, C) of independent classes do not sum to 1, and that of a
            number is (B, 1), the number itself.
    """

    kind: Kind
    single: bool
    hard: bool = False
    of: AnswerKind = "classes"

    def __str__(self) -> str:
        if self.of == "number":
            return "one output, a number"
        if self.of == "independent":
            return f"{self.kind} of each class, whatever the others are"
        return f"one output, {self.kind} of the second class" if self.single else f"{self.kind} of each class"

    @property
    def decision(self) -> str:
        """What is done to the outputs, in words; nothing where they are probabilities of classes."""
        if self.of == "number":
            return "The output is the number that the model answers, as it is."
        if self.of == "independent":
            taken = {
                "logits": "taken for logits: sigmoid makes each the probability of its class",
                "log-probabilities": "taken for log-probabilities: exp makes each that of its class",
                "probabilities": "from 0 to 1, and taken for probabilities of the classes as they are",
            }
            return (
                f"The outputs are {taken[self.kind]}. A class counts as "
                f"answered from {THRESHOLD} on, and an answer as right that is so in all classes."
            )
        if self.kind == "logits":
            link = "sigmoid" if self.single else "softmax"
            made = "the probability of the second class" if self.single else "probabilities that sum to 1"
            other = (
                ""
                if self.single
                else " (classes that do not exclude each other: `model.answers: independent`)"
            )
            return f"The outputs are taken for logits: {link} makes them {made}{other}."
        if self.kind == "log-probabilities":
            return "The outputs are taken for log-probabilities: exp makes them probabilities."
        return ""

    def probabilities(self, output: torch.Tensor) -> torch.Tensor:
        """(B,), (B, 1) or (B, C) -> (B, C) float32; (B, T, C) or (B, T, 1) -> (B, T, C).

        Rows sum to 1 where they are about classes that exclude each other.
        """
        output = output.detach().float()
        if self.of == "number":
            return output if output.dim() > 2 else output.reshape(-1, 1)
        if self.of == "independent" and self.kind == "logits":
            return output.sigmoid()
        if self.single:
            positive = output if output.dim() > 2 else output.reshape(-1, 1)
            if self.kind == "logits":
                positive = positive.sigmoid()
            elif self.kind == "log-probabilities":
                positive = positive.exp()
            return torch.cat([1 - positive, positive], -1)
        if self.kind == "logits":
            return output.softmax(-1)
        return output.exp() if self.kind == "log-probabilities" else output


def tensor_of(output: Any) -> torch.Tensor:
    """The first tensor in what a part of a model returned.  Raises ModelError: there is none."""
    found = next(tensors_in(output), None)
    return pick(output, ()) if found is None else found[1]


def answers_of(
    module: nn.Module,
    ask: Callable[[], torch.Tensor],
    batch: int,
    classes: int,
    of: AnswerKind = "classes",
) -> Answers:
    """What the outputs of a module are.

    Args:
        ask: calls the module on `batch` sequences.
        classes: 1 of a number.
        of: what they are answers about.

    Raises:
        ModelError: the shape fits neither one output nor one for each class, values are not finite, or
            probabilities of classes that do not exclude each other.
    """
    output = _record_graph(module, ask)
    shape = tuple(output.shape)
    single = shape in ((batch,), (batch, 1))
    if of == "number" and not single:
        raise ModelError(
            f"the model's answer to {batch} sequences has the shape {shape}; of one number, as "
            f"`model.answers: number` says, it must be ({batch},) or ({batch}, 1). "
            "Let `forward` return that alone."
        )
    if of != "classes" and single is (of == "number"):
        pass
    elif shape == (batch, classes) and not (single and classes == 1):
        single = False
    elif not (single and classes == 2 and of == "classes"):
        raise ModelError(
            f"the model's answer to {batch} sequences has the shape {shape}; with {classes} classes it must "
            f"be ({batch}, {classes})"
            + (f", ({batch}, 1) or ({batch},)" if classes == 2 and of == "classes" else "")
            + ". "
            + _remedy(shape, batch, classes)
        )
    if bool((output.isnan() | output.isposinf()).any()):  # minus infinity is the logarithm of 0
        raise ModelError(
            "the model's answers are NaN or infinite. Check its weights, and what `model.tokenizer` gives it."
        )
    if of == "number":
        return Answers("logits", single=True, of=of)
    origin = _origin(output)
    kind = _kind_by_numbers(output.detach(), stressed_outputs(module, ask, output.detach()))
    kind = kind or _kind_by_name(origin)
    hard = bool(((output == 0) | (output == 1)).all())
    if of == "independent":
        return Answers(_kind_of_each(output.detach(), kind, origin), single=False, hard=hard, of=of)
    return Answers(kind if single else _kind_of_rows(output.detach(), kind), single, hard)


def _remedy(shape: tuple[int, ...], batch: int, classes: int) -> str:
    if shape == (batch, 1):
        return _remedy((batch,), batch, classes)
    if len(shape) == 2 and shape[0] == batch:
        return (
            f"It has {shape[1]} outputs for {classes} classes: list a name for each output, in their order, "
            f"in `dataset.classes`, or use a model of {classes} outputs."
        )
    if shape == (batch,):
        return (
            f"It has one output for {classes} classes: use a model of {classes} outputs, or set "
            "`model.answers: number` where it answers a number."
        )
    if len(shape) == 3 and batch in shape[:2]:
        return (
            "It must be one row of outputs a sequence, or a step. If these are answers to the steps, of "
            f"{shape[2]} classes, list a name for each output, in their order, in `dataset.classes`."
        )
    return "It must be one row of outputs a sequence, or a step: let `forward` return that alone."


def _record_graph(module: nn.Module, ask: Callable[[], torch.Tensor]) -> torch.Tensor:
    """What a module answers, with gradients recorded even where its weights are frozen."""
    frozen = [p for p in module.parameters() if p.is_floating_point() and not p.requires_grad]
    try:
        with torch.enable_grad(), suppress(ModelError):
            for weight in frozen:
                with suppress(RuntimeError):  # made in inference mode
                    weight.requires_grad_(True)
            return ask()
    finally:
        for weight in frozen:
            weight.requires_grad_(False)
    with torch.no_grad():  # a forward that can't be recorded
        return ask()


def _kind_by_name(name: str) -> Kind:
    """By the function that made the outputs."""
    if name in ("LogSigmoid", "LogSoftmax"):
        return "log-probabilities"
    return "probabilities" if name in ("Sigmoid", "Softmax") else "logits"


def _kind_by_numbers(output: torch.Tensor, stressed: list[torch.Tensor]) -> Kind | None:
    """By where outputs stay whatever the weights; None if that tells nothing."""
    if not stressed:
        return None
    values = torch.cat([one.float().reshape(-1) for one in (output, *stressed)])
    values = values[~values.isnan()]
    low, high = float(values.min()), float(values.max())
    kind: Kind = "logits"
    if low >= -TOLERANCE and high <= 1 + TOLERANCE:
        kind = "probabilities"
    elif high <= TOLERANCE:
        kind = "log-probabilities"
    return kind if high - low > FAR.get(kind, 0) else None


def _kind_of_rows(output: torch.Tensor, kind: Kind) -> Kind:
    """The kind of (B, C) outputs, told by their sums.

    Raises:
        ModelError: they are probabilities, but of classes that do not exclude each other.
    """
    values = output.float()
    tolerance = max(TOLERANCE, 8 * torch.finfo(output.dtype).eps) if output.is_floating_point() else TOLERANCE
    if _sums_to_one(values.exp(), tolerance):
        return "log-probabilities"
    inside = bool(((values >= 0) & (values <= 1)).all())
    if inside and _sums_to_one(values, tolerance):
        return "probabilities"
    if kind == "probabilities" and inside:
        sums = values.sum(-1)
        raise ModelError(
            "the model's outputs are a probability for each class, as of a sigmoid, but those of a sequence "
            f"sum to {float(sums[(sums - 1).abs().argmax()]):.3g}, not 1: these classes do not exclude each "
            "other. Set `model.answers: independent`."
        )
    return "logits"


def _kind_of_each(output: torch.Tensor, kind: Kind, origin: str) -> Kind:
    """The kind of (B, C) outputs, each about a class of its own.

    Raises:
        ModelError: they are probabilities of classes that exclude each other.
    """
    if origin in ("Softmax", "LogSoftmax"):
        raise ModelError(
            "the model's outputs are those of softmax, which sum to 1: of classes that exclude each other. "
            "Leave out `model.answers: independent`, or let `forward` return what softmax is given."
        )
    inside = bool(((output >= 0) & (output <= 1)).all())
    return "logits" if kind == "probabilities" and not inside else kind


def _sums_to_one(values: torch.Tensor, tolerance: float) -> bool:
    return bool(((values.sum(-1) - 1).abs() <= tolerance).all())


def _origin(output: torch.Tensor) -> str:
    """The name of the function that made the values, past those that only move them."""
    node: Any = output.grad_fn
    while node is not None and MOVES.fullmatch(_function(node)):
        node = node.next_functions[0][0] if node.next_functions else None
    return _function(node) if node is not None else ""


def _function(node: Any) -> str:
    """`SigmoidBackward0` -> `Sigmoid`."""
    return re.sub(r"Backward\d*$", "", node.name())
