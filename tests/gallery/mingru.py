import torch
from torch import nn
from torch.nn import functional


class MinGRU(nn.Module):
    """minGRU of "Were RNNs All We Needed?" (Feng et al., 2024), by a parallel scan in log space."""

    def __init__(self, inputs, hidden):
        super().__init__()
        self.gate = nn.Linear(inputs, hidden)
        self.candidate = nn.Linear(inputs, hidden)

    def forward(self, x):  # (batch, time, inputs)
        k, c = self.gate(x), self.candidate(x)
        positive = torch.where(c >= 0, (functional.relu(c) + 0.5).log(), -functional.softplus(-c))  # log g(c)
        kept = -functional.softplus(k).cumsum(1)  # log of the product of 1 - z
        added = (-functional.softplus(-k) + positive - kept).logcumsumexp(1)
        return (kept + added).exp()  # (batch, time, hidden)


class Tagger(nn.Module):
    def __init__(self, words, classes):
        super().__init__()
        self.embedding = nn.Embedding(words, 16)
        self.lower = MinGRU(16, 24)
        self.upper = MinGRU(24, 24)
        self.out = nn.Linear(24, classes)

    def forward(self, ids):
        return self.out(self.upper(self.lower(self.embedding(ids)))[:, -1])
