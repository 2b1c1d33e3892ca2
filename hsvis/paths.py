"""Where things lie: the packaged folders and the cache.  The environment is read here and nowhere else."""

import os
import sys
from pathlib import Path

import platformdirs

from hsvis.errors import ConfigError

DEBUG_SWITCHES = ("DASH_DEBUG", "DASH_HOT_RELOAD", "FLASK_DEBUG")
_PACKAGE = Path(__file__).resolve().parent


def _packaged_folder(name: str) -> Path:
    """A folder that lies inside an installed wheel, or beside the package in a checkout."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def assets_folder() -> Path:
    """Style sheets and browser-side scripts."""
    return _packaged_folder("assets")


def configs_folder() -> Path:
    """The configs that come with hsvis."""
    return _packaged_folder("configs")


def config_file(path: Path) -> Path:
    """`path` itself, or the packaged config that it names (`demo`, `configs/demo.yaml`)."""
    if os.path.isfile(path) or path.suffix not in ("", ".yaml") or not path.name:
        return path
    packaged = configs_folder() / path.with_suffix(".yaml").name
    bare = path.parent in (Path(), Path("configs"))
    return packaged if bare and os.path.isfile(packaged) else path


def cache_folder() -> Path:
    """`$HSVIS_CACHE`, else the platform's user cache folder.

    Raises:
        ConfigError: its name is no UTF-8.
    """
    chosen = os.environ.get("HSVIS_CACHE")
    if chosen:
        return in_utf8(Path(chosen).expanduser(), "HSVIS_CACHE")
    return in_utf8(Path(platformdirs.user_cache_dir("hsvis", appauthor=False)), "the cache folder")


def in_utf8(path: Path, what: str) -> Path:
    """The path, if files below it can be read: arrow opens no other.

    Raises:
        ConfigError: its name is no UTF-8.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        told = str(path).encode(errors="backslashreplace").decode()
        raise ConfigError(
            f"{what}: the name of the folder {told} is not UTF-8. Set HSVIS_CACHE to a folder whose name is."
        ) from None
    return path


def data_folder() -> Path:
    """`$HSVIS_DATA`, else the platform's user data folder: what people made and no build can bring back."""
    chosen = os.environ.get("HSVIS_DATA")
    return Path(chosen).expanduser() if chosen else Path(platformdirs.user_data_dir("hsvis", appauthor=False))


def debug_switches() -> list[str]:
    """The variables, as `NAME=VALUE`, by which Dash or Flask are asked for debugging."""
    found = ((name, os.environ.get(name, "")) for name in DEBUG_SWITCHES)
    return [f"{name}={value}" for name, value in found if value.lower() not in ("", "0", "false", "no")]


def child_environment() -> dict[str, str]:
    """The environment of a process that finds the same modules as this one."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
