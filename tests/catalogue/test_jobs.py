"""Folders of configs, and runs and projections that are made while a dashboard is served."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hsvis.build.pipeline import build, project
from hsvis.build.projecting import embed
from hsvis.catalogue.jobs import Builds, RefusedError
from hsvis.catalogue.offers import offers, open_offers
from hsvis.catalogue.runs import Runs
from hsvis.config import PcaSettings, TsneSettings, load_config
from hsvis.dashboard import create_app
from hsvis.dashboard.page.menus import run_options
from hsvis.errors import CacheError, ConfigError
from hsvis.progress import silent
from hsvis.run.find import find_run
from hsvis.run.manifest import read_manifest
from hsvis.run.store import StateStore

ROOT = Path(__file__).parents[2]
SENDER = {"X-Requested-With": "hsvis"}
PATIENCE = 90  # seconds


def write_config(folder: Path, name: str, path: str = "demo", epochs: int = 1, limit: int = 6) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}.yaml"
    file.write_text(
        f"name: {name}\ndataset: {{path: {path}, limit: {limit}}}\n"
        f"model: {{embedding: 4, hidden: 6, epochs: {epochs}}}\nprojections: [{{method: pca}}]\n",
        encoding="utf-8",
    )
    return file


def settled(
    builds: Builds, states: tuple[str, ...] = ("done", "failed", "cancelled")
) -> list[dict[str, Any]]:
    """All jobs, once each of them is in one of these states."""
    return until(builds, lambda jobs: all(job["state"] in states for job in jobs))


def until(builds: Builds, holds: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
    deadline = time.monotonic() + PATIENCE
    while not holds(builds.state()):
        assert time.monotonic() < deadline, builds.state()
        time.sleep(0.02)
    return builds.state()


@pytest.fixture(scope="module")
def alpha(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with one tiny run, for tests to copy; beside it the folder of its config."""
    folder = tmp_path_factory.mktemp("builds")
    file = write_config(folder / "configs", "alpha")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HSVIS_CACHE", str(folder / "cache"))
        build(load_config(file))
    return folder


@pytest.fixture
def configs(alpha: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of configs of which `alpha` is built, in a cache of the test's own."""
    shutil.copytree(alpha, tmp_path / "mine")
    monkeypatch.setenv("HSVIS_CACHE", str(tmp_path / "mine" / "cache"))
    return tmp_path / "mine" / "configs"


@pytest.fixture
def store(configs: Path) -> StateStore:
    return open_offers(offers([str(configs)]), silent, lambda line: None)[0]


@pytest.fixture
def serve(configs: Path) -> Iterator[Callable[..., tuple[Builds, Runs, Any]]]:
    """Opens the folder of configs: its jobs, its runs and a client of its app."""
    made: list[Builds] = []

    def served(allowed: bool = True) -> tuple[Builds, Runs, Any]:
        offered = offers([str(configs)])
        builds = Builds(offered, allowed=allowed)
        made.append(builds)
        stores = open_offers(offered, silent, lambda line: None, building=allowed)
        app = create_app(stores, builds=builds)
        return builds, builds._shown[0], app.server.test_client()

    yield served
    for builds in made:
        builds.close()


# what a folder offers


def test_a_folder_offers_its_configs_by_name_and_says_what_is_wrong_with_one(configs: Path) -> None:
    write_config(configs, "zeta")
    write_config(configs, "beta").rename(configs / "beta.yml")
    write_config(configs, "alpha").rename(configs / "copy.yaml")
    write_config(configs, "alpha")
    (configs / "broken.yaml").write_text("name: broken\ndatset: {path: demo}\n")
    (configs / "notes.txt").write_text("not a config")
    found = offers([str(configs)])
    assert [one.name for one in found] == ["alpha", "beta", "broken.yaml", "copy.yaml", "zeta"]
    assert "`datset` is not a setting. Did you mean `dataset`?" in found[2].error
    assert f"the name `alpha` is that of {configs / 'alpha.yaml'}" in found[3].error
    said: list[str] = []
    assert [one.name for one in open_offers(found, silent, said.append)] == ["alpha"]
    assert any(line.startswith("zeta: not built") for line in said)


def test_a_config_named_beside_its_folder_is_offered_once(configs: Path) -> None:
    found = offers([str(configs), str(configs / "alpha.yaml")])
    assert [(one.name, one.error, one.in_folder) for one in found] == [("alpha", "", False)]


def test_a_folder_without_a_config_that_can_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no config \(\*\.yaml\) in this folder"):
        offers([str(tmp_path)])
    (tmp_path / "broken.yaml").write_text("name: broken\n")
    with pytest.raises(ConfigError, match=r"`dataset` is missing"):
        offers([str(tmp_path)])


def test_a_packaged_config_is_meant_even_beside_a_folder_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config(tmp_path / "reuters", "mine")
    monkeypatch.chdir(tmp_path)
    assert [one.name for one in offers(["reuters"])] == ["reuters"]
    assert [one.name for one in offers(["reuters/"])] == ["mine"]


def test_a_built_run_opens_although_its_dataset_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HSVIS_CACHE", str(tmp_path / "cache"))
    rows = [{"text": f"a {word} film", "label": k} for k, word in enumerate(["dull", "fine"] * 20)]
    pd.DataFrame([row | {"label": row["label"] % 2} for row in rows]).to_parquet(tmp_path / "rows.parquet")
    file = write_config(tmp_path / "configs", "gone", path="parquet")
    given = [f"dataset.data_files={{train: {tmp_path}/rows.parquet, test: {tmp_path}/rows.parquet}}"]
    first = build(load_config(file, given))
    (tmp_path / "rows.parquet").unlink()
    found = open_offers(offers([str(file.parent)], given), silent, lambda line: None, building=False)
    assert [(one.name, one.folder) for one in found] == [("gone", first.folder)]


def test_only_a_whole_run_of_exactly_this_config_is_found(configs: Path) -> None:
    config = load_config(configs / "alpha.yaml")
    found = find_run(config)
    assert found is not None
    folder = found.folder
    assert folder is not None
    assert find_run(load_config(configs / "alpha.yaml", ["model.seed=5"])) is None
    with folder.predictions.open("ab") as file:
        file.write(b"more")
    assert find_run(config) is None


def test_where_nothing_is_built_one_is_built_first(configs: Path) -> None:
    (configs / "alpha.yaml").unlink()
    write_config(configs, "beta")
    write_config(configs, "demo")
    found = offers([str(configs)])
    with pytest.raises(ConfigError, match="building is switched off") as refused:
        open_offers(found, silent, lambda line: None, building=False)
    assert f"hsvis build {configs / 'beta.yaml'}" in str(refused.value)
    assert [one.name for one in open_offers(found, silent, lambda line: None)] == ["demo"]


def test_a_named_config_that_is_not_built_is_an_error_with_building_off(configs: Path) -> None:
    file = write_config(configs, "beta")
    with pytest.raises(ConfigError, match=r"beta\.yaml: this run is not built.*hsvis build"):
        open_offers(offers([str(configs), str(file)]), silent, lambda line: None, building=False)


# projections of a built run


def test_a_projection_of_a_built_run_is_that_of_its_states_and_stays(
    store: StateStore, configs: Path
) -> None:
    settings = PcaSettings(method="pca", seed=3)
    folder, name = project(store.folder.path, "rnn.0", settings)
    states = np.concatenate([store.states(k, "rnn.0") for k in range(store.n_sequences)])
    added = store.with_projections().projection("rnn.0", name)
    np.testing.assert_array_equal(added.xy, embed(states, settings).xy)
    assert added.label == "PCA, seed 3"
    assert added.settings == settings.model_dump()
    again = open_offers(offers([str(configs)]), silent, lambda line: None, building=False)[0]
    assert [one.label for one in again.projections("rnn.0")] == ["PCA", "PCA, seed 3"]
    assert [one.name for one in build(load_config(configs / "alpha.yaml")).projections("rnn.0")][1] == name
    manifest = read_manifest(folder)
    assert manifest is not None
    assert f"embeddings/layer=rnn.0/{name}.parquet" in manifest.files


def test_projections_of_a_layer_have_different_labels(store: StateStore) -> None:
    for seed in (1, 2, 1):
        project(store.folder.path, "rnn.0", PcaSettings(method="pca", seed=seed))
    labels = [one.label for one in store.with_projections().projections("rnn.0")]
    assert labels == ["PCA", "PCA, seed 1", "PCA, seed 2"]


def test_a_projection_of_what_is_not_there_is_an_error(store: StateStore, tmp_path: Path) -> None:
    settings = PcaSettings(method="pca", seed=1)
    with pytest.raises(ConfigError, match=r"the run in .* keeps rnn\.0"):
        project(store.folder.path, "rnn.9", settings)
    with pytest.raises(CacheError, match="there is no built run"):
        project(tmp_path / "nothing", "rnn.0", settings)
    assert not (tmp_path / "nothing.lock").exists()


# jobs


@pytest.mark.parametrize("max_fit", [100, None])
def test_a_tsne_is_computed_by_a_child_as_it_was_asked_for(
    serve: Callable[..., tuple[Builds, Runs, Any]], max_fit: int | None
) -> None:
    builds, runs, _ = serve()
    settings = TsneSettings(method="tsne", perplexity=3, seed=2, max_fit=max_fit)
    builds.compute(runs.first, "rnn.0", settings)
    assert [(job["state"], job["error"]) for job in settled(builds)] == [("done", "")]
    added = runs.first.projections("rnn.0")[-1]
    assert added.settings == settings.model_dump()
    assert added.details.get("fitted") == max_fit


def test_a_run_is_built_while_the_others_are_shown(
    configs: Path, serve: Callable[..., tuple[Builds, Runs, Any]]
) -> None:
    write_config(configs, "beta")
    builds, runs, client = serve()
    assert run_options(runs, builds.offers)[1] == {
        "label": "beta · not built", "value": "beta", "disabled": True
    }  # fmt: skip
    first = runs.first
    assert client.post("/builds/beta", headers=SENDER).status_code == 200
    stages: dict[str, None] = {}

    def is_over(jobs: list[dict[str, Any]]) -> bool:
        stages.update({jobs[0]["stage"]: None})
        return jobs[0]["state"] != "running"

    until(builds, lambda jobs: jobs[0]["state"] != "waiting")
    (job,) = until(builds, is_over)
    assert (job["state"], job["error"]) == ("done", "")
    assert job["seconds"] > 0
    assert {"loading the dataset", "PCA"} <= set(stages)
    assert [one.name for one in runs] == ["alpha", "beta"]
    assert runs.first is first
    assert {"label": "beta", "value": "beta"} in client.get("/builds").json["run_options"]
    with pytest.raises(RefusedError, match="built already"):
        builds.start("beta")


def test_a_cancelled_build_ends_at_once_and_what_waits_behind_it_goes_on(
    configs: Path, serve: Callable[..., tuple[Builds, Runs, Any]]
) -> None:
    write_config(configs, "slow", epochs=100_000)
    builds, runs, _ = serve()
    slow = builds.start("slow")
    assert builds.start("slow") == slow, "the same work is not done twice"
    other = builds.compute(runs.first, "rnn.0", PcaSettings(method="pca", seed=4))
    last = builds.compute(runs.first, "rnn.0", PcaSettings(method="pca", seed=5))
    jobs = until(builds, lambda jobs: jobs[0]["stage"] == "training" and jobs[0]["done"] > 0)
    assert [job["state"] for job in jobs] == ["running", "waiting", "waiting"]
    builds.cancel(last)
    began = time.monotonic()
    builds.cancel(slow)
    until(builds, lambda jobs: jobs[0]["state"] == "cancelled")
    assert time.monotonic() - began < 5
    assert [job["state"] for job in settled(builds)] == ["cancelled", "done", "cancelled"]
    assert [one.label for one in runs.first.projections("rnn.0")] == ["PCA", "PCA, seed 4"]
    builds.cancel(other)  # it has ended: it is forgotten
    assert [job["id"] for job in builds.state()] == [slow, last]


def test_a_failure_is_told_in_words(configs: Path, serve: Callable[..., tuple[Builds, Runs, Any]]) -> None:
    write_config(configs, "nodata", path="/no/such/folder")
    builds, runs, _ = serve()
    builds.start("nodata")
    (job,) = settled(builds)
    assert job["state"] == "failed"
    assert "/no/such/folder" in job["error"]
    assert not job["error"].startswith("hsvis:")
    assert "Traceback" not in job["error"]
    assert "nodata" not in runs
    builds.start("nodata")
    assert len(builds.state()) == 1, "another try takes the place of the one that failed"


def test_a_child_that_is_killed_is_told_in_words(
    configs: Path, serve: Callable[..., tuple[Builds, Runs, Any]]
) -> None:
    write_config(configs, "slow", epochs=100_000)
    builds, _, _ = serve()
    builds.start("slow")
    until(builds, lambda jobs: jobs[0]["stage"] != "")
    assert builds._child is not None
    builds._child._process.kill()
    (job,) = settled(builds)
    assert (job["state"], "signal 9" in job["error"]) == ("failed", True)


def test_closing_leaves_no_child(configs: Path, serve: Callable[..., tuple[Builds, Runs, Any]]) -> None:
    write_config(configs, "slow", epochs=100_000)
    builds, runs, _ = serve()
    builds.start("slow")
    builds.compute(runs.first, "rnn.0", PcaSettings(method="pca", seed=4))
    until(builds, lambda jobs: jobs[0]["stage"] != "")
    assert builds._child is not None
    process = builds._child._process
    builds.close()
    assert process.poll() is not None
    assert [job["state"] for job in builds.state()] == ["cancelled", "cancelled"]
    with pytest.raises(RefusedError):
        builds.start("slow")


# what a page may ask for


def test_what_makes_no_sense_is_refused_in_a_sentence(
    configs: Path, serve: Callable[..., tuple[Builds, Runs, Any]]
) -> None:
    (configs / "broken.yaml").write_text("name: broken\n")
    builds, _, client = serve()

    def refused(path: str, content: Any = None, method: str = "POST") -> tuple[int, str]:
        answer = client.open(path, method=method, headers=SENDER, json=content)
        assert answer.mimetype == "text/plain"
        return answer.status_code, answer.text

    assert refused("/builds/nobody") == (404, "No config of a run 'nobody' was given to this server.\n")
    assert refused("/builds/broken.yaml")[0] == 409
    assert refused("/builds/alpha")[0] == 409
    assert refused("/builds/nobody/rnn.0", {"method": "pca"})[0] == 404
    assert refused("/builds/alpha/rnn.7", {"method": "pca"})[0] == 404
    assert refused("/builds/77", method="DELETE")[0] == 404
    assert refused("/builds?run=alpha&layer=rnn.7", method="GET")[0] == 404
    for content in (None, [], {}, {"method": "umap"}, {"method": "pca", "perplexity": 3},
                    {"method": "tsne", "perplexity": 0.5}, {"method": "tsne", "perplexity": 1e9},
                    {"method": "tsne", "perplexity": float("nan")}, {"method": "pca", "seed": -1},
                    {"method": "pca", "seed": 2**32}, {"method": "pca", "seed": "x" * 5000}):  # fmt: skip
        status, said = refused("/builds/alpha/rnn.0", content)
        assert (status, 10 < len(said) < 200) == (400, True), (content, said)
    assert builds.state() == []


def test_a_projection_that_is_there_is_not_computed_again(
    serve: Callable[..., tuple[Builds, Runs, Any]],
) -> None:
    builds, runs, client = serve()
    there = runs.first.projections("rnn.0")[0]
    answer = client.post("/builds/alpha/rnn.0", headers=SENDER, json=there.settings)
    assert answer.json == {"job": None, "projection": there.name}
    assert builds.state() == []


@pytest.mark.parametrize("sender", [{}, {"X-Requested-With": "XMLHttpRequest"}])
def test_a_page_of_another_site_can_begin_and_end_nothing(
    configs: Path, serve: Callable[..., tuple[Builds, Runs, Any]], sender: dict[str, str]
) -> None:
    write_config(configs, "beta")
    builds, _, client = serve()
    assert client.post("/builds/beta", headers=sender).status_code == 403
    assert client.post("/builds/alpha/rnn.0", headers=sender, json={"method": "pca"}).status_code == 403
    assert client.delete("/builds/1", headers=sender).status_code == 403
    assert builds.state() == []


def test_with_building_off_nothing_is_begun(
    configs: Path, serve: Callable[..., tuple[Builds, Runs, Any]]
) -> None:
    write_config(configs, "beta")
    (configs / "gamma.yaml").write_text("nothing: here\n")
    builds, _, client = serve(allowed=False)
    for path, content in (("/builds/beta", None), ("/builds/alpha/rnn.0", {"method": "pca", "seed": 1})):
        answer = client.post(path, headers=SENDER, json=content)
        assert answer.status_code == 403
        assert "hsvis build" in answer.text
    assert builds.state() == []
    told = client.get("/builds").json
    assert told["allowed"] is False
    assert told["runs"][1]["command"] == "hsvis build beta.yaml"
    assert "log of the server" in told["runs"][2]["error"]
    assert str(configs) not in json.dumps(told), "folders are for whoever runs the server"


def test_an_app_without_builds_builds_nothing(store: StateStore) -> None:
    client = create_app([store]).server.test_client()
    assert client.post("/builds/alpha", headers=SENDER).status_code == 403
    told = client.get("/builds").json
    assert (told["allowed"], [run["name"] for run in told["runs"]]) == (False, ["alpha"])


# the commands


def test_progress_for_programs_is_a_json_object_a_line_and_the_folder_stays_last(configs: Path) -> None:
    store = open_offers(offers([str(configs)]), silent, lambda line: None)[0]
    command = ["project", str(store.folder.path), "--layer", "rnn.0", "--method", "pca", "--seed", "8"]
    done = subprocess.run(
        [sys.executable, "-m", "hsvis", *command, "--progress", "json"],
        capture_output=True, text=True, cwd=ROOT, check=True,
    )  # fmt: skip
    *reports, last = done.stdout.splitlines()
    assert Path(last) == store.folder.path
    told = [json.loads(line) for line in reports]
    assert all(set(one) == {"stage", "done", "total", "note"} for one in told)
    assert [one["stage"] for one in told] == ["reading the states", "PCA", "PCA"]
    assert (told[-1]["done"], told[-1]["total"]) == (1, 1)
    assert done.stderr == ""
    assert store.with_projections().projections("rnn.0")[1].settings["seed"] == 8


def test_a_command_ends_when_its_input_does_though_it_has_nothing_to_say(configs: Path) -> None:
    slow = write_config(configs, "slow", epochs=100_000)
    command = [sys.executable, "-m", "hsvis", "build", str(slow), "--stop-at-eof"]
    child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert child.stdin
        assert child.stderr
        assert any("training" in line for line in child.stderr)  # from now on it is silent for 5 s
        child.stdin.close()
        assert child.wait(4) == 130
    finally:
        child.kill()
        child.wait()
        child.stderr.close()


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Children hear SIGINT: what a shell runs in its background ignores it, and children inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(("how", "status"), [(signal.SIGINT, 0), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_server_that_ends_takes_its_child_with_it(configs: Path, how: signal.Signals, status: int) -> None:
    write_config(configs, "slow", epochs=100_000)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "app.py", "--config", str(configs), "--port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}/builds"
        wait_for(lambda: answers(address))
        start = urllib.request.Request(f"{address}/slow", method="POST", headers=SENDER)
        urllib.request.urlopen(start).read()
        wait_for(lambda: json.load(urllib.request.urlopen(address))["jobs"][0]["stage"] == "training")
        (child,) = children(server.pid)
        server.send_signal(how)
        assert server.wait(PATIENCE) == status
        wait_for(lambda: not is_running(child))
    finally:
        server.kill()
        server.wait()


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def answers(address: str) -> bool:
    try:
        urllib.request.urlopen(address).read()
    except OSError:
        return False
    return True


def stat(process: int | str) -> list[str]:
    """State and parent of a process, and what comes after them in /proc/<process>/stat."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()


def children(parent: int) -> list[int]:
    found = []
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            if int(stat(process)[1]) == parent:
                found.append(int(process))
        except OSError:
            continue
    return found


def is_running(process: int) -> bool:
    try:
        return stat(process)[0] != "Z"
    except OSError:
        return False
