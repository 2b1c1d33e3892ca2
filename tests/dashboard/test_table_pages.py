"""The table of a large run: sorted, filtered and walked through, against pandas and plain loops."""

import itertools
import json
import threading
from typing import Any

import numpy as np
import pandas as pd
import pytest
from dash import Dash, html
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from hsvis.catalogue.runs import Runs
from hsvis.dashboard import create_app
from hsvis.dashboard.callbacks.table import table_of
from hsvis.dashboard.content import column_filters, table_pages
from hsvis.dashboard.content.column_filters import COLUMNS, NUMBERS, TEXTS
from hsvis.dashboard.content.filters import Filter, Filters, matching
from hsvis.dashboard.content.table_pages import MOST_ROWS, Found, Listing, Pages, parse_sort
from hsvis.dashboard.content.table_rows import table_rows
from hsvis.dashboard.page import ids
from hsvis.dashboard.routes import table as table_routes
from hsvis.figures.view import View
from hsvis.run.store import StateStore

Table = pd.DataFrame


@pytest.fixture(scope="module")
def view(demo_store: StateStore) -> View:
    """Every fifth sequence is unlabelled, and many share a confidence."""
    labels = np.where(np.arange(demo_store.n_sequences) % 5 == 0, -1, demo_store.labels)
    store = object.__new__(StateStore)
    store.__dict__.update(demo_store.__dict__)
    store.labels, store.confidence = labels.astype(np.int16), np.round(demo_store.confidence, 1)
    return Runs([store]).resolve(None)


@pytest.fixture(scope="module")
def table(view: View) -> Table:
    """The rows as a small run has them all."""
    return Table(table_rows(view.store))


@pytest.fixture(scope="module")
def client(view: View) -> FlaskClient:
    app = Dash("table")
    app.layout = html.Div()
    table_routes.register(app, Runs([view.store]), Pages(Filters()))
    return app.server.test_client()


def address(view: View, kind: str) -> str:
    return f"/{kind}/{view.cloud}"


def plainly(table: Table, model: dict[str, Any], sort: list[tuple[str, bool]]) -> list[int]:
    """The sequences of the table, filtered cell by cell and sorted by pandas."""
    for column, one in model.items():
        conditions = one["conditions"] if "operator" in one else [one]
        join = any if one.get("operator") == "OR" else all
        passes = [join(passes_one(cell, condition) for condition in conditions) for cell in table[column]]
        table = table[np.array(passes, dtype=bool)]
    by, falls = [column for column, _ in sort], [down for _, down in sort]
    for column, down in list(zip(by, falls, strict=True))[::-1]:
        keys = table[column].map(lambda cell: cell.encode("utf-16-be") if isinstance(cell, str) else cell)
        order = keys.rank(method="dense", ascending=not down).to_numpy()
        table = table.iloc[np.argsort(order, kind="stable")]
    return [int(sequence) for sequence in table["sequence"]]


def passes_one(cell: Any, condition: dict[str, Any]) -> bool:
    kind, value = condition["type"], condition.get("filter")
    if kind in ("blank", "notBlank"):
        return (isinstance(cell, str) and not cell.strip()) == (kind == "blank")
    if isinstance(cell, str):
        cell, value = cell.lower(), value.lower()
    return {
        "equals": lambda: cell == value,
        "notEqual": lambda: cell != value,
        "contains": lambda: value in cell,
        "notContains": lambda: value not in cell,
        "startsWith": lambda: cell.startswith(value),
        "endsWith": lambda: cell.endswith(value),
        "greaterThan": lambda: cell > value,
        "greaterThanOrEqual": lambda: cell >= value,
        "lessThan": lambda: cell < value,
        "lessThanOrEqual": lambda: cell <= value,
        "inRange": lambda: value < cell < condition["filterTo"],
    }[kind]()


def conditions(column: str) -> st.SearchStrategy[dict[str, Any]]:
    blanks = st.builds(lambda kind: {"type": kind}, st.sampled_from(column_filters.BLANKS))
    if column in TEXTS:
        kinds = st.sampled_from(list(column_filters.MATCHES))
        values = st.sampled_from(["", "e", "A ", "yes", "No", "nega", "Positive", "the film", "x\ny", "İ"])
        return blanks | st.builds(lambda kind, value: {"type": kind, "filter": value}, kinds, values)
    numbers = st.sampled_from([-1, 0, 0.5, 0.8, 1, 7, 11.0, 20, 39, 1e9])
    kinds = st.sampled_from([*column_filters.COMPARISONS, "inRange"])
    return blanks | st.builds(
        lambda kind, low, high: {"type": kind, "filter": low, "filterTo": high}, kinds, numbers, numbers
    )


def column_models(column: str) -> st.SearchStrategy[dict[str, Any]]:
    one = conditions(column)
    joined = st.builds(
        lambda operator, parts: {"operator": operator, "conditions": parts},
        st.sampled_from(["AND", "OR"]),
        st.lists(one, min_size=1, max_size=3),
    )
    return one | joined


# those of labels of steps and of language models are not among them
OF_SEQUENCES = [column for column in COLUMNS if column not in ("right", "perplexity")]
MODELS = st.lists(st.sampled_from(OF_SEQUENCES), max_size=3, unique=True).flatmap(
    lambda columns: st.fixed_dictionaries({column: column_models(column) for column in columns})
)
SORTS = st.lists(
    st.tuples(st.sampled_from(OF_SEQUENCES), st.booleans()), max_size=3, unique_by=lambda one: one[0]
)


@given(model=MODELS, sort=SORTS)
def test_order_is_that_of_the_table_filtered_and_sorted_by_pandas(
    view: View, table: Table, model: dict[str, Any], sort: list[tuple[str, bool]]
) -> None:
    listing = Listing(columns=column_filters.parse(json.dumps(model)), sort=tuple(sort))
    assert Pages(Filters()).order(view, listing).tolist() == plainly(table, model, sort)


def test_filter_of_the_page_and_filters_of_columns_join(view: View, table: Table) -> None:
    (x0, y0), (x1, y1) = view.projection.xy.min(0), np.median(view.projection.xy, axis=0)
    corner = ((float(x0), float(y0)), (float(x1), float(y0)), (float(x1), float(y1)), (float(x0), float(y1)))
    model = {"confidence": {"type": "greaterThan", "filter": 0.6}}
    pages = Pages(Filters())
    for one in (Filter(actual=-1), Filter(correct=False), Filter(search="the"), Filter(regions=(corner,))):
        listing = Listing(one, column_filters.parse(json.dumps(model)), (("words", True),))
        matches = set(np.flatnonzero(matching(one, view)).tolist())
        wanted = [index for index in plainly(table, model, [("words", True)]) if index in matches]
        assert pages.order(view, listing).tolist() == wanted
        page = pages.rows(view, listing, 1, 4)
        assert page["count"] == len(wanted)
        assert [row["sequence"] for row in page["rows"]] == wanted[1:4]
        assert page["rows"] == [table_rows(view.store)[index] for index in wanted[1:4]]


@given(
    text=st.lists(st.text(max_size=6), min_size=1, max_size=12),
    rises=st.booleans(),
)
def test_texts_are_sorted_as_a_browser_compares_them(text: list[str], rises: bool) -> None:
    ranks = table_pages.Texts(text).ranks * (1 if rises else -1)
    for one, other in itertools.combinations(range(len(text)), 2):
        a, b = (text[k].encode("utf-16-be", "surrogatepass") for k in (one, other))
        assert (ranks[one] < ranks[other]) == ((a < b) if rises else (a > b))
        assert (ranks[one] == ranks[other]) == (a == b)


ORDERS = st.lists(st.integers(0, 15), unique=True, max_size=12)


@given(order=ORDERS, sequence=st.none() | st.integers(0, 15), by=st.integers(-20, 20))
def test_beside_is_what_the_arrows_reach_in_a_table_of_all_rows(
    order: list[int], sequence: int | None, by: int
) -> None:
    found = table_pages.beside(np.array(order, np.int32), sequence, by)
    if not order:
        assert found is None
        return
    last = len(order) - 1
    goal = min(max(order.index(sequence) + by, 0), last) if sequence in order else (0 if by > 0 else last)
    assert found == Found(order[goal], goal)


@given(
    order=ORDERS,
    wrong=st.lists(st.booleans(), min_size=16, max_size=16),
    sequence=st.none() | st.integers(0, 15),
    share=st.floats(0, 1),
)
def test_misclassified_rows_are_found_in_the_order_of_the_table(
    order: list[int], wrong: list[bool], sequence: int | None, share: float
) -> None:
    at = order.index(sequence) if sequence in order else -1
    others = [k for k, one in enumerate(order) if wrong[one] and k != at]
    after = [k for k in others if k > at] or others
    numbers, mask = np.array(order, np.int32), np.array(wrong)
    following = table_pages.next_wrong(numbers, mask, sequence)
    some = table_pages.some_wrong(numbers, mask, sequence, share)
    assert following == (Found(order[after[0]], after[0]) if after else None)
    assert (some is None) == (not others)
    assert some is None or (some.place in others and order[some.place] == some.sequence)


def test_every_misclassified_row_can_come_by_chance() -> None:
    order, wrong = np.arange(10, dtype=np.int32), np.arange(10) % 2 == 0
    shares = np.linspace(0, 0.999, 50)
    found = {table_pages.some_wrong(order, wrong, 4, share) for share in shares}
    assert found == {Found(k, k) for k in (0, 2, 6, 8)}


def test_threads_get_the_same_order_and_it_is_computed_once(view: View) -> None:
    pages = Pages(Filters())
    listing = Listing(sort=(("words", False),))
    found: list[np.ndarray] = []
    threads = [threading.Thread(target=lambda: found.append(pages.order(view, listing))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(order is found[0] for order in found)
    with pytest.raises(ValueError, match="read-only"):
        found[0][0] = 1


def test_routes_answer_pages_and_ways(client: FlaskClient, view: View, table: Table) -> None:
    model = {"length": {"filterType": "number", "type": "greaterThan", "filter": 5}}
    query = {"columns": json.dumps(model), "sort": "confidence:desc,words:asc"}
    wanted = plainly(table, model, [("confidence", True), ("words", False)])
    answer = client.get(address(view, "rows"), query_string={**query, "start": 2, "end": 9})
    assert answer.get_json() == {
        "count": len(wanted),
        "rows": [table_rows(view.store)[k] for k in wanted[2:9]],
    }
    for way, goal in (
        ({"to": "place", "sequence": wanted[6]}, 6),
        ({"to": "beside", "sequence": wanted[6], "by": 3}, 9),
        ({"to": "beside", "by": -1e300}, len(wanted) - 1),
        ({"to": "beside", "sequence": wanted[6], "by": -99}, 0),
    ):
        told = client.get(address(view, "walk"), query_string={**query, **way}).get_json()
        assert told == {"sequence": wanted[goal], "place": goal}
    wrong = [index for index in wanted if table["correct"][index] == "no"]
    told = client.get(address(view, "walk"), query_string={**query, "to": "wrong"}).get_json()
    assert told == {"sequence": wrong[0], "place": wanted.index(wrong[0])}
    told = client.get(address(view, "walk"), query_string={**query, "to": "random", "share": 0.99}).get_json()
    assert told["sequence"] == wrong[-1]
    nothing = {"filter": json.dumps({"search": "no text has these words"})}
    for way in ({"to": "place", "sequence": 1}, {"to": "beside", "by": 1}, {"to": "wrong"}):
        assert client.get(address(view, "walk"), query_string={**nothing, **way}).get_json() is None
    empty = client.get(address(view, "rows"), query_string={**nothing, "start": 0, "end": 5}).get_json()
    assert empty == {"count": 0, "rows": []}


@pytest.mark.parametrize(
    ("start", "end", "first", "number"),
    [(-5, 3, 0, 3), (38, 1e12, 38, 2), (1e300, 1e301, 0, 0), (3, 3, 0, 0), (9, 2, 0, 0)],
)
def test_pages_are_clamped_to_the_table(
    client: FlaskClient, view: View, start: float, end: float, first: int, number: int
) -> None:
    answer = client.get(address(view, "rows"), query_string={"start": start, "end": end}).get_json()
    assert answer["count"] == view.store.n_sequences
    assert [row["sequence"] for row in answer["rows"]] == list(range(first, first + number))
    assert number <= MOST_ROWS


HOSTILE = [
    ({"start": "x", "end": 2}, "start"),
    ({"start": 0}, "end"),
    ({"start": "nan", "end": 2}, "start"),
    ({"sort": "confidence"}, "asc"),
    ({"sort": "nothing:asc"}, "confidence"),
    ({"sort": "length:up"}, "asc"),
    ({"sort": ",".join(["length:asc"] * 9)}, "once"),
    ({"sort": "length:asc," + "x" * 10_000}, "sort"),
    ({"columns": "{"}, "JSON"),
    ({"columns": "[" * 50_000}, "JSON"),
    ({"columns": "[]"}, "words"),
    ({"columns": '{"label": {}}'}, "words"),
    ({"columns": '{"words": 3}'}, "words"),
    ({"columns": '{"words": {"type": "regexp", "filter": "(a+)+"}}'}, "contains"),
    ({"columns": '{"words": {"type": ["contains"], "filter": "a"}}'}, "contains"),
    ({"columns": '{"words": {"type": "contains"}}'}, "text"),
    ({"columns": json.dumps({"words": {"type": "contains", "filter": "x" * 1001}})}, "text"),
    ({"columns": '{"length": {"type": "equals", "filter": "7"}}'}, "number"),
    ({"columns": '{"length": {"type": "equals", "filter": NaN}}'}, "number"),
    ({"columns": '{"length": {"type": "equals", "filter": ' + "9" * 400 + "}}"}, "number"),
    ({"columns": '{"length": {"type": "inRange", "filter": 7}}'}, "filterTo"),
    ({"columns": '{"length": {"type": "contains", "filter": "7"}}'}, "equals"),
    ({"columns": '{"length": {"operator": "XOR", "conditions": []}}'}, "AND"),
    ({"columns": '{"length": {"operator": "AND", "conditions": []}}'}, "1 to"),
    ({"filter": '{"actual": 99}'}, "class"),
]


@pytest.mark.parametrize(("query", "named"), HOSTILE)
@pytest.mark.parametrize("kind", ["rows", "walk"])
def test_what_makes_no_sense_is_refused_in_a_line(
    client: FlaskClient, view: View, kind: str, query: dict[str, Any], named: str
) -> None:
    if kind == "walk" and not {"sort", "columns", "filter"} & set(query):
        return
    known = {"start": 0, "end": 5} if kind == "rows" and "start" not in query else {"to": "wrong"}
    answer = client.get(address(view, kind), query_string={**known, **query})
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
    assert named in answer.text
    assert answer.text.count("\n") == 1
    assert len(answer.text) < 400


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"to": "anywhere"}, 400),
        ({"to": "beside"}, 400),
        ({"to": "beside", "by": "far"}, 400),
        ({"to": "random", "share": "inf"}, 400),
        ({"to": "place", "sequence": "-1"}, 400),
        ({"to": "place", "sequence": "1e3"}, 400),
        ({"to": "place", "sequence": "9" * 18}, 404),
    ],
)
def test_ways_to_nowhere_are_refused(
    client: FlaskClient, view: View, query: dict[str, str], status: int
) -> None:
    answer = client.get(address(view, "walk"), query_string=query)
    assert (answer.status_code, answer.mimetype) == (status, "text/plain")
    assert answer.text.count("\n") == 1
    assert client.get(address(view, "walk").replace("demo", "other"), query_string=query).status_code == 404


def test_conditions_name_what_the_grid_can_ask_for() -> None:
    assert set(NUMBERS) | set(TEXTS) == set(COLUMNS)
    assert parse_sort(None) == parse_sort("") == ()
    assert column_filters.parse(None) == column_filters.parse("") == ()


def test_only_a_large_run_comes_in_pages(demo_store: StateStore) -> None:
    """The page of a large run holds no row, and the answer to a filter no list of sequences."""
    n = demo_store.n_sequences
    pages = {}
    for most in (n, n - 1):
        app = create_app([demo_store], most_rows=most)
        client = app.server.test_client()
        pages[most] = client.get("/_dash-layout").text
        layer = demo_store.layers[0]
        cloud = f"{demo_store.name}/{layer}/{demo_store.projections(layer)[0].name}"
        told = client.get(f"/sequences/{cloud}", query_string={"filter": '{"correct": true}'}).get_json()
        assert ("sequences" in told) == (most == n)
        assert told["count"] == int((demo_store.labels == demo_store.predicted).sum())
    first = demo_store.beginnings()[0][:30]
    assert first in pages[n]
    assert first not in pages[n - 1]


def test_another_kind_of_table_needs_another_grid(demo_store: StateStore) -> None:
    small, large = (Runs([demo_store], most_rows=most) for most in (1000, 5))
    grid, rows, table = table_of(small, "demo", "clientSide")
    assert (getattr(grid, "id", None), table["paged"]) == (None, False)
    assert rows == table_rows(demo_store)
    for runs, model in ((small, "infinite"), (large, "clientSide"), (large, "infinite")):
        grid, rows, table = table_of(runs, "demo", model)
        assert grid.id == ids.SEQUENCE_TABLE
        assert not isinstance(rows, list)
        assert table == {
            "run": "demo",
            "edition": demo_store.edition,
            "cloud": runs.resolve(None).cloud,
            "sequences": demo_store.n_sequences,
            "paged": runs is large,
            "unit": "sequence",
            "answers": "classes",
            "columns": [],
        }
