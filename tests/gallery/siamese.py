import torch
from torch import nn


class Siamese(nn.Module):
    """One GRU reads premise and hypothesis, each by itself."""

    def __init__(self, words, classes):
        super().__init__()
        self.embedding = nn.Embedding(words, 16)
        self.gru = nn.GRU(16, 24, batch_first=True)
        self.out = nn.Linear(4 * 24, classes)

    def read(self, ids):
        return self.gru(self.embedding(ids))[0].amax(1)

    def forward(self, premise, hypothesis):
        u, v = self.read(premise), self.read(hypothesis)
        return self.out(torch.cat([u, v, (u - v).abs(), u * v], 1))
