"""Data flows one way, and so do imports: each room knows only the rooms before it."""

import ast
import json
import resource
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "hsvis"

# from the beginning of the data's way to its end; a module may import from its own room and those before
ORDER = [
    *("__init__", "errors", "progress", "remarks", "paths"),
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


# no work at import

IMPORT_ALL = """
import builtins, hashlib, importlib, json, os, random, sys, threading
import numpy as np

def no_scrypt(*_, **__):
    raise AssertionError("a password is hashed at import")

written, real_open, real_os_open = [], builtins.open, os.open

def noted_open(file, mode="r", *rest, **named):
    if set(mode) & set("wax+"):
        written.append(str(file))
    return real_open(file, mode, *rest, **named)

def noted_os_open(file, flags, *rest, **named):
    if flags & (os.O_WRONLY | os.O_RDWR):
        written.append(str(file))
    return real_os_open(file, flags, *rest, **named)

def world():
    kind, keys, *rest = np.random.get_state()
    return {
        "random": random.getstate(), "numpy.random": [kind, keys.tolist(), *rest],
        "environment": dict(os.environ), "folder": os.getcwd(),
        "threads": [one.name for one in threading.enumerate()],
    }

others, modules = sys.argv[1].split(","), sys.argv[2].split(",")
for name in others:
    importlib.import_module(name)  # what these do is theirs
hashlib.scrypt, builtins.open, os.open, sys.dont_write_bytecode = no_scrypt, noted_open, noted_os_open, True
before = world()
for name in modules:
    importlib.import_module(name)
    changed = [key for key, value in world().items() if value != before[key]]
    assert not changed, f"{name} changes {changed}"
    assert not written, f"{name} writes {written}"
holding = {}
for name in modules:
    for key, value in vars(sys.modules[name]).items():
        kind = type(value)
        holding.setdefault(f"{kind.__module__}.{kind.__qualname__}", []).append(f"{name}.{key}")
print(json.dumps(holding))
"""
OTHERS = (
    "torch,openTSNE,sklearn.cluster,sklearn.decomposition,datasets,dash,dash_ag_grid,pyarrow.parquet,waitress"
)
CHANGING = ("collections.deque", "collections.defaultdict", "collections.OrderedDict", "threading.local",
            "_thread.lock", "_thread.RLock", "threading.Condition", "threading.Semaphore", "threading.Thread",
            "mmap.mmap", "_io.TextIOWrapper", "_io.BufferedWriter", "random.Random",
            "numpy.random._generator.Generator", "numpy.random.mtrand.RandomState")  # fmt: skip


@pytest.fixture(scope="module")
def kept_by_modules() -> dict[str, list[str]]:
    """What modules hold at their top, by type; an interpreter of its own imports them all."""
    names = [".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in FILES]
    modules = [name.removesuffix(".__init__") for name in names]
    command = [sys.executable, "-c", IMPORT_ALL, OTHERS, ",".join(modules)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_importing_a_module_does_no_work(kept_by_modules: dict[str, list[str]]) -> None:
    assert kept_by_modules, "passwords, random states, the environment, threads and files are looked at above"


def test_no_module_keeps_what_changes(kept_by_modules: dict[str, list[str]]) -> None:
    assert not {kind: names for kind, names in kept_by_modules.items() if kind in CHANGING}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_function_changes_what_its_module_holds(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    held = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.Lambda):
            continue
        own = {
            one.id
            for one in ast.walk(function)
            if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
        }
        own |= {one.arg for one in ast.walk(function) if isinstance(one, ast.arg)}
        for node in ast.walk(function):
            assert not isinstance(node, ast.Global), f"{path}: global {node.names}"
            assert not held & (_changed(node) - own), f"{path}: {ast.unparse(node)}"


def _changed(node: ast.AST) -> set[str]:
    """Names of what a node changes in place: an entry of it is set or deleted, or a method changes it."""
    changers = {"append", "appendleft", "extend", "insert", "add", "update", "setdefault", "pop", "popleft",
                "popitem", "remove", "discard", "clear"}  # fmt: skip
    if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
        return {node.value.id} if isinstance(node.value, ast.Name) else set()
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in changers:
        return {node.func.value.id} if isinstance(node.func.value, ast.Name) else set()
    return set()


MOST_START = 0.150  # seconds of processor time


def test_the_version_is_told_at_once() -> None:
    """Processor time, in turns with a bare interpreter, so that a busy machine makes no difference."""

    def took(*arguments: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    beyond = [took("-m", "hsvis", "--version") - took("-c", "") for _ in range(5)]
    assert statistics.median(beyond) < MOST_START


def test_the_command_line_imports_no_libraries_before_a_command_is_chosen() -> None:
    heavy = {"numpy", "pandas", "pyarrow", "torch", "sklearn", "scipy", "openTSNE", "datasets", "pydantic",
             "yaml", "flask", "werkzeug", "dash", "plotly"}  # fmt: skip
    script = f"import sys, hsvis.cli; print(sorted({heavy!r} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
