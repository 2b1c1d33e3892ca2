import torch
from torch import nn


def cumax(x):
    return x.softmax(-1).cumsum(-1)


class ONLSTMCell(nn.Module):
    """Ordered neurons (Shen et al., 2019): the first chunks of a cell state are forgotten together."""

    def __init__(self, inputs, hidden, chunk):
        super().__init__()
        self.hidden_size, self.chunk, self.chunks = hidden, chunk, hidden // chunk
        self.ih = nn.Linear(inputs, 4 * hidden + 2 * self.chunks)
        self.hh = nn.Linear(hidden, 4 * hidden + 2 * self.chunks)

    def forward(self, input, hidden, transformed=None):
        hx, cx = hidden
        gates = (self.ih(input) if transformed is None else transformed) + self.hh(hx)
        master_in, master_forget = gates[:, : 2 * self.chunks].chunk(2, 1)
        out, cell, enter, forget = gates[:, 2 * self.chunks :].view(len(hx), -1, self.chunk).chunk(4, 1)
        master_in, master_forget = (1 - cumax(master_in))[..., None], cumax(master_forget)[..., None]
        overlap = master_in * master_forget
        forget = forget.sigmoid() * overlap + (master_forget - overlap)
        enter = enter.sigmoid() * overlap + (master_in - overlap)
        cy = forget * cx + enter * cell.tanh()  # (batch, chunks, units of a chunk)
        hy = out.sigmoid() * cy.tanh()
        return hy.view(-1, self.hidden_size), cy, master_forget.mean(1)


class Net(nn.Module):
    def __init__(self, words, classes):
        super().__init__()
        self.embedding = nn.Embedding(words, 16)
        self.cell = ONLSTMCell(16, 24, 4)
        self.out = nn.Linear(24, classes)

    def forward(self, ids):
        steps = self.cell.ih(self.embedding(ids.t()))  # of all steps at once
        state = torch.zeros(len(ids), 24), torch.zeros(len(ids), 6, 4)
        for step in steps:
            *state, _ = self.cell(None, state, transformed=step)
        return self.out(state[0])
