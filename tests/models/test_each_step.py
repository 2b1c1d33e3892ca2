"""Models that answer after every step: taggers, language models; each output is the EP of its step."""

import numpy as np
import pytest
import torch
from torch import nn

from hsvis.errors import ModelError
from hsvis.models import from_torch
from hsvis.models.protocol import Encoded
from hsvis.models.user.reading.padding import Padding
from hsvis.models.user.user_model import decisions

WORDS = 20
PROBE = ["3 1 4 1 5 9", "2 7 1 8 2 8 1 8"]
TEXTS = ["3 1 4 1 5", "2 7 1", "9", "1 2 3 4 5 6 7 8 9 10 11"]


def encode(text: str) -> Encoded:
    ids = [int(word) for word in text.split()]
    return Encoded(text.split(), np.array(ids, np.int64), np.ones(len(ids), bool), 0, len(text))


class Tagger(nn.Module):
    """Logits (B, T, C) of a bidirectional LSTM, in any shape."""

    def __init__(self, shape, classes: int, cell=nn.LSTM, *, reads_both: bool = True) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.words = nn.Embedding(WORDS, 6)
        self.rnn = cell(6, 4, batch_first=True, bidirectional=reads_both)
        self.out = nn.Linear(4 * (1 + reads_both), classes)
        self.shape = shape

    def logits(self, ids: torch.Tensor) -> torch.Tensor:
        return self.out(self.rnn(self.words(ids))[0])

    def forward(self, ids: torch.Tensor):
        return self.shape(self.logits(ids))


class TimeFirst(Tagger):
    def forward(self, ids: torch.Tensor):
        return self.shape(self.logits(ids.T))


SHAPES = {
    "(batch, time, classes)": lambda out: out,
    "(batch, classes, time)": lambda out: out.transpose(1, 2),
    "(time, batch, classes)": lambda out: out.transpose(0, 1),
    "(batch × time, classes)": lambda out: out.reshape(-1, out.shape[-1]),
    "(time × batch, classes)": lambda out: out.transpose(0, 1).reshape(-1, out.shape[-1]),
}
PACKED = {
    "logits": (lambda out: out, "logits of each class"),
    "log-probabilities": (lambda out: out.log_softmax(-1), "log-probabilities of each class"),
    "probabilities in a tuple": (
        lambda out: (out.argmax(-1), out.softmax(-1)),
        "probabilities of each class",
    ),
}


def own_eps(module: Tagger, text: str) -> np.ndarray:
    """(T, C) of one plain call."""
    with torch.no_grad():
        return module.logits(torch.tensor([encode(text).inputs])).softmax(-1)[0].numpy()


@pytest.mark.parametrize("classes", [2, 3, 4, 5])  # 3 and 5: sequences and steps of a probe
@pytest.mark.parametrize("said", SHAPES)
@pytest.mark.parametrize("kind", [Tagger, TimeFirst])
def test_the_output_of_a_step_is_its_ep_in_whatever_shape(kind, said, classes):
    module = kind(SHAPES[said], classes).eval()
    model = from_torch(module, classes="abcde"[:classes], encode=encode, probe=PROBE)
    assert model.way.name == "each step"
    assert any(one.code == "each-step" and said in one.text for one in decisions(model))
    batch = [encode(text) for text in TEXTS]
    trace, answers = model.trace(batch), model.answer(batch)
    for k, text in enumerate(TEXTS):
        own = own_eps(module, text)
        np.testing.assert_allclose(trace.ep[k, : len(own)], own, atol=1e-5)
        np.testing.assert_allclose(answers[k], own[-1], atol=1e-5)


@pytest.mark.parametrize("said", PACKED)
def test_outputs_of_steps_are_told_apart_as_those_of_sequences(said):
    shape, kind = PACKED[said]
    model = from_torch(Tagger(shape, 4), classes="abcd", encode=encode, probe=PROBE)
    assert str(model.answers) == kind
    trace = model.trace([encode(TEXTS[0])])
    np.testing.assert_allclose(trace.ep[0], own_eps(model.module, TEXTS[0]), atol=1e-5)


@pytest.mark.parametrize("flat", [False, True])
def test_one_output_a_step_is_the_probability_of_the_second_class(flat):
    module = Tagger(lambda out: out.sigmoid() if flat is False else out.sigmoid().squeeze(-1), 1)
    model = from_torch(module, classes="ab", encode=encode, probe=PROBE)
    with torch.no_grad():
        second = module.logits(torch.tensor([encode(TEXTS[0]).inputs])).sigmoid()[0, :, 0].numpy()
    trace = model.trace([encode(TEXTS[0])])
    np.testing.assert_allclose(trace.ep[0], np.stack([1 - second, second], 1), atol=1e-5)


@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_is_no_step_of_an_answer(side):
    module = Tagger(SHAPES["(batch, time, classes)"], 3).eval()
    padding = Padding(12, side, 0)
    model = from_torch(module, classes="abc", encode=encode, probe=PROBE, padding=padding)
    trace = model.trace([encode(text) for text in TEXTS])
    for k, text in enumerate(TEXTS):
        ids = encode(text).inputs
        filled = np.zeros(12, np.int64)
        filled[padding.own(len(ids))] = ids
        with torch.no_grad():
            own = module.logits(torch.tensor(filled[None])).softmax(-1)[0].numpy()[padding.own(len(ids))]
        np.testing.assert_allclose(trace.ep[k, : len(ids)], own, atol=1e-5)


def test_a_model_that_answers_both_ways_is_asked_as_it_is_said():
    both = lambda out: (out[:, -1], out)  # noqa: E731
    module = Tagger(both, 3, reads_both=False).eval()
    whole = from_torch(module, classes="abc", encode=encode, probe=PROBE)
    each = from_torch(module, classes="abc", encode=encode, probe=PROBE, answers=["each step"])
    assert (whole.way.name, each.way.name) == ("head", "each step")
    batch = [encode(text) for text in TEXTS]
    np.testing.assert_allclose(whole.trace(batch).ep, each.trace(batch).ep, atol=1e-5)  # it reads forwards
    with pytest.raises(ModelError, match=r"several tensors that may be its answer: .*steps alone"):
        twice = Tagger(lambda out: (out, 2 * out), 3)
        from_torch(twice, classes="abc", encode=encode, probe=PROBE)


def test_weights_of_attention_are_no_answers():
    module = Tagger(lambda out: (out[:, :, 0].softmax(-1), out[:, -1, :1].expand(-1, 4)), 2)
    with pytest.raises(ModelError, match="no tensor that the model returns is an answer"):
        from_torch(module, classes="ab", encode=encode, probe=PROBE)
    module = Tagger(lambda out: out[:, ::2], 3)
    with pytest.raises(ModelError, match=r"the shape \(3, 3, 3\)"):
        from_torch(module, classes="abc", encode=encode, probe=PROBE)
    with pytest.raises(ModelError, match=r"of the shape \(3, 5, 3\) for 3 sequences of 5 steps"):
        from_torch(
            Tagger(lambda out: out[:, -1], 3),
            classes="abc",
            encode=encode,
            probe=PROBE,
            answers=["each step"],
        )


def test_a_model_of_ctc_answers_with_the_blank_among_its_classes() -> None:
    module = Tagger(lambda out: out.transpose(0, 1).log_softmax(-1), 4).eval()
    model = from_torch(module, classes=["<blank>", "a", "b", "c"], encode=encode, probe=PROBE)
    (one,) = [encode(TEXTS[3])]
    with torch.no_grad():
        own = module.logits(torch.tensor(one.inputs)[None])[0].softmax(-1)
    np.testing.assert_allclose(model.trace([one]).ep[0], own, atol=1e-6)
    told = [remark.text for remark in decisions(model) if remark.code == "each-step"]
    assert "`<blank>` is a class like the others" in told[0]
    with pytest.raises(ModelError, match=r"with 4 outputs.*`dataset.classes`, the blank of CTC among them"):
        from_torch(module, classes=["a", "b", "c"], encode=encode, probe=PROBE)
