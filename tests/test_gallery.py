"""docs/models.md: each kind of model with the config that shows it; states and EPs by plain calls.

A kind is a module `tests/gallery/KIND.py` and its config `KIND.yaml`; docs/models.md holds both, word for
word, and `STATES` here and in `gallery_states.py` computes its states anew.
"""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import gallery_states
import numpy as np
import pytest
import torch

from hsvis.build.plan import Plan
from hsvis.check import check
from hsvis.config import load_config
from hsvis.models.user.provider import UsersModel
from hsvis.progress import silent

GALLERY = Path(__file__).parent / "gallery"
DOCS = (Path(__file__).parents[1] / "docs" / "models.md").read_text(encoding="utf-8")
KINDS = sorted(path.stem for path in GALLERY.glob("*.yaml"))
WORDS = "<pad> <unk> the a film is not good bad it was and of very great plot".split()  # noqa: SIM905


def elman(net: Any, ids: torch.Tensor) -> dict[str, torch.Tensor]:
    h, found = torch.zeros(len(ids), 24), []
    for x in net.embedding(ids).unbind(1):
        h = (torch.cat([x, h], 1) @ net.cell.i2h.weight.T + net.cell.i2h.bias).tanh()
        found.append(h)
    return {"cell.0": torch.stack(found, 1)}


def mingru(net: Any, ids: torch.Tensor) -> dict[str, torch.Tensor]:
    """Step by step, as the paper has it: h = (1 - z) h + z g(candidate)."""
    x, found = net.embedding(ids), {}
    for name in ("lower", "upper"):
        layer = getattr(net, name)
        h, states = torch.zeros(len(ids), 24), []
        for step in x.unbind(1):
            z, c = layer.gate(step).sigmoid(), layer.candidate(step)
            h = (1 - z) * h + z * torch.where(c >= 0, c + 0.5, c.sigmoid())
            states.append(h)
        x = found[f"{name}.0"] = torch.stack(states, 1)
    return found


def slstm(net: Any, ids: torch.Tensor) -> dict[str, torch.Tensor]:
    """Without the stabiliser."""
    zeros = torch.zeros(len(ids), 24)
    h, c, n, found = zeros, zeros, zeros, []
    for x in net.embedding(ids).unbind(1):
        z, i, f, o = net.cell.gates(torch.cat([x, h], 1)).chunk(4, 1)
        c, n = f.sigmoid() * c + i.exp() * z.tanh(), f.sigmoid() * n + i.exp()
        h = o.sigmoid() * c / n
        found.append(h)
    return {"cell.0": torch.stack(found, 1)}


def indrnn(net: Any, ids: torch.Tensor) -> dict[str, torch.Tensor]:
    h, found = torch.zeros(len(ids), 24), []
    for x in net.embedding(ids).unbind(1):
        h = torch.relu(x @ net.rnn.read.weight.T + net.rnn.read.bias + net.rnn.keep * h)
        found.append(h)
    return {"rnn.0": torch.stack(found, 1)}


def scripted(net: Any, ids: torch.Tensor) -> dict[str, torch.Tensor]:
    return {"lstm.0": net.lstm(net.embedding(ids))[0]}


def lstm(net: Any, ids: torch.Tensor) -> dict[str, torch.Tensor]:
    return {"lstm.0": net.lstm(net.embedding(ids))[0], "lstm.0.cell": _cells(net, ids)}


def _cells(net: Any, ids: torch.Tensor) -> torch.Tensor:
    """Cell states, of a call for each prefix."""
    x = net.embedding(ids)
    return torch.stack([net.lstm(x[:, : t + 1])[1][1][0] for t in range(x.shape[1])], 1)


def quantised(net: Any, ids: torch.Tensor) -> dict[str, torch.Tensor]:
    return {"lstm.0": torch.cat([net.lstm(net.embedding(row[None]))[0] for row in ids])}


def mamba(net: Any, ids: torch.Tensor) -> dict[str, torch.Tensor]:
    """Unit by unit."""
    x, block = net.embedding(ids), net.block
    dt, b = torch.log1p(block.dt(x).exp()), block.b(x)  # (B, T, 8), (B, T, 4)
    h, found = torch.zeros(len(ids), 8, 4), []
    for t in range(x.shape[1]):
        for unit in range(8):
            decay = torch.exp(-dt[:, t, unit, None] * block.log_a[unit].exp())
            h[:, unit] = decay * h[:, unit] + dt[:, t, unit, None] * b[:, t] * x[:, t, unit, None]
        found.append(h.clone().reshape(len(ids), 32))
    return {"scan": torch.stack(found, 1)}


def crnn(net: Any, ids: torch.Tensor) -> dict[str, torch.Tensor]:
    """A step for two words, which the convolution reads with one word more on each side."""
    x = net.conv(net.embedding(ids).mT).relu()
    own = net.gru(torch.maximum(x[..., :-1:2], x[..., 1::2]).mT)[0]
    ends = [min(2 * j + 2, ids.shape[1] - 1) for j in range(own.shape[1])]
    latest = [max((j for j, end in enumerate(ends) if end <= t), default=-1) for t in range(ids.shape[1])]
    none = torch.zeros(len(ids), 24)
    return {"gru.0": torch.stack([own[:, j] if j >= 0 else none for j in latest], 1)}


def siamese(net: Any, ids: torch.Tensor) -> dict[str, torch.Tensor]:
    first, second = net.gru(net.embedding(ids[:, :3]))[0], net.gru(net.embedding(~ids[:, 3:]))[0]
    return {"gru.0": torch.cat([first, second], 1)}


STATES: dict[str, Callable[[Any, torch.Tensor], dict[str, torch.Tensor]]] = {
    "elman": elman, "mingru": mingru, "slstm": slstm, "indrnn": indrnn, "scripted": scripted,
    "quantised": quantised, "mamba": mamba, "multi_label": lstm, "regression": lstm, "crnn": crnn,
    "siamese": siamese, **gallery_states.STATES,
}  # fmt: skip
# the model's own answer to the steps that it has read, where a plain call is not it
ANSWERS: dict[str, Callable[[Any, torch.Tensor], torch.Tensor]] = {
    "siamese": lambda net, ids: net(ids[:, :3], ~ids[:, 3:]),
    **gallery_states.ANSWERS,
}
# what makes EPs of what a module returns, where that is not softmax
ENDS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "multi_label": torch.sigmoid,
    "regression": lambda output: output[:, None],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "words.txt").write_text("\n".join(WORDS), encoding="utf-8")
    texts = ["the film is good", "a bad plot and not great", "it was very good of the film"]
    rows = [f"{text},{int('good' in text)},{int('bad' in text)},{len(text) / 2}" for text in texts]
    (tmp_path / "labels.csv").write_text("\n".join(["text,praise,blame,length", *rows]), encoding="utf-8")
    pairs = "premise,hypothesis,label\nthe film is,not good at all,0\na great plot,and very good,1\n"
    (tmp_path / "pairs.csv").write_text(pairs, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(GALLERY)
    torch.manual_seed(4)
    return tmp_path


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_states_and_eps_are_those_of_plain_calls(folder: Path, kind: str) -> None:
    config = load_config(GALLERY / f"{kind}.yaml", ["tokens.max_length=12"])  # long texts take time alone
    plan = Plan.of(config, silent)
    assert isinstance(plan.provider, UsersModel)
    model = plan.provider.model()
    model.module.eval()
    texts = plan.corpus.test.examples[:3]
    batch = [model.encode(one) for one in texts]
    answer = ANSWERS.get(kind, lambda module, ids: module(ids))
    trace, end = model.trace(batch), ENDS.get(kind, partial(torch.softmax, dim=1))
    for row, one in enumerate(batch):
        ids = torch.tensor(one.inputs)[None]
        with torch.no_grad():
            own = STATES[kind](model.module, ids)
            gap = model.gap(one)
            own_ep = [end(answer(model.module, ids[:, : t + 1]))[0] for t in range(gap, len(one))]
        assert {layer.name for layer in model.layers} == set(own)
        for name, states in own.items():
            np.testing.assert_allclose(trace.states[name][row, : len(one)], states[0], atol=2e-5)
        assert gap == {"crnn": 1, "siamese": 3}.get(kind, 0)
        assert np.isnan(trace.ep[row, :gap]).all()
        np.testing.assert_allclose(trace.ep[row, gap : len(one)], torch.stack(own_ep), atol=2e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_in_the_docs_is_what_was_tried(kind: str) -> None:
    blocks = dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", DOCS, re.S))
    for name in (f"{kind}.py", f"{kind}.yaml"):
        assert blocks[name] == (GALLERY / name).read_text(encoding="utf-8")


def test_check_says_whose_output_is_shown(folder: Path) -> None:
    findings = check(load_config(GALLERY / "mingru.yaml"))
    told = [one.text for one in findings.decisions if one.code == "recorded-states"]
    assert [text.split(",")[0] for text in told] == ["The states of `lower`", "The states of `upper`"]
