"""The way to the EPs of someone's own model: by its head on every state, or by prefixes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, get_args

import numpy as np
import torch
from torch import nn

from hsvis.errors import ModelError, nearest
from hsvis.models.protocol import Encoded
from hsvis.models.user.answering.answers import Answers, Kind, tensor_of
from hsvis.models.user.calling import said
from hsvis.models.user.mixing import AGREE
from hsvis.models.user.sides import first_part, is_pair

if TYPE_CHECKING:
    from hsvis.models.user.adapter import TorchModel


BATCH = 40  # sequences in which an order shows that few would hide
ALONE = 7  # of them that are asked alone
NEAR = 1e-3


@dataclass(frozen=True)
class Way:
    """How the EPs are computed: `name` is "head", "prefixes" or "each step", `why` a clause for people."""

    name: str
    why: str
    head: Callable[[torch.Tensor], torch.Tensor] | None = None  # states (N, H) -> EPs (N, C)
    layer: str = ""  # whose states the head reads
    path: str = ""  # of the head
    note: str = ""  # what else is told of it, a sentence for people


def _later(model: TorchModel, inputs: torch.Tensor) -> str:
    """What is said of answers to steps (B, T, …) that would be others if the sequences ended there."""
    own = model.own_answers(inputs)  # (B, T, C)
    first = model.first_answered(inputs)
    ended = [model.own_answers(inputs[:, : t + 1])[:, -1] for t in range(first, inputs.shape[1] - 1)]
    differ = max((float((own[:, t] - one).abs().max()) for t, one in enumerate(ended, first)), default=0.0)
    if differ <= 10 * AGREE:
        return ""
    return (
        " It reads later steps too: where a sequence ends with a step, the answer there is another, by up to "
        f"{differ:.2g} in those that were tried."
    )


def reading(module: nn.Module, answers: Answers) -> Callable[[torch.Tensor], torch.Tensor]:
    """States (N, H) -> EPs (N, C), by a module whose outputs are `answers`."""
    return lambda states: answers.probabilities(tensor_of(module(states)))


def agrees(
    head: Callable[[torch.Tensor], torch.Tensor], states: torch.Tensor, expected: torch.Tensor
) -> bool:
    """Whether a head on states (B, T, H) gives the expected EPs (B, T, C)."""
    try:
        found = head(states.flatten(0, 1)).cpu()
    except Exception:  # whatever a user's module raises: one that does not take states is no head of them
        return False
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


def mix_steps(probe: Sequence[Encoded], count: int, steps: int) -> list[Encoded]:
    """Sequences of steps that the probe has, in any order."""
    rng, inputs = np.random.default_rng(0), np.concatenate([one.inputs for one in probe])
    chosen = inputs[rng.integers(0, len(inputs), (count, steps))]  # (count, steps, …)
    boundary = None
    if is_pair(probe[0]):  # of each text its own
        boundary = first_part(steps)
        first = (inputs < 0) == (probe[0].inputs[0] < 0)
        for own, at in ((inputs[first], slice(0, boundary)), (inputs[~first], slice(boundary, None))):
            chosen[:, at] = own[rng.integers(0, len(own), chosen[:, at].shape)]
    return [Encoded([""] * steps, rows, np.ones(steps, bool), 0, 0, boundary) for rows in chosen]


def changes_order(model: TorchModel, probe: Sequence[Encoded]) -> bool:
    """Whether states come in another order than the sequences of a large batch, as where a model sorts it.

    Raises:
        ModelError: so do the answers.
    """
    many = mix_steps(probe, BATCH, len(probe[0]))
    some = (
        np.linspace(0, BATCH - 1, ALONE).astype(int).tolist()
    )  # no order leaves all of these in their places
    together, apart = model.trace(many), [model.trace([many[k]]) for k in some]
    answers = model.answer(many)[some]
    own = np.concatenate([model.answer([many[k]]) for k in some])
    if not np.allclose(answers, own, atol=NEAR):
        raise ModelError(
            f"sequences in a batch of {BATCH} are answered differently than alone, by up to "
            f"{np.abs(answers - own).max():.2g}. Compute each from its own values alone, in the order they "
            "come."
        )
    return any(
        not np.allclose(states[some], np.concatenate([one.states[name] for one in apart]), atol=NEAR)
        for name, states in together.states.items()
    )


def candidates(module: nn.Module, recurrent: dict[str, nn.Module]) -> dict[str, nn.Module]:
    """Path -> module that may be the head: those after the first recurrent module, outermost first."""
    seen, found = not recurrent, {}
    inside = {id(part) for one in recurrent.values() for part in one.modules()}
    for path, one in module.named_modules():
        if id(one) in inside:
            seen = True
        elif seen and path:
            found[path] = one
    return found


@torch.inference_mode()
def find_way(model: TorchModel, inputs: torch.Tensor, head: str | None) -> Way:
    """A head that gives the module's own answers from the states of one layer, if there is one."""
    tops = [layer for layer in model.all_layers() if layer.kind == "hidden" and layer.direction == "forward"]
    heads = dict(model.module.named_modules())
    if head is not None and head not in heads:
        raise ModelError(
            f"`model.head`: there is no module at `{head}`. {nearest(head, filter(None, heads))}"
        )
    if model.each_step:
        if head is not None:
            raise ModelError(
                f"`model.head`: the model answers after every step by itself, so that `{head}` has no use. "
                "Leave it out."
            )
        layout = model.call.answer.steps
        why = f"the model answers after every step, {layout}: its own output there"
        return Way("each step", why, note=_later(model, inputs))
    why = ""
    if any(layer.direction == "reverse" for layer in model.all_layers()):
        why = "a layer reads backwards, so every state depends on the whole sequence"
    if model.call.padding is not None:
        why = "the first steps of a sequence are padded as a whole one is"
    if why:
        if head is not None:
            raise ModelError(f"`model.head`: `{head}` can't be read step by step: {why}. Leave it out.")
        return Way("prefixes", why)
    states, _ = model.reader.read(inputs, model.reader.by_path([layer.name for layer in tops]))
    first = model.first_answered(inputs)  # what the model does not read tells nothing
    states = {name: one[:, first:] for name, one in states.items()}
    expected = model.own_answers(inputs)[:, first:]  # (B, T, C)
    possible = {head: heads[head]} if head else candidates(model.module, model.recurrent)
    for path, candidate in possible.items():
        for layer in reversed(tops):
            for kind in get_args(Kind):  # an activation may follow the head
                reads = reading(candidate, replace(model.answers, kind=kind))
                if agrees(reads, states[layer.name], expected):
                    why = f"`{path}` on the states of {layer.name} gives the model's own answers"
                    return Way("head", why, reads, layer.name, path)
    if head is not None:
        raise ModelError(
            f"`model.head`: `{head}` on the hidden states does not give the model's own answers"
            f"{why_not(heads[head], states[tops[-1].name]) if tops else ''}. "
            "Leave it out: the answers to prefixes are exact for any model."
        )
    return Way("prefixes", "the answer depends on more than the last hidden state")


@torch.inference_mode()
def confirm(model: TorchModel, longer: Sequence[Encoded], mixed: Sequence[Encoded]) -> Way:
    """The model's way; prefixes where the head gives the model's answers to some sequences only.

    Args:
        longer: asked as a whole; mixed: of one length, asked after every step.
    """
    if model.way.head is None:
        return model.way
    trace, own = model.trace(longer), model.answer(longer)
    last = trace.ep[np.arange(len(longer)), trace.lengths - 1]  # (B, C)
    inputs = torch.from_numpy(np.stack([one.inputs for one in mixed])).to(model.device)
    each, all_own = model.trace(mixed).ep, model.own_answers(inputs).numpy()
    same = partial(np.allclose, atol=10 * AGREE, equal_nan=True)
    if same(last, own) and same(each, all_own):
        return model.way
    return Way("prefixes", "the head gives the model's own answers to short sequences only")
