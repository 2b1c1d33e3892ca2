"""Models that do not read every length: kernels, pooling, deviations; what is too short has no EP."""

from collections import Counter

import numpy as np
import pytest
import torch
from torch import nn

from hsvis.build.extraction import extract
from hsvis.errors import ModelError
from hsvis.models import from_torch
from hsvis.models.protocol import Encoded, why_left_out
from hsvis.models.user.user_model import decisions

WORDS = 20
PROBE = ["3 1 4 1 5 9 2 6 5 3 5 8 9 7 9", "2 7 1 8 2 8 1 8 2 8"]
TEXTS = ["3 1 4 1 5 9 2 6 5 3 5 8", "2 7 1 8 2 8 1", "1 2 3 4 5 6 7 8 9 10 11", "4 4 4"]


def encode(text: str) -> Encoded:
    ids = [int(word) for word in text.split()]
    return Encoded(text.split(), np.array(ids, np.int64), np.ones(len(ids), bool), 0, len(text))


class Beside(nn.Module):
    """An answer from a GRU and from something that needs several steps."""

    def __init__(self, more, classes: int = 3) -> None:
        super().__init__()
        torch.manual_seed(5)
        self.words = nn.Embedding(WORDS, 6)
        self.rnn = nn.GRU(6, 4, batch_first=True)
        self.conv = nn.Conv1d(6, 4, 7)
        self.small = nn.Conv1d(6, 4, 3)
        self.out = nn.Linear(8, classes)
        self.more = more

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.words(ids)
        return self.out(torch.cat([self.rnn(x)[0][:, -1], self.more(self, x)], 1))


def kernel(module, x):
    return module.conv(x.mT).amax(2)


def small_kernel(module, x):
    return module.small(x.mT).amax(2)


def pooled(module, x):
    return nn.functional.max_pool1d(x.mT, 6).amax(2)[:, :4]


def deviation(module, x):
    return x.std(1)[:, :4]  # of one step it is NaN


def nothing_left(module, x):
    return x[:, 3:, :4].mean(1)  # of nothing it is NaN


def refused(module, x):
    if x.shape[1] < 5:
        raise ValueError("a sentence has five words\nat least.")
    return x[:, -1, :4]


LEAST = {kernel: 7, small_kernel: 3, pooled: 6, deviation: 2, nothing_left: 4, refused: 5}


@pytest.mark.filterwarnings("ignore:std")
@pytest.mark.parametrize("more", LEAST, ids=lambda one: one.__name__)
def test_eps_are_the_answers_to_prefixes_and_nothing_where_there_is_none(more):
    module, least = Beside(more).eval(), LEAST[more]
    model = from_torch(module, classes="abc", encode=encode, probe=PROBE)
    assert (model.shortest.steps, model.way.name) == (least, "prefixes")
    batch = [encode(text) for text in TEXTS if len(encode(text)) >= least]
    trace, found = model.trace(batch), extract(model, batch)
    begin = 0
    for k, one in enumerate(batch):
        ids = torch.tensor(one.inputs[None])
        with torch.no_grad():
            own = [module(ids[:, :t]).softmax(1)[0].numpy() for t in range(least, len(one) + 1)]
            states = module.rnn(module.words(ids))[0][0].numpy()
        for ep in (trace.ep[k, : len(one)], found.ep[begin : begin + len(one)]):
            assert np.isnan(ep[: least - 1]).all()
            np.testing.assert_allclose(ep[least - 1 :], own, atol=1e-5)
        np.testing.assert_allclose(trace.states["rnn.0"][k, : len(one)], states, atol=1e-5)
        begin += len(one)
    np.testing.assert_allclose(model.answer(batch), [trace.ep[k, len(o) - 1] for k, o in enumerate(batch)])


@pytest.mark.parametrize("more", [kernel, refused], ids=lambda one: one.__name__)
def test_what_is_too_short_is_told_with_what_the_model_said(more):
    model = from_torch(Beside(more), classes="abc", encode=encode, probe=PROBE)
    told = next(one.text for one in decisions(model) if one.code == "short-prefixes")
    assert f"no fewer than {LEAST[more]} steps" in told
    assert ("Kernel size" if more is kernel else "“a sentence has five words”") in told
    why = Counter(why_left_out(model, encode(text)) for text in [*TEXTS, ""])
    assert why["no words"] == 1
    assert why[f"shorter than {LEAST[more]} steps"] == 1


def test_a_head_gives_no_ep_that_the_model_itself_does_not_give():

    class Head(nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.rnn = nn.Embedding(WORDS, 6), nn.GRU(6, 4, batch_first=True)
            self.out = nn.Linear(4, 3)

        def forward(self, ids):
            if ids.shape[1] < 4:
                raise ValueError("too short")
            return self.out(self.rnn(self.words(ids))[0][:, -1])

    model = from_torch(Head(), classes="abc", encode=encode, probe=PROBE)
    assert (model.way.name, model.shortest.steps) == ("head", 4)
    ep = model.trace([encode(TEXTS[0])]).ep[0]
    assert np.isnan(ep[:3]).all()
    assert np.isfinite(ep[3:]).all()


def test_models_that_read_every_length_have_no_gap():
    causal = Beside(lambda module, x: module.small(nn.functional.pad(x.mT, (2, 0)))[..., -1])
    model = from_torch(causal, classes="abc", encode=encode, probe=PROBE)
    assert model.shortest.gap == ""
    assert not [one for one in decisions(model) if one.code == "short-prefixes"]
    assert np.isfinite(model.trace([encode("3 1")]).ep).all()


def test_a_model_of_one_length_is_still_told_to_be_padded():
    class Flat(Beside):
        def __init__(self):
            super().__init__(kernel)
            self.flat = nn.Linear(12 * 4, 3)

        def forward(self, ids):
            return self.flat(self.rnn(self.words(ids))[0].flatten(1))

    with pytest.raises(ModelError, match="`tokens.pad_to: 12`"):
        from_torch(Flat(), classes="abc", encode=encode, probe=PROBE)


def test_nan_beyond_the_least_length_is_refused():
    class Wrong(Beside):
        def forward(self, ids):
            found = super().forward(ids)
            return torch.where((ids[:, -1:] == 8) & (ids.shape[1] > 9), torch.nan, found)

    model = from_torch(Wrong(kernel), classes="abc", encode=encode, probe=[PROBE[0][:-4]])
    with pytest.raises(ModelError, match="NaN or infinite"):
        model.trace([encode(TEXTS[0])])
