from torch import nn


class Crnn(nn.Module):
    """Convolution and pooling before a GRU: it has a step for two words, and needs two words to begin."""

    def __init__(self, words, classes):
        super().__init__()
        self.embedding = nn.Embedding(words, 16)
        self.conv = nn.Conv1d(16, 16, 3, padding=1)
        self.gru = nn.GRU(16, 24, batch_first=True)
        self.out = nn.Linear(24, classes)

    def forward(self, ids):
        x = nn.functional.max_pool1d(self.conv(self.embedding(ids).mT).relu(), 2)
        return self.out(self.gru(x.mT)[0][:, -1])
