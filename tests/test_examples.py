"""The examples of docs/bring-your-own-model.md, run as they stand there."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hsvis.run.folder import RunFolder
from hsvis.run.store import StateStore

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs" / "bring-your-own-model.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", DOCUMENT, re.DOTALL))
COMMANDS = re.findall(r"<!-- run -->\n```sh\n(.*?)```", DOCUMENT, re.DOTALL)
SERVE = "python app.py --config "
LAYERS = {
    "packed": {"lstm.0", "lstm.0.reverse", "lstm.1", "lstm.1.reverse"},
    "attention": {"gru.0"},
    "dates": {"cell.0"},
    "keras_reviews": {"lstm"},
}
WAYS = {"packed": "prefixes", "attention": "prefixes", "dates": "head", "keras_reviews": "files"}
# what Keras itself says: states by a model of its own that gives them, answers by `predict` on prefixes
KERAS = """
import runpy
made = runpy.run_path("keras_reviews.py", run_name="__main__")
keras, np = made["keras"], made["np"]
model, ids, found = made["model"], made["read"](made["test"]), np.load("keras-reviews.npz")
every = keras.layers.LSTM(32, return_sequences=True)
inputs = keras.Input((None,), dtype="int64")
states = keras.Model(inputs, every(model.layers[0](inputs)))
every.set_weights(model.get_layer("lstm").get_weights())
states = states.predict(ids, verbose=0)
for t in (0, 4, int(found["lengths"].max()) - 1):
    rows = found["lengths"] > t
    assert rows.any()
    np.testing.assert_allclose(found["states.lstm"][rows, t], states[rows, t], atol=1e-5)
    own = model.predict(ids[rows, : t + 1], verbose=0)
    np.testing.assert_allclose(found["ep"][rows, t], own, atol=1e-5)
"""


def test_every_example_has_its_files_and_commands() -> None:
    assert len(COMMANDS) == len(LAYERS)
    assert set(FILES) == {f"{name}.{end}" for name in LAYERS for end in ("py", "yaml")}


@pytest.mark.parametrize("name", LAYERS)
def test_an_example_runs_as_it_stands(name: str, tmp_path: Path) -> None:
    if name.startswith("keras") and importlib.util.find_spec("keras") is None:
        pytest.skip("keras is not installed: pip install -e '.[test]'")
    for file in (f"{name}.py", f"{name}.yaml"):
        (tmp_path / file).write_text(FILES[file], encoding="utf-8")
    commands = next(block for block in COMMANDS if f"{name}.yaml" in block).strip().splitlines()
    assert commands[-1].startswith(SERVE)  # what a reader types; here it is built, and not served
    environment = os.environ | {"HSVIS_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    last = ""
    for command in commands:
        words = command.split()
        if command.startswith(SERVE):
            words = ["hsvis", "build", words[-1], "--set", "projections=[{method: pca}]"]
        program = [sys.executable, "-m", "hsvis"] if words[0] == "hsvis" else [sys.executable]
        if words[1] == "keras_reviews.py":
            words = [words[0], "-c", KERAS]
        done = subprocess.run(
            [*program, *words[1:]], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        if words[:2] == ["hsvis", "check"]:
            assert "All is well." in done.stdout
        last = done.stdout
    store = StateStore.open(RunFolder(Path(last.splitlines()[-1])))
    assert {layer for layer in store.layers if not layer.endswith(".cell")} == LAYERS[name]
    assert store.manifest.own_model is not None
    assert store.manifest.own_model.ep == WAYS[name]
    assert store.test_accuracy is not None
    assert store.test_accuracy > 0.75
    np.testing.assert_allclose(store.ep.sum(1), 1, atol=1e-5)
    for layer in store.layers:
        assert store.states(3, layer).std() > 0
