"""Routes whose work takes turns, while all turns are taken by work that waits for an event of the test."""

import json
import threading
import urllib.parse
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hsvis.analysis import regions
from hsvis.catalogue.runs import Runs
from hsvis.dashboard import create_app
from hsvis.dashboard.callbacks import sequence
from hsvis.dashboard.content import clouds, export_tables, filters
from hsvis.dashboard.content.filters import Filter, Filters, matching
from hsvis.dashboard.routes import exports
from hsvis.errors import ClientGoneError
from hsvis.figures.view import View
from hsvis.run.records import Sequence
from hsvis.run.store import StateStore
from hsvis.web import capacity
from hsvis.web.capacity import DISCONNECTED, RETRY_AFTER, TURNS, Capacity

LONG = 60.0


class Gate:
    """Work that has begun stands still until it may go on."""

    def __init__(self) -> None:
        self.begun, self.may_go_on = threading.Semaphore(0), threading.Event()

    def __call__(self) -> None:
        self.begun.release()
        assert self.may_go_on.wait(LONG)


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.may_go_on.set()


@pytest.fixture
def client(demo_store: StateStore, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """Of an app where nobody waits, and where the small demo is a large run."""
    monkeypatch.setattr(capacity, "PATIENCE", 0.0)
    monkeypatch.setattr(filters, "LARGE", 1)
    monkeypatch.setattr(exports, "LARGE", 1)
    return create_app([demo_store]).server.test_client()


def cloud_of(store: StateStore) -> str:
    layer = store.layers[0]
    return f"{store.name}/{layer}/{store.projections(layer)[0].name}"


def lasso(k: int) -> str:
    region = [[-1e3 - k, -1e3], [1e3, -1e3], [1e3, 1e3], [-1e3, 1e3]]
    return urllib.parse.urlencode({"filter": json.dumps({"regions": [region]})})


def asking(client: FlaskClient, address: str, statuses: list[int]) -> threading.Thread:
    def ask() -> None:
        answer = client.application.test_client().get(address)
        statuses.append(answer.status_code)
        answer.close()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    return thread


def test_lassos_beyond_two_are_refused_and_everything_else_is_answered(
    client: FlaskClient, demo_store: StateStore, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*given: object) -> np.ndarray:
        gate()
        return regions.inside(*given)

    monkeypatch.setattr(filters, "inside", slow)
    cloud, statuses = cloud_of(demo_store), []
    first = [asking(client, f"/sequences/{cloud}?{lasso(k)}", statuses) for k in range(TURNS)]
    for _ in first:
        assert gate.begun.acquire(timeout=LONG)
    for kind in ("sequences", "rows", "words", "walk"):
        window = "x0=-9&x1=9&y0=-9&y1=9&start=0&end=9"
        answer = client.get(f"/{kind}/{cloud}?{lasso(99)}&{window}")
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert "busy with other filters" in answer.text
    assert client.get(f"/sequences/{cloud}?filter={json.dumps({'predicted': 0})}").status_code == 200
    assert client.get("/health").status_code == 200
    gate.may_go_on.set()
    for thread in first:
        thread.join(LONG)
    assert statuses == [200] * TURNS
    assert client.get(f"/sequences/{cloud}?{lasso(99)}").status_code == 200


@pytest.mark.parametrize(("side", "at_once"), [(4096, 1), (2048, 4)])
def test_pixels_in_work_are_bounded(
    client: FlaskClient,
    demo_store: StateStore,
    gate: Gate,
    monkeypatch: pytest.MonkeyPatch,
    side: int,
    at_once: int,
) -> None:
    def slow(*_: object) -> bytes:
        gate()
        return b"image"

    monkeypatch.setattr(clouds.cloud, "png", slow)
    cloud, statuses = cloud_of(demo_store), []

    def image(k: int, side: int) -> str:
        return f"/cloud/{cloud}.png?x0={-9 - k}&x1=9&y0=-9&y1=9&w={side}&h={side}"

    kept = image(98, side)
    gate.may_go_on.set()
    assert client.get(kept).status_code == 200
    assert gate.begun.acquire(timeout=LONG)
    gate.may_go_on.clear()
    first = [asking(client, image(k, side), statuses) for k in range(at_once)]
    for _ in first:
        assert gate.begun.acquire(timeout=LONG)
    assert client.get(kept).status_code == 200  # whoever asks for what is there waits for nobody
    refused = client.get(image(99, side))
    assert (refused.status_code, refused.mimetype) == (503, "text/plain")
    assert refused.headers["Retry-After"]
    assert client.get(image(99, side).replace("/cloud/", "/pick/").replace(".png", ".bin")).status_code == 503
    if side == 4096:  # a picture to keep holds up no page
        page = asking(client, image(100, 1000), statuses)
        assert gate.begun.acquire(timeout=LONG)
        first.append(page)
    gate.may_go_on.set()
    for thread in first:
        thread.join(LONG)
    assert set(statuses) == {200}
    assert client.get(image(99, side)).status_code == 200


def test_a_large_export_holds_its_turn_until_all_is_taken_or_its_client_has_gone(
    client: FlaskClient, demo_store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "CHUNK_VALUES", 50)
    address = f"/export/{cloud_of(demo_store)}/projection.csv"
    gone = threading.Event()
    one = client.get(address, buffered=False)
    other = client.get(address, buffered=False, environ_overrides={DISCONNECTED: gone.is_set})
    for method in (client.get, client.head):
        refused = method(address)
        assert refused.status_code == 503
        assert refused.headers["Retry-After"]
    assert len(one.data) > 1000
    one.close()
    with client.head(address) as free:
        assert free.status_code == 200
    parts = other.iter_encoded()
    assert next(parts)
    gone.set()
    with pytest.raises(ClientGoneError):
        list(parts)
    other.close()
    for _ in range(TURNS + 1):
        with client.get(address) as again:
            assert again.status_code == 200


def test_a_large_sequence_is_made_json_in_its_turn_and_not_for_who_asks_for_its_head_alone(
    client: FlaskClient, demo_store: StateStore, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    record = export_tables.sequence_record

    def slow(view: View, sequence: Sequence) -> dict[str, object]:
        made.append(sequence.index)
        gate()
        return record(view, sequence)

    monkeypatch.setattr(export_tables, "sequence_record", slow)
    address, statuses = f"/export/{cloud_of(demo_store)}/sequence.json?sequence=%d", []
    head = client.head(address % 0)
    assert (head.status_code, head.data, made) == (200, b"", [])
    assert "Content-Length" not in head.headers
    first = [asking(client, address % k, statuses) for k in range(TURNS)]
    for _ in first:
        assert gate.begun.acquire(timeout=LONG)
    for method in (client.get, client.head):
        refused = method(address % 9)
        assert refused.status_code == 503
        assert refused.headers["Retry-After"]
    gate.may_go_on.set()
    for thread in first:
        thread.join(LONG)
    assert statuses == [200] * TURNS
    again = client.get(address % 0)
    assert again.headers["Content-Disposition"] == head.headers["Content-Disposition"]
    assert again.json["sequence"] == 0


def test_nothing_is_computed_for_those_who_have_gone(client: FlaskClient, demo_store: StateStore) -> None:
    cloud = cloud_of(demo_store)
    image = f"/cloud/{cloud}.png?x0=-9&x1=9&y0=-9&y1=9&w=100&h=100"
    left = {DISCONNECTED: lambda: True}
    for address in (image, f"/sequences/{cloud}?{lasso(1)}", f"/export/{cloud}/projection.csv"):
        answer = client.get(address, environ_overrides=left)
        assert (answer.status_code, answer.data) == (499, b"")
    metrics = client.get("/metrics").text
    assert 'hsvis_cache_misses_total{cache="grids"} 0.0' in metrics


def test_a_filter_by_regions_is_the_same_however_large_the_run(
    demo_store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = Runs([demo_store]).resolve(None)
    xy = view.projection.xy
    ring = tuple(
        map(tuple, (np.median(xy, axis=0) + np.array([[-4, -4], [5, -3], [4, 4], [-5, 6]])).tolist())
    )
    around = ((-1e3, -1e3), (1e3, -1e3), (1e3, 1e3), (-1e3, 1e3))
    for drawn in ((ring,), (around,), (around, ring)):
        monkeypatch.setattr(filters, "LARGE", 1)
        large = Filters(turns=Capacity(1, "tests", patience=0)).mask(view, Filter(regions=drawn))
        assert large.tolist() == matching(Filter(regions=drawn), view).tolist()


def test_long_sequences_are_drawn_one_after_the_other_until_their_answer_is_taken(
    client: FlaskClient, demo_store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    long, short = int(demo_store.lengths.argmax()), int(demo_store.lengths.argmin())
    monkeypatch.setattr(sequence, "LONG", int(demo_store.lengths[long]))
    monkeypatch.setattr(sequence, "LONG_PATIENCE", 0.0)
    client = create_app([demo_store]).server.test_client()
    assert demo_store.lengths[short] < demo_store.lengths[long]

    def select(index: int, environ: dict[str, Any] | None = None) -> TestResponse:
        layer = demo_store.layers[0]
        return client.post(
            "/_dash-update-component",
            json=selecting(client, f"{demo_store.name}/{layer}", index),
            buffered=False,
            environ_overrides=environ,
        )

    first = select(long)
    refused = select(long)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, str(RETRY_AFTER))
    assert select(short).status_code == 200
    assert "projection" in first.json["response"]
    gone = select(long, {DISCONNECTED: lambda: True})
    assert (gone.status_code, gone.data) == (
        499,
        b"",
    )  # in line, and then nobody waits: no fault of the server
    first.close()
    with select(long) as again:
        assert again.status_code == 200


def test_a_page_that_has_gone_is_no_fault_of_the_server(
    demo_store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequence, "LONG", 1)
    client = create_app([demo_store]).server.test_client()
    answer = client.post(
        "/_dash-update-component",
        json=selecting(client, f"{demo_store.name}/{demo_store.layers[0]}", 0),
        environ_overrides={DISCONNECTED: lambda: True},
    )
    assert (answer.status_code, answer.data) == (499, b"")


def selecting(client: FlaskClient, shown: str, index: int) -> dict[str, Any]:
    """What the page posts when a sequence is selected."""
    run, layer = shown.split("/")
    callback = next(
        one
        for one in client.get("/_dash-dependencies").json
        if one["output"].startswith("..sequence-info.children")
    )
    values = {"selection": {"run": run, "sequence": index}, "view": {"run": run, "layer": layer}}
    given = {
        kind: [one | {"value": values.get(one["id"])} for one in callback[kind]]
        for kind in ("inputs", "state")
    }
    names = callback["output"].strip(".").split("...")
    outputs = [dict(zip(("id", "property"), name.rsplit(".", 1), strict=True)) for name in names]
    return {"output": callback["output"], "outputs": outputs, "changedPropIds": ["selection.data"], **given}
