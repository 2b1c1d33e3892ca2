"""The built-in classifier: word vectors or features, recurrent layers, a head on the last hidden state."""

import copy
from typing import cast

import torch
from torch import nn

from hsvis.config import ModelSettings
from hsvis.errors import ModelError
from hsvis.models.protocol import Layer
from hsvis.models.recurrent import cell_states

CELLS: dict[str, type[nn.LSTM] | type[nn.GRU] | type[nn.RNN]] = {
    "lstm": nn.LSTM,
    "gru": nn.GRU,
    "rnn": nn.RNN,
}


class Scaled(nn.Module):
    """Feature vectors, each feature with the mean 0 and the standard deviation 1 that it has in training."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.mean: torch.Tensor
        self.deviation: torch.Tensor
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("deviation", torch.ones(features))

    def measure(self, values: torch.Tensor) -> None:
        """Takes mean and deviation from values (N, F); a feature that never changes is only moved."""
        spread, mean = torch.std_mean(values, 0, correction=0)
        self.mean.copy_(mean)
        self.deviation.copy_(torch.where(spread > 0, spread, 1.0))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """(B, T, F) -> (B, T, F)."""
        return (values - self.mean) / self.deviation


class RecurrentClassifier(nn.Module):
    """LSTM, GRU or Elman classifier of sequences of ids or of feature vectors.

    Every recurrent layer is a one-layer module of its own, so that the states of inner layers come out
    at the speed of the fused kernels.
    """

    def __init__(
        self, settings: ModelSettings, vocabulary: int, classes: int, features: int | None = None
    ) -> None:
        """Reads ids below `vocabulary`, or vectors of `features` values where that is given.

        Raises:
            ModelError: a sigmoid head is asked for more than two classes.
        """
        super().__init__()
        output = settings.output or ("sigmoid" if classes == 2 else "softmax")
        if output == "sigmoid" and classes != 2:
            raise ModelError(
                f"`model.output: sigmoid` is for two classes, the dataset has {classes}. "
                "Set `model.output: softmax`, or leave it out."
            )
        self.cell, self.output, self.hidden = settings.cell, output, settings.hidden
        self.embedding: nn.Embedding | Scaled = (
            nn.Embedding(vocabulary, settings.embedding, padding_idx=0)
            if features is None
            else Scaled(features)
        )
        sizes = [features or settings.embedding] + [settings.hidden] * (settings.layers - 1)
        self.rnn = nn.ModuleList(
            CELLS[settings.cell](size, settings.hidden, batch_first=True) for size in sizes
        )
        self.head = nn.Linear(settings.hidden, 1 if output == "sigmoid" else classes)
        self.dropout = settings.dropout
        self._initialise()

    def _initialise(self) -> None:
        """Small word vectors, orthogonal recurrent weights, forget gates open (Jozefowicz et al. 2015)."""
        with torch.no_grad():
            if isinstance(self.embedding, nn.Embedding):
                nn.init.uniform_(self.embedding.weight, -0.05, 0.05)
                self.embedding.weight[0].zero_()
            for layer in self.recurrent:
                from_input, from_state, bias, second_bias = layer.all_weights[0]
                nn.init.xavier_uniform_(from_input)
                for gate in from_state.split(self.hidden):
                    nn.init.orthogonal_(gate)
                bias.zero_()
                second_bias.zero_()
                if self.cell == "lstm":
                    bias[self.hidden : 2 * self.hidden] = 1.0

    @property
    def device(self) -> torch.device:
        """Where it computes, and wants its inputs."""
        return self.head.weight.device

    @property
    def step_bytes(self) -> int:
        """About the memory that a padded step takes while states are read: two sets of gates, and results."""
        widest = max(layer.input_size for layer in self.recurrent)
        kept = 2 * self.hidden * len(self.rnn) + 2 * self.head.out_features
        return 4 * (2 * widest + 10 * self.hidden + kept)

    @property
    def recurrent(self) -> list[nn.RNNBase]:
        """The one-layer modules, lowest first."""
        return [cast(nn.RNNBase, layer) for layer in self.rnn]

    @property
    def layers(self) -> list[Layer]:
        """All layers whose states can be kept."""
        hidden = [Layer(f"rnn.{i}", "hidden", self.hidden) for i in range(len(self.rnn))]
        cells = [Layer(f"rnn.{i}.cell", "cell", self.hidden) for i in range(len(self.rnn))]
        return hidden + (cells if self.cell == "lstm" else [])

    def forward(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """The model's answer to whole sequences.

        Args:
            ids: (B, T) int64, padded on the right with 0; or features (B, T, F) float32.
            lengths: (B,) int64, steps of each sequence, at least 1.

        Returns:
            (B, 1) logits of class 1 for a sigmoid head, (B, C) logits else.
        """
        return self.answer(self.read(ids), lengths - 1)

    def read(self, ids: torch.Tensor) -> torch.Tensor:
        """Ids (B, T) or features (B, T, F) -> states of the top layer (B, T, H), with dropout in training."""
        x = self._drop_channels(self.embedding(ids))  # (B, T, E)
        for i, layer in enumerate(self.recurrent):
            x, _ = layer(self._drop_channels(x) if i else x)  # (B, T, H)
        return x

    def answer(self, states: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
        """Logits (B, 1 or C) of the head on states (B, T, H) after the given steps (B,)."""
        chosen = states[torch.arange(len(states), device=states.device), steps]  # (B, H)
        return self.head(nn.functional.dropout(chosen, self.dropout, self.training))

    def _drop_channels(self, x: torch.Tensor) -> torch.Tensor:
        """Dropout of whole channels, the same at every step (Gal and Ghahramani 2016).  x: (B, T, E)."""
        if not self.training or self.dropout == 0:
            return x
        keep = torch.rand(x.shape[0], 1, x.shape[2], device=x.device) >= self.dropout  # (B, 1, E)
        return x * (keep / (1 - self.dropout))

    def probabilities(self, logits: torch.Tensor) -> torch.Tensor:
        """Logits (…, 1 or C) -> probabilities (…, C); two columns for a sigmoid head."""
        if self.output == "softmax":
            return logits.softmax(-1)
        positive = logits.sigmoid()  # (…, 1)
        return torch.cat([1 - positive, positive], -1)

    def step_states(
        self, ids: torch.Tensor, layers: set[str]
    ) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """As `step_logits`, with EPs (B, T, C) in place of logits."""
        states, logits = self.step_logits(ids, layers)
        return states, self.probabilities(logits.transpose(0, 1)).transpose(0, 1)

    def step_logits(
        self, ids: torch.Tensor, layers: set[str]
    ) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """States of the wanted layers and the answers there, at every step.

        Args:
            ids: (B, T) int64 or features (B, T, F) float32, padded on the right; states of padded steps are
                meaningless.
            layers: names as in `layers`.

        Returns:
            layer -> (B, T, H), and logits (B, T, 1 or C): the head reads every state as if it were the last.
        """
        x = self.embedding(ids.transpose(0, 1))  # (T, B, E): as the kernels want it
        states = {}
        for i, layer in enumerate(self.recurrent):
            below, (x, _) = x, _steps_first(layer)(x)  # (T, B, E or H), (T, B, H)
            if f"rnn.{i}" in layers:
                states[f"rnn.{i}"] = x.transpose(0, 1)
            if f"rnn.{i}.cell" in layers:
                states[f"rnn.{i}.cell"] = cell_states(
                    layer.all_weights[0], below.transpose(0, 1), x.transpose(0, 1)
                )
        return states, self.head(x).transpose(0, 1)


def _steps_first(layer: nn.RNNBase) -> nn.RNNBase:
    """The same layer for inputs (T, B, E): it would turn those of (B, T, E) round, which takes longer."""
    turned = copy.copy(layer)  # has the same weights
    turned.batch_first = False
    return turned
