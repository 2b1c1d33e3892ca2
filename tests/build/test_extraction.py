"""Extraction from recorded states: each row where it belongs, and nothing of torch."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hsvis.build.extraction import extract
from hsvis.build.parts import Row, write_states
from hsvis.config import StateSettings
from hsvis.errors import ModelError
from hsvis.models.protocol import Encoded, Layer, Trace
from hsvis.progress import silent
from hsvis.run.folder import RunFolder

SCRIPT = """
import json, sys
from pathlib import Path
from hsvis.build.extraction import extract
from hsvis.corpus.recorded import corpus_of, read_recorded
from hsvis.models.recorded import RecordedModel

given = read_recorded(Path(sys.argv[1]), None)
model = RecordedModel(given)
found = extract(model, [one for one in map(model.encode, corpus_of(given).test.examples) if len(one)])
states = found.states["rnn.0"].tolist()
print(json.dumps([found.lengths.tolist(), states, found.ep.tolist(), "torch" in sys.modules]))
"""

BUILDING = """
import json, sys
from hsvis.build.pipeline import build
from hsvis.config import load_config

store = build(load_config(sys.argv[1]))
states = [store.states(k, "rnn.0").tolist() for k in range(store.n_sequences)]
print(json.dumps([states, store.manifest.stages, "torch" in sys.modules]))
"""


def test_a_run_of_recorded_states_is_built_whole_without_torch(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    states, ep = rng.normal(size=(8, 5)).astype(np.float32), rng.dirichlet([1, 1, 1], 8)
    np.savez(tmp_path / "run.npz", lengths=np.array([3, 1, 4]), states=states, ep=ep)
    (tmp_path / "run.yaml").write_text(
        f"name: recorded\nstates_from: {tmp_path / 'run.npz'}\nstates: {{precision: float16}}\n"
        "projections: [{method: pca}]\n",
        encoding="utf-8",
    )
    environment = os.environ | {"HSVIS_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-c", BUILDING, str(tmp_path / "run.yaml")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert ran.returncode == 0, ran.stderr
    found, made, has_torch = json.loads(ran.stdout)
    kept = np.concatenate([np.array(one, np.float32) for one in found])
    np.testing.assert_array_equal(kept, states.astype(np.float16).astype(np.float32))
    assert {"states", "index of rnn.0", "words of rnn.0"} < set(made)
    assert not has_torch


def test_recorded_states_are_read_without_torch(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    lengths = np.array([3, 1, 0, 4])
    states, ep = rng.normal(size=(8, 5)).astype(np.float32), rng.dirichlet([1, 1, 1], 8).astype(np.float32)
    np.savez(tmp_path / "run.npz", lengths=lengths, states=states, ep=ep)
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "run.npz")]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    read, found, answers, has_torch = json.loads(printed)
    assert read == [3, 1, 4]
    np.testing.assert_array_equal(np.float32(found), states)
    np.testing.assert_allclose(answers, ep, atol=1e-6)
    assert not has_torch


class Broken:
    """States and EPs that are numbers, but for one of one step of the sequence `bad`."""

    classes = ("a", "b")
    layers = (Layer("rnn.0", "hidden", 3, "forward"),)
    fingerprint = ""

    def __init__(self, where: str, step: int, value: float) -> None:
        self.where, self.step, self.value = where, step, value

    def encode(self, text: str) -> Encoded:
        words = text.split()
        return Encoded(words, np.arange(len(words)), np.ones(len(words), bool), 0, len(text))

    def trace(self, batch: list[Encoded]) -> Trace:
        lengths = np.array(list(map(len, batch)))
        longest = int(lengths.max())
        states = np.random.default_rng(0).normal(size=(len(batch), longest, 3)).astype(np.float32)
        ep = np.full((len(batch), longest, 2), 0.5, np.float32)
        for k, one in enumerate(batch):
            if one.tokens[0] == "bad":
                {"states": states, "ep": ep}[self.where][k, self.step, 1] = self.value
        return Trace({"rnn.0": states}, ep, lengths)


TEXTS = ["good film", "bad plot and poor music", "fine", "a film"]


@pytest.mark.parametrize("step", [0, 2, 4])
@pytest.mark.parametrize("where", ["states", "ep"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_value_that_is_no_number_names_its_sequence_and_step(where: str, step: int, value: float) -> None:
    model = Broken(where, step, value)
    encoded = list(map(model.encode, TEXTS))
    said = rf"NaN or infinite at step {step} of the sequence “bad plot and poor music”"
    with pytest.raises(ModelError, match=said):
        extract(model, encoded)
    assert len(extract(model, [encoded[0], *encoded[2:]]).ep) == 5


def test_a_state_beyond_half_precision_names_its_sequence(tmp_path: Path) -> None:
    model = Broken("states", 3, 70_000.0)
    rows = [Row(k, text, 0) for k, text in enumerate(TEXTS)]

    def write(folder: str, precision: str) -> None:
        settings = StateSettings.model_validate({"precision": precision})
        write_states(RunFolder(tmp_path / folder), model, rows, len(rows), settings, silent)

    with pytest.raises(
        ModelError, match=r"float16 \(65,504\), first in the sequence “bad plot and poor music”"
    ):
        write("half", "float16")
    write("single", "float32")
