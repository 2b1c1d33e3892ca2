from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional


class WeightDrop(nn.Module):
    """Drops weights of a layer, and calls its `forward` directly (Merity et al., 2017)."""

    def __init__(self, module, weights, dropout):
        super().__init__()
        self.module, self.weights, self.dropout = module, weights, dropout
        self.module.flatten_parameters = lambda *args: None
        for name in weights:
            weight = getattr(module, name)
            del module._parameters[name]
            module.register_parameter(name + "_raw", nn.Parameter(weight.data))

    def forward(self, *args):
        for name in self.weights:
            raw = getattr(self.module, name + "_raw")
            setattr(self.module, name, functional.dropout(raw, self.dropout, self.training))
        return self.module.forward(*args)


class LockedDropout(nn.Module):
    """The same mask at every step."""

    def forward(self, x, dropout):
        if not self.training:
            return x
        return x * x.new_empty(1, x.size(1), x.size(2)).bernoulli_(1 - dropout) / (1 - dropout)


class AWDLSTM(nn.Module):
    def __init__(self, words, classes, sizes=(16, 24, 20)):
        super().__init__()
        self.encoder = nn.Embedding(words, sizes[0])
        self.locked = LockedDropout()
        layers = [nn.LSTM(a, b) for a, b in pairwise(sizes)]
        self.rnns = nn.ModuleList(WeightDrop(layer, ["weight_hh_l0"], 0.5) for layer in layers)
        self.decoder = nn.Linear(sizes[-1], classes)

    def init_hidden(self, batch):
        sizes = [rnn.module.hidden_size for rnn in self.rnns]
        return [(torch.zeros(1, batch, size), torch.zeros(1, batch, size)) for size in sizes]

    def forward(self, input, hidden):  # (time, batch)
        x, last = self.locked(self.encoder(input), 0.4), []
        for rnn, state in zip(self.rnns, hidden, strict=True):
            x, new = rnn(x, state)
            x = self.locked(x, 0.3)
            last.append(new)
        return self.decoder(x[-1]), last
