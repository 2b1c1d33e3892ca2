"""Modules that recur and are not torch's: which states are read of them, and what is refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.ao.quantization import quantize_dynamic

from hsvis.errors import ModelError
from hsvis.models.user.adapter import TorchModel, from_torch
from hsvis.models.user.reading.padding import Padding

WORDS = 12
PROBE = ["1 2 3 4 5 6 7", "9 8 7", "4 4 5 1"]
IDS = torch.tensor([[3, 1, 4, 1, 5, 9]])


def encode(text: str) -> tuple[list[str], list[int]]:
    words = text.split()
    return words, [int(word) % WORDS for word in words]


def read(module: nn.Module, **given: Any) -> TorchModel:
    return from_torch(module.eval(), classes=["a", "b"], encode=encode, probe=PROBE, **given)


def states(model: TorchModel) -> dict[str, np.ndarray]:
    found = model.trace([model.encode(" ".join(map(str, IDS[0].tolist())))]).states
    return {name: one[0] for name, one in found.items()}


class Cell(nn.Module):
    """An LSTM cell by hand; returns (h, c), or (c, h)."""

    def __init__(self, *, cell_first: bool = False) -> None:
        super().__init__()
        self.gates, self.cell_first = nn.Linear(11, 24), cell_first

    def forward(self, x: torch.Tensor, state: tuple[torch.Tensor, torch.Tensor]) -> Any:
        h, c = reversed(state) if self.cell_first else state
        i, f, g, o = self.gates(torch.cat([x, h], 1)).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        return (c, h) if self.cell_first else (h, c)


class Loop(nn.Module):
    """A loop over a cell; `directly` by its `forward`, `backwards` from the last step."""

    def __init__(self, cell: Cell, *, directly: bool = False, backwards: bool = False) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.embed, self.cell, self.out = nn.Embedding(WORDS, 5), cell, nn.Linear(6, 2)
        self.directly, self.backwards = directly, backwards

    def run(self, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(B, T, 6) hidden and cell states, in the order of the steps."""
        state: Any = (torch.zeros(len(ids), 6),) * 2
        steps = list(self.embed(ids).unbind(1))
        found = []
        for x in reversed(steps) if self.backwards else steps:
            state = self.cell.forward(x, state) if self.directly else self.cell(x, state)
            found.append(tuple(reversed(state)) if self.cell.cell_first else state)
        found = found[::-1] if self.backwards else found
        return torch.stack([h for h, _ in found], 1), torch.stack([c for _, c in found], 1)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.out(self.run(ids)[0][:, 0 if self.backwards else -1])


LOOPS: dict[str, Callable[[], Loop]] = {
    "hidden first": lambda: Loop(Cell()),
    "cell first": lambda: Loop(Cell(cell_first=True)),
    "by its forward": lambda: Loop(Cell(), directly=True),
    "backwards": lambda: Loop(Cell(), backwards=True),
}


@pytest.mark.parametrize("kind", LOOPS)
def test_a_hand_written_lstm_has_hidden_and_cell_states(kind: str) -> None:
    module = LOOPS[kind]()
    model = read(module)
    with torch.no_grad():
        hidden, cell = module.run(IDS)
    name = "cell.0" + ".reverse" * module.backwards
    found = states(model)
    assert {(one.name, one.kind) for one in model.layers} == {(name, "hidden"), (f"{name}.cell", "cell")}
    np.testing.assert_allclose(found[name], hidden[0], atol=1e-6)
    np.testing.assert_allclose(found[f"{name}.cell"], cell[0], atol=1e-6)
    assert "forward" not in vars(module.cell)


class Around(nn.Module):
    """Any layer between an embedding and a head."""

    def __init__(self, layer: nn.Module, units: int = 6) -> None:
        super().__init__()
        self.embed, self.layer, self.out = nn.Embedding(WORDS, 5), layer, nn.Linear(units, 2)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        found = self.layer(self.embed(ids))
        return self.out((found[0] if isinstance(found, tuple) else found)[:, -1])


@pytest.mark.filterwarnings("ignore")
def test_both_directions_of_a_quantised_layer_are_told_apart() -> None:
    torch.manual_seed(0)
    module = Around(nn.LSTM(5, 6, batch_first=True, bidirectional=True), 12).eval()
    module = quantize_dynamic(module, {nn.LSTM})
    model = read(module)
    own = module.layer(module.embed(IDS))[0][0].detach()
    found = states(model)
    np.testing.assert_allclose(found["layer.0"], own[:, :6], atol=1e-6)
    np.testing.assert_allclose(found["layer.0.reverse"], own[:, 6:], atol=1e-6)
    assert {one.direction for one in model.layers} == {"forward", "reverse"}


class Own(nn.GRU):
    """A GRU whose `forward` is its own."""

    def forward(self, x: torch.Tensor, hx: torch.Tensor | None = None) -> Any:
        found = []
        for step in x.unbind(1):
            _, hx = super().forward(step[:, None], hx)
            hx = hx * 0.9
            found.append(hx[-1])
        return torch.stack(found, 1), hx


def test_what_a_subclass_returns_is_shown_where_it_is_named() -> None:
    module = Around(Own(5, 6, batch_first=True))
    with pytest.raises(ModelError, match="what it returns is taken for its states"):
        read(module)
    found = states(read(module, recurrent=["layer"]))
    np.testing.assert_allclose(found["layer.0"], module.layer(module.embed(IDS))[0][0].detach(), atol=1e-6)


def test_a_layer_that_carries_nothing_is_refused() -> None:
    module = Around(nn.Linear(5, 6))
    with pytest.raises(ModelError, match="carries nothing from step to step"):
        read(module, recurrent=["layer"])
    with pytest.raises(ModelError, match=r"no module was seen to carry a state.*`model.states`"):
        read(module)


class Twice(Loop):
    """Calls its cell twice a step."""

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.out(self.run(torch.cat([ids, ids], 1))[0][:, -1])


def test_a_module_called_otherwise_is_refused_with_numbers() -> None:
    with pytest.raises(ModelError, match=r"was called 10 times for sequences of 5 steps.*`model.states"):
        read(Twice(Cell()), recurrent=["cell"])


def hidden_of(module: Any, inputs: torch.Tensor) -> dict[str, torch.Tensor]:
    return {"own": module.run(inputs)[0]}


def test_a_function_that_reads_backwards_is_found_out() -> None:
    module = LOOPS["backwards"]()
    model = read(module, states=hidden_of)
    assert [(one.name, one.direction) for one in model.layers] == [("own", "reverse")]
    assert [one.code for one in model.reader.remarks] == ["states-of-prefixes"]
    with torch.no_grad():
        np.testing.assert_allclose(states(model)["own"], module.run(IDS)[0][0], atol=1e-6)


WRONG: dict[str, tuple[Callable[[Any, torch.Tensor], Any], str]] = {
    "no mapping": (lambda m, ids: m.run(ids)[0], "returned Tensor, not a mapping"),
    "time first": (lambda m, ids: {"own": m.run(ids)[0].transpose(0, 1)}, r"where \(3, 5, units\)"),
    "a name for no path": (lambda m, ids: {"../own": m.run(ids)[0]}, "letters, digits"),
    "random": (lambda m, ids: {"own": m.run(ids)[0] + torch.rand(1)}, "another for the same inputs"),
    "raises": (lambda m, ids: m.nothing, "raised AttributeError"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_wrong_with_given_states_is_said(kind: str) -> None:
    function, message = WRONG[kind]
    with pytest.raises(ModelError, match=message):
        read(LOOPS["hidden first"](), states=function)


@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_is_no_step_of_a_recorded_layer(side: Any) -> None:
    module = LOOPS["hidden first"]()
    padding = Padding(9, side, 0)
    found = states(read(module, padding=padding))
    filled = padding.fill(IDS)
    with torch.no_grad():
        own = module.run(filled)[0][0, padding.own(IDS.shape[1])]
    np.testing.assert_allclose(found["cell.0"], own, atol=1e-6)
    given = states(read(module, padding=padding, states=hidden_of))
    np.testing.assert_allclose(given["own"], own, atol=1e-6)
