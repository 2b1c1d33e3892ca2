import torch
from torch import nn


class SLSTMCell(nn.Module):
    """sLSTM of "xLSTM: Extended Long Short-Term Memory" (Beck et al., 2024), stabilised."""

    def __init__(self, inputs, hidden):
        super().__init__()
        self.hidden_size = hidden
        self.gates = nn.Linear(inputs + hidden, 4 * hidden)

    def forward(self, x, state):
        h, c, n, m = state
        z, i, f, o = self.gates(torch.cat([x, h], -1)).chunk(4, -1)
        log_f = nn.functional.logsigmoid(f)
        highest = torch.maximum(log_f + m, i)
        i, f = (i - highest).exp(), (log_f + m - highest).exp()
        c, n = f * c + i * z.tanh(), f * n + i
        h = o.sigmoid() * c / n.clamp_min(1e-6)
        return h, c, n, highest


class XLSTM(nn.Module):
    def __init__(self, words, classes):
        super().__init__()
        self.embedding = nn.Embedding(words, 16)
        self.cell = SLSTMCell(16, 24)
        self.out = nn.Linear(24, classes)

    def forward(self, ids):
        zeros = torch.zeros(len(ids), self.cell.hidden_size)
        state = (zeros, zeros, zeros, zeros)
        for x in self.embedding(ids).unbind(1):
            state = self.cell(x, state)
        return self.out(state[0])
