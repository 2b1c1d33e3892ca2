"""Language models as people have them, of a vocabulary of 10,000 words, and runs of them."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

V = 10_000
VOCABULARY = ["<pad>", "<unk>", *(f"w{k}" for k in range(V - 2))]
TEXTS = [
    "w0 w1 w2 w3 w4 w5 w6 w7",
    "w5 w5 never w5",  # `never` is not in the vocabulary
    "w9",
    "w17 w9997 w400 w2 w3",
    "w1 w2",
]


class RNNModel(nn.Module):
    """As the word language model of PyTorch's examples: time first, a state given, all steps in one axis."""

    def __init__(self, words: int = V, size: int = 12, layers: int = 2) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.ntoken, self.nhid, self.nlayers = words, size, layers
        self.drop = nn.Dropout(0.5)
        self.encoder = nn.Embedding(words, size)
        self.rnn = nn.LSTM(size, size, layers, dropout=0.5)
        self.decoder = nn.Linear(size, words)
        nn.init.uniform_(self.encoder.weight, -2, 2)
        nn.init.uniform_(self.decoder.weight, -2, 2)

    def forward(self, input: torch.Tensor, hidden: Any) -> tuple[torch.Tensor, Any]:
        emb = self.drop(self.encoder(input))
        output, hidden = self.rnn(emb, hidden)
        decoded = self.decoder(self.drop(output))
        decoded = decoded.view(-1, self.ntoken)
        return nn.functional.log_softmax(decoded, dim=1), hidden

    def init_hidden(self, bsz: int) -> tuple[torch.Tensor, torch.Tensor]:
        weight = next(self.parameters())
        zeros = weight.new_zeros(self.nlayers, bsz, self.nhid)
        return zeros, zeros


class Logits(nn.Module):
    """Logits (B, T, V) and a state that may be left out."""

    def __init__(self, words: int = V, outputs: int | None = None, size: int = 8) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.embedding = nn.Embedding(outputs or words, size)
        self.rnn = nn.GRU(size, size, batch_first=True)
        self.out = nn.Linear(size, outputs or words)
        nn.init.uniform_(self.out.weight, -3, 3)

    def forward(self, ids: torch.Tensor, hidden: Any = None) -> tuple[torch.Tensor, Any]:
        states, hidden = self.rnn(self.embedding(ids), hidden)
        return self.out(states), hidden


def write_config(folder: Path, factory: str = "language_models:RNNModel", *, model: str = "") -> Path:
    """A config of a language model, its vocabulary and its texts, a line each."""
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    (folder / "test.txt").write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    path = folder / "lm.yaml"
    path.write_text(
        f"""name: lm
dataset: {{path: lines, data_files: {{test: {folder}/test.txt}}, label: null}}
tokens: {{split: whitespace, max_length: 6, keep: first}}
model: {{factory: "{factory}", tokenizer: {folder}/vocab.txt{model}}}
projections: [{{method: pca}}]
""",
        encoding="utf-8",
    )
    return path


def split(text: str) -> tuple[list[str], list[int]]:
    """Tokens and ids, of which nobody knows what the others are."""
    return text.split(), [1] * len(text.split())
