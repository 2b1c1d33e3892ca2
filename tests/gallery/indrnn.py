import torch
from torch import nn


class IndRNN(nn.Module):
    """Independently recurrent units (Li et al., 2018): each reads its own last state alone; time first."""

    def __init__(self, inputs, hidden):
        super().__init__()
        self.read = nn.Linear(inputs, hidden)
        self.keep = nn.Parameter(torch.rand(hidden))

    def forward(self, x):  # (time, batch, inputs)
        states, h = [], torch.zeros(x.shape[1], len(self.keep))
        for read in self.read(x):
            h = torch.relu(read + self.keep * h)
            states.append(h)
        return torch.stack(states), h


class Net(nn.Module):
    def __init__(self, words, classes):
        super().__init__()
        self.embedding = nn.Embedding(words, 16)
        self.rnn = IndRNN(16, 24)
        self.out = nn.Linear(24, classes)

    def forward(self, ids):
        return self.out(self.rnn(self.embedding(ids).transpose(0, 1))[1])
