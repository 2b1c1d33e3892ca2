"""The invariants of a built run, recomputed from its files, its checkpoint and plain torch modules."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from torch import nn

from hsvis.build.pipeline import build
from hsvis.config import load_config
from hsvis.models.builtin.checkpoint import Checkpoint, read_checkpoint
from hsvis.run.store import StateStore

MODULES = {"lstm": nn.LSTM, "gru": nn.GRU}


@pytest.fixture(scope="module", params=[("lstm", 1), ("lstm", 2), ("gru", 1), ("gru", 2)], ids=str)
def run(request: pytest.FixtureRequest, session_cache: Path) -> tuple[StateStore, Checkpoint, nn.RNNBase]:
    """A small trained run, its checkpoint, and one torch module of all layers with its weights."""
    cell, layers = request.param
    settings = [
        "dataset.limit=30",
        f"model.cell={cell}",
        f"model.layers={layers}",
        "model.hidden=10",
        "model.embedding=6",
        "model.epochs=2",
        f"states.layers=[{', '.join(f'rnn.{i}' for i in range(layers))}]",
        "states.part_steps=300",
        "projections=[{method: pca}]",
        "tokens.max_length=40",
    ]
    store = build(load_config("demo", settings))
    key = store.manifest.keys.model
    checkpoint = read_checkpoint(session_cache / "demo" / "models" / f"{key}.safetensors")
    plain = MODULES[cell](6, 10, num_layers=layers, batch_first=True)
    weights = checkpoint.classifier.state_dict()
    with torch.no_grad():
        for i in range(layers):
            for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                getattr(plain, f"{kind}_l{i}").copy_(weights[f"rnn.{i}.{kind}_l0"])
    return store, checkpoint, plain.eval()


def word_vectors(store: StateStore, checkpoint: Checkpoint, index: int) -> torch.Tensor:
    """(1, T, E): the sequence's words looked up one by one."""
    table = pq.read_table(store.folder.sequences).slice(index, 1).to_pylist()[0]
    vectors = checkpoint.classifier.state_dict()["embedding.weight"]
    words = checkpoint.vocabulary.words
    ids = []
    for token, known in zip(table["tokens"], table["known"], strict=True):
        form = token.lower().strip(".,;:!?\"'()")
        assert (form in words) is known, token
        ids.append(words.index(form) + 2 if known else 1)
    return vectors[ids][None]


@torch.no_grad()
def test_states_equal_one_plain_forward_call(run: tuple[StateStore, Checkpoint, nn.RNNBase]) -> None:
    store, checkpoint, plain = run
    top = f"rnn.{plain.num_layers - 1}"
    for index in range(store.n_sequences):
        expected, last = plain(word_vectors(store, checkpoint, index))
        np.testing.assert_allclose(store.states(index, top), expected[0].numpy(), atol=1e-5)
        final = last[0] if isinstance(last, tuple) else last
        for i in range(plain.num_layers):
            np.testing.assert_allclose(store.states(index, f"rnn.{i}")[-1], final[i, 0].numpy(), atol=1e-5)


@torch.no_grad()
def test_the_ep_of_each_step_is_the_answer_to_the_prefix(
    run: tuple[StateStore, Checkpoint, nn.RNNBase],
) -> None:
    store, checkpoint, plain = run
    head = checkpoint.classifier.state_dict()
    for index in range(0, store.n_sequences, 5):
        x = word_vectors(store, checkpoint, index)
        sequence = store.sequence(index)
        for t in range(len(sequence.tokens)):
            state = plain(x[:, : t + 1])[0][0, -1]
            logit = float(state @ head["head.weight"][0] + head["head.bias"][0])
            positive = 1 / (1 + np.exp(-logit))
            np.testing.assert_allclose(sequence.ep[t], [1 - positive, positive], atol=1e-5)
        answer = checkpoint.classifier.eval().probabilities(
            checkpoint.classifier(_ids(store, checkpoint, index), torch.tensor([len(sequence.tokens)]))
        )
        np.testing.assert_allclose(sequence.ep[-1], answer[0].numpy(), atol=1e-5)


def _ids(store: StateStore, checkpoint: Checkpoint, index: int) -> torch.Tensor:
    ids = checkpoint.vocabulary.ids()
    tokens = store.sequence(index).tokens
    return torch.tensor([[ids.get(t.lower().strip(".,;:!?\"'()"), 1) for t in tokens]])


def test_rows_lengths_and_distances(run: tuple[StateStore, Checkpoint, nn.RNNBase]) -> None:
    store, _, plain = run
    lengths = pq.read_table(store.folder.sequences)["length"].to_numpy()
    assert max(lengths) == 40, "the length limit should cut some reviews"
    sequence = np.repeat(np.arange(len(lengths)), lengths)
    step = np.concatenate([np.arange(n) for n in lengths])
    for i in range(plain.num_layers):
        parts = sorted(store.folder.states(f"rnn.{i}", 0).parent.glob("*.parquet"))
        assert len(parts) > 1
        table = pq.read_table(parts)
        assert table.num_rows == lengths.sum()
        assert np.array_equal(table["sequence"].to_numpy(), sequence)
        assert np.array_equal(table["step"].to_numpy(), step)
        states = np.stack(table["state"].to_numpy()).astype(float)
        distances = table["distance"].to_numpy()
        assert np.array_equal(np.isnan(distances), step == 0)
        expected = np.sqrt(((states[1:] - states[:-1]) ** 2).sum(1))
        np.testing.assert_allclose(distances[1:][step[1:] > 0], expected[step[1:] > 0], atol=1e-5)
