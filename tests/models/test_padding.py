"""Padded sequences: what hsvis reads of a module is what a plain call of it on padded ids gives."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from hsvis.errors import ModelError
from hsvis.models.protocol import Encoded
from hsvis.models.user.adapter import from_torch
from hsvis.models.user.reading.padding import Padding

WORDS, PAD = 12, 3
CELLS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


def encode(text):
    words = text.split()
    return words, [int(word) for word in words]


PROBE = ["1 2 4 4 5 6 7", "9 8 7", "4 4 5 1", "11 2 10 5 6 6 9 8"]


class Tagger(nn.Module):
    """Reads whatever it is given, padding too, unless it is given lengths or masks."""

    def __init__(self, cell="lstm", layers=1, both=False, pooling="last", batch_first=True):
        super().__init__()
        self.embed = nn.Embedding(WORDS, 5)
        self.rnn = CELLS[cell](5, 6, num_layers=layers, bidirectional=both, batch_first=batch_first)
        self.fc = nn.Linear(12 if both else 6, 3)
        self.pooling, self.batch_first = pooling, batch_first

    def forward(self, ids):
        x = self.embed(ids)
        states = self.rnn(x if self.batch_first else x.transpose(0, 1))[0]
        states = states if self.batch_first else states.transpose(0, 1)
        return self.fc(states[:, -1] if self.pooling == "last" else states.mean(1))


def padded(ids, to, side):
    """(1, P) ids, by hand."""
    filler = [PAD] * (to - len(ids))
    return torch.tensor([filler + list(ids) if side == "left" else list(ids) + filler])


def layer_states(rnn, x):
    """name -> (P, H): layers one after the other, each step by step, by torch's cells; x: (P, E)."""
    kind = {nn.LSTM: nn.LSTMCell, nn.GRU: nn.GRUCell, nn.RNN: nn.RNNCell}[type(rnn)]
    found = {}
    for k in range(rnn.num_layers):
        outs = []
        for suffix, name in (("", ""), ("_reverse", ".reverse"))[: 1 + rnn.bidirectional]:
            cell = kind(x.shape[1], rnn.hidden_size)
            for weight in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                getattr(cell, weight).data = getattr(rnn, f"{weight}_l{k}{suffix}").data
            state, hidden = None, []
            for step in x.flip(0) if suffix else x:
                state = cell(step[None], state)
                hidden.append(state if isinstance(state, tuple) else (state,))
            for at, of in enumerate(("", ".cell")[: len(hidden[0])]):
                states = torch.cat([one[at] for one in hidden])
                found[f"rnn.{k}{name}{of}"] = states.flip(0) if suffix else states
            outs.append(found[f"rnn.{k}{name}"])
        x = torch.cat(outs, 1)
    return found


shapes = st.fixed_dictionaries(
    {
        "cell": st.sampled_from(sorted(CELLS)),
        "layers": st.integers(1, 2),
        "both": st.booleans(),
        "pooling": st.sampled_from(["last", "mean"]),
        "batch_first": st.booleans(),
    }
)


@settings(max_examples=25, deadline=None)
@given(shapes, st.sampled_from(["left", "right"]), st.integers(2, 14), st.integers(0, 99))
def test_states_and_eps_are_those_of_the_padded_sequence(shape, side, to, seed):
    torch.manual_seed(seed)
    module = Tagger(**shape).eval()
    model = from_torch(module, classes="abc", encode=encode, probe=PROBE, padding=Padding(to, side, PAD))
    rng = np.random.default_rng(seed)
    lengths = [1, to, *rng.integers(1, to + 1, 3).tolist()]
    batch = [model.encode(" ".join(map(str, rng.integers(1, WORDS, n)))) for n in lengths]
    trace, answers = model.trace(batch), model.answer(batch)
    assert trace.lengths.tolist() == lengths
    with torch.no_grad():
        for b, one in enumerate(batch):
            own = slice(to - len(one), to) if side == "left" else slice(len(one))
            expected = layer_states(module.rnn, module.embed(padded(one.inputs, to, side))[0])
            assert expected.keys() == {layer.name for layer in model.layers}
            for name, states in expected.items():
                np.testing.assert_allclose(trace.states[name][b, : len(one)], states[own], atol=1e-5)
            for t in range(len(one)):
                answer = module(padded(one.inputs[: t + 1], to, side)).softmax(-1)[0]
                np.testing.assert_allclose(trace.ep[b, t], answer, atol=2e-5)
            np.testing.assert_allclose(answers[b], answer, atol=2e-5)


class Packed(Tagger):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        hidden = self.rnn(packed)[1]
        hidden = hidden[0] if isinstance(hidden, tuple) else hidden
        return self.fc(torch.cat([hidden[-2], hidden[-1]], 1) if self.rnn.bidirectional else hidden[-1])


class Masked(Tagger):
    """`mask` weighs the states; None weighs all."""

    def forward(self, ids, mask=None):
        states = self.rnn(self.embed(ids))[0]
        weights = torch.ones(ids.shape) if mask is None else mask.float()
        return self.fc((states * weights[..., None]).sum(1) / weights.sum(1)[:, None])


class NumberMasked(Tagger):
    """Takes a mask of numbers, and truth values it can't subtract."""

    def forward(self, ids, mask=None):
        states = self.rnn(self.embed(ids))[0]
        return self.fc((states * (1 - (1 - mask))[..., None]).sum(1))


class PaddingMasked(Tagger):
    def forward(self, ids, padding_mask):
        states = self.rnn(self.embed(ids))[0].masked_fill(padding_mask[..., None], -torch.inf)
        return self.fc(states.amax(1))


class Attending(Tagger):
    """True is what is not read, though the name does not say so; an attention to nothing is NaN."""

    def forward(self, ids, mask):
        states = self.rnn(self.embed(ids))[0]
        weights = states.sum(2) if mask is None else states.sum(2).masked_fill(mask, -torch.inf)
        return self.fc((weights.softmax(1)[..., None] * states).sum(1))


class AttendingIfGiven(Attending):
    def forward(self, ids, mask=None):
        return super().forward(ids, mask)


class Cut(Tagger):
    """Leaves off what is beyond the longest sequence."""

    def forward(self, ids, lengths=None):
        return self.fc(self.rnn(self.embed(ids[:, : int(lengths.max())]))[0].mean(1))


class Loop(Tagger):
    """A loop over a cell, which reads padding too."""

    def __init__(self):
        super().__init__("gru")
        self.rnn = nn.GRUCell(5, 6)

    def forward(self, ids):
        state = None
        for step in self.embed(ids).unbind(1):
            state = self.rnn(step, state)
        return self.fc(state)


CALLS = {
    "packed": (Packed, "forward(ids padded on the right to 9 steps, lengths)"),
    "masked": (Masked, "forward(ids padded on the right to 9 steps, mask=ones, zeros on padding)"),
    "number masked": (
        NumberMasked,
        "forward(ids padded on the right to 9 steps, mask=ones (float32), zeros on padding)",
    ),
    "padding masked": (
        PaddingMasked,
        "forward(ids padded on the right to 9 steps, padding_mask=zeros, ones on padding)",
    ),
    "attending": (Attending, "forward(ids padded on the right to 9 steps, mask=zeros, ones on padding)"),
    "attending if given": (
        AttendingIfGiven,
        "forward(ids padded on the right to 9 steps, mask=zeros, ones on padding)",
    ),
    "cut": (Cut, "forward(ids padded on the right to 9 steps, lengths)"),
}


@pytest.mark.parametrize("kind", sorted(CALLS))
@pytest.mark.parametrize("both", [False, True])
@torch.no_grad()
def test_lengths_and_masks_tell_what_is_padding(kind, both):
    torch.manual_seed(2)
    make, text = CALLS[kind]
    module = make("lstm", 2, both).eval()
    model = from_torch(module, classes="abc", encode=encode, probe=PROBE, padding=Padding(9, "right", PAD))
    assert model.call.text == text
    batch = [model.encode(one) for one in ("5 1 9 3 3", "7", "2 2 8 11 10 1 5 6 4")]
    trace = model.trace(batch)
    cut = kind in ("packed", "cut")  # their layers see no padding
    for b, one in enumerate(batch):
        ids = padded(one.inputs, len(one) if cut else 9, "right")
        for name, states in layer_states(module.rnn, module.embed(ids)[0]).items():
            np.testing.assert_allclose(trace.states[name][b, : len(one)], states[: len(one)], atol=1e-5)
        for t in range(len(one)):
            ids, real = padded(one.inputs[: t + 1], 9, "right"), torch.arange(9)[None] <= t
            beside = {"packed": torch.tensor([t + 1]), "cut": torch.tensor([t + 1]), "masked": real,
                      "number masked": real.float()}.get(kind, ~real)  # fmt: skip
            np.testing.assert_allclose(trace.ep[b, t], module(ids, beside).softmax(-1)[0], atol=1e-5)


@pytest.mark.parametrize("side", ["left", "right"])
@torch.no_grad()
def test_a_loop_over_cells_gives_the_states_of_the_steps_alone(side):
    torch.manual_seed(3)
    module = Loop().eval()
    model = from_torch(module, classes="abc", encode=encode, probe=PROBE, padding=Padding(7, side, PAD))
    one = model.encode("5 1 9")
    trace = model.trace([one])
    state, states = None, []
    for step in module.embed(padded(one.inputs, 7, side))[0]:
        state = module.rnn(step[None], state)
        states.append(state[0])
    own = states[4:] if side == "left" else states[:3]
    np.testing.assert_allclose(trace.states["rnn.0"][0], torch.stack(own), atol=1e-5)


class Backwards(Tagger):
    """A second layer on the flipped steps, of all that it is given or of each sequence alone."""

    def __init__(self, by_length=False):
        super().__init__("gru")
        self.back, self.by_length = nn.GRU(5, 6, batch_first=True), by_length

    def forward(self, ids, lengths=None):
        x = self.embed(ids)
        turned = x.flip(1)
        if self.by_length:
            turned = torch.stack(
                [torch.cat([one[:n].flip(0), one[n:]]) for one, n in zip(x, lengths, strict=True)]
            )
        return self.fc(self.rnn(x)[0][:, -1] + self.back(turned)[0][:, -1])


@pytest.mark.parametrize("side", ["left", "right"])
@torch.no_grad()
def test_steps_that_are_flipped_with_their_padding_stand_at_their_places(side):
    torch.manual_seed(5)
    module = Backwards().eval()
    model = from_torch(module, classes="abc", encode=encode, probe=PROBE, padding=Padding(9, side, PAD))
    one = model.encode("5 1 9 2")
    expected = module.back(module.embed(padded(one.inputs, 9, side)).flip(1))[0].flip(1)[0]
    own = expected[5:] if side == "left" else expected[:4]
    np.testing.assert_allclose(model.trace([one]).states["back.0.reverse"][0], own, atol=1e-5)


def test_steps_that_are_reversed_by_length_are_refused():
    module = Backwards(by_length=True).eval()
    with pytest.raises(ModelError, match="`back` reads the steps of a padded sequence in other places"):
        from_torch(module, classes="abc", encode=encode, probe=PROBE, padding=Padding(9, "right", PAD))
    left_out = from_torch(
        module, classes="abc", encode=encode, probe=PROBE, recurrent=["rnn"], padding=Padding(9, "right", PAD)
    )
    assert [layer.name for layer in left_out.layers] == ["rnn.0"]


def test_a_layer_that_leaves_off_the_wrong_end_is_refused():
    with pytest.raises(ModelError, match="without its padding on the left: which ones can't be told"):
        from_torch(
            Packed("gru").eval(), classes="abc", encode=encode, probe=PROBE, padding=Padding(9, "left", PAD)
        )


def test_a_head_is_not_looked_for_and_not_taken():
    padding, module = Padding(9, "right", PAD), Tagger("gru").eval()
    assert from_torch(module, classes="abc", encode=encode, probe=PROBE).way.name == "head"
    model = from_torch(module, classes="abc", encode=encode, probe=PROBE, padding=padding)
    assert (model.way.name, model.way.why) == (
        "prefixes", "the first steps of a sequence are padded as a whole one is"
    )  # fmt: skip
    with pytest.raises(ModelError, match="`fc` can't be read step by step: the first steps"):
        from_torch(module, classes="abc", encode=encode, probe=PROBE, padding=padding, head="fc")


class Flattened(Tagger):
    """Reads sequences of 8 steps alone."""

    def __init__(self, cell="lstm", both=False):
        super().__init__(cell, 1, both)
        self.fc = nn.Sequential(nn.Linear(8 * (12 if both else 6), 10), nn.ReLU(), nn.Linear(10, 3))

    def forward(self, ids):
        return self.fc(self.rnn(self.embed(ids))[0].flatten(1))


class Placed(Tagger):
    """A vector for each of 8 places."""

    def __init__(self):
        super().__init__("gru")
        self.places = nn.Parameter(torch.randn(8, 5))

    def forward(self, ids):
        return self.fc(self.rnn(self.embed(ids) + self.places)[0][:, -1])


class AcrossSteps(Tagger):
    """Normalises each step over the batch."""

    def __init__(self):
        super().__init__("rnn")
        self.norm = nn.BatchNorm1d(8)

    def forward(self, ids):
        return self.fc(self.rnn(self.norm(self.embed(ids)))[0][:, -1])


@pytest.mark.parametrize("make", [Flattened, lambda: Flattened("gru", both=True), Placed, AcrossSteps])
@torch.no_grad()
def test_a_module_of_one_length_is_told_how_to_come_in(make):
    torch.manual_seed(6)
    module = make().eval()
    with pytest.raises(ModelError, match=r"can be called with 8 steps: .* set `tokens.pad_to: 8`\."):
        from_torch(module, classes="abc", encode=encode, probe=PROBE)
    with pytest.raises(ModelError, match=r"set `tokens.pad_to: 8`\."):
        from_torch(module, classes="abc", encode=encode, probe=PROBE, padding=Padding(20, "left"))
    model = from_torch(module, classes="abc", encode=encode, probe=PROBE, padding=Padding(8, "left", PAD))
    one = model.encode("5 1 9 2")
    for t in range(4):
        own = module(padded(one.inputs[: t + 1], 8, "left")).softmax(-1)[0]
        np.testing.assert_allclose(model.trace([one]).ep[0, t], own, atol=1e-5)


def test_feature_vectors_are_padded_with_rows_of_a_number():
    torch.manual_seed(1)
    module = Tagger("gru").eval()
    module.embed = nn.Linear(2, 5)

    def read(values):
        return [str(v) for v in values], np.array([[v, -v] for v in values], np.float32)

    model = from_torch(
        module, classes="abc", encode=read, probe=[range(7), range(3)], padding=Padding(6, "left", -1)
    )
    given = torch.tensor([[-1.0, -1]] * 4 + [[1.5, -1.5], [2, -2]])[None]
    one = Encoded(["a", "b"], given[0, 4:].numpy(), np.ones(2, bool), 0, 0)
    np.testing.assert_allclose(model.answer([one])[0], module(given).softmax(-1)[0].detach(), atol=1e-6)
