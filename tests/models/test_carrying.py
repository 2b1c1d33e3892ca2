"""What is carried from step to step, and from call to call: found, told, and put back."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import jit, nn
from torch.ao.quantization import quantize_dynamic

from hsvis.errors import ModelError
from hsvis.models.user.adapter import TorchModel, from_torch
from hsvis.models.user.arguments import parameters_of
from hsvis.models.user.memory import Memory
from hsvis.models.user.user_model import decisions

WORDS, E, H = 12, 5, 6
PROBE = ["1 2 3 4 5 6 7", "9 8 7", "4 4 5 1"]
IDS = torch.tensor([[3, 1, 4, 1, 5, 9]])


def encode(text: str) -> tuple[list[str], list[int]]:
    return text.split(), [int(word) % WORDS for word in text.split()]


def read(module: nn.Module, **given: Any) -> TorchModel:
    return from_torch(module.eval(), classes=["a", "b"], encode=encode, probe=PROBE, **given)


def traced(model: TorchModel) -> Any:
    return model.trace([model.encode(" ".join(map(str, IDS[0].tolist())))])


def told(model: TorchModel, code: str) -> str:
    return " ".join(one.text for one in decisions(model) if one.code == code)


class Net(nn.Module):
    """A model of parts, called by a function of these."""

    def __init__(self, call: Any, **parts: nn.Module) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.embed, self.call = nn.Embedding(WORDS, E), call
        for name, part in parts.items():
            setattr(self, name, part)
        self.out = nn.Linear(H, 2)

    def forward(self, ids: torch.Tensor) -> Any:
        return self.call(self, self.embed(ids))


class Keeps(nn.Module):
    """Keeps its state in an attribute (or a buffer), until it is reset."""

    def __init__(self, *, buffer: bool = False) -> None:
        super().__init__()
        self.read = nn.Linear(E, H)
        if buffer:
            self.register_buffer("state", torch.zeros(1, H))
        else:
            self.state = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        state = torch.zeros(1, H) if self.state is None else self.state
        self.state = (self.read(x) + 0.9 * state).tanh()
        return self.state


def step_by_step(net: Any, x: torch.Tensor, *, reset: bool = False) -> torch.Tensor:
    if reset:
        net.cell.state = None
    for step in x.unbind(1):
        h = net.cell(step)
    return net.out(h)


@pytest.mark.parametrize("kind", ["reset by the model", "never reset", "a buffer, never reset"])
def test_a_cell_that_keeps_its_state_is_read_from_the_same_start(kind: str) -> None:
    cell = Keeps(buffer="buffer" in kind)
    reset = kind == "reset by the model"
    net = Net(lambda net, x: step_by_step(net, x, reset=reset), cell=cell)
    model = read(net)
    assert "`cell.state`" in told(model, "kept-between-calls") if not reset else True
    assert (told(model, "kept-between-calls") == "") == reset
    assert "It carries a state in itself" in told(model, "recorded-states")
    traced(model)  # whatever was read before
    found = traced(model)
    h, own = torch.zeros(1, H), []
    with torch.no_grad():
        for step in net.embed(IDS).unbind(1):
            h = (cell.read(step) + 0.9 * h).tanh()
            own.append(h[0])
        ep = net.out(torch.stack(own)).softmax(-1)
    np.testing.assert_allclose(found.states["cell.0"][0], torch.stack(own), atol=1e-6)
    np.testing.assert_allclose(found.ep[0], ep, atol=1e-6)


def test_what_a_module_keeps_is_put_back() -> None:
    module = nn.Sequential(Keeps(), Keeps(buffer=True))
    module.cache, module.steps = [torch.zeros(2), (1, None)], {"read": 0}
    memory = Memory(module)
    assert memory.changed() == []
    module[0](torch.ones(1, E))
    module[1].state += 1
    module.cache[0][1], module.steps["read"], module.made = 5.0, 3, torch.ones(1)
    module.told = str  # neither a number nor a tensor: no state
    assert sorted(memory.changed()) == ["0.state", "1.state", "cache", "made", "steps"]
    memory.restore()
    assert memory.changed() == []
    assert module[0].state is None
    assert module[1].state.sum() == 0
    assert not hasattr(module, "made")
    assert module.told is str
    assert module.steps == {"read": 0}
    module.cache[0] += 1
    memory.restore()
    assert module.cache[0].tolist() == [0, 0]


def between(net: Any, x: torch.Tensor) -> torch.Tensor:
    h = c = x.new_zeros(len(x), H)
    for step in x.unbind(1):
        new_h, new_c = net.cell(step, (h, c))
        h, c = 0.1 * h + 0.9 * new_h, 0.5 * c + 0.5 * new_c
    return net.out(h)


def test_states_that_the_model_changes_between_steps_are_told() -> None:
    model = read(Net(between, cell=nn.LSTMCell(E, H)))
    assert "`cell` is given other states at each step than it returned" in told(model, "recorded-states")

    def plainly(net: Any, x: torch.Tensor) -> torch.Tensor:
        state = None
        for step in x.unbind(1):
            state = net.cell(step, state)
        return net.out(state[0])

    assert told(read(Net(plainly, cell=nn.LSTMCell(E, H))), "recorded-states") == ""


class Mixed(nn.Module):
    """A cell of torch, whose states are mixed with the last ones."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.GRUCell(E, H)

    def forward(self, x: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
        return 0.3 * h + 0.7 * self.inner(x, h)


def test_the_module_that_carries_the_state_is_shown_not_the_cell_in_it() -> None:
    def call(net: Any, x: torch.Tensor) -> torch.Tensor:
        h = x.new_zeros(len(x), H)
        for step in x.unbind(1):
            h = net.outer(step, h)
        return net.out(h)

    net = Net(call, outer=Mixed())
    model = read(net)
    h, own = torch.zeros(1, H), []
    with torch.no_grad():
        for step in net.embed(IDS).unbind(1):
            h = net.outer(step, h)
            own.append(h[0])
    assert [one.name for one in model.layers] == ["outer.0"]
    np.testing.assert_allclose(traced(model).states["outer.0"][0], torch.stack(own), atol=1e-6)


def unitary(module: Any, inputs: torch.Tensor) -> dict[str, torch.Tensor]:
    """States of a linear recurrent unit: complex numbers."""
    turn = torch.polar(torch.full((H,), 0.9), torch.linspace(0, 2, H))
    h, found = torch.zeros(len(inputs), H, dtype=torch.cfloat), []
    for step in module.embed(inputs).unbind(1):
        h = turn * h + torch.nn.functional.pad(step, (0, 1)).cfloat()
        found.append(h)
    return {"lru": torch.stack(found, 1)}


class Unitary(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return unitary(type("Plain", (), {"embed": lambda _, given: given})(), x)["lru"]


@pytest.mark.parametrize("kind", ["given", "recorded"])
def test_complex_states_keep_their_imaginary_parts(kind: str) -> None:
    net = Net(lambda net, x: net.out(net.lru(x).real[:, -1]), lru=Unitary())
    model = read(net, states=unitary if kind == "given" else None)
    (states,) = traced(model).states.values()
    own = unitary(net, IDS)["lru"][0].detach()
    np.testing.assert_allclose(states[0], torch.cat([own.real, own.imag], -1), atol=1e-5)
    assert "complex numbers" in told(model, "recorded-states")


def test_a_module_called_rnn_is_not_the_whole_model() -> None:
    class Carry(nn.Module):
        def __init__(self, inputs: int) -> None:
            super().__init__()
            self.inner = nn.Linear(inputs + H, H)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            h, found = x.new_zeros(len(x), H), []
            for step in x.unbind(1):
                h = self.inner(torch.cat([step, h], 1)).tanh()
                found.append(h)
            return torch.stack(found, 1)

    model = read(Net(lambda net, x: net.out(net.rnn(net.low(x))[:, -1]), low=Carry(E), rnn=Carry(H)))
    assert {one.name for one in model.layers} == {"low.0", "rnn.0"}
    assert "The states of `rnn`, called once" in told(model, "recorded-states")


class Scripted(jit.ScriptModule):
    """All of it TorchScript."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.out = nn.Embedding(WORDS, E), nn.Linear(H, 2)
        self.gru = nn.GRU(E, H, batch_first=True)

    @jit.script_method
    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.out(self.gru(self.embed(ids))[0][:, -1])


def gru_states(module: Any, inputs: torch.Tensor) -> dict[str, torch.Tensor]:
    call = module.gru.forward__0 if isinstance(module, jit.ScriptModule) else module.gru
    return {"gru": call(module.embed(inputs))[0]}


class Plain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.gru = nn.Embedding(WORDS, E), nn.GRU(E, H, batch_first=True)
        self.out = nn.Linear(H, 2)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.out(self.gru(self.embed(ids))[0][:, -1])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["ScriptModule", "scripted", "traced"])
def test_a_model_of_torchscript_is_read_by_a_function_or_refused_with_one(kind: str) -> None:
    made = {
        "ScriptModule": Scripted,
        "scripted": lambda: jit.script(Plain().eval()),
        "traced": lambda: jit.trace(Plain().eval(), torch.ones(2, 4, dtype=torch.long)),
    }
    module = made[kind]()
    assert "ids" in str(parameters_of(module)[0])
    with pytest.raises(ModelError, match=r"What runs inside TorchScript can't be seen.*`model.states`"):
        read(module)
    if kind == "traced":  # its parts can't be called
        return
    model = read(module, states=gru_states)
    with torch.no_grad():
        own = gru_states(module, IDS)["gru"][0]
        ep = module(IDS)[0].softmax(-1)
    found = traced(model)
    np.testing.assert_allclose(found.states["gru"][0], own, atol=1e-6)
    np.testing.assert_allclose(found.ep[0, -1], ep, atol=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_quantised_grus_give_their_own_numbers() -> None:
    for made in (nn.GRU(E, H, batch_first=True), nn.GRUCell(E, H)):

        def call(net: Any, x: torch.Tensor) -> torch.Tensor:
            return net.out(states_of(net, x)[:, -1])

        def states_of(net: Any, x: torch.Tensor) -> torch.Tensor:
            if hasattr(net.layer, "batch_first"):
                return net.layer(x)[0]
            h, found = x.new_zeros(len(x), H), []
            for step in x.unbind(1):
                h = net.layer(step, h)
                found.append(h)
            return torch.stack(found, 1)

        net = quantize_dynamic(Net(call, layer=made).eval(), {type(made)})
        found = traced(read(net))
        with torch.no_grad():
            own = states_of(net, net.embed(IDS))[0]
        np.testing.assert_allclose(found.states["layer.0"][0], own, atol=1e-6)


class Dropped(Net):
    """Time first, with a state that only that fits; drops in evaluation mode too."""

    def init_hidden(self, batch: int) -> torch.Tensor:
        return torch.zeros(1, batch, H)

    def forward(self, ids: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        return nn.functional.dropout(self.out(self.gru(self.embed(ids), hidden)[0][-1]), 0.5, training=True)


def test_weights_that_are_dropped_at_every_call_are_told_as_random() -> None:
    with pytest.raises(ModelError, match="answered differently a second time"):
        read(Dropped(None, gru=nn.GRU(E, H)))
