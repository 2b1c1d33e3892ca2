"""How anyone's module is called, what its outputs mean, and which way a hand-written loop reads."""

import numpy as np
import pytest
import torch
from torch import nn

from hsvis.errors import ModelError
from hsvis.models.user.adapter import from_torch
from hsvis.models.user.arguments import Argument, ways_of
from hsvis.models.user.calling import Caller

WORDS = 12
PROBE = ["1 2 3 4 5 6 7", "9 8 7", "4 4 5 1"]


def encode(text):
    words = text.split()
    return words, [int(word) % WORDS for word in words]


def read(module, classes="ab"):
    return from_torch(module, classes=list(classes), encode=encode, probe=PROBE)


class Base(nn.Module):
    def __init__(self, outputs=2, batch_first=True):
        super().__init__()
        torch.manual_seed(3)
        self.embed = nn.Embedding(WORDS, 5)
        self.rnn = nn.GRU(5, 6, batch_first=batch_first)
        self.fc = nn.Linear(6, outputs)

    def last(self, ids, hidden=None):
        return self.fc(self.rnn(self.embed(ids), hidden)[1][-1])

    def at(self, ids, lengths):
        assert torch.is_tensor(lengths)
        assert lengths.dtype == torch.int64
        return self.fc(self.rnn(self.embed(ids))[0][torch.arange(len(ids)), lengths - 1])


class HiddenFirst(Base):
    def forward(self, ids, hidden=None, lengths=None):
        return self.last(ids, hidden) if lengths is None else self.at(ids, lengths)


class Flag(Base):
    def forward(self, ids, return_lengths=False):
        return (torch.ones(len(ids)), self.last(ids)) if return_lengths else self.last(ids)


class KeywordOnly(Base):
    def forward(self, ids, *, seq_lens):
        return self.at(ids, seq_lens)


class WithState(Base):
    """As in a much copied course notebook."""

    def forward(self, x, hidden, lengths):
        return self.fc(self.rnn(self.embed(x), hidden)[0][torch.arange(len(x)), lengths - 1]), hidden

    def init_hidden(self, batch_size):
        return torch.zeros(1, batch_size, 6)


class NeedsState(Base):
    def forward(self, ids, h0):
        assert h0 is None
        return self.last(ids, h0)


class Masked(Base):
    def forward(self, ids, attention_mask):
        assert attention_mask.all()
        return self.at(ids, attention_mask.sum(1))


class Whole(Base):
    def forward(self, ids, length=7):
        return self.last(ids[:, : int(length)])  # a number, not a length a sequence


class HiddenTimeFirst(Base):
    def forward(self, ids, hidden=None, input_lengths=None):  # (T, B)
        return self.fc(self.rnn(self.embed(ids), hidden)[0][input_lengths - 1, torch.arange(ids.shape[1])])


@pytest.mark.parametrize(
    "kind", [HiddenFirst, Flag, KeywordOnly, WithState, NeedsState, Masked, Whole, HiddenTimeFirst]
)
def test_lengths_are_given_by_the_name_they_have(kind):
    module = kind(batch_first=kind is not HiddenTimeFirst)
    model = read(module)
    ids = torch.tensor([[3, 1, 4, 1, 5]])
    with torch.no_grad():
        ordered = ids if module.rnn.batch_first else ids.T
        own = module.last(ordered).softmax(-1)
    trace = model.trace([model.encode("3 1 4 1 5")])
    np.testing.assert_allclose(trace.ep[:, -1], own, atol=1e-6, rtol=0)
    assert model.way.name == "head"


class PaddingMask(Base):
    """True is padding."""

    def forward(self, ids, key_padding_mask):
        return self.fc(self.rnn(self.embed(ids).masked_fill(key_padding_mask[..., None], 0))[1][-1])


class ReadMask(Base):
    """True is read."""

    def forward(self, ids, padding_mask):
        return self.fc(self.rnn(self.embed(ids) * padding_mask[..., None])[1][-1])


class NumberMask(Base):
    """Holds the state where it is 0, by a subtraction that truth values do not have."""

    def forward(self, ids, mask):
        read, held = mask[..., None], 1 - mask[..., None]
        return self.fc(self.rnn(self.embed(ids) * read + 7 * held)[1][-1])


class NumberPadding(Base):
    def forward(self, ids, pad_mask):
        return self.fc(self.rnn(self.embed(ids) * (1.0 - pad_mask)[..., None])[1][-1])


class TwoStates(Base):
    def forward(self, ids, h0, c0):
        assert c0.shape == h0.shape
        return self.last(ids, h0)

    def init_hidden(self, batch_size=1):
        return torch.zeros(1, batch_size, 6), torch.zeros(1, batch_size, 6)


class OwnDefault(Base):
    def forward(self, ids, context_length=2.0):
        assert context_length == 2.0
        return self.last(ids)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (PaddingMask, "forward(ids, key_padding_mask=zeros)"),
        (ReadMask, "forward(ids, padding_mask=ones)"),
        (NumberMask, "forward(ids, mask=ones (float32))"),
        (NumberPadding, "forward(ids, pad_mask=zeros (float32))"),
        (TwoStates, "forward(ids, h0=init_hidden(batch), c0=init_hidden(batch))"),
        (OwnDefault, "forward(ids)"),
    ],
)
def test_what_is_given_leaves_the_input_its_effect(kind, text):
    module = kind()
    model = read(module)
    assert model.call.text == text
    with torch.no_grad():
        own = module.last(torch.tensor([[3, 1, 4]])).softmax(-1)
    np.testing.assert_allclose(model.answer([model.encode("3 1 4")]), own, atol=1e-6)


class Sorting(Base):
    """Sorts its batch by length, as packing wants it; sequences of one length change places."""

    def forward(self, ids, lengths):
        order = torch.arange(len(ids)).flip(0) if len(ids) > 16 else torch.arange(len(ids))
        out = self.rnn(self.embed(ids[order]))[1][-1]
        return self.fc(out[order.argsort()])


def test_a_model_that_changes_the_order_of_its_batch_is_asked_alone():
    module = Sorting()
    model = read(module)
    assert model.alone
    rng = np.random.default_rng(0)
    texts = [" ".join(map(str, rng.integers(1, 9, 6))) for _ in range(30)]
    trace = model.trace(list(map(model.encode, texts)))
    for k, text in enumerate(texts):
        ids = torch.tensor([list(map(int, text.split()))])
        with torch.no_grad():
            own = module.rnn(module.embed(ids))[0][0]
        np.testing.assert_allclose(trace.states["rnn.0"][k], own, atol=1e-5)


def test_lengths_are_preferred_where_they_are_optional():
    seen = []

    class Optional(Base):
        def forward(self, ids, lengths=None):
            seen.append(lengths)
            return self.last(ids)

    read(Optional())
    assert all(one is not None for one in seen)


def test_the_first_problem_is_told():
    class Broken(Base):
        def forward(self, ids, mask):
            return self.nothing(ids)

    with pytest.raises(
        ModelError, match=r"forward\(ids, mask=ones\) with inputs of shape \(3, 5\).*no attribute"
    ):
        read(Broken())


UNKNOWN = [
    "station",
    "user",
    "topic_id",
    "aspect",
    "second",
    "speaker",
    "labels",
    "hypothesis",
    "max_len",
    "language",
    "x2",
    "targets",
    "max_length",
    "y",
    "teacher",
]


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_argument_whose_name_says_nothing_is_refused_by_name(name):
    space = {"Base": Base}
    exec(f"class Needing(Base):\n def forward(self, ids, {name}): return self.last(ids)", space)
    with pytest.raises(ModelError, match=rf"`{name}` must be given"):
        read(space["Needing"]())


SAID = {
    "lengths": ["lengths", "seq_len", "x_lens", "text_lengths", "length", "seqlens", "src_len"],
    "state": ["hidden", "h0", "hx", "prev_state", "state", "hidden_state"],
    "mask": ["mask", "attention_mask", "src_key_padding_mask"],
}


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for kind, names in SAID.items() for name in names])
def test_an_argument_is_what_its_name_says(name, kind):
    space = {"Base": Base}
    exec(f"class Needing(Base):\n def forward(self, ids, {name}): return self.last(ids)", space)
    assert {one.kind for given in ways_of(space["Needing"]()) for one in given} == {kind}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (HiddenFirst, "forward(ids, lengths)"),
        (WithState, "forward(x, hidden=init_hidden(batch), lengths)"),
        (NeedsState, "forward(ids, h0=None)"),
        (Masked, "forward(ids, attention_mask=ones)"),
        (Whole, "forward(ids)"),
    ],
)
def test_the_call_is_told(kind, text):
    assert read(kind()).call.text == text


def test_lengths_can_be_moved_to_the_inputs():
    inputs, lengths = torch.ones(3, 5, device="meta"), torch.ones(3, dtype=torch.int64)
    for moved, device in ((False, "cpu"), (True, "meta")):
        call = Caller((Argument("lengths", "lengths", by_name=False),), moved=moved)
        assert call(lambda _, given: given.device.type, inputs, lengths) == device


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("packed", [False, True])
def test_lengths_are_on_the_device_where_the_module_wants_them(packed):
    class Masked(Base):
        def forward(self, ids, lengths):
            x = self.embed(ids)
            if packed:  # wants lengths on the CPU
                x = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
                return self.fc(self.rnn(x)[1][-1])
            mask = torch.arange(ids.shape[1], device=ids.device) < lengths[:, None]
            return self.fc((self.rnn(x)[0] * mask[..., None]).sum(1))

    model = read(Masked().cuda())
    assert np.allclose(model.trace([model.encode("1 2 3")]).ep.sum(-1), 1)


class Ends(Base):
    """Ends as it is told to."""

    def __init__(self, outputs, end, grad=True):
        super().__init__(outputs)
        self.end, self.grad = end, grad

    def forward(self, ids):
        with torch.set_grad_enabled(self.grad and torch.is_grad_enabled()):
            return self.end(self.fc(self.rnn(self.embed(ids))[0]))  # (B, T, outputs)


def last(x):
    return x[torch.arange(len(x)), torch.full((len(x),), x.shape[1]) - 1]


ONE = {  # of a single output: how it ends, and the probability in it
    "logit": (last, torch.sigmoid),
    "sigmoid": (lambda x: last(x.sigmoid()), lambda p: p),
    "squeezed": (lambda x: last(x.sigmoid()).squeeze(1), lambda p: p),
    "mean": (lambda x: x.sigmoid().mean(1), lambda p: p),
    "clamped": (lambda x: last(x.sigmoid()).clamp(1e-6, 1 - 1e-6), lambda p: p),
    "one of two": (lambda x: torch.stack([-x, x], -1).softmax(-1)[:, -1, :, 1], lambda p: p),
    "by hand": (lambda x: last(1 / (1 + torch.exp(-x))), lambda p: p),
    "double": (lambda x: last(x.sigmoid()).double(), lambda p: p.float()),
    "log": (lambda x: last(nn.functional.logsigmoid(x)), torch.exp),
    "log by hand": (lambda x: last(x).sigmoid().log(), torch.exp),
    "tanh": (lambda x: last(x).tanh(), torch.sigmoid),
}


@pytest.mark.parametrize("frozen", ["no", "weights", "forward"])
@pytest.mark.parametrize("end", list(ONE))
@pytest.mark.parametrize("shift", [-3, 0, 3])
def test_no_link_is_applied_twice(end, frozen, shift):
    made, link = ONE[end]
    module = Ends(1, made, grad=frozen != "forward").requires_grad_(frozen != "weights")
    module.fc.bias.data += shift  # all outputs on one side
    before = {name: (weight.clone(), weight.data_ptr()) for name, weight in module.named_parameters()}
    model = read(module)
    ids = torch.tensor([[3, 1, 4, 1, 5]])
    with torch.no_grad():
        own = link(module(ids)).reshape(1)
    trace = model.trace([model.encode("3 1 4 1 5")])
    np.testing.assert_allclose(trace.ep[0, -1, 1:], own, atol=1e-5, rtol=0)
    for name, weight in module.named_parameters():  # as it was, where it was
        assert torch.equal(weight, before[name][0])
        assert weight.data_ptr() == before[name][1]
        assert weight.requires_grad == (frozen != "weights")


MANY = {
    "logits": (last, lambda p: p.softmax(-1)),
    "softmax": (lambda x: last(x.softmax(-1)), lambda p: p),
    "mean": (lambda x: x.softmax(-1).mean(1), lambda p: p),
    "log": (lambda x: last(x.log_softmax(-1)), torch.exp),
    "distances": (lambda x: -(last(x) ** 2), lambda p: p.softmax(-1)),
    "relu": (lambda x: last(x).relu(), lambda p: p.softmax(-1)),
    "half": (lambda x: last(x).softmax(-1).bfloat16(), lambda p: p.float()),
}


@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize("end", list(MANY))
def test_outputs_for_each_class_are_told_by_numbers(end, grad):
    made, link = MANY[end]
    module = Ends(3, made, grad)
    model = read(module, "abc")
    with torch.no_grad():
        own = link(module(torch.tensor([[3, 1, 4, 1, 5]])))
    trace = model.trace([model.encode("3 1 4 1 5")])
    np.testing.assert_allclose(trace.ep[:, -1], own, atol=1e-5, rtol=0)


@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize("end", [lambda x: last(x.sigmoid()), lambda x: x.softmax(-1).max(1).values])
def test_probabilities_of_classes_that_do_not_exclude_each_other_are_refused(end, grad):
    with pytest.raises(ModelError, match=r"sum to \d\.\d+, not 1.*do not exclude each other.*independent"):
        read(Ends(3, end, grad), "abc")


def test_weights_used_by_hand_are_tried_too():
    class Raw(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.embed, self.rnn = nn.Embedding(WORDS, 5), nn.GRU(5, 6, batch_first=True)
            self.out = nn.Parameter(torch.randn(6, 1))

        @torch.no_grad()
        def forward(self, ids):
            return (self.rnn(self.embed(ids))[0][:, -1] @ self.out).sigmoid()

    assert read(Raw()).answers.kind == "probabilities"
