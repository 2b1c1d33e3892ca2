"""Layers with fewer steps than tokens, after convolutions and pooling: which tokens each step reads.

Told by trying: another token changes what the layer reads at the steps whose span holds it.  Spans that move
by as many tokens from step to step, as those of convolutions and pooling do, are kept as two numbers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence

from hsvis.errors import ModelError
from hsvis.models.user.recurring.calls import Call, read_of, steps_read, watching
from hsvis.models.user.recurring.flipped import CHANGED, change_step

FEWEST = 4  # steps of a layer by which its spans are found out
LEAST, MOST = 16, 400  # tokens that are tried
MORE = 5  # tokens of another length that must fit
WAY_OUT = "Leave it out: list the others in `model.recurrent`."


@dataclass(frozen=True)
class Spans:
    """Which tokens the steps of a layer read.

    Attributes:
        every: tokens from one step to the next.
        end: the token with which step 0 ends; step j ends with token end + j × every, or with the last one.
        lacking: a sequence of n tokens has (n - lacking) // every + 1 steps.
    """

    every: int
    end: int
    lacking: int

    def count(self, tokens: int) -> int:
        """The steps of a sequence."""
        return max((tokens - self.lacking) // self.every + 1, 0)

    def latest(self, tokens: int, steps: int) -> np.ndarray:
        """(tokens,) int64: the latest step that ended with each token, or before; -1 before the first."""
        found = (np.arange(tokens) - self.end) // self.every
        found = np.clip(found, -1, steps - 1)
        found[-1] = steps - 1  # what reaches beyond the end has ended with the last token
        return found

    def spread(self, states: torch.Tensor, tokens: int) -> torch.Tensor:
        """States (B, steps, H) -> (B, tokens, H): of each token the latest; zero before the first."""
        at = torch.from_numpy(self.latest(tokens, states.shape[1])).to(states.device)
        return states[:, at.clamp(min=0)] * (at >= 0)[:, None]

    def say(self, path: str, tokens: int) -> str:
        """What is told of them."""
        first = f", and 0 before the first, which ends with token {self.end + 1:,}" if self.end else ""
        return (
            f"`{path}` reads {self.count(tokens):,} steps for {tokens:,} tokens, one for each {self.every:,}"
            f". At each token its state is that after the latest step that has ended{first}; a state that "
            "stays has the distance 0."
        )


def find_spans(
    modules: dict[str, nn.Module],
    ask: Callable[[torch.Tensor], Any],
    inputs: torch.Tensor,
    only: int | None = None,
) -> dict[str, Spans]:
    """Path -> spans, of torch's own layers that are called once with fewer steps than tokens.

    Args:
        ask: calls the whole module; inputs: (B, T, …), what to call it with.
        only: the one length that sequences are padded to; by one length alone the spans are told then.

    Raises:
        ModelError: a layer's steps are no spans of equal distance, with the way out.
    """
    layers = {path: one for path, one in modules.items() if isinstance(one, nn.RNNBase)}
    if only is not None:
        inputs = _repeat(inputs, only)
    with torch.inference_mode():
        few = _counts(layers, ask, inputs)
        return {
            path: _spans_of(path, layers[path], ask, inputs, only)
            for path, count in few.items()
            if count and count != inputs.shape[1]
        }


def _counts(
    layers: dict[str, nn.RNNBase], ask: Callable[[torch.Tensor], Any], inputs: torch.Tensor
) -> dict[str, int]:
    """Path -> steps of its one call; 0 where it is called otherwise."""
    with watching(dict(layers)) as calls:
        ask(inputs)
    return {path: _count(one, calls[path], len(inputs)) for path, one in layers.items()}


def _count(layer: nn.RNNBase, calls: list[Call], batch: int) -> int:
    if len(calls) != 1 or not calls[0].is_own:
        return 0
    given = calls[0].inputs
    if isinstance(given, PackedSequence):
        same = bool((given.batch_sizes == batch).all())
    else:
        same = given.dim() == 3 and given.shape[0 if layer.batch_first else 1] == batch
    return steps_read(layer, calls) if same else 0


def _spans_of(
    path: str,
    layer: nn.RNNBase,
    ask: Callable[[torch.Tensor], Any],
    inputs: torch.Tensor,
    only: int | None,
) -> Spans:
    def count(tokens: int) -> int:
        return _counts({path: layer}, ask, _repeat(inputs, tokens))[path]

    tokens = max(LEAST, inputs.shape[1]) if only is None else only
    while count(tokens) < FEWEST:
        tokens *= 2
        if tokens > MOST or only is not None:
            raise ModelError(
                f"`{path}` reads {count(tokens // 2)} steps for {tokens // 2} tokens, which are too few to "
                f"tell them apart. {WAY_OUT}"
            )
    tried = (tokens, tokens + MORE) if only is None else (tokens,)
    found = {n: _ends(path, layer, ask, _repeat(inputs, n)) for n in tried}
    first = found[tokens]
    every = int(first[1] - first[0])
    if every > 0:
        counts = {
            n: count(n) for n in range(tokens, tokens + 2 * every + MORE if only is None else tokens + 1)
        }
        for lacking in range(
            tokens - every * counts[tokens] + 1, tokens + every - every * counts[tokens] + 1
        ):
            spans = Spans(every, int(first[0]), lacking)
            if all(spans.count(n) == steps for n, steps in counts.items()) and all(
                np.array_equal(np.minimum(spans.end + every * np.arange(len(own)), n - 1), own)
                for n, own in found.items()
            ):
                return spans
    raise ModelError(
        f"`{path}` reads {len(first)} steps for {tokens} tokens, and these are no spans of tokens at equal "
        f"distances: they end with the tokens {', '.join(map(str, (first[:6] + 1).tolist()))}, … {WAY_OUT}"
    )


def _repeat(inputs: torch.Tensor, tokens: int) -> torch.Tensor:
    """(B, T, …) -> (B, tokens, …): again and again from the first step on."""
    return inputs[:, torch.arange(tokens, device=inputs.device) % inputs.shape[1]]


def _ends(
    path: str, layer: nn.RNNBase, ask: Callable[[torch.Tensor], Any], inputs: torch.Tensor
) -> np.ndarray:
    """(steps,) int64: the last token that changes what a layer reads at each step; -1 where none does."""

    def rows(given: torch.Tensor) -> torch.Tensor:
        with watching({path: layer}) as calls:
            ask(given)
        steps = steps_read(layer, calls[path])
        return read_of(path, layer, calls[path][0], len(given), steps)[0].float()  # (B, steps, E)

    whole = rows(inputs)
    ends = np.full(whole.shape[1], -1, np.int64)
    for token in range(inputs.shape[1]):
        for other in _others(inputs, token):
            moved = ((whole - rows(other)).abs().amax((0, 2)) > CHANGED).cpu().numpy()
            ends[moved] = token
    return ends


def _others(inputs: torch.Tensor, token: int) -> Iterator[torch.Tensor]:
    """Inputs with another token at a place: pooling and rectifiers hide some changes."""
    yield change_step(inputs, token)
    for shift in (1, 2):  # what another sequence has there, or a step nearby
        other = inputs.clone()
        other[:, token] = inputs.roll(shift, 0)[:, (token + shift) % inputs.shape[1]]
        yield other
    if inputs.is_floating_point():
        for by in (-3.0, 3.0):
            other = inputs.clone()
            other[:, token] += by
            yield other
