"""`hsvis serve --production`: clients that are slow or vanish, stopping, being killed, mistakes."""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from small import SMALL
from team import DEMO, ROOT, Team, free_port, get, team

from hsvis.config import load_config
from hsvis.run.store import StateStore

HALF_SENT = 1_500  # more than the 1,024 files that select() knows


@pytest.fixture(scope="module")
def running(demo_store: StateStore) -> Iterator[Team]:
    with team("--threads", "2", "--trust-proxy", "1") as server:
        yield server


def image(store: StateStore, k: int, size: int = 4096) -> str:
    """The address of a large image, another one for each k."""
    layer = store.layers[0]
    path = f"/cloud/{store.name}/{layer}/{store.projections(layer)[0].name}.png"
    window = {"x0": -50 - k, "x1": 50, "y0": -50, "y1": 50, "w": size, "h": size}
    return f"{path}?{urllib.parse.urlencode(window)}"


def test_half_sent_requests_hold_no_thread(running: Team) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, HALF_SENT + 500)), hard))
    held = []
    try:
        for _ in range(HALF_SENT):
            one = socket.create_connection(("127.0.0.1", running.port), timeout=5)
            one.sendall(b"GET /healt")
            held.append(one)
        began = time.monotonic()
        assert [running.get("/health")[0] for _ in range(10)] == [200] * 10
        assert time.monotonic() - began < 5
    finally:
        for one in held:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_slow_readers_hold_no_thread(running: Team, demo_store: StateStore) -> None:
    readers = []
    for k in range(6):  # three times as many as threads
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        one.connect(("127.0.0.1", running.port))
        path = image(demo_store, k, 1500).replace("/cloud/", "/pick/").replace(".png", ".bin")
        one.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())  # 9 MB: no socket holds it
        readers.append(one)
    for one in readers:
        one.settimeout(30)
        assert one.recv(1) == b"H"
    for _ in range(3):  # a byte a second
        began = time.monotonic()
        assert running.get("/state/demo/1")[0] == 200
        assert time.monotonic() - began < 1
        assert [len(one.recv(1)) for one in readers] == [1] * len(readers)
        time.sleep(max(0.0, 1 - (time.monotonic() - began)))
    for one in readers:
        one.close()


def test_a_request_under_way_is_finished_when_the_server_stops(demo_store: StateStore) -> None:
    with team() as server:
        found: list[int] = []
        asking = threading.Thread(target=lambda: found.append(len(server.get(image(demo_store, 2))[2])))
        asking.start()
        time.sleep(0.15)
        assert server.stop() == 0
        asking.join(10)
        assert found
        assert found[0] > 10_000
        assert server.logged(route="/cloud/<run>/<layer>/<projection>.png")["status"] == 200
        with pytest.raises(ConnectionRefusedError):
            get(server.port, "/health", timeout=2)


def test_a_build_under_way_ends_with_the_server(demo_store: StateStore, tmp_path: Path) -> None:
    for name, settings in (("demo", SMALL), ("other", [*SMALL, "name=other", "model.epochs=500"])):
        content = load_config("demo", settings).model_dump_json()  # JSON is YAML
        (tmp_path / f"{name}.yaml").write_text(content, encoding="utf-8")
    with team("--allow-build", config=[str(tmp_path)]) as server:
        asked = urllib.request.Request(
            f"http://127.0.0.1:{server.port}/builds/other", b"", {"X-Requested-With": "hsvis"}, method="POST"
        )
        urllib.request.urlopen(asked, timeout=20).read()
        until = time.monotonic() + 30
        while 'hsvis_builds{state="running"} 1.0' not in server.get("/metrics")[2].decode():
            assert time.monotonic() < until
            time.sleep(0.1)
        while not (found := children(server.process.pid)):
            assert time.monotonic() < until
            time.sleep(0.1)
        (child,) = found
        assert server.stop() == 0
        assert not Path(f"/proc/{child}").exists()


def children(pid: int) -> list[int]:
    """Of all threads of a process (Linux)."""
    lists = [one.read_text() for one in Path(f"/proc/{pid}/task").glob("*/children")]
    return [int(one) for text in lists for one in text.split()]


def test_a_killed_server_starts_again_on_its_port(demo_store: StateStore) -> None:
    with team() as server, socket.create_connection(("127.0.0.1", server.port)) as other:
        other.sendall(b"GET /healt")  # and never the rest
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    with team(port=server.port) as again:
        assert again.get("/")[0] == 200
        assert again.stop(signal.SIGINT) == 0


def test_requests_are_logged_without_their_query(running: Team) -> None:
    status, headers, _ = running.get(
        "/state/demo/3?secret=word", {"X-Request-ID": "abc-1", "X-Forwarded-For": "6.6.6.6, 1.2.3.4"}
    )
    line = running.logged(id="abc-1")
    assert (status, headers["X-Request-Id"]) == (200, "abc-1")
    assert line["route"] == "/state/<run>/<row>"
    assert line["path"] == "/state/demo/3"
    assert line["address"] == "1.2.3.4"  # what the one proxy that is trusted has added
    assert not any("secret" in one for one in running.lines)


def test_runs_are_not_built_from_the_page_unless_allowed(running: Team) -> None:
    assert json.loads(running.get("/builds")[2])["allowed"] is False


def test_they_are_where_it_is_allowed(demo_store: StateStore) -> None:
    with team("--allow-build") as server:
        assert json.loads(server.get("/builds")[2])["allowed"] is True


@pytest.mark.parametrize(
    ("arguments", "environment", "says"),
    [
        ((), {"DASH_DEBUG": "true"}, "DASH_DEBUG=true"),
        ((), {"FLASK_DEBUG": "1"}, "FLASK_DEBUG=1"),
        ((), {}, "--open"),  # who may come in has to be said
        (("--threads", "0"), {}, "--threads 0"),
        (("--trust-proxy", "-1"), {}, "--trust-proxy -1"),
        (("--prefix", "/a/../b"), {}, "--prefix /a/../b"),
        (("--prefix", "/a b/"), {}, "--prefix /a b/"),
    ],
)
def test_a_mistake_is_one_message(
    demo_store: StateStore, arguments: tuple[str, ...], environment: dict[str, str], says: str
) -> None:
    given = ["-m", "hsvis", "serve", *DEMO, "--production", "--port", str(free_port()), *arguments]
    given += [] if says == "--open" else ["--open"]
    result = subprocess.run(
        [sys.executable, *given], cwd=ROOT, env=os.environ | environment, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert result.returncode == 2
    assert says in result.stderr
    assert "Traceback" not in result.stderr


def test_too_few_open_files_are_told_before_anything_else() -> None:
    command = " ".join(["ulimit -n 64;", "exec", sys.executable, "-m", "hsvis", "serve", *DEMO])
    result = subprocess.run(
        ["bash", "-c", f"{command} --production --open --port {free_port()}"],
        cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert result.returncode == 2
    assert "only 64 files may be open at once" in result.stderr
    assert "hsvis is at" not in result.stderr
