"""Anyone's torch classifier: states against step-by-step computation, EPs against the module on prefixes."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from hsvis.errors import ModelError
from hsvis.models.protocol import Encoded
from hsvis.models.user.adapter import from_torch

WORDS = 30
CELLS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


def encode(text: str) -> Encoded:
    words = text.split()
    ids = np.array([int(word) % WORDS for word in words], np.int64)
    return Encoded(words, ids, np.ones(len(ids), bool), 0, len(text))


PROBE = ["1 2 3 4 5 6 7", "9 8 7", "4 4 5 1"]


class Attention(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.score = nn.Linear(size, 1)

    def forward(self, states):  # (B, T, H)
        return (self.score(states).softmax(1) * states).sum(1)


class Classifier(nn.Module):
    """What people write, in many variants."""

    def __init__(self, cell, *, layers, bidirectional, batch_first, pooling, output, packed, projected, deep):
        super().__init__()
        self.embed = nn.Embedding(WORDS, 5, padding_idx=0)
        more = {"proj_size": 3} if projected else {}
        self.rnn = CELLS[cell](
            5, 6, num_layers=layers, bidirectional=bidirectional, batch_first=batch_first, dropout=0.3, **more
        )
        size = (3 if projected else 6) * (1 + bidirectional)
        self.attention = Attention(size)
        outputs = 1 if output == "sigmoid" else 3
        self.fc = (
            nn.Sequential(nn.Linear(size, 4), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4, outputs))
            if deep
            else nn.Linear(size, outputs)
        )
        self.batch_first, self.pooling, self.output, self.packed = batch_first, pooling, output, packed

    def forward(self, ids, lengths):  # (B, T), whatever the layout inside
        x = self.embed(ids)
        if not self.batch_first:
            x = x.transpose(0, 1)
        if self.packed:
            x = nn.utils.rnn.pack_padded_sequence(
                x, lengths, batch_first=self.batch_first, enforce_sorted=False
            )
        out, last = self.rnn(x)
        if self.packed:
            out, _ = nn.utils.rnn.pad_packed_sequence(out, batch_first=self.batch_first)
        if not self.batch_first:
            out = out.transpose(0, 1)
        hidden = last[0] if isinstance(last, tuple) else last
        if self.pooling == "last":
            read = out[torch.arange(len(ids)), lengths - 1]
        elif self.pooling == "final":
            read = torch.cat([hidden[-2], hidden[-1]], -1) if self.rnn.bidirectional else hidden[-1]
        elif self.pooling == "mean":
            read = out.mean(1)
        elif self.pooling == "max":
            read = out.max(1).values
        else:
            read = self.attention(out)
        answer = self.fc(read)
        if self.output == "sigmoid":
            return answer.squeeze(-1).sigmoid()
        return {"logits": answer, "softmax": answer.softmax(-1), "log": answer.log_softmax(-1)}[self.output]


def own_probabilities(module, ids):
    """(C,): the module's own answer to one sequence."""
    answer = module(torch.tensor(ids)[None], torch.tensor([len(ids)]))[0]
    if module.output == "sigmoid":
        return torch.stack([1 - answer, answer])
    return {"logits": answer.softmax(-1), "softmax": answer, "log": answer.exp()}[module.output]


def step_by_step(module, ids):
    """layer -> (T, H) by cells, one step at a time, with the module's weights."""
    rnn, found = module.rnn, {}
    x = module.embed(torch.tensor(ids))  # (T, E)
    for k in range(rnn.num_layers):
        outs = []
        for d in range(1 + rnn.bidirectional):
            suffix = f"_l{k}" + "_reverse" * d
            weights = {n: getattr(rnn, n + suffix) for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
            project = getattr(rnn, "weight_hr" + suffix) if rnn.mode == "LSTM" and rnn.proj_size else None
            hidden = torch.zeros(1, weights["weight_hh"].shape[1])
            cell = torch.zeros(1, rnn.hidden_size)
            states, cells = [], []
            for step in reversed(range(len(x))) if d else range(len(x)):
                given = (x[step : step + 1], hidden, *weights.values())
                if rnn.mode == "LSTM":
                    a, b = (
                        x[step : step + 1] @ weights["weight_ih"].T + weights["bias_ih"],
                        hidden @ weights["weight_hh"].T,
                    )
                    i, f, g, o = (a + b + weights["bias_hh"]).chunk(4, -1)
                    cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
                    hidden = o.sigmoid() * cell.tanh()
                    hidden = hidden @ project.T if project is not None else hidden
                else:
                    hidden = (torch.gru_cell if rnn.mode == "GRU" else torch.rnn_tanh_cell)(*given)
                states.append(hidden[0])
                cells.append(cell[0])
            name = f"rnn.{k}" + ".reverse" * d
            found[name] = torch.stack(states[::-1] if d else states)
            if rnn.mode == "LSTM":
                found[f"{name}.cell"] = torch.stack(cells[::-1] if d else cells)
            outs.append(found[name])
        x = torch.cat(outs, -1)
    return found


architectures = st.fixed_dictionaries(
    {
        "cell": st.sampled_from(["lstm", "gru", "rnn"]),
        "layers": st.integers(1, 3),
        "bidirectional": st.booleans(),
        "batch_first": st.booleans(),
        "pooling": st.sampled_from(["last", "final", "mean", "max", "attention"]),
        "output": st.sampled_from(["sigmoid", "logits", "softmax", "log"]),
        "packed": st.booleans(),
        "projected": st.booleans(),
        "deep": st.booleans(),
    }
)


@settings(max_examples=40, deadline=None)
@given(architectures, st.integers(0, 999))
def test_states_and_eps_equal_the_modules_own(architecture, seed):
    architecture = dict(architecture)
    architecture["projected"] = architecture["projected"] and architecture["cell"] == "lstm"
    torch.manual_seed(seed)
    module = Classifier(architecture.pop("cell"), **architecture)
    classes = ("no", "yes") if architecture["output"] == "sigmoid" else ("a", "b", "c")
    model = from_torch(module, classes=classes, encode=encode, probe=PROBE)
    rng = np.random.default_rng(seed)
    lengths = [1, 50, *rng.integers(1, 50, 4).tolist()]
    batch = [encode(" ".join(map(str, rng.integers(1, WORDS, n)))) for n in lengths]
    trace = model.trace(batch)
    assert trace.lengths.tolist() == lengths
    module.eval()  # `from_torch` leaves it as it was
    with torch.no_grad():
        for b, one in enumerate(batch):
            expected = step_by_step(module, one.inputs)
            assert set(expected) == {layer.name for layer in model.layers}
            for name, states in expected.items():
                np.testing.assert_allclose(trace.states[name][b, : len(one)], states, atol=1e-5, rtol=1e-4)
            for t in {0, len(one) // 2, len(one) - 1}:
                own = own_probabilities(module, one.inputs[: t + 1])
                np.testing.assert_allclose(trace.ep[b, t], own, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("pooling", ["last", "final"])
@pytest.mark.parametrize("output", ["sigmoid", "logits", "softmax", "log"])
def test_a_head_on_the_last_state_is_found(pooling, output):
    torch.manual_seed(0)
    module = Classifier(
        "gru", layers=2, bidirectional=False, batch_first=True, pooling=pooling, output=output, packed=False,
        projected=False, deep=True,
    )  # fmt: skip
    classes = ("no", "yes") if output == "sigmoid" else ("a", "b", "c")
    model = from_torch(module, classes=classes, encode=encode, probe=PROBE)
    assert model.way.name == "head", model.way.why
    assert model.way.layer == "rnn.1"


@pytest.mark.parametrize("pooling", ["mean", "max", "attention"])
def test_pooling_is_answered_by_prefixes(pooling):
    torch.manual_seed(0)
    module = Classifier(
        "lstm", layers=1, bidirectional=False, batch_first=True, pooling=pooling, output="logits",
        packed=False, projected=False, deep=False,
    )  # fmt: skip
    model = from_torch(module, classes="abc", encode=encode, probe=PROBE)
    assert model.way.name == "prefixes"
    with pytest.raises(ModelError, match="does not give the model's own answers"):
        from_torch(module, classes="abc", encode=encode, probe=PROBE, head="fc")


class Loop(nn.Module):
    """A hand-written loop over cells, time first."""

    def __init__(self, cell):
        super().__init__()
        self.embed = nn.Embedding(WORDS, 4)
        self.encoder = nn.ModuleDict({"cell": cell(4, 7)})
        self.out = nn.Linear(7, 2)

    def forward(self, ids):  # (T, B)
        state = None
        for step in self.embed(ids):
            state = self.encoder["cell"](step, state)
        return self.out(state[0] if isinstance(state, tuple) else state)


@pytest.mark.parametrize("cell", [nn.LSTMCell, nn.GRUCell, nn.RNNCell])
def test_a_loop_over_cells_is_read_call_by_call(cell):
    torch.manual_seed(1)
    module = Loop(cell)
    model = from_torch(module, classes=("no", "yes"), encode=encode, probe=PROBE)
    names = ["encoder.cell.0"] + ["encoder.cell.0.cell"] * (cell is nn.LSTMCell)
    assert [layer.name for layer in model.layers] == names
    assert model.way.name == "head"
    one = encode("3 1 4 1 5 9 2 6")
    trace = model.trace([one, encode("2 7")])
    state = None
    for t, word in enumerate(one.inputs):
        state = module.encoder["cell"](module.embed(torch.tensor([word])), state)
        hidden = state[0] if isinstance(state, tuple) else state
        np.testing.assert_allclose(
            trace.states["encoder.cell.0"][0, t], hidden[0].detach(), atol=1e-5, rtol=1e-4
        )
        own = module.out(hidden).softmax(-1)[0].detach()
        np.testing.assert_allclose(trace.ep[0, t], own, atol=1e-5, rtol=1e-4)
        if isinstance(state, tuple):
            cells = trace.states["encoder.cell.0.cell"][0, t]
            np.testing.assert_allclose(cells, state[1][0].detach(), atol=1e-5, rtol=1e-4)


class Two(nn.Module):
    """Two recurrent modules in one network, of feature vectors."""

    def __init__(self):
        super().__init__()
        self.low = nn.GRU(3, 4, batch_first=True)
        self.high = nn.LSTM(4, 5, batch_first=True)
        self.head = nn.Linear(5, 3)

    def forward(self, x):
        return self.head(self.high(self.low(x)[0])[0][:, -1])


def test_several_modules_are_named_by_their_paths_and_read_feature_vectors():
    torch.manual_seed(2)
    module = Two()
    rng = np.random.default_rng(0)

    def series(values):
        return Encoded([f"row {t}" for t in range(len(values))], values, np.ones(len(values), bool), 0, 0)

    data = [rng.normal(size=(n, 3)).astype(np.float32) for n in (6, 2, 9)]
    model = from_torch(module, classes="abc", encode=series, probe=data)
    assert [layer.name for layer in model.layers] == ["low.0", "high.0", "high.0.cell"]
    trace = model.trace([series(one) for one in data])
    low, _ = module.low(torch.from_numpy(data[2])[None])
    np.testing.assert_allclose(trace.states["low.0"][2], low[0].detach(), atol=1e-5, rtol=1e-4)
    np.testing.assert_allclose(
        trace.states["high.0"][2], module.high(low)[0][0].detach(), atol=1e-5, rtol=1e-4
    )
    assert model.way.layer == "high.0"
    only = from_torch(module, classes="abc", encode=series, probe=data, recurrent=["high"])
    assert [layer.name for layer in only.layers] == ["high.0", "high.0.cell"]


def plain(**changes):
    given = {
        "layers": 1, "bidirectional": False, "batch_first": True, "pooling": "last", "output": "logits",
        "packed": False, "projected": False, "deep": False,
    }  # fmt: skip
    return Classifier("gru", **(given | changes))


def test_a_network_without_recurrent_layers_is_refused():
    with pytest.raises(ModelError, match=r"contains no nn\.LSTM"):
        from_torch(nn.Linear(2, 2), classes="ab", encode=encode, probe=PROBE)


def test_a_path_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(ModelError, match=r"`encoder`.*There are: rnn"):
        from_torch(plain(), classes="abc", encode=encode, probe=PROBE, recurrent=["encoder"])
    with pytest.raises(ModelError, match=r"no module at `classifier`"):
        from_torch(plain(), classes="abc", encode=encode, probe=PROBE, head="classifier")


def test_a_number_of_classes_that_does_not_fit_is_refused():
    with pytest.raises(ModelError, match=r"shape \(3, 3\); with 4 classes"):
        from_torch(plain(), classes="abcd", encode=encode, probe=PROBE)


def test_weights_that_are_not_finite_are_refused():
    module = plain()
    with torch.no_grad():
        module.fc.bias[0] = float("nan")
    with pytest.raises(ModelError, match=r"`fc\.bias` is NaN or infinite"):
        from_torch(module, classes="abc", encode=encode, probe=PROBE)


class Confused(nn.Module):
    """Reads time where the batch is."""

    def __init__(self):
        super().__init__()
        self.embed, self.rnn, self.fc = nn.Embedding(WORDS, 4), nn.LSTM(4, 5), nn.Linear(5, 2)

    def forward(self, ids):
        return self.fc(self.rnn(self.embed(ids))[0][:, -1])


def test_batch_and_time_that_are_confused_are_found_out():
    torch.manual_seed(0)
    with pytest.raises(ModelError, match=r"batch|answer has the shape"):
        from_torch(Confused(), classes="ab", encode=encode, probe=PROBE)


def beyond(text: str) -> Encoded:
    return Encoded(["x"], np.array([99]), np.ones(1, bool), 0, 1)


def test_a_module_that_raises_says_what_it_said():
    module = plain()
    with pytest.raises(ModelError, match=r"IndexError: index out of range"):
        from_torch(
            module,
            classes="abc",
            encode=beyond,
            probe=PROBE,
        )


def test_a_module_in_training_mode_is_read_in_evaluation_mode():
    module = plain(deep=True).train()
    model = from_torch(module, classes="abc", encode=encode, probe=PROBE)
    one = [encode("1 2 3")]
    assert np.array_equal(model.trace(one).ep, model.trace(one).ep)


def test_weights_and_architecture_make_the_fingerprint():
    torch.manual_seed(0)
    one, same, other = plain(), plain(), plain()
    same.load_state_dict(one.state_dict())
    prints = [
        from_torch(m, classes="abc", encode=encode, probe=PROBE).fingerprint for m in (one, same, other)
    ]
    assert prints[0] == prints[1] != prints[2]


def test_chosen_layers_are_kept_in_order():
    model = from_torch(plain(layers=3), classes="abc", encode=encode, probe=PROBE).keep(["rnn.2", "rnn.0"])
    assert list(model.trace([encode("1 2")]).states) == ["rnn.2", "rnn.0"]
    with pytest.raises(ModelError, match=r"no layer `rnn\.7`. It has rnn\.0, rnn\.1, rnn\.2"):
        model.keep(["rnn.7"])


def test_without_a_probe_plain_texts_are_tried() -> None:
    module = plain()
    given = from_torch(
        module, classes="abc", encode=lambda text: (list(text), [1 + ord(c) % 9 for c in text])
    )
    known = from_torch(module, classes="abc", encode=encode, probe=PROBE)
    assert (given.way.name, given.answers, given.layers) == (known.way.name, known.answers, known.layers)
    trace = given.trace([given.encode("some text")])
    assert trace.ep.shape == (1, 9, 3)
    with pytest.raises(ModelError, match="Give `probe`"):
        from_torch(module, classes="abc", encode=lambda text: ([], []))


class Failing(nn.Module):
    """Its answer is NaN as soon as a text holds word 11."""

    def __init__(self):
        super().__init__()
        self.embedding, self.rnn, self.fc = (
            nn.Embedding(12, 4),
            nn.GRU(4, 3, batch_first=True),
            nn.Linear(3, 2),
        )

    def forward(self, ids):
        answer = self.fc(self.rnn(self.embedding(ids))[0].mean(1))
        return torch.where((ids == 11).any(1, keepdim=True), torch.nan, answer)


def test_an_answer_that_becomes_nan_on_the_way_is_refused_with_the_text():
    def words(text):
        return text.split(), [int(word) for word in text.split()]

    model = from_torch(Failing(), classes="ab", encode=words, probe=["1 2 3", "4 5"])
    model.trace([model.encode("1 2 3")])
    with pytest.raises(ModelError, match="“1 2 11 3” is NaN"):
        model.trace([model.encode("5 4"), model.encode("1 2 11 3")])


class OneOutput(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.rnn, self.fc = (
            nn.Embedding(40, 4),
            nn.GRU(4, 3, batch_first=True),
            nn.Linear(3, 1),
        )

    def forward(self, ids):
        return self.fc(self.rnn(self.embedding(ids))[1][-1]).squeeze(1)


def test_one_output_for_more_classes_is_refused_with_the_remedy():
    with pytest.raises(ModelError, match="It has one output for 3 classes: use a model of 3 outputs"):
        from_torch(OneOutput(), classes="abc", encode=encode, probe=PROBE)
