"""A damaged file: others are served, its run is told to be damaged, and the next build makes it alone."""

import errno
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import safetensors
import safetensors.torch

from benchmarks.flips import LAYER, SETTINGS, tiny_config
from hsvis import cli
from hsvis.analysis.neighbours import neighbours
from hsvis.build.pipeline import build
from hsvis.catalogue.jobs import Builds
from hsvis.catalogue.offers import Offer, open_offers
from hsvis.catalogue.watch import Watch
from hsvis.config import Config, load_config
from hsvis.dashboard.page.menus import run_options
from hsvis.errors import CacheError
from hsvis.models.builtin.checkpoint import read_checkpoint
from hsvis.progress import silent
from hsvis.run.find import find_damage, find_run
from hsvis.run.folder import RunFolder
from hsvis.run.manifest import manifest_of, read_manifest, write_content, write_manifest
from hsvis.run.neighbour_index import FORMAT, Index
from hsvis.run.store import StateStore

MORE = [*SETTINGS, "states.part_steps=7", "dataset.limit=3"]  # another run of the same model
FILES: dict[str, Callable[[RunFolder], Path]] = {
    "sequences": lambda run: run.sequences,
    "predictions": lambda run: run.predictions,
    "states": lambda run: run.states(LAYER, 1),
    "projection": lambda run: next(run.path.glob("embeddings/*/*.parquet")),
    "cells": lambda run: run.cells(LAYER),
    "statistics": lambda run: run.word_statistics(LAYER),
    "manifest": lambda run: run.manifest,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with two tiny runs, and the folder of their dataset."""
    folder = tmp_path_factory.mktemp("damage")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HSVIS_CACHE", str(folder / "cache"))
        for name in ("tiny", "other"):
            build(tiny_config(folder / "data", name))
    return folder


@pytest.fixture
def configs(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Config]:
    """The two configs, in a cache of the test's own."""
    shutil.copytree(made / "cache", tmp_path / "cache")
    monkeypatch.setenv("HSVIS_CACHE", str(tmp_path / "cache"))
    return [tiny_config(made / "data", name) for name in ("tiny", "other")]


def folder_of(config: Config) -> RunFolder:
    found = find_run(config)
    assert found
    return found.folder


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.suffix in (".parquet", ".records")}


def harm(path: Path, from_end: int = 40) -> None:
    """Flips a bit, of tables one of the footer."""
    content = bytearray(path.read_bytes())
    content[-from_end] ^= 4
    path.write_bytes(content)


def served(configs: list[Config]) -> tuple[list[StateStore], list[str], list[Offer]]:
    """What a server that may not build opens, what it says, and what its page lists after a while."""
    said: list[str] = []
    offered = [Offer(one.name, config=one) for one in configs]
    stores = open_offers(offered, silent, said.append, building=False)
    with Builds(offered) as builds:
        watch = Watch(builds, [], say=said.append)
        for one in offered:
            assert one.config
            watch._look_at_runs(one, one.config, with_files=True)
        notes = watch._notes
    return stores, said, [Offer(one.name, note=notes.get(one.source, "")) for one in offered]


@pytest.mark.parametrize("which", sorted(FILES))
def test_the_other_run_is_served_and_the_next_build_makes_the_file_alone(
    configs: list[Config], which: str
) -> None:
    run = folder_of(configs[0])
    path, whole = FILES[which](run), contents(run.path)
    kept = {one: one.stat().st_ino for one in whole}
    harm(path)
    stores, said, offered = served(configs)
    if which in ("cells", "statistics"):  # are not read at the start
        assert [store.name for store in stores] == ["tiny", "other"]
    else:
        assert [store.name for store in stores] == ["other"]
        assert any(path.name in line and "Build" in line for line in said)
        assert "uild the run again" in offered[0].note
        assert not offered[1].note
        listed = [one["label"] for one in run_options(stores, offered)]
        assert listed == ["tiny · not shown", "other"]
    store = build(configs[0])
    assert contents(run.path) == whole
    made_with_it = {
        "cells": run.records(LAYER),
        "manifest": run.word_statistics(LAYER),  # whose key it held
    }
    again = {one for one in whole if one.stat().st_ino != kept[one]}
    assert again <= {path, made_with_it.get(which)}
    assert read_manifest(run) == store.manifest
    assert len(neighbours(store, LAYER, 2, 2)[0]) == 2
    assert not find_damage(configs[0])


def test_a_file_that_the_system_does_not_open_is_left_where_it_is(
    configs: list[Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = folder_of(configs[0])
    opening = Path.open

    def refused(self: Path, *rest: Any, **more: Any) -> Any:
        if self == run.predictions:
            raise OSError(errno.EMFILE, "Too many open files")
        return opening(self, *rest, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refused)
        with pytest.raises(CacheError, match=r"predictions\.parquet.*Too many open files.*Look whether"):
            build(configs[0])
        stores, said, _ = served(configs)
    assert [store.name for store in stores] == ["other"]
    assert any("Too many open files" in line for line in said)
    assert [store.name for store in served(configs)[0]] == ["tiny", "other"]


def test_a_manifest_that_the_system_does_not_open_is_not_replaced(
    configs: list[Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = folder_of(configs[0])
    before, reading = run.manifest.read_bytes(), Path.read_bytes

    def refused(self: Path) -> bytes:
        if self == run.manifest:
            raise OSError(errno.EIO, "Input/output error")
        return reading(self)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", refused)
        with pytest.raises(CacheError, match=r"manifest\.json: can't be read: Input/output error.*readable"):
            build(configs[0])
    assert run.manifest.read_bytes() == before


def test_a_server_without_any_whole_run_says_what_is_damaged(configs: list[Config]) -> None:
    harm(folder_of(configs[0]).predictions)
    with pytest.raises(CacheError, match=r"damaged or missing: predictions\.parquet.*hsvis build"):
        served(configs[:1])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text[: len(text) // 2], "was cut, edited or damaged"),
        (lambda text: text.replace('"classes"', '"clasees"', 1), "checksum"),
        (lambda text: text.replace('"format": 1', '"format": 7', 1), "checksum"),
        (lambda text: "[]", "no manifest"),
    ],
)
def test_a_manifest_that_was_changed_is_told_and_written_again(
    configs: list[Config], change: Callable[[str], str], why: str
) -> None:
    run = folder_of(configs[0])
    whole, text = contents(run.path), run.manifest.read_text(encoding="utf-8")
    run.manifest.write_text(change(text), encoding="utf-8")
    assert change(text) != text
    said: list[str] = []
    with pytest.raises(CacheError, match=why):
        StateStore.open(run)
    build(configs[0], lambda stage, done, total, note="": said.append(f"{stage}: {note}"))
    assert any(line.startswith("repairing") and "manifest.json" in line and why in line for line in said)
    assert contents(run.path) == whole
    assert manifest_of(run).sequences == json.loads(text)["sequences"]


def test_the_manifest_of_another_format_is_left_alone(configs: list[Config]) -> None:
    run = folder_of(configs[0])
    content = json.loads(run.manifest.read_text(encoding="utf-8")) | {"format": 2}
    content["versions"]["python_package"] = "9.1"
    del content["checksum"]
    write_content(run, content)
    whole = run.manifest.read_bytes()
    told = r"manifest\.json: is of format 2, written by hsvis 9\.1.*Update hsvis"
    with pytest.raises(CacheError, match=told):
        build(configs[0])
    with pytest.raises(CacheError, match=told):
        StateStore.open(run)
    stores, said, offered = served(configs)
    assert [store.name for store in stores] == ["other"]
    assert any("is of format 2" in line for line in said)
    assert "is of format 2" in offered[0].note
    assert run.manifest.read_bytes() == whole


def make_old(config: Config) -> RunFolder:
    """The files of a run, and what it shares, as earlier versions wrote them: without seals and hashes."""
    run = folder_of(config)
    for path in run.path.parent.rglob("*.parquet"):
        table = pq.read_table(path, partitioning=None)
        details = {k: v for k, v in (table.schema.metadata or {}).items() if k == b"hsvis"}
        if path == run.cells(LAYER):
            found = json.loads(details[b"hsvis"]) | {"format": 1}
            details = {b"hsvis": json.dumps(found).encode()}
        group = pq.read_metadata(path).row_group(0).num_rows
        pq.write_table(
            table.replace_schema_metadata(details), path, row_group_size=group, write_page_checksum=True,
            use_dictionary=False, compression="none",
        )  # fmt: skip
    for path in run.path.parent.glob("models/*.safetensors"):
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = json.loads(file.metadata()["hsvis"])
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        del metadata["hash"]
        path.write_bytes(safetensors.torch.save(weights, {"hsvis": json.dumps(metadata)}))
    manifest = manifest_of(run)
    files = {name: (run.path / name).stat().st_size for name in manifest.files}
    stages = {**manifest.stages, f"index of {LAYER}": "made in format 1"}
    write_manifest(run, manifest.but(files=files, stages=stages))
    return run


def test_a_run_of_an_earlier_version_opens_and_only_its_index_is_made_again(configs: list[Config]) -> None:
    before = build(configs[0])
    near = neighbours(before, LAYER, 2, 2)
    run = make_old(configs[0])
    (old, _), said, _ = served(configs)
    assert not said
    assert (old.ep == before.ep).all()
    assert all((a == b).all() for a, b in zip(neighbours(old, LAYER, 2, 2), near, strict=True))
    whole = contents(run.path)
    told: set[str] = set()
    again = build(configs[0], lambda stage, *_: told.add(stage))
    assert {stage for stage in told if stage.startswith(("index", "states", "training", "pca"))} == {
        f"index of {LAYER}"
    }
    assert all((a == b).all() for a, b in zip(neighbours(again, LAYER, 2, 2), near, strict=True))
    changed = {path for path, content in contents(run.path).items() if whole[path] != content}
    assert run.cells(LAYER) in changed
    assert changed <= {run.cells(LAYER), run.records(LAYER)}
    assert Index(run, LAYER).format == FORMAT


def test_a_checkpoint_of_an_earlier_version_is_used_and_has_a_hash_from_then_on(
    made: Path, configs: list[Config]
) -> None:
    run = make_old(configs[0])
    (path,) = run.path.parent.glob("models/*.safetensors")
    assert read_checkpoint(path).sealed is not None
    told: list[str] = []
    more = load_config(str(made / "data" / "tiny.yaml"), MORE)
    build(more, lambda stage, done, total, note="": told.append(f"{stage} {note}"))
    assert any("had no checksum" in line for line in told)
    assert not any(line.startswith("training epoch") for line in told)
    assert read_checkpoint(path).sealed is None


def test_a_cache_whose_name_is_no_utf8_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("HSVIS_CACHE", f"{tmp_path}/lat\udce9n")
    assert cli.main(["build", "demo"]) == 2
    told = capsys.readouterr().err
    assert "HSVIS_CACHE: the name of the folder" in told
    assert "is not UTF-8" in told
    assert list(tmp_path.iterdir()) == []
    assert cli.main(["project", f"{tmp_path}/lat\udce9n", "--layer", LAYER, "--method", "pca"]) == 2
    assert "is not UTF-8" in capsys.readouterr().err
