"""Data flows one way, and so do imports: each stage knows only the stages before it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "hsvis"

# from the beginning of the data's way to its end; a module may import from its own level and those before
ORDER = [
    ["hsvis", "errors", "places", "progress", "overrides", "child", "users", "database"],
    ["access", "admission", "notes"],
    ["config"],
    ["corpus"],
    ["models"],
    ["extraction"],
    ["cache", "pages", "direct"],
    ["tables", "parts", "states", "tokenising"],
    ["sample", "index"],
    ["embedding"],
    ["store", "report"],
    ["built"],
    ["job"],
    ["pipeline"],
    ["check", "offers"],
    ["analysis"],
    ["figures"],
    ["dashboard"],
    ["sockets"],
    ["server"],
    ["serving", "users_command"],
    ["cli", "__main__"],
]
LEVEL = {name: level for level, names in enumerate(ORDER) for name in names}
FORBIDDEN = {
    "figures": {"dash", "dash_ag_grid", "torch", "openTSNE", "datasets", "flask"},
    "analysis": {"dash", "dash_ag_grid", "torch", "openTSNE", "datasets", "flask", "plotly"},
    "dashboard": {"torch", "openTSNE", "datasets"},
    "store": {"torch", "openTSNE", "datasets", "dash", "plotly"},
}
FILES = sorted(PACKAGE.rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Every module that a file imports, at its top or inside a function."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            module = node.module or ""
            names |= {f"{module}.{alias.name}" for alias in node.names} if module == "hsvis" else {module}
    return names


def stage(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in LEVEL else "hsvis"


def test_every_module_has_its_place_in_the_order() -> None:
    stages = {p.relative_to(PACKAGE).parts[0].removesuffix(".py") for p in FILES} - {"__init__", "__main__"}
    assert stages <= set(LEVEL)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_import_goes_against_the_way_of_the_data(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py").replace("__init__", "hsvis")
    for module in imported(path):
        root = module.split(".")[0]
        if root == "hsvis":
            assert LEVEL[stage(module)] <= LEVEL[own], f"{own} imports {module}"
        assert root not in FORBIDDEN.get(own, set()), f"{own} imports {module}"


def test_opening_and_serving_a_built_run_needs_no_torch() -> None:
    script = (
        "import sys, hsvis.pipeline, hsvis.dashboard, hsvis.cli; "
        "print([m for m in ('torch', 'openTSNE') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
