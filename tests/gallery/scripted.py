import torch
from torch import nn


class LayerNormLSTM(nn.Module):
    """An LSTM with layer normalisation, for torch.jit.script."""

    def __init__(self, inputs: int, hidden: int):
        super().__init__()
        self.hidden = hidden
        self.read, self.carry = nn.Linear(inputs, 4 * hidden), nn.Linear(hidden, 4 * hidden)
        self.norm = nn.LayerNorm(hidden)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
        h = torch.zeros(x.size(0), self.hidden)
        c = torch.zeros(x.size(0), self.hidden)
        states: list[torch.Tensor] = []
        for step in x.unbind(1):
            i, f, g, o = (self.read(step) + self.carry(h)).chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * self.norm(c).tanh()
            states.append(h)
        return torch.stack(states, 1), (h, c)


class Net(nn.Module):
    def __init__(self, words, classes):
        super().__init__()
        self.embedding = nn.Embedding(words, 16)
        self.lstm = torch.jit.script(LayerNormLSTM(16, 24))
        self.out = nn.Linear(24, classes)

    def forward(self, ids):
        return self.out(self.lstm(self.embedding(ids))[1][0])
