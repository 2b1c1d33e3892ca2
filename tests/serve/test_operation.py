"""What a server tells of itself: health, figures, log; and being served under a path."""

import io
import json
import logging
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hsvis.dashboard import create_app, create_server
from hsvis.errors import ConfigError, ServerError, UsersError
from hsvis.run.store import StateStore
from hsvis.web.log import RequestLog
from hsvis.web.proxies import normal_prefix
from hsvis.web.users import Users

WAIT = 20  # milliseconds


class Reader(FlaskClient):
    """Takes the whole of each answer, as browsers do: before, a request is not at its end."""

    def open(self, *arguments: Any, **options: Any) -> TestResponse:
        return super().open(*arguments, **{"buffered": True, **options})


def client_of(store: StateStore, form: str = "json", **options: Any) -> tuple[FlaskClient, Callable[[], str]]:
    """A client of an app with a fault at `fault` and a wait at `wait`, and what the log holds by now."""
    stream = io.StringIO()
    app = create_app([store], log=RequestLog(form, stream), **options)

    def fault() -> str:
        raise ValueError("what only the log may know\nand a second line")

    def wait() -> str:
        time.sleep(WAIT / 1000)
        return "waited"

    app.server.add_url_rule("/fault", view_func=fault)
    app.server.add_url_rule("/wait", view_func=wait)
    app.server.test_client_class = Reader
    return app.server.test_client(), stream.getvalue


def test_health_says_how_it_is_and_nothing_of_this_machine(demo_store: StateStore) -> None:
    client, _ = client_of(demo_store)
    told = client.get("/health").json
    assert set(told) == {"status", "version", "runs", "watch", "uptime"}
    assert (told["status"], told["runs"], told["watch"]) == ("ok", 1, "off")


def figures(client: FlaskClient) -> dict[str, float]:
    """Each line of /metrics: the name with its labels, and the value."""
    text = client.get("/metrics").text
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in lines}


def test_figures_count_requests_by_route(demo_store: StateStore) -> None:
    client, _ = client_of(demo_store)
    for row in (1, 2, 3):
        client.get(f"/state/demo/{row}")
    client.get("/state/demo/none")
    client.open("/no/such/page", method="BREW")
    found = figures(client)
    assert found['hsvis_requests_total{route="/state/<run>/<row>",status="200"}'] == 3
    assert found['hsvis_requests_total{route="/state/<run>/<row>",status="400"}'] == 1
    assert found['hsvis_request_seconds_count{route="/state/<run>/<row>"}'] == 4
    assert found["hsvis_states"] == demo_store.n_states
    assert not any("such" in name or "BREW" in name for name in found)  # nothing that is sent is a label


def test_figures_count_what_is_kept_of_clouds(demo_store: StateStore) -> None:
    client, _ = client_of(demo_store)
    layer = demo_store.layers[0]
    name = demo_store.projections(layer)[0].name
    for _ in range(2):
        client.get(f"/cloud/demo/{layer}/{name}.png?x0=-9&x1=9&y0=-9&y1=9&w=50&h=50")
    found = figures(client)
    assert found['hsvis_cache_misses_total{cache="files"}'] == 1
    assert found['hsvis_cache_hits_total{cache="files"}'] == 1


def test_figures_know_callbacks_by_what_they_write(demo_store: StateStore) -> None:
    client, _ = client_of(demo_store)
    known = client.get("/_dash-dependencies").json
    one = next(one for one in known if one["output"].startswith("..sequence-info"))
    names = [name.rsplit(".", 1) for name in one["output"].strip(".").split("...")]
    outputs = [dict(zip(("id", "property"), name, strict=True)) for name in names]
    asked = {"inputs": one["inputs"], "state": one["state"], "outputs": outputs}
    for sent in (one["output"], "invented.children"):
        client.post("/_dash-update-component", json=asked | {"output": sent})
    found = figures(client)
    assert found['hsvis_callback_seconds_count{output="sequence-info.children"}'] == 1
    assert not any("invented" in name for name in found)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
def test_figures_are_not_told_through_a_proxy(demo_store: StateStore, header: str) -> None:
    client, _ = client_of(demo_store, trust_proxy=1)
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", headers={header: "127.0.0.1"}).status_code == 403
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "10.0.0.9"}).status_code == 403
    all_may, _ = client_of(demo_store, metrics="all")
    assert all_may.get("/metrics", environ_base={"REMOTE_ADDR": "10.0.0.9"}).status_code == 200


def test_two_apps_count_for_themselves(demo_store: StateStore) -> None:
    one, _ = client_of(demo_store)
    other, _ = client_of(demo_store)
    one.get("/health")
    assert not any("/health" in name for name in figures(other))


def test_a_fault_is_told_to_the_log_alone(demo_store: StateStore) -> None:
    client, log = client_of(demo_store)
    answer = client.get("/fault")
    assert answer.status_code == 500
    assert re.fullmatch(r"The server failed; its log says why, at request \w+\.\n", answer.text)
    (line,) = map(json.loads, log().splitlines())
    assert line["level"] == "error"
    assert line["id"] in answer.text
    assert "Traceback" in line["error"]
    assert "what only the log may know" in line["error"]


@pytest.mark.parametrize("form", ["json", "text"])
def test_nobody_can_write_lines_of_their_own_into_the_log(demo_store: StateStore, form: str) -> None:
    client, log = client_of(demo_store, form)
    client.get("/state/demo/1%0a2026-01-01T00:00:00Z%20forged", headers={"X-Request-ID": "a b"})
    client.get("/x\u2028forged")
    client.get("/fault")
    lines = log().splitlines()
    starts = [line for line in lines if not line.startswith("    ")]
    assert len(starts) == 3
    assert not any(line.lstrip().startswith("2026-01-01") for line in lines)
    assert "a b" not in log()


def test_times_are_of_a_clock_that_does_not_jump(
    demo_store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, log = client_of(demo_store)
    monkeypatch.setattr("time.time", lambda: 0.0)
    client.get("/wait")
    assert WAIT <= json.loads(log())["ms"] < 10_000
    assert 0 <= client.get("/health").json["uptime"] < 10_000


@pytest.mark.parametrize("form", ["json", "text"])
def test_milliseconds_are_those_of_the_request(demo_store: StateStore, form: str) -> None:
    client, log = client_of(demo_store, form)
    began = time.perf_counter()
    answer = client.get("/wait")
    took = 1000 * (time.perf_counter() - began)
    line = log()
    logged = json.loads(line)["ms"] if form == "json" else float(line.split(" ms ")[0].split()[-1])
    told = float(answer.headers["Server-Timing"].removeprefix("app;dur="))
    assert WAIT <= told <= logged <= took + 0.1  # rounded to a tenth
    counted = figures(client)['hsvis_request_seconds_sum{route="/wait"}']
    assert logged - 0.1 <= 1000 * counted <= logged + 0.1


def test_lines_of_requests_keep_their_form(demo_store: StateStore) -> None:
    client, log = client_of(demo_store)
    client.get("/state/demo/1?word=secret", headers={"X-Request-ID": "a.b"})
    time_, ms, n_bytes = (re.search(rf'"{key}": ("?[^",]+"?)', log())[1] for key in ("time", "ms", "bytes"))
    assert re.fullmatch(r'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"', time_)
    assert log() == (
        f'{{"time": {time_}, "level": "info", "method": "GET", "route": "/state/<run>/<row>", '
        f'"path": "/state/demo/1", "status": 200, "ms": {ms}, "bytes": {n_bytes}, "user": "", '
        '"address": "127.0.0.1", "id": "a.b"}\n'
    )
    client, log = client_of(demo_store, "text")
    client.get("/state/demo/1?word=secret", headers={"X-Request-ID": "a.b"})
    assert re.fullmatch(r"\S+Z 200 GET /state/demo/1 \d+\.\d ms \d+ B - 127\.0\.0\.1 a\.b\n", log())


def test_two_apps_write_a_log_each(demo_store: StateStore) -> None:
    (one, log), (other, other_log) = client_of(demo_store), client_of(demo_store, "text")
    one.get("/health")
    other.get("/metrics")
    assert [json.loads(line)["path"] for line in log().splitlines()] == ["/health"]
    assert " /metrics " in other_log()
    assert other_log().count("\n") == 1


@pytest.mark.parametrize(
    ("form", "said", "warned", "failed"),
    [
        (
            "json",
            ', "level": "info", "message": "a %s\\nforged"}',
            ', "level": "warning", "message": "lib: 3 left"}',
            ', "level": "error", "message": "ValueError: odd", "error": "ValueError: odd\\n"}',
        ),
        (
            "text",
            " info a %s\n    forged",
            " warning lib: 3 left",
            " error ValueError: odd\n    ValueError: odd",
        ),
    ],
)
def test_what_else_is_said_has_lines_of_the_same_form(form: str, said: str, warned: str, failed: str) -> None:
    stream = io.StringIO()
    log = RequestLog(form, stream)
    log.say("a %s\nforged")
    library = logging.Logger("lib")
    library.addHandler(log.handler)
    library.warning("%d left", 3)
    log.failed(ValueError, ValueError("odd"), None)
    time_ = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    time_ = rf'\{{"time": "{time_}"' if form == "json" else time_
    assert re.fullmatch(
        "".join(f"{time_}{re.escape(one)}\n" for one in (said, warned, failed)), stream.getvalue()
    )


def test_a_stream_that_takes_nothing_stops_no_answer(demo_store: StateStore) -> None:
    class Full(io.StringIO):
        def write(self, _: str) -> int:
            raise OSError(28, "No space left on device")

    client = create_app([demo_store], log=RequestLog("json", Full())).server.test_client()
    assert client.get("/health").status_code == 200


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("", "/"), ("/", "/"), ("hsvis", "/hsvis/"), ("/hsvis/", "/hsvis/"), ("a/b", "/a/b/"),
        ("//a//", "/a/"),
    ],
)  # fmt: skip
def test_prefixes_are_made_alike(given: str, normal: str) -> None:
    assert normal_prefix(given) == normal


@pytest.mark.parametrize("given", ["..", "/a/../b", "a b", "a?b", "a%2fb", "<a>", "/.hidden"])
def test_prefixes_that_are_no_path_are_refused(given: str) -> None:
    with pytest.raises(ServerError, match="--prefix"):
        normal_prefix(given)


def test_everything_lies_under_the_prefix(demo_store: StateStore) -> None:
    client, _ = client_of(demo_store, prefix="/team/hsvis/")
    assert client.get("/").headers["Location"] == "/team/hsvis/"
    assert client.get("/team/hsvis").headers["Location"] == "/team/hsvis/"
    page = client.get("/team/hsvis/").text
    addresses = re.findall(r'(?:src|href)="(/[^"]*)"', page)
    assert len(addresses) > 20
    assert all(one.startswith("/team/hsvis/") for one in addresses)
    assert {client.get(one).status_code for one in addresses} == {200}
    for path in ("health", "metrics", "state/demo/1", "builds", "_dash-layout"):
        assert client.get(f"/team/hsvis/{path}").status_code == 200
        assert client.get(f"/{path}").status_code == 404


def test_a_wsgi_server_gets_what_is_built(demo_store: StateStore, monkeypatch: pytest.MonkeyPatch) -> None:
    from small import SMALL

    client = create_server("demo", overrides=SMALL, prefix="hsvis", open_to_all=True).test_client()
    assert client.get("/hsvis/health").json["runs"] == 1
    assert client.get("/hsvis/builds").json["allowed"] is False
    with pytest.raises(ConfigError, match="not built"):
        create_server("demo", overrides=[*SMALL, "dataset.limit=7"], open_to_all=True)
    monkeypatch.setenv("DASH_DEBUG", "1")
    with pytest.raises(ServerError, match="DASH_DEBUG=1"):
        create_server("demo", overrides=SMALL, open_to_all=True)


def test_a_wsgi_server_lets_in_those_who_were_added(
    demo_store: StateStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from small import SMALL

    monkeypatch.setenv("HSVIS_DATA", str(tmp_path))
    with pytest.raises(UsersError, match="hsvis users add"):
        create_server("demo", overrides=SMALL)
    Users(tmp_path / "users.json").add("ana", "correct horse battery")
    client = create_server("demo", overrides=SMALL).test_client()
    assert client.get("/builds").status_code == 401
    client.post("/login", data={"name": "ana", "password": "correct horse battery"})
    assert client.get("/builds").status_code == 200
