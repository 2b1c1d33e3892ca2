"""The manifest: read once, whole or none, old ones and newer ones too."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hsvis.build.pipeline import build
from hsvis.config import Config
from hsvis.run import manifest as module
from hsvis.run.facts import Keys, LayerFacts
from hsvis.run.folder import RunFolder
from hsvis.run.manifest import Manifest, read_manifest, write_content, write_manifest
from hsvis.run.store import StateStore
from hsvis.storage import files

SMALLEST = {
    "format": files.FORMAT,
    "name": "é",
    "config": {},
    "classes": ["a", "b"],
    "layers": [{"name": "rnn.0", "kind": "hidden", "size": 3}],
    "sequences": 1,
    "states": 2,
    "keys": {"model": "m", "states": "s"},
}


@pytest.fixture
def openings() -> Iterator[list[str]]:
    """The manifests that this process opens from now on."""
    seen: list[str] = []
    listening = [True]

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if listening and event == "open" and str(arguments[0]).endswith("manifest.json"):
            seen.append(str(arguments[0]))

    sys.addaudithook(hook)  # can't be taken away again
    yield seen
    listening.clear()


def test_a_built_run_is_opened_with_one_look_at_its_manifest(
    demo_store: StateStore, demo_config: Config, openings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = []
    key_of = module.key_of
    monkeypatch.setattr(module, "key_of", lambda **parts: hashed.append(1) or key_of(**parts))
    again = build(demo_config)
    assert again.folder == demo_store.folder
    assert openings == [str(demo_store.folder.manifest)]
    assert len(hashed) == 1
    del openings[:], hashed[:]
    StateStore.open(demo_store.folder)
    assert (len(openings), len(hashed)) == (1, 1)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", json.dumps({"format": 999}), json.dumps({"format": 1})]
)
def test_an_unreadable_manifest_counts_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    assert read_manifest(RunFolder(tmp_path)) is None


def test_a_manifest_comes_back_and_a_changed_letter_is_noticed(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    written = Manifest(
        name="é", config={"limit": None}, classes=["a", "b"], sequences=1, states=2,
        layers=[LayerFacts(name="rnn.0", kind="hidden", size=3)], keys=Keys(model="m", states="s"),
    )  # fmt: skip
    write_manifest(folder, written)
    assert read_manifest(folder) == written
    text = folder.manifest.read_text(encoding="utf-8")
    folder.manifest.write_text(text.replace("classes", "clasees"), encoding="utf-8")
    assert read_manifest(folder) is None


def test_manifests_of_earlier_and_later_versions_are_read(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    write_content(folder, SMALLEST)
    old = read_manifest(folder)
    assert old is not None
    assert (old.stages, old.sources, old.projections, old.series) == ({}, {}, [], None)
    assert old.layers[0].direction == "forward"
    write_content(folder, SMALLEST | {"audit": {"findings": 3}})
    later = read_manifest(folder)
    assert later is not None
    write_manifest(folder, later)  # what this version does not know stays
    assert json.loads(folder.manifest.read_text(encoding="utf-8"))["audit"] == {"findings": 3}


def test_what_is_no_manifest_by_its_content_counts_as_none(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for wrong in ({"classes": 3}, {"layers": [{"name": "rnn.0"}]}, {"keys": {}}, {"states": "many"}):
        write_content(folder, SMALLEST | wrong)
        assert read_manifest(folder) is None, wrong


def test_a_file_that_is_missing_or_of_another_size_is_noticed(demo_store: StateStore, tmp_path: Path) -> None:
    shutil.copytree(demo_store.folder.path, tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    manifest = read_manifest(folder)
    assert manifest is not None
    assert manifest.is_whole(folder)
    assert manifest.has(folder, folder.sequences, folder.predictions)
    folder.predictions.write_bytes(folder.predictions.read_bytes()[:-1])
    assert not manifest.is_whole(folder)
    assert manifest.has(folder, folder.sequences)
    assert not manifest.has(folder, folder.predictions)
    folder.predictions.unlink()
    assert not manifest.has(folder, folder.predictions)
    assert not manifest.has(folder, folder.path / "other.parquet")
