"""The recurrent layers inside any nn.Module: found, named, and the cell states of an LSTM."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import torch
from torch import nn

from hsvis.errors import ModelError, nearest
from hsvis.models.protocol import Layer

KINDS = (nn.LSTM, nn.GRU, nn.RNN)
CELLS = (nn.LSTMCell, nn.GRUCell, nn.RNNCell)
ROOT = "rnn"  # the path of a module that is recurrent itself

Place = tuple[int, int, str]  # layer, direction as the module has it (0, 1), "hidden" or "cell"


def recurrent_modules(module: nn.Module, wanted: Sequence[str] | None = None) -> dict[str, nn.Module]:
    """Path -> recurrent module, in the order of definition; empty where none is torch's own.

    Args:
        wanted: paths, where not all are to be watched; of any modules.

    Raises:
        ModelError: there is none at a wanted path.
    """
    every = {path or ROOT: one for path, one in module.named_modules()}
    found: dict[str, nn.Module] = {path: one for path, one in every.items() if isinstance(one, KINDS + CELLS)}
    if wanted is None:
        return found
    missing = [path for path in wanted if path not in every]
    if missing:
        there = found or {path: one for path, one in module.named_modules() if path}
        raise ModelError(
            f"`model.recurrent`: there is no module at `{missing[0]}`. {nearest(missing[0], there)}"
        )
    return {path: every[path] for path in wanted}


def layers_of(path: str, module: nn.Module, *, flipped: bool = False) -> list[Layer]:
    """All layers of a recurrent module, lowest first: hidden states, then the cell states of an LSTM.

    Args:
        flipped: the module is given the last step first; see `flipped_modules`.
    """
    return sorted(places_of(path, module, flipped=flipped).values(), key=lambda layer: layer.kind == "cell")


def places_of(path: str, module: nn.Module, *, flipped: bool = False) -> dict[Place, Layer]:
    """Where in a recurrent module each of its layers stands.  `flipped`: as of `layers_of`."""
    layers, directions = 1, 1
    hidden: Any = module.hidden_size
    if isinstance(module, nn.RNNBase):
        layers, directions = module.num_layers, 1 + module.bidirectional
        hidden = module.proj_size or module.hidden_size
    found: dict[Place, Layer] = {}
    for k, (d, reverse) in product(range(layers), enumerate((flipped, not flipped)[:directions])):
        name, direction = f"{path}.{k}" + ".reverse" * reverse, "reverse" if reverse else "forward"
        found[k, d, "hidden"] = Layer(name, "hidden", hidden, direction)  # type: ignore[arg-type]
        if isinstance(module, nn.LSTM | nn.LSTMCell):
            cells = Layer(f"{name}.cell", "cell", module.hidden_size, direction)  # type: ignore[arg-type]
            found[k, d, "cell"] = cells
    return found


@torch.no_grad()
def cell_states(
    weights: Sequence[torch.Tensor], inputs: torch.Tensor, hidden: torch.Tensor, start: Any = None
) -> torch.Tensor:
    """The cell states of a one-layer LSTM, recovered from its inputs, hidden states and weights.

    The gates of all steps are two matrix products, as the hidden states are known; what is left,
    c[t] = f[t] * c[t-1] + i[t] * g[t], is elementwise.

    Args:
        weights: of the layer, as `all_weights` of its module has them.
        inputs: (B, T, E); hidden: (B, T, H or P), the layer's own output for `inputs`.
        start: (h, c) before the first step, (1, B, H or P) and (1, B, H); zeros if None.

    Returns:
        (B, T, H) cell states.
    """
    inputs, hidden = inputs.transpose(0, 1), hidden.transpose(0, 1)  # (T, B, …): a step lies together
    before = torch.zeros_like(hidden)  # h[t-1]
    before[1:] = hidden[:-1]
    if start is not None:
        before[0] = start[0][0]
    from_input, from_state, *biases = weights[:4] if len(weights) > 3 else weights[:2]
    gates = nn.functional.linear(inputs, from_input, *biases[:1])  # (T, B, 4H)
    gates += nn.functional.linear(before, from_state, *biases[1:])
    enter, forget, candidate, _ = gates.chunk(4, -1)
    forget, added = forget.sigmoid(), enter.sigmoid() * candidate.tanh()  # (T, B, H) each
    forgets, cells = forget.unbind(), added.unbind()  # T × (B, H)
    cell = torch.zeros_like(cells[0]) if start is None else start[1][0]
    for kept, cell_now in zip(forgets, cells, strict=True):
        cell = cell_now.addcmul_(kept, cell)
    return added.transpose(0, 1)
