"""The scripts of the page are modules: what they may import, who writes stores, how browsers keep them."""

import json
import re
import shutil
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from hsvis import paths
from hsvis.dashboard import create_app
from hsvis.dashboard.callbacks.stores import TOLD
from hsvis.dashboard.page import ids
from hsvis.dashboard.page.scripts import hash_of
from hsvis.run.store import StateStore

ASSETS = paths.assets_folder()
FOLDERS = ["core", "state", "table", "views", "panels"]  # each may import from itself and those before it
STORES = {
    *ids.STORES,
    ids.PICK,
    ids.TOKENS,
    ids.FILTER_CHANGE,
    ids.SYSTEM_THEME,
    ids.TYPE_SCALE,
    ids.GONE,
    ids.TABLE,
    ids.EDITIONS,
    ids.DEFAULTS,
}
LONGEST, LARGEST = 300, 16  # lines of a file, files of a folder
SOURCES = {
    path.relative_to(ASSETS).as_posix(): path.read_text(encoding="utf-8") for path in ASSETS.rglob("*.mjs")
}
CODE = {name: re.sub(r"(?m)^\s*//.*$| // .*$", "", source) for name, source in SOURCES.items()}


def imported(name: str) -> list[str]:
    """The modules that one imports, by their paths in `assets/`."""
    found = re.findall(r'^(?:import|export)\b[^;]*?from "([^"]+)";$', SOURCES[name], re.MULTILINE)
    assert len(found) == SOURCES[name].count('from "'), f"{name}: an import that this test can't read"
    assert all(one.startswith(("./", "../")) and one.endswith(".mjs") for one in found), name
    return [
        (ASSETS / name).parent.joinpath(one).resolve().relative_to(ASSETS.resolve()).as_posix()
        for one in found
    ]


GRAPH = {name: imported(name) for name in SOURCES}


def test_every_import_leads_to_a_file() -> None:
    assert {one for names in GRAPH.values() for one in names} <= set(SOURCES)
    assert not [name for name, source in CODE.items() if "import(" in source], "imports stand at the top"


def test_no_module_imports_itself_over_others() -> None:
    TopologicalSorter(GRAPH).prepare()  # raises CycleError, which names the circle


def test_folders_import_in_one_direction() -> None:
    against = [
        f"{name} imports {one}"
        for name, names in GRAPH.items()
        for one in names
        if "/" in name
        and ("/" not in one or FOLDERS.index(one.split("/")[0]) > FOLDERS.index(name.split("/")[0]))
    ]
    assert against == []


def test_the_entry_leads_to_every_module() -> None:
    reached, left = set(), ["main.mjs"]
    while left:
        name = left.pop()
        if name not in reached:
            reached.add(name)
            left += GRAPH[name]
    assert reached == set(SOURCES)


def test_only_one_module_writes_stores() -> None:
    setting = {name for name, code in CODE.items() if "set_props" in code}
    assert setting == {"core/stores.mjs", "core/controls.mjs"}
    named = {
        (name, control)
        for name, code in CODE.items()
        for control in re.findall(r'setControl\(\s*"([^"]+)"', code)
    }
    assert [one for one in named if one[1] in STORES] == []
    assert [name for name, code in CODE.items() if re.search(r"setControl\([^;]*\bdata\b *[:}]", code)] == []
    written = set(re.findall(r'write\("([^"]+)"', CODE["core/stores.mjs"]))
    assert written
    assert written <= STORES


def test_scripts_are_told_of_the_stores_that_they_follow() -> None:
    followed = {
        store
        for code in CODE.values()
        for names in re.findall(r'subscribe\("([^"]+)"|for \(const store of \[([^\]]+)\]\) subscribe', code)
        for store in [names[0], *re.findall(r'"([^"]+)"', names[1])]
        if store
    }
    assert followed == set(TOLD)


def test_modules_share_nothing_by_the_window() -> None:
    assert [name for name, code in CODE.items() if "window.hsvis" in code] == ["for-tests.mjs"]
    shared = {name: re.findall(r"(?<![\w.:/\"-])hsvis\.\w+", code) for name, code in CODE.items()}
    assert {name for name, found in shared.items() if found} == set()


def test_modules_only_define_until_they_are_started() -> None:
    begins = r"(import |export |const |let |class |function |async function |\}|\]|\)|//|/\*|$|\s)"
    for name, source in SOURCES.items():
        if name != "main.mjs":
            wrong = [line for line in source.splitlines() if not re.match(begins, line)]
            assert wrong == [], name
            made = re.findall(
                r"(?m)^(?:export )?(?:const|let) \w+ = (?:document|window|location)\b.*", source
            )
            assert made == [], name


def test_every_client_side_callback_is_there_by_name(demo_store: StateStore) -> None:
    app = create_app([demo_store])
    app._setup_server()
    asked = {
        (one["clientside_function"]["namespace"], one["clientside_function"]["function_name"])
        for one in app._callback_list
        if one["clientside_function"]
    }
    names = re.search(r"dash_clientside\.hsvis = \{([^}]+)\}", SOURCES["main.mjs"])
    assert names
    given = {re.split(r"[:,]", line.strip())[0] for line in names[1].strip().splitlines()}
    assert asked == {("hsvis", name) for name in given}


def test_no_file_is_long_and_no_folder_full() -> None:
    files = [path for path in ASSETS.rglob("*") if path.suffix in (".mjs", ".js", ".css")]
    long = {path.name for path in files if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST}
    assert long == set()
    folders = {path.parent for path in files}
    assert [folder.name for folder in folders if len(list(folder.iterdir())) > LARGEST] == []


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    """A copy that may be changed."""
    return Path(shutil.copytree(ASSETS, tmp_path / "assets"))


@pytest.fixture
def client(demo_store: StateStore, assets: Path) -> FlaskClient:
    client: FlaskClient = create_app([demo_store], assets=assets, prefix="/hsvis/").server.test_client()
    return client


def import_map(page: str) -> dict[str, str]:
    """Where the page says that each module is, by its address without a version."""
    found = re.search(r'<script type="importmap">(.*?)</script>', page)
    assert found
    imports: dict[str, str] = json.loads(found[1])["imports"]
    return imports


def test_a_changed_module_has_another_address_and_no_other_has(client: FlaskClient, assets: Path) -> None:
    before = import_map(client.get("/hsvis/").text)
    assert set(before) == {f"/hsvis/assets/{name}" for name in SOURCES}
    changed = assets / "core" / "steps.mjs"
    changed.write_bytes(changed.read_bytes() + b"// another\n")
    after = import_map(client.get("/hsvis/").text)
    assert {one for one in after if after[one] != before[one]} == {"/hsvis/assets/core/steps.mjs"}


def test_the_map_stands_before_all_modules_and_each_is_named_once(client: FlaskClient) -> None:
    page = client.get("/hsvis/").text
    imports = import_map(page)
    entry = imports.pop("/hsvis/assets/main.mjs")
    assert re.findall(r'<script type="module" src="([^"]+)">', page) == [entry]
    assert re.findall(r'<link rel="modulepreload" href="([^"]+)">', page) == list(imports.values())
    assert page.index("importmap") < page.index("modulepreload") < page.index('type="module"')
    assert all(page.count(f'"{address}"') == 2 for address in [entry, *imports.values()])  # map, and link


def test_the_policy_lets_the_map_of_this_page_pass(client: FlaskClient, assets: Path) -> None:
    for more in (b"", b"// another\n"):
        (assets / "main.mjs").write_bytes((assets / "main.mjs").read_bytes() + more)
        answer = client.get("/hsvis/")
        text = re.search(r'<script type="importmap">(.*?)</script>', answer.text)
        assert text
        policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
        assert hash_of(text[1]) in policy["script-src"].split()
        assert "unsafe-inline" not in policy["script-src"]


def test_browsers_keep_what_has_the_version_that_they_ask_for(client: FlaskClient, assets: Path) -> None:
    def kept(address: str) -> Any:
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer.mimetype == "text/javascript"
        return answer.headers["Cache-Control"]

    address = import_map(client.get("/hsvis/").text)["/hsvis/assets/core/dom.mjs"]
    assert "immutable" in kept(address)
    assert kept(address.split("?")[0]) == "no-cache"
    assert kept(address + "0") == "no-cache"
    module = assets / "core" / "dom.mjs"
    module.write_bytes(module.read_bytes() + b"// another\n")  # under a page that was sent before
    assert kept(address) == "no-cache"
    assert client.get(address).text.endswith("// another\n")
