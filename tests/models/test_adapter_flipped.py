"""Recurrent modules that are given the steps from the last to the first, by hand."""

import numpy as np
import pytest
import torch
from torch import nn

from hsvis.models.protocol import Encoded
from hsvis.models.user.adapter import from_torch

WORDS = 12
PROBE = ["1 2 3 4 5 6 7", "9 8 7", "4 4 5 1"]
TEXTS = ["3 1 4 1 5 9 2 6", "2 7", "5"]


def encode(text):
    words = text.split()
    return words, [int(word) % WORDS for word in words]


class Both(nn.Module):
    """Two nn.LSTM, the second on what is flipped; or packed, time first, or under a convolution."""

    def __init__(self, variant="plain"):
        super().__init__()
        torch.manual_seed(4)
        self.embed = nn.Embedding(WORDS, 5)
        self.conv = nn.Conv1d(5, 5, 3, padding=1)
        self.fwd = nn.LSTM(5, 6, batch_first=True)
        self.bwd = nn.LSTM(5, 6, num_layers=2, batch_first=variant != "time first")
        self.fc = nn.Linear(12, 2)
        self.variant = variant

    def read(self, ids):
        x = self.embed(ids)
        return self.conv(x.transpose(1, 2)).transpose(1, 2).relu() if self.variant == "convolution" else x

    def forward(self, ids):
        x = self.read(ids)
        ahead, back = self.fwd(x)[0], x.flip(1)
        if self.variant == "packed":
            lengths = torch.full((len(ids),), ids.shape[1])
            back = nn.utils.rnn.pack_padded_sequence(back, lengths, batch_first=True)
        if self.variant == "time first":
            back = back.transpose(0, 1)
        _, (last, _) = self.bwd(back)
        return self.fc(torch.cat([ahead[:, -1], last[-1]], -1))


def check_prefixes(module, model, batch, trace):
    assert model.way.name == "prefixes"
    assert "reads backwards" in model.way.why
    for b, one in enumerate(batch):
        for t in range(len(one)):
            own = module(torch.tensor(one.inputs[: t + 1])[None])[0].softmax(-1)
            np.testing.assert_allclose(trace.ep[b, t], own, atol=1e-5)


def same(found, expected):
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("variant", ["plain", "packed", "time first", "convolution"])
@torch.no_grad()
def test_a_module_on_flipped_steps_is_a_layer_that_reads_backwards(variant):
    module = Both(variant)
    model = from_torch(module, classes="ab", encode=encode, probe=PROBE)
    assert [(layer.name, layer.direction) for layer in model.layers] == [
        ("fwd.0", "forward"), ("fwd.0.cell", "forward"), ("bwd.0.reverse", "reverse"),
        ("bwd.1.reverse", "reverse"), ("bwd.0.reverse.cell", "reverse"), ("bwd.1.reverse.cell", "reverse"),
    ]  # fmt: skip
    batch = [model.encode(text) for text in TEXTS]
    trace = model.trace(batch)
    plain = nn.LSTM(5, 6, num_layers=2, batch_first=True)
    plain.load_state_dict(module.bwd.state_dict())
    for b, one in enumerate(batch):
        x = module.read(torch.tensor(one.inputs)[None])
        same(trace.states["fwd.0"][b, : len(one)], module.fwd(x)[0][0])
        same(trace.states["bwd.1.reverse"][b, : len(one)], plain(x.flip(1))[0].flip(1)[0])
        cells = [plain(x[:, t:].flip(1))[1][1][:, 0] for t in range(len(one))]  # after each step
        for k in range(2):
            same(trace.states[f"bwd.{k}.reverse.cell"][b, : len(one)], torch.stack(cells)[:, k])
    check_prefixes(module, model, batch, trace)


class Loop(nn.Module):
    """A cell, or a whole module one step at a time, from the last step to the first."""

    def __init__(self, whole):
        super().__init__()
        torch.manual_seed(5)
        self.embed = nn.Embedding(WORDS, 5)
        self.cell = nn.LSTM(5, 6, batch_first=True) if whole else nn.LSTMCell(5, 6)
        self.upper, self.fc = nn.LSTMCell(6, 4), nn.Linear(4, 2)
        self.whole = whole

    def forward(self, ids):
        x, state, upper = self.embed(ids), None, None
        for t in reversed(range(ids.shape[1])):
            if self.whole:
                out, state = self.cell(x[:, t : t + 1], state)
            else:
                state = self.cell(x[:, t], state)
            upper = self.upper(out[:, 0] if self.whole else state[0], upper)
        return self.fc(upper[0])


@pytest.mark.parametrize("whole", [False, True])
@torch.no_grad()
def test_a_loop_from_the_last_step_is_turned(whole):
    module = Loop(whole)
    model = from_torch(module, classes="ab", encode=encode, probe=PROBE)
    names = ["cell.0.reverse", "cell.0.reverse.cell", "upper.0.reverse", "upper.0.reverse.cell"]
    assert [layer.name for layer in model.layers] == names
    assert {layer.direction for layer in model.layers} == {"reverse"}
    batch = [model.encode(text) for text in TEXTS]
    trace = model.trace(batch)
    plain = [nn.LSTM(5, 6, batch_first=True), nn.LSTM(6, 4, batch_first=True)]
    for one, given in zip(plain, (module.cell, module.upper), strict=True):
        one.load_state_dict({f"{k.removesuffix('_l0')}_l0": v for k, v in given.state_dict().items()})
    for b, one in enumerate(batch):
        x = module.embed(torch.tensor(one.inputs)[None]).flip(1)
        for name, lstm in zip(("cell", "upper"), plain, strict=True):
            cells = [lstm(x[:, : t + 1])[1][1][0, 0] for t in range(len(one))]
            x = lstm(x)[0]
            same(trace.states[f"{name}.0.reverse"][b, : len(one)], x.flip(1)[0])
            same(trace.states[f"{name}.0.reverse.cell"][b, : len(one)], torch.stack(cells[::-1]))
    check_prefixes(module, model, batch, trace)


class Stacked(nn.Module):
    """Modules on the states of others, in several orders; numbers in place of words."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(6)
        self.ahead, self.back = nn.GRU(3, 4, batch_first=True), nn.GRU(3, 4, batch_first=True)
        self.upper_ahead, self.upper_back = nn.GRU(8, 4, batch_first=True), nn.GRU(8, 4, batch_first=True)
        self.on_turned, self.on_back = nn.GRU(4, 4, batch_first=True), nn.GRU(4, 4, batch_first=True)
        self.attended, self.bidirectional = (
            nn.GRU(8, 4, batch_first=True),
            nn.GRU(3, 4, bidirectional=True, batch_first=True),
        )
        self.fc = nn.Linear(28, 2)

    def forward(self, x):
        back = self.back(x.flip(1))[0]
        both = torch.cat([self.ahead(x)[0], back.flip(1)], -1)
        attended = (both @ both.transpose(1, 2)).softmax(-1) @ both
        reads = [
            self.upper_ahead(both), self.upper_back(both.flip(1)), self.on_turned(back.flip(1)),
            self.on_back(back), self.attended(attended), self.bidirectional(x.flip(1)),
        ]  # fmt: skip
        return self.fc(torch.cat([read[0][:, -1] for read in reads], -1))


def series(values):
    return Encoded([str(t) for t in range(len(values))], values, np.ones(len(values), bool), 0, 0)


@torch.no_grad()
def test_which_way_stacked_modules_read():
    module, rng = Stacked(), np.random.default_rng(0)
    data = [rng.normal(size=(n, 3)).astype(np.float32) for n in (6, 9)]
    model = from_torch(module, classes="ab", encode=series, probe=data)
    backwards = {layer.name for layer in model.layers if layer.direction == "reverse"}
    assert backwards == {f"{p}.0.reverse" for p in ("back", "upper_back", "on_back", "bidirectional")}
    assert {"upper_ahead.0", "on_turned.0", "attended.0", "bidirectional.0"} < {m.name for m in model.layers}
    x = torch.from_numpy(data[0])[None]
    trace = model.trace([series(data[0])])
    states = module.bidirectional(x.flip(1))[0].flip(1)[0]
    same(trace.states["bidirectional.0.reverse"][0], states[:, :4])
    same(trace.states["bidirectional.0"][0], states[:, 4:])
