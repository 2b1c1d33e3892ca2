"""Writes docs/where.md: which file owns each id, store, route, setting and command.

python docs/where.py
"""

import ast
import inspect
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from hsvis.config import Config

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
PAGE = ROOT / "docs" / "where.md"
DASHBOARD = ROOT / "hsvis" / "dashboard"
IDS = DASHBOARD / "page" / "ids.py"
HEAD = """# Where things are

From what is seen, typed or asked to the file that owns it. Made by `python docs/where.py`; a test keeps it
current. Rooms and the way of the data are in [architecture.md](architecture.md).
"""


def python_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


@cache
def scripts() -> list[Path]:
    return sorted(path for path in (ROOT / "assets").rglob("*") if path.suffix in (".mjs", ".js"))


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def named(paths: Iterable[Path]) -> str:
    """Files as they are named in a cell."""
    return "<br>".join(f"`{path.relative_to(ROOT)}`" for path in paths) or "–"


def table(head: str, rows: Iterable[str]) -> str:
    columns = head.count("|") + 1
    return f"| {head} |\n|{' --- |' * columns}\n" + "\n".join(rows) + "\n"


def ids() -> dict[str, str]:
    """Constant in page/ids.py -> id on the page."""
    found = {}
    for node in ast.parse(text_of(IDS)).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            found[node.targets[0].id] = str(node.value.value)  # type: ignore[attr-defined]
    return found


def mentioning(constant: str, paths: Iterable[Path]) -> list[Path]:
    return [path for path in paths if re.search(rf"\bids\.{constant}\b", text_of(path))]


@cache
def outputs(path: Path) -> set[str]:
    """The constants that a callback module writes to."""
    found = set()
    for node in ast.walk(ast.parse(text_of(path))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Output" and node.args:
            first = node.args[0]
            if isinstance(first, ast.Attribute):
                found.add(first.attr)
    return found


def in_scripts(identity: str) -> list[Path]:
    """Scripts that address an id by name."""
    pattern = re.compile(rf"""["'`#]{re.escape(identity)}(?![\\w-])""")
    return [path for path in scripts() if pattern.search(text_of(path))]


def id_rows(*, stores: bool) -> Iterator[str]:
    """A row an id: where it stands on the page, which callback writes it, which scripts address it."""
    page = [path for path in python_files(DASHBOARD / "page") if path != IDS]
    callbacks = python_files(DASHBOARD / "callbacks")
    store_names = set(stored())
    for constant, identity in sorted(ids().items(), key=lambda one: one[1]):
        if (constant in store_names) != stores:
            continue
        there = mentioning(constant, page)
        written = [path for path in callbacks if constant in outputs(path)]
        yield f"| `{identity}` | {named(there)} | {named(written)} | {named(in_scripts(identity))} |"


def stored() -> list[str]:
    """The constants that are ids of stores: those of `dcc.Store` on the page."""
    layout = text_of(DASHBOARD / "page" / "layout.py")
    listed = re.findall(
        r"\b([A-Z_]{3,})\b", "".join(re.findall(r"STORES = \((.*?)\)", text_of(IDS), re.DOTALL))
    )
    made = re.findall(r"dcc\.Store\(id=ids\.(\w+)", layout)
    more = re.findall(r"ids\.(\w+)", "".join(re.findall(r"\*ids\.STORES,(.*?)\)", layout, re.DOTALL)))
    return sorted({*listed, *made, *more})


def routes() -> dict[str, Path]:
    """Rule -> the file that answers, as a real app with everything switched on has them."""
    from benchmarks.synthetic import write_run  # noqa: PLC0415
    from hsvis.dashboard import create_app  # noqa: PLC0415
    from hsvis.notes import Notes  # noqa: PLC0415
    from hsvis.web.access import Access  # noqa: PLC0415
    from hsvis.web.users import Users  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        store = write_run(Path(folder) / "run", 100)
        access = Access(True, Users(Path(folder) / "users.json"), bytes(32))
        app = create_app([store], notes=Notes(Path(folder) / "notes.sqlite"), access=access)
    found = {}
    for rule in app.server.url_map.iter_rules():
        view = app.server.view_functions[rule.endpoint]
        module = sys.modules[inspect.unwrap(view).__module__]
        file = Path(str(module.__file__)).resolve()
        if file.is_relative_to(ROOT / "hsvis"):
            found[str(rule).lstrip("/")] = file
    return dict(sorted(found.items()))


def route_rows() -> Iterator[str]:
    yield from (f"| `{rule or '/'}` | {named([path])} |" for rule, path in routes().items())


def settings(block: type[BaseModel] = Config, prefix: str = "") -> Iterator[tuple[str, str]]:
    """(dotted key, class that has it) of every setting."""
    for name, field in block.model_fields.items():
        blocks = list(_blocks(field.annotation))
        yield f"{prefix}{name}", block.__name__
        for inner in blocks:
            many = "list" in str(field.annotation)
            yield from settings(inner, f"{prefix}{name}.{'N.' if many else ''}")


def _blocks(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _blocks(inner)


def setting_rows() -> Iterator[str]:
    """A row a setting: its block, and the modules that read it."""
    modules = [
        (path, *_attributes(text_of(path)))
        for path in python_files(ROOT / "hsvis")
        if path.parent.name != "config"
    ]
    seen: dict[str, list[str]] = {}
    for key, block in settings():
        seen.setdefault(key, []).append(block)
    for key, blocks in seen.items():
        field = key.rpartition(".")[2]
        readers = [
            path
            for path, owners, code in modules
            if any(_reads(owners.get(field, set()), code, block) for block in blocks)
        ]
        yield f"| `{key}` | `{'`, `'.join(blocks)}` | {named(readers)} |"


def _attributes(source: str) -> tuple[dict[str, set[str]], str]:
    """Attribute -> names of what it is read of, in a module; and its code without comments."""
    tree = ast.parse(source)
    found: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = getattr(node.value, "attr", getattr(node.value, "id", ""))
            found.setdefault(node.attr, set()).add(owner)
    return found, ast.unparse(tree)


def _reads(owners: set[str], code: str, block: str) -> bool:
    """Whether a module reads a field of a block, by the names that blocks have in the code."""
    of = {
        "Config": {"config", "_config"},
        "DatasetSettings": {"dataset", "settings"},
        "TokenSettings": {"tokens", "t"},
        "StateSettings": {"states", "settings"},
        "DataFiles": {"files", "data_files"},
    }.get(block, {"settings", "_settings", "model", "wanted"})
    return any(block == "Config" or block in code or owner != "settings" for owner in owners & of)


def commands() -> dict[str, list[Path]]:
    """Command -> the files that do it: what its function in cli.py imports."""
    source = ROOT / "hsvis" / "cli.py"
    tree = ast.parse(text_of(source))
    added = [
        node.args[0].value
        for path in (source, *python_files(ROOT / "hsvis" / "serve"))
        for node in ast.walk(ast.parse(text_of(path)))
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", "") == "add_parser"
        and getattr(node.func.value, "id", "") == "commands"  # type: ignore[attr-defined]
        and isinstance(node.args[0], ast.Constant)
    ]
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    found = {}
    for name in added:
        function = functions.get(f"_{name.replace('-', '_')}")
        inside = [
            node.module
            for node in ast.walk(function or tree)
            if isinstance(node, ast.ImportFrom) and node.module and (function or name in node.module)
        ]
        files = [ROOT / (module.replace(".", "/") + ".py") for module in inside]
        packages = [path if path.is_file() else path.with_suffix("") / "__init__.py" for path in files]
        serving = sorted((ROOT / "hsvis" / "serve").glob(f"{name}*.py")) + (
            [ROOT / "hsvis" / "serve" / "options.py"] if name == "serve" else []
        )
        found[name] = list(dict.fromkeys([source, *serving, *packages]))
    return found


def page() -> str:
    """The whole text of docs/where.md."""
    sections: list[tuple[str, Callable[[], str]]] = [
        ("Ids", lambda: table("id | made in | written by | scripts", id_rows(stores=False))),
        (
            "Stores\nScripts write them by `assets/core/stores.mjs` alone",
            lambda: table("store | made in | written by | scripts", id_rows(stores=True)),
        ),
        (
            "Routes",
            lambda: table("address | answered by", route_rows()),
        ),
        (
            "Settings of a config\nFields, defaults and help are in `hsvis/config/`",
            lambda: table("key | block | read by", setting_rows()),
        ),
        (
            "Commands",
            lambda: table(
                "command | files", (f"| `hsvis {name}` | {named(at)} |" for name, at in commands().items())
            ),
        ),
    ]
    parts = [HEAD]
    for title, make in sections:
        heading, _, remark = title.partition("\n")
        parts.append(f"## {heading}\n" + (f"{remark}.\n\n" if remark else "\n") + make())
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
