"""The recurrent layers inside any nn.Module: found, watched, and computed step by step.

`nn.LSTM`, `nn.GRU` and `nn.RNN` are watched as a whole: what they read is recorded, and each of their layers
and directions is run again as a one-layer module with the same weights, so that the states of inner layers
come out at the speed of the fused kernels.  The states of `nn.LSTMCell`, `nn.GRUCell` and `nn.RNNCell` are
recorded call by call.  Where a module is given the steps from the last to the first
(hsvis/models/user/flipped.py), its states are turned, to stand at the steps they belong to.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from threading import get_ident
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from hsvis.errors import ModelError, nearest
from hsvis.models.protocol import Layer

KINDS = (nn.LSTM, nn.GRU, nn.RNN)
CELLS = (nn.LSTMCell, nn.GRUCell, nn.RNNCell)
ROOT = "rnn"  # the path of a module that is recurrent itself


def recurrent_modules(module: nn.Module, wanted: Sequence[str] | None = None) -> dict[str, nn.Module]:
    """Path -> recurrent module, in the order of definition.

    Args:
        wanted: paths, where not all are to be watched.

    Raises:
        ModelError: there is none, or none at a wanted path.
    """
    found: dict[str, nn.Module] = {
        path or ROOT: one for path, one in module.named_modules() if isinstance(one, KINDS + CELLS)
    }
    if wanted is None:
        if not found:
            raise ModelError(
                f"{type(module).__name__} contains no nn.LSTM, nn.GRU, nn.RNN or cell of these. hsvis shows "
                "the states of recurrent layers: let `model.factory` return a module that has some."
            )
        return found
    missing = [path for path in wanted if path not in found]
    if missing:
        raise ModelError(
            f"`model.recurrent`: there is no recurrent module at `{missing[0]}`. {nearest(missing[0], found)}"
        )
    return {path: found[path] for path in wanted}


def layers_of(path: str, module: nn.Module, *, flipped: bool = False) -> list[Layer]:
    """All layers of a recurrent module, lowest first: hidden states, then the cell states of an LSTM.

    Args:
        flipped: the module is given the last step first; see `flipped_modules`.
    """
    layers, directions = 1, 1
    hidden: Any = module.hidden_size
    if isinstance(module, nn.RNNBase):
        layers, directions = module.num_layers, 1 + module.bidirectional
        hidden = module.proj_size or module.hidden_size
    found = []
    for k in range(layers):
        for reverse in (flipped, not flipped)[:directions]:
            name, direction = _name(path, k, reverse), "reverse" if reverse else "forward"
            found.append(Layer(name, "hidden", hidden, direction))  # type: ignore[arg-type]
            if isinstance(module, nn.LSTM | nn.LSTMCell):
                found.append(Layer(f"{name}.cell", "cell", module.hidden_size, direction))  # type: ignore[arg-type]
    return sorted(found, key=lambda layer: layer.kind == "cell")


def _name(path: str, k: int, reverse: bool) -> str:
    return f"{path}.{k}" + ".reverse" * reverse


@dataclass
class Watched:
    """What the recurrent modules did during one call of the whole module."""

    inputs: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)  # path -> arguments of each call
    outputs: dict[str, list[Any]] = field(default_factory=dict)


@contextmanager
def watching(modules: dict[str, nn.Module]) -> Iterator[Watched]:
    """Records the calls of recurrent modules that this thread makes."""
    thread = get_ident()
    watched = Watched({path: [] for path in modules}, {path: [] for path in modules})
    with ExitStack() as stack:
        for path, module in modules.items():

            def record(
                _: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any, path: str = path
            ) -> None:
                if get_ident() != thread:  # another part of the run, read at the same time
                    return
                watched.inputs[path].append((*args, *kwargs.values()))
                watched.outputs[path].append(output)

            stack.enter_context(_removed(module.register_forward_hook(record, with_kwargs=True)))
        yield watched


@contextmanager
def _removed(handle: Any) -> Iterator[None]:
    try:
        yield
    finally:
        handle.remove()


def states_of(
    path: str, module: nn.Module, watched: Watched, batch: int, steps: int, *, flipped: bool = False
) -> dict[str, torch.Tensor]:
    """The states of all layers of a recurrent module, from one recorded call of the whole module.

    All sequences of the call have `steps` steps; so there is no padding, and what a layer that runs backwards
    read first is each sequence's last step.

    Args:
        flipped: the module was given the last step first.

    Returns:
        layer -> (B, T, H) float32; the state of a step is that right after it was read.

    Raises:
        ModelError: the module was not read once a step of each sequence.
    """
    found = _states_as_read(path, module, watched, batch, steps)
    if not flipped:
        return found
    turned = {}
    for read in layers_of(path, module):  # in the order read
        k, *kind = read.name.removeprefix(f"{path}.").replace(".reverse", "").split(".")
        name = ".".join([_name(path, int(k), read.direction == "forward"), *kind])
        turned[name] = found[read.name].flip(1)
    return turned


def _states_as_read(
    path: str, module: nn.Module, watched: Watched, batch: int, steps: int
) -> dict[str, torch.Tensor]:
    """`states_of` a module that is given the first step first."""
    if isinstance(module, CELLS):
        return _cell_states(path, module, watched.outputs[path], batch, steps)
    assert isinstance(module, nn.RNNBase)
    calls = watched.inputs[path]
    if len(calls) == 1:
        inputs, start = read_of(path, module, calls[0], batch, steps)
        return _unrolled(path, module, inputs, start)
    if len(calls) == steps and not module.bidirectional:  # a loop that gives the module one step at a time
        parts = [read_of(path, module, call, batch, 1)[0] for call in calls]
        return _unrolled(path, module, torch.cat(parts, 1), read_of(path, module, calls[0], batch, 1)[1])
    raise ModelError(
        f"`{path}` was called {len(calls)} times for sequences of {steps} steps. hsvis can show a module "
        "that is called once with all steps, or once a step. Leave it out: list the others in "
        "`model.recurrent`."
    )


def _cell_states(
    path: str, module: nn.Module, outputs: list[Any], batch: int, steps: int
) -> dict[str, torch.Tensor]:
    if len(outputs) != steps:
        raise ModelError(
            f"`{path}` was called {len(outputs)} times for sequences of {steps} steps; hsvis can show a cell "
            "that is called once a step. Leave it out: list the others in `model.recurrent`."
        )
    hidden = torch.stack([one[0] if isinstance(one, tuple) else one for one in outputs], 1)  # (B, T, H)
    if hidden.shape[0] != batch:
        raise ModelError(
            f"`{path}` reads {hidden.shape[0]} sequences at once where {batch} were given: batch and time "
            "seem to be confused. Check the order in which it is fed."
        )
    found = {f"{path}.0": hidden}
    if isinstance(module, nn.LSTMCell):
        found[f"{path}.0.cell"] = torch.stack([one[1] for one in outputs], 1)
    return found


def read_of(
    path: str, module: nn.RNNBase, call: tuple[Any, ...], batch: int, steps: int
) -> tuple[torch.Tensor, Any]:
    """What a call read, as (B, T, E), and its initial state, if one was given."""
    inputs, start = call[0], call[1] if len(call) > 1 else None
    if isinstance(inputs, PackedSequence):
        padded, _ = pad_packed_sequence(inputs, batch_first=True)
        if start is not None and inputs.unsorted_indices is not None:
            start = _apply(start, lambda s: s.index_select(1, inputs.unsorted_indices))
    else:
        padded = inputs if module.batch_first else inputs.transpose(0, 1)
    if padded.dim() != 3 or padded.shape[:2] != (batch, steps):
        shape = tuple(padded.shape)
        raise ModelError(
            f"`{path}` read an input of shape {shape} where {batch} sequences of {steps} steps were given: "
            "batch and time seem to be confused. Check `batch_first`, and the order in which it is fed."
        )
    return padded, start


def _apply(start: Any, change: Any) -> Any:
    return tuple(change(s) for s in start) if isinstance(start, tuple) else change(start)


def _unrolled(path: str, module: nn.RNNBase, inputs: torch.Tensor, start: Any) -> dict[str, torch.Tensor]:
    """Layer by layer, direction by direction.  `inputs`: (B, T, E)."""
    found: dict[str, torch.Tensor] = {}
    directions = 1 + module.bidirectional
    x = inputs
    for k in range(module.num_layers):
        outs = []
        for d in range(directions):
            at = k * directions + d
            first = None if start is None else _apply(start, lambda s, at=at: s[at : at + 1].contiguous())
            read = x.flip(1) if d else x
            layer = _one_layer(module, k, d)
            hidden, _ = layer(read) if first is None else layer(read, first)
            name = _name(path, k, bool(d))
            if isinstance(module, nn.LSTM):
                cells = cell_states(layer, read, hidden, first)
                found[f"{name}.cell"] = cells.flip(1) if d else cells
            outs.append(hidden.flip(1) if d else hidden)
            found[name] = outs[-1]
        x = torch.cat(outs, -1)  # (B, T, D × H)
    return found


def _one_layer(module: nn.RNNBase, k: int, d: int) -> nn.RNNBase:
    """Layer `k`, direction `d` as a module of its own; the weights are the same tensors."""
    suffix = f"_l{k}" + "_reverse" * d
    names = (
        ["weight_ih", "weight_hh"]
        + ["bias_ih", "bias_hh"] * module.bias
        + ["weight_hr"] * bool(module.proj_size)
    )
    weights = {name: getattr(module, name + suffix).detach() for name in names}
    more: dict[str, Any] = {"nonlinearity": module.nonlinearity} if isinstance(module, nn.RNN) else {}
    if module.proj_size:
        more["proj_size"] = module.proj_size
    kind = next(kind for kind in KINDS if isinstance(module, kind))
    size = weights["weight_ih"].shape[1]
    with torch.device(weights["weight_ih"].device):
        layer = kind(size, module.hidden_size, batch_first=True, bias=module.bias, **more)
    for name, weight in weights.items():
        setattr(layer, f"{name}_l0", nn.Parameter(weight, requires_grad=False))
    return layer.eval()


def cell_states(
    layer: nn.RNNBase, inputs: torch.Tensor, hidden: torch.Tensor, start: Any = None
) -> torch.Tensor:
    """The cell states of a one-layer LSTM, recovered from its inputs, hidden states and weights.

    The gates of all steps are two matrix products, as the hidden states are known; what is left,
    c[t] = f[t] * c[t-1] + i[t] * g[t], is elementwise.

    Args:
        inputs: (B, T, E); hidden: (B, T, H or P), the layer's own output for `inputs`.
        start: (h, c) before the first step, (1, B, H or P) and (1, B, H); zeros if None.

    Returns:
        (B, T, H) cell states.
    """
    before = nn.functional.pad(hidden, (0, 0, 1, 0))[:, :-1]  # (B, T, H): h[t-1], zeros at t = 0
    if start is not None:
        before = torch.cat([start[0][0][:, None], hidden[:, :-1]], 1)
    from_input, from_state = layer.weight_ih_l0, layer.weight_hh_l0
    biases = (layer.bias_ih_l0, layer.bias_hh_l0) if layer.bias else (None, None)
    gates = nn.functional.linear(inputs, from_input, biases[0])  # type: ignore[arg-type]  # (B, T, 4H)
    gates = gates + nn.functional.linear(before, from_state, biases[1])  # type: ignore[arg-type]
    enter, forget, candidate, _ = gates.chunk(4, -1)
    forget, added = forget.sigmoid(), enter.sigmoid() * candidate.tanh()  # (B, T, H) each
    cells = torch.empty_like(forget)
    cell = torch.zeros_like(forget[:, 0]) if start is None else start[1][0]
    for t in range(hidden.shape[1]):
        cell = forget[:, t] * cell + added[:, t]  # (B, H)
        cells[:, t] = cell
    return cells
