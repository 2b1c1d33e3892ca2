"""Where states come from: the key holds what is really used, and checking and building ask the same one."""

import importlib
import os
import site
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from own_models import LastState
from own_run import WORDS, make_folder, saved, write_config

import hsvis
from hsvis.build.pipeline import build
from hsvis.build.plan import Plan
from hsvis.catalogue.offers import offers, open_offers
from hsvis.config import Config, load_config
from hsvis.corpus import recorded_files
from hsvis.models.builtin.provider import BuiltIn
from hsvis.models.fingerprints import file_hash, fingerprints, own_imports, sources, unseen
from hsvis.models.recorded import RecordedStates
from hsvis.models.user.provider import UsersModel
from hsvis.progress import silent
from hsvis.run.find import find_run

FACTORY = """
import torch
from own_models import LastState

def make():
    module = LastState({words})
    module.load_state_dict(torch.load({path!r}, weights_only=True)["state_dict"])
    return module
"""
READER = """
from pathlib import Path
import torch
from own_models import LastState

class Reading(LastState):
    def encode(self, text):
        ids = {{word: k for k, word in enumerate(Path({path!r}).read_text().split())}}
        return text.split(), [ids.get(word, 1) for word in text.split()]

def make():
    torch.manual_seed(0)
    return Reading({words})
"""


@pytest.fixture
def folder(tmp_path: Path, cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A dataset, and a place for modules that is forgotten afterwards."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    yield make_folder(tmp_path)
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(sys.modules[name].__file__):
            del sys.modules[name]


def write_module(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.py").write_text(text, encoding="utf-8")
    importlib.invalidate_caches()


def train(folder: Path, seed: int) -> LastState:
    """Somebody's training: other weights in the same file."""
    torch.manual_seed(seed)
    module = LastState(len(WORDS)).eval()
    saved(module, folder / "weights.pt")
    return module


def brought(folder: Path) -> Config:
    """A config whose factory brings its own weights."""
    write_module(folder, "bring", FACTORY.format(words=len(WORDS), path=str(folder / "weights.pt")))
    return load_config(write_config(folder, factory="bring:make", tokenizer=folder / "vocab.txt"))


def test_a_factory_that_brings_other_weights_is_another_run(folder: Path) -> None:
    train(folder, 0)
    first = build(brought(folder))
    assert build(brought(folder)).folder == first.folder
    module = train(folder, 1)
    second = build(brought(folder))
    assert second.folder != first.folder
    ids = {word: k for k, word in enumerate(WORDS)}
    sequence = second.sequence(0)
    inputs = torch.tensor([[ids[word] for word in sequence.text.split()]])
    np.testing.assert_allclose(sequence.ep[-1, 1], module(inputs).item(), atol=1e-5)


def test_what_reads_the_texts_for_the_model_is_in_the_key(folder: Path) -> None:
    vocabulary = folder / "words.txt"
    vocabulary.write_text("\n".join(WORDS), encoding="utf-8")
    write_module(folder, "reader", READER.format(words=len(WORDS), path=str(vocabulary)))
    config = load_config(write_config(folder, factory="reader:make"))
    first = build(config)
    vocabulary.write_text("\n".join([*WORDS[:2], *reversed(WORDS[2:])]), encoding="utf-8")
    second = build(config)
    assert second.folder != first.folder
    assert not np.array_equal(first.ep, second.ep)


def test_a_server_that_builds_nothing_says_what_it_can_not_tell(folder: Path) -> None:
    train(folder, 0)
    config = brought(folder)
    built = build(config)
    found = find_run(config)
    assert found is not None
    assert found.folder == built.folder
    assert "brings its own weights" in found.doubt
    told: list[str] = []
    (store,) = open_offers(offers([str(folder / "own.yaml")]), silent, told.append, building=False)
    assert store.folder == built.folder
    assert any("can't be told without calling it" in line for line in told)


def test_nothing_is_in_doubt_where_files_tell_all(folder: Path) -> None:
    train(folder, 0)
    path = write_config(
        folder, factory="own_models:LastState", kwargs=f"{{words: {len(WORDS)}}}",
        checkpoint=folder / "weights.pt", tokenizer=folder / "vocab.txt",
    )  # fmt: skip
    config = load_config(path)
    store = build(config)
    found = find_run(config)
    assert found is not None
    assert (found.folder, found.doubt) == (store.folder, "")
    assert store.manifest.sources == sources(config)
    train(folder, 1)
    assert find_run(config) is None
    assert unseen(load_config("demo")) == ""


def test_modules_that_the_factory_imports_are_in_the_key(folder: Path) -> None:
    package = folder / "mine"
    for place in (package, package / "parts"):
        place.mkdir()
        (place / "__init__.py").touch()
    files = {
        "mine/net.py": "from .parts import cells\nimport helpers, torch\nfrom mine.parts.heads import Head\n",
        "mine/parts/cells.py": "from . import deep\n",
        "mine/parts/deep.py": "import mine.net  # a circle\n",
        "mine/parts/heads.py": "",
        "helpers.py": "import numpy\n",
        "mine/other.py": "",
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    importlib.invalidate_caches()
    found = own_imports(package / "net.py", "mine.net")
    names = {str(path.relative_to(folder)) for path in found}
    assert names == {
        "mine/__init__.py", "mine/parts/__init__.py", "mine/parts/cells.py", "mine/parts/deep.py",
        "mine/parts/heads.py", "helpers.py",
    }  # fmt: skip
    model = load_config(write_config(folder, factory="mine.net:make", checkpoint=folder / "w.pt")).model
    before = fingerprints(model)  # type: ignore[arg-type]
    assert set(before) == {"factory", "factory imports", "checkpoint"}
    for name in sorted(names):
        (folder / name).write_text(files.get(name, "") + "\nCHANGED = 1\n", encoding="utf-8")
        after = fingerprints(model)  # type: ignore[arg-type]
        assert after["factory imports"] != before["factory imports"], name
        assert after["factory"] == before["factory"]
        before = after
    (folder / "mine/other.py").write_text("CHANGED = 1", encoding="utf-8")
    assert fingerprints(model) == before  # type: ignore[arg-type]


def test_a_module_that_can_not_be_read_ends_the_search_there(folder: Path) -> None:
    write_module(folder, "torn", "import half\n")
    write_module(folder, "half", "def broken(:\n")
    assert own_imports(folder / "torn.py", "torn") == [folder / "half.py"]


@pytest.mark.parametrize("kind", [BuiltIn, RecordedStates])
def test_one_dispatch_serves_building_and_checking(folder: Path, kind: type) -> None:
    rng = np.random.default_rng(0)
    ep, states = rng.dirichlet((1, 1), 5), rng.random((5, 4))
    np.savez(folder / "states.npz", lengths=np.array([3, 2]), ep=ep, states=states)
    recorded = folder / "recorded.yaml"
    recorded.write_text(
        f"name: recorded\nstates_from: {folder / 'states.npz'}\nprojections: [{{method: pca}}]\n"
    )
    plan = Plan.of(load_config("demo" if kind is BuiltIn else recorded), silent)
    assert type(plan.provider) is kind
    subject = plan.provider.subject()
    assert [layer.name for layer in subject.model.layers] == plan.layers(None) == ["rnn.0"]


def test_a_users_model_tells_its_layers_once_it_is_made(folder: Path) -> None:
    train(folder, 0)
    plan = Plan.of(brought(folder), silent)
    assert type(plan.provider) is UsersModel
    assert plan.layers(None) == []
    store = build(brought(folder))
    assert plan.layers(store.manifest) == list(store.layers)
    assert store.manifest.keys.model == plan.provider.key()


def test_neither_hsvis_nor_installed_packages_are_the_users_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_module(
        folder, "asks", "import numpy\nimport torch.nn\nfrom hsvis.corpus.tokens import word_forms\n"
    )
    monkeypatch.syspath_prepend(Path(hsvis.__file__).parents[1])  # as from a checkout
    assert own_imports(folder / "asks.py", "asks") == []
    installed = folder / "site-packages"
    for name, text in {"theirs/__init__.py": "", "theirs/net.py": "from . import parts\nimport other\n",
                       "theirs/parts.py": "", "other.py": ""}.items():  # fmt: skip
        (installed / name).parent.mkdir(exist_ok=True, parents=True)
        (installed / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(site, "getsitepackages", lambda: [str(installed)])
    found = own_imports(installed / "theirs" / "net.py", "theirs.net")
    assert [path.name for path in found] == ["__init__.py", "parts.py"]


def test_a_factory_that_draws_its_weights_is_warned_of(folder: Path) -> None:
    write_module(
        folder,
        "draws",
        f"from own_models import LastState\n\ndef make():\n    return LastState({len(WORDS)})\n",
    )
    path = write_config(folder, factory="draws:make", tokenizer=folder / "vocab.txt")
    warnings = Plan.of(load_config(path), silent).provider.subject().remarks
    assert "drawn-weights" in [one.code for one in warnings]
    train(folder, 0)
    remarks = Plan.of(brought(folder), silent).provider.subject().remarks
    assert "drawn-weights" not in [one.code for one in remarks]


def test_what_has_no_end_is_not_read(tmp_path: Path) -> None:
    """A device or a pipe that a config names as a file."""
    os.mkfifo(tmp_path / "pipe")
    for endless in (Path("/dev/zero"), tmp_path / "pipe"):
        assert file_hash(endless) == "missing"
        assert recorded_files.fingerprint(endless) == "missing"


def test_code_whose_file_is_not_found_is_told(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    (tmp_path / "weights.pt").write_bytes(b"x")
    file.write_text(
        "name: own\ndataset: {path: demo}\nmodel: {factory: 'no.such.package:make', tokenizer: words.json, "
        f"checkpoint: {tmp_path}/weights.pt}}\n"
    )
    assert "The file of no.such.package is not found" in unseen(load_config(file))
