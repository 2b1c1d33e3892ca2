import torch
from torch import nn


class GRUD(nn.Module):
    """GRU-D (Che et al., 2018): inputs and states decay while values are missing; zero is missing here."""

    def __init__(self, features, hidden, classes):
        super().__init__()
        self.hidden_size = hidden
        self.gates = nn.Linear(2 * features + hidden, 2 * hidden)
        self.candidate = nn.Linear(2 * features + hidden, hidden)
        self.decay_x, self.decay_h = nn.Linear(features, features), nn.Linear(features, hidden)
        self.register_buffer("mean", torch.zeros(features))
        self.out = nn.Linear(hidden, classes)

    def step(self, x, last, mask, since, h):
        keep = (-self.decay_x(since).relu()).exp()
        x = mask * x + (1 - mask) * (keep * last + (1 - keep) * self.mean)
        h = (-self.decay_h(since).relu()).exp() * h
        z, r = self.gates(torch.cat([x, h, mask], 1)).sigmoid().chunk(2, 1)
        return (1 - z) * h + z * self.candidate(torch.cat([x, r * h, mask], 1)).tanh()

    def states(self, x):  # (batch, time, features) -> (batch, time, hidden)
        masks = (x != 0).float()
        last, since = torch.zeros_like(x[:, 0]), torch.zeros_like(x[:, 0])
        h, found = torch.zeros(len(x), self.hidden_size), []
        for t, mask in enumerate(masks.unbind(1)):
            h = self.step(x[:, t], last, mask, since, h)
            last, since = mask * x[:, t] + (1 - mask) * last, 1 + (1 - mask) * since
            found.append(h)
        return torch.stack(found, 1)

    def forward(self, x):
        return self.out(self.states(x)[:, -1])


def states(module, inputs):
    """A step is a method here, no module, so that nothing returns the states."""
    return {"gru_d": module.states(inputs)}
