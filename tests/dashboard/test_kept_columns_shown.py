"""Kept columns in the table, in filters and in files, against pandas on the dataset itself."""

import io
import json
from datetime import date, datetime
from typing import Any

import kept_example
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from dash import Dash, html, no_update
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from hsvis.catalogue.runs import Runs
from hsvis.dashboard.callbacks.options import colour_choices
from hsvis.dashboard.callbacks.overview import groups_shown
from hsvis.dashboard.callbacks.table import column_change
from hsvis.dashboard.content import kept_filters
from hsvis.dashboard.content.clouds import Clouds
from hsvis.dashboard.content.filters import Filter, Filters, matching
from hsvis.dashboard.content.groups import groups_of
from hsvis.dashboard.content.table_pages import Pages
from hsvis.dashboard.content.table_rows import table_rows
from hsvis.dashboard.page.group_panel import MOST, group_list
from hsvis.dashboard.page.sequence_table import table_columns, table_facts
from hsvis.dashboard.routes import clouds as cloud_routes
from hsvis.dashboard.routes import exports, queries
from hsvis.dashboard.routes import table as table_routes
from hsvis.figures.view import View
from hsvis.run.columns import Column, column_facts
from hsvis.run.store import StateStore

ROWS = kept_example.frame()
IDS = {name: f"kept-{k}" for k, name in enumerate(kept_example.KEPT)}
TRUTH = 'row.of, "it"'


@pytest.fixture(scope="module")
def view(kept_store: StateStore) -> View:
    return Runs([kept_store]).resolve(None)


@pytest.fixture(scope="module")
def client(view: View) -> FlaskClient:
    app = Dash("kept")
    app.layout = html.Div()
    runs, filters = Runs([view.store]), Filters()
    pages = Pages(filters)
    table_routes.register(app, runs, pages)
    exports.register(app, runs, pages)
    queries.register(app, runs, filters)
    return app.server.test_client()


def listed(client: FlaskClient, view: View, **query: Any) -> list[int]:
    given = {name: one if isinstance(one, str) else json.dumps(one) for name, one in query.items()}
    answer = client.get(f"/rows/{view.cloud}", query_string={"start": 0, "end": 500, **given})
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    return [row["sequence"] for row in answer.json["rows"]]


def where(mask: "pd.Series[bool]") -> list[int]:
    return np.flatnonzero(mask.fillna(False).to_numpy(bool)).tolist()


def test_rows_have_the_cells_of_the_dataset(view: View) -> None:
    rows = table_rows(view.store)
    assert [row[IDS["year"]] for row in rows] == [None if pd.isna(one) else one for one in ROWS["year"]]
    assert [row[IDS["when"]] for row in rows] == [str(one.date()) for one in ROWS["when"]]
    assert [row[IDS[TRUTH]] for row in rows] == ["yes" if one else "no" for one in ROWS[TRUTH]]
    assert [row[IDS["source"]] for row in rows] == [
        one if isinstance(one, str) else None for one in ROWS["source"]
    ]
    assert [row["length"] for row in rows] == view.store.lengths.tolist()  # the steps, not the column
    assert json.dumps(rows, allow_nan=False)


@pytest.mark.parametrize("name", kept_example.KEPT)
def test_the_table_is_sorted_by_each(client: FlaskClient, view: View, name: str) -> None:
    order = listed(client, view, sort=f"{IDS[name]}:asc")
    cells = ROWS[name].iloc[order]
    n_missing = int(ROWS[name].isna().sum())
    assert cells.iloc[:n_missing].isna().all()
    held = cells.iloc[n_missing:]
    if name == "source":
        held = held.map(lambda text: text.encode("utf-16-be"))
    assert held.is_monotonic_increasing
    assert sorted(order) == list(range(len(ROWS)))


def test_heads_filter_numbers_days_and_texts(client: FlaskClient, view: View) -> None:
    day = ROWS["when"].iloc[0]
    told = f"{day.date()} 00:00:00"
    cases: list[tuple[str, dict[str, Any], Any]] = [
        ("year", {"type": "greaterThan", "filter": 1980}, ROWS["year"] > 1980),
        ("year", {"type": "notEqual", "filter": 1980}, ROWS["year"] != 1980),
        ("year", {"type": "blank"}, ROWS["year"].isna()),
        (
            "length",
            {"type": "inRange", "filter": -1, "filterTo": 1},
            ROWS["length"].between(-1, 1, "neither"),
        ),
        ("when", {"type": "equals", "dateFrom": told, "dateTo": None}, ROWS["when"] == day),
        ("when", {"type": "lessThan", "dateFrom": told}, ROWS["when"] < day),
        (
            "when",
            {"type": "inRange", "dateFrom": "2020-03-01", "dateTo": "2020-09-01"},
            ROWS["when"].between(pd.Timestamp("2020-03-01"), pd.Timestamp("2020-09-01"), "neither"),
        ),
        ("source", {"type": "contains", "filter": "IMD"}, ROWS["source"] == "imdb"),
        ("source", {"type": "notBlank"}, ROWS["source"].notna()),
        (TRUTH, {"type": "equals", "filter": "yes"}, ROWS[TRUTH]),
    ]
    for name, condition, mask in cases:
        assert listed(client, view, columns={IDS[name]: condition}) == where(mask), (name, condition)


@pytest.mark.parametrize(
    "columns",
    [
        {"kept-9": {"type": "blank"}},
        {"kept-0": {"type": "greaterThan", "filter": 1}},
        {"kept-1": {"type": "equals", "filter": "x"}},
        {"kept-4": {"type": "equals", "dateFrom": "2020-13-01"}},
        {"kept-4": {"type": "equals", "dateFrom": 3}},
        {"kept-4": {"type": "lessThanOrEqual", "dateFrom": "2020-01-01"}},
    ],
)
def test_what_is_no_filter_of_a_column_is_refused(client: FlaskClient, view: View, columns: object) -> None:
    query = {"start": 0, "end": 5, "columns": json.dumps(columns)}
    assert client.get(f"/rows/{view.cloud}", query_string=query).status_code == 400


GROUPS = st.lists(st.sampled_from([*kept_example.SOURCES, None, "nobody"]), min_size=1, unique=True)
ENDS = st.none() | st.integers(1940, 2030)


@given(among=GROUPS, low=ENDS, high=ENDS, truth=st.none() | st.booleans())
def test_the_page_filters_by_categories_and_ranges(
    view: View, among: list[str | None], low: int | None, high: int | None, truth: bool | None
) -> None:
    asked: dict[str, Any] = {"source": {"among": among}}
    source = ROWS["source"]
    mask = source.isin([one for one in among if one is not None]) | (source.isna() & (None in among))
    if (low, high) != (None, None):
        asked["year"] = {"from": low, "to": high}
        years = ROWS["year"].astype("Float64")
        mask &= (
            ((years >= (low or 0)) & (years <= (3000 if high is None else high))).fillna(False).astype(bool)
        )
    if truth is not None:
        asked[TRUTH] = {"among": ["yes" if truth else "no"]}
        mask &= ROWS[TRUTH] == truth
    store = view.store
    read = Filter.parse(json.dumps({"columns": asked}), store.n_classes, store.columns)
    assert np.flatnonzero(matching(read, view)).tolist() == where(mask)
    assert hash(read) == hash(Filter.parse(json.dumps({"columns": asked}), store.n_classes, store.columns))


def test_days_are_whole_at_both_ends_of_a_range(client: FlaskClient, view: View) -> None:
    low, high = ROWS["when"].sort_values().iloc[[5, 20]]
    filter = {"columns": {"when": {"from": str(low.date()), "to": str(high.date())}}}
    answer = client.get(f"/sequences/{view.cloud}", query_string={"filter": json.dumps(filter)})
    assert answer.json is not None
    assert answer.json["sequences"] == where(ROWS["when"].between(low, high))


MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(str) | st.dates(
    date(1900, 1, 1), date(2100, 1, 1)
).map(str)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9)


@given(GROUPS, st.tuples(NUMBERS, NUMBERS), st.tuples(MOMENTS, MOMENTS), st.integers(1, 3))
def test_a_filter_that_is_saved_is_the_filter_that_acted(
    view: View, among: list[str | None], numbers: tuple[float, float], moments: tuple[str, str], ends: int
) -> None:
    columns = view.store.columns
    length, when = (
        {key: end for bit, key, end in ((1, "from", low), (2, "to", high)) if ends & bit}
        for low, high in (numbers, moments)
    )
    read = kept_filters.parse({"source": {"among": among}, "length": length, "when": when}, columns)
    written = json.loads(json.dumps(kept_filters.asked(read, columns)))
    assert kept_filters.parse(written, columns) == read


@pytest.mark.parametrize(
    "columns",
    [
        [], {"nowhere": {"among": ["a"]}}, {"source": {}}, {"source": {"among": []}},
        {"source": {"among": [3]}},
        {"source": {"from": 1}}, {"year": {"among": ["1999"]}}, {"year": {"from": True}},
        {"year": {"from": "1999"}},
        {"year": {"from": None}}, {"year": {"from": 1, "among": [None]}}, {"when": {"from": "soon"}},
        {"when": {"to": 5}}, {"year": {"from": 1, "until": 2}}, {"source": {"among": ["a" * 201]}},
        {"source": {"among": ["a"] * 101}},
    ],
)  # fmt: skip
def test_what_is_no_filter_is_refused(client: FlaskClient, view: View, columns: object) -> None:
    query = {"filter": json.dumps({"columns": columns})}
    answer = client.get(f"/sequences/{view.cloud}", query_string=query)
    assert answer.status_code == 400
    assert len(answer.text) < 500


def test_files_have_the_columns_too(client: FlaskClient, view: View) -> None:
    answer = client.get(f"/export/{view.cloud}/sequences.csv")
    table = pd.read_csv(io.BytesIO(answer.data), keep_default_na=False, na_values=[""])
    assert table["keep:source"].fillna("").tolist() == ROWS["source"].fillna("").tolist()
    assert table["keep:length"].tolist() == pytest.approx(ROWS["length"].tolist(), nan_ok=True)
    assert table["length"].tolist() == view.store.lengths.tolist()
    assert table["keep:when"].tolist() == [str(one.date()) for one in ROWS["when"]]
    record = client.get(f"/export/{view.cloud}/sequence.json?sequence=3").json
    assert record is not None
    assert record["kept"]["year"] is None
    assert record["kept"]["source"] == ROWS["source"][3]


def test_a_run_with_other_columns_gets_others_in_the_table(
    kept_store: StateStore, demo_store: StateStore
) -> None:
    runs = Runs([kept_store, demo_store])
    facts = {run: table_facts(runs, runs.resolve({"run": run})) for run in ("kept", "demo")}
    assert column_change(facts["kept"], no_update, facts["kept"], runs) is no_update
    assert column_change(facts["kept"], no_update, facts["demo"], runs) == table_columns(demo_store)
    assert column_change(facts["demo"], no_update, facts["kept"], runs) == table_columns(kept_store)
    names = [one["headerName"] for one in table_columns(kept_store)]
    assert names[-len(kept_example.KEPT) :] == kept_example.KEPT


def test_groups_are_those_that_pandas_finds(client: FlaskClient, view: View) -> None:
    store = view.store
    answer = client.get(f"/export/{view.cloud}/groups.csv")
    table = pd.read_csv(io.BytesIO(answer.data), keep_default_na=False)
    rows = ROWS.assign(wrong=store.labels != store.predicted, known=store.labels >= 0)
    of_source = rows.fillna({"source": ""}).groupby("source")
    n_errors = (rows["wrong"] & rows["known"]).sum()
    for group in table[table["column"] == "source"].itertuples():
        own = of_source.get_group(group.group)
        wrong, known = int(own["wrong"][own["known"]].sum()), int(own["known"].sum())
        assert (group.sequences, group.known, group.wrong) == (len(own), known, wrong)
        if known:
            expected = binomtest(wrong, known).proportion_ci(0.95, "wilson")
            found = [float(table.loc[group.Index, name]) for name in ("error rate", "from", "to")]
            assert found == pytest.approx([wrong / known, expected.low, expected.high])
        assert float(table.loc[group.Index, "share of errors"]) == pytest.approx(wrong / n_errors)
    for name in kept_example.KEPT:
        assert table["sequences"][table["column"] == name].sum() == len(ROWS)


def test_a_click_on_a_group_keeps_its_sequences(client: FlaskClient, view: View) -> None:
    for column in view.store.columns:
        groups = groups_of(view.store, column)
        kept: list[int] = []
        for group in groups:
            filter = json.dumps({"columns": {column.name: group.test}})
            answer = client.get(f"/sequences/{view.cloud}", query_string={"filter": filter}).json
            assert answer is not None
            assert answer["count"] == group.counts.sequences
            kept += answer["sequences"]
        assert sorted(kept) == list(range(len(ROWS)))


def test_the_list_of_groups_ends_where_it_would_be_too_long(view: View) -> None:
    cells = pa.array([f"c{k}" for k in range(view.store.n_sequences)])
    many = Column(column_facts("many", "category", cells), cells)
    store = object.__new__(StateStore)
    store.__dict__.update(view.store.__dict__)
    store.columns = (many,)
    found = group_list(store, "many")
    assert len(found) == 1 + min(MOST, store.n_sequences) + (store.n_sequences > MOST)
    assert group_list(store, "nowhere") == []


def test_another_run_has_its_own_columns_to_choose(kept_store: StateStore, demo_store: StateStore) -> None:
    kept, demo = Runs([kept_store]).resolve(None), Runs([demo_store]).resolve(None)
    names = [{"label": name, "value": name} for name in kept_example.KEPT]
    assert colour_choices(kept, "ep", "")[1:] == (no_update, names, no_update, "source")
    assert colour_choices(kept, "column", "year")[1:4] == (no_update, names, no_update)
    assert colour_choices(kept, "column", "other")[3] == ""
    choices, colour, columns, column, _ = colour_choices(demo, "column", "year")
    assert ([one["value"] for one in choices], colour) == (["ep", "class", "correct"], "ep")
    assert (columns, column) == ([], "")
    options, value, is_hidden, lines = groups_shown(kept, "when")
    assert (options, value, is_hidden) == (names, no_update, False)
    assert len(lines) > 3
    assert groups_shown(kept, "gone")[1] == "source"
    assert groups_shown(demo, "when") == ([], None, True, [])


def test_the_image_of_a_column_tells_its_legend(kept_store: StateStore) -> None:
    runs, filters = Runs([kept_store]), Filters()
    app = Dash("clouds")
    app.layout = html.Div()
    cloud_routes.register(app, runs, Clouds(), filters)
    client, cloud = app.server.test_client(), runs.resolve(None).cloud
    window = {"x0": -9, "x1": 9, "y0": -9, "y1": 9, "w": 90, "h": 90, "colour": "column"}
    told = {}
    for column in ("source", "year"):
        answer = client.get(f"/cloud/{cloud}.png", query_string={**window, "column": column})
        assert answer.status_code == 200
        told[column] = json.loads(answer.headers["X-Drawn"])
    assert told["source"]["tells"] == "groups"
    counts = ROWS["source"].value_counts()
    assert [(one["label"], one["sequences"]) for one in told["source"]["groups"]] == [
        *zip(counts.index, counts.tolist(), strict=True), ("missing", 1),
    ]  # fmt: skip
    assert told["year"]["tells"] == "scale"
    assert told["year"]["scale"]["label"] == "year, 1 missing (grey)"
    bad = client.get(f"/cloud/{cloud}.png", query_string={**window, "column": "nowhere"})
    assert (bad.status_code, "keeps no column" in bad.text) == (400, True)
