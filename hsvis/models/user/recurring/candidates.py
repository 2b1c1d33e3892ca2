"""Which modules of a model recur, where none of them is torch's own: told by calling it.

A module that is called once a step recurs if it is given again what it returned; one that is called once, if
another first step of what it reads changes what it returns for later ones (or the other way round).
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import torch
from torch import nn

from hsvis.errors import ModelError
from hsvis.models.recurrent import ROOT
from hsvis.models.user.answering.outputs import tensors_in
from hsvis.models.user.reading.padding import Padding
from hsvis.models.user.recurring.alone import own_states
from hsvis.models.user.recurring.carrying import keeps_itself, returned_again
from hsvis.models.user.recurring.directions import which_way
from hsvis.models.user.recurring.recorded import Recorded, read_form
from hsvis.models.user.recurring.trials import Trials, arrange, as_long, real_of, try_modules

TOLD = 6  # modules that a message names
ALIKE = 1e-5  # how near numbers must be that are the same


def find_recurring(
    module: nn.Module,
    ask: Callable[[torch.Tensor], torch.Tensor],
    inputs: torch.Tensor,
    padding: Padding | None = None,
    noise: float | None = None,
) -> dict[str, Recorded]:
    """Path -> how its states are read, of the modules that recur and hold none that does.

    Args:
        ask: the answer of the whole model; inputs: (B, T, …), what to call it with.
        noise: as of `Trials`.

    Raises:
        ModelError: there is none; with those that can be named in `model.recurrent`.
    """
    found, nearly = search(module, ask, inputs, padding, noise)
    if found:
        return found
    hint = f" Called once a step are {', '.join(f'`{one}`' for one in nearly[:TOLD])}." if nearly else ""
    raise none_found(module, hint)


@torch.inference_mode()
def search(
    module: nn.Module,
    ask: Callable[[torch.Tensor], torch.Tensor],
    inputs: torch.Tensor,
    padding: Padding | None = None,
    noise: float | None = None,
) -> tuple[dict[str, Recorded], list[str]]:
    """The same, whether there is one or not; and paths of modules that are called once a step.

    What a module returns that is the answer of the model to the steps is no state.
    """
    modules = dict(module.named_modules())
    del modules[""]
    modules = modules if ROOT in modules else {ROOT: module, **modules}
    trials = try_modules(modules, ask, inputs, padding, noise)
    answer = ask(as_long(inputs, padding))
    found: dict[str, Recorded] = {}
    nearly: list[str] = []
    for path, one in modules.items():
        if not trials.whole.calls[path]:
            continue
        with suppress(ModelError):
            form = read_form(path, trials, padding)
            if form.stepwise:
                kept = not is_torch(one) and keeps_itself(trials.whole.calls[path], trials.first.calls[path])
                if kept or returned_again(trials.whole.calls[path]):
                    found[path] = form
                elif not is_torch(one):
                    nearly.append(path)
            elif _is_answer(form, trials, answer):
                continue
            elif path in trials.directions or (not is_torch(one) and _recurs(one, form, trials)):
                found[path] = form
    inner = {
        path: form for path, form in found.items() if not any(is_in(module, other, path) for other in found)
    }
    return {path: _doubted(form, trials) for path, form in inner.items()}, nearly


def _doubted(form: Recorded, trials: Trials) -> Recorded:
    """The same; where no module was seen to hand on a state, that is said."""
    if form.stepwise or form.path in trials.directions:
        return form
    text = (
        " An earlier step changes what it returns for later ones; that it carries a state there, and not a "
        "window of steps, was not seen."
    )
    return replace(form, note=form.note + text)


def _is_answer(form: Recorded, trials: Trials, answer: torch.Tensor) -> bool:
    """Whether what a module returns is what the model answers after the steps, as logits or probabilities."""
    part = form.parts[0]
    tensor = dict(tensors_in(trials.whole.calls[form.path][0].output)).get(part.place)
    if tensor is None or tensor.dim() != len(part.axes):
        return False
    states = arrange(real_of(tensor), part.axes).float()
    if answer.shape != states.shape:
        return False
    made = (states, states.softmax(-1), states.log_softmax(-1), states.sigmoid())
    return any(torch.allclose(one, answer.float(), atol=ALIKE) for one in (*made, states.flip(1)))


def none_found(module: nn.Module, hint: str = "") -> ModelError:
    """What is said of a model in which nothing recurs."""
    scripted = [
        path or ROOT for path, one in module.named_modules() if isinstance(one, torch.jit.ScriptModule)
    ]
    if scripted:
        whose = "the model itself" if scripted[0] == ROOT else f"`{scripted[0]}`"
        hint += (
            f" What runs inside TorchScript can't be seen, and {whose} is a module of it. Let "
            "`model.factory` make the model in Python, with the weights `torch.jit.load(file).state_dict()`; "
            "or let `model.states` call parts of a scripted one, as "
            "`module.lstm.forward__0(module.embedding(inputs))[0]`."
        )
    return ModelError(
        f"{type(module).__name__} contains no nn.LSTM, nn.GRU, nn.RNN or cell of these, and no module was "
        f"seen to carry a state from step to step.{hint} Name the module that gives the states in "
        "`model.recurrent`, or a function that computes them in `model.states`, (module, inputs) -> {name: "
        "(batch, time, units)}; or let `model.factory` return a module with recurrent layers."
    )


def is_torch(module: nn.Module) -> bool:
    """Whether a module is one of torch's own parts, of which none but its recurrent layers recurs."""
    return type(module).__module__.startswith("torch.nn.")


def is_in(module: nn.Module, path: str, outer: str) -> bool:
    """Whether a part of a module is a part of another of its parts, or of itself."""
    is_whole = outer == ROOT and ROOT not in dict(module.named_children())
    return path != outer and (is_whole or path.startswith(f"{outer}."))


def _recurs(module: nn.Module, form: Recorded, trials: Trials) -> bool:
    """Whether a module itself, called again with another first or last step, changes its other steps."""
    call, steps = trials.whole.calls[form.path][0], trials.whole.steps
    part, has_halves = form.parts[0], form.parts[0].columns != slice(None)
    for found in own_states(module, call, steps, part.place):
        if found[0].dim() != len(part.axes):
            continue
        whole, first, last = (arrange(one, part.axes) for one in found)
        read = which_way(whole, first, last, trials.noise)[0]
        if read in ("forward", "reverse") or (read == "mixed" and has_halves):
            return True
    return False
