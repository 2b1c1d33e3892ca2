"""What page and files say of states that t-SNE was fitted to, and of those placed into it."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from flask.testing import FlaskClient

from hsvis.dashboard import create_app
from hsvis.dashboard.page.facts import projection_info
from hsvis.figures.board import projection_figure
from hsvis.figures.style.theme import LIGHT
from hsvis.figures.view import View
from hsvis.figures.window import bounds
from hsvis.run.manifest import manifest_of
from hsvis.run.store import StateStore
from hsvis.run.summary import lines


@pytest.fixture(scope="module")
def client(placed_store: StateStore) -> FlaskClient:
    return create_app([placed_store]).server.test_client()


@pytest.fixture
def fitted(placed_store: StateStore) -> np.ndarray:
    marks = placed_store.projections("rnn.0")[0].fitted
    assert marks is not None
    return marks


def views(store: StateStore) -> list[View]:
    return [View(store, "rnn.0", projection, LIGHT) for projection in store.projections("rnn.0")]


def test_the_head_counts_fitted_and_placed_states(placed_store: StateStore) -> None:
    tsne, pca = views(placed_store)
    placed = placed_store.n_states - 100
    assert f"100 fitted, {placed:,} placed by their neighbours" in projection_info(tsne)
    assert "earlier version" not in projection_info(tsne)
    assert "placed" not in projection_info(pca)


def test_the_head_says_so_where_an_earlier_version_placed_them(placed_store: StateStore) -> None:
    old = replace(views(placed_store)[0].projection, fitted=None)
    info = projection_info(View(placed_store, "rnn.0", old, LIGHT))
    assert "placed on a lattice by an earlier version: build the run again" in info


def test_a_state_is_asked_whether_it_was_fitted(
    client: FlaskClient, placed_store: StateStore, fitted: np.ndarray
) -> None:
    tsne, pca = (projection.name for projection in placed_store.projections("rnn.0"))
    for row in (int(fitted.argmax()), int(fitted.argmin())):
        told = client.get(f"/state/placed/{row}?layer=rnn.0&projection={tsne}").get_json()
        assert told["fitted"] is bool(fitted[row])
        for query in (f"?layer=rnn.0&projection={pca}", ""):
            assert "fitted" not in client.get(f"/state/placed/{row}{query}").get_json()


@pytest.mark.parametrize("query", ["layer=rnn.0&projection=none", "layer=rnn.9&projection=pca"])
def test_a_projection_that_is_not_there_is_not_found(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/state/placed/0?{query}")
    assert (answer.status_code, answer.mimetype) == (404, "text/plain")
    assert "There is no projection" in answer.text


def test_the_figure_tells_the_fitted_steps_of_a_sequence(
    placed_store: StateStore, fitted: np.ndarray
) -> None:
    tsne, pca = views(placed_store)
    index = int(placed_store.locate(int(fitted.argmax()))[0])
    told = projection_figure(tsne, bounds(tsne.projection.xy), index).layout.meta["fitted"]
    rows = placed_store.sequence(index).rows
    assert told == np.flatnonzero(fitted[rows]).tolist() != []
    assert projection_figure(pca, bounds(pca.projection.xy), index).layout.meta["fitted"] is None


def test_files_have_a_column_for_it(
    client: FlaskClient, placed_store: StateStore, fitted: np.ndarray
) -> None:
    tsne, pca = (projection.name for projection in placed_store.projections("rnn.0"))

    def read(name: str, file: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(client.get(f"/export/placed/rnn.0/{name}/{file}").text)))

    marks = [row["fitted"] for row in read(tsne, "projection.csv")]
    assert marks == np.where(fitted, "yes", "no").tolist()
    rows = placed_store.sequence(3).rows
    assert [row["fitted"] for row in read(tsne, "sequence.csv?sequence=3")] == marks[rows]
    told = client.get(f"/export/placed/rnn.0/{tsne}/sequence.json?sequence=3").get_json()
    assert [step["fitted"] for step in told["steps"]] == fitted[rows].tolist()
    assert "fitted" not in read(pca, "projection.csv")[0]
    assert (
        "fitted"
        not in client.get(f"/export/placed/rnn.0/{pca}/sequence.json?sequence=3").get_json()["steps"][0]
    )


def test_info_says_how_many_were_placed_and_how(placed_store: StateStore) -> None:
    told = "\n".join(lines(placed_store.folder, manifest_of(placed_store.folder), True))
    assert "fitted 100" in told
    assert "placed by attraction" in told
