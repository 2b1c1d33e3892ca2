import torch
from torch import nn


class ForgetMult(nn.Module):
    def forward(self, f, z):  # (time, batch, units)
        states, h = [], torch.zeros_like(z[0])
        for forget, new in zip(f, f * z, strict=True):
            h = new + (1 - forget) * h
            states.append(h)
        return torch.stack(states)


class QRNNLayer(nn.Module):
    """A quasi-recurrent layer (Bradbury et al., 2016) with a window of two steps and an output gate."""

    def __init__(self, inputs, hidden):
        super().__init__()
        self.linear = nn.Linear(2 * inputs, 3 * hidden)

    def forward(self, x):
        before = torch.cat([torch.zeros_like(x[:1]), x[:-1]])
        z, f, o = self.linear(torch.cat([x, before], 2)).chunk(3, 2)
        c = ForgetMult()(f.sigmoid(), z.tanh())  # made anew in each call: no part of the model
        return o.sigmoid() * c, c[-1:]


class Net(nn.Module):
    def __init__(self, words, classes):
        super().__init__()
        self.embedding = nn.Embedding(words, 16)
        self.layers = nn.ModuleList([QRNNLayer(16, 24), QRNNLayer(24, 24)])
        self.out = nn.Linear(24, classes)

    def forward(self, ids):
        x = self.embedding(ids).transpose(0, 1)
        for layer in self.layers:
            x, _ = layer(x)
        return self.out(x[-1])
