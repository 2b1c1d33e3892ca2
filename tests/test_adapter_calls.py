"""How anyone's module is called, what its outputs mean, and which way a hand-written loop reads."""

import numpy as np
import pytest
import torch
from torch import nn

from hsvis.errors import ModelError
from hsvis.models.adapter import from_torch
from hsvis.models.calling import _caller

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


class Unlikely(Base):
    def forward(self, ids, second):
        return self.at(ids, second)


class Whole(Base):
    def forward(self, ids, length=7):
        return self.last(ids[:, : int(length)])  # a number, not a length a sequence


class HiddenTimeFirst(Base):
    def forward(self, ids, hidden=None, input_lengths=None):  # (T, B)
        return self.fc(self.rnn(self.embed(ids), hidden)[0][input_lengths - 1, torch.arange(ids.shape[1])])


@pytest.mark.parametrize("kind", [HiddenFirst, Flag, KeywordOnly, Unlikely, Whole, HiddenTimeFirst])
def test_lengths_are_given_by_the_name_they_have(kind):
    module = kind(batch_first=kind is not HiddenTimeFirst)
    model = read(module)
    ids = torch.tensor([[3, 1, 4, 1, 5]])
    with torch.no_grad():
        ordered = ids if module.rnn.batch_first else ids.T
        own = module.last(ordered).softmax(-1)
    trace = model.trace([model.encode("3 1 4 1 5")])
    torch.testing.assert_close(trace.ep[:, -1], own, atol=1e-6, rtol=0)
    assert model.way.name == "head"


def test_lengths_are_preferred_where_they_are_optional():
    seen = []

    class Optional(Base):
        def forward(self, ids, lengths=None):
            seen.append(lengths)
            return self.last(ids)

    read(Optional())
    assert all(one is not None for one in seen)


def test_the_first_problem_is_told():
    class Three(Base):
        def forward(self, ids, mask, other):
            return self.last(ids)

    with pytest.raises(
        ModelError, match=r"inputs and lengths of shape \(3, 5\).*missing 1 required positional"
    ):
        read(Three())


def test_lengths_can_be_moved_to_the_inputs():
    inputs, lengths = torch.ones(3, 5, device="meta"), torch.ones(3, dtype=torch.int64)
    for moved, device in ((False, "cpu"), (True, "meta")):
        call = _caller("", time_first=False, moved=moved)
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
