"""Which tensor of those that a model returns is its answer: that with a row of classes for each sequence."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
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
            "logits or probabilities as a tensor, or give `forward`."
        )
    return found


def say(place: Place) -> str:
    """A place as it is written after a name: `[0]`, `["logits"]`."""
    return "".join(f"[{key}]" if isinstance(key, int) else f'["{key}"]' for key in place)


def answer_place(outputs: Sequence[Any], batch: int, classes: int) -> Place:
    """Where the answer stands.

    Args:
        outputs: what the model returned for `batch` sequences, at probes of different lengths.

    Raises:
        ModelError: there is no tensor, none of the shape of an answer, or several, with their places.
    """
    found = [dict(tensors_in(one)) for one in outputs]
    if () in found[0] or len(found[0]) == 1:
        return next(iter(found[0]))
    if not found[0]:
        return ()  # nothing can be picked there, and `pick` says so
    rows = [p for p, t in found[0].items() if t.is_floating_point() and _is((batch, classes), p, found)]
    if not rows and classes == 2:
        single = ((batch,), (batch, 1))
        rows = [
            p for p, t in found[0].items() if t.is_floating_point() and any(_is(s, p, found) for s in single)
        ]
    if len({_content(found[0][place]) for place in rows}) == 1:
        return rows[0]
    shapes = {f"`{say(p) or 'it'}` {tuple(t.shape)}": p in rows for p, t in found[0].items()}
    if rows:
        several = ", ".join(name for name, is_row in shapes.items() if is_row)
        raise ModelError(
            f"the model returns several tensors that may be its answer: {several}. Let `forward` return the "
            "logits "
            "or probabilities alone."
        )
    told = ", ".join(list(shapes)[:TOLD])
    raise ModelError(
        f"no tensor that the model returns is an answer, of the shape ({batch}, {classes}) for {batch} "
        "sequences "
        f"and {classes} classes whatever their length; it returns {told}. Let `forward` return the logits or "
        "probabilities, and list a name for each output in `dataset.classes`."
    )


def _is(shape: tuple[int, ...], place: Place, found: Sequence[dict[Place, torch.Tensor]]) -> bool:
    return all(place in one and tuple(one[place].shape) == shape for one in found)


def _content(tensor: torch.Tensor) -> bytes:
    return tensor.detach().cpu().float().contiguous().numpy().tobytes()
