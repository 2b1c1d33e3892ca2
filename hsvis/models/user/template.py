"""A file with the function that calls a user's module, for `model.forward`: written, and tried before.

Its lines follow from the parameters of `forward`, from the module's attributes, and from what it returns.  Of
several ways the first one that works is written; where none does, the likeliest, with what it raised.
"""

import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

import numpy as np
import torch
from torch import nn

from hsvis.errors import ModelError
from hsvis.models.protocol import Encoded
from hsvis.models.user.answering.outputs import say, tensors_in
from hsvis.models.user.arguments import LENGTHS, MASK, STATE, initial_call, parameters_of
from hsvis.models.user.calling import given_call
from hsvis.models.user.mixing import AGREE
from hsvis.models.user.sides import is_pair
from hsvis.models.user.visit import visit

BATCH = re.compile(r"_?(batch_?size|bsz|batch|n_?batch)", re.I)  # attributes that hold the size of the batch
KEPT = re.compile(r"hidden(_state)?s?|state|h|hc", re.I)  # attributes that hold a state between calls
TRIED = 400  # ways
OF_SIDES = '''"""How {name}.forward{signature} is called with two texts: for `model.forward` of a config."""


def forward(module, first, second, first_lengths, second_lengths):
    """The answers of the model, a row a pair.

    Args:
        first, second: (batch, time) ids of the two texts, those of each of one length.
        first_lengths, second_lengths: (batch,) the number of steps of each.
    """
    return module(first, second)
'''


@dataclass(frozen=True)
class Template:
    """A file, and what was found when it was tried.

    Attributes:
        problem: what its function raised, or what is wrong with its answer; "" where it works.
        open: constants that somebody has to set.
    """

    source: str
    problem: str
    open: tuple[str, ...]


def template_of(module: nn.Module, probe: Sequence[Encoded], classes: Sequence[str]) -> Template:
    """The function that calls a module."""
    if is_pair(probe[0]):
        signature = str(inspect.signature(module.forward)).partition(" ->")[0]
        source = OF_SIDES.format(name=type(module).__name__, signature=signature)
        with visit(module):
            return Template(source, _try(source, module, probe, len(classes)), ())
    first: Template | None = None
    with visit(module):
        for lines, constants in islice(_ways(module, probe), TRIED):
            source = _source(module, lines, constants, classes)
            problem = _try(source, module, probe, len(classes))
            found = Template(source, problem, tuple(constants))
            if not problem:
                return found
            first = first or found
    assert first is not None
    note = "    # TODO: this does not work yet: " + first.problem.splitlines()[0]
    return Template(first.source.replace("    batch =", f"{note}\n    batch =", 1), first.problem, first.open)


def _try(source: str, module: nn.Module, probe: Sequence[Encoded], classes: int) -> str:
    """What is wrong with the function of a source; "" if nothing."""
    names: dict[str, Any] = {}
    exec(compile(source, "<template>", "exec"), names)
    device = next((p.device for p in module.parameters()), torch.device("cpu"))
    inputs = torch.from_numpy(np.stack([one.inputs for one in probe])).to(device)
    try:
        call = given_call(names["forward"], module, probe, classes)
        with torch.inference_mode():
            answer = call.ask(module, inputs).float()
    except ModelError as error:
        return str(error).removeprefix("`model.forward`: `forward`: ")
    if not bool(torch.isfinite(answer).all()):
        return "the answers are NaN or infinite."
    if torch.allclose(answer, answer[:1].expand_as(answer), atol=AGREE):
        return "the answers do not depend on the inputs."
    return ""


def _ways(module: nn.Module, probe: Sequence[Encoded]) -> Iterator[tuple[list[str], dict[str, str]]]:
    """Lines of the function, likeliest first, and the constants that they need."""
    parameters = parameters_of(module)
    varying = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [one for one in parameters[1:] if one.kind not in varying and one.default is one.empty]
    optional = [
        one for one in parameters[1:]
        if one.default is None and (LENGTHS.fullmatch(one.name) or STATE.fullmatch(one.name))
    ]  # fmt: skip
    before = [f"module.{path} = batch" for path in _attributes(module, BATCH, int)]
    kept = _attributes(module, KEPT, (torch.Tensor, tuple, list, type(None)), deep=False)
    states = _states(module)
    device = next((p.device for p in module.parameters()), torch.device("cpu"))
    inputs = torch.from_numpy(np.stack([one.inputs for one in probe])).to(device)
    for extra in ([], optional) if optional else ([],):
        given = [*needed, *extra]
        choices = [_values(one.name, states) for one in given]
        for time_first, first in product((False, True), _firsts(module, inputs)):
            for values in product(*choices):
                constants = {
                    name: value[1] for one, value in zip(given, values, strict=True)
                    for name in [one.name.upper()] if value[1]
                }  # fmt: skip
                for state in (
                    [[f"module.{kept[0]} = {one}"] for one in states] if kept and not given else [[]]
                ):
                    arguments = [
                        value[0] if one.kind == one.POSITIONAL_ONLY else f"{one.name}={value[0]}"
                        for one, value in zip(given, values, strict=True)
                    ]
                    read = first.replace("inputs", "inputs.transpose(0, 1)") if time_first else first
                    call = f"output = module({', '.join([read, *arguments])})"
                    lines = ["batch = len(inputs)", *before, *state, call]
                    end = _answer(module, lines, constants, inputs)
                    yield [*lines, f"return output{end}"], constants


def _attributes(module: nn.Module, name: re.Pattern[str], kind: Any, *, deep: bool = True) -> list[str]:
    """Attributes of a module, and of its parts, of such a name and kind."""
    return [
        f"{path}.{key}".lstrip(".")
        for path, one in module.named_modules()
        if deep or not path
        for key, value in vars(one).items()
        if name.fullmatch(key) and isinstance(value, kind)
    ]


def _states(module: nn.Module) -> list[str]:
    """What may begin a module: what it makes itself, zeros of the size of its recurrent layers, None."""
    method, call = initial_call(module)
    found = [f"module.{call}"] if method is not None else []
    for one in module.modules():
        if isinstance(one, nn.RNNBase):
            layers = one.num_layers * (1 + one.bidirectional)
            zeros = f"torch.zeros({layers}, batch, {one.proj_size or one.hidden_size}, device=inputs.device)"
            cells = f"torch.zeros({layers}, batch, {one.hidden_size}, device=inputs.device)"
            found.append(f"({zeros}, {cells})" if isinstance(one, nn.LSTM) else zeros)
        elif isinstance(one, nn.RNNCellBase):
            zeros = f"torch.zeros(batch, {one.hidden_size}, device=inputs.device)"
            found.append(f"({zeros}, {zeros})" if isinstance(one, nn.LSTMCell) else zeros)
    size = getattr(module, "hidden_size", None)
    if isinstance(size, int):
        found.append(f"torch.zeros(batch, {size}, device=inputs.device)")
    return [*dict.fromkeys(found), "None"]


def _values(name: str, states: Sequence[str]) -> list[tuple[str, str]]:
    """What an argument may be given, and what its constant is set to; "" where it needs none."""
    if LENGTHS.fullmatch(name):
        return [("lengths", "")]
    if MASK.fullmatch(name):
        ones = ("torch.ones(inputs.shape[:2], dtype=torch.bool, device=inputs.device)",
                "torch.ones(inputs.shape[:2], device=inputs.device)")  # fmt: skip
        return [(one, "") for one in (*ones, *(one.replace("ones", "zeros") for one in ones))]
    if STATE.fullmatch(name):
        both = [one[1:].split(", torch")[0] for one in states if one.startswith("(torch")]
        return [(one, "") for one in dict.fromkeys([*states, *both])]
    constant = name.upper()
    return [
        (f"torch.full((batch,), {constant}, device=inputs.device)", "0"),
        (f"torch.full(inputs.shape[:2], {constant}, device=inputs.device)", "0"),
        (f"torch.full((batch, 1), {constant}, device=inputs.device)", "0.0"),
        (constant, "0"),
    ]


class _Asked(dict[str, Any]):
    """Remembers the keys that it is asked for."""

    def __init__(self, inputs: torch.Tensor) -> None:
        super().__init__()
        self._inputs, self.keys_asked = inputs, dict[str, None]()

    def __missing__(self, key: str) -> Any:
        self.keys_asked[key] = None
        lengths = torch.full((len(self._inputs),), self._inputs.shape[1])
        return lengths if LENGTHS.fullmatch(key) else self._inputs


def _firsts(module: nn.Module, inputs: torch.Tensor) -> list[str]:
    """What the first argument may be: inputs, a mapping of what the module asks for, packed sequences."""
    asked = _Asked(inputs)
    try:
        with torch.inference_mode():
            module(asked)
    except Exception:
        pass
    found = ["inputs"]
    if asked.keys_asked:
        values = {
            key: "lengths" if LENGTHS.fullmatch(key)
            else "torch.ones(inputs.shape[:2], dtype=torch.bool, device=inputs.device)" if MASK.fullmatch(key)
            else "inputs"
            for key in asked.keys_asked
        }  # fmt: skip
        found.insert(0, "{" + ", ".join(f'"{key}": {value}' for key, value in values.items()) + "}")
    packed = "nn.utils.rnn.pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)"
    return [*found, packed]


@torch.inference_mode()
def _answer(module: nn.Module, lines: Sequence[str], constants: dict[str, str], inputs: torch.Tensor) -> str:
    """Where the answer stands in what is returned: a row of numbers a sequence, else the last step."""
    names: dict[str, Any] = {}
    exec(_source(module, [*lines, "return output"], constants, ()), names)
    batch, steps = inputs.shape[:2]
    try:
        output = names["forward"](module, inputs, torch.full((batch,), steps))
        shorter = names["forward"](module, inputs[:, :-1], torch.full((batch,), steps - 1))
    except Exception:
        return ""
    fewer = dict(tensors_in(shorter))
    shapes = {place: tuple(one.shape) for place, one in tensors_in(output) if one.is_floating_point()}
    alike = {place: tuple(one.shape) for place, one in fewer.items()}
    same = {place: shape for place, shape in shapes.items() if alike.get(place) == shape}
    for place, shape in same.items():
        if shape[:1] == (batch,) and len(shape) <= 2:
            return say(place)
    for place, shape in same.items():
        if len(shape) == 3 and shape[:2] == (1, batch):
            return f"{say(place)}[0]"
    for place, shape in shapes.items():
        if len(shape) == 3 and shape[:2] == (batch, steps):
            return f"{say(place)}[:, -1]"
        if len(shape) == 3 and shape[:2] == (steps, batch):
            return f"{say(place)}[-1]"
    return say(next(iter(shapes), ()))


def _source(
    module: nn.Module, lines: Sequence[str], constants: dict[str, str], classes: Sequence[str]
) -> str:
    """The file."""
    signature = str(inspect.Signature(parameters_of(module)))
    name = type(module).__name__
    imports = ["import torch"] if "torch." in " ".join(lines) else []
    imports += ["from torch import nn"] if "nn.utils" in " ".join(lines) else []
    told = ", ".join(map(str, classes[:8])) + ", …" * (len(classes) > 8)
    given = [
        f"{key} = {value}  # TODO: what the model is to be told for `{key.lower()}`"
        for key, value in constants.items()
    ]
    return "\n".join([
        f'"""How {name}.forward{signature} is called: `model.forward` of a config names this."""', "",
        *imports, *[""] * bool(imports), *given, *[""] * bool(given), "",
        "def forward(module, inputs, lengths):",
        f'    """The answers of the model: a row a sequence, of the classes {told}.', "",
        "    Args:",
        "        inputs: (batch, time) ids, or (batch, time, features) numbers; all of one length.",
        "        lengths: (batch,) the number of steps of each sequence.",
        '    """', *(f"    {line}" for line in lines), "",
    ])  # fmt: skip
