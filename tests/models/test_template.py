"""What `hsvis check --template` writes: tried for each kind of module; its answers are its own."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from own_run import WORDS, make_folder, write_config
from template_models import MODELS
from torch import nn

from hsvis.check import check
from hsvis.check.template import write_template
from hsvis.cli import main
from hsvis.config import load_config
from hsvis.errors import ConfigError
from hsvis.models.user.adapter import from_torch
from hsvis.models.user.reading.encoders import of_function
from hsvis.models.user.reading.probe import probe_of
from hsvis.models.user.template import template_of

PROBE = ["this film is very good", "the plot was poor and long", "not a great book"]


def encode(text: str) -> tuple[list[str], list[int]]:
    words = text.split()
    return words, [1 + sum(map(ord, word)) % 14 for word in words]


@pytest.mark.parametrize("kind", MODELS)
def test_the_function_calls_the_module(kind: str) -> None:
    """EPs against the module called by hand, on every prefix."""
    torch.manual_seed(0)
    make, by_hand, is_open = MODELS[kind]
    module = make(len(WORDS)).eval()
    reader = of_function("encode", encode)
    template = template_of(module, probe_of(PROBE, reader), ["neg", "pos"])
    assert template.problem == ""
    assert bool(template.open) == is_open
    names: dict[str, Any] = {}
    exec(template.source, names)
    model = from_torch(
        module, classes=["neg", "pos"], encode=encode, probe=PROBE, forward=names["forward"],
        recurrent=["rnn"],
    )  # fmt: skip
    one = model.encode(PROBE[1])
    ep = model.trace([one]).ep[0]
    for t in range(len(one)):
        ids = torch.tensor(one.inputs)[None, : t + 1]
        with torch.no_grad():
            own = by_hand(module, ids)
        np.testing.assert_allclose(ep[t], own.softmax(-1)[0], atol=1e-5)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return make_folder(tmp_path)


def settings(folder: Path, **more: str) -> dict[str, Any]:
    return {
        "factory": "template_models:seeded",
        "kwargs": f"{{kind: station, words: {len(WORDS)}}}",
        "tokenizer": folder / "vocab.txt",
    } | more


def test_a_model_that_needs_a_number_is_shown_by_what_was_written(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_config(folder, **settings(folder))
    assert main(["check", str(path)]) == 2
    assert "`station` must be given" in (told := capsys.readouterr().err)
    assert "hsvis check CONFIG --template" in told
    assert main(["check", str(path), "--template", "call_station.py"]) == 0
    printed = capsys.readouterr().out
    assert "Set STATION in it" in printed
    assert "forward: call_station:forward" in printed
    with_forward = load_config(write_config(folder, **settings(folder, forward="call_station:forward")))
    findings = check(with_forward)
    assert findings.data["call"] == "forward(module, inputs, lengths)"


def test_a_file_that_is_there_is_not_written_over(folder: Path) -> None:
    (folder / "mine.py").write_text("kept")
    with pytest.raises(ConfigError, match="is there already"):
        list(write_template(load_config(write_config(folder, **settings(folder))), Path("mine.py")))
    assert (folder / "mine.py").read_text() == "kept"


def test_what_calls_the_model_is_part_of_the_key(folder: Path) -> None:
    from hsvis.models.fingerprints import fingerprints

    body = "def forward(module, inputs, lengths):\n    return module(inputs, {})\n"
    (folder / "calls_it.py").write_text(body.format(1))
    plain = load_config(write_config(folder, **settings(folder))).model
    named = load_config(write_config(folder, **settings(folder, forward="calls_it:forward"))).model
    before = fingerprints(named)
    (folder / "calls_it.py").write_text(body.format(2))
    after = fingerprints(named)
    assert {name for name in after if before[name] != after[name]} == {"forward"}
    assert fingerprints(plain) == {name: one for name, one in after.items() if name != "forward"}


def test_a_function_that_mixes_batch_and_time_is_refused() -> None:
    module = MODELS["time first"][0](len(WORDS)).eval()

    def forward(module: nn.Module, inputs: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        return module(inputs)

    with pytest.raises(Exception, match="`model.forward`"):
        from_torch(module, classes=["neg", "pos"], encode=encode, probe=PROBE, forward=forward)
