import torch
from torch import nn


class PhasedLSTMCell(nn.Module):
    """A gate lets each unit read at its own times only (Neil et al., 2016); else it keeps its state."""

    def __init__(self, inputs, hidden, leak=0.001, is_open=0.4):
        super().__init__()
        self.lstm, self.leak, self.is_open = nn.LSTMCell(inputs, hidden), leak, is_open
        self.period = nn.Parameter(1 + 6 * torch.rand(hidden))
        self.shift = nn.Parameter(torch.rand(hidden))

    def forward(self, x, time, state):
        phase = (time - self.shift).remainder(self.period) / self.period
        rise, fall = 2 * phase / self.is_open, 2 - 2 * phase / self.is_open
        gate = torch.where(phase < self.is_open, torch.minimum(rise, fall), self.leak * phase)
        return tuple(
            gate * new + (1 - gate) * old for new, old in zip(self.lstm(x, state), state, strict=True)
        )


class Net(nn.Module):
    def __init__(self, words, classes):
        super().__init__()
        self.embedding = nn.Embedding(words, 16)
        self.cell = PhasedLSTMCell(16, 24)
        self.out = nn.Linear(24, classes)

    def forward(self, ids):
        state = torch.zeros(len(ids), 24), torch.zeros(len(ids), 24)
        for time, x in enumerate(self.embedding(ids).unbind(1)):
            state = self.cell(x, torch.tensor(float(time)), state)
        return self.out(state[0])
