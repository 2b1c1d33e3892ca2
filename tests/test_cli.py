"""The commands as a user types them."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TINY = [
    *("--set", "dataset.limit=15"),
    *("--set", "model.hidden=6"),
    *("--set", "model.epochs=1"),
    *("--set", "projections=[{method: pca}]"),
]


def hsvis(*arguments: str, cache: Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hsvis", *arguments],
        capture_output=True, text=True, cwd=cwd, env=os.environ | {"HSVIS_CACHE": str(cache)}, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the tiny run in it."""
    folder = tmp_path_factory.mktemp("cache")
    result = hsvis("build", "demo", *TINY, cache=folder)
    assert result.returncode == 0, result.stderr
    return folder


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_build_shows_each_stage_and_ends_with_the_folder(tmp_path: Path) -> None:
    result = hsvis("build", "demo", *TINY, cache=tmp_path)
    assert result.returncode == 0
    for stage in ("loading the dataset", "reading words", "training", "states", "PCA"):
        assert stage in result.stderr
    folder = Path(result.stdout.strip().splitlines()[-1])
    assert (folder / "manifest.json").is_file()
    assert folder.is_relative_to(tmp_path / "demo")


def test_info_is_readable_and_json_is_for_scripts(cache: Path) -> None:
    readable = hsvis("info", "demo", *TINY, cache=cache)
    assert readable.returncode == 0
    assert re.search(r"sequences +15\n", readable.stdout)
    assert re.search(r"test  split +accuracy 0\.\d{4}", readable.stdout)
    script = hsvis("info", "demo", *TINY, "--json", cache=cache)
    assert json.loads(script.stdout)["sequences"] == 15


def test_info_of_what_is_not_built_says_how_to_build_it(cache: Path) -> None:
    result = hsvis("info", "demo", *TINY, "--set", "dataset.limit=3", cache=cache)
    assert result.returncode == 2
    assert "hsvis build demo" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["build", "nowhere.yaml"], "nowhere.yaml: there is no such config"),
        (["build", "demo", "--set", "model.hiden=3"], "Did you mean `model.hidden`?"),
        (["build", "demo", "--set", "nonsense"], "--set nonsense: write KEY=VALUE"),
        (["build", "demo", "--set", "dataset.path=/no/such/folder"], "/no/such/folder"),
        (["build", "demo", "--set", "states.layers=[rnn.9]"], "It has rnn.0, rnn.0.cell"),
        (["serve", "demo", "demo"], "two configs have the name `demo`"),
        (["serve", "--port", "99999"], "--port"),
        (["serve", "--host", "256.1.1.1"], "--host"),
        (["serve", "--host", "a..b"], "--host"),
        (["build", "demo", "--set", "states.layers.0.x=1"], "states.layers.0"),
        (["import-reuters", "/no/such/archive.tar.gz", "out"], "/no/such/archive.tar.gz"),
    ],
)
def test_a_mistake_ends_with_one_message_and_exit_code_2(
    tmp_path: Path, arguments: list[str], says: str
) -> None:
    result = hsvis(*arguments, cache=tmp_path, cwd=tmp_path)
    assert result.returncode == 2
    assert says in result.stderr
    assert "Traceback" not in result.stderr
    assert not list(tmp_path.rglob("manifest.json"))


def test_a_module_in_the_current_folder_is_found(tmp_path: Path) -> None:
    (tmp_path / "my_models.py").write_text(
        "def make():\n    raise ValueError('made here')\n", encoding="utf-8"
    )
    arguments = ["check", "demo", "--set", "model={factory: 'my_models:make'}"]
    result = subprocess.run(  # as the installed command: without the current folder on the path
        [sys.executable, "-P", "-m", "hsvis", *arguments],
        capture_output=True, text=True, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    assert result.returncode == 2
    assert "my_models:make raised ValueError: made here" in result.stderr


def test_a_busy_port_is_said_before_anything_is_built(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = hsvis("serve", "demo", "--port", str(port), cache=tmp_path)
    assert result.returncode == 2
    assert f"port {port}" in result.stderr
    assert "--port" in result.stderr
    assert list(tmp_path.iterdir()) == []


@contextmanager
def serving(command: list[str], cache: Path, port: int) -> Iterator[str]:
    environment = os.environ | {"HSVIS_CACHE": str(cache)}
    process = subprocess.Popen(
        [sys.executable, *command, "--port", str(port)],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        address = f"http://127.0.0.1:{port}/"
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(address).read()
                break
            except (urllib.error.URLError, ConnectionError):
                assert process.poll() is None, process.stderr and process.stderr.read()
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait()


@pytest.mark.parametrize("command", [["app.py"], ["-m", "hsvis", "serve", "demo"]])
def test_the_dashboard_is_served_over_http(cache: Path, command: list[str]) -> None:
    with serving([*command, *TINY], cache, free_port()) as address:
        page = urllib.request.urlopen(address).read().decode()
        layout = urllib.request.urlopen(address + "_dash-layout").read().decode()
    assert "<title>hsvis</title>" in page
    for element in ("class-overview", "confusion-matrix", "projection", "sequence-table"):
        assert f'"{element}"' in layout


def test_version_is_told(tmp_path: Path) -> None:
    assert re.match(r"hsvis \d+\.\d+", hsvis("--version", cache=tmp_path).stdout)
