"""Layers with fewer steps than tokens: each of their steps is the state of the tokens that it has read."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from hsvis.build.extraction import extract
from hsvis.errors import ModelError
from hsvis.models import from_torch
from hsvis.models.protocol import Encoded
from hsvis.models.user.reading.padding import Padding
from hsvis.models.user.recurring.spans import Spans
from hsvis.models.user.user_model import decisions

WORDS = 40
RANDOM = np.random.default_rng(3)
TEXTS = [" ".join(map(str, RANDOM.integers(0, WORDS, n))) for n in (31, 24, 19, 40, 12)]


def encode(text: str) -> Encoded:
    ids = [int(word) for word in text.split()]
    return Encoded(text.split(), np.array(ids, np.int64), np.ones(len(ids), bool), 0, len(text))


class Cnn(nn.Module):
    """Convolutions and pooling before a recurrent layer."""

    def __init__(self, before: nn.Module, cell=nn.LSTM, **more) -> None:
        super().__init__()
        torch.manual_seed(6)
        self.words = nn.Embedding(WORDS, 8)
        self.before = before
        self.rnn = cell(8, 5, batch_first=True, **more)
        self.out = nn.Linear(5 * (1 + self.rnn.bidirectional), 3)

    def forward(self, ids):
        return self.out(self.rnn(self.before(self.words(ids).mT).mT)[0][:, -1])


def conv(kernel: int, stride: int = 1, padding: int = 0) -> nn.Module:
    torch.manual_seed(kernel)
    return nn.Conv1d(8, 8, kernel, stride, padding)


# before the layer; tokens from step to step, the token with which step 0 ends
SHAPES = {
    "pooled": (lambda: nn.Sequential(conv(3), nn.ReLU(), nn.MaxPool1d(2)), 2, 3),
    "strided": (lambda: conv(5, 4), 4, 4),
    "same length, then pooled": (lambda: nn.Sequential(conv(3, 1, 1), nn.ReLU(), nn.AvgPool1d(4)), 4, 4),
    "twice": (lambda: nn.Sequential(conv(3), nn.MaxPool1d(2), conv(2), nn.MaxPool1d(2)), 4, 7),
    "narrower": (lambda: conv(4), 1, 3),
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("both", [False, True])
def test_each_token_has_the_state_after_the_latest_step_that_has_ended(name, both):
    before, every, end = SHAPES[name]
    module = Cnn(before(), nn.GRU if both else nn.LSTM, bidirectional=both).eval()
    model = from_torch(module, classes="abc", encode=encode, probe=TEXTS)
    kept = []
    module.rnn.register_forward_hook(lambda _, __, out: kept.append(out[0].detach()))
    batch = [one for one in map(encode, TEXTS) if not model.unread(one)]
    trace, found = model.trace(batch), extract(model, batch)
    begin = 0
    for k, one in enumerate(batch):
        kept.clear()
        with torch.no_grad():
            module(torch.tensor(one.inputs[None]))
        (own,) = kept
        steps = own.shape[1]
        assert model.layer_steps("rnn.0", len(one)) == steps
        for direction, layer in enumerate(["rnn.0", "rnn.0.reverse"][: 1 + both]):
            states = own[0, :, 5 * direction : 5 * direction + 5].numpy()
            expected = np.zeros((len(one), 5), np.float32)
            for t in range(len(one)):
                ended = [j for j in range(steps) if min(end + every * j, len(one) - 1) <= t]
                if ended:
                    expected[t] = states[ended[-1]]
            np.testing.assert_allclose(trace.states[layer][k, : len(one)], expected, atol=1e-5)
            moved = found.distances[layer][begin + 1 : begin + len(one)]
            np.testing.assert_allclose(moved, np.linalg.norm(np.diff(expected, axis=0), axis=1), atol=1e-5)
        with torch.no_grad():
            for t in range(len(one)):
                if np.isnan(trace.ep[k, t, 0]):
                    with pytest.raises(RuntimeError):
                        module(torch.tensor(one.inputs[None, : t + 1]))
                else:
                    plain = module(torch.tensor(one.inputs[None, : t + 1])).softmax(1)[0]
                    np.testing.assert_allclose(trace.ep[k, t], plain, atol=1e-5)
        begin += len(one)
    assert all(layer.tokens_a_step == every for layer in model.layers)
    told = next(one.text for one in decisions(model) if one.code == "own-steps")
    assert f"one for each {every}" in told


@pytest.mark.parametrize("side", ["left", "right"])
def test_of_padded_sequences_they_are_those_of_their_own_tokens(side):
    class Flat(Cnn):
        def __init__(self):
            super().__init__(conv(3, 2, 1))
            self.out = nn.Linear(16 * 5, 3)

        def forward(self, ids):
            return self.out(self.rnn(self.before(self.words(ids).mT).mT)[0].flatten(1))

    module, padding = Flat().eval(), Padding(32, side, 0)
    model = from_torch(module, classes="abc", encode=encode, probe=TEXTS[1:3], padding=padding)
    one = encode(TEXTS[2])
    filled = np.zeros(32, np.int64)
    filled[padding.own(len(one))] = one.inputs
    with torch.no_grad():
        own = module.rnn(module.before(module.words(torch.tensor(filled[None])).mT).mT)[0][0]
    ends = [min(2 * j + 1, 31) for j in range(16)]
    latest = [max((j for j, end in enumerate(ends) if end <= t), default=-1) for t in range(32)]
    expected = torch.stack([own[j] if j >= 0 else torch.zeros(5) for j in latest])[padding.own(len(one))]
    np.testing.assert_allclose(model.trace([one]).states["rnn.0"][0], expected, atol=1e-5)
    assert model.layer_steps("rnn.0", len(one)) == 16


def test_of_series_they_are_told_as_of_words():
    class Deep(nn.Module):
        """As DeepConvLSTM."""

        def __init__(self):
            super().__init__()
            torch.manual_seed(1)
            self.conv, self.rnn = nn.Conv1d(3, 8, 5, 2), nn.LSTM(8, 6, 2, batch_first=True)
            self.out = nn.Linear(6, 2)

        def forward(self, x):
            return self.out(self.rnn(self.conv(x.mT).relu().mT)[0][:, -1])

    def read(values):
        steps = [f"step {k}" for k in range(len(values))]
        return Encoded(steps, values, np.ones(len(values), bool), 0, 0)

    series = [RANDOM.normal(size=(n, 3)).astype(np.float32) for n in (30, 22, 41)]
    module = Deep().eval()
    model = from_torch(module, classes="ab", encode=read, probe=series)
    trace = model.trace([read(one) for one in series])
    for k, one in enumerate(series):
        with torch.no_grad():
            own = module.rnn(module.conv(torch.tensor(one[None]).mT).relu().mT)[0][0].numpy()
        latest = np.clip((np.arange(len(one)) - 4) // 2, -1, len(own) - 1)
        expected = np.where(latest[:, None] < 0, 0, own[latest])
        np.testing.assert_allclose(trace.states["rnn.1"][k, : len(one)], expected, atol=1e-5)


def test_steps_that_do_not_move_by_equal_spans_are_refused():
    with pytest.raises(ModelError, match="no spans of tokens at equal distances"):
        from_torch(Cnn(nn.AdaptiveAvgPool1d(6)), classes="abc", encode=encode, probe=TEXTS)


def test_layers_that_read_every_token_are_as_they_were():
    model = from_torch(Cnn(conv(3, 1, 1)), classes="abc", encode=encode, probe=TEXTS)
    assert not model.reader.spans
    assert model.layer_steps("rnn.0", 17) == 17
    assert not [one for one in decisions(model) if one.code == "own-steps"]


@settings(max_examples=60)
@given(st.integers(1, 6), st.integers(0, 9), st.integers(1, 60))
def test_the_latest_step_is_the_last_one_that_has_ended(every, end, tokens):
    spans = Spans(every, end, end + 1)
    steps = spans.count(tokens)
    if not steps:
        return
    ends = [min(end + every * j, tokens - 1) for j in range(steps)]
    latest = spans.latest(tokens, steps)
    assert latest.tolist() == [
        max((j for j in range(steps) if ends[j] <= t), default=-1) for t in range(tokens)
    ]
    states = torch.arange(1.0, steps + 1)[None, :, None]
    assert spans.spread(states, tokens)[0, :, 0].tolist() == [max(j + 1, 0) for j in latest.tolist()]
