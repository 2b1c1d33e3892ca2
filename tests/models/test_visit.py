"""A user's module is found as it was left: generators, training mode; yet always asked in evaluation mode."""

import random
from contextlib import suppress

import numpy as np
import pytest
import torch
from torch import nn

from hsvis.errors import ModelError
from hsvis.models.user.adapter import from_torch

WORDS = 12
PROBE = ["1 2 3 4 5 6 7", "9 8 7", "4 4 5 1"]


def encode(text):
    words = text.split()
    return words, [int(word) % WORDS for word in words]


class Drawing(nn.Module):
    """Draws from every generator, and notes in which mode it does."""

    def __init__(self, pooled=False):
        super().__init__()
        torch.manual_seed(3)
        self.embed, self.drop = nn.Embedding(WORDS, 5), nn.Dropout(0.5)
        self.rnn = nn.LSTM(5, 6, num_layers=2, dropout=0.5, batch_first=True)
        self.norm, self.fc = nn.BatchNorm1d(6), nn.Linear(6, 2)
        self.pooled, self.modes = pooled, set()

    def forward(self, ids):
        if ids.shape[1] > 20:
            raise ValueError("too long")
        self.modes |= {part.training for part in self.modules()}
        drawn = torch.rand(()) + np.random.rand() + random.random()
        if ids.is_cuda:
            drawn = drawn + torch.rand((), device=ids.device)
        out = self.rnn(self.drop(self.embed(ids)))[0]
        return self.fc(self.norm(out.mean(1) if self.pooled else out[:, -1])) + 0 * drawn


def generators():
    """What each generator gives next, without advancing it."""
    found = [torch.get_rng_state().numpy().tobytes(), random.getstate(), str(np.random.get_state())]
    if torch.cuda.is_available():
        found += [one.numpy().tobytes() for one in torch.cuda.get_rng_state_all()]
    return found


DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")),
]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("pooled", [False, True])
def test_global_random_generators_are_as_before(pooled, device):
    module = Drawing(pooled).to(device)
    before = generators()
    model = from_torch(module, classes="ab", encode=encode, probe=PROBE)
    assert model.way.name == ("prefixes" if pooled else "head")
    assert generators() == before
    batch = [model.encode("3 1 4 1 5"), model.encode("2 7")]
    model.trace(batch)
    assert generators() == before
    model.answer(batch)
    assert generators() == before
    module.eval()(torch.tensor([[1, 2]], device=device))
    assert generators() != before  # it does draw


def modes(module):
    return {path: part.training for path, part in module.named_modules()}


def test_every_part_has_the_mode_it_had_and_is_asked_in_evaluation_mode():
    module = Drawing().train()
    module.norm.eval()  # frozen, while the rest is trained
    before = modes(module)
    weights = {name: one.clone() for name, one in module.state_dict().items()}
    model = from_torch(module, classes="ab", encode=encode, probe=PROBE)
    assert modes(module) == before
    batch = [model.encode("3 1 4 1 5"), model.encode("2 7")]
    first = model.trace(batch)
    assert modes(module) == before
    model.answer(batch)
    assert modes(module) == before
    assert module.modes == {False}
    assert all(torch.equal(one, weights[name]) for name, one in module.state_dict().items())
    module.eval()
    np.testing.assert_array_equal(model.trace(batch).ep, first.ep)
    assert not any(modes(module).values())


def test_a_module_that_raises_is_as_before_too():
    module = Drawing().train()
    model = from_torch(module, classes="ab", encode=encode, probe=PROBE)
    before, mode = generators(), modes(module)
    with pytest.raises(ModelError, match="too long"):
        model.trace([model.encode("1 " * 21)])
    with suppress(ModelError):
        from_torch(module, classes="abcd", encode=encode, probe=PROBE)
    assert generators() == before
    assert modes(module) == mode


class Merging(nn.Module):
    """Merges an added weight into another for use, as adapters of large models do."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.embed, self.rnn = nn.Embedding(WORDS, 5), nn.GRU(5, 6, batch_first=True)
        self.fc, self.added = nn.Linear(6, 2), nn.Parameter(torch.randn(2, 6))

    def train(self, mode=True):
        if mode != self.training:
            self.fc.weight.data += self.added.data * (-1 if mode else 1)
        return super().train(mode)

    def forward(self, ids):
        return self.fc(self.rnn(self.embed(ids))[0][:, -1])


def test_what_a_module_does_for_evaluation_is_undone():
    module = Merging()
    before = module.fc.weight.detach().clone()
    model = from_torch(module, classes="ab", encode=encode, probe=PROBE)
    batch = [model.encode("3 1 4 1 5")]
    found = model.trace(batch).ep
    assert module.training
    torch.testing.assert_close(module.fc.weight.detach(), before)
    with torch.no_grad():
        own = module.eval()(torch.tensor([[3, 1, 4, 1, 5]])).softmax(-1)
    np.testing.assert_allclose(found[:, -1], own, atol=1e-5)
