"""Kept columns of a run: in its table, without reading the model, and apart from what its key is made of."""

from pathlib import Path

import kept_example
import pandas as pd
import pytest

from hsvis.build.pipeline import build
from hsvis.build.plan import Plan
from hsvis.config import load_config
from hsvis.errors import DamagedFileError, ReplacedFileError
from hsvis.progress import silent
from hsvis.run.manifest import manifest_of, read_manifest
from hsvis.run.store import StateStore
from hsvis.storage.files import set_aside


class Stages:
    """The names of what a build has done."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, stage: str, done: int, total: int, note: str = "") -> None:
        self.seen.append(stage)


def cells(store: StateStore) -> dict[str, list[object]]:
    return {one.name: one.cells() for one in store.columns}


@pytest.fixture
def built(cache_folder: Path, tmp_path: Path) -> tuple[Path, StateStore]:
    return tmp_path, build(load_config(kept_example.config(tmp_path, kept_example.KEPT)))


def test_columns_come_and_go_without_reading_the_model(built: tuple[Path, StateStore]) -> None:
    folder, store = built
    run, rows = store.folder, kept_example.frame()
    table = pd.read_parquet(run.sequences)
    assert table["keep:source"].fillna("").tolist() == rows["source"].fillna("").tolist()
    assert table["keep:year"].astype("Int64").tolist() == rows["year"].tolist()
    assert store.columns[2].numbers.tolist() == pytest.approx(rows["length"].tolist(), nan_ok=True)
    facts = {one.name: one for one in manifest_of(run).columns}
    assert (facts["year"].low, facts["year"].missing) == (int(rows["year"].min()), 1)
    counts = rows["source"].value_counts()
    assert facts["source"].most == list(zip(counts.index, counts.tolist(), strict=True))

    untouched = [path for path in run.path.rglob("*") if path.suffix in (".parquet", ".records")]
    untouched.remove(run.sequences)
    before = {path: path.stat().st_mtime_ns for path in untouched}
    for keep in (["year", "source"], None, "all"):
        stages = Stages()
        again = build(load_config(kept_example.config(folder, keep)), stages)
        wanted = kept_example.KEPT if keep == "all" else keep or []
        assert again.folder == run
        assert [one.name for one in again.columns] == wanted
        assert "states" not in stages.seen
        assert "kept columns" in stages.seen
        assert {path: path.stat().st_mtime_ns for path in untouched} == before
        told = [one.text for one in again.manifest.decisions if "`dataset.keep`" in one.text]
        assert bool(told) == bool(keep)
        kept = {name for name in pd.read_parquet(run.sequences).columns if name.startswith("keep:")}
        assert kept == {f"keep:{name}" for name in wanted}


def test_a_run_without_columns_is_what_it_was(built: tuple[Path, StateStore]) -> None:
    folder, store = built
    plain = load_config(kept_example.config(folder, None))
    assert Plan.of(plain, silent).states_key == store.manifest.keys.states
    without = build(plain)
    assert without.content != store.content
    manifest = read_manifest(store.folder)
    assert manifest is not None
    stages = Stages()
    build(plain, stages)
    assert "kept columns" not in stages.seen


def test_other_cells_of_the_same_texts_are_seen(built: tuple[Path, StateStore]) -> None:
    folder, store = built
    rows = kept_example.frame()
    rows["source"] = "elsewhere"
    rows.to_parquet(folder / "test.parquet")
    again = build(load_config(kept_example.config(folder, kept_example.KEPT)))
    assert again.folder == store.folder
    assert set(cells(again)["source"]) == {"elsewhere"}


def test_a_table_that_was_lost_is_made_with_its_columns(built: tuple[Path, StateStore]) -> None:
    folder, store = built
    set_aside(store.folder.sequences)
    again = build(load_config(kept_example.config(folder, kept_example.KEPT)))
    assert cells(again) == cells(store)


def test_limit_keeps_the_cells_of_its_rows(cache_folder: Path, tmp_path: Path) -> None:
    file = kept_example.config(tmp_path, ["source", "year"])
    store = build(load_config(file, ["dataset.limit=7"]))
    rows = kept_example.frame().iloc[pd.read_parquet(store.folder.sequences)["row"]]
    assert cells(store)["year"] == [None if pd.isna(one) else one for one in rows["year"]]
    assert cells(store)["source"] == [one if isinstance(one, str) else None for one in rows["source"]]


def test_a_run_that_is_shown_never_has_the_columns_of_another_build(built: tuple[Path, StateStore]) -> None:
    folder, store = built
    assert store.with_projections().columns[0].cells() == store.columns[0].cells()
    build(load_config(kept_example.config(folder, ["year"])))
    with pytest.raises(ReplacedFileError):
        store.with_projections()
    assert cells(store)["source"]  # what is in memory goes on


def test_a_table_with_other_columns_than_the_manifest_says_is_damaged(built: tuple[Path, StateStore]) -> None:
    _, store = built
    for change in ({"type": "string"}, {"missing": 5}, {"name": "gone"}):
        facts = [store.manifest.columns[1].model_copy(update=change)]
        with pytest.raises(DamagedFileError, match="keep:"):
            StateStore.open(store.folder, manifest=store.manifest.but(columns=facts))
