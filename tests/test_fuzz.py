"""Whatever is asked of any route or callback: no fault of the server, no trace of its files, no hang.

`HSVIS_FUZZ=20000 python -m pytest tests/test_fuzz.py` asks so many times each; by default a few hundred.
"""

import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from hsvis.dashboard import create_app
from hsvis.notes import Notes
from hsvis.run.store import StateStore

ASKED = int(os.environ.get("HSVIS_FUZZ", "200"))
SECRET = "what lies beside the runs and is nobody's business"
TRACES = re.compile(rb"Traceback|site-packages|\.py\b.{0,20}line \d|parquet:|/tmp/|/home/|/root/", re.I)
# sent with the names that the server knows, and with some that it doesn't
KNOWN = """
    x0 x1 y0 y1 w h ratio size theme palette colour marks fade filter draw cells sequence sequences columns
    sort start end to by share k run layer projection jump change class search next words step author text
    limit
"""
NAMES = KNOWN.split()
WRITTEN = ["sequence", "step", "text", "author", "name", "filter", "layer", "projection", "method", "seed"]

numbers = st.one_of(
    st.integers(-5, 200),
    st.sampled_from([2**31, 2**63, -(2**63), 10**400, 1e308, -1e308, 5e-324, 0.5]),
    st.floats(-1e6, 1e6),
)
texts = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", "0", "-1", "1e999", "nan", "inf", "null", "true", "٣", "1_0", " 1", "\0", "\ud800"]),
    st.sampled_from(
        ["../../x", "..%2f..%2f", "a" * 5000, "<script>", "\u202ex", "light", "dark", "ep", "class"]
    ),
    st.sampled_from(["density", "errors", "auto", "dots", "1"]),
    st.sampled_from(["correct", "start,end", "wrong", "place", "beside", "random", "[", "{}", "[]"]),
    st.sampled_from(['{"actual": 0}', '{"search": "a"}', '{"regions": [[[0,0],[1,0],[0,1]]]}']),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=6,
)


class Fuzzed:
    """An app, and what its routes and callbacks are."""

    def __init__(self, store: StateStore, secret: Path) -> None:
        notes = Notes(secret.with_name("notes.sqlite"))
        self.client: FlaskClient = create_app([store], notes=notes).server.test_client()
        self.store = store
        layer = store.layers[0]
        self.known = [
            store.name,
            layer,
            store.projections(layer)[0].name,
            str(secret),
            f"../../../..{secret}",
        ]
        rules = self.client.application.url_map.iter_rules()
        self.rules = sorted({(rule.rule, method) for rule in rules for method in rule.methods})
        self.callbacks = [
            one
            for one in self.client.get("/_dash-dependencies").get_json()
            if not one.get("clientside_function")
        ]

    def check(self, answer: TestResponse) -> None:
        content = answer.get_data()
        assert answer.status_code < 500, (answer.status_code, content[:300])
        assert SECRET.encode() not in content
        if answer.status_code >= 400:
            assert not TRACES.search(content), content[:300]
            assert len(content) < 2000


@pytest.fixture(scope="module")
def fuzzed(demo_store: StateStore, tmp_path_factory: pytest.TempPathFactory) -> Fuzzed:
    secret = tmp_path_factory.mktemp("beside") / "secret.txt"
    secret.write_text(SECRET, encoding="utf-8")
    return Fuzzed(demo_store, secret)


many = settings(
    max_examples=ASKED,
    deadline=20_000,  # ms: a hang
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)


@many
@given(st.data())
def test_no_address_is_a_fault(fuzzed: Fuzzed, data: st.DataObject) -> None:
    rule, method = data.draw(st.sampled_from(fuzzed.rules))
    part = st.sampled_from([*fuzzed.known, "0", "1"]) | texts | numbers.map(str)
    filled = rule.split("/")
    at = [k for k, one in enumerate(filled) if one.startswith("<")]
    right = data.draw(st.booleans())  # as often as not the run, layer and projection that there are
    for place, k in enumerate(at):
        ending = filled[k].rpartition(">")[2]
        filled[k] = (fuzzed.known[place] if right and place < 3 else data.draw(part)) + ending
    path = "/".join(filled)
    given_names = data.draw(st.lists(st.sampled_from(NAMES) | st.text(max_size=5), max_size=14, unique=True))
    query = {name: data.draw(numbers.map(str) | texts | values.map(_json)) for name in given_names}
    window = {"x0": "-50", "x1": "50", "y0": "-50", "y1": "50", "w": "90", "h": "60"}
    if data.draw(st.booleans()):
        query = window | query
    headers = data.draw(
        st.dictionaries(
            st.sampled_from(
                [
                    "Accept",
                    "Accept-Encoding",
                    "Content-Type",
                    "If-None-Match",
                    "Range",
                    "X-Requested-With",
                    "Cookie",
                ]
            ),
            st.sampled_from(
                ["", "gzip", "*", "hsvis", "application/json", 'W/"x"', "bytes=5-", "a=b", "q=;,;"]
            ),
        )
    )
    if data.draw(st.booleans()):  # as the page writes
        headers = {"X-Requested-With": "hsvis", "Content-Type": "application/json"} | headers
    written = values | st.dictionaries(st.sampled_from(WRITTEN), values | st.sampled_from([0, 1, "words"]))
    body = data.draw(st.sampled_from([b"", b"{", b"\xff"]) | written.map(lambda one: _json(one).encode()))
    answer = fuzzed.client.open(
        quote(_utf8(path)), method=method, query_string={_utf8(k): _utf8(v) for k, v in query.items()},
        headers=headers, data=body,
    )  # fmt: skip
    fuzzed.check(answer)


@many
@given(st.data())
def test_no_value_is_a_fault_of_a_callback(fuzzed: Fuzzed, data: st.DataObject) -> None:
    one = data.draw(st.sampled_from(fuzzed.callbacks))
    names = one["output"].strip(".").split("...")
    outputs = [
        dict(zip(("id", "property"), name.split("@")[0].rsplit(".", 1), strict=True)) for name in names
    ]
    run, layer, projection, *_ = fuzzed.known
    right: dict[str, Any] = {
        "view": {"run": run, "layer": layer, "projection": projection, "theme": "dark", "palette": "hsvis"},
        "selection": {"run": run, "sequence": 1},
    }

    def valued(asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
        found = []
        for each in asked:
            value = data.draw(values)
            known = right.get(each["id"])
            if known is not None and data.draw(st.booleans()):
                value = known | data.draw(st.dictionaries(st.sampled_from(sorted(known)), values, max_size=2))
            found.append({**each, "value": value})
        return found

    body = {
        "output": one["output"],
        "outputs": outputs if one["output"].startswith("..") else outputs[0],
        "inputs": valued(one["inputs"]),
        "state": valued(one["state"]),
        "changedPropIds": data.draw(
            st.lists(st.sampled_from([f"{i['id']}.{i['property']}" for i in one["inputs"]]))
        ),
    }
    answer = fuzzed.client.post("/_dash-update-component", data=_json(body), content_type="application/json")
    fuzzed.check(answer)


@many
@given(
    values
    | st.dictionaries(st.sampled_from(["output", "outputs", "inputs", "state", "changedPropIds"]), values)
)
def test_no_body_is_a_fault_of_the_callbacks_route(fuzzed: Fuzzed, body: Any) -> None:
    answer = fuzzed.client.post("/_dash-update-component", data=_json(body), content_type="application/json")
    fuzzed.check(answer)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "start", ["/assets/", "/_dash-component-suites/", "/_dash-component-suites/dash/", "/", "/export/"]
)
@pytest.mark.parametrize(
    "way",
    [
        "{}",
        "..{}",
        "../../../../../../../..{}",
        "%2e%2e/%2e%2e/%2e%2e/%2e%2e/..{}",
        "..\\..{}",
        "/{}",
        "%00{}",
    ],
)
def test_no_way_leads_to_files_beside(fuzzed: Fuzzed, start: str, way: str) -> None:
    for target in (fuzzed.known[3], "/etc/passwd"):
        answer = fuzzed.client.get(start + way.format(target))
        fuzzed.check(answer)
        assert b"root:" not in answer.get_data()


def _json(value: Any) -> str:
    return json.dumps(value)


def _utf8(text: str) -> str:
    """As an address can carry it."""
    return text.encode("utf-8", "replace").decode()
