"""The answer is found wherever it stands, or refused in words."""

from collections import namedtuple
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

from hsvis.errors import ModelError
from hsvis.models.user.adapter import from_torch
from hsvis.models.user.user_model import decisions

PROBE = ["1 2 3 4 5 6 7", "9 8 7", "4 4 5 1"]
Pair = namedtuple("Pair", "weights scores")


@dataclass
class Out:
    attention: torch.Tensor
    logits: torch.Tensor


class Holder:
    def __init__(self, logits):
        self.logits = logits


def encode(text):
    words = text.split()
    return words, [int(word) % 12 for word in words]


class Net(nn.Module):
    """Returns what `shape` makes of attention (B, T), logits (B, C) and the last states (1, B, H)."""

    def __init__(self, shape, classes):
        super().__init__()
        torch.manual_seed(3)
        self.embed, self.rnn = nn.Embedding(12, 5), nn.GRU(5, 6, batch_first=True)
        self.score, self.out, self.shape = nn.Linear(6, 1), nn.Linear(6, classes), shape

    def forward(self, ids):
        states, last = self.rnn(self.embed(ids))
        weights = self.score(states)[..., 0].softmax(1)
        return self.shape(weights, self.out((weights[..., None] * states).sum(1)), last)


FOUND = {
    "bare": (lambda weights, logits, last: logits, ""),
    "second": (lambda weights, logits, last: (weights, logits), "[1]"),
    "with states": (lambda weights, logits, last: (logits, last), "[0]"),
    "in a list": (lambda weights, logits, last: [weights, [last, logits]], "[1][1]"),
    "in a mapping": (lambda weights, logits, last: {"attention": weights, "y": logits}, '["y"]'),
    "named": (lambda weights, logits, last: Pair(weights, logits), '["scores"]'),
    "in a dataclass": (lambda weights, logits, last: Out(weights, logits), '["logits"]'),
    "an attribute": (lambda weights, logits, last: Holder(logits), '["logits"]'),
    "with classes that won": (lambda weights, logits, last: (logits.argmax(1), logits), "[1]"),
    "twice": (lambda weights, logits, last: (logits, {"logits": logits}), "[0]"),
}


@pytest.mark.parametrize("classes", [2, 5])  # 5 is the length of a probe
@pytest.mark.parametrize("kind", FOUND)
def test_the_answer_is_found_wherever_it_stands(kind, classes):
    shape, place = FOUND[kind]
    module = Net(shape, classes)
    model = from_torch(module, classes="abcde"[:classes], encode=encode, probe=PROBE)
    one = model.encode("3 1 4 1")
    module.shape = lambda weights, logits, last: logits
    with torch.no_grad():
        own = module(torch.tensor([one.inputs])).softmax(-1)
    module.shape = shape
    np.testing.assert_allclose(model.answer([one]), own, atol=1e-6)
    said = [remark.text for remark in decisions(model) if remark.code == "answer"]
    assert any("softmax" in text for text in said)
    assert (f"The answer is {place} of what the model returns." in said) == bool(place)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (
            lambda weights, logits, last: (logits, logits * 2),
            r"several tensors.*`\[0\]` \(3, 2\), `\[1\]` \(3, 2\)",
        ),
        (
            lambda weights, logits, last: (weights, last),
            r"no tensor that the model returns is an answer.*\(3, 2\)",
        ),
        (lambda weights, logits, last: None, "in which there is no answer"),
        (lambda weights, logits, last: ("yes", 3), "in which there is no answer"),
        (lambda weights, logits, last: {}, "in which there is no answer"),
    ],
)
def test_what_is_no_answer_or_not_one_is_refused_in_words(shape, message):
    with pytest.raises(ModelError, match=message):
        from_torch(Net(shape, 2), classes="ab", encode=encode, probe=PROBE)


def test_one_output_stands_in_a_tuple_too():
    module = Net(lambda weights, logits, last: (last, logits[:, 1].sigmoid()), 2)
    model = from_torch(module, classes="ab", encode=encode, probe=PROBE)
    assert str(model.answers) == "one output, probabilities of the second class"


def test_a_class_that_was_chosen_already_is_a_warning():
    module = Net(lambda weights, logits, last: logits.argmax(1), 2)
    model = from_torch(module, classes="ab", encode=encode, probe=PROBE)
    assert "hard-answers" in [remark.code for remark in decisions(model)]
