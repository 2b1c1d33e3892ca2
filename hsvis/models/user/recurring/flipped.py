"""Which recurrent modules are given the steps from the last to the first, by hand: told by trying.

Examples are an `nn.LSTM` on `x.flip(1)`, and a loop over a cell in which time runs backwards.
"""

from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

import torch
from torch import nn

from hsvis.errors import ModelError
from hsvis.models.user.reading.padding import Padding
from hsvis.models.user.recurring.calls import read_of, steps_read, watching

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
        read = _all_read(modules, ask, inputs, (steps,))
        last = _all_read(modules, ask, change_step(inputs, steps - 1), (steps,))
        first = _all_read(modules, ask, change_step(inputs, 0), (steps,))
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


def change_step(inputs: torch.Tensor, step: int) -> torch.Tensor:
    """Inputs (B, T, …) of which one step is another."""
    other = inputs.clone()
    if inputs.is_floating_point():
        other[:, step] += 1
        return other
    known = inputs.unique()  # known to be ids of the model
    for row in other:
        ids = known[(known < 0) == (row[step] < 0)]  # of the same text of a pair
        differ = ids[ids != row[step]]
        row[step] = differ[0] if len(differ) else _other_id(int(row[step]))
    return other


def _other_id(one: int) -> int:
    return int(one == 0) if one >= 0 else ~int(~one == 0)


def misplaced(
    modules: dict[str, nn.Module],
    ask: Callable[[torch.Tensor], Any],
    inputs: torch.Tensor,
    flipped: Collection[str],
    padding: Padding,
) -> str | None:
    """The path of a module that reads the steps of padded sequences elsewhere than these stand, if one does.

    Such as one whose steps are reversed by the lengths of the sequences.  The rows that a change of the last
    step reaches begin at its place (where the order is flipped they end there), with padding as without.

    Args:
        inputs: (B, P, …), as long as sequences are with padding.
    """
    few = padding.to // 2
    with suppress(ModelError), torch.no_grad():
        whole, padded = (_reached(modules, ask, one, padding.to) for one in (inputs, inputs[:, :few]))
        for path in whole.keys() & padded.keys():
            (begin, end, rows), (padded_begin, padded_end, padded_rows) = whole[path], padded[path]
            place = few - 1 if padded_rows == few else padding.own(few).stop - 1
            if path in flipped:
                tells, moved = end < rows - 1, end != padded_end - (padded_rows - 1 - place)
            else:
                tells, moved = begin > 0, begin - (rows - 1) != padded_begin - place
            if tells and moved:
                return path
    return None


def _reached(
    modules: dict[str, nn.Module], ask: Callable[[torch.Tensor], Any], inputs: torch.Tensor, most: int
) -> dict[str, tuple[int, int, int]]:
    """Path -> the first and last row that a change of the last step reaches, and how many are read."""
    steps = inputs.shape[1]
    one, other = (
        _all_read(modules, ask, given, (steps, most)) for given in (inputs, change_step(inputs, steps - 1))
    )
    found = {}
    for path in one.keys() & other.keys():
        if one[path].shape == other[path].shape:
            rows = ((one[path] - other[path]).abs().amax((0, 2)) > CHANGED).nonzero().flatten().tolist()
            if rows:
                found[path] = (rows[0], rows[-1], one[path].shape[1])
    return found


def _all_read(
    modules: dict[str, nn.Module],
    ask: Callable[[torch.Tensor], Any],
    inputs: torch.Tensor,
    lengths: Collection[int],
) -> dict[str, torch.Tensor]:
    """Path -> (B, T, E), what each module reads, in its order, where T is one of `lengths`."""
    with watching(modules) as recorded:
        ask(inputs)
    batch = inputs.shape[0]
    found = {}
    for path, module in modules.items():
        calls = recorded[path]
        with suppress(ModelError):
            if isinstance(module, nn.RNNBase):
                each = steps_read(module, calls) if len(calls) == 1 else 1
                rows = [read_of(path, module, call, batch, each)[0] for call in calls]
            else:
                rows = [call.inputs[:, None] for call in calls if call.inputs.shape[:1] == (batch,)]
            whole = torch.cat(rows, 1) if rows else inputs[:, :0]
            if whole.shape[0] == batch and whole.shape[1] in lengths:
                found[path] = whole.detach().float()
    return found
