"""The stage of a projection: its label, its table, and when it is made again."""

import os
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small import SMALL

from hsvis.build.pipeline import build, project
from hsvis.build.projections import unlike_each_other
from hsvis.config import Config, load_config
from hsvis.run.facts import ProjectionFacts
from hsvis.run.folder import RunFolder
from hsvis.run.manifest import manifest_of, read_manifest, write_manifest
from hsvis.run.store import StateStore
from hsvis.storage import parquet

STEPS = {"sequence": "int32", "step": "int32", "x": "float", "y": "float"}


def facts(layer: str, label: str, seed: int) -> ProjectionFacts:
    return ProjectionFacts(layer=layer, name=f"tsne-{seed}", label=label, settings={"seed": seed}, details={})


def test_projections_of_a_layer_have_different_labels() -> None:
    given = [
        facts("rnn.0", "t-SNE", 1),
        facts("rnn.0", "t-SNE", 2),
        facts("rnn.0", "t-SNE", 2),
        facts("rnn.0", "PCA", 1),
        facts("rnn.1", "t-SNE", 3),
    ]
    labels = [one.label for one in unlike_each_other(given)]
    assert labels == ["t-SNE", "t-SNE, seed 2", "t-SNE, seed 2 (2)", "PCA", "t-SNE"]
    assert [one.label for one in given][:3] == ["t-SNE"] * 3


# which states were fitted


def config() -> Config:
    projections = "projections=[{method: tsne, perplexity: 5, max_fit: 100}, {method: pca}]"
    return load_config("demo", [*SMALL, "dataset.limit=10", "model.epochs=1", projections])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with a run of which some states are placed, to be copied."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HSVIS_CACHE", str(folder))
        build(config())
    return folder


@pytest.fixture
def store(made: Path, cache_folder: Path) -> StateStore:
    shutil.copytree(made, cache_folder)
    return build(config())


def tables(store: StateStore) -> tuple[Path, Path]:
    """The files of t-SNE and PCA."""
    one, other = (store.folder.embedding("rnn.0", p.name) for p in store.projections("rnn.0"))
    return one, other


def as_before(folder: RunFolder, path: Path) -> None:
    """Makes of a projection what the version before made: places by median, and no word which are placed."""
    table, details = parquet.read_table(path).drop_columns(["fitted"]), parquet.read_details(path)
    del details["placed_by"]
    lattice = pa.array(np.round(table["x"].to_numpy()).astype(np.float32))
    parquet.write_table(path, table.set_column(2, "x", lattice), details)
    manifest = manifest_of(folder)
    old = [p.model_copy(update={"details": details if "placed" in p.details else p.details})
           for p in manifest.projections]  # fmt: skip
    sizes = manifest.files | {str(path.relative_to(folder.path)): path.stat().st_size}
    stages = {name: name.split("-")[-1].split()[0] for name in manifest.stages if name.startswith("proj")}
    write_manifest(folder, manifest.but(projections=old, files=sizes, stages=manifest.stages | stages))


def test_a_column_tells_fitted_states_where_others_were_placed(store: StateStore) -> None:
    tsne, pca = tables(store)
    assert {f.name: str(f.type) for f in pq.read_schema(tsne)} == STEPS | {"fitted": "bool"}
    assert {f.name: str(f.type) for f in pq.read_schema(pca)} == STEPS
    fitted = pq.read_table(tsne)["fitted"].to_numpy()
    assert fitted.sum() == 100
    one, other = store.projections("rnn.0")
    np.testing.assert_array_equal(one.fitted, fitted)
    assert other.fitted is None


def test_places_of_an_earlier_version_are_made_again_and_nothing_else(store: StateStore) -> None:
    tsne, pca = tables(store)
    before, kept = tsne.read_bytes(), pca.stat()
    as_before(store.folder, tsne)
    old = StateStore.open(store.folder)
    assert old.projections("rnn.0")[0].fitted is None
    again = build(config())
    assert tsne.read_bytes() == before
    assert pca.stat().st_mtime_ns == kept.st_mtime_ns
    assert again.projections("rnn.0")[0].fitted is not None
    assert [p.label for p in again.projections("rnn.0")] == [p.label for p in store.projections("rnn.0")]
    manifest = read_manifest(store.folder)
    assert manifest is not None
    assert manifest.stages == store.manifest.stages
    taken_over = old.with_projections()
    np.testing.assert_array_equal(taken_over.projections("rnn.0")[0].xy, again.projections("rnn.0")[0].xy)


def test_places_of_an_earlier_version_do_where_nothing_can_be_written(
    store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    tsne, _ = tables(store)
    as_before(store.folder, tsne)
    before = tsne.read_bytes()
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)  # a test may run as root
    assert build(config()).projections("rnn.0")[0].fitted is None
    assert tsne.read_bytes() == before


def test_keys_of_projections_without_placed_states_stay_what_they_were(store: StateStore) -> None:
    tsne, pca = (p.name for p in store.projections("rnn.0"))
    stages = store.manifest.stages
    assert stages[f"projection {pca} of rnn.0"] == pca.removeprefix("pca-")
    assert stages[f"projection {tsne} of rnn.0"] != tsne.removeprefix("tsne-")


def test_marks_that_do_not_fit_are_damage_and_mended(store: StateStore) -> None:
    tsne, _ = tables(store)
    whole, details = tsne.read_bytes(), parquet.read_details(tsne)
    table = parquet.read_table(tsne)
    marks = pa.array(np.ones(len(table), bool))
    parquet.write_table(tsne, table.set_column(4, "fitted", marks), details)
    manifest = manifest_of(store.folder)
    sizes = manifest.files | {str(tsne.relative_to(store.folder.path)): tsne.stat().st_size}
    write_manifest(store.folder, manifest.but(files=sizes))
    told: list[str] = []
    build(config(), lambda stage, done, total, note="": told.append(note))
    assert any("marks other states as fitted" in note for note in told)
    assert tsne.read_bytes() == whole


def test_an_added_projection_is_made_again_where_it_is_damaged_or_of_an_earlier_version(
    store: StateStore,
) -> None:
    settings = config().projections[0].model_copy(update={"seed": 5})
    _, name = project(store.folder.path, "rnn.0", settings)
    path = store.folder.embedding("rnn.0", name)
    labels = [p.label for p in build(config()).projections("rnn.0")]
    assert len(labels) == 3
    whole = path.read_bytes()
    path.write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])
    assert [p.label for p in build(config()).projections("rnn.0")] == labels
    assert path.read_bytes() == whole
    as_before(store.folder, path)
    assert path.read_bytes() != whole
    assert [p.label for p in build(config()).projections("rnn.0")] == labels
    assert path.read_bytes() == whole


def test_a_placed_projection_without_its_marks_is_not_whole(store: StateStore) -> None:
    tsne, _ = tables(store)
    whole, details = tsne.read_bytes(), parquet.read_details(tsne)
    manifest = manifest_of(store.folder)
    write_manifest(store.folder, manifest.but(projections=manifest.projections[1:]))
    parquet.write_table(tsne, parquet.read_table(tsne).drop_columns(["fitted"]), details)
    project(store.folder.path, "rnn.0", config().projections[0])
    assert tsne.read_bytes() == whole
