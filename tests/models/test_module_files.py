"""Modules are found where Python would find them, and nothing of them is run."""

import importlib.machinery
import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from hsvis.models.module_files import module_file

ENDS = "import sys; sys.exit('this package ends whoever imports it')\n"

# files of folders on the path, a module, the file that it has ("" for none)
CASES = {
    "module": (["one/mod.py"], "mod", "one/mod.py"),
    "package": (["one/pkg/__init__.py"], "pkg", "one/pkg/__init__.py"),
    "in a package": (["one/pkg/__init__.py", "one/pkg/mod.py"], "pkg.mod", "one/pkg/mod.py"),
    "deep": (
        ["one/a/__init__.py", "one/a/b/__init__.py", "one/a/b/c.py"], "a.b.c", "one/a/b/c.py"),
    "package in a package": (
        ["one/a/__init__.py", "one/a/b/__init__.py"], "a.b", "one/a/b/__init__.py"),
    "the first counts": (["one/mod.py", "two/mod.py"], "mod", "one/mod.py"),
    "package before module": (["one/a/__init__.py", "one/a.py"], "a", "one/a/__init__.py"),
    "namespace": (["one/ns/mod.py"], "ns.mod", "one/ns/mod.py"),
    "namespace in two places": (["one/ns/other.py", "two/ns/mod.py"], "ns.mod", "two/ns/mod.py"),
    "namespace in a namespace": (["one/a/x.py", "two/a/b/mod.py"], "a.b.mod", "two/a/b/mod.py"),
    "package in a namespace": (["two/a/b/__init__.py", "two/a/b/m.py"], "a.b.m", "two/a/b/m.py"),
    "a regular package hides a namespace": (["one/ns/mod.py", "two/ns/__init__.py"], "ns.mod", ""),
    "a namespace itself": (["one/ns/mod.py"], "ns", ""),
    "nothing": (["one/mod.py"], "other", ""),
    "nothing in a package": (["one/pkg/__init__.py"], "pkg.mod", ""),
    "a module is no package": (["one/mod.py"], "mod.sub", ""),
    "in an archive": (["lib.zip!pkg/__init__.py", "lib.zip!pkg/mod.py"], "pkg.mod", "lib.zip"),
    "no name": ([], "", ""),
    "an odd name": (["one/mod.py"], "mod..mod", ""),
}  # fmt: skip


def write(folder: Path, files: list[str]) -> list[str]:
    """Writes the files; gives the path that they are found on."""
    for name in files:
        archive, _, inside = name.rpartition("!")
        if archive:
            with zipfile.ZipFile(folder / archive, "a") as opened:
                opened.writestr(inside, ENDS)
        else:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(ENDS)
    return [str(folder / name) for name in ("one", "two", "lib.zip")]


@pytest.mark.parametrize("case", CASES)
def test_a_module_is_found_and_no_package_is_run(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, name, expected = CASES[case]
    monkeypatch.setattr(sys, "path", [*write(tmp_path, files), *sys.path])
    before = set(sys.modules)
    found = module_file(name)
    assert found == (tmp_path / expected if expected else None)
    assert not any(one.partition(".")[0] in ("a", "ns", "pkg", "mod") for one in set(sys.modules) - before)


@pytest.mark.parametrize("case", [one for one in CASES if CASES[one][1] and ".." not in CASES[one][1]])
def test_it_is_where_python_finds_it(case: str, tmp_path: Path) -> None:
    """Of packages that can be imported, Python's own answer, in a process of its own."""
    files, name, expected = CASES[case]
    path = write(tmp_path, files)
    for file in tmp_path.rglob("*.py"):
        file.write_text("")
    if (tmp_path / "lib.zip").exists():
        (tmp_path / "lib.zip").unlink()
        with zipfile.ZipFile(tmp_path / "lib.zip", "w") as opened:
            for one in files:
                opened.writestr(one.partition("!")[2], "")
    asked = (
        f"import sys; sys.path[:0] = {path!r}\nfrom importlib.util import find_spec\n"
        f"try:\n    spec = find_spec({name!r})\nexcept ModuleNotFoundError:\n    spec = None\n"
        "print(spec.origin if spec and spec.origin and spec.loader else '')"
    )
    said = subprocess.run([sys.executable, "-S", "-c", asked], capture_output=True, text=True, check=True)
    told = said.stdout.strip()
    assert told.startswith(str(tmp_path / expected)) if expected else told == ""


def test_a_package_that_was_installed_editable_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a finder, as setuptools writes it."""
    write(tmp_path, ["one/src/pkg/__init__.py", "one/src/pkg/mod.py"])

    class Finder:
        @classmethod
        def find_spec(
            cls, fullname: str, path: object = None, target: object = None
        ) -> importlib.machinery.ModuleSpec | None:
            if fullname == "pkg":
                init = tmp_path / "one" / "src" / "pkg" / "__init__.py"
                return importlib.util.spec_from_file_location(fullname, init)
            if fullname.startswith("pkg."):
                raise KeyError("asks for what is not imported")
            return None

    monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
    assert module_file("pkg.mod") == tmp_path / "one" / "src" / "pkg" / "mod.py"
