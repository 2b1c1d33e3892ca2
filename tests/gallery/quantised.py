from torch import nn
from torch.ao.quantization import quantize_dynamic


class Net(nn.Module):
    def __init__(self, words, classes):
        super().__init__()
        self.embedding = nn.Embedding(words, 16)
        self.lstm = nn.LSTM(16, 24, batch_first=True)
        self.out = nn.Linear(24, classes)

    def forward(self, ids):
        return self.out(self.lstm(self.embedding(ids))[0][:, -1])


def quantised(words, classes):
    """The model as it is deployed: 8-bit weights in the LSTM."""
    return quantize_dynamic(Net(words, classes).eval(), {nn.LSTM})
