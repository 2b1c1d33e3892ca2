import torch
from torch import nn


class LayerNormGRUCell(nn.Module):
    def __init__(self, inputs, hidden):
        super().__init__()
        self.hidden_size = hidden
        self.i2h, self.h2h = nn.Linear(inputs, 2 * hidden), nn.Linear(hidden, 2 * hidden)
        self.i2c, self.h2c = nn.Linear(inputs, hidden), nn.Linear(hidden, hidden)
        self.norms = nn.ModuleList(nn.LayerNorm(size) for size in (2 * hidden, 2 * hidden, hidden, hidden))

    def forward(self, x, h):
        z, r = (self.norms[0](self.i2h(x)) + self.norms[1](self.h2h(h))).sigmoid().chunk(2, 1)
        candidate = (self.norms[2](self.i2c(x)) + r * self.norms[3](self.h2c(h))).tanh()
        return (1 - z) * h + z * candidate


class Net(nn.Module):
    def __init__(self, words, classes):
        super().__init__()
        self.embedding = nn.Embedding(words, 16)
        self.cells = nn.ModuleList([LayerNormGRUCell(16, 24), LayerNormGRUCell(24, 20)])
        self.out = nn.Linear(20, classes)

    def forward(self, ids):
        states = [torch.zeros(len(ids), cell.hidden_size) for cell in self.cells]
        for x in self.embedding(ids).unbind(1):
            for k, cell in enumerate(self.cells):
                states[k] = cell(states[k - 1] if k else x, states[k])
        return self.out(states[-1])
