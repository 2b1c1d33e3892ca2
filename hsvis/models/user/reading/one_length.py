"""How a module is called; and which length it reads, where it reads no other.

That is told by the sizes of its weights, and by trying.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice

from torch import nn

from hsvis.errors import ModelError
from hsvis.models.protocol import Encoded
from hsvis.models.user.calling import Caller, Forward, call_of, given_call
from hsvis.models.user.reading.padding import Padding

LONGEST = 20_000  # steps
TRIED = 16  # lengths


def find_call(
    module: nn.Module,
    probe: Sequence[Encoded],
    classes: int,
    forward: Forward | None = None,
    padding: Padding | None = None,
    each_step: bool | None = None,
) -> Caller:
    """How a module is called.

    Args:
        forward: what calls it, where someone gave that.
        padding: what the inputs are filled up with.
        each_step: whether it answers after every step; None: that is found out.

    Raises:
        ModelError: no call works; with the length that one works with, if another length is to blame.
    """

    def call_with(padding: Padding | None) -> Caller:
        if forward is not None:
            return given_call(forward, module, probe, classes, padding, each_step)
        return call_of(module, probe, classes, padding, each_step)

    try:
        return call_with(padding)
    except ModelError as error:
        steps = _only_length(module, call_with, 0 if padding is None else padding.to, len(probe[0]))
        if steps is None:
            raise
        raise ModelError(
            f"{error} It can be called with {steps:,} steps: where it reads sequences of this length alone, "
            f"set `tokens.pad_to: {steps}`."
        ) from error


def _only_length(
    module: nn.Module, call_with: Callable[[Padding], Caller], tried: int, least: int
) -> int | None:
    """A length above `least` that a module can be called with, where it can't be with another, `tried`."""
    lengths = (steps for steps in _possible_lengths(module) if least < steps <= LONGEST and steps != tried)
    for steps in islice(lengths, TRIED):
        with suppress(ModelError):
            call_with(Padding(steps, "right"))
            return steps
    return None


def _possible_lengths(module: nn.Module) -> Iterator[int]:
    """Lengths that sizes of weights speak for, each once, likely ones first."""
    widths = [1]
    for one in module.modules():
        if isinstance(one, nn.RNNBase):
            widths.append((one.proj_size or one.hidden_size) * (1 + one.bidirectional))
        elif isinstance(one, nn.RNNCellBase):
            widths.append(one.hidden_size)
    seen: set[int] = set()
    for size in _sizes(module):
        for width in reversed(dict.fromkeys(widths)):
            steps = size // width
            if size % width == 0 and steps not in seen:
                seen.add(steps)
                yield steps


def _sizes(module: nn.Module) -> Iterator[int]:
    """What a length, or all states of one, may be: sizes of what reads a flattened sequence, or its steps."""
    for one in module.modules():
        if isinstance(one, nn.Linear):
            yield one.in_features
    for one in module.modules():
        if isinstance(one, nn.LayerNorm):
            yield one.normalized_shape[0]
        elif isinstance(one, nn.BatchNorm1d):
            yield one.num_features
        elif not isinstance(one, nn.RNNBase | nn.RNNCellBase | nn.Linear | nn.Embedding):
            for weight in one.parameters(recurse=False):
                yield from weight.shape
