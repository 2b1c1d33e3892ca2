import torch
from torch import nn


class ConvLSTMCell(nn.Module):
    """States are images (Shi et al., 2015)."""

    def __init__(self, channels, hidden):
        super().__init__()
        self.hidden = hidden
        self.conv = nn.Conv2d(channels + hidden, 4 * hidden, 3, padding=1)

    def forward(self, input_tensor, cur_state):
        h, c = cur_state
        i, f, o, g = self.conv(torch.cat([input_tensor, h], 1)).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c

    def init_hidden(self, batch_size, image_size):
        zeros = torch.zeros(batch_size, self.hidden, *image_size)
        return zeros, zeros


class Video(nn.Module):
    """Reads frames of 2 × 4 pixels, a step each."""

    def __init__(self, classes):
        super().__init__()
        self.cell_list = nn.ModuleList([ConvLSTMCell(1, 4), ConvLSTMCell(4, 3)])
        self.out = nn.Linear(3 * 2 * 4, classes)

    def forward(self, x):  # (batch, time, 8)
        frames = x.view(*x.shape[:2], 1, 2, 4)
        for cell in self.cell_list:
            state, found = cell.init_hidden(len(x), (2, 4)), []
            for t in range(frames.shape[1]):
                state = cell(input_tensor=frames[:, t], cur_state=state)
                found.append(state[0])
            frames = torch.stack(found, 1)
        return self.out(frames[:, -1].flatten(1))
