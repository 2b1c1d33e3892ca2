"""Building runs: what is done once, what is done again, what is counted, what is repaired."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hsvis.analysis.neighbours import neighbours
from hsvis.build.pipeline import build, locate
from hsvis.config import Config, load_config
from hsvis.errors import CacheError, ConfigError, DamagedFileError, DataError
from hsvis.run.folder import RunFolder
from hsvis.run.manifest import read_manifest, write_manifest
from hsvis.run.store import StateStore
from hsvis.storage import parquet

TINY = [
    "dataset.limit=25",
    "model.hidden=6",
    "model.embedding=4",
    "model.epochs=1",
    "states.part_steps=250",
    "projections=[{method: pca}]",
    "dataset.choose=first",
]


def tiny(*overrides: str) -> Config:
    return load_config("demo", [*TINY, *overrides])


def stages(config: Config) -> tuple[StateStore, set[str]]:
    """Builds a run; returns the stages that had to work."""
    told: dict[str, int] = {}
    store = build(
        config, lambda stage, done, total, note="": told.update({stage: max(done, told.get(stage, 0))})
    )
    return store, {stage for stage, done in told.items() if done} - {"loading the dataset"}


def contents(folder: Path) -> dict[str, bytes]:
    files = [*folder.rglob("*.parquet"), *folder.rglob("*.records")]
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


def tables(folder: Path) -> dict[str, bytes]:
    """All tables as bytes that are equal where all values are, NaN included; and the records of indexes."""
    found = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.records")}
    for path in folder.rglob("*.parquet"):
        sink = pa.BufferOutputStream()
        table = parquet.read_table(path).combine_chunks()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        found[str(path.relative_to(folder))] = sink.getvalue().to_pybytes()
    return found


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the tiny run, for tests to copy."""
    folder = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HSVIS_CACHE", str(folder))
        build(tiny())
    return folder


def test_a_built_run_holds_the_invariants(demo_store: StateStore) -> None:
    steps = {
        "predictions": pq.read_table(demo_store.folder.predictions),
        "embedding": pq.read_table(
            demo_store.folder.embedding("rnn.0", demo_store.projections("rnn.0")[0].name)
        ),
    }
    lengths = pq.read_table(demo_store.folder.sequences)["length"].to_numpy()
    sequence = np.repeat(np.arange(len(lengths)), lengths)
    step = np.concatenate([np.arange(n) for n in lengths])
    for name, table in steps.items():
        assert np.array_equal(table["sequence"].to_numpy(), sequence), name
        assert np.array_equal(table["step"].to_numpy(), step), name
    np.testing.assert_allclose(demo_store.ep.sum(1), 1, atol=1e-6)
    last = demo_store.ep[demo_store.offsets[1:] - 1]
    assert np.array_equal(last.argmax(1), demo_store.predicted)


def test_columns_and_types_are_those_other_scripts_rely_on(demo_store: StateStore) -> None:
    folder = demo_store.folder

    def schema(path: Path) -> dict[str, str]:
        return {f.name: str(f.type).replace("element", "item") for f in pq.read_schema(path)}

    expected = {
        "sequence": "int32", "text": "string", "tokens": "list<item: string>", "known": "list<item: bool>",
        "length": "int32", "label": "int16", "predicted": "int16", "confidence": "float",
    }  # fmt: skip
    assert schema(folder.sequences).items() >= expected.items()
    steps = {"sequence": "int32", "step": "int32"}
    assert schema(folder.predictions) == steps | {"ep": "fixed_size_list<item: float>[2]"}
    states = {"distance": "float", "state": "fixed_size_list<item: float>[12]"}
    assert schema(folder.states("rnn.0", 0)) == steps | states
    name = demo_store.projections("rnn.0")[0].name
    assert schema(folder.embedding("rnn.0", name)) == steps | {"x": "float", "y": "float"}


def test_the_manifest_tells_what_was_done(demo_store: StateStore) -> None:
    manifest = json.loads(demo_store.folder.manifest.read_text(encoding="utf-8"))
    assert manifest["classes"] == ["negative", "positive"]
    assert (manifest["sequences"], manifest["states"]) == (40, demo_store.n_states)
    layer = {"name": "rnn.0", "kind": "hidden", "size": 12, "direction": "forward", "tokens_a_step": 1}
    assert manifest["layers"] == [layer]
    assert 0.5 < manifest["test_accuracy"] <= 1
    assert set(manifest["keys"]) == {"model", "states"}
    assert manifest["times"]["training"] > 0
    assert "torch" in manifest["versions"]
    assert manifest["left_out"]["shown"]["no words"] == 0


def is_built(config: Config) -> tuple[RunFolder, bool]:
    """The folder of a run, and whether all of it is there."""
    folder, _, whole = locate(config)
    return folder, whole


def test_each_stage_is_done_once(cache_folder: Path) -> None:
    first, worked = stages(tiny())
    made = {"reading words", "training", "states", "PCA", "index of rnn.0", "words of rnn.0"}
    assert worked == made | {"decision"}
    before = contents(first.folder.path)
    again, worked = stages(tiny())
    assert worked == set()
    assert contents(again.folder.path) == before
    assert is_built(tiny()) == (first.folder, True)


def test_a_new_projection_reads_the_model_not_again(cache_folder: Path, built: Path) -> None:
    shutil.copytree(built, cache_folder)
    first, _ = stages(tiny())
    more = tiny("projections=[{method: pca}, {method: pca, seed: 5}]")
    assert is_built(more) == (first.folder, False)
    second, worked = stages(more)
    assert "training" not in worked
    assert second.folder == first.folder
    assert len(second.projections("rnn.0")) == 2
    again = build(tiny()).projections("rnn.0")  # the config's own first, then what there is besides
    assert [p.name for p in again] == [p.name for p in second.projections("rnn.0")]
    assert again[0].name == first.projections("rnn.0")[0].name


def test_more_sequences_do_not_train_again(cache_folder: Path, built: Path) -> None:
    shutil.copytree(built, cache_folder)
    first, _ = stages(tiny())
    second, worked = stages(tiny("dataset.limit=30"))
    assert "training" not in worked
    assert second.n_sequences == 30
    assert second.folder != first.folder


@pytest.mark.parametrize("change", ["model.seed=1", "tokens.lowercase=false", "dataset.seed=8"])
def test_what_decides_the_weights_trains_again(cache_folder: Path, built: Path, change: str) -> None:
    shutil.copytree(built, cache_folder)
    first, _ = stages(tiny())
    second, worked = stages(tiny(change))
    assert "training" in worked
    assert not np.array_equal(first.ep[:50], second.ep[:50])


def test_the_same_config_gives_the_same_files(cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tiny("projections=[{method: pca}, {method: tsne, perplexity: 5}]")
    first = contents(build(config).folder.path)
    monkeypatch.setenv("HSVIS_CACHE", str(cache_folder.with_name("other")))
    assert contents(build(config).folder.path) == first
    assert len(first) > 5


def test_several_layers_and_half_precision(cache_folder: Path) -> None:
    store = build(
        tiny("model.layers=2", "states.layers=[rnn.1, rnn.0, rnn.1.cell]", "states.precision=float16")
    )
    assert store.layers == ("rnn.1", "rnn.0", "rnn.1.cell")
    exact = build(tiny("model.layers=2", "states.layers=[rnn.1, rnn.0, rnn.1.cell]"))
    for layer in store.layers:
        assert store.projections(layer)[0].xy.shape == (store.n_states, 2)
        np.testing.assert_allclose(store.states(3, layer), exact.states(3, layer), atol=2e-3)
    assert not np.array_equal(exact.states(3, "rnn.0"), exact.states(3, "rnn.1"))


@pytest.mark.parametrize("harm", ["truncate", "delete", "flip"])
@pytest.mark.parametrize(
    "which", ["sequences", "predictions", "states", "embedding", "manifest", "cells", "records"]
)
def test_a_damaged_file_is_built_again_and_nothing_else(
    cache_folder: Path, built: Path, harm: str, which: str
) -> None:
    shutil.copytree(built, cache_folder)
    store = build(tiny())
    whole = tables(store.folder.path)
    paths = {
        "sequences": store.folder.sequences,
        "predictions": store.folder.predictions,
        "states": store.folder.states("rnn.0", 1),
        "embedding": store.folder.embedding("rnn.0", store.projections("rnn.0")[0].name),
        "manifest": store.folder.manifest,
        "cells": store.folder.cells("rnn.0"),
        "records": store.folder.records("rnn.0"),
    }
    path = paths[which]
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0x5A
    if which == "states":
        content[_middle_of_states(path)] ^= 0x5A
    if harm == "delete":
        path.unlink()
    else:
        path.write_bytes(bytes(content) if harm == "flip" else bytes(content[: len(content) // 2]))
    if harm == "flip" and which == "states":  # what is not read at the start is found when it is asked for
        assert any(_unreadable(build(tiny()), i) for i in range(store.n_sequences))
    if harm == "flip" and which in ("cells", "records"):
        with pytest.raises(DamagedFileError, match="Build the run again"):
            neighbours(store, "rnn.0", 0)
    repaired, worked = stages(tiny())
    assert "training" not in worked
    assert tables(repaired.folder.path) == whole
    assert read_manifest(repaired.folder) is not None


def test_a_run_without_an_index_opens_and_the_next_build_adds_nothing_else(
    cache_folder: Path, built: Path
) -> None:
    shutil.copytree(built, cache_folder)
    folder = build(tiny()).folder
    whole, rows = contents(folder.path), neighbours(build(tiny()), "rnn.0", 5)[0]
    manifest = read_manifest(folder)
    assert manifest is not None
    shutil.rmtree(folder.records("rnn.0").parent)
    kept = {name: size for name, size in manifest.files.items() if not name.startswith("neighbours")}
    write_manifest(folder, manifest.but(files=kept))
    assert is_built(tiny()) == (folder, True)
    old = StateStore.open(folder)
    with pytest.raises(DamagedFileError, match="Build the run again"):
        neighbours(old, "rnn.0", 5)
    repaired, worked = stages(tiny())
    assert worked == {"index of rnn.0"}
    assert contents(folder.path) == whole
    assert np.array_equal(neighbours(repaired, "rnn.0", 5)[0], rows)


def _middle_of_states(path: Path) -> int:
    """A place in the values of the column `state`."""
    group = pq.read_metadata(path).row_group(0)
    column = next(
        group.column(k) for k in range(group.num_columns) if "state" in group.column(k).path_in_schema
    )
    return int(column.data_page_offset + column.total_compressed_size // 2)


def _unreadable(store: StateStore, index: int) -> bool:
    try:
        store.states(index, "rnn.0")
    except CacheError:
        return True
    return False


def test_a_damaged_checkpoint_is_trained_again(cache_folder: Path, built: Path) -> None:
    shutil.copytree(built, cache_folder)
    store = build(tiny())
    (checkpoint,) = cache_folder.glob("demo/models/*.safetensors")
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    again, worked = stages(tiny("dataset.limit=26"))
    assert "training" in worked
    np.testing.assert_array_equal(again.ep[: store.n_states], store.ep)


def custom(folder: Path, test: list[dict[str, Any]], *overrides: str) -> Config:
    train = [
        {"text": f"{word} film {i}", "label": label}
        for i in range(10)
        for label, word in enumerate(("bad", "good"))
    ]
    for name, rows in (("train", train), ("test", test)):
        (folder / f"{name}.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    (folder / "own.yaml").write_text("name: own\ndataset: {path: json}\n", encoding="utf-8")
    files = [f"dataset.data_files.{n}={folder / n}.jsonl" for n in ("train", "test")]
    return load_config(folder / "own.yaml", [*files, *TINY[1:], *overrides])


def test_unusual_rows_are_shown_or_counted_never_dropped_silently(cache_folder: Path, tmp_path: Path) -> None:
    texts = [
        "good",
        "",
        "<br /><br />",
        None,
        "bad film bad",
        "bad film bad",
        "😀 مرحبا <script>x</script> " + "y" * 400,
    ]
    store = build(custom(tmp_path, [{"text": t, "label": 1 if i else None} for i, t in enumerate(texts)]))
    assert store.n_sequences == 4
    assert store.lengths.tolist()[0] == 1
    assert store.labels.tolist() == [-1, 1, 1, 1]
    assert store.sequence(0).correct is None
    assert store.sequence(3).text == texts[6]
    assert store.sequence(3).tokens[0] == "😀"
    assert store.manifest.left_out["shown"] == {"no words": 3}
    assert store.manifest.repeated == 1
    assert store.manifest.left_out["test"] == {"no words": 3, "no label": 1}
    rows = pq.read_table(store.folder.sequences)["row"].to_pylist()
    assert rows == [0, 4, 5, 6]


def test_texts_without_any_word_are_an_error(cache_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none of the 2 sequences"):
        build(custom(tmp_path, [{"text": "", "label": 0}, {"text": "...", "label": 1}]))


def test_a_layer_the_model_lacks_is_an_error_before_anything_is_kept(cache_folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"rnn\.3"):
        build(tiny("states.layers=[rnn.3]"))
    assert not cache_folder.exists()


def test_a_cache_that_cannot_be_written_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("HSVIS_CACHE", str(tmp_path / "file"))
    with pytest.raises(CacheError, match="HSVIS_CACHE"):
        build(tiny())


@pytest.mark.real_data
def test_twenty_imdb_reviews_go_through_the_whole_chain(
    tmp_path: Path, cache_folder: Path, real_data: Path
) -> None:
    """The splits sorted by class, as the hub has them."""
    for split in ("train", "test"):
        table = pq.read_table(real_data / "imdb" / f"{split}.parquet")
        pq.write_table(table.sort_by("label"), tmp_path / f"{split}.parquet")
    config = load_config(
        "imdb",
        [
            "dataset.path=parquet",
            f"dataset.data_files.train={tmp_path / 'train.parquet'}",
            f"dataset.data_files.test={tmp_path / 'test.parquet'}",
            "dataset.limit=20",
            "model.epochs=1",
            "model.hidden=16",
        ],
    )
    store = build(config)
    assert store.n_sequences == 20
    assert np.bincount(store.labels).tolist() == [10, 10]
    assert not store.manifest.warnings
    assert max(store.lengths) == 100
    assert store.test_accuracy is not None
    cut = store.sequence(int(np.argmax(store.lengths)))
    assert cut.text[cut.start : cut.end].startswith(cut.tokens[0])
