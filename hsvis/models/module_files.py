"""Where a module lies, found without importing anything: not even the packages that it is in.

`importlib.util.find_spec("a.b")` imports `a`, which runs its code; a server that only offers a run must not.
"""

import importlib.machinery
import os
import pkgutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.machinery import ModuleSpec
from pathlib import Path

# what Python itself looks with: the places of a path are looked at one by one here, as Python's own finder
# asks for the packages above a namespace package, which are not imported
OWN = (
    importlib.machinery.PathFinder,
    importlib.machinery.BuiltinImporter,
    importlib.machinery.FrozenImporter,
)


def module_file(name: str) -> Path | None:
    """The file of a module, of one in an archive the archive; None where there is none.

    A package that tells only when it is imported where its modules lie is not asked.
    """
    places: list[str] = [one or os.getcwd() for one in sys.path]
    spec = None
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        spec = _find(".".join(parts[:depth]), places, is_top=depth == 1)
        if spec is None:
            return None
        places = list(spec.submodule_search_locations or ())
    if spec is None or not spec.origin or spec.loader is None:
        return None
    archive = getattr(spec.loader, "archive", None)
    return Path(archive or spec.origin)


def _find(name: str, places: Sequence[str], *, is_top: bool) -> ModuleSpec | None:
    """The module in these places; the first regular one, else a namespace of all that there are."""
    for finder in sys.meta_path:  # of packages that were installed editable, for one
        if finder not in OWN and hasattr(finder, "find_spec"):
            with suppress(Exception):  # it may know the packages above only once they are imported
                spec = finder.find_spec(name, None if is_top else places)
                if spec is not None:
                    return spec
    shared: list[str] = []
    for place in places:
        part: ModuleSpec | None = None
        with suppress(ImportError, OSError, ValueError, AttributeError):
            part = pkgutil.get_importer(place).find_spec(name)  # type: ignore[union-attr]
        if part is not None and part.loader is not None:
            return part
        shared += (part.submodule_search_locations or ()) if part is not None else ()
    if not shared:
        return None
    found = ModuleSpec(name, None, is_package=True)
    found.submodule_search_locations = shared
    return found
