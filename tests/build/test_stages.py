"""What is missing is made, and nothing else: one loop for all that a run is made of."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from small import SMALL

from hsvis.analysis.statistics import word_statistics
from hsvis.build import stages as module
from hsvis.build.pipeline import build, locate, project
from hsvis.build.plan import Plan
from hsvis.build.stages import missing, stages
from hsvis.config import Config, PcaSettings, load_config
from hsvis.errors import CacheError
from hsvis.progress import Progress, silent
from hsvis.run.find import find_run
from hsvis.run.folder import RunFolder
from hsvis.run.manifest import Manifest, write_manifest
from hsvis.run.store import StateStore
from hsvis.storage import files


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with a small built run, to be copied."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HSVIS_CACHE", str(folder))
        build(tiny())
    return folder


def tiny(*overrides: str) -> Config:
    return load_config("demo", [*SMALL, "dataset.limit=5", "projections=[{method: pca}]", *overrides])


@pytest.fixture
def store(made: Path, cache_folder: Path) -> StateStore:
    shutil.copytree(made, cache_folder)
    return build(tiny())


def built_again(config: Config) -> tuple[StateStore, list[str]]:
    """The run, and the stages that were worked on."""
    seen: dict[str, None] = {}
    return build(config, lambda stage, *_: seen.setdefault(stage)), [
        name for name in seen if name != "loading the dataset"
    ]


@dataclass(frozen=True)
class Count:
    """A made thing that nobody knew before: how many states a layer has."""

    layer: str
    breaks: bool = False
    is_required = False

    @property
    def name(self) -> str:
        return f"count of {self.layer}"

    def path(self, folder: RunFolder) -> Path:
        return folder.path / "counts" / f"{self.layer}.records"

    def key(self, manifest: Manifest | None) -> str:
        assert manifest is not None
        return files.key_of(count=1, states=manifest.keys.states)

    def is_whole(self, folder: RunFolder, manifest: Manifest | None) -> bool:
        return manifest is not None and manifest.has(folder, self.path(folder))

    def make(self, folder: RunFolder, manifest: Manifest | None, progress: Progress) -> Manifest:
        assert manifest is not None
        progress(self.name, 0, 1)
        if self.breaks:
            raise CacheError("no room")
        files.write_bytes(self.path(folder), str(manifest.states).encode())
        return manifest


def add(monkeypatch: pytest.MonkeyPatch, *, breaks: bool = False) -> None:
    made = (*module.OF_A_LAYER, lambda plan, layer: [Count(layer, breaks)])
    monkeypatch.setattr(module, "OF_A_LAYER", made)


def test_an_entry_in_the_list_is_made_where_it_is_missing(
    store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(monkeypatch)
    path = Count("rnn.0").path(store.folder)
    again, worked = built_again(tiny())
    assert (worked, path.read_bytes()) == (["count of rnn.0"], str(store.n_states).encode())
    assert again.manifest.times["count of rnn.0"] >= 0
    assert "count of rnn.0" in again.manifest.stages
    assert built_again(tiny())[1] == []
    for harm in (b"", b"1234567890"):  # cut off; another size
        path.write_bytes(harm)
        assert built_again(tiny())[1] == ["count of rnn.0"]
        assert path.read_bytes() == str(store.n_states).encode()
    path.unlink()
    assert built_again(tiny())[1] == ["count of rnn.0"]


def test_what_can_be_done_without_is_left_out_where_it_can_not_be_made(
    store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(monkeypatch, breaks=True)
    told = []
    shown = build(tiny(), lambda stage, done, total, note="": told.append((stage, note)))
    assert shown.folder == store.folder
    assert ("count of rnn.0", "no room") in told
    assert locate(tiny())[2]


def test_stages_name_themselves_and_the_states_come_first(store: StateStore) -> None:
    plan = Plan.of(tiny(), silent)
    wanted = stages(plan, store.manifest)
    assert [one.name for one in wanted] == [
        "states", f"projection {store.projections('rnn.0')[0].name} of rnn.0",
        "index of rnn.0", "words of rnn.0",
    ]  # fmt: skip
    assert {one.name: one.key(store.manifest) for one in wanted} == store.manifest.stages
    assert missing(wanted, store.folder, store.manifest) == []
    assert missing(wanted, store.folder, None) == wanted


@pytest.mark.parametrize("file", ["sequences", "states", "embeddings", "neighbours", "statistics"])
def test_only_the_stage_of_a_missing_file_is_made_again(store: StateStore, file: str) -> None:
    name = next(name for name in store.manifest.files if name.startswith(file))
    (store.folder.path / name).unlink()
    wanted = stages(Plan.of(tiny(), silent), store.manifest)
    (left,) = missing(wanted, store.folder, store.manifest)
    first = {"sequences": "states", "embeddings": "projection", "neighbours": "index", "statistics": "words"}
    assert left.name.split()[0] == first.get(file, file)
    again, _ = built_again(tiny())
    assert again.manifest.files == store.manifest.files


def test_words_are_counted_by_every_build_and_kept(store: StateStore) -> None:
    kept = pq.read_table(store.folder.word_statistics("rnn.0"))
    assert kept.num_rows
    assert sum(kept["steps"].to_pylist()) == store.n_states
    again = word_statistics(store.folder, "rnn.0", lowercase=True)
    for name in kept.column_names:
        np.testing.assert_array_equal(kept[name].to_pylist(), again[name].to_pylist())


def test_a_run_of_a_version_without_statistics_opens_and_gets_them_alone(store: StateStore) -> None:
    shutil.rmtree(store.folder.path / "statistics")
    kept = {name: size for name, size in store.manifest.files.items() if not name.startswith("statistics")}
    write_manifest(store.folder, store.manifest.but(files=kept, stages={}))
    found = find_run(tiny())
    assert found is not None
    assert StateStore.open(found.folder).n_states == store.n_states
    again, worked = built_again(tiny())
    assert worked == ["words of rnn.0"]
    assert again.manifest.files == store.manifest.files


def test_another_projection_makes_nothing_else(store: StateStore) -> None:
    folder, name = project(store.folder.path, "rnn.0", PcaSettings(method="pca", seed=4))
    added = find_run(tiny())
    assert added is not None
    assert added.manifest.times.keys() - store.manifest.times.keys() == {f"projection {name} of rnn.0"}
    assert added.manifest.stages.keys() - store.manifest.stages.keys() == {f"projection {name} of rnn.0"}
    before = folder.manifest.read_bytes()
    project(store.folder.path, "rnn.0", PcaSettings(method="pca", seed=4))
    assert folder.manifest.read_bytes() == before


def test_a_new_projection_of_the_config_reads_no_model(store: StateStore) -> None:
    (checkpoint,) = store.folder.path.parent.glob("models/*.safetensors")
    checkpoint.write_bytes(b"damaged")  # would be noticed
    more, worked = built_again(tiny("projections=[{method: pca}, {method: pca, seed: 8}]"))
    assert [one.label for one in more.projections("rnn.0")] == ["PCA", "PCA, seed 8"]
    assert not {"training", "states"} & set(worked)


def test_files_that_a_killed_build_left_are_looked_into_and_named(store: StateStore) -> None:
    before = store.manifest
    store.folder.manifest.unlink()
    store.folder.records("rnn.0").write_bytes(b"cut off")
    again, worked = built_again(tiny())
    assert again.manifest.stages == before.stages
    assert again.manifest.files == before.files
    assert "index of rnn.0" in worked
    store.folder.manifest.unlink()
    again, worked = built_again(tiny())
    assert again.manifest.stages == before.stages
    assert not {"training", "PCA", "index of rnn.0"} & set(worked)
