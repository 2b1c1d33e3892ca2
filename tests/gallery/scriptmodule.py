import torch
from torch import Tensor, jit, nn

State = tuple[Tensor, Tensor]


class LSTMCell(jit.ScriptModule):
    def __init__(self, inputs, hidden):
        super().__init__()
        self.weight_ih = nn.Parameter(torch.randn(4 * hidden, inputs) / 4)
        self.weight_hh = nn.Parameter(torch.randn(4 * hidden, hidden) / 4)

    @jit.script_method
    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        h, c = state
        i, f, g, o = (torch.mm(x, self.weight_ih.t()) + torch.mm(h, self.weight_hh.t())).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        return h, (h, c)


class Layer(jit.ScriptModule):
    """Both directions of an LSTM, as in the custom LSTMs of PyTorch's benchmarks."""

    def __init__(self, inputs, hidden):
        super().__init__()
        self.forwards, self.backwards = LSTMCell(inputs, hidden), LSTMCell(inputs, hidden)

    @jit.script_method
    def forward(self, x: Tensor, states: list[State]) -> tuple[Tensor, list[State]]:
        there = jit.annotate(list[Tensor], [])
        back = jit.annotate(list[Tensor], [])
        first, second = states[0], states[1]
        for step in x.unbind(0):
            h, first = self.forwards(step, first)
            there += [h]
        for step in x.flip(0).unbind(0):
            h, second = self.backwards(step, second)
            back += [h]
        return torch.cat([torch.stack(there), torch.stack(back).flip(0)], -1), [first, second]


class Net(nn.Module):
    def __init__(self, words, classes):
        super().__init__()
        self.embedding = nn.Embedding(words, 16)
        self.low, self.rnn = Layer(16, 12), Layer(24, 12)
        self.out = nn.Linear(24, classes)

    def forward(self, ids):
        zeros = torch.zeros(len(ids), 12)
        x = self.embedding(ids.t())
        for layer in (self.low, self.rnn):
            x, _ = layer(x, [(zeros, zeros), (zeros, zeros)])
        return self.out(x.mean(0))
