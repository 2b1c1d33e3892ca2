"""Models whose answers depend on padding in a known way, for the tests: weights made by hand.

The first unit adds up good and bad words; the second is on once padding was read, the third where it was read
last.  Which of these the answer needs is what "trained with padding" means here.
"""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

VOCABULARY = ["<pad>", "good", "bad", "film", "plot", "the"]
NEEDS = {  # bias, weights of the three units, and what padding adds to the first
    "right": (-30.0, (100.0, 0.0, 30.0), 0.0),
    "left": (-30.0, (100.0, 30.0, -60.0), 0.0),
    "never": (0.0, (100.0, 0.0, 0.0), -0.05),
}


class Sums(nn.Module):
    def __init__(self, needs: str, to: int | None = None) -> None:
        super().__init__()
        bias, weights, added = NEEDS[needs]
        self.to = to
        self.embedding = nn.Embedding(len(VOCABULARY), 3)
        self.rnn = nn.RNN(3, 3, batch_first=True)
        self.out = nn.Linear(3, 1)
        with torch.no_grad():
            self.embedding.weight.zero_()
            self.embedding.weight[0] = torch.tensor([added, 5.0, 5.0])
            self.embedding.weight[1, 0], self.embedding.weight[2, 0] = 0.05, -0.05
            for weight in self.rnn.parameters():
                weight.zero_()
            self.rnn.weight_ih_l0.copy_(torch.eye(3))
            self.rnn.weight_hh_l0.copy_(torch.diag(torch.tensor([1.0, 5.0, 0.0])))
            self.out.weight.copy_(torch.tensor([weights]))
            self.out.bias.fill_(bias)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.out(self.rnn(self.embedding(ids))[0][:, -1])[:, 0]


class NanOnTheRight(Sums):
    """Can't be padded on the right."""

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return super().forward(ids).masked_fill(ids[:, -1] == 0, torch.nan)


class Unmade(Sums):
    """Whoever only needs the key of a run makes no model."""

    def __init__(self) -> None:
        raise AssertionError("the model was made")


class Packed(Sums):
    def forward(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        packed = pack_padded_sequence(self.embedding(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.out(self.rnn(packed)[1][0])[:, 0]


class Masked(Sums):
    """Leaves out padding by its id."""

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        real = (ids != 0)[..., None]
        return self.out((self.rnn(self.embedding(ids))[0] * real).sum(1) / real.sum(1))[:, 0]


class Encoding(Sums):
    """Its own `encode` pads, to one length or (None) to the next multiple of four."""

    def encode(self, text: str) -> tuple[list[str], list[int]]:
        words = text.split()[: self.to]
        more = -len(words) % 4 if self.to is None else self.to - len(words)
        return words + ["<pad>"] * more, [VOCABULARY.index(word) for word in words] + [0] * more


class PackedEncoding(Encoding, Packed):
    pass


class Flattened(Sums):
    """Reads sequences of one length alone."""

    def __init__(self, steps: int) -> None:
        super().__init__("never")
        torch.manual_seed(3)
        self.out = nn.Linear(3 * steps, 1)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.out(self.rnn(self.embedding(ids))[0].flatten(1))[:, 0]


def read_from_one(text: str) -> tuple[list[str], list[int]]:
    """Ids as of VOCABULARY, by a function that says nothing of padding."""
    return text.split(), [VOCABULARY.index(word) for word in text.split()]
