"""What is taken for states, and for answers, of models that are easily misread."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.ao.quantization import quantize_dynamic

from hsvis.errors import ModelError
from hsvis.models.user.adapter import TorchModel, from_torch
from hsvis.models.user.reading.padding import Padding
from hsvis.models.user.user_model import decisions

WORDS, H = 12, 6
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


class Scan(nn.Module):
    """h ← tanh(W [x, h]) over all steps; with lengths backwards, and the rows then `back` at their steps."""

    def __init__(self, *, back: bool = True) -> None:
        super().__init__()
        self.inner, self.back = nn.Linear(H + 5, H), back

    def forward(self, x: torch.Tensor, lengths: torch.Tensor | None = None) -> torch.Tensor:
        if lengths is not None:
            x = torch.stack(
                [torch.cat([one[:n].flip(0), one[n:]]) for one, n in zip(x, lengths, strict=True)]
            )
        h, found = x.new_zeros(len(x), H), []
        for step in x.unbind(1):
            h = self.inner(torch.cat([step, h], 1)).tanh()
            found.append(h)
        rows = torch.stack(found, 1)
        if lengths is None or not self.back:
            return rows
        return torch.stack(
            [torch.cat([one[:n].flip(0), one[n:]]) for one, n in zip(rows, lengths, strict=True)]
        )


class Net(nn.Module):
    """A model of parts, called by a function of these."""

    def __init__(self, call: Any, **parts: nn.Module) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.embed, self.call = nn.Embedding(WORDS, 5), call
        for name, part in parts.items():
            setattr(self, name, part)
        self.out = nn.Linear(H, 2)

    def forward(self, ids: torch.Tensor) -> Any:
        return self.call(self, self.embed(ids))


class WithLengths(Net):
    def forward(self, ids: torch.Tensor, lengths: torch.Tensor) -> Any:
        return self.call(self, self.embed(ids), lengths)


def loop_in_forward(net: Any, x: torch.Tensor) -> torch.Tensor:
    h, found = x.new_zeros(len(x), H), []
    for step in x.unbind(1):
        h = (step @ net.weight[:5] + h @ net.weight[5:]).tanh()
        found.append(h)
    return net.out(torch.stack(found, 1))


@pytest.mark.parametrize("made", [lambda y: y, lambda y: y.softmax(-1), lambda y: y.log_softmax(-1)])
def test_answers_to_the_steps_are_no_states(made: Any) -> None:
    net = Net(lambda net, x: made(loop_in_forward(net, x)))
    net.weight = nn.Parameter(torch.randn(5 + H, H) / 3)
    with pytest.raises(ModelError, match="no module was seen to carry a state"):
        read(net)


def test_attention_that_looks_back_is_no_recurrence_without_a_word() -> None:
    class Back(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.up, self.attention = nn.Linear(5, H), nn.MultiheadAttention(H, 2, batch_first=True)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            later = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
            return self.attention(self.up(x), self.up(x), self.up(x), attn_mask=later)[0]

    model = read(Net(lambda net, x: net.out(net.back(x)), back=Back()))
    assert "and not a window of steps, was not seen" in told(model, "recorded-states")


@pytest.mark.parametrize("kind", ["tagger", "flipped tagger"])
def test_the_answer_of_a_step_is_at_its_step_whatever_order_the_rows_have(kind: str) -> None:
    flip = kind != "tagger"
    gru = nn.GRU(5, H, batch_first=True)
    model = read(Net(lambda net, x: net.out(net.gru(x.flip(1) if flip else x)[0]), gru=gru))
    net, found = model.module, traced(model)
    with torch.no_grad():
        own = net(IDS)[0].softmax(-1).numpy()
    np.testing.assert_allclose(found.ep[0], own[::-1] if flip else own, atol=1e-5)
    (name,) = found.states
    with torch.no_grad():
        head = net.out(torch.from_numpy(found.states[name][0].copy())).softmax(-1).numpy()
    np.testing.assert_allclose(found.ep[0], head, atol=1e-5)  # states and EPs of a step belong together
    assert ("the last step first" in model.way.why) == flip
    assert ("It reads later steps too" in told(model, "each-step")) == flip


def test_answers_that_know_later_steps_are_told_with_how_much_that_changes() -> None:
    lstm = nn.LSTM(5, H // 2, batch_first=True, bidirectional=True)
    model = read(Net(lambda net, x: net.out(net.lstm(x)[0]), lstm=lstm))
    assert "It reads later steps too: where a sequence ends with a step" in told(model, "each-step")


@pytest.mark.parametrize("name", ["entropy", "perplexity"])
def test_a_number_of_each_sequence_is_not_the_answer_beside_logits_of_steps(name: str) -> None:
    gru = nn.GRU(5, H, batch_first=True)

    def call(net: Any, x: torch.Tensor) -> dict[str, torch.Tensor]:
        logits = net.out(net.gru(x)[0])
        return {name: logits.softmax(-1).log().mean((1, 2)), "logits": logits}

    with pytest.raises(ModelError, match=r"several tensors that may be its answer"):
        read(Net(call, gru=gru))
    assert read(Net(call, gru=gru), answers=["each step"]).way.name == "each step"


def test_states_of_padding_are_never_those_of_steps() -> None:
    padding = Padding(8, "right", 0)
    turned = WithLengths(lambda net, x, lengths: net.out(net.scan(x, lengths)[:, -1]), scan=Scan(back=False))
    assert read(turned).layers[0].direction == "reverse"
    at_last = WithLengths(
        lambda net, x, lengths: net.out(net.scan(x, lengths)[torch.arange(len(x)), lengths - 1]),
        scan=Scan(back=False),
    )
    with pytest.raises(ModelError, match="reads the steps of a padded sequence in other places"):
        read(at_last, padding=padding)
    back = WithLengths(lambda net, x, lengths: net.out(net.scan(x, lengths)[:, 0]), scan=Scan())
    plain, padded = (traced(read(back, padding=one)).states["scan.0.reverse"] for one in (None, padding))
    np.testing.assert_allclose(plain, padded, atol=1e-6)
    forward = Net(lambda net, x: net.out(net.scan(x)[:, -1]), scan=Scan())
    model = read(forward, padding=Padding(8, "left", 0))
    with torch.no_grad():
        own = forward.scan(forward.embed(torch.nn.functional.pad(IDS, (2, 0))))[0, 2:].numpy()
    np.testing.assert_allclose(traced(model).states["scan.0"][0], own, atol=1e-6)


class Two(nn.Module):
    """Two tanh cells on top of each other, called once a step."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(5 + H, H), nn.Linear(2 * H, H)

    def forward(self, x: torch.Tensor, low: torch.Tensor, high: torch.Tensor) -> Any:
        low = self.first(torch.cat([x, low], 1)).tanh()
        return low, self.second(torch.cat([low, high], 1)).tanh()


def run_two(net: Any, x: torch.Tensor) -> torch.Tensor:
    low = high = x.new_zeros(len(x), H)
    for step in x.unbind(1):
        low, high = net.two(step, low, high)
    return net.out(high)


def test_two_states_that_are_carried_are_two_layers() -> None:
    model = read(Net(run_two, two=Two()))
    assert [(one.name, one.kind) for one in model.layers] == [("two.0", "hidden"), ("two.1", "hidden")]
    assert (model.way.name, model.way.layer) == ("head", "two.1")


def test_a_step_that_comes_late_is_refused() -> None:
    class Step(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(5 + H, H)

        def forward(self, x: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
            return self.inner(torch.cat([x, h], 1)).tanh()

    def call(net: Any, x: torch.Tensor) -> torch.Tensor:
        h = x.new_zeros(len(x), H)
        for step in [torch.zeros_like(x[:, 0]), *x.unbind(1)][:-1]:
            h = net.step(step, h)
        return net.out(h) + x[:, -1, :2]

    with pytest.raises(ModelError, match="`step` is given each step one step late"):
        read(Net(call, step=Step()), recurrent=["step"])


def test_a_part_of_a_state_is_said_to_be_one() -> None:
    def call(net: Any, x: torch.Tensor) -> torch.Tensor:
        h = x.new_zeros(len(x), H)
        for step in x.unbind(1):
            h = net.part(torch.cat([step, h], 1)).tanh()
        return net.out(h)

    model = read(Net(call, part=nn.Linear(5 + H, H)), recurrent=["part"])
    assert "It is not given again what it returned" in told(model, "recorded-states")


def test_what_recurs_beside_torchs_layers_is_told() -> None:
    def call(net: Any, x: torch.Tensor) -> torch.Tensor:
        return net.out(net.gru(x)[0][:, -1] + net.scan(x)[:, -1])

    model = read(Net(call, gru=nn.GRU(5, H, batch_first=True), scan=Scan()))
    assert "`scan`" in told(model, "not-shown")
    plain = read(Net(lambda net, x: net.out(net.gru(x)[0][:, -1]), gru=nn.GRU(5, H, batch_first=True)))
    assert told(plain, "not-shown") == ""


def test_a_quantised_layer_has_the_name_and_the_direction_that_it_had() -> None:
    for layers, flip in ((1, True), (2, False)):
        lstm = nn.LSTM(5, H, layers, batch_first=True)

        def call(net: Any, x: torch.Tensor, flip: bool = flip) -> torch.Tensor:
            return net.out(net.lstm(x.flip(1) if flip else x)[0][:, -1])

        plain = Net(call, lstm=lstm).eval()
        own = traced(read(plain)).states
        rounded = read(quantize_dynamic(plain, {nn.LSTM}, torch.qint8))
        (layer,) = rounded.layers
        assert layer.name == f"lstm.{layers - 1}" + ".reverse" * flip
        np.testing.assert_allclose(traced(rounded).states[layer.name], own[layer.name], atol=0.05)
        assert ("It is the last of 2 layers" in told(rounded, "recorded-states")) == (layers == 2)
