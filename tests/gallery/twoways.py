import torch
from torch import nn


class PeepholeCell(nn.Module):
    """An LSTM cell whose gates see the cell state (Gers and Schmidhuber, 2000)."""

    def __init__(self, inputs, hidden):
        super().__init__()
        self.hidden_size = hidden
        self.ih, self.hh = nn.Linear(inputs, 4 * hidden), nn.Linear(hidden, 4 * hidden, bias=False)
        self.peep = nn.Parameter(torch.randn(3, hidden) / 3)

    def forward(self, x, state):
        h, c = state
        i, f, g, o = (self.ih(x) + self.hh(h)).chunk(4, 1)
        i, f = (i + self.peep[0] * c).sigmoid(), (f + self.peep[1] * c).sigmoid()
        c = f * c + i * g.tanh()
        return (o + self.peep[2] * c).sigmoid() * c.tanh(), c


class Net(nn.Module):
    def __init__(self, words, classes):
        super().__init__()
        self.embedding = nn.Embedding(words, 16)
        self.there, self.back = PeepholeCell(16, 20), PeepholeCell(16, 20)
        self.score, self.out = nn.Linear(40, 1), nn.Linear(40, classes)

    def forward(self, ids):
        x, zeros = self.embedding(ids), torch.zeros(len(ids), 20)
        there, back = [], []
        first = second = (zeros, zeros)
        for t in range(x.shape[1]):
            first = self.there(x[:, t], first)
            there.append(first[0])
        for t in reversed(range(x.shape[1])):
            second = self.back(x[:, t], second)
            back.insert(0, second[0])
        states = torch.cat([torch.stack(there, 1), torch.stack(back, 1)], -1)
        return self.out((states * self.score(states).softmax(1)).sum(1))  # attention over the steps
