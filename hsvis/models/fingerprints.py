"""What a run is made of beside its config and dataset, by the hashes of files: for its key."""

import ast
import hashlib
import site
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from hsvis.config import Config, UserModelSettings
from hsvis.corpus import recorded_files
from hsvis.corpus.splitters import SPLITTERS
from hsvis.models.module_files import module_file

BLOCK = 2**20
MISSING = "missing"
OWN = "hsvis"  # its version is in the manifest; where it lies must not make another run
UNSEEN = ("weights", "reading", "cutting")  # of `Provider.sources`: what only running the model tells


def sources(config: Config) -> dict[str, str]:
    """Hashes of the files that decide what a run holds: of a user's model, or those of `states_from`."""
    if config.states_from is not None:
        return {"states_from": recorded_files.fingerprint(Path(config.states_from))}
    found = fingerprints(config.model) if isinstance(config.model, UserModelSettings) else {}
    return found | split_hashes(config.tokens.split)


def split_hashes(split: str | None) -> dict[str, str]:
    """Hashes of the files that `tokens.split` names."""
    if split is None or split in SPLITTERS:
        return {}
    if split.endswith(".json"):
        return {"split": file_hash(Path(split))}
    return _of_code("split", split)


def function_hash(reference: str) -> str:
    """One hash of the files that decide what `package.module:function` does."""
    return repr(sorted(_of_code("function", reference).items()))


def unseen(config: Config) -> str:
    """What `sources` can't tell of a config without running somebody's code; "" where it tells all."""
    model = config.model
    if config.states_from is not None:
        return ""
    split = config.tokens.split
    if split_hashes(split) and not str(split).endswith(".json"):
        return (
            f"The function {split} cuts the texts: whether it still cuts them as in this run can't be told "
            "without calling it. Building again does, and changes nothing if it does."
        )
    return _unseen_of(model) if isinstance(model, UserModelSettings) else ""


def _unseen_of(model: UserModelSettings) -> str:
    named = (model.factory, model.tokenizer, model.forward, model.states)
    code = [one for one in named if one and ":" in one]
    hidden = next((one for one in code if _origin(one) is None), None)
    if hidden is not None:
        return (
            f"The file of {hidden.partition(':')[0]} is not found without importing its package: whether its "
            "code is still that of this run can't be told. Give the run another `name` after changing it."
        )
    if model.checkpoint is None:
        return (
            f"The factory {model.factory} brings its own weights: whether they are still those of this run "
            "can't be told without calling it. Building again does, and changes nothing if they are."
        )
    if model.tokenizer is None or ":" in model.tokenizer:
        return (
            "The model's own code reads the texts: whether it still reads them as in this run can't be told "
            "without calling it. Building again does, and changes nothing if it does."
        )
    return ""


def fingerprints(settings: UserModelSettings) -> dict[str, str]:
    """Hashes of the files that decide what the model answers: its code and what calls it, weights, tokenizer.

    Of code, the modules that it imports count too (`… imports`), where they are the user's own; what is
    installed, or imported under a name that is made while it runs, is not seen.  A file that is not there
    is "missing": loading the model says so.
    """
    named = {"factory": settings.factory, "tokenizer": settings.tokenizer or ""}
    named |= {name: one for name in ("forward", "states") if (one := getattr(settings, name)) is not None}
    found: dict[str, str] = {}
    for name, reference in named.items():
        if ":" in reference:
            found |= _of_code(name, reference)
    files = {"checkpoint": settings.checkpoint, "tokenizer": settings.tokenizer}
    return found | {name: file_hash(Path(one)) for name, one in files.items() if one and name not in found}


def _of_code(name: str, reference: str) -> dict[str, str]:
    """Hashes of the file of a reference, and of the user's own modules that it imports."""
    origin = _origin(reference)
    found = {name: file_hash(origin) if origin else MISSING}
    is_code = origin is not None and origin.suffix == ".py"
    imported = own_imports(origin, reference.partition(":")[0]) if origin and is_code else []
    if imported:
        found[f"{name} imports"] = _joint_hash(imported)
    return found


def _origin(reference: str) -> Path | None:
    """The file of the module that a reference names."""
    return module_file(reference.partition(":")[0])


def own_imports(origin: Path, module: str) -> list[Path]:
    """The files of the user's own modules that a module imports, and those that these import.

    Of a module that is installed, those of its own package.

    Args:
        origin: the file of the module.
        module: its name, `package.module`.
    """
    is_package = origin.name == "__init__.py"
    root = origin.parents[len(module.split(".")) - (0 if is_package else 1)]
    beside = [Path(one or ".").resolve() for one in sys.path if not _is_installed(Path(one or "."))]
    roots = [root] if _is_installed(root) else [root, *beside]
    # of an installed package, itself alone
    family = module.partition(".")[0] if _is_installed(root) else ""
    seen: dict[Path, None] = {}
    waiting = [(origin, module if is_package else module.rpartition(".")[0])]
    while waiting:
        file, package = waiting.pop()
        for name in _imports(file, package):
            top = name.partition(".")[0]
            if top == OWN or (family and top != family):
                continue
            for path, inside in _files_of(name, roots):
                if path != origin and path not in seen:
                    seen[path] = None
                    waiting.append((path, inside))
    return sorted(seen)


def _is_installed(path: Path) -> bool:
    """Whether modules at a place of `sys.path` come with Python or were installed."""
    known = [*site.getsitepackages(), site.getusersitepackages(), *sysconfig.get_paths().values()]
    resolved = path.resolve()
    return resolved.suffix == ".zip" or any(resolved.is_relative_to(Path(one).resolve()) for one in known)


def _imports(file: Path, package: str) -> Iterator[str]:
    """Names of the modules that a file may import; `package`: the one that it is in, "" for none."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):  # loading the model says so
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".") if package else []
            base = above[: len(above) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            if module:
                yield module
            yield from (f"{module}.{alias.name}".lstrip(".") for alias in node.names if alias.name != "*")


def _files_of(module: str, roots: list[Path]) -> Iterator[tuple[Path, str]]:
    """The files that importing a module runs, its packages' own first; each with the package it is in."""
    parts = module.split(".")
    for root in roots:
        found = []
        for depth in range(1, len(parts) + 1):
            name, place = ".".join(parts[:depth]), root.joinpath(*parts[:depth])
            if (place / "__init__.py").is_file():
                found.append((place / "__init__.py", name))
            elif place.with_suffix(".py").is_file():
                found.append((place.with_suffix(".py"), name.rpartition(".")[0]))
        if found:
            yield from found
            return


def _joint_hash(files: list[Path]) -> str:
    """One hash of the content of several files, whatever their folders are called."""
    digest = hashlib.sha256()
    for one in sorted((path.name, file_hash(path)) for path in files):
        digest.update(repr(one).encode())
    return digest.hexdigest()


def file_hash(path: Path) -> str:
    """SHA-256 of a file's content; "missing" where it can't be read, or has no end, as a device."""
    digest = hashlib.sha256()
    try:
        if not path.is_file():
            return MISSING
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
    except OSError:
        return MISSING
    return digest.hexdigest()
