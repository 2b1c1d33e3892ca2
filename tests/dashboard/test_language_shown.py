"""What the page, its routes and files have of a language model of 10,000 words; nothing grows with these."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient
from language_models import V, write_config

from hsvis.build.pipeline import build
from hsvis.catalogue.runs import Runs
from hsvis.config import load_config
from hsvis.dashboard.app import create_app
from hsvis.dashboard.content.column_filters import parse
from hsvis.dashboard.content.filters import Filter, Filters, matching
from hsvis.dashboard.content.table_pages import Listing, Pages
from hsvis.dashboard.content.table_rows import table_rows
from hsvis.dashboard.page.facts import confused_list, dataset_info, legend, page_style, sequence_info
from hsvis.dashboard.page.sequence_table import table_columns
from hsvis.dashboard.page.settings import change_classes, state_colours
from hsvis.dashboard.page.token_strip import sequence_strip
from hsvis.figures.board import board
from hsvis.figures.language.ranks import rank_bounds
from hsvis.figures.language.top_tokens import MOST_CELLS, shown_rows
from hsvis.figures.style.theme import DARK, LIGHT, escape
from hsvis.figures.view import DisplayOptions, View
from hsvis.run.store import StateStore


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> StateStore:
    folder: Path = tmp_path_factory.mktemp("lm")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HSVIS_CACHE", str(folder / "cache"))
        return build(load_config(write_config(folder, "language_models:Logits")))


@pytest.fixture
def view(store: StateStore) -> View:
    return View(store, store.layers[0], store.projections(store.layers[0])[0], LIGHT)


@pytest.fixture(scope="module")
def client(store: StateStore) -> FlaskClient:
    return create_app(Runs([store])).server.test_client()


def rows_of(client: FlaskClient, view: View, name: str) -> list[dict[str, str]]:
    answer = client.get(f"/export/{view.cloud}/{name}")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_the_columns_of_expected_tokens_are_those_of_the_store(view: View, store: StateStore) -> None:
    one = store.sequence(0)
    assert one.expected is not None
    figure = board(view, 0).ep_heatmap
    top, hits, came = figure.data
    assert (top.name, hits.name, came.name) == ("top", "hit", "came")
    np.testing.assert_allclose(np.array(top.z) ** 2, one.expected.ep.T, rtol=1e-4)
    assert [cell[0] for cell in top.customdata[0]] == [row[0] for row in one.expected.top_words]
    assert [cell[0] for cell in came.customdata[0]] == ["w1", "w2", "w3", "w4", "w5", "w6"]
    assert [cell[1] for cell in came.customdata[0]] == one.expected.next.ranks.tolist()
    last = board(view, 1).ep_heatmap.data[2]
    assert last.customdata[0][-1] == [None] * 4
    assert np.isnan(np.array(last.z)[0, -1])


def test_surprisal_is_in_bits_and_its_mean_tells_the_perplexity(view: View, store: StateStore) -> None:
    figure = board(view, 1).confidence
    bits = np.array(figure.data[0].y)
    found = store.sequence(1).expected
    assert found is not None
    np.testing.assert_allclose(bits[:3], -np.log2(found.next.probabilities[:3]), rtol=1e-4)
    assert np.isnan(bits[3])
    own = 2 ** bits[:3].mean()
    assert figure.layout.shapes[0].label.text == f"perplexity {own:,.4g}"
    assert not board(view, 2).confidence.layout.shapes  # of one word none follows


def test_every_step_is_in_one_bar_of_ranks(view: View, store: StateStore) -> None:
    bars = board(view).class_overview.data[0]
    known = store.expected.next.ranks[store.expected.next.ranks > 0]  # type: ignore[union-attr]
    assert sum(bars.x) == len(known)
    bounds = rank_bounds(V)
    assert [int(((known >= low) & (known <= high)).sum()) for low, high in bounds] == list(bars.x)
    for entries in (1, 2, 7, 10, 100, 33_000):
        ends = rank_bounds(entries)
        assert [rank for low, high in ends for rank in range(low, high + 1)] == list(range(1, entries + 1))


def test_what_is_missed_most_is_what_came_without_being_expected(view: View, client: FlaskClient) -> None:
    figure = board(view).confusion_matrix
    rows = rows_of(client, view, "confusion-matrix.csv")
    assert [(escape(row["token"]), row["missed"]) for row in rows][: len(figure.data[0].x)] == [
        (name, str(count)) for name, count in zip(figure.layout.yaxis.ticktext, figure.data[0].x, strict=True)
    ]
    assert {row["token"] for row in rows} >= {"w1", "w5"}


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_nothing_on_the_page_grows_with_the_vocabulary(store: StateStore, view: View, theme) -> None:
    shown = View(store, view.layer, view.projection, theme)
    size = sum(len(figure.to_json()) for figure in board(shown, 0).figures().values() if figure is not None)
    assert size < 250_000
    assert len(page_style(shown)) < 20
    assert len(legend(shown)) < 10
    assert change_classes(shown) == [{"label": "any class", "value": "any"}]
    assert "class" not in [one["value"] for one in state_colours(shown)]
    assert confused_list(store) == []


def test_every_colour_of_states_can_be_drawn(view: View) -> None:
    for colour in ("ep", "class", "correct"):
        for drawing in ("dots", "density", "ep", "errors"):
            board(view, 0, DisplayOptions(state_colour=colour, drawing=drawing), size=(60, 50))


def test_facts_say_perplexity_and_first_choices(view: View, store: StateStore) -> None:
    told = json.dumps(
        [one.to_plotly_json() for one in dataset_info(store)], default=lambda o: o.to_plotly_json()
    )
    assert "perplexity" in told
    assert "first choice" in told
    assert f"{store.expected.perplexity:,.0f}" in told.replace(" ", "")  # type: ignore[union-attr]
    one = json.dumps(
        [part.to_plotly_json() for part in sequence_info(view, store.sequence(1))],
        default=lambda o: o.to_plotly_json(),
    )
    assert "of 3 next tokens right" in one.replace("\\u00a0", " ")
    assert "perplexity" in one
    assert [part[0] for part in sequence_strip(view, store.sequence(1)) if part[0] != "gap"] == [
        "token", "token", "unknown", "token",
    ]  # fmt: skip


def test_the_table_sorts_and_filters_by_perplexity(view: View, store: StateStore) -> None:
    fields = [column["field"] for column in table_columns(store)]
    assert "perplexity" in fields
    assert not {"class", "classification", "confidence"} & set(fields)
    rows = table_rows(store)
    own = store.expected.perplexities(store.offsets)  # type: ignore[union-attr]
    assert [row["perplexity"] for row in rows] == [
        None if np.isnan(one) else pytest.approx(one, rel=1e-5) for one in own.tolist()
    ]
    pages = Pages(Filters())
    order = pages.order(view, Listing(sort=(("perplexity", True),)))
    assert order.tolist()[-1] == 2  # nothing is known of it
    known = [rows[k]["perplexity"] for k in order.tolist()[:-1]]
    assert known == sorted(known, reverse=True)
    above = parse('{"perplexity": {"filterType": "number", "type": "greaterThan", "filter": 10000}}')
    found = pages.order(view, Listing(columns=above)).tolist()
    assert found == [k for k, row in enumerate(rows) if (row["perplexity"] or 0) > 10_000]
    assert matching(Filter(correct=False), view).tolist() == [True, True, False, True, True]


def test_files_have_the_top_tokens_and_what_came(view: View, store: StateStore, client: FlaskClient) -> None:
    one = store.sequence(0)
    assert one.expected is not None
    rows = rows_of(client, view, "ep-heatmap.csv?sequence=0")
    assert [row["next token"] for row in rows] == one.expected.next_words
    assert [row["top 10"] for row in rows] == [words[9] for words in one.expected.top_words]
    assert [np.float32(row["EP of top 1"]) for row in rows] == one.expected.ep[:, 0].tolist()
    assert [int(row["rank"]) for row in rows] == one.expected.next.ranks.tolist()
    assert len(rows_of(client, view, "projection.csv")) == store.n_states
    assert rows_of(client, view, "sequences.csv")[2]["perplexity"] == ""
    steps = rows_of(client, view, "sequence.csv?sequence=1")
    assert steps[-1]["next token"] == steps[-1]["rank"] == ""
    record = client.get(f"/export/{view.cloud}/sequence.json?sequence=1").json
    assert record["steps"][0]["top"][0][0] == store.sequence(1).expected.top_words[0][0]
    assert record["steps"][-1]["next_token"] is None
    assert record["classes"] == []
    assert sum(int(row["steps"]) for row in rows_of(client, view, "class-overview.csv")) == 14
    assert len(rows_of(client, view, "confidence.csv?sequence=0")) == 6


def test_a_state_tells_what_came_and_what_was_expected(store: StateStore, client: FlaskClient) -> None:
    told = client.get(f"/state/{store.name}/0").json
    assert told["came"]["token"] == "w1"
    assert told["came"]["rank"] == int(store.expected.next.ranks[0])  # type: ignore[union-attr]
    assert len(told["top"]) == 5
    last = int(store.offsets[2]) - 1
    assert client.get(f"/state/{store.name}/{last}").json["came"] is None
    near = client.get(f"/neighbours/{store.name}/{store.layers[0]}/0?k=2").json
    assert all(len(one["top"]) == 5 for one in near)


def test_a_filter_by_class_is_refused_in_words(view: View, client: FlaskClient) -> None:
    answer = client.get(f"/sequences/{view.cloud}", query_string={"filter": '{"actual": 1}'})
    assert answer.status_code == 400
    assert "the run has none" in answer.text


def test_columns_have_fewer_rows_where_there_are_many_steps() -> None:
    assert [shown_rows(10, steps) for steps in (0, 1, 100, 20_000, 10**6)] == [10, 10, 10, 10, 1]
    assert shown_rows(1000, 5) == 20
    assert all(shown_rows(20, steps) * steps <= MOST_CELLS for steps in (10_001, 33_333, 200_000))
