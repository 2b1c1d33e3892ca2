"""The states of a recurrent module's layers at every step, from one recorded call of the whole module.

What the module returned is taken where it is the states: of its last layer, or, where it is called a step at
a time, of every layer.  Inner layers are run again, each by itself, so that their states come out at the
speed of the fused kernels, and their last states are compared with those that the module gave: what is not
the layer's own is refused, never shown.  The states of `nn.LSTMCell`, `nn.GRUCell` and `nn.RNNCell` are those
they returned.  Where a module is given the steps from the last to the first (`flipped`), its states are
turned, to stand at the steps they belong to.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from hsvis.errors import ModelError
from hsvis.models.recurrent import CELLS, Place, cell_states, places_of
from hsvis.models.user.reading.padding import Padding
from hsvis.models.user.recurring.calls import Call, check_shape, read_of, steps_read

NEAR = {torch.float64: 1e-6, torch.float32: 1e-4}  # how near computed states must be to those given
NEAR_HALF = 3e-2  # in half precision, and where the module mixes precisions
KINDS_OF_STATE = ("hidden", "cell")  # in the order in which torch's modules return them
States = dict[Place, torch.Tensor]  # (B, T, H) each, in the order in which the module read


def states_of(
    path: str,
    module: nn.Module,
    calls: Sequence[Call],
    batch: int,
    steps: int,
    *,
    wanted: Collection[str] | None = None,
    flipped: bool = False,
    padding: Padding | None = None,
) -> dict[str, torch.Tensor]:
    """The states of the layers of a recurrent module, from its calls during one call of the whole module.

    All sequences of the call have `steps` steps; so without padding, what a layer that runs backwards read
    first is each sequence's last step.

    Args:
        wanted: names of the layers, as `layers_of` has them; all if None.
        flipped: the module was given the last step first.
        padding: what the sequences were filled up with; it gives no states.

    Returns:
        layer -> (B, T, H); the state of a step is that right after it was read.

    Raises:
        ModelError: the module was not read once a step of each sequence.
    """
    own = slice(None)
    if padding is not None and (steps < padding.to):
        if steps_read(module, calls) == steps:  # packed by their lengths, or cut to them
            check_cut(path, padding)
        else:
            own, steps = padding.own(steps), padding.to
    names = {
        place: layer.name
        for place, layer in places_of(path, module, flipped=flipped).items()
        if wanted is None or layer.name in wanted
    }
    if isinstance(module, CELLS):
        found = _of_cell(path, calls, batch, steps, names)
    else:
        assert isinstance(module, nn.RNNBase)
        found = _of_module(path, module, calls, batch, steps, names)
    return {
        name: (found[place].flip(1) if flipped else found[place])[:, own] for place, name in names.items()
    }


def check_cut(path: str, padding: Padding) -> None:
    """Raises ModelError where steps that a module left out may be those of the sequence."""
    if padding.side == "left":
        raise ModelError(
            f"`{path}` reads as many steps as a sequence has, without its padding on the left: which ones "
            "can't be told. Leave `tokens.pad_to` out, or set `tokens.pad: right`, or leave the module out: "
            "list the others in `model.recurrent`."
        )


def _of_cell(path: str, calls: Sequence[Call], batch: int, steps: int, wanted: Collection[Place]) -> States:
    if len(calls) != steps:
        raise ModelError(
            f"`{path}` was called {len(calls)} times for sequences of {steps} steps; hsvis can show a cell "
            "that is called once a step. Leave it out: list the others in `model.recurrent`."
        )
    given = [one.output if isinstance(one.output, tuple) else (one.output,) for one in calls]
    count = len(given[0][0])
    if count != batch:
        raise ModelError(
            f"`{path}` reads {count} sequences at once where {batch} were given: batch and time "
            "seem to be confused. Check the order in which it is fed."
        )
    return {place: _stack([one[KINDS_OF_STATE.index(place[2])] for one in given]) for place in wanted}


def _stack(steps: Sequence[torch.Tensor]) -> torch.Tensor:
    """T × (B, H) -> (B, T, H), step by step in memory."""
    return torch.stack(tuple(steps)).transpose(0, 1)


def _of_module(
    path: str, module: nn.RNNBase, calls: Sequence[Call], batch: int, steps: int, wanted: Collection[Place]
) -> States:
    if len(calls) == 1:
        _check_known(path, module, calls[0])
        check_shape(path, module, calls[0], batch, steps)
        found = _of_output(module, calls[0], batch, steps)
        if all(place in found for place in wanted):
            return found
        made = compute_states(module, *read_of(path, module, calls[0], batch, steps), wanted, found)
        _check_last(path, module, calls[0], made, batch)
        return made
    if len(calls) == steps and not module.bidirectional:  # a loop that gives the module one step at a time
        for call in calls:
            _check_known(path, module, call)
            check_shape(path, module, call, batch, 1)
        return _of_steps(calls, wanted)
    raise ModelError(
        f"`{path}` was called {len(calls)} times for sequences of {steps} steps. hsvis can show a module "
        "that is called once with all steps, or once a step. Leave it out: list the others in "
        "`model.recurrent`."
    )


def _check_known(path: str, module: nn.RNNBase, call: Call) -> None:
    """Raises ModelError where what a layer returned can't be told from what became of it."""
    if not call.is_own:
        raise ModelError(
            f"`{path}` has a `forward` of its own ({type(module).__name__}) that does not call torch's "
            "once, so "
            "that its states can't be told from what it returns. Call `super().forward(input, hx)` in it "
            "once, or "
            "leave it out: list the others in `model.recurrent`; of one that is named there, what it returns "
            "is taken for its states."
        )


def _check_last(path: str, module: nn.RNNBase, call: Call, made: States, batch: int) -> None:
    """Compares states that were computed with those that the module gave after the last step, of every layer.

    Raises:
        ModelError: they differ by more than rounding.
    """
    sizes = call.output[0].batch_sizes if isinstance(call.output[0], PackedSequence) else None
    if sizes is not None and bool((sizes != batch).any()):  # the model passed over steps
        return
    last = call.output[1]
    given = dict(zip(KINDS_OF_STATE, last if isinstance(last, tuple | list) else (last,), strict=False))
    for (k, d, kind), states in made.items():
        own = given[kind][k * (1 + module.bidirectional) + d].float()  # (B, H)
        found = states[:, 0 if d else -1].float()
        near = NEAR.get(states.dtype, NEAR_HALF) if states.dtype == given[kind].dtype else NEAR_HALF
        if not torch.allclose(found, own, atol=near, rtol=near):
            raise ModelError(
                f"the {kind} states of layer {k} of `{path}`, computed from what it read, are not those "
                "that it "
                f"gave (they differ by up to {float((found - own).abs().max()):.2g}): it does something "
                "that hsvis "
                "can't see. Leave it out: list the others in `model.recurrent`."
            )


def _of_output(module: nn.RNNBase, call: Call, batch: int, steps: int) -> States:
    """The states of the last layer, if they are what a call of all steps returned; else nothing."""
    output = call.output[0]
    if isinstance(output, PackedSequence):
        if bool((output.batch_sizes != batch).any()):  # the model passed over steps, as padding
            return {}
        output = pad_packed_sequence(output)[0].transpose(0, 1)
    elif not module.batch_first:
        output = output.transpose(0, 1)
    directions = 1 + module.bidirectional
    if output.shape != (batch, steps, directions * (module.proj_size or module.hidden_size)):
        return {}
    parts = output.chunk(directions, -1)
    return {(module.num_layers - 1, d, "hidden"): part for d, part in enumerate(parts)}


def _of_steps(calls: Sequence[Call], wanted: Collection[Place]) -> States:
    """The states of every layer, where each call read one step: they are the last states it returned."""
    last = [call.output[1] for call in calls]  # (layers, B, H), of an LSTM a pair of them
    given = [one if isinstance(one, tuple) else (one,) for one in last]
    return {
        (k, d, kind): _stack([one[KINDS_OF_STATE.index(kind)][k] for one in given]) for k, d, kind in wanted
    }


@torch.no_grad()
def compute_states(
    module: nn.RNNBase,
    inputs: torch.Tensor,
    start: Any,
    wanted: Collection[Place],
    known: Mapping[Place, torch.Tensor] | None = None,
) -> States:
    """The states of layers, each run again by itself.

    Args:
        inputs: (B, T, E), what the module read.
        start: its initial state, as it was given; None for zeros.
        known: states that need not be computed.

    Returns:
        The wanted and the known states, and those of layers below.
    """
    found: States = dict(known or {})
    missing = {place for place in wanted if place not in found}
    kind: Any = module.weight_ih_l0.dtype  # of what is read, it may be another in mixed precision
    directions = 1 + module.bidirectional
    top = max((k for k, *_ in missing), default=-1)
    x = inputs.to(kind)
    for k in range(top + 1):
        for d in range(directions):
            hidden, cell = (k, d, "hidden"), (k, d, "cell")
            run = hidden not in found and (k < top or hidden in missing or cell in missing)
            if not run and cell not in missing:
                continue
            at = k * directions + d
            weights = module.all_weights[at]
            first = None if start is None else _replace_start(start, lambda s, at=at: s[at : at + 1].to(kind))
            read = x.flip(1) if d else x
            if run:
                out = _run(module, weights, read, first)
                found[hidden] = out.flip(1) if d else out
            if cell in missing:
                out = found[hidden].to(kind)
                cells = cell_states(weights, read, out.flip(1) if d else out, first)
                found[cell] = cells.flip(1) if d else cells
        if k < top:
            x = torch.cat([found[k, d, "hidden"] for d in range(directions)], -1)  # (B, T, D × H)
    return found


def _replace_start(start: Any, change: Any) -> Any:
    return tuple(change(s) for s in start) if isinstance(start, tuple | list) else change(start)


def _run(module: nn.RNNBase, weights: list[nn.Parameter], inputs: torch.Tensor, start: Any) -> torch.Tensor:
    """Hidden states (B, T, H) of the layer and direction of a module that these weights are of."""
    if start is None:
        sizes = (module.proj_size or module.hidden_size, module.hidden_size)
        zeros = tuple(inputs.new_zeros(1, len(inputs), size) for size in sizes)
        start = zeros if isinstance(module, nn.LSTM) else zeros[0]
    given: Any = (inputs, start, weights, module.bias, 1, 0.0, False, False, True)
    if isinstance(module, nn.LSTM):
        return torch.lstm(*given)[0]
    if isinstance(module, nn.GRU):
        return torch.gru(*given)[0]
    return (torch.rnn_relu if module.nonlinearity == "relu" else torch.rnn_tanh)(*given)[0]


def check_finite(states: torch.Tensor, layer: str) -> torch.Tensor:
    """The states of a layer, if they are numbers.  Raises ModelError."""
    if not (torch.isfinite(states.sum()) or torch.isfinite(states).all()):  # a sum alone may be too large
        raise ModelError(
            f"states of the layer {layer} are NaN or infinite. Check the weights, and what `model.tokenizer` "
            "gives the model."
        )
    return states
