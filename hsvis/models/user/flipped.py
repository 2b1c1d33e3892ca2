"""Which recurrent modules are given the steps from the last to the first, by hand: told by trying.

Examples are an `nn.LSTM` on `x.flip(1)`, and a loop over a cell in which time runs backwards.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import torch
from torch import nn

from hsvis.errors import ModelError
from hsvis.models.user.calls import read_of, watching

CHANGED = 1e-6  # differences above this are changes, not noise


def flipped_modules(
    modules: dict[str, nn.Module], ask: Callable[[torch.Tensor], Any], inputs: torch.Tensor
) -> frozenset[str]:
    """Paths of the modules that are given the steps from the last to the first.

    Where only the last step of the sequences is another, the row that a module reads for it is another, and
    rows read after it may be, as they may hold states.  So for each feature of what it reads: a change of the
    last step that reaches the first row but not the last, or of the first step that reaches the last row but
    not the first, tells that the order is flipped; the opposites, that it is not.  A module is taken to be
    flipped if no feature speaks against it.  What attention made holds all steps in each row.

    Args:
        ask: calls the whole module.
        inputs: (B, T, …), what to call it with; T > 1.
    """
    steps = inputs.shape[1]
    with suppress(ModelError), torch.no_grad():
        read = _all_read(modules, ask, inputs)
        last = _all_read(modules, ask, _change_step(inputs, steps - 1))
        first = _all_read(modules, ask, _change_step(inputs, 0))
        found = set()
        for path in modules:
            if not (path in read and path in last and path in first):
                continue
            by_last = (read[path] - last[path]).abs().amax(0) > CHANGED  # (T, E)
            by_first = (read[path] - first[path]).abs().amax(0) > CHANGED
            flipped = (by_last[0] & ~by_last[-1]) | (by_first[-1] & ~by_first[0])  # (E,)
            straight = (by_last[-1] & ~by_last[0]) | (by_first[0] & ~by_first[-1])
            if flipped.any() and not straight.any():
                found.add(path)
        return frozenset(found)
    return frozenset()


def _change_step(inputs: torch.Tensor, step: int) -> torch.Tensor:
    """Inputs (B, T, …) of which one step is another."""
    other = inputs.clone()
    if inputs.is_floating_point():
        other[:, step] += 1
        return other
    ids = inputs.unique()  # known to be ids of the model
    for row in other:
        differ = ids[ids != row[step]]
        row[step] = differ[0] if len(differ) else int(row[step] == 0)
    return other


def _all_read(
    modules: dict[str, nn.Module], ask: Callable[[torch.Tensor], Any], inputs: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Path -> (B, T, E), what each module reads in the order in which it does, where that can be told."""
    with watching(modules) as recorded:
        ask(inputs)
    batch, steps = inputs.shape[:2]
    found = {}
    for path, module in modules.items():
        calls = recorded[path]
        with suppress(ModelError):
            if isinstance(module, nn.RNNBase):
                each = 1 if len(calls) == steps else steps
                rows = [read_of(path, module, call, batch, each)[0] for call in calls]
            else:
                rows = [call.inputs[:, None] for call in calls if call.inputs.shape[:1] == (batch,)]
            whole = torch.cat(rows, 1) if rows else inputs[:, :0]
            if whole.shape[:2] == (batch, steps):
                found[path] = whole.detach().float()
    return found
