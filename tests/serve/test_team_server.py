"""docs/team-server.md as it stands there: the unit, the nginx snippet, the options."""

import argparse
import concurrent.futures
import http.client
import os
import re
import shlex
import shutil
import signal
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from small import SMALL
from team import ROOT, Team, free_port, team

from hsvis.config import load_config
from hsvis.run.store import StateStore
from hsvis.serve.options import add_options
from hsvis.web.users import Users

TEXT = (ROOT / "docs" / "team-server.md").read_text(encoding="utf-8")
INSTALLED, CONFIGS = "/opt/hsvis/venv/bin/hsvis", "/etc/hsvis/configs/"
MANY = 200  # connections at once
PASSWORD = "correct-horse-battery"


def block(name: str) -> str:
    """The code behind the comment of that name."""
    found = re.search(rf"<!-- {name} -->\n```\w+\n(.*?)```", TEXT, re.DOTALL)
    assert found, name
    return found[1]


def exec_start() -> list[str]:
    (line,) = [one for one in block("unit").splitlines() if one.startswith("ExecStart=")]
    return shlex.split(line.removeprefix("ExecStart="))


@pytest.fixture
def configs(demo_store: StateStore, tmp_path: Path) -> Path:
    """A folder with the config of the small demo."""
    folder = tmp_path / "configs"
    folder.mkdir()
    content = load_config("demo", SMALL).model_dump_json()  # JSON is YAML
    (folder / "demo.yaml").write_text(content, encoding="utf-8")
    return folder


@contextmanager
def unit_started(configs: Path, port: int) -> Iterator[Team]:
    """The command of the unit, with this port and folder."""
    command = exec_start()
    assert command[:3] == [INSTALLED, "serve", CONFIGS]
    at = command.index("--port")
    options = [one for one in command[3:at] + command[at + 2 :] if one != "--production"]
    assert "--production" in command
    data = configs.parent / "data"
    if not data.exists():
        Users(data / "users.json").add("ana", PASSWORD)
    environment = {"HSVIS_DATA": str(data)}
    with team(
        *options, config=[str(configs)], port=port, health="/hsvis/health", environment=environment
    ) as server:
        yield server


def test_every_option_is_in_the_table_with_its_default() -> None:
    parser = argparse.ArgumentParser(add_help=False)
    add_options(parser)
    told = re.search(r"<!-- options -->\n(.*?)\n\n", TEXT, re.DOTALL)
    assert told
    rows = re.findall(r"^\| `(--[\w-]+)` \| (.*?) \|", told[1], re.MULTILINE)
    defaults = dict(rows)
    assert len(rows) == len(defaults)
    options = {action.option_strings[0]: action for action in parser._actions}
    assert set(defaults) == {*options, "--set"}
    for name, action in options.items():
        value = {"False": "off", "None": "none", "[]": "none"}.get(str(action.default), str(action.default))
        value = "json" if name == "--log-format" else value
        assert defaults[name] == value, name


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("there is no systemd-analyze")
    unit = tmp_path / "hsvis.service"
    there = shutil.which("true") or "/bin/true"
    unit.write_text(block("unit").replace(INSTALLED, there), encoding="utf-8")
    result = subprocess.run(
        [analyze, "verify", str(unit)], capture_output=True, text=True, timeout=60, check=False
    )
    said = [line for line in result.stderr.splitlines() if "hsvis" in line]
    assert result.returncode == 0, result.stderr
    assert said == []


def test_what_the_unit_starts_is_there_again_after_a_kill(configs: Path) -> None:
    assert "Restart=always" in block("unit").splitlines()
    with unit_started(configs, free_port()) as server:
        session = log_in(server.port)
        assert server.get("/hsvis/builds", session)[0] == 200
        assert server.get("/hsvis/builds")[0] == 401
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    with unit_started(configs, server.port) as again:
        assert again.get("/hsvis/builds", session)[0] == 200, "nobody is logged out"
        assert again.stop() == 0


@pytest.fixture(scope="module")
def nginx() -> str:
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        if os.environ.get("HSVIS_REQUIRE_NGINX"):
            pytest.fail("there is no nginx, and HSVIS_REQUIRE_NGINX is set")
        pytest.skip("there is no nginx (apt-get install nginx)")
    return found


@contextmanager
def proxied(nginx: str, folder: Path, to: int) -> Iterator[int]:
    """nginx with the snippet, but for ports and the certificate's place; gives its port."""
    port = free_port()
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=localhost", "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
        ],
        check=True,
        capture_output=True,
    )
    snippet = block("nginx")
    for given, here in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("/etc/ssl/certs/hsvis.example.org.pem", str(folder / "cert.pem")),
        ("/etc/ssl/private/hsvis.example.org.key", str(folder / "key.pem")),
        ("http://127.0.0.1:8050;", f"http://127.0.0.1:{to};"),
    ):
        assert given in snippet
        snippet = snippet.replace(given, here)
    kept = "".join(f"{one}_temp_path {folder}/{one};" for one in ("proxy", "fastcgi", "uwsgi", "scgi"))
    owner = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{owner} daemon off; pid {folder}/pid; error_log {folder}/error.log; "
        "events { worker_connections 1024; } "
        f"http {{ access_log off; client_body_temp_path {folder}/body; {kept}\n{snippet}\n}}\n",
        encoding="utf-8",
    )
    process = subprocess.Popen([nginx, "-p", str(folder), "-c", str(folder / "nginx.conf")])
    try:
        until = time.monotonic() + 20
        while True:
            try:
                if through(port, "/hsvis/health")[0] == 200:
                    break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < until
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def log_in(port: int) -> dict[str, str]:
    """Headers of a request by somebody who is logged in."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/hsvis/login", f"name=ana&password={PASSWORD}", form)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 303
        return {"Cookie": answer.getheader("Set-Cookie", "").partition(";")[0]}
    finally:
        connection.close()


def through(port: int, path: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
    """As `team.get`, by TLS; the certificate is the test's own."""
    connection = http.client.HTTPSConnection(
        "127.0.0.1", port, timeout=60, context=ssl._create_unverified_context()
    )
    try:
        connection.request("GET", path, headers={"Host": "hsvis.example.org"} | (headers or {}))
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def test_nginx_shows_it_as_the_snippet_says(
    nginx: str, configs: Path, tmp_path: Path, demo_store: StateStore
) -> None:
    layer = demo_store.layers[0]
    cloud = f"{demo_store.name}/{layer}/{demo_store.projections(layer)[0].name}"
    window = "x0=-50&x1=50&y0=-50&y1=50&w=2000&h=2000"
    with unit_started(configs, free_port()) as server, proxied(nginx, tmp_path, server.port) as port:
        assert b'name="password"' in through(port, "/hsvis/login")[2]
        session = log_in(server.port)
        page = through(port, "/hsvis/", session)[2].decode()
        addresses = re.findall(r'(?:src|href)="(/[^"]*)"', page)
        assert {through(port, one, session)[0] for one in addresses} == {200}

        grid, image = f"/hsvis/pick/{cloud}.bin?{window}", f"/hsvis/cloud/{cloud}.png?{window}"
        assert len(through(port, grid, session)[2]) > 2000 * 2000 * 4
        for path in (grid, image):  # large ones come whole
            assert through(port, path, session)[2] == server.get(path, session)[2]

        with concurrent.futures.ThreadPoolExecutor(MANY) as clients:
            rows = list(
                clients.map(lambda k: through(port, f"/hsvis/state/demo/{k}", session)[0], range(MANY))
            )
        assert rows == [200] * MANY

        # nginx says who asks, and a client can't say otherwise
        status, headers, _ = through(port, "/hsvis/health", {"X-Forwarded-For": "6.6.6.6"})
        assert status == 200
        line = server.logged(id=headers["X-Request-Id"])
        assert line["address"] == "127.0.0.1"
        assert not any("6.6.6.6" in one for one in server.lines)
        assert through(port, "/hsvis/metrics")[0] == 404
        assert through(port, "/hsvis")[1]["Location"].endswith("/hsvis/")
