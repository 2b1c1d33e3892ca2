"""Models as users write them, for the tests of `model.factory`."""

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
