"""Modules that a plain call does not do for, and how each is called by hand, for the tests of templates."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence


class Base(nn.Module):
    def __init__(self, words: int, *, batch_first: bool = True) -> None:
        super().__init__()
        self.embedding, self.out = nn.Embedding(words, 6), nn.Linear(7, 2)
        self.rnn = nn.LSTM(6, 7, batch_first=batch_first)

    def states(self, ids: torch.Tensor, start: Any = None) -> torch.Tensor:
        found: torch.Tensor = self.rnn(self.embedding(ids), start)[0]
        return found


class Initialised(Base):
    """Its initial state is made by a method of its own, and is not zero."""

    def forward(self, x: torch.Tensor, hidden: Any) -> Any:
        return self.out(self.states(x, hidden)[:, -1]), hidden

    def init_hidden(self, batch: int) -> Any:
        return tuple(torch.full((1, batch, 7), 0.5) for _ in range(2))


class Zeros(Base):
    """Needs a hidden state, and makes none."""

    def forward(self, x: torch.Tensor, hidden: Any) -> torch.Tensor:
        h, c = hidden
        return self.out(self.states(x, (h, c))[:, -1])


class Mask(Base):
    """Takes the mean of what is not masked; torch inverts no numbers."""

    def forward(self, x: torch.Tensor, pad_mask: torch.Tensor) -> torch.Tensor:
        kept = (~pad_mask)[..., None]
        return self.out((self.states(x) * kept).sum(1) / kept.sum(1))


class Mapping(Base):
    def forward(self, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        states = self.states(batch["input_ids"])
        return {"logits": self.out(states[torch.arange(len(states)), batch["lengths"] - 1])}


class OwnBatch(Base):
    """Holds the size of the batch."""

    def __init__(self, words: int) -> None:
        super().__init__(words)
        self.batch_size = 64

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        zeros = torch.zeros(1, self.batch_size, 7)
        return self.out(self.states(x, (zeros, zeros))[:, -1])


class Packed(Base):
    """Reads packed ids."""

    def forward(self, ids: PackedSequence) -> torch.Tensor:
        x = PackedSequence(self.embedding(ids.data), *ids[1:])
        return self.out(self.rnn(x)[1][0][-1])


class Station(Base):
    def __init__(self, words: int) -> None:
        super().__init__(words)
        self.stations = nn.Embedding(4, 6)

    def forward(self, x: torch.Tensor, station: torch.Tensor) -> torch.Tensor:
        read = self.embedding(x) + self.stations(station)[:, None]
        return self.out(self.rnn(read)[0][:, -1])


class TimeFirst(Base):
    def __init__(self, words: int) -> None:
        super().__init__(words, batch_first=False)

    def forward(self, x: torch.Tensor, hidden: Any) -> Any:
        states = self.states(x, hidden)
        return states, self.out(states[-1])

    def init_hidden(self, batch: int) -> Any:
        return tuple(torch.zeros(1, batch, 7) for _ in range(2))


class Kept(Base):
    """Carries its state from call to call in an attribute."""

    def __init__(self, words: int) -> None:
        super().__init__(words)
        self.hidden = self.init_hidden(1)

    def init_hidden(self, batch: int) -> Any:
        return tuple(torch.zeros(1, batch, 7) for _ in range(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        states, self.hidden = self.rnn(self.embedding(x), self.hidden)
        return self.out(states[:, -1])


def _last(module: Any, ids: torch.Tensor) -> torch.Tensor:
    """From zeros, batch first."""
    answer: torch.Tensor = module.out(module.states(ids)[:, -1])
    return answer


def _packed(module: Any, ids: torch.Tensor) -> torch.Tensor:
    lengths = torch.tensor([ids.shape[1]])
    packed = nn.utils.rnn.pack_padded_sequence(module.embedding(ids), lengths, batch_first=True)
    answer: torch.Tensor = module.out(pad_packed_sequence(module.rnn(packed)[0], batch_first=True)[0][:, -1])
    return answer


Kind = tuple[Callable[[int], nn.Module], Callable[[Any, torch.Tensor], torch.Tensor], bool]
MODELS: dict[str, Kind] = {  # how it is made, its answer by hand, whether a constant has to be set
    "initialised": (Initialised, lambda m, ids: m(ids, m.init_hidden(1))[0], False),
    "zeros": (Zeros, _last, False),
    "mask": (Mask, lambda m, ids: m.out(m.states(ids).mean(1)), False),
    "mapping": (Mapping, _last, False),
    "batch size": (OwnBatch, _last, False),
    "packed": (Packed, _packed, False),
    "station": (Station, lambda m, ids: m(ids, torch.tensor([0])), True),
    "time first": (TimeFirst, lambda m, ids: m.out(m.states(ids.T)[-1]), False),
    "kept": (Kept, _last, False),
}


def seeded(kind: str, words: int) -> nn.Module:
    torch.manual_seed(0)
    return MODELS[kind][0](words)
