import torch
from torch import nn


class SRUCell(nn.Module):
    """A layer of simple recurrent units (Lei et al., 2017), in both directions side by side."""

    def __init__(self, inputs, hidden):
        super().__init__()
        self.hidden_size = hidden
        self.weight = nn.Parameter(torch.randn(inputs, 2 * hidden * 4) / inputs**0.5)
        self.weight_c = nn.Parameter(torch.randn(2, 2, hidden) / 3)
        self.bias = nn.Parameter(torch.zeros(2, 2, hidden))

    def forward(self, x, c0):  # (time, batch, inputs), (batch, 2 × hidden)
        u = (x @ self.weight).view(*x.shape[:2], 2, self.hidden_size, 4)
        h, last = torch.zeros(*x.shape[:2], 2, self.hidden_size), []
        for way, steps in enumerate((range(len(x)), reversed(range(len(x))))):
            c = c0.view(-1, 2, self.hidden_size)[:, way]
            for t in steps:
                new, f, r, skip = u[t, :, way].unbind(-1)
                f = (f + self.weight_c[0, way] * c + self.bias[0, way]).sigmoid()
                r = (r + self.weight_c[1, way] * c + self.bias[1, way]).sigmoid()
                c = new + (c - new) * f
                h[t, :, way] = skip + (c - skip) * r
            last.append(c)
        return h.flatten(2), torch.cat(last, 1)


class Net(nn.Module):
    def __init__(self, words, classes):
        super().__init__()
        self.embedding = nn.Embedding(words, 16)
        self.rnn_lst = nn.ModuleList([SRUCell(16, 12), SRUCell(24, 12)])
        self.out = nn.Linear(24, classes)

    def forward(self, ids):
        x = self.embedding(ids.t())
        for rnn in self.rnn_lst:
            x, _ = rnn(x, torch.zeros(x.shape[1], 24))
        return self.out(x.amax(0))
