"""Models as users write them, for the tests of `model.factory`."""

import sys
import time

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence


class PackedTagger(nn.Module):
    """Two bidirectional LSTM layers with packed input; the last states of both directions."""

    def __init__(self, words: int, classes: int = 2) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, 6, padding_idx=0)
        self.encoder = nn.LSTM(6, 5, num_layers=2, bidirectional=True, batch_first=True, dropout=0.2)
        self.out = nn.Linear(10, classes)

    def forward(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        packed = pack_padded_sequence(self.embedding(ids), lengths, batch_first=True, enforce_sorted=False)
        _, (hidden, _) = self.encoder(packed)
        return self.out(torch.cat([hidden[-2], hidden[-1]], dim=1))


class AttentionGru(nn.Module):
    """A GRU with attention pooling."""

    def __init__(self, words: int, classes: int = 2) -> None:
        super().__init__()
        self.embedding, self.gru = nn.Embedding(words, 6), nn.GRU(6, 7, batch_first=True)
        self.score, self.out = nn.Linear(7, 1), nn.Linear(7, classes)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        states, _ = self.gru(self.embedding(ids))
        weights = self.score(states).softmax(1)
        return self.out((weights * states).sum(1))


class Tags(nn.Module):
    """Logits (B, C, T): a class for each word, read from both sides."""

    def __init__(self, words: int, classes: int = 3) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, 6)
        self.lstm = nn.LSTM(6, 5, bidirectional=True, batch_first=True)
        self.out = nn.Linear(10, classes)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.out(self.lstm(self.embedding(ids))[0]).transpose(1, 2)


class LastState(nn.Module):
    """A GRU whose last state is read by one sigmoid output."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.embedding, self.gru, self.out = (
            nn.Embedding(words, 6),
            nn.GRU(6, 7, batch_first=True),
            nn.Linear(7, 1),
        )

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        _, hidden = self.gru(self.embedding(ids))
        return self.out(hidden[-1]).sigmoid().squeeze(1)


class TimeAsBatch(nn.Module):
    """Reads time where the batch is: `batch_first` is missing."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.embedding, self.gru, self.out = nn.Embedding(words, 6), nn.GRU(6, 7), nn.Linear(7, 2)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.out(self.gru(self.embedding(ids))[0][:, -1])


class AlwaysDropping(LastState):
    """Drops out in evaluation mode too."""

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        _, hidden = self.gru(self.embedding(ids))
        return self.out(nn.functional.dropout(hidden[-1], 0.5)).sigmoid().squeeze(1)


class DroppingWhenLong(LastState):
    """Drops out in evaluation mode too, of what is longer than the sequences a model is tried with."""

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        _, hidden = self.gru(self.embedding(ids))
        dropped = nn.functional.dropout(hidden[-1], 0.5, training=ids.shape[1] > 6)
        return self.out(dropped).sigmoid().squeeze(1)


class NanWhenLong(LastState):
    """Its own answer to a text of over eight words is NaN, while its head gives a number for every state."""

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        answer = super().forward(ids)
        return torch.full_like(answer, torch.nan) if ids.shape[1] > 8 else answer


class Centred(LastState):
    """Takes the mean of the batch off."""

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        _, hidden = self.gru(self.embedding(ids))
        return self.out(hidden[-1] - hidden[-1].mean(0)).sigmoid().squeeze(1)


class Positions(LastState):
    """Learns a vector for each of five places: longer sequences raise."""

    def __init__(self, words: int) -> None:
        super().__init__(words)
        self.places = nn.Parameter(torch.randn(5, 6))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        _, hidden = self.gru(self.embedding(ids) + self.places[: ids.shape[1]])
        return self.out(hidden[-1]).sigmoid().squeeze(1)


class Dropping(LastState):
    """With dropout as it should be."""

    def __init__(self, words: int) -> None:
        super().__init__(words)
        self.drop = nn.Dropout(0.5)


class Tied(LastState):
    """Has one weight under two names."""

    def __init__(self, words: int) -> None:
        super().__init__(words)
        self.decoder = nn.Linear(6, words, bias=False)
        self.decoder.weight = self.embedding.weight


class NoLayers(nn.Module):
    """A bag of words."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.embedding, self.out = nn.Embedding(words, 6), nn.Linear(6, 2)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.out(self.embedding(ids).mean(1))


def infinite(words: int) -> nn.Module:
    module = LastState(words)
    with torch.no_grad():
        module.out.bias[0] = float("inf")
    return module


def spoilt_buffer(words: int) -> nn.Module:
    module = LastState(words)
    module.register_buffer("scale", torch.tensor([1.0, float("nan")]))
    return module


def masked(words: int) -> nn.Module:
    module = LastState(words)
    module.register_buffer("mask", torch.full((3, 3), float("-inf")).triu(1))
    return module


def on_a_gpu(words: int) -> nn.Module:
    return LastState(words).cuda()


def leaving(words: int) -> nn.Module:
    sys.exit("usage: …")


def bfloat16(words: int) -> nn.Module:
    return LastState(words).bfloat16()


def raising(text: str) -> tuple[list[str], list[int]]:
    raise KeyError(text.split(maxsplit=1)[0])


def uneven(text: str) -> tuple[list[str], list[int]]:
    return text.split(), [1]


def beyond_at_times(text: str) -> tuple[list[str], list[int]]:
    """Gives an id that no embedding has for one word, which is not in the first texts."""
    words = text.split()
    return words, [999 if word == "seldom" else 1 + len(word) % 5 for word in words]


def characters(text: str) -> tuple[list[str], list[int]]:
    """A tokenizer of one's own: letters a to z and blanks."""
    read = [c for c in text.lower() if c == " " or "a" <= c <= "z"][:40]
    return read, [1 + (26 if c == " " else ord(c) - ord("a")) for c in read]


def failing(words: int) -> nn.Module:
    raise ValueError("no such size")


def no_module(words: int) -> dict[str, int]:
    return {"words": words}


class SignalGru(nn.Module):
    """A GRU of feature vectors, with the weights that the current seed gives."""

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.gru = nn.GRU(features, 5, batch_first=True)
        self.out = nn.Linear(5, classes)

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        return self.out(self.gru(signal)[0][:, -1])


def slow(text: str) -> tuple[list[str], list[int]]:
    """A tokenizer that takes 50 ms."""
    time.sleep(0.05)
    return characters(text)


class Remembering(LastState):
    """Keeps what it works on in attributes, as many tutorials do."""

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        self.start = torch.zeros(1, ids.shape[0], 7)
        time.sleep(0.002)  # long enough for another thread to step in
        self.states, self.hidden = self.gru(self.embedding(ids), self.start)
        return self.out(self.hidden[-1]).sigmoid().squeeze(1)


def swapped(text: str) -> tuple[list[int], list[str]]:
    """A tokenizer that gives ids before tokens."""
    tokens, ids = characters(text)
    return ids, tokens


def ragged(text: str) -> tuple[list[str], list[list[float]]]:
    """A tokenizer whose vectors differ in length."""
    return ["a", "b"], [[0.0], [0.0, 1.0]]


class LouderWhenLong(LastState):
    """Answers by its head alone, but otherwise for sequences of more than five steps."""

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        _, hidden = self.gru(self.embedding(ids))
        return (self.out(hidden[-1]) * (1 if ids.shape[1] <= 5 else 3)).sigmoid().squeeze(1)


class Knowing(nn.Module):
    """Knows that `good` and `great` are good, by one unit that keeps them; logits of neg, pos."""

    def __init__(self, words: int, good: list[int]) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, 1)
        self.rnn, self.out = nn.RNN(1, 1, batch_first=True, bias=False), nn.Linear(1, 2)
        with torch.no_grad():
            self.embedding.weight.zero_()
            self.embedding.weight[good] = 5.0
            self.rnn.weight_ih_l0.fill_(1.0)
            self.rnn.weight_hh_l0.fill_(5.0)
            self.out.weight.copy_(torch.tensor([[-4.0], [4.0]]))
            self.out.bias.copy_(torch.tensor([2.0, -2.0]))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.out(self.rnn(self.embedding(ids))[0][:, -1])
