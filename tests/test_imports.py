"""Data flows one way, and so do imports: each room knows only the rooms before it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "hsvis"

# from the beginning of the data's way to its end; a module may import from its own room and those before
ORDER = [
    *("__init__", "errors", "progress", "paths"),
    *("storage", "config"),
    *("corpus", "models"),
    *("run", "analysis"),
    *("build", "check"),
    *("notes", "figures"),
    *("catalogue", "web"),
    *("dashboard", "serve", "cli", "__main__"),
]
PLACE = {room: place for place, room in enumerate(ORDER)}
FORBIDDEN = {
    "figures": {"dash", "dash_ag_grid", "torch", "openTSNE", "datasets", "flask"},
    "analysis": {"dash", "dash_ag_grid", "torch", "openTSNE", "datasets", "flask", "plotly"},
    "run": {"torch", "openTSNE", "datasets", "dash", "plotly", "flask"},
    "catalogue": {"flask", "dash", "dash_ag_grid", "torch", "openTSNE", "datasets"},
    "web": {"torch", "openTSNE", "datasets", "plotly"},
    "dashboard": {"torch", "openTSNE", "datasets"},
}
FILES = sorted(PACKAGE.rglob("*.py"))
MOST_MODULES, MOST_LINES = 15, 300


def imported(path: Path) -> set[str]:
    """Every module that a file imports, at its top or inside a function; not for types only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    names: set[str] = set()
    for node in ast.walk(tree):
        if node in for_types:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            module = node.module or ""
            names |= {f"{module}.{alias.name}" for alias in node.names} if module == "hsvis" else {module}
    return names


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in PLACE else "__init__"


def test_every_module_has_its_place_in_the_order() -> None:
    rooms = {p.relative_to(PACKAGE).parts[0].removesuffix(".py") for p in FILES}
    assert rooms == set(PLACE)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_import_goes_against_the_way_of_the_data(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for module in imported(path):
        root = module.split(".")[0]
        if root == "hsvis":
            assert PLACE[room(module)] <= PLACE[own], f"{own} imports {module}"
        assert root not in FORBIDDEN.get(own, set()), f"{own} imports {module}"


def test_the_page_is_made_without_what_acts_on_it() -> None:
    acting = ("hsvis.dashboard.callbacks", "hsvis.dashboard.routes")
    for path in (PACKAGE / "dashboard" / "page").glob("*.py"):
        assert not [one for one in imported(path) if one.startswith(acting)], path.name


def test_rooms_and_files_are_small_enough_to_be_looked_through() -> None:
    folders = {path.parent for path in FILES}
    crowded = {str(one): n for one in folders if (n := len(list(one.glob("[!_]*.py")))) > MOST_MODULES}
    assert not crowded
    long = {str(p): n for p in FILES if (n := len(p.read_text(encoding="utf-8").splitlines())) > MOST_LINES}
    assert not long


def test_opening_and_serving_a_built_run_needs_no_torch() -> None:
    script = (
        "import sys, hsvis.build.pipeline, hsvis.dashboard.app, hsvis.cli; "
        "print([m for m in ('torch', 'openTSNE') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
