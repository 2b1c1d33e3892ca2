"""A server keeps up with its folders: configs come, change and go, runs are built again by others."""

import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rebuilt import rebuild, write_config

from hsvis.build.pipeline import build, project
from hsvis.catalogue.jobs import Builds
from hsvis.catalogue.offers import offers, open_offers, sources
from hsvis.catalogue.runs import Runs
from hsvis.catalogue.watch import ALL_FILES, Watch
from hsvis.config import PcaSettings, load_config
from hsvis.dashboard import create_app
from hsvis.dashboard.page.menus import run_options
from hsvis.progress import silent
from hsvis.run.folder import RunFolder
from hsvis.run.manifest import write_content


class Server:
    """What `serve` sets up, but for the socket: its looks are made one by one."""

    def __init__(self, folder: Path) -> None:
        self.said: list[str] = []
        self.builds = Builds(offers([str(folder)]))
        self.watch = Watch(self.builds, [str(folder)], say=self.said.append)
        stores = open_offers(self.builds.offers, silent, lambda line: None)
        self.client = create_app(stores, builds=self.builds).server.test_client()

    @property
    def runs(self) -> Runs:
        return self.builds._shown[0]

    def look(self, times: int = 2) -> None:
        """A config is read at the second look that finds it the same."""
        for _ in range(times):
            self.watch.look()

    def menu(self) -> list[str]:
        return [one["label"] for one in run_options(self.runs, self.builds.offers)]

    def listed(self) -> dict[str, dict[str, object]]:
        """The dialog of runs, by name."""
        return {one["name"]: one for one in self.client.get("/builds").json["runs"]}

    def news(self) -> str:
        return self.client.get("/news").json["news"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the config and the data of one run, which is built."""
    monkeypatch.setenv("HSVIS_CACHE", str(tmp_path / "cache"))
    configs = tmp_path / "configs"
    configs.mkdir()
    rebuild(write_config(configs, "alpha"), "film")
    return configs


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    served = Server(folder)
    yield served
    served.builds.close()


def test_a_look_at_what_is_as_it_was_changes_nothing(server: Server) -> None:
    store, news, offered = server.runs.first, server.news(), server.builds.offers
    server.look(2 * ALL_FILES)
    assert server.runs.first is store
    assert server.builds.offers is offered
    assert (server.news(), server.said) == (news, [])


def test_a_new_config_appears_and_nothing_is_built(server: Server, folder: Path) -> None:
    news = server.news()
    write_config(folder, "beta")
    server.look()
    assert server.menu() == ["alpha", "beta · not built"]
    assert server.news() != news
    assert server.listed()["beta"]["built"] is False
    assert "beta" not in server.runs
    assert server.builds.state() == []


def test_a_new_config_whose_run_is_built_opens(server: Server, folder: Path) -> None:
    build(load_config(write_config(folder, "beta")))
    server.look()
    assert server.menu() == ["alpha", "beta"]
    assert [one.name for one in server.runs] == ["alpha", "beta"]
    assert server.said == ["beta: built, and shown now"]


def test_a_config_that_is_gone_is_offered_no_more_but_its_run_stays(server: Server, folder: Path) -> None:
    write_config(folder, "beta")
    server.look()
    (folder / "alpha.yaml").unlink()
    (folder / "beta.yaml").unlink()
    server.look()
    assert server.builds.offers == ()
    assert server.menu() == ["alpha"]
    assert server.client.get("/builds?run=alpha&layer=rnn.0").status_code == 200


def test_a_config_that_breaks_takes_nothing_away_and_says_why_once(server: Server, folder: Path) -> None:
    good = (folder / "alpha.yaml").read_text()
    (folder / "alpha.yaml").write_text(good.replace("dataset:", "datset:"))
    server.look(6)
    assert "alpha" in server.menu()
    assert "Did you mean `dataset`?" in str(server.listed()["alpha.yaml"]["error"])
    assert len(server.said) == 1
    assert "Did you mean `dataset`?" in server.said[0]
    (folder / "alpha.yaml").write_text(good)
    server.look()
    assert server.menu() == ["alpha"]
    assert list(server.listed()) == ["alpha"]


def test_a_config_that_is_being_written_does_not_flicker(server: Server, folder: Path) -> None:
    whole = (folder / "alpha.yaml").read_text()
    for end in (10, 40, len(whole) - 30, len(whole)):
        (folder / "alpha.yaml").write_text(whole[:end])
        server.look(1)
        assert server.listed() == {"alpha": server.listed()["alpha"]}
        assert server.menu() == ["alpha"]
    server.look()
    assert server.said == []
    assert server.menu() == ["alpha"]


def test_a_folder_that_can_not_be_listed_takes_nothing_away(server: Server, folder: Path) -> None:
    folder.rename(folder.with_name("away"))
    folder.write_text("not a folder any more")
    server.look(3)
    assert server.menu() == ["alpha"]
    folder.unlink()
    folder.with_name("away").rename(folder)
    server.look()
    assert server.menu() == ["alpha"]


def test_two_configs_of_one_name_are_told_apart(server: Server, folder: Path) -> None:
    shutil.copy(folder / "alpha.yaml", folder / "copy.yaml")
    server.look()
    assert f"the name `alpha` is that of {folder / 'alpha.yaml'}" in str(
        server.listed()["copy.yaml"]["error"]
    )
    assert server.menu() == ["alpha"]


def test_a_changed_config_is_offered_until_its_run_is_built_and_then_shown(
    server: Server, folder: Path
) -> None:
    before = server.runs.editions()["alpha"]
    write_config(folder, "alpha", seed=2)
    server.look()
    assert "config was changed" in str(server.listed()["alpha"]["note"])
    assert server.runs.editions()["alpha"] == before
    build(load_config(folder / "alpha.yaml"))
    server.look(1)
    assert server.listed()["alpha"]["note"] == ""
    assert server.runs.editions()["alpha"] != before
    assert server.runs.first.manifest.config["model"]["seed"] == 2
    write_config(folder, "alpha", seed=1)  # and back again: that run is there
    server.look()
    assert server.runs.editions()["alpha"] == before


def test_a_run_with_a_changed_config_is_built_from_the_page(server: Server, folder: Path) -> None:
    write_config(folder, "alpha", seed=2)
    server.look()
    answer = server.client.post("/builds/alpha", headers={"X-Requested-With": "hsvis"})
    assert answer.status_code == 200


def test_a_run_that_another_process_built_anew_is_shown(server: Server, folder: Path) -> None:
    before, news = server.runs.first, server.news()
    rebuild(folder / "alpha.yaml", "book")
    server.look(1)
    assert "book" in server.runs.first.texts[0]
    assert server.runs.first.folder.path != before.folder.path
    assert server.news() != news
    assert server.said == ["alpha: rebuilt, and shown now"]
    editions = server.client.get("/builds").json["editions"]
    assert editions["alpha"]["edition"] == server.runs.editions()["alpha"]
    assert editions["alpha"]["since"] > 0


def test_a_projection_of_another_process_is_added_to_the_same_edition(server: Server) -> None:
    before, news = server.runs.first, server.news()
    edition = server.runs.editions()
    project(before.folder.path, "rnn.0", PcaSettings(method="pca", seed=5))
    server.look(1)
    assert [one.label for one in server.runs.first.projections("rnn.0")] == ["PCA", "PCA, seed 5"]
    assert server.runs.editions() == edition, "pages go on: nothing of theirs has changed"
    assert server.runs.first.ep is before.ep
    assert server.news() != news


def test_files_that_vanish_are_noted_and_the_run_stays(server: Server) -> None:
    store = server.runs.first
    shutil.rmtree(store.folder.path)
    server.look(ALL_FILES)
    assert server.runs.first is store
    note = str(server.listed()["alpha"]["note"])
    assert "deleted or damaged" in note
    assert server.client.post("/builds/alpha", headers={"X-Requested-With": "hsvis"}).status_code == 200


def test_a_deleted_run_that_is_built_again_goes_on_as_the_same_edition(server: Server, folder: Path) -> None:
    store, edition = server.runs.first, server.runs.editions()
    states = store.states(3, "rnn.0")
    shutil.rmtree(store.folder.path)
    server.look(ALL_FILES)
    build(load_config(folder / "alpha.yaml"))
    server.look(1)
    assert server.runs.editions() == edition
    assert server.listed()["alpha"]["note"] == ""
    assert (server.runs.first.states(3, "rnn.0") == states).all()


def test_an_older_run_does_not_take_the_place_of_one_that_was_deleted(server: Server, folder: Path) -> None:
    rebuild(folder / "alpha.yaml", "book")
    server.look(1)
    store = server.runs.first
    shutil.rmtree(store.folder.path)
    server.look(ALL_FILES)
    assert server.runs.first is store
    assert "deleted or damaged" in str(server.listed()["alpha"]["note"])


def test_a_run_that_can_not_be_opened_takes_nothing_away(server: Server, folder: Path) -> None:
    store = server.runs.first
    new = rebuild(folder / "alpha.yaml", "book")
    content = bytearray(new.folder.predictions.read_bytes())
    content[: len(content) // 2] = bytes(len(content) // 2)  # the size is right, what it holds is not
    new.folder.predictions.write_bytes(content)
    server.look(2 * ALL_FILES)
    assert server.runs.first is store
    assert "can't be opened" in str(server.listed()["alpha"]["note"])
    assert len([line for line in server.said if "can't be opened" in line]) == 1


def test_why_a_run_can_not_be_opened_is_said_until_it_can(server: Server, folder: Path) -> None:
    """Its files have the sizes that they should have: only who reads them finds what is wrong."""
    file = write_config(folder, "beta")
    server.look()
    store = build(load_config(file))
    whole = store.folder.predictions.read_bytes()
    store.folder.predictions.write_bytes(bytes(len(whole) // 2) + whole[len(whole) // 2 :])
    for _ in range(3 * ALL_FILES):
        server.look(1)
        assert "predictions.parquet" in str(server.listed()["beta"]["note"])
    assert server.menu() == ["alpha", "beta · not shown"]
    said = [line for line in server.said if "can't be opened" in line]
    assert len(said) == 1
    assert "what is shown stays" not in said[0], "nothing of it is shown"
    build(load_config(file))
    server.look(1)
    assert server.menu() == ["alpha", "beta"]
    assert server.listed()["beta"]["note"] == ""


def test_a_run_whose_missing_file_comes_back_is_shown(server: Server, folder: Path) -> None:
    file = write_config(folder, "beta")
    server.look()
    store = build(load_config(file))
    away = store.folder.predictions.with_name("away")
    store.folder.predictions.rename(away)
    server.look(ALL_FILES)
    assert "missing" in str(server.listed()["beta"]["note"])
    away.rename(store.folder.predictions)
    server.look(ALL_FILES)
    assert server.menu() == ["alpha", "beta"]
    assert server.listed()["beta"]["note"] == ""


def test_times_of_files_that_jump_back_are_no_matter(server: Server, folder: Path) -> None:
    new = rebuild(folder / "alpha.yaml", "book")
    server.look(1)
    assert "book" in server.runs.first.texts[0]
    file = write_config(folder, "beta")
    os.utime(file, (1, 1))
    os.utime(new.folder.manifest, (1, 1))
    server.look()
    assert server.menu() == ["alpha", "beta · not built"]


@pytest.mark.parametrize("code", ["import sys; sys.exit('ends')", "while True: pass", "raise KeyError(1)"])
def test_no_code_of_a_package_is_run_by_offering_its_model(
    server: Server, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    package = tmp_path / "lib" / "boom"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(code)
    (package / "model.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path / "lib")
    own = (folder / "alpha.yaml").read_text().replace("name: alpha", "name: own")
    own = own[: own.index("model:")] + 'model: {factory: "boom.model:make"}\n'
    (folder / "own.yaml").write_text(own)
    run = server.runs.first.folder  # a run of the same config, whose files have to be compared
    copied = run.path.parent.with_name("own") / run.path.name
    shutil.copytree(run.path, copied)
    manifest = json.loads((copied / "manifest.json").read_text())
    manifest["config"] = load_config(folder / "own.yaml").model_dump()
    manifest["sources"] = {"factory": "another"}
    del manifest["checksum"]
    write_content(RunFolder(copied), manifest)
    server.look(4)
    assert server.menu() == ["alpha", "own · not built"]
    offered = offers([str(folder)])
    assert [one.name for one in offered] == ["alpha", "own"]
    assert len(open_offers(offered, silent, lambda line: None, building=False)) == 1


def test_health_tells_of_a_watch_that_fails_or_is_dead(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def health() -> tuple[str, str]:
        told = server.client.get("/health").json
        return told["status"], told["watch"]

    assert health() == ("ok", "off")
    looked, fault = threading.Event(), SystemExit("whatever a library does")

    def look() -> None:
        looked.set()
        raise fault

    monkeypatch.setattr(server.watch, "_pause", 0.01)
    monkeypatch.setattr(server.watch, "look", look)
    with server.watch:
        assert looked.wait(20)
        until = time.monotonic() + 20
        while health() != ("degraded", "failing"):
            assert time.monotonic() < until
        assert "whatever a library does" in server.said[0]
        monkeypatch.setattr(server.watch, "look", looked.clear)
        while health() != ("ok", "ok"):
            assert time.monotonic() < until
        monkeypatch.setattr(server.watch, "_looked", time.monotonic() - 1000)
        monkeypatch.setattr(server.watch, "_pause", 0.0)
        hangs = threading.Event()
        monkeypatch.setattr(server.watch, "look", lambda: hangs.wait(20))
        while health()[1] != "ok":  # it may have looked once more
            monkeypatch.setattr(server.watch, "_looked", time.monotonic())
        monkeypatch.setattr(server.watch, "_looked", time.monotonic() - 1000)
        assert health() == ("degraded", "late")
        hangs.set()
    assert health() == ("degraded", "dead")


def test_a_link_to_another_file_tells_nothing_of_it(server: Server, folder: Path, tmp_path: Path) -> None:
    """Whoever may write to the folder need not be allowed to read what the server can."""
    secrets = {
        "keys": "token: SECRET1\nsecret: SECRET2\n",
        "twice": "SECRET: 1\nSECRET: 2\n",
        "tag": "!SECRET x\n",
        "alias": "*SECRET\n",
        "shell": "export A=SECRET\n",
        "json": '{"name": "SECRET", "private_key": "SECRET", "id": 1}',
        "escape": '"a\\SECRET"',
    }
    for name, text in secrets.items():
        (tmp_path / name).write_text(text)
        (folder / f"{name}.yaml").symlink_to(tmp_path / name)
    server.look()
    told = {name: str(one["error"]) for name, one in server.listed().items() if name != "alpha"}
    assert set(told) == {f"{name}.yaml" for name in secrets}
    for name, error in told.items():
        assert error, name
        assert "SECRET" not in error, name
    assert "SECRET" not in "".join(server.said)


def test_sources_are_those_of_the_offers(folder: Path) -> None:
    write_config(folder, "zeta")
    file = str(write_config(folder, "beta"))
    paths = [str(folder), file]
    assert sources(paths) == [(one.source, one.in_folder) for one in offers(paths)]


def test_the_thread_looks_by_itself_and_ends_with_its_block(folder: Path) -> None:
    appeared = threading.Event()
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        appeared.set()

    builds = Builds(offers([str(folder)]))
    watch = Watch(builds, [str(folder)], say=say, pause=0.05)
    create_app(open_offers(builds.offers, silent, lambda line: None), builds=builds)
    with watch:
        build(load_config(write_config(folder, "beta")))
        assert appeared.wait(60)
    assert said == ["beta: built, and shown now"]
    assert not watch._thread.is_alive()
