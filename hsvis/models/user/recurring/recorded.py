"""What any module returns, as states: hand-written cells, scans, scripted and quantised modules.

Nothing is computed: the states are the tensors that the module returned while the whole model was called.
Which tensor, which of its axes are sequences and steps, and which way it reads are told by calling the model
with fewer steps, fewer sequences, and other first and last steps.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch

from hsvis.errors import ModelError
from hsvis.models.protocol import Layer
from hsvis.models.user.answering.outputs import Place, say, tensors_in
from hsvis.models.user.reading.padding import Padding
from hsvis.models.user.recurring.alone import own_states
from hsvis.models.user.recurring.calls import Call
from hsvis.models.user.recurring.carrying import keeps_itself, returned_again
from hsvis.models.user.recurring.directions import Read, most_changed, which_way
from hsvis.models.user.recurring.pairs import cell_of, second_of
from hsvis.models.user.recurring.trials import (
    WAY_OUT,
    Trials,
    arrange,
    axes_of,
    gather,
)


@dataclass(frozen=True)
class Part:
    """One layer of a module, and where its states stand in what the module returns.

    Attributes:
        axes: of the tensor, of "B", "T" and "H"; several "H" are one.
        columns: of the units, where both directions stand side by side.
        turned: whether the row of the last step comes first.
    """

    layer: Layer
    place: Place
    axes: str
    columns: slice = field(default_factory=lambda: slice(None))
    turned: bool = False

    def arrange(self, tensor: torch.Tensor) -> torch.Tensor:
        """(B, T, H): a step's state in its place."""
        found = arrange(tensor, self.axes)[..., self.columns]
        return found.flip(1) if self.turned else found


@dataclass(frozen=True)
class Recorded:
    """How what a module returns is read as states.

    Attributes:
        stepwise: whether it is called once a step; else once.
        note: what was decided, for people.
    """

    path: str
    stepwise: bool
    parts: tuple[Part, ...]
    note: str

    @property
    def layers(self) -> list[Layer]:
        return [part.layer for part in self.parts]

    def read(
        self,
        calls: Sequence[Call],
        batch: int,
        steps: int,
        wanted: Collection[str],
        padding: Padding | None = None,
    ) -> dict[str, torch.Tensor]:
        """Layer -> (B, T, H), from the calls of the module during one call of the model.

        Raises:
            ModelError: it was called otherwise than when it was tried.
        """
        longest = steps if padding is None else max(steps, padding.to)
        given = gather(self.path, calls, longest if len(calls) == longest else steps, stepwise=self.stepwise)
        found = {}
        for part in self.parts:
            if part.layer.name not in wanted:
                continue
            tensor = given.get(part.place)
            states = part.arrange(tensor) if tensor is not None and tensor.dim() == len(part.axes) else None
            rows = () if states is None else tuple(states.shape[:2])
            if states is None or rows not in ((batch, steps), (batch, longest)):
                shape = "nothing" if tensor is None else str(tuple(tensor.shape))
                raise ModelError(
                    f"`{self.path}` returned {shape} for {batch} sequences of {steps} steps, where "
                    f"({', '.join(part.axes)}) was expected. {WAY_OUT}"
                )
            is_padded = padding is not None and rows[1] > steps
            found[part.layer.name] = states[:, padding.own(steps)] if padding and is_padded else states
        return found


def read_form(path: str, trials: Trials, padding: Padding | None = None) -> Recorded:
    """How what a module returns is read as states.

    Raises:
        ModelError: it can't be, with numbers and the way out.
    """
    count, fewer_count = (len(one.calls[path]) for one in (trials.whole, trials.shorter))
    stepwise = count == trials.whole.steps and fewer_count == trials.shorter.steps and count > 1
    given = [
        (one, gather(path, one.calls[path], one.steps, stepwise=stepwise))
        for one in (trials.whole, trials.shorter, trials.fewer)
    ]
    options = {
        place: list(axes_of(place, given, stepwise=stepwise))
        for place, tensor in given[0][1].items()
        if tensor.is_floating_point()
    }
    possible = {place: axes for place, axes in options.items() if axes}
    if not possible:
        shapes = (
            ", ".join(f"`{say(p) or 'it'}` {tuple(t.shape)}" for p, t in given[0][1].items()) or "nothing"
        )
        raise ModelError(
            f"`{path}` returns {shapes} for {trials.whole.batch} sequences of {trials.whole.steps} steps"
            f"{', a step each' if stepwise else ''}: none of these is a state for each step. {WAY_OUT}"
        )
    again = returned_again(trials.whole.calls[path]) if stepwise else []
    place = next((one for one in again if one in possible), next(iter(possible)))
    changed = [
        gather(path, one.calls[path], one.steps, stepwise=stepwise)[place]
        for one in (trials.first, trials.last)
    ]
    tensor = given[0][1][place]
    ways = {}
    for axes in possible[place]:
        one, *others = (arrange(given, axes) for given in (tensor, *changed))
        ways[axes] = which_way(one, others[0], others[1], trials.noise)
    axes = min(ways, key=lambda one: ways[one][0] not in ("forward", "reverse"))
    read, turned, more = _direction(path, trials, (tensor, *changed), axes, ways[axes])
    halves = _both_ways(path, trials, place, axes, (tensor, *changed)) if read == "mixed" else ()
    if halves:
        return Recorded(path, stepwise, halves, _note(path, halves, stepwise=stepwise))
    direction: Literal["forward", "reverse"] = "reverse" if read == "reverse" else "forward"
    number = trials.layers.get(path, 1) - 1
    if number:
        more += f" It is the last of {number + 1} layers; the others return nothing that could be shown."
    name = f"{path}.{number}" + ".reverse" * (read == "reverse")
    size = arrange(tensor, axes).shape[-1]
    parts = [Part(Layer(name, "hidden", size, direction), place, axes, turned=turned)]
    forms = {one: axes if axes in fits else fits[0] for one, fits in possible.items()}
    flat = {one: arrange(given[0][1][one], fits) for one, fits in forms.items()}
    cell = cell_of(place, flat, possible, again)
    second = second_of(place, flat, possible, again)
    if cell is None and second is not None:  # two states that are carried, none the cell of the other
        parts.append(
            Part(Layer(f"{path}.1", "hidden", size, direction), second, forms[second], turned=turned)
        )
    if cell is not None:
        hidden_place, cell_place = cell
        parts = [
            Part(Layer(name, "hidden", size, direction), hidden_place, forms[hidden_place], turned=turned),
            Part(
                Layer(f"{name}.cell", "cell", size, direction), cell_place, forms[cell_place], turned=turned
            ),
        ]
    returned = dict(tensors_in(trials.whole.calls[path][0].output)).get(place)
    if returned is not None and returned.is_complex():
        more += " It returns complex numbers: their real parts, then their imaginary ones."
    if keeps_itself(trials.whole.calls[path], trials.first.calls[path]):
        more += " It carries a state in itself; what it returns may be a part of that alone."
    elif stepwise and not again:
        more += " It is not given again what it returned: it may be a part of the state alone."
    if read == "mixed":
        more += (
            " A state depends on later steps too: something before or in it reads the whole sequence, so "
            "that the states to a prefix are others."
        )
    shown = [flat[part.place] for part in parts]
    aside = [one for one in again if one not in flat or not any(map(flat[one].equal, shown))]
    if aside:
        more += (
            f" It carries {', '.join(map(say, aside))} besides, which are not shown: a function in "
            "`model.states` can give them."
        )
    return Recorded(path, stepwise, tuple(parts), _note(path, parts, stepwise=stepwise, more=more))


def _direction(
    path: str, trials: Trials, tensors: Sequence[torch.Tensor], axes: str, found: tuple[Read, bool]
) -> tuple[Read, bool, str]:
    """Which way a module reads, whether its rows are turned, and what is told of that.

    Args:
        tensors: what it returned, and that with another first, and another last step.
        found: by every change; of what is rounded, the greatest changes tell.

    Raises:
        ModelError: it carries nothing from step to step, or is given each step one step late.
    """
    directions, (read, turned), more = trials.directions.get(path), found, ""
    if directions is not None:
        whole, *others = (arrange(one, axes) for one in tensors)
        ends = tuple(most_changed(whole, one) for one in others)
        last = trials.whole.steps - 1
        by_ends: dict[tuple[int, ...], tuple[Read, bool]] = {
            (0, last): ("forward", False),
            (last, 0): ("reverse", True),
        }
        read, turned = ("mixed", False) if directions > 1 else by_ends.get(ends, ("forward", False))
        if directions == 1 and ends not in by_ends:
            more = " Rounding hides which way it reads: forward, as it is taken here."
    if read == "late":
        raise ModelError(
            f"`{path}` is given each step one step late: the state after the last step is not among what it "
            f"returns. {WAY_OUT}"
        )
    if read == "each by itself":
        raise ModelError(
            f"`{path}` carries nothing from step to step: what it returns for a step depends on that step "
            f"alone, so that it is no recurrent layer. {WAY_OUT}"
        )
    return read, turned, more


def _note(path: str, parts: Sequence[Part], *, stepwise: bool, more: str = "") -> str:
    where = [f"{say(part.place) or 'what it returns'} as {part.layer.name}" for part in parts]
    times = "called once a step" if stepwise else "called once with all steps"
    return f"The states of `{path}`, {times}, are {' and '.join(where)}.{more}"


def _both_ways(
    path: str, trials: Trials, place: Place, axes: str, tensors: Sequence[torch.Tensor]
) -> tuple[Part, ...]:
    """The two directions of a module, told by other steps of the sequences, or of what it reads itself.

    The latter tell them of a layer above one that reads both ways, of which every step knows all others.
    """
    halves = _halves(path, place, axes, tensors, trials.noise, known=trials.directions.get(path) == 2)
    if halves or path not in trials.modules or len(trials.whole.calls[path]) != 1:
        return halves
    whole = trials.whole
    for own in own_states(trials.modules[path], whole.calls[path][0], whole.steps, place):
        if own[0].dim() == len(axes) and (
            halves := _halves(path, place, axes, own, trials.noise, known=False)
        ):
            return halves
    return ()


def _halves(
    path: str, place: Place, axes: str, tensors: Sequence[torch.Tensor], noise: float, *, known: bool
) -> tuple[Part, ...]:
    """The two directions of a module that returns them side by side; nothing if it does not."""
    whole, first, last = (arrange(one, axes) for one in tensors)
    size = whole.shape[-1] // 2
    if whole.shape[-1] % 2 or not size:
        return ()
    found = []
    for columns, wanted in ((slice(0, size), "forward"), (slice(size, None), "reverse")):
        parts = [one[..., columns] for one in (whole, first, last)]
        read, turned = which_way(parts[0], parts[1], parts[2], noise)
        if known:
            read, turned = ("forward", False) if wanted == "forward" else ("reverse", False)
        if read != wanted:
            return ()
        name = f"{path}.0" + ".reverse" * (wanted == "reverse")
        layer = Layer(name, "hidden", size, wanted)  # type: ignore[arg-type]
        found.append(Part(layer, place, axes, columns, turned))
    return tuple(found)
