"""The calls of recurrent modules, recorded while the whole module is called.

Torch's own layers are watched at their `forward`, so that a wrapper that calls it directly is seen too, and
before hooks change what they return.  Where a `forward` is not torch's own, the call that it makes of torch's
is what counts: there stand the initial state that was really used, and the states that really came.  Of any
other module what it returns is recorded, whether it is called or its `forward` is.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from threading import get_ident
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence
from torch.overrides import TorchFunctionMode

from hsvis.errors import ModelError
from hsvis.models.recurrent import CELLS, KINDS

N_ARGUMENTS = 9  # of the kernels of torch, with packed sequences or without
NAMES = ("input", "hx")  # of the arguments of torch's own recurrent modules, in order


@dataclass(frozen=True)
class Call:
    """One call of a recurrent module; copies, as the model may write over its own tensors afterwards.

    Attributes:
        inputs: what it read, as it was given: (B, T, E), (T, B, E), packed; (B, E) for a cell; of a module
            that is not torch's all arguments, positional and by name, where they were asked for.
        start: its initial state, None if none was given.
        output: what it returned.
        is_own: whether that is what torch's own `forward` returns, and so the layer's states.
    """

    inputs: Any
    start: Any
    output: Any
    is_own: bool = True


@contextmanager
def watching(
    modules: dict[str, nn.Module], *, others: Collection[str] = (), arguments: bool = False
) -> Iterator[dict[str, list[Call]]]:
    """Records the calls of recurrent modules that this thread makes: path -> calls, in their order.

    Args:
        others: paths of those of which what they return is recorded, whatever they are.
        arguments: whether what these are given is recorded too.
    """
    thread = get_ident()
    calls: dict[str, list[Call]] = {path: [] for path in modules}
    with ExitStack() as stack:
        for path, module in modules.items():

            def record(call: Call, path: str = path, *, again: bool = False) -> None:
                if get_ident() == thread:  # else another part of the run, read at the same time
                    calls[path][len(calls[path]) - again :] = [call]

            if path in others or not isinstance(module, KINDS + CELLS):
                stack.enter_context(_watch_any(module, record, arguments=arguments))
            elif isinstance(module, nn.RNNBase):
                stack.enter_context(_watched_forward(module, record))
            else:
                stack.enter_context(_hook(module, record))
        yield calls


@contextmanager
def _watch_any(module: nn.Module, record: Callable[..., None], *, arguments: bool) -> Iterator[None]:
    """Records what any module returns, by a call or from its `forward`; of a call after its hooks."""

    def call_of(args: Any, kwargs: Any, output: Any) -> Call:
        return Call((_copy(args), _copy(kwargs)) if arguments else None, None, _copy(output))

    if isinstance(module, torch.jit.ScriptModule):  # has no hooks, and no `forward` that can be replaced

        def called(one: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
            if one is module:
                record(call_of(args, kwargs, output))

        hook = register_module_forward_hook(called, with_kwargs=True)
        try:
            yield
        finally:
            hook.remove()
        return
    before, forward = vars(module).get("forward"), module.forward

    def watched(*args: Any, **kwargs: Any) -> Any:
        given = call_of(args, kwargs, None)  # it may write over what it is given
        output = forward(*args, **kwargs)
        record(replace(given, output=_copy(output)))
        return output

    def hooked(_: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        record(call_of(args, kwargs, output), again=True)

    module.forward = watched
    hook = module.register_forward_hook(hooked, with_kwargs=True)
    try:
        yield
    finally:
        hook.remove()
        if before is None:
            del module.forward
        else:
            module.forward = before


@contextmanager
def _hook(module: nn.Module, record: Callable[[Call], None]) -> Iterator[None]:
    """Records what a cell returns after its hooks: what they make of it is what the model carries on."""

    def hooked(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
        record(_call_of(args, kwargs, output))

    hook = module.register_forward_hook(hooked, with_kwargs=True)
    try:
        yield
    finally:
        hook.remove()


@contextmanager
def _watched_forward(module: nn.RNNBase, record: Callable[[Call], None]) -> Iterator[None]:
    """Records each call of a layer's `forward`, or the one call of torch's that is inside it."""
    kind = next(kind for kind in KINDS if isinstance(module, kind))
    before, own_class = vars(module).get("forward"), type(module)
    forward = module.forward
    is_own = before is None and own_class.forward is kind.forward

    def watched(*args: Any, **kwargs: Any) -> Any:
        if is_own:
            output = forward(*args, **kwargs)
            record(_call_of(args, kwargs, output))
            return output
        given = _copy(args), _copy(kwargs)  # it may write over what it is given
        with _Kernels(module, args[0] if args else kwargs.get("input")) as inside:
            output = forward(*args, **kwargs)
        found = inside.calls
        record(found[0] if len(found) == 1 else _call_of(*given, output, is_own=False))
        return output

    module.forward = watched
    try:
        yield
    finally:
        if before is None:
            del module.forward
        else:
            module.forward = before


class _Kernels(TorchFunctionMode):
    """Records the calls of torch's own layers that this thread makes, with what a layer's weights compute."""

    def __init__(self, module: nn.RNNBase, given: Any) -> None:
        """`given`: what the module reads; packed, it knows the order of the sequences."""
        super().__init__()
        self._module = module
        packed = isinstance(given, PackedSequence)
        self._order = (given.sorted_indices, given.unsorted_indices) if packed else (None, None)
        self.calls: list[Call] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        output = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        if name in ("lstm", "gru", "rnn_tanh", "rnn_relu") and not kwargs:
            self.calls.append(self._call(name, args, output))
        return output

    def _call(self, name: str, args: tuple[Any, ...], output: Any) -> Call:
        """Of a kernel's arguments: (input, state, weights, …), or (data, batch sizes, state, weights, …)."""
        first = self._module.weight_ih_l0
        is_packed = isinstance(args[1], torch.Tensor) and args[1].dtype == torch.int64 and args[1].dim() == 1
        weights = args[3] if is_packed else args[2]
        if not any(one is first for one in weights) or len(args) != N_ARGUMENTS:
            return Call(None, None, None, is_own=False)  # another layer, inside this one
        last = tuple(output[1:]) if name == "lstm" else output[1]
        inputs, start, out = args[0], args[1], output[0]
        if is_packed:
            inputs, out = (PackedSequence(one, args[1], *self._order) for one in (args[0], output[0]))
            start, last = self._unsorted(args[2]), self._unsorted(last)
        elif args[-1] != self._module.batch_first:
            inputs, out = inputs.transpose(0, 1), out.transpose(0, 1)
        return Call(_copy(inputs), _copy(start), (_copy(out), _copy(last)))

    def _unsorted(self, states: Any) -> Any:
        """States (layers, B, H), or a pair of them, in the order of the sequences."""
        if isinstance(states, tuple | list):
            return tuple(map(self._unsorted, states))
        return states if self._order[1] is None else states.index_select(1, self._order[1])


def _call_of(args: Any, kwargs: dict[str, Any], output: Any, *, is_own: bool = True) -> Call:
    ordered = [kwargs[name] for name in NAMES if name in kwargs]
    given = [*args, *ordered, *(one for name, one in kwargs.items() if name not in NAMES), None, None]
    return Call(_copy(given[0]), _copy(given[1]), _copy(output), is_own)


def _copy(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, PackedSequence):
        return PackedSequence(_copy(value.data), value.batch_sizes, *value[2:])
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(_copy, value))
    if type(value) is dict:
        return {key: _copy(one) for key, one in value.items()}
    return type(value)(map(_copy, value)) if type(value) in (tuple, list) else value


def steps_read(module: nn.Module, calls: Sequence[Call]) -> int:
    """How many steps a recurrent module read, in one call or one a step; 0 where that can't be told."""
    if isinstance(module, nn.RNNBase) and len(calls) == 1:
        inputs = calls[0].inputs
        if isinstance(inputs, PackedSequence):
            return len(inputs.batch_sizes)
        return int(inputs.shape[1 if module.batch_first else 0]) if inputs.dim() == 3 else 0
    return len(calls)


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


def of_another_forward(
    modules: Mapping[str, nn.Module], ask: Callable[[torch.Tensor], object], inputs: torch.Tensor
) -> dict[str, nn.Module]:
    """Layers of torch whose `forward` is another, so that it can't be told what torch's would give."""
    layers: dict[str, nn.Module] = {path: one for path, one in modules.items() if isinstance(one, KINDS)}
    with torch.inference_mode(), watching(layers) as calls:
        ask(inputs)
    return {path: one for path, one in layers.items() if any(not call.is_own for call in calls[path])}
