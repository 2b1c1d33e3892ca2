"""Anyone's torch classifier as a HiddenStateModel, unchanged.

The module is called as it is, in evaluation mode, and left as it was found (hsvis/models/user/visit.py).  The
states are those that its recurrent layers return, or are computed from what these read
(hsvis/models/user/recurring/states.py); its answers are the expected predictions, in one of these ways:

- "head": one batched call of the head on the states of all steps, where a check on numbers shows that the
  answer depends on the last hidden state alone;
- "prefixes": the module's own answer to the first t + 1 tokens, for every t.  Exact for any architecture.

A module that answers after every step (a tagger, a language model) is asked once, and its own output of a
step is the expected prediction there: "each step".

Sequences are given to the module in batches of one length, without padding, so that nothing depends on how it
treats padding.  Where it is to be padded (hsvis/models/user/reading/padding.py), so are sequences, and the
first t + 1 tokens of each.
"""

import hashlib
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from hsvis.config import AnswerKind
from hsvis.errors import ModelError
from hsvis.models.batching import by_length
from hsvis.models.finite import check_answers
from hsvis.models.protocol import Encoded, Layer, Trace
from hsvis.models.recurrent import recurrent_modules
from hsvis.models.user.answering.answers import Answers, answers_of, kind_named
from hsvis.models.user.calling import Caller, Forward, ask
from hsvis.models.user.mixing import is_quantised
from hsvis.models.user.reading.encoders import Encoder, of_function
from hsvis.models.user.reading.padding import Padding
from hsvis.models.user.reading.probe import PLAIN, Encode, readable
from hsvis.models.user.reading.shortest import find_long_call, find_shortest
from hsvis.models.user.recurring.candidates import is_torch, none_found
from hsvis.models.user.recurring.given import States
from hsvis.models.user.recurring.reader import StateReader
from hsvis.models.user.recurring.states import check_finite
from hsvis.models.user.sides import Sides, boundary_of, group_key
from hsvis.models.user.visit import visit
from hsvis.models.user.ways import changes_order, confirm, find_way, mix_steps
from hsvis.models.user.weights import check_weights, weights_hash

PADDED_AT_ONCE = 65_536  # padded steps in a call
TRIED = 12  # sequences, and their steps, by which a head is tried besides


class TorchModel:
    """What `from_torch` returns.

    Attributes:
        classes: C names.
        recurrent: path -> recurrent module.
        reader: what gives the states of its layers.
        layers: all layers of all recurrent modules, or those that `keep` chose.
        answers: what the module's outputs are.
        way: how the EPs are computed, and why.
        call: how the module is called, and where its answer stands.
        shortest: the fewest steps that it reads.
        alone: whether it reads one sequence at a time, as it changes their order in larger batches, or its
            numbers are rounded by the range of all sequences of a batch.
    """

    def __init__(
        self,
        module: nn.Module,
        classes: Sequence[str],
        encode: Encode,
        call: Caller,
        probe: Sequence[Encoded],
        *,
        recurrent: Sequence[str] | None = None,
        states: States | None = None,
        head: str | None = None,
        of: AnswerKind = "classes",
    ) -> None:
        """Use `from_torch`."""
        self._lock, self.alone = threading.Lock(), is_quantised(module)
        self.module, self.classes, self._encode, self.call = module, tuple(classes), encode, call
        self.device = next((p.device for p in module.parameters()), torch.device("cpu"))
        inputs = self._tensor(probe)
        self.reader = StateReader(module, call, inputs, recurrent, states)
        self.recurrent = self.reader.modules
        self.layers: tuple[Layer, ...] = tuple(self.all_layers())
        asked, rows = partial(self._ask_rows, inputs), len(probe)
        rows *= inputs.shape[1] if self.each_step else 1
        self.answers: Answers = answers_of(module, asked, rows, len(self.classes), of)
        self.shortest = find_shortest(self, inputs)
        self.way = find_way(self, inputs, head)

    def keep(self, names: Sequence[str]) -> "TorchModel":
        """Keeps the states of these layers only, in this order.  Raises ModelError for one not there."""
        there = {layer.name: layer for layer in self.all_layers()}
        for name in names:
            if name not in there:
                raise ModelError(
                    f"`states.layers`: the model has no layer `{name}`. It has {', '.join(there)}."
                )
        self.layers = tuple(there[name] for name in names)
        return self

    def all_layers(self) -> list[Layer]:
        """Of all recurrent modules, and those that a function gives."""
        return self.reader.layers()

    @property
    def each_step(self) -> bool:
        """Whether the module answers after every step."""
        return self.call.answer.steps is not None

    @property
    def fingerprint(self) -> str:
        """Hash of the architecture and the weights."""
        return hashlib.sha256(f"{self.module!r}\n{weights_hash(self.module)}".encode()).hexdigest()

    def gap(self, one: Encoded) -> int:
        """How many of the first steps of a sequence have no EP, as the module does not read so few."""
        return 0 if self.each_step else boundary_of(one) + self.shortest.steps - 1

    def layer_steps(self, layer: str, tokens: int) -> int:
        """The steps that a layer reads of a sequence of so many tokens."""
        return self.reader.steps_of(layer, tokens)

    def first_answered(self, inputs: torch.Tensor) -> int:
        """The first step of sequences of one boundary (B, T, …) that the module answers."""
        return (Sides.of(inputs).boundary if self.call.of_sides else 0) + self.shortest.steps - 1

    def unread(self, one: Encoded) -> str:
        """Why the module does not read a sequence that has steps; "" if it does."""
        return self.shortest.why_left_out(len(one), boundary_of(one))

    def encode(self, text: Any) -> Encoded:
        """What the given encoder makes of a text (or series)."""
        return self._encode(text)

    @torch.inference_mode()
    def trace(self, batch: Sequence[Encoded]) -> Trace:
        """States and EPs of every step of a batch of non-empty sequences.

        Threads wait for each other: a module may keep what it works on in attributes of its own.
        """
        with self._lock, visit(self.module):
            return self._trace(batch)

    def _trace(self, batch: Sequence[Encoded]) -> Trace:
        lengths = np.array([len(one) for one in batch], np.int64)
        longest, sizes = int(lengths.max()), {layer.name: layer.size for layer in self.layers}
        ep = np.zeros((longest, len(batch), len(self.classes)), np.float32)  # as the kernels lay it out
        states = {name: np.zeros((longest, len(batch), size), np.float32) for name, size in sizes.items()}
        wanted = self.reader.by_path({*states, self.way.layer})
        gaps = np.array([self.gap(one) for one in batch], np.int64)
        for _, rows in by_length(group_key(batch, lengths), self._at_once(self.call)):
            inputs, length = self._tensor([batch[i] for i in rows.tolist()]), int(lengths[rows[0]])
            found, output = self.reader.read(inputs, wanted)
            for name, kept in states.items():
                kept[:length, rows] = check_finite(found[name].transpose(0, 1).float().cpu(), name).numpy()
            if self.each_step:
                ep[:length, rows] = self.answers.probabilities(output).transpose(0, 1).cpu().numpy()
            elif self.way.head is None:
                ep[length - 1, rows] = self.answers.probabilities(output).cpu().numpy()
            else:
                own = self.answers.probabilities(output).cpu().numpy()  # (B, C)
                check_answers(own, [batch[i] for i in rows.tolist()])  # the head may be right where it is not
                flat = found[self.way.layer].transpose(0, 1).flatten(0, 1)  # (T × B, H)
                ep[:length, rows] = self.way.head(flat).reshape(length, len(rows), -1).cpu().numpy()
        if self.way.name == "prefixes":
            self._ask_prefixes(batch, ep, gaps)
        none = np.arange(longest)[:, None] < gaps  # (T, B)
        ep[none] = 0
        check_answers(ep.swapaxes(0, 1), batch)
        ep[none] = np.nan
        traced = {name: kept.swapaxes(0, 1) for name, kept in states.items()}  # (B, T, H)
        return Trace(traced, ep.swapaxes(0, 1), lengths)

    def _at_once(self, call: Caller) -> int | None:
        """Sequences in a call at the most; padded ones are long, however short they were."""
        if self.alone:
            return 1
        return None if call.padding is None else max(1, PADDED_AT_ONCE // call.padding.to)

    @torch.inference_mode()
    def answer(self, batch: Sequence[Encoded], call: Caller | None = None) -> np.ndarray:
        """(B, C) float32: the answers to whole sequences, none of them empty; `call`: in place of its own.

        Of a model that answers after every step, what it answers after the last.

        Raises ModelError: one is NaN or infinite.
        """
        call = call or self.call
        lengths = np.array([len(one) for one in batch], np.int64)
        answers = np.empty((len(batch), len(self.classes)), np.float32)
        with self._lock, visit(self.module):
            for _, rows in by_length(group_key(batch, lengths), self._at_once(call)):
                inputs = self._tensor([batch[i] for i in rows.tolist()])
                own = self.answers.probabilities(ask(call, self.module, inputs)).cpu().numpy()
                answers[rows] = own[:, -1] if self.each_step else own
        check_answers(answers, batch)
        return answers

    def _ask_prefixes(self, batch: Sequence[Encoded], ep: np.ndarray, gaps: np.ndarray) -> None:
        """Fills (T, B, C) with the module's answers to the first t + 1 steps, but for whole sequences."""
        lengths = np.array([len(one) for one in batch], np.int64)
        most = self._at_once(self.call) if self.call.padding or is_quantised(self.module) else None
        boundaries = np.array([boundary_of(one) for one in batch], np.int64)
        for t in range(int(gaps.min()) + 1, int(lengths.max())):
            asked = np.flatnonzero((lengths > t) & (gaps < t))
            for _, part in by_length(boundaries[asked], most):
                rows = asked[part]
                prefixes = self._to_device(np.stack([batch[i].inputs[:t] for i in rows.tolist()]))
                ep[t - 1, rows] = self.answers.probabilities(self._ask(prefixes)).cpu().numpy()

    def _ask(self, inputs: torch.Tensor) -> torch.Tensor:
        return ask(self.call, self.module, inputs)

    def _ask_rows(self, inputs: torch.Tensor) -> torch.Tensor:
        """(B, …), or (B × T, …) of a module that answers after every step."""
        return self._ask(inputs).flatten(0, 1) if self.each_step else self._ask(inputs)

    def _tensor(self, batch: Sequence[Encoded]) -> torch.Tensor:
        return self._to_device(np.stack([one.inputs for one in batch]))

    def _to_device(self, inputs: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(inputs).to(self.device)

    def own_answers(self, inputs: torch.Tensor) -> torch.Tensor:
        """(B, T, C): the module's answers to prefixes, NaN if too short; or its own after every step."""
        if self.each_step:
            return self.answers.probabilities(self._ask(inputs)).cpu()
        first, steps = self.first_answered(inputs), inputs.shape[1]
        parts = [self.answers.probabilities(self._ask(inputs[:, : t + 1])) for t in range(first, steps)]
        found = torch.stack(parts, 1).cpu()
        return torch.cat([found.new_full((len(found), first, found.shape[2]), torch.nan), found], 1)


def from_torch(
    module: nn.Module,
    *,
    classes: Sequence[str],
    encode: Callable[[Any], Any],
    probe: Sequence[Any] | None = None,
    recurrent: Sequence[str] | None = None,
    head: str | None = None,
    forward: Forward | None = None,
    states: States | None = None,
    padding: Padding | None = None,
    answers: Sequence[str] | None = None,
    made: "type[TorchModel] | None" = None,
) -> TorchModel:
    """A trained torch classifier as hsvis reads it: in evaluation mode, and afterwards as it was.

    Args:
        module: contains nn.LSTM, nn.GRU, nn.RNN or cells of these, of any depth, direction and layout; or
            other modules that recur; or `states` is given.
        classes: C names, in the order of the outputs; two for a single output, one for a number.
        encode: a text (or series) -> Encoded, or as many tokens as ids (or feature vectors).
        probe: a few texts (or series) as the model reads them, by which it is found out; some plain English
            and digits by default.
        recurrent: paths of the recurrent modules to show; all by default.  A module that is not torch's is
            one that returns its states, once a step or of all steps at once.
        head: path of the module that turns a hidden state into the answer; by default it is looked for.
        forward: (module, inputs (B, T, …), lengths (B,)) -> output, where a plain call is not enough.
        states: (module, inputs (B, T, …)) -> {name: (B, T, H)}, where no module gives its states.
        padding: what sequences are filled up with, for a module that reads one length, or was trained so;
            by default what `encode` gives, where it pads to one length.
        answers: what the module answers, as `model.answers` of a config; by default that is found out.
        made: what is returned, where it is more than a TorchModel.

    Raises:
        ModelError: what is wrong, and what to do.
    """
    with visit(module):
        check_weights(module)
        there = recurrent_modules(module, recurrent)  # what is not there is told before anything is tried
        if not there and states is None and all(map(is_torch, module.modules())):
            raise none_found(module)
        if not isinstance(encode, Encoder):
            encode = of_function("encode", encode, texts=PLAIN if probe is None else probe)
        if padding is None and encode.pads is not None:
            padding = encode.pads.padding
        if probe is None:
            probe = readable(encode)
        each_step = None if answers is None else bool({"each step", "next token"} & {*answers})
        of = kind_named(answers or ())
        examples, call = find_long_call(module, probe, encode, len(classes), forward, padding, each_step)
        model = (made or TorchModel)(
            module, classes, encode, call, examples, recurrent=recurrent, states=states, head=head, of=of
        )
        model.alone = model.alone or changes_order(model, examples)
        read = (one for one in map(encode, probe) if len(one) and not model.unread(one))
        longest = sorted(read, key=len)[-2:]
        steps = min(max(TRIED, len(examples[0])), len(longest[-1]))
        model.way = confirm(model, longest, mix_steps(examples, TRIED, steps))
    return model
