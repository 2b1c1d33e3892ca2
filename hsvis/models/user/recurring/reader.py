"""What gives the states of a module's layers: torch's own layers, any other module, or a function."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace

import torch
from torch import nn

from hsvis.corpus.recorded import LAYER_NAME
from hsvis.errors import ModelError
from hsvis.models.protocol import Layer
from hsvis.models.recurrent import CELLS, KINDS, layers_of, recurrent_modules
from hsvis.models.user.calling import Caller, ask
from hsvis.models.user.mixing import is_quantised
from hsvis.models.user.recurring.calls import of_another_forward, steps_read, watching
from hsvis.models.user.recurring.candidates import find_recurring, is_in, search
from hsvis.models.user.recurring.carrying import changed_between
from hsvis.models.user.recurring.directions import which_way
from hsvis.models.user.recurring.flipped import change_step, flipped_modules, misplaced
from hsvis.models.user.recurring.given import GivenStates, States, given_states
from hsvis.models.user.recurring.recorded import Recorded, read_form
from hsvis.models.user.recurring.sides import Order, check_order, order_of, said_of, states_of_sides
from hsvis.models.user.recurring.spans import Spans, find_spans
from hsvis.models.user.recurring.states import check_cut, states_of
from hsvis.models.user.recurring.trials import as_long, try_modules
from hsvis.models.user.sides import Sides
from hsvis.remarks import Remark, listed

QUANTISED_NOISE = 3e-2  # of 8-bit numbers, whose range is that of all steps
MISPLACED = (
    "`{}` reads the steps of a padded sequence in other places than they stand at, so that its states can't "
    "be told apart from those of padding. Leave `tokens.pad_to` out, or leave the module out: list the "
    "others in `model.recurrent`."
)
TOLD = 100  # tokens by which is told how many steps a layer has
GIVEN = ""  # in place of a path, of layers that a function gives


class StateReader:
    """The layers of a module, and their states during a call of it.

    Attributes:
        modules: path -> recurrent module.
        recorded: path -> how what it returns is read, of modules that are not torch's own.
        spans: path -> the tokens that its steps read, of layers that have fewer steps.
        remarks: what was decided, and what may be wrong.
    """

    def __init__(
        self,
        module: nn.Module,
        call: Caller,
        inputs: torch.Tensor,
        wanted: Sequence[str] | None = None,
        states: States | None = None,
    ) -> None:
        """Finds the layers by calling the module.

        Args:
            inputs: (B, T, …), what to call it with.
            wanted: paths of the modules to read; by default all of torch's own, else those that recur.
            states: gives states, (module, inputs) -> {name: (B, T, H)}; alone, unless paths are wanted too.

        Raises:
            ModelError: there are none, or what they give can't be told, with the way out.
        """
        self._module, self._call, self.remarks = module, call, tuple[Remark, ...]()
        self._given: GivenStates | None = None
        self.recorded: dict[str, Recorded] = {}
        self.modules: dict[str, nn.Module] = {}
        if states is not None:
            self._given = given_states(states, module, inputs, call.padding)
            self.remarks += self._given.remarks
        if states is None or wanted is not None:
            self.modules = recurrent_modules(module, wanted)
            self._find_recorded(inputs, wanted)
        self._orders: dict[str, Order] = {}
        self.spans = self._find_spans(inputs)
        self._flipped = frozenset[str]() if call.of_sides else self._find_flipped(inputs)
        if call.of_sides:
            self._find_orders(inputs)
        if self.recorded:
            self._check_padded(inputs)
        for layer in self.layers():
            if not LAYER_NAME.fullmatch(layer.name):
                raise ModelError(
                    f"the layer `{layer.name}` can't be shown under this name: layers are parts of paths, so "
                    "that their names are of letters, digits, `_`, `-` and single dots between them. Rename "
                    "the module."
                )

    def _find_spans(self, inputs: torch.Tensor) -> dict[str, Spans]:
        """Which tokens the steps of layers read that have fewer steps.  Raises ModelError."""
        if self._call.of_sides:
            return {}
        own = {path: one for path, one in self.modules.items() if path not in self.recorded}
        padding = self._call.padding
        found = find_spans(own, self._ask, inputs, None if padding is None else padding.to)
        self.remarks += tuple(Remark("own-steps", one.say(path, TOLD)) for path, one in found.items())
        return found

    def _find_orders(self, inputs: torch.Tensor) -> None:
        """Which of two texts each module reads, and in which order.  Raises ModelError."""
        if self.recorded or self._given is not None:
            raise ModelError(
                "of models that take two texts hsvis shows torch's own recurrent layers alone. List some of "
                "these in `model.recurrent`, and leave out `model.states`."
            )
        with torch.inference_mode(), watching(self.modules) as calls:
            self._ask(inputs)
        sides = Sides.of(inputs)
        self._orders = {path: order_of(path, one, calls[path], sides) for path, one in self.modules.items()}
        first = sides.first.shape[1]
        turned = torch.cat([sides.first, ~sides.second], 1)  # in the order of the arguments
        steps = (0, first - 1, first, turned.shape[1] - 1)
        given = [turned, *(change_step(turned, step) for step in steps)]
        names = {path: {layer.name for layer in self._layers_of(path)} for path in self.modules}
        with torch.inference_mode():
            read = [self.read(one, names)[0] for one in given]
        for path, order in self._orders.items():
            check_order(path, self._layers_of(path), order, read, first)
        told = [said for path, order in self._orders.items() if (said := said_of(path, order))]
        self.remarks += tuple(Remark("pairs", one) for one in told)

    def _find_recorded(self, inputs: torch.Tensor, wanted: Sequence[str] | None) -> None:
        """Fills `recorded`; and `modules`, where none of them is torch's own and none was named."""
        noise = QUANTISED_NOISE if is_quantised(self._module) else None
        if not self.modules:
            self.recorded = find_recurring(self._module, self._ask, inputs, self._call.padding, noise)
            every = dict(self._module.named_modules())
            self.modules = {path: every.get(path, self._module) for path in self.recorded}
        elif wanted is None:
            self._find_around(inputs, noise)
        else:
            others = {path: one for path, one in self.modules.items() if not isinstance(one, KINDS + CELLS)}
            others |= of_another_forward(self.modules, self._ask, inputs)
            if others:
                trials = try_modules(others, self._ask, inputs, self._call.padding, noise)
                self.recorded = {path: read_form(path, trials, self._call.padding) for path in others}
        self.remarks += tuple(Remark("recorded-states", one.note) for one in self.recorded.values())
        if wanted is None and not self.recorded and not self._call.of_sides:
            self._tell_others(inputs, noise)

    def _find_around(self, inputs: torch.Tensor, noise: float | None) -> None:
        """Fills `recorded` with what is around cells of torch and carries their states on, changed.

        Such as a cell with a gate for time.  Where nothing is seen to, that is told.
        """
        with torch.inference_mode(), watching(self.modules) as calls:
            self._ask(inputs)
        changed = [path for path, one in self.modules.items() if changed_between(one, calls[path])]
        if not changed:
            return
        found = dict[str, Recorded]()
        with suppress(ModelError):  # as in `_tell_others`
            found, _ = search(self._module, self._ask, inputs, self._call.padding, noise)
        for path in changed:
            around = next(
                (one for one, form in found.items() if form.stepwise and is_in(self._module, path, one)), None
            )
            if around is not None:
                self.recorded[around] = found[around]
                continue
            text = (
                f"`{path}` is given other states at each step than it returned at the one before: what it "
                "returned is shown, not what the model makes of that. A function in `model.states` can give "
                "it."
            )
            self.remarks += (Remark("recorded-states", text),)
        every = dict(self._module.named_modules())
        around_of = {
            path: next((one for one in self.recorded if is_in(self._module, path, one)), path)
            for path in self.modules
        }
        self.modules = {one: every.get(one, self._module) for one in around_of.values()}

    def _tell_others(self, inputs: torch.Tensor, noise: float | None) -> None:
        """Says which modules recur beside torch's own, that nobody asked for."""
        with suppress(ModelError):  # the model can be called; what else may go wrong is of no weight here
            found, _ = search(self._module, self._ask, inputs, self._call.padding, noise)
            others = [
                path
                for path in found
                if not any(
                    one == path or is_in(self._module, one, path) or is_in(self._module, path, one)
                    for one in self.modules
                )
            ]
            if others:
                text = (
                    "Something is carried from step to step outside of torch's layers too, and not shown: "
                    f"by {listed(others)}. `model.recurrent` names what is to be shown."
                )
                self.remarks += (Remark("not-shown", text),)

    def _check_padded(self, inputs: torch.Tensor) -> None:
        """Raises ModelError: the states of a padded sequence are not found at the places of its steps.

        Such as of a module that turns the steps of each sequence by its length.
        """
        padding = self._call.padding
        if padding is None:
            return
        full = as_long(inputs, padding)
        names = {path: {one.name for one in form.layers} for path, form in self.recorded.items()}
        ways = []
        for given in (full, full[:, : max(2, padding.to // 2)]):
            ends = (given, change_step(given, 0), change_step(given, given.shape[1] - 1))
            with torch.inference_mode():
                whole, first, last = (self.read(one, names)[0] for one in ends)
            ways.append({name: which_way(whole[name], first[name], last[name]) for name in whole})
        for path, wanted in names.items():
            if any(ways[0][name] != ways[1][name] for name in wanted):
                raise ModelError(MISPLACED.format(path))

    def _find_flipped(self, inputs: torch.Tensor) -> frozenset[str]:
        """Paths of modules that are given the last step first.  Raises ModelError: padding moves steps."""
        padding = self._call.padding
        modules = {path: one for path, one in self.modules.items() if path not in self.recorded}
        if padding is None:
            return flipped_modules(modules, self._ask, inputs)
        at = torch.arange(padding.to, device=inputs.device) % inputs.shape[1]
        found = flipped_modules(modules, self._ask, inputs[:, at])
        path = misplaced(modules, self._ask, inputs[:, at], found, padding)
        if path is not None:
            raise ModelError(MISPLACED.format(path))
        return found

    def layers(self) -> list[Layer]:
        """Of all modules, then those that a function gives."""
        found = [layer for path in self.modules for layer in self._layers_of(path)]
        return found + list(self._given.layers if self._given is not None else ())

    def _layers_of(self, path: str) -> list[Layer]:
        if path in self.recorded:
            return self.recorded[path].layers
        found = layers_of(path, self.modules[path], flipped=path in self._flipped)
        every = self.spans[path].every if path in self.spans else 1
        return [replace(layer, tokens_a_step=every) for layer in found] if every > 1 else found

    def steps_of(self, layer: str, tokens: int) -> int:
        """The steps that a layer reads of a sequence of so many tokens."""
        path = next((path for path, names in self.by_path([layer]).items() if names), GIVEN)
        padding = self._call.padding
        read = tokens if padding is None else max(tokens, padding.to)
        return self.spans[path].count(read) if path in self.spans else tokens

    def by_path(self, names: Collection[str]) -> dict[str, set[str]]:
        """Path of a recurrent module -> those of its layers that are named; only paths that have some."""
        there = {path: {layer.name for layer in self._layers_of(path)} for path in self.modules}
        if self._given is not None:
            there[GIVEN] = {layer.name for layer in self._given.layers}
        return {path: own & set(names) for path, own in there.items() if own & set(names)}

    def kind_of(self, layer: Layer) -> str:
        """What a layer is of, for people: the class of its module."""
        path = next((path for path, names in self.by_path([layer.name]).items() if names), GIVEN)
        if path == GIVEN:
            return "given by `model.states`"
        one = self.modules[path]
        return str(getattr(one, "original_name", type(one).__name__))

    def read(
        self, inputs: torch.Tensor, wanted: dict[str, set[str]]
    ) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """States of layers (B, T, H), and the module's output, of sequences of one length (B, T, …)."""
        modules = {path: self.modules[path] for path in wanted if path != GIVEN}
        with watching(modules, others=self.recorded) as calls:
            output = self._ask(inputs)
        (batch, steps), padding = inputs.shape[:2], self._call.padding
        found: dict[str, torch.Tensor] = {}
        for path, one in modules.items():
            if path in self.recorded:
                if padding is not None and 1 < len(calls[path]) == steps < padding.to:
                    check_cut(path, padding)
                given = calls[path], batch, steps, wanted[path], self._call.padding
                found |= self.recorded[path].read(*given)
                continue
            if self._call.of_sides:
                told = Sides.of(inputs), self._orders[path]
                found |= states_of_sides(path, one, calls[path], *told, wanted=wanted[path])
                continue
            if path in self.spans:
                own = steps_read(one, calls[path])
                states = states_of(path, one, calls[path], batch, own, wanted=wanted[path])
                read = steps if padding is None else max(steps, padding.to)
                at = slice(None) if padding is None else padding.own(steps)
                found |= {name: self.spans[path].spread(each, read)[:, at] for name, each in states.items()}
                continue
            found |= states_of(
                path, one, calls[path], batch, steps,
                wanted=wanted[path], flipped=path in self._flipped, padding=self._call.padding,
            )  # fmt: skip
        if GIVEN in wanted and self._given is not None:
            found |= self._given.read(inputs, wanted[GIVEN])
        return found, output

    def _ask(self, inputs: torch.Tensor) -> torch.Tensor:
        return ask(self._call, self._module, inputs)
