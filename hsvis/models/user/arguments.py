"""What a module's `forward` is given beside its input: each argument by what its name says, or nothing."""

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import nn

from hsvis.errors import ModelError

# names that mean the number of steps of each sequence; `max_len` is one number
LENGTHS = re.compile(
    r"((seq|sequence|inputs?|x|texts?|tokens?|words?|src|source|sents?|sentences?|batch|data|docs?|enc|true|valid|real)"
    r"_?)?(len|lens|length|lengths)(_(tensor|batch|cpu))?",
    re.I,
)
STATE = re.compile(
    r"(init(ial)?_?|prev(ious)?_?|last_?)?(h|c|hx|cx|hc|hidden|state|states|cell)(_?(0|state|states|init|prev))?",
    re.I,
)
MASK = re.compile(r".*mask.*", re.I)
PADDING = re.compile("pad", re.I)
INITIAL = ("init_hidden", "initHidden", "init_state", "init_hidden_state", "init_states", "initial_state")
LENGTH_OF_ONE = re.compile(r".*(len|lens|length|lengths)_?[12ab]?", re.I)  # of two texts
Kind = Literal["lengths", "state", "mask", "second"]


@dataclass(frozen=True)
class Argument:
    """One argument of `forward`.

    Attributes:
        name: of the parameter.
        by_name: whether it is given by name, not by its place.
        place: among those of its kind, of `many`.
        fill: of a mask.
        number: whether a mask holds the numbers 1 and 0, not truth values.
    """

    name: str
    kind: Kind
    by_name: bool
    place: int = 0
    many: int = 1
    fill: bool = True
    number: bool = False

    def say(self, initial: str, *, padded: bool) -> str:
        """As it stands in the call, in words; `initial`: what makes a state."""
        if self.kind in ("lengths", "second"):
            return self.name
        if self.kind == "state":
            return f"{self.name}={initial}"
        filled, other = ("ones", "zeros") if self.fill else ("zeros", "ones")
        kind = " (float32)" if self.number else ""
        return f"{self.name}={filled}{kind}{f', {other} on padding' if padded else ''}"


def parameters_of(module: nn.Module) -> list[inspect.Parameter]:
    """The parameters of `forward`, without `self`; of a module of TorchScript as its schema has them."""
    if not isinstance(module, torch.jit.ScriptModule):
        return list(inspect.signature(module.forward).parameters.values())
    given: Any = module.forward
    return [
        inspect.Parameter(
            one.name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=one.default_value if one.has_default_value() else inspect.Parameter.empty,
        )
        for one in given.schema.arguments[1:]
    ]


def takes_two(module: nn.Module) -> bool:
    """Whether `forward` needs one argument beside its input whose name says neither lengths nor a state."""
    parameters = parameters_of(module)[1:]
    varying = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [one for one in parameters if one.default is one.empty and one.kind not in varying]
    return sum(_kind_of(one.name, pair=True) is None for one in needed) == 1


def call_text(
    module: nn.Module, given: Sequence[Argument], padded: str = "", *, time_first: bool = False
) -> str:
    """A call in words; `padded`: how the input is, if it is."""
    parameters = parameters_of(module)
    first = parameters[0].name if parameters else "inputs"
    layout = " (time, batch)" if time_first else ""
    filled = f" padded {padded}" if padded else ""
    first, initial = first + filled, initial_call(module)[1]
    rest = [one.say(initial, padded=bool(padded)) for one in given]
    return f"forward({', '.join([first + layout, *rest])})"


def ways_of(module: nn.Module, *, padded: bool = False, pair: bool = False) -> list[list[Argument]]:
    """What may be given beside the input, best first.  Lengths are preferred where they are optional.

    Args:
        padded: whether sequences are, so that masks are preferred too.
        pair: whether the first argument that nobody knows is the second of two texts.

    Raises:
        ModelError: an argument is needed whose name does not say what it is.
    """
    parameters = parameters_of(module)
    varying = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    rest = [one for one in parameters[1:] if one.kind not in varying]
    needed = [one for one in rest if one.default is one.empty]
    preferred = ("lengths", "mask") if padded else ("lengths",)
    optional = [one for one in rest if one.default is None and _kind_of(one.name, pair=pair) in preferred]
    given: list[Argument] = []
    for one in needed:
        kind = _kind_of(one.name, pair=pair)
        if kind is None and pair and not any(other.kind == "second" for other in given):
            kind = "second"
        if kind is None:
            raise ModelError(
                f"`{one.name}` must be given: {type(module).__name__}.forward{_signature(parameters)} needs "
                "it, and its "
                "name says neither lengths nor a hidden state nor a mask. Give it a default, or name a "
                "function that gives it in `model.forward`; `hsvis check CONFIG --template` writes one for "
                "this model. If it is a second text, name both columns: `dataset.text: [first, second]`."
            )
        place = sum(other.kind == kind for other in given)
        many = sum(_kind_of(other.name, pair=pair) == kind for other in needed)
        if pair and kind in ("lengths", "mask") and many == 1:
            raise ModelError(
                f"`{one.name}` of {type(module).__name__}.forward{_signature(parameters)} may be of either "
                "text. Name a function that gives it in `model.forward`: (module, first, second, "
                "first_lengths, second_lengths) -> answer."
            )
        given.append(Argument(one.name, kind, one.kind != one.POSITIONAL_ONLY, place, many))
    kinds_of = [(one.name, _kind_of(one.name, pair=pair)) for one in optional]
    more = [
        Argument(
            name, kind, True, sum(k == kind for _, k in kinds_of[:at]), sum(k == kind for _, k in kinds_of)
        )
        for at, (name, kind) in enumerate(kinds_of)
        if kind is not None
    ]
    if pair:  # both lengths or none
        more = [one for one in more if one.many == 2]
    both = [more] if len({one.kind for one in more}) > 1 or (pair and more) else []
    ways = [*([*given, *extra] for extra in (*both, *([one] for one in more))), given]
    masks = [one for one in (*given, *more) if one.kind == "mask"]
    masked = [way for way in ways if any(one.kind == "mask" for one in way)]
    # a mask that says what is padding is the opposite of one that says what is read
    fills = (False, True) if any(PADDING.search(one.name) for one in masks) else (True, False)
    # torch subtracts no truth values, as in `1 - mask`, and inverts no numbers, as in `~mask`
    kinds = [(number, fill) for number in (False, True) for fill in fills]
    return [
        *(
            [replace(one, fill=fill, number=number) for one in way]
            for number, fill in kinds
            for way in masked
        ),
        *(way for way in ways if way not in masked),
    ]


def _kind_of(name: str, *, pair: bool = False) -> Kind | None:
    if MASK.fullmatch(name):
        return "mask"
    if LENGTHS.fullmatch(name) or (pair and LENGTH_OF_ONE.fullmatch(name)):
        return "lengths"
    return "state" if STATE.fullmatch(name) else None


def _signature(parameters: Sequence[inspect.Parameter]) -> str:
    return f"({', '.join(str(one) for one in parameters)})"


def value_of(
    argument: Argument,
    module: nn.Module,
    inputs: torch.Tensor,
    lengths: torch.Tensor,
    real: torch.Tensor | None = None,
) -> Any:
    """The value of an argument for inputs (B, T, …) and lengths (B,).

    Args:
        real: (B, T) bool, what is no padding; all if None.
    """
    if argument.kind == "lengths":
        return lengths
    if argument.kind == "mask":
        if real is None:
            mask = torch.full(inputs.shape[:2], argument.fill, dtype=torch.bool, device=inputs.device)
        else:
            mask = real if argument.fill else ~real
        return mask.float() if argument.number else mask
    made = _initial(module, len(inputs))
    if argument.many > 1 and isinstance(made, tuple | list):  # hidden and cell state, each by itself
        return made[argument.place] if argument.place < len(made) else None
    return made


def initial_call(module: nn.Module) -> tuple[Callable[..., Any] | None, str]:
    """The method of a module that makes its initial state, and how it is called, in words."""
    for name in INITIAL:
        method = getattr(module, name, None)
        if callable(method):
            return method, f"{name}({'batch' if _takes_batch(method) else ''})"
    return None, "None"


def _takes_batch(method: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(method).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(
        one.default is one.empty or re.search("batch|bsz|size", one.name, re.I)
        for one in parameters
        if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    )


def _initial(module: nn.Module, batch: int) -> Any:
    method, _ = initial_call(module)
    if method is None:
        return None
    return method(batch) if _takes_batch(method) else method()
