"""A page is answered from the build of a run that it shows, or told that this is no longer kept."""

import gc
import json
import shutil
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dash import Dash
from flask.testing import FlaskClient
from rebuilt import rebuild, write_config
from werkzeug.test import TestResponse

from hsvis.catalogue.jobs import Builds
from hsvis.catalogue.runs import HELD, Runs
from hsvis.dashboard import create_app
from hsvis.dashboard.page import ids
from hsvis.dashboard.page.options import OPTIONS
from hsvis.errors import GoneError, ReplacedFileError
from hsvis.figures.window import bounds
from hsvis.run.store import StateStore


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, StateStore]]]:
    """One config built of three data sets, of different numbers of sequences; and the folder of all that."""
    folder = tmp_path_factory.mktemp("editions")
    (folder / "configs").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HSVIS_CACHE", str(folder / "cache"))
        file = write_config(folder / "configs", "alpha")
        counts = {"film": 12, "book": 7, "song": 16}
        yield folder, {noun: rebuild(file, noun, count) for noun, count in counts.items()}


@pytest.fixture
def stores(built: tuple[Path, dict[str, StateStore]], tmp_path: Path) -> dict[str, StateStore]:
    """The three builds, with files of the test's own; nobody else holds these stores."""
    shutil.copytree(built[0] / "cache", tmp_path / "cache")
    return {
        noun: StateStore.open(type(one.folder)(tmp_path / "cache" / "alpha" / one.folder.path.name))
        for noun, one in built[1].items()
    }


class Page:
    """What a page does: it asks for everything that it shows, of one edition."""

    def __init__(self, app: Dash, store: StateStore, edition: str | None) -> None:
        self.app, self.edition = app, edition
        self.client: FlaskClient = app.server.test_client()
        self.cloud = f"alpha/rnn.0/{store.projections('rnn.0')[0].name}"
        self.bounds = bounds(store.projections("rnn.0")[0].xy)
        self.most = store.n_sequences - 1

    def get(self, path: str, **query: object) -> TestResponse:
        return self.client.get(f"/{path}", query_string=query | {"edition": self.edition or ""})

    def picture(self, kind: str, **query: object) -> TestResponse:
        ending = {"cloud": "png", "pick": "bin"}[kind]
        window = dict(zip(("x0", "x1", "y0", "y1"), self.bounds, strict=True))
        return self.get(f"{kind}/{self.cloud}.{ending}", **window, w=120, h=90, **query)

    def routes(self) -> dict[str, TestResponse]:
        """Every address that the page's scripts ask."""
        window = dict(zip(("x0", "x1", "y0", "y1"), self.bounds, strict=True))
        region = json.dumps({"regions": [[[-50, -50], [50, -50], [50, 50], [-50, 50]]]})
        export = f"export/{self.cloud}"
        return {
            "cloud": self.picture("cloud", marks="start", colour="class"),
            "cloud filtered": self.picture("cloud", filter='{"search": "a"}'),
            "pick": self.picture("pick"),
            "state": self.get("state/alpha/3"),
            "sequences": self.get(f"sequences/{self.cloud}", filter=region),
            "words": self.get(f"words/{self.cloud}", **window, jump_after=1, change_after=1, flip_after=1),
            "rows": self.get(f"rows/{self.cloud}", start=0, end=50, sort="words:asc"),
            "walk": self.get(f"walk/{self.cloud}", to="place", sequence=2),
            "neighbours": self.get("neighbours/alpha/rnn.0/3"),
            **{
                name: self.get(f"{export}/{name}", sequence=2)
                for name in (
                    "class-overview.csv", "confusion-matrix.csv", "projection.csv", "sequences.csv",
                    "ep-heatmap.csv", "distances.csv", "confidence.csv", "unit-activity.csv",
                    "sequence.csv", "sequence.json",
                )
            },
        }  # fmt: skip

    def callbacks(self, sequence: int | None = 2) -> dict[str, TestResponse]:
        """Every callback of the server, by its outputs."""
        run, layer, projection = self.cloud.split("/")
        view = {
            "run": run,
            "layer": layer,
            "projection": projection,
            "theme": "light",
            "edition": self.edition,
        }
        selection = None if sequence is None else {"run": run, "sequence": sequence}
        values = {
            f"{ids.VIEW}.data": view,
            f"{ids.SELECTION}.data": selection,
            f"{ids.EDITIONS}.data": {run: self.edition} if self.edition else {},
            f"{ids.RUN_SELECT}.value": run,
            f"{ids.LAYER_SELECT}.value": layer,
            f"{ids.PROJECTION_SELECT}.value": projection,
            f"{ids.SEQUENCE_TABLE}.rowModelType": None,
            f"{ids.GROUP_COLUMN}.value": None,
            f"{ids.TABLE}.data": None,
            **{f"{option.id}.value": option.default for option in OPTIONS},
        }
        self.client.get("/_dash-layout")
        return {
            output: self.call(output, one, values)
            for output, one in self.app.callback_map.items()
            if "callback" in one
        }

    def call(self, output: str, one: dict[str, Any], values: dict[str, Any]) -> TestResponse:
        def given(wanted: list[dict[str, str]]) -> list[dict[str, Any]]:
            return [w | {"value": values[f"{w['id']}.{w['property']}"]} for w in wanted]

        names = [part.rsplit(".", 1) for part in output.strip(".").split("...")]
        outputs = [{"id": name, "property": prop} for name, prop in names]
        inputs = given(one["inputs"])
        body = {
            "output": output,
            "outputs": outputs if output.startswith("..") else outputs[0],
            "inputs": inputs,
            "state": given(one["state"]),
            "changedPropIds": [f"{inputs[0]['id']}.{inputs[0]['property']}"],
        }
        return self.client.post("/_dash-update-component", json=body)


def app_of(runs: StateStore) -> tuple[Dash, Runs]:
    builds = Builds(allowed=False)
    app = create_app([runs], builds=builds)
    return app, builds._shown[0]


def test_an_old_page_gets_the_old_run_and_a_new_page_the_new_one(stores: dict[str, StateStore]) -> None:
    app, runs = app_of(stores["film"])
    old = Page(app, stores["film"], runs.editions()["alpha"])
    before = {name: answer.data for name, answer in old.routes().items()}
    selected = {name: answer.data for name, answer in old.callbacks().items()}
    assert b"film" in before["sequence.csv"]
    assert any(b"film" in answer for answer in selected.values())
    runs.put(stores["book"])
    new = Page(app, stores["book"], runs.editions()["alpha"])
    assert {name: answer.data for name, answer in old.routes().items()} == before
    assert {name: answer.data for name, answer in old.callbacks().items()} == selected
    for page, noun in ((new, b"book"), (Page(app, stores["book"], None), b"book")):
        answers = page.routes()
        assert all(answer.status_code == 200 for answer in answers.values())
        assert noun in answers["sequence.csv"].data
        assert noun in answers["sequences.csv"].data
        assert answers["cloud"].data != before["cloud"]
        assert answers["pick"].data != before["pick"]
        assert any(noun in answer.data for answer in page.callbacks().values())
        assert not any(b"film" in answer.data for answer in page.callbacks().values())


def test_a_tag_of_the_old_picture_is_none_of_the_new_one(stores: dict[str, StateStore]) -> None:
    app, runs = app_of(stores["film"])
    old = Page(app, stores["film"], None)
    window = dict(zip(("x0", "x1", "y0", "y1"), old.bounds, strict=True)) | {"w": 120, "h": 90}
    new_path = f"/pick/alpha/rnn.0/{stores['book'].projections('rnn.0')[0].name}.bin"
    tag = old.picture("pick").headers["ETag"]
    assert (
        old.client.get(
            f"/pick/{old.cloud}.bin", query_string=window, headers={"If-None-Match": tag}
        ).status_code
        == 304
    )
    runs.put(stores["book"])
    answer = old.client.get(new_path, query_string=window, headers={"If-None-Match": tag})
    assert answer.status_code == 200
    assert "no-cache" in answer.headers["Cache-Control"]


def test_an_edition_that_is_no_longer_held_is_refused_in_words_and_never_answered_from_another(
    stores: dict[str, StateStore],
) -> None:
    app, runs = app_of(stores["film"])
    old = Page(app, stores["film"], runs.editions()["alpha"])
    runs.put(stores["book"])
    runs.put(stores["song"])
    assert HELD == 2
    for name, answer in old.routes().items():
        assert (answer.status_code, "no longer kept" in answer.text) == (410, True), name
        assert "Reload the page" in answer.text
    for name, answer in old.callbacks().items():
        assert answer.status_code in (200, 204), name
        told = answer.json
        assert "no longer kept" in told["sideUpdate"][ids.GONE]["data"]["text"]
        assert not told.get("response"), name
    assert old.get("builds", run="alpha", layer="rnn.0").status_code == 200
    assert old.get("news").status_code == 200


def test_work_for_an_old_edition_is_refused(stores: dict[str, StateStore]) -> None:
    builds = Builds()
    app = create_app([stores["film"]], builds=builds)
    runs = builds._shown[0]
    edition = runs.editions()["alpha"]
    runs.put(stores["book"])
    answer = app.server.test_client().post(
        f"/builds/alpha/rnn.0?edition={edition}",
        json={"method": "pca", "seed": 3},
        headers={"X-Requested-With": "hsvis"},
    )
    assert answer.status_code == 409
    assert "show the new one first" in answer.text
    assert builds.state() == []


def test_the_rows_of_all_runs_have_one_meaning_in_an_edition(stores: dict[str, StateStore]) -> None:
    runs = Runs([stores["film"]])
    edition = runs.edition("alpha")
    same = StateStore.open(stores["film"].folder)
    runs.put(same)
    assert runs.edition("alpha").name == edition.name
    assert runs.store("alpha") is same
    runs.put(stores["book"])
    assert runs.store("alpha", edition.name) is same
    runs.put(stores["film"])  # back again
    assert runs.edition("alpha").name == edition.name
    assert len({one.edition for one in stores.values()}) == 3
    with pytest.raises(GoneError):
        runs.resolve({"run": "alpha", "edition": "another"})
    with pytest.raises(GoneError):
        runs.resolve({"run": "a run of before", "edition": edition.name})
    assert runs.resolve({"run": "a run of before"}).store is stores["film"]


def test_coordinates_that_changed_are_another_edition(stores: dict[str, StateStore]) -> None:
    runs = Runs([stores["film"]])
    edition = runs.edition("alpha").name
    moved = StateStore.open(stores["film"].folder)
    (projection,) = moved.projections("rnn.0")
    xy = projection.xy.copy() + 1
    moved._projections["rnn.0"] = (type(projection)(**{**vars(projection), "xy": xy}),)
    runs.put(moved)
    assert runs.edition("alpha").name != edition
    assert runs.store("alpha", edition) is stores["film"]


def test_a_store_that_was_replaced_leaves_memory(stores: dict[str, StateStore]) -> None:
    app, runs = app_of(stores["film"])
    page = Page(app, stores["film"], runs.editions()["alpha"])
    page.routes()
    page.callbacks()
    gone = [weakref.ref(stores["film"]), weakref.ref(stores["film"].projections("rnn.0")[0])]
    points = weakref.ref(stores["film"].ep)
    for noun in ("book", "song"):
        runs.put(stores[noun])
        newer = Page(app, stores[noun], runs.editions()["alpha"])
        newer.routes()
        newer.callbacks()
    del stores["film"]
    gc.collect()
    assert [one() for one in gone] == [None, None]
    assert points() is None


# faults


FILES = ("sequences", "predictions", "embedding", "states", "cells", "records", "manifest")


def path_of(store: StateStore, file: str) -> Path:
    folder, name = store.folder, store.projections("rnn.0")[0].name
    return {
        "sequences": folder.sequences,
        "predictions": folder.predictions,
        "embedding": folder.embedding("rnn.0", name),
        "states": folder.states("rnn.0", 0),
        "cells": folder.cells("rnn.0"),
        "records": folder.records("rnn.0"),
        "manifest": folder.manifest,
    }[file]


@pytest.mark.parametrize("how", ["truncated", "emptied", "deleted", "folder deleted"])
@pytest.mark.parametrize("file", FILES)
def test_what_is_served_goes_on_without_a_file_and_says_so(
    stores: dict[str, StateStore], file: str, how: str
) -> None:
    store = stores["film"]
    app, runs = app_of(store)
    page = Page(app, store, runs.editions()["alpha"])
    page.callbacks()
    path = path_of(store, file)
    if how == "folder deleted":
        shutil.rmtree(store.folder.path)
    elif how == "deleted":
        path.unlink()
    else:
        with path.open("r+b") as opened:
            opened.truncate(path.stat().st_size // 2 if how == "truncated" else 0)
    all_gone = how == "folder deleted"
    needs_states = all_gone or file == "states"
    wanting = {"unit-activity.csv"} if needs_states else set()
    if needs_states or file in ("cells", "records"):
        wanting.add("neighbours")
    for name, answer in page.routes().items():
        assert answer.status_code == (409 if name in wanting else 200), (name, answer.text)
        if name in wanting:
            assert "can't be read" in answer.text
            assert "Build the run again" in answer.text
    told = [answer for answer in page.callbacks().values() if b"Build the run again" in answer.data]
    assert all(answer.status_code in (200, 204) for answer in page.callbacks().values())
    assert bool(told) == needs_states
    if told:
        assert b"The hidden states can't be read" in told[0].data
        assert b"film" in told[0].data, "the text is in memory, and is shown"


def test_states_of_another_build_in_the_same_folder_are_never_shown_for_the_old_ones(
    stores: dict[str, StateStore],
) -> None:
    film, other = stores["film"], stores["song"]
    app, runs = app_of(film)
    page = Page(app, film, runs.editions()["alpha"])
    shutil.copy(other.folder.states("rnn.0", 0), film.folder.path / "new")
    (film.folder.path / "new").replace(film.folder.states("rnn.0", 0))
    with pytest.raises(ReplacedFileError, match="rebuilt"):
        film.states(2, "rnn.0")
    assert film.folder.states("rnn.0", 0).exists(), "it is sound: it is not set aside"
    answers = page.routes()
    assert {name for name, answer in answers.items() if answer.status_code == 409} == {
        "neighbours",
        "unit-activity.csv",
    }
    assert any(b"Reload the page" in answer.data for answer in page.callbacks().values())


def test_the_same_states_in_a_new_file_are_read(stores: dict[str, StateStore]) -> None:
    film = stores["film"]
    states = film.states(2, "rnn.0")
    path = film.folder.states("rnn.0", 0)
    shutil.copy(path, film.folder.path / "new")
    (film.folder.path / "new").replace(path)
    np.testing.assert_array_equal(film.states(2, "rnn.0"), states)
    path.touch()
    np.testing.assert_array_equal(film.states(3, "rnn.0"), film.states(3, "rnn.0"))
