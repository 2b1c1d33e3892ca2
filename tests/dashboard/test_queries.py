"""The sequences and the words that the page's scripts ask for, against plain loops over the store."""

import json
import math
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from dash import Dash, html
from flask.testing import FlaskClient

from hsvis.catalogue.runs import Runs
from hsvis.dashboard.content.filters import Filters
from hsvis.dashboard.routes import queries
from hsvis.run.store import StateStore

KINDS = ("jump", "change", "flip")
ALL = {f"{kind}_{side}": 1 for kind in KINDS for side in ("after", "before")}


def client_of(store: StateStore, prefix: str = "/") -> FlaskClient:
    app = Dash("queries", url_base_pathname=prefix)
    app.layout = html.Div()
    queries.register(app, Runs([store]), Filters())
    return app.server.test_client()


@pytest.fixture(scope="module")
def client(demo_store: StateStore) -> FlaskClient:
    return client_of(demo_store)


def address(store: StateStore, kind: str, number: int = 0) -> str:
    layer = store.layers[0]
    return f"/{kind}/{store.name}/{layer}/{store.projections(layer)[number].name}"


@pytest.fixture(scope="module")
def whole(demo_store: StateStore) -> dict[str, float]:
    """The range that holds the whole cloud."""
    xy = demo_store.projections(demo_store.layers[0])[0].xy
    (x0, y0), (x1, y1) = xy.min(axis=0) - 1.0, xy.max(axis=0) + 1.0
    return {"x0": float(x0), "x1": float(x1), "y0": float(y0), "y1": float(y1)}


def plainly_all_words(store: StateStore, asked: dict[str, Any], matches: list[bool]) -> dict[Any, float]:
    """(side, sequence, step of the word) -> strength, for the whole run, one step after the other."""
    layer = store.layers[0]
    distances, largest = store.distances(layer), store.largest_distance(layer)
    found: dict[Any, float] = {}
    for index in range(store.n_sequences):
        one = store.sequence(index)
        for step in range(1, len(one.tokens)):
            ep, before = one.ep[step], one.ep[step - 1]
            moved = [float(abs(a - b)) for a, b in zip(ep, before, strict=True)]
            share = float(distances[one.rows.start + step] / np.float32(largest))
            change = max(moved) if asked.get("class") is None else moved[asked["class"]]
            strengths = {
                "jump": share if share >= asked.get("jump", 0.4) else None,
                "change": change if change >= asked.get("change", 0.3) else None,
                "flip": max(moved) if ep.argmax() != before.argmax() else None,
            }
            for side, back in (("after", 0), ("before", 1)):
                reached = [
                    s for kind, s in strengths.items() if s is not None and asked.get(f"{kind}_{side}")
                ]
                if reached and matches[index]:
                    found[side, index, step - back] = max(reached)
    return found


def plainly_shown(store: StateStore, events: dict[Any, float], window: dict[str, float]) -> set[Any]:
    """Of these words, two of each cell of the view, the strongest 400."""
    xy = store.projections(store.layers[0])[0].xy
    taken: dict[Any, int] = {}
    found = []
    for key in sorted(events, key=lambda key: (-events[key], key[0], key[1], key[2])):
        _, index, step = key
        x, y = (float(value) for value in xy[store.offsets[index] + step])
        if not (window["x0"] <= x <= window["x1"] and window["y0"] <= y <= window["y1"]):
            continue
        cell = (
            int((x - window["x0"]) / (window["x1"] - window["x0"]) * 28),
            int((y - window["y0"]) / (window["y1"] - window["y0"]) * 36),
        )
        taken[cell] = taken.get(cell, 0) + 1
        if taken[cell] <= 2:
            found.append(key)
    return set(found[:400])


@pytest.mark.parametrize(
    "asked",
    [
        {"filter": None},
        {"filter": ""},
        {"filter": {"actual": 1}},
        {"filter": {"correct": False}},
        {"filter": {"predicted": 0, "search": "THE"}},
        {"filter": {"search": "no such words in there"}},
        {"filter": {"search": "%"}},
    ],
)
def test_sequences_that_match(client: FlaskClient, demo_store: StateStore, asked: dict[str, Any]) -> None:
    chosen = asked["filter"]
    query = {} if chosen is None else {"filter": chosen and json.dumps(chosen)}
    answer = client.get(address(demo_store, "sequences"), query_string=query)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    expected = []
    for index in range(demo_store.n_sequences):
        one, wanted = demo_store.sequence(index), chosen or {}
        if (
            one.label == wanted.get("actual", one.label)
            and one.predicted == wanted.get("predicted", one.predicted)
            and one.correct == wanted.get("correct", one.correct)
            and wanted.get("search", "").casefold() in one.text.casefold()
        ):
            expected.append(index)
    assert answer.get_json() == {"count": len(expected), "sequences": expected}


def test_sequences_that_pass_a_region(client: FlaskClient, demo_store: StateStore) -> None:
    for number in (0, 1):
        xy = demo_store.projections(demo_store.layers[0])[number].xy
        (x0, y0), (x1, y1) = (np.quantile(xy, q, axis=0).astype(float).tolist() for q in (0.1, 0.2))
        box = [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]
        expected = sorted(
            {demo_store.locate(r)[0] for r, (x, y) in enumerate(xy.tolist()) if x0 < x < x1 and y0 < y < y1}
        )
        answer = client.get(
            address(demo_store, "sequences", number), query_string={"filter": json.dumps({"regions": [box]})}
        )
        assert answer.get_json()["sequences"] == expected


@pytest.mark.parametrize(
    "asked",
    [
        {"jump_after": 1},
        {"jump_before": 1, "jump": 0.15},
        {"jump_after": 1, "jump_before": 1, "jump": 0.6},
        {"change_after": 1},
        {"change_before": 1, "change": 0.05, "class": 1},
        {"change_after": 1, "change": 0.2, "class": 0},
        {"flip_after": 1},
        {"flip_before": 1, "jump_after": 1, "class": 0},
        {**ALL},
        {**ALL, "jump": 0.2, "change": 0.1, "class": 1},
        {**ALL, "jump": 0, "change": 0},
        {**ALL, "jump": 1, "change": 1},
    ],
    ids=str,
)
@pytest.mark.parametrize("part", [1.0, 0.4])
def test_words_of_a_view(
    client: FlaskClient, demo_store: StateStore, whole: dict[str, float], asked: dict[str, Any], part: float
) -> None:
    window = {
        **whole,
        "x1": whole["x0"] + part * (whole["x1"] - whole["x0"]),
        "y0": whole["y1"] - part * (whole["y1"] - whole["y0"]),
    }
    told = client.get(address(demo_store, "words"), query_string={**window, **asked}).get_json()
    events = plainly_all_words(demo_store, asked, [True] * demo_store.n_sequences)
    shown = plainly_shown(demo_store, events, window)
    keys = [(word["side"], word["sequence"], word["step"]) for word in told]
    assert len(set(keys)) == len(keys) <= 400
    assert set(keys) == shown
    xy = demo_store.projections(demo_store.layers[0])[0].xy
    for word, key in zip(told, keys, strict=True):
        row = demo_store.offsets[word["sequence"]] + word["step"]
        assert word["strength"] == pytest.approx(events[key], abs=1e-6)
        assert word["token"] == demo_store.sequence(word["sequence"]).tokens[word["step"]]
        assert (word["x"], word["y"]) == tuple(xy[row].tolist())
        assert set(word) == {"x", "y", "token", "side", "strength", "sequence", "step"}
    strengths = [word["strength"] for word in told]
    assert strengths == sorted(strengths, reverse=True)


@pytest.mark.parametrize("k", [None, 0, 1, 2])
def test_words_of_three_classes(demo_store: StateStore, whole: dict[str, float], k: int | None) -> None:
    ep = np.random.default_rng(8).dirichlet(np.ones(3), demo_store.n_states).astype(np.float32)
    layer = demo_store.layers[0]
    store = StateStore(
        demo_store.folder, demo_store.manifest.but(classes=["a", "b", "c"]),
        pq.read_table(demo_store.folder.sequences), ep, {layer: demo_store.distances(layer)},
        {layer: demo_store.projections(layer)},
    )  # fmt: skip
    moved = np.abs(ep[1] - ep[0])
    threshold = float(moved.max() if k is None else moved[k])  # the first change just reaches it
    asked = {"flip_before": 1, "change_after": 1, "change": threshold} | ({} if k is None else {"class": k})
    told = client_of(store).get(address(store, "words"), query_string={**whole, **asked}).get_json()
    events = plainly_all_words(store, asked, [True] * store.n_sequences)
    assert ("after", 0, 1) in events
    found = {(word["side"], word["sequence"], word["step"]): word["strength"] for word in told}
    assert set(found) == plainly_shown(store, events, whole)
    assert found == {key: pytest.approx(events[key], abs=1e-6) for key in found}


def test_a_change_that_just_reaches_the_threshold_has_a_word(
    client: FlaskClient, demo_store: StateStore
) -> None:
    x, y = demo_store.projections(demo_store.layers[0])[0].xy[1].astype(float).tolist()
    threshold = float(np.abs(demo_store.ep[1] - demo_store.ep[0]).max())
    near = {"x0": x - 1e-3, "x1": x + 1e-3, "y0": y - 1e-3, "y1": y + 1e-3}
    query = {**near, "change_after": 1, "change": repr(threshold)}
    told = client.get(address(demo_store, "words"), query_string=query).get_json()
    assert (0, 1) in {(word["sequence"], word["step"]) for word in told}


def test_words_come_from_matching_sequences_only(
    client: FlaskClient, demo_store: StateStore, whole: dict[str, float]
) -> None:
    asked = {**ALL, "jump": 0.1, "change": 0.05}
    matches = [bool(correct) for correct in demo_store.labels == demo_store.predicted]
    chosen = json.dumps({"correct": True})
    told = client.get(
        address(demo_store, "words"), query_string={**whole, **asked, "filter": chosen}
    ).get_json()
    events = plainly_all_words(demo_store, asked, matches)
    keys = {(word["side"], word["sequence"], word["step"]) for word in told}
    assert keys
    assert keys == plainly_shown(demo_store, events, whole)
    nothing = client.get(
        address(demo_store, "words"),
        query_string={**whole, **asked, "filter": json.dumps({"search": "no such words in there"})},
    )
    assert nothing.get_json() == []


def test_no_kind_is_no_word(client: FlaskClient, demo_store: StateStore, whole: dict[str, float]) -> None:
    for query in ({}, {"jump_after": 0, "flip_before": 0}):
        answer = client.get(address(demo_store, "words"), query_string={**whole, **query})
        assert (answer.status_code, answer.get_json()) == (200, [])


def test_the_same_question_has_the_same_answer(
    client: FlaskClient, demo_store: StateStore, whole: dict[str, float]
) -> None:
    query = {**whole, **ALL}
    told = client.get(address(demo_store, "words"), query_string=query).data
    assert client.get(address(demo_store, "words"), query_string=query).data == told
    assert client_of(demo_store).get(address(demo_store, "words"), query_string=query).data == told


def test_step_zero_has_no_word_after_it_and_the_last_step_none_before(
    client: FlaskClient, demo_store: StateStore, whole: dict[str, float]
) -> None:
    told = client.get(
        address(demo_store, "words"), query_string={**whole, **ALL, "jump": 0, "change": 0}
    ).get_json()
    assert {word["side"] for word in told} == {"after", "before"}
    for word in told:
        last = len(demo_store.sequence(word["sequence"]).tokens) - 1
        assert word["step"] > 0 if word["side"] == "after" else word["step"] < last
        assert math.isfinite(word["strength"])


@pytest.mark.parametrize("kind", ["sequences", "words"])
@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "JSON"),
        ("[1]", "JSON object"),
        ('{"colour": 1}', "'colour'"),
        ('{"actual": 99}', "99"),
        ('{"predicted": true}', "True"),
        ('{"search": "<script>\\n", "regions": 1}', "regions=1"),
        ('{"regions": [[[0,0],[1,1]]]}', "2 points"),
        ('{"search": "\\ud800"}', "half a character"),
    ],
)
def test_a_malformed_filter_is_answered_in_a_line(
    client: FlaskClient, demo_store: StateStore, whole: dict[str, float], kind: str, text: str, named: str
) -> None:
    answer = client.get(address(demo_store, kind), query_string={**whole, "filter": text})
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
    assert named in answer.text
    assert answer.text.count("\n") == 1


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"x0": "east"}, "x0"),
        ({"x1": None}, "x1"),
        ({"y0": "nan"}, "y0"),
        ({"y0": 7, "y1": -7}, "range is empty"),
        ({"jump": 1.5}, "jump=1.5 is not a threshold: 0 to 1"),
        ({"jump": "many"}, "jump"),
        ({"change": -0.1}, "change=-0.1"),
        ({"change": "inf"}, "change"),
        ({"class": 99}, "class='99' is not a class: 0 to"),
        ({"class": -1}, "class"),
        ({"class": ""}, "class"),
        ({"class": "٣"}, "class"),
        ({"class": "9" * 6000}, "class"),
        ({"jump_after": 2}, "jump_after"),
        ({"flip_before": "yes"}, "flip_before"),
        ({"theme": "pink"}, "theme"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_nonsense_is_answered_in_a_line(
    client: FlaskClient, demo_store: StateStore, whole: dict[str, float], change: dict[str, Any], named: str
) -> None:
    answer = client.get(address(demo_store, "words"), query_string={**whole, **ALL, **change})
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
    assert named in answer.text
    assert answer.text.count("\n") == 1


@pytest.mark.filterwarnings("error")
def test_a_window_of_any_size_is_answered(client: FlaskClient, demo_store: StateStore) -> None:
    for big in (1e300, 1.7e308):
        window = {"x0": -big, "x1": big, "y0": -big, "y1": big}
        answer = client.get(address(demo_store, "words"), query_string={**window, **ALL})
        assert answer.status_code == 200
        assert len(answer.get_json()) == 2  # all in one cell


@pytest.mark.parametrize("kind", ["sequences", "words"])
@pytest.mark.parametrize(
    "path", ["{run}/{layer}/nothing", "{run}/rnn.9/{name}", "other/{layer}/{name}", "%3Cb%3E/{layer}/{name}"]
)
def test_what_does_not_exist_is_not_found(
    client: FlaskClient, demo_store: StateStore, whole: dict[str, float], kind: str, path: str
) -> None:
    layer = demo_store.layers[0]
    name = demo_store.projections(layer)[0].name
    answer = client.get(
        f"/{kind}/" + path.format(run=demo_store.name, layer=layer, name=name), query_string=whole
    )
    assert (answer.status_code, answer.mimetype) == (404, "text/plain")
    assert answer.text.count("\n") == 1


def test_routes_lie_under_the_prefix(demo_store: StateStore) -> None:
    client = client_of(demo_store, prefix="/some/where/")
    assert client.get("/some/where" + address(demo_store, "sequences")).status_code == 200
    assert client.get(address(demo_store, "sequences")).status_code == 404
