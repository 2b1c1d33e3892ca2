"""Which tensor of those that a model returns is its answer: a row of classes a sequence, or a step."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import torch

from hsvis.errors import ModelError

Place = tuple[int | str, ...]  # where a tensor stands in what a model returns: () is all of it
DEEPEST = 4
TOLD = 6  # tensors that a message names


def tensors_in(output: Any, place: Place = ()) -> Iterator[tuple[Place, torch.Tensor]]:
    """Every tensor in tuples, lists, mappings, dataclasses and objects with `logits`, and where it stands."""
    if isinstance(output, torch.Tensor):
        yield place, output
    elif len(place) < DEEPEST:
        for key, one in _parts(output):
            yield from tensors_in(one, (*place, key))


def _parts(output: Any) -> Iterator[tuple[int | str, Any]]:
    if isinstance(output, Mapping):
        yield from ((key, one) for key, one in output.items() if isinstance(key, str))
    elif isinstance(output, tuple | list):
        names = getattr(output, "_fields", range(len(output)))
        yield from zip(names, output, strict=True)
    elif dataclasses.is_dataclass(output):
        yield from ((field.name, getattr(output, field.name)) for field in dataclasses.fields(output))
    elif isinstance(getattr(output, "logits", None), torch.Tensor):
        yield "logits", output.logits


def pick(output: Any, place: Place) -> torch.Tensor:
    """The tensor that stands there.  Raises ModelError if none does."""
    found = dict(tensors_in(output)).get(place)
    if found is None:
        raise ModelError(
            f"the model returns {type(output).__name__}, in which there is no answer{say(place)}. Return the "
            "logits or probabilities as a tensor, or name a `model.forward` that does."
        )
    return found


def say(place: Place) -> str:
    """A place as it is written after a name: `[0]`, `["logits"]`."""
    return "".join(f"[{key}]" if isinstance(key, int) else f'["{key}"]' for key in place)


@dataclass(frozen=True)
class StepLayout:
    """Where sequences, steps and classes stand in an answer for every step.

    Attributes:
        axes: of the tensor in order, of "B", "T" and "C"; "BT" and "TB" are sequences and steps in one axis,
            the first of them slower.
        turned: whether the answer to the last step comes first.
    """

    axes: tuple[str, ...]
    turned: bool = False

    def __str__(self) -> str:
        names = {"B": "batch", "T": "time", "C": "classes", "BT": "batch × time", "TB": "time × batch"}
        return f"({', '.join(names[axis] for axis in self.axes)})" + ", the last step first" * self.turned

    def arrange(self, output: torch.Tensor, batch: int, steps: int) -> torch.Tensor:
        """The tensor as (B, T, C); C is 1 where it has no axis of classes.

        Raises:
            ModelError: it has another shape than this for so many sequences and steps.
        """
        axes, shape = list("".join(self.axes)), list(output.shape)
        for k, axis in enumerate(self.axes):
            if len(axis) == 2:
                shape[k : k + 1] = [batch, steps] if axis == "BT" else [steps, batch]
        sizes = dict(zip(axes, shape, strict=True)) if len(axes) == len(shape) else {}
        if (sizes.get("B"), sizes.get("T")) != (batch, steps):
            raise ModelError(
                f"the answer to {batch} sequences of {steps} steps has the shape {tuple(output.shape)}, "
                f"where {self} was expected."
            )
        found = output.reshape(shape)
        if "C" not in axes:
            found, axes = found.unsqueeze(-1), [*axes, "C"]
        found = found.permute([axes.index(axis) for axis in "BTC"])
        return found.flip(1) if self.turned else found


@dataclass(frozen=True)
class AnswerPlace:
    """Where the answer stands in what a model returns.

    Attributes:
        place: of the tensor.
        steps: how it holds an answer for every step; None where it is one row a sequence.
    """

    place: Place = ()
    steps: StepLayout | None = None

    def read(self, output: Any, batch: int, steps: int) -> torch.Tensor:
        """(B, C), (B, 1) or (B,) of one answer a sequence, (B, T, C) of one a step.  Raises ModelError."""
        found = pick(output, self.place)
        return found if self.steps is None else self.steps.arrange(found, batch, steps)


def answer_place(
    ask: Callable[[int, int], Any], batch: int, steps: int, classes: int, *,
    padded: int = 0, each_step: bool | None = None,
) -> AnswerPlace:  # fmt: skip
    """Where the answer stands.

    Args:
        ask: what the model returns for the first so many sequences, and of each the first so many steps.
        batch, steps: of all; 3 sequences at least.
        padded: the steps that the model reads, where sequences are padded to a length.
        each_step: whether it is an answer for every step; None: where there is none for the sequence.

    Raises:
        ModelError: there is no tensor, none of the shape of an answer, or several, with their places.
    """
    shorter, read = max(steps - 1, 1), max(steps, padded)
    found = [dict(tensors_in(one)) for one in (ask(batch, steps), ask(batch, shorter))]
    if not found[0]:
        return AnswerPlace()  # nothing can be picked there, and `pick` says so
    whole = _places(found, batch, classes) if each_step is not True else []
    if whole and found[0][whole[0]].dim() < 2 and any(_may_be_classes(t, classes) for t in found[0].values()):
        whole += [p for p, t in found[0].items() if _may_be_classes(t, classes)]  # which one nobody knows
    if whole:
        return AnswerPlace(_only(whole, found[0], "Let `forward` return the logits or probabilities alone."))
    layouts: dict[Place, StepLayout] = {}
    if each_step is not False:
        fewer = dict(tensors_in(ask(batch - 1, steps)))
        for place, tensor in found[0].items():
            sizes = [tuple(one[place].shape) if place in one else () for one in (*found, fewer)]
            layout = _step_layout(
                sizes, (batch, read), (batch, max(shorter, padded)), (batch - 1, read), classes
            )
            said = each_step or len(found[0]) == 1  # else what has no classes may be weights of attention
            of_classes = layout is not None and "C" in layout.axes and classes in sizes[0]
            if layout is not None and tensor.is_floating_point() and (said or of_classes):
                layouts[place] = layout
    if layouts:
        remedy = "Let `forward` return the answers to the steps alone."
        place = _only(list(layouts), found[0], remedy)
        alone = pick(ask(1, steps), place)
        return AnswerPlace(place, _in_order(layouts[place], found[0][place], alone, batch, read))
    if each_step is None and (() in found[0] or len(found[0]) == 1):
        return AnswerPlace(next(iter(found[0])))  # what is wrong with its shape is told where it is read
    told = ", ".join(f"`{say(p) or 'it'}` {tuple(t.shape)}" for p, t in list(found[0].items())[:TOLD])
    wanted = f"({batch}, {classes}) for {batch} sequences and {classes} classes whatever their length"
    if each_step:
        wanted = f"({batch}, {steps}, {classes}) for {batch} sequences of {steps} steps and {classes} classes"
    raise ModelError(
        f"no tensor that the model returns is an answer, of the shape {wanted}; it returns {told}. Let "
        "`forward` return the logits or probabilities, and list a name for each output in `dataset.classes`."
    )


def other_outputs(shape: tuple[int, ...], batch: int, steps: int, classes: int) -> str:
    """What to do with answers for every step that have other outputs than there are classes."""
    if len(shape) != 3 or shape[:2] not in ((batch, steps), (steps, batch)) or shape[2] == classes:
        return ""
    blank = ", the blank of CTC among them" if shape[2] == classes + 1 else ""
    return (
        f" It seems to answer after every step, with {shape[2]} outputs, where there are {classes} classes: "
        f"name all outputs, in their order, in `dataset.classes`{blank}."
    )


def _places(found: Sequence[dict[Place, torch.Tensor]], batch: int, classes: int) -> list[Place]:
    """Where tensors of one row a sequence stand, whatever the number of steps."""
    shapes: list[tuple[int, ...]] = [(batch, classes)]
    rows = [p for p, t in found[0].items() if t.is_floating_point() and _is(shapes[0], p, found)]
    if not rows and classes <= 2:  # one of two classes, or a number
        rows = [
            p
            for p, t in found[0].items()
            if t.is_floating_point() and any(_is(s, p, found) for s in ((batch,), (batch, 1)))
        ]
    return rows


def _may_be_classes(tensor: torch.Tensor, classes: int) -> bool:
    """Whether a tensor of several axes may hold a number for each class."""
    return tensor.is_floating_point() and tensor.dim() > 2 and classes in tensor.shape[1:]


def _only(places: Sequence[Place], found: Mapping[Place, torch.Tensor], remedy: str) -> Place:
    """The one place, or the first of several that hold the same.  Raises ModelError."""
    if len({_content(found[place]) for place in places}) == 1:
        return places[0]
    several = ", ".join(f"`{say(p) or 'it'}` {tuple(found[p].shape)}" for p in places)
    raise ModelError(f"the model returns several tensors that may be its answer: {several}. {remedy}")


def _step_layout(
    sizes: Sequence[tuple[int, ...]],
    all_steps: tuple[int, int],
    fewer_steps: tuple[int, int],
    fewer_sequences: tuple[int, int],
    classes: int,
) -> StepLayout | None:
    """The axes of a tensor, told by which of them change with steps and sequences; None if it fits none.

    Args:
        sizes: its shapes in the three calls, of which the sequences and steps follow.
    """
    calls = (all_steps, fewer_steps, fewer_sequences)
    if len({len(shape) for shape in sizes}) != 1 or not 1 <= len(sizes[0]) <= 3:
        return None
    of_axes = []
    for along in zip(*sizes, strict=True):
        told = {
            "BT": tuple(batch * steps for batch, steps in calls),
            "B": tuple(batch for batch, _ in calls),
            "T": tuple(steps for _, steps in calls),
        }
        fits = [axis for axis, size in told.items() if along == size]
        is_class = along == (classes,) * 3 or (classes <= 2 and along == (1,) * 3)
        of_axes.append(fits + ["C"] * is_class)
    for axes in product(*of_axes):
        each = sorted("".join(axes))
        if each == ["B", "C", "T"] or (each == ["B", "T"] and classes <= 2):
            return StepLayout(axes)
    return None


def _in_order(
    layout: StepLayout, output: torch.Tensor, alone: torch.Tensor, batch: int, steps: int
) -> StepLayout:
    """Whether sequences or steps are slower where they share an axis: what the first one gives alone tells.

    Args:
        alone: what is returned for the first sequence alone.
    """
    turned = StepLayout(tuple("TB" if axis == "BT" else axis for axis in layout.axes))
    if turned == layout:
        return layout
    own = layout.arrange(alone, 1, steps)[0]
    fits = [
        one
        for one in (layout, turned)
        if torch.allclose(
            one.arrange(output, batch, steps)[0].float(), own.float(), atol=1e-4, equal_nan=True
        )
    ]
    return fits[0] if fits else layout


def _is(shape: tuple[int, ...], place: Place, found: Sequence[dict[Place, torch.Tensor]]) -> bool:
    return all(place in one and tuple(one[place].shape) == shape for one in found)


def _content(tensor: torch.Tensor) -> bytes:
    return tensor.detach().cpu().float().contiguous().numpy().tobytes()
