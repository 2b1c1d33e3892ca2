"""The calls of recurrent modules, recorded while the whole module is called."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import get_ident
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from hsvis.errors import ModelError

NAMES = ("input", "hx")  # of the arguments of torch's own recurrent modules, in order


@dataclass(frozen=True)
class Call:
    """One call of a recurrent module; copies, as the model may write over its own tensors afterwards.

    Attributes:
        inputs: what it read, as it was given: (B, T, E), (T, B, E), packed; (B, E) for a cell.
        start: its initial state, None if none was given.
        output: what it returned.
    """

    inputs: Any
    start: Any
    output: Any


@contextmanager
def watching(modules: dict[str, nn.Module]) -> Iterator[dict[str, list[Call]]]:
    """Records the calls of recurrent modules that this thread makes: path -> calls, in their order."""
    thread = get_ident()
    calls: dict[str, list[Call]] = {path: [] for path in modules}
    with ExitStack() as stack:
        for path, module in modules.items():

            def record(
                _: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any, path: str = path
            ) -> None:
                if get_ident() != thread:  # another part of the run, read at the same time
                    return
                ordered = [kwargs[name] for name in NAMES if name in kwargs]
                given = [*args, *ordered, *(one for name, one in kwargs.items() if name not in NAMES), None]
                calls[path].append(Call(_copy(given[0]), _copy(given[1]), _copy(output)))

            # before hooks of the model's own, after which a module may not return its states any more; what
            # they make of a cell's is what the model carries on
            first = isinstance(module, nn.RNNBase)
            hook = module.register_forward_hook(record, with_kwargs=True, prepend=first)
            stack.callback(hook.remove)
        yield calls


def _copy(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, PackedSequence):
        return PackedSequence(_copy(value.data), value.batch_sizes, *value[2:])
    return type(value)(map(_copy, value)) if type(value) in (tuple, list) else value


def check_shape(path: str, module: nn.RNNBase, call: Call, batch: int, steps: int) -> None:
    """Raises ModelError for a call that does not read so many steps of so many sequences."""
    inputs = call.inputs
    if isinstance(inputs, PackedSequence):
        shape = (int(inputs.batch_sizes[0]), len(inputs.batch_sizes), *inputs.data.shape[1:])
    else:
        shape = tuple(inputs.shape if module.batch_first else inputs.transpose(0, 1).shape)
    if len(shape) != 3 or shape[:2] != (batch, steps):
        raise ModelError(
            f"`{path}` read an input of shape {shape} where {batch} sequences of {steps} steps were given: "
            "batch and time seem to be confused. Check `batch_first`, and the order in which it is fed."
        )


def read_of(path: str, module: nn.RNNBase, call: Call, batch: int, steps: int) -> tuple[torch.Tensor, Any]:
    """What a call read, as (B, T, E), and its initial state, if one was given.  Raises as `check_shape`."""
    check_shape(path, module, call, batch, steps)
    inputs, start = call.inputs, call.start
    if not isinstance(inputs, PackedSequence):
        return (inputs if module.batch_first else inputs.transpose(0, 1)), start
    padded, _ = pad_packed_sequence(inputs, batch_first=True)
    return padded, start
