import torch
from torch import nn


class Encoder(nn.Module):
    """Goes on with the state of the call before, as language models are trained, until somebody resets it."""

    def __init__(self, words):
        super().__init__()
        self.batch, self.embedding, self.gru = 1, nn.Embedding(words, 16), nn.GRU(16, 24, batch_first=True)
        self.reset()

    def reset(self):
        self.hidden = torch.zeros(1, self.batch, 24)

    def forward(self, ids):
        if len(ids) != self.batch:
            self.batch = len(ids)
            self.reset()
        states, hidden = self.gru(self.embedding(ids), self.hidden)
        self.hidden = hidden.detach()
        return states


class Net(nn.Module):
    def __init__(self, words, classes):
        super().__init__()
        self.encoder, self.out = Encoder(words), nn.Linear(24, classes)

    def forward(self, ids):
        return self.out(self.encoder(ids)[:, -1])
