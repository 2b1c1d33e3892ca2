"""The built-in classifier against plain torch modules, and the built run against the model."""

import numpy as np
import pytest
import torch
from torch import nn

from hsvis.build.extraction import extract
from hsvis.config import ModelSettings, TokenSettings
from hsvis.corpus.tokens import Vocabulary
from hsvis.errors import ModelError
from hsvis.models.builtin.classifier import CELLS, RecurrentClassifier
from hsvis.models.builtin.text_model import TextModel

WORDS = [f"w{i}" for i in range(30)]
COMBINATIONS = [(cell, layers) for cell in ("lstm", "gru", "rnn") for layers in (1, 2, 3)]


def classifier(cell: str, layers: int, classes: int = 3, output: str | None = None) -> RecurrentClassifier:
    torch.manual_seed(3)
    settings = ModelSettings.model_validate(
        {"cell": cell, "layers": layers, "hidden": 7, "embedding": 5, "output": output}
    )
    made = RecurrentClassifier(settings, len(WORDS) + 2, classes)
    with torch.no_grad():
        for weight in made.parameters():
            weight.add_(torch.randn_like(weight) * 0.4)  # away from the gentle start
    return made.eval()


def plain(made: RecurrentClassifier) -> nn.RNNBase:
    """One torch module of all layers with the same weights."""
    stacked = CELLS[made.cell](5, 7, num_layers=len(made.rnn), batch_first=True)
    with torch.no_grad():
        for i, layer in enumerate(made.recurrent):
            for ours, theirs in zip(layer.all_weights[0], stacked.all_weights[i], strict=True):
                theirs.copy_(ours)
    return stacked.eval()


def text_model(made: RecurrentClassifier, wanted: list[str], max_length: int | None = None) -> TextModel:
    classes = [f"class {i}" for i in range(2 if made.output == "sigmoid" else made.head.out_features)]
    return TextModel(made, Vocabulary(tuple(WORDS)), TokenSettings(max_length=max_length), classes, wanted)


def texts(count: int = 40, longest: int = 50) -> list[str]:
    rng = np.random.default_rng(5)
    lengths = [1, longest, *rng.integers(1, longest, count - 2)]
    return [" ".join(rng.choice([*WORDS, "never-seen"], n)) for n in lengths]


@pytest.mark.parametrize(("cell", "layers"), COMBINATIONS)
@torch.no_grad()
def test_states_equal_one_plain_forward_call(cell: str, layers: int) -> None:
    made = classifier(cell, layers)
    model = text_model(made, [f"rnn.{i}" for i in range(layers)])
    encoded = [model.encode(text) for text in texts()]
    found = extract(model, encoded)
    stacked = plain(made)
    row = 0
    for one in encoded:
        x = made.embedding(torch.from_numpy(one.inputs)[None])
        top, last = stacked(x)  # (1, T, H) of the top layer; the last state of every layer
        final = last[0] if isinstance(last, tuple) else last  # (layers, 1, H)
        rows = slice(row, row + len(one))
        np.testing.assert_allclose(found.states[f"rnn.{layers - 1}"][rows], top[0].numpy(), atol=1e-5)
        for i in range(layers):
            np.testing.assert_allclose(found.states[f"rnn.{i}"][rows][-1], final[i, 0].numpy(), atol=1e-5)
        row += len(one)
    assert row == len(found.ep) == found.lengths.sum()


@pytest.mark.parametrize("layers", [1, 2])
@torch.no_grad()
def test_cell_states_equal_a_step_by_step_computation(layers: int) -> None:
    made = classifier("lstm", layers)
    model = text_model(made, [f"rnn.{i}.cell" for i in range(layers)])
    encoded = [model.encode(text) for text in texts(12)]
    found = extract(model, encoded)
    row = 0
    for one in encoded:
        x = made.embedding(torch.from_numpy(one.inputs))  # (T, E)
        for i, layer in enumerate(made.recurrent):
            step = nn.LSTMCell(layer.input_size, layer.hidden_size)
            for theirs, ours in zip(step.parameters(), layer.parameters(), strict=True):
                theirs.copy_(ours)
            hidden = cell = torch.zeros(1, layer.hidden_size)
            above = []
            for t in range(len(one)):
                hidden, cell = step(x[t : t + 1], (hidden, cell))
                np.testing.assert_allclose(found.states[f"rnn.{i}.cell"][row + t], cell[0].numpy(), atol=1e-5)
                above.append(hidden[0])
            x = torch.stack(above)
        row += len(one)


@pytest.mark.parametrize(("cell", "layers"), COMBINATIONS[:6])
@pytest.mark.parametrize(("classes", "output"), [(2, "sigmoid"), (2, "softmax"), (4, None)])
@torch.no_grad()
def test_each_ep_is_the_models_answer_to_the_prefix(
    cell: str, layers: int, classes: int, output: str | None
) -> None:
    made = classifier(cell, layers, classes, output)
    model = text_model(made, ["rnn.0"])
    encoded = [model.encode(text) for text in texts(15, 20)]
    found = extract(model, encoded)
    assert found.ep.shape == (found.lengths.sum(), classes)
    np.testing.assert_allclose(found.ep.sum(1), 1, atol=1e-6)
    row = 0
    for one in encoded:
        for t in range(len(one)):
            logits = made(torch.from_numpy(one.inputs[: t + 1])[None], torch.tensor([t + 1]))
            if output == "sigmoid":
                positive = 1 / (1 + np.exp(-logits[0, 0].item()))
                expected = [1 - positive, positive]
            else:
                expected = (logits[0].exp() / logits[0].exp().sum()).tolist()
            np.testing.assert_allclose(found.ep[row + t], expected, atol=1e-5)
        row += len(one)


def test_distances_are_euclidean_and_missing_at_step_0_only() -> None:
    model = text_model(classifier("gru", 2), ["rnn.0", "rnn.1"])
    found = extract(model, [model.encode(text) for text in texts(20)])
    for layer in ("rnn.0", "rnn.1"):
        states, distances = found.states[layer], found.distances[layer]
        starts = np.cumsum(found.lengths) - found.lengths
        assert np.flatnonzero(np.isnan(distances)).tolist() == starts.tolist()
        for row in np.flatnonzero(~np.isnan(distances)):
            expected = np.sqrt(((states[row].astype(float) - states[row - 1]) ** 2).sum())
            assert distances[row] == pytest.approx(expected, abs=1e-5)


def test_the_company_in_a_batch_does_not_change_a_sequence() -> None:
    model = text_model(classifier("lstm", 2), ["rnn.1"])
    encoded = [model.encode(text) for text in texts(20)]
    together = extract(model, encoded)
    row = 0
    for one in encoded:
        alone = extract(model, [one])
        np.testing.assert_allclose(
            together.states["rnn.1"][row : row + len(one)], alone.states["rnn.1"], atol=1e-5
        )
        row += len(one)


def test_unknown_words_are_read_and_marked() -> None:
    model = text_model(classifier("lstm", 1), ["rnn.0"])
    encoded = model.encode("w1 Nonsense, w2")
    assert encoded.tokens == ["w1", "Nonsense,", "w2"]
    assert encoded.known.tolist() == [True, False, True]


def test_a_text_of_ten_thousand_words_is_read_whole() -> None:
    model = text_model(classifier("lstm", 1), ["rnn.0"])
    found = extract(model, [model.encode("w1 w2 " * 5000), model.encode("w3")])
    assert found.lengths.tolist() == [10_000, 1]
    assert np.isfinite(found.states["rnn.0"]).all()


def test_a_layer_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(ModelError, match=r"no layer `rnn.5`. It has rnn.0, rnn.1"):
        text_model(classifier("gru", 2), ["rnn.5"])
    with pytest.raises(ModelError, match="rnn.0.cell"):
        text_model(classifier("gru", 1), ["rnn.0.cell"])


def test_a_sigmoid_head_for_three_classes_is_refused() -> None:
    with pytest.raises(ModelError, match="softmax"):
        classifier("lstm", 1, 3, "sigmoid")


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_a_new_model_forgets_nothing_and_keeps_lengths(cell: str) -> None:
    torch.manual_seed(1)
    settings = ModelSettings.model_validate({"cell": cell, "layers": 2, "hidden": 7, "embedding": 5})
    made = RecurrentClassifier(settings, len(WORDS) + 2, 3)
    vectors = made.embedding(torch.arange(len(WORDS) + 2))
    assert not vectors[0].any()  # of padding
    assert 0.04 < vectors[1:].abs().max() <= 0.05
    for layer in made.recurrent:
        _, from_state, bias, second_bias = layer.all_weights[0]
        for gate in from_state.split(7):
            torch.testing.assert_close(gate @ gate.T, torch.eye(7), atol=1e-5, rtol=0)
        expected = torch.zeros(len(bias))
        if cell == "lstm":
            expected[7:14] = 1  # the forget gates (Jozefowicz et al. 2015)
        assert torch.equal(bias + second_bias, expected)
