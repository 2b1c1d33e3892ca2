"""What a recurrent module returned, taken as its states, against the same layers computed again."""

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.overrides import TorchFunctionMode

from hsvis.config import ModelSettings, TokenSettings
from hsvis.corpus.tokens import Vocabulary
from hsvis.errors import ModelError
from hsvis.models.builtin.classifier import RecurrentClassifier
from hsvis.models.builtin.text_model import TextModel
from hsvis.models.recurrent import places_of
from hsvis.models.user.adapter import TorchModel, from_torch
from hsvis.models.user.recurring.calls import read_of, watching
from hsvis.models.user.recurring.states import compute_states, states_of

KINDS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
WORDS = 12
PROBE = ["1 2 3 4 5 6 7", "9 8 7", "4 4 5 1"]


def encode(text):
    words = text.split()
    return words, [int(word) % WORDS for word in words]


def read(module, classes="ab"):
    return from_torch(module, classes=list(classes), encode=encode, probe=PROBE)


def disguised(module):
    """The same module with a `forward` of its own, which returns something else."""

    class Disguised(type(module)):
        def forward(self, *args, **kwargs):
            super().forward(*args, **kwargs)

    module.__class__ = Disguised
    return module


def start_of(module, batch, rng):
    sizes = [module.proj_size or module.hidden_size, module.hidden_size]
    count = module.num_layers * (1 + module.bidirectional)
    made = tuple(torch.from_numpy(rng.normal(size=(count, batch, size))).float() for size in sizes)
    return made if isinstance(module, nn.LSTM) else made[0]


calls = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["lstm", "gru", "rnn"]),
        "layers": st.integers(1, 3),
        "bidirectional": st.booleans(),
        "batch_first": st.booleans(),
        "bias": st.booleans(),
        "projected": st.booleans(),
        "packed": st.sampled_from(["no", "sorted", "in another order"]),
        "start": st.booleans(),
        "flipped": st.booleans(),
        "lengths": st.sampled_from(["all", "one is shorter"]),
        "batch": st.integers(1, 4),
        "steps": st.integers(1, 6),
        "dtype": st.sampled_from([torch.float32, torch.float64]),
    }
)


@settings(max_examples=60, deadline=None)
@given(calls, st.integers(0, 99))
@torch.inference_mode()
def test_both_ways_to_the_states_agree(call, seed):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    more = {"proj_size": 3} if call["projected"] and call["kind"] == "lstm" else {}
    module = KINDS[call["kind"]](
        4, 5, num_layers=call["layers"], bidirectional=call["bidirectional"], bias=call["bias"],
        batch_first=call["batch_first"], dtype=call["dtype"], **more,
    ).eval()  # fmt: skip
    batch, steps = call["batch"], call["steps"]
    x = torch.randn(batch, steps, 4, dtype=call["dtype"])
    inputs = x if call["batch_first"] else x.transpose(0, 1)
    if call["packed"] != "no":
        lengths = torch.full((batch,), steps)
        if call["lengths"] != "all" and batch > 1:
            lengths[-1] = max(1, steps - 1)  # the model takes its end for padding
        inputs = pack_padded_sequence(inputs, lengths, call["batch_first"], enforce_sorted=False)
        if call["packed"] == "in another order" and call["lengths"] == "all":  # as sorting may leave it
            order = torch.randperm(batch)
            x_sorted = x[order] if call["batch_first"] else x[order].transpose(0, 1)
            packed = pack_padded_sequence(x_sorted, lengths, call["batch_first"])
            inputs = nn.utils.rnn.PackedSequence(packed.data, packed.batch_sizes, order, order.argsort())
    start = None
    if call["start"]:
        start = start_of(module, batch, rng)
        start = tuple(s.to(call["dtype"]) for s in start) if isinstance(start, tuple) else start.to(x.dtype)
    found = []
    for one in (module, disguised(module)):
        with watching({"rnn": one}) as recorded:
            one(inputs, start)
        found.append(states_of("rnn", one, recorded["rnn"], batch, steps, flipped=call["flipped"]))
    taken, computed = found
    places = [place for place in places_of("rnn", module) if place[0] == module.num_layers - 1]
    given, first = read_of("rnn", module, recorded["rnn"][0], batch, steps)
    again = compute_states(module, given, first, places)  # of all layers, those that were given too
    names = places_of("rnn", module, flipped=call["flipped"])
    if call["lengths"] == "all" or call["packed"] == "no" or batch == 1:
        for place in places:
            states = again[place].flip(1) if call["flipped"] else again[place]
            torch.testing.assert_close(states, taken[names[place].name], atol=1e-5, rtol=1e-5)
    assert list(taken) == list(computed)
    for name, states in taken.items():
        torch.testing.assert_close(states, computed[name], atol=1e-5, rtol=1e-5)
    if call["lengths"] == "all":  # and end in the states that torch names last
        given = x if call["batch_first"] else x.transpose(0, 1)
        own = KINDS[call["kind"]].forward(module, given, start)[1]
        finals = own if isinstance(own, tuple) else (own,)  # (layers × directions, B, H) each
        kinds = ([n for n in taken if n.endswith(".cell") == is_cell] for is_cell in (False, True))
        for names, final in zip(kinds, finals, strict=False):
            for place, name in enumerate(names):
                backwards = call["bidirectional"] and place % 2 == 1
                last = taken[name][:, 0 if backwards != call["flipped"] else -1]
                torch.testing.assert_close(last, final[place], atol=1e-5, rtol=1e-5)


class Base(nn.Module):
    """A classifier of the last state of `self.rnn`."""

    def __init__(self, kind=nn.LSTM, **more):
        super().__init__()
        torch.manual_seed(3)
        self.embed = nn.Embedding(WORDS, 5)
        self.rnn = kind(5, 6, batch_first=True, **more)
        self.fc = nn.Linear(6, 2)

    def forward(self, ids):
        return self.fc(self.rnn(self.embed(ids))[0][:, -1])


def plain_states(module, ids):
    """(T, H), hidden and cell states of a one-layer LSTM, each of a call that ends with its step."""
    ends = [nn.LSTM.forward(module.rnn, module.embed(ids[None, : t + 1]))[1] for t in range(len(ids))]
    return torch.stack([h[-1, 0] for h, _ in ends]), torch.stack([c[-1, 0] for _, c in ends])


class WrittenOver(Base):
    """Adds what the layer read to what it returned, in place; then forgets what it read."""

    def forward(self, ids):
        x = self.embed(ids)
        out = self.rnn(x)[0]
        out.mul_(0.5)
        x.zero_()
        return self.fc(out[:, -1])


class Hooked(Base):
    """A hook changes what the layer returned."""

    def __init__(self):
        super().__init__()
        self.rnn.register_forward_hook(lambda _, args, output: (output[0].relu(), output[1]))


class Tuned(nn.LSTM):
    """Returns something else than states."""

    def forward(self, x, hx=None):
        out, last = super().forward(x, hx)
        return out.relu() + 1, last


class OwnForward(Base):
    def __init__(self):
        super().__init__(Tuned)


class Replaced(Base):
    """The layer's `forward` is replaced on the object."""

    def __init__(self):
        super().__init__()
        forward = self.rnn.forward
        self.rnn.forward = lambda x, hx=None: (forward(x, hx)[0].relu() + 1, None)


class NamedTheOtherWay(Base):
    """Gives an initial state by its name, before the input."""

    def forward(self, ids):
        start = torch.zeros(1, len(ids), 6)
        return self.fc(self.rnn(hx=(start, start), input=self.embed(ids))[0][:, -1])


class Mixed(Base):
    """Computes in half precision where torch thinks it safe."""

    def forward(self, ids):
        with torch.autocast("cpu", torch.bfloat16):
            return super().forward(ids)


@pytest.mark.parametrize("kind", [WrittenOver, Hooked, OwnForward, Replaced, NamedTheOtherWay, Mixed])
@torch.no_grad()
def test_states_are_the_layers_whatever_becomes_of_its_output(kind):
    module = kind()
    model = read(module)
    one = model.encode("3 1 4 1 5 9 2 6")
    trace = model.trace([one, model.encode("2 7")])
    hidden, cell = plain_states(Base() if kind is Replaced else module, torch.tensor(one.inputs))
    near = 2e-2 if kind is Mixed else 1e-5
    np.testing.assert_allclose(trace.states["rnn.0"][0], hidden, atol=near)
    np.testing.assert_allclose(trace.states["rnn.0.cell"][0], cell, atol=near)


class Restarted(Base):
    """Gives two layers a step at a time, and halves their states between steps."""

    def __init__(self):
        super().__init__(num_layers=2)

    def forward(self, ids):
        x, state = self.embed(ids), None
        for t in range(ids.shape[1]):
            out, state = self.rnn(x[:, t : t + 1], state)
            state = tuple(part / 2 for part in state)
        return self.fc(out[:, 0])


@torch.no_grad()
def test_a_state_changed_between_the_steps_of_a_loop_is_carried_on():
    module = Restarted()
    model = read(module)
    assert model.way.name == "head"
    one = model.encode("3 1 4 1 5 9")
    trace = model.trace([one])
    x, state = module.embed(torch.tensor(one.inputs[None])), None
    for t in range(len(one)):
        state = module.rnn(x[:, t : t + 1], state)[1]
        for k in range(2):
            np.testing.assert_allclose(trace.states[f"rnn.{k}"][0, t], state[0][k, 0], atol=1e-6)
            np.testing.assert_allclose(trace.states[f"rnn.{k}.cell"][0, t], state[1][k, 0], atol=1e-6)
        state = tuple(part / 2 for part in state)


class CalledDirectly(Base):
    """Calls the layer's `forward`, as wrappers do that change weights first."""

    def forward(self, ids):
        return self.fc(self.rnn.forward(self.embed(ids))[0][:, -1])


class LearnedStart(nn.LSTM):
    """Begins from a state that it has learned, which nobody gives it."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.first = nn.Parameter(torch.randn(2, self.num_layers, 1, self.hidden_size))

    def forward(self, x, hx=None):
        return super().forward(x, tuple(self.first.expand(-1, -1, len(x), -1).contiguous().unbind()))


class Learned(Base):
    def __init__(self, **more):
        super().__init__(LearnedStart, **more)


class ByHand(nn.GRU):
    """Decays its state between steps, and returns what comes of it."""

    def forward(self, x, hx=None):
        state, outs = torch.zeros(1, len(x), self.hidden_size), []
        for step in range(x.shape[1]):
            out, state = super().forward(x[:, step : step + 1], state * 0.7)
            outs.append(out)
        return torch.cat(outs, 1), state


@torch.no_grad()
@pytest.mark.parametrize("layers", [1, 2])
def test_a_learned_initial_state_is_where_the_states_begin(layers):
    module = Learned(num_layers=layers)
    model = read(module)
    one = model.encode("3 1 4 1 5")
    trace = model.trace([one])
    for step in range(5):
        _, (hidden, cell) = module.rnn(module.embed(torch.tensor(one.inputs[None, : step + 1])))
        for k in range(layers):
            np.testing.assert_allclose(trace.states[f"rnn.{k}"][0, step], hidden[k, 0], atol=1e-5)
            np.testing.assert_allclose(trace.states[f"rnn.{k}.cell"][0, step], cell[k, 0], atol=1e-5)


def test_a_layer_whose_forward_is_called_directly_is_seen():
    module = CalledDirectly()
    model = read(module)
    trace = model.trace([model.encode("3 1 4 1 5")])
    own = module.rnn(module.embed(torch.tensor([[3, 1, 4, 1, 5]])))[0]
    np.testing.assert_allclose(trace.states["rnn.0"], own.detach(), atol=1e-5)
    assert "forward" not in vars(module.rnn)


def test_a_layer_that_changes_its_state_inside_is_refused():
    class Decaying(Base):
        def __init__(self):
            super().__init__(ByHand)

    with pytest.raises(ModelError, match=r"`rnn` has a `forward` of its own \(ByHand\)"):
        read(Decaying())


class Lying(nn.LSTM):
    """Computes with other weights than those it has."""

    def forward(self, x, hx=None):
        kept = self._flat_weights
        self._flat_weights = [kept[0], *(one * 1.5 for one in kept[1:])]
        try:
            return super().forward(x, hx)
        finally:
            self._flat_weights = kept


def test_states_that_are_not_the_layers_own_are_refused():
    class Changed(Base):
        def __init__(self):
            super().__init__(Lying, num_layers=2)

    with pytest.raises(ModelError, match=r"computed from what it read, are not those that it gave"):
        read(Changed())


def test_a_layer_that_is_called_twice_is_refused():
    class Twice(Base):
        def forward(self, ids):
            return self.fc(self.rnn(self.rnn(self.embed(ids))[0][..., :5])[0][:, -1])

    with pytest.raises(ModelError, match=r"`rnn` was called 2 times"):
        read(Twice())


def test_half_precision_is_shown_in_single():
    module = Base().bfloat16()
    model = read(module)
    trace = model.trace([model.encode("3 1 4 1 5")])
    with torch.no_grad():
        own = module.rnn(module.embed(torch.tensor([[3, 1, 4, 1, 5]])))[0].float()
    assert trace.states["rnn.0"].dtype == trace.states["rnn.0.cell"].dtype == np.float32
    np.testing.assert_allclose(trace.states["rnn.0"], own, atol=1e-2)


def test_padding_made_by_the_model_itself_is_no_state():
    class Packing(Base):
        """Takes id 0 at the end for padding, though nobody said so."""

        def forward(self, ids):
            lengths = (ids != 0).sum(1).clamp(min=1)
            x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
            out = pad_packed_sequence(self.rnn(x)[0], batch_first=True)[0]
            return self.fc(out[torch.arange(len(ids)), lengths - 1])

    model = read(Packing())
    trace = model.trace([model.encode("3 1 4 1"), model.encode("3 1 4 0")])
    assert np.abs(trace.states["rnn.0"]).max(-1).min() > 0  # no row of zeros


class _Counted(TorchFunctionMode):
    def __init__(self):
        super().__init__()
        self.found = Counter()

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.found[getattr(func, "__name__", "")] += 1
        return func(*args, **(kwargs or {}))


def functions(model: TorchModel | TextModel, texts: list[str]) -> Counter[str]:
    """How often each function of torch ran in a trace."""
    batch = [model.encode(text) for text in texts]
    with _Counted() as counted:
        model.trace(batch)
    return counted.found


SAME_LENGTH = ["3 1 4 1 5", "2 7 1 8 2"]


@pytest.mark.parametrize(
    ("layers", "kept", "passes"),
    [(1, ["rnn.0"], 1), (3, ["rnn.2"], 1), (3, ["rnn.0", "rnn.2"], 2), (3, ["rnn.1"], 3)],
)
def test_only_what_the_model_does_not_return_is_computed(layers, kept, passes):
    ran = functions(read(Base(num_layers=layers)).keep(kept), SAME_LENGTH)
    assert ran["lstm"] == passes
    assert "addcmul_" not in ran  # of cell states


@pytest.mark.parametrize("layers", [1, 2])
def test_cell_states_are_computed_for_the_layers_kept_alone(layers):
    kept = [f"rnn.{layers - 1}.cell"]
    ran = functions(read(Base(num_layers=layers)).keep(kept), SAME_LENGTH)
    assert ran["lstm"] == layers  # the model's own call, and each layer below
    assert ran["addcmul_"] == 5  # one a step


def test_the_built_in_classifier_reads_once_and_computes_cells_if_kept():
    sizes = {"layers": 2, "hidden": 7, "embedding": 5}
    made = RecurrentClassifier(ModelSettings.model_validate(sizes), WORDS, 3)
    for kept, cells in ((["rnn.0", "rnn.1"], False), (["rnn.1.cell"], True)):
        words = tuple(map(str, range(10)))
        model = TextModel(made, Vocabulary(words), TokenSettings.model_validate({}), "abc", kept)
        ran = functions(model, SAME_LENGTH)
        assert ran["lstm"] == 2  # one a layer
        assert ("addcmul_" in ran) == cells


def test_cell_states_go_on_from_the_start_that_was_given():
    torch.manual_seed(0)
    module, x, start = nn.LSTM(4, 5, batch_first=True).eval(), torch.randn(3, 6, 4), torch.randn(2, 3, 5)
    with torch.inference_mode(), watching({"rnn": module}) as recorded:
        module(x, (start[:1], start[1:]))
        found = states_of("rnn", module, recorded["rnn"], 3, 6)["rnn.0.cell"]
        cell = nn.LSTMCell(4, 5)
        cell.load_state_dict({name.removesuffix("_l0"): weight for name, weight in module.named_parameters()})
        carried = start[0], start[1]
        for step in range(6):
            carried = cell(x[:, step], carried)
            torch.testing.assert_close(found[:, step], carried[1], atol=1e-5, rtol=1e-5)


class TimeFirst(Base):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(5, 6)

    def forward(self, ids):
        return self.fc(self.rnn(self.embed(ids).transpose(0, 1))[0][-1])


def test_what_a_layer_returns_is_taken_where_time_comes_first_too():
    assert functions(read(TimeFirst()), SAME_LENGTH)["gru"] == 1
