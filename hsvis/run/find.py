"""Runs that are built: found by their config, and opened, without their dataset."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from hsvis import paths
from hsvis.config import Config, ProjectionSettings
from hsvis.models.fingerprints import sources
from hsvis.run.folder import RunFolder
from hsvis.run.manifest import read_manifest
from hsvis.run.store import StateStore
from hsvis.storage import files


def find_run(config: Config) -> RunFolder | None:
    """The newest run that was built of exactly this config and is whole; None if there is none.

    The files of one's own model and of `states_from` must be those of the build.  The dataset is not looked
    at: what changed in its files since is found by `pipeline.build` only.
    """
    made_of = sources(config)
    found = []
    for path in (paths.cache_folder() / config.name).glob("*/manifest.json"):
        folder = RunFolder(path.parent)
        manifest = read_manifest(folder)
        if manifest is None or manifest.get("sources", {}) != made_of or config_of(manifest) != config:
            continue
        if is_whole(folder, manifest):
            with suppress(OSError):
                found.append((path.stat().st_mtime_ns, folder))
    return max(found, key=lambda one: one[0])[1] if found else None


def config_of(manifest: dict[str, Any]) -> Config | None:
    """What a run was built of, settings that came later at their defaults; None if it is none any more."""
    try:
        return Config.model_validate(manifest["config"])
    except ValidationError:
        return None


def is_whole(folder: RunFolder, manifest: dict[str, Any]) -> bool:
    """Whether every file that the manifest names is there, of the size it had."""
    try:
        return all((folder.path / file).stat().st_size == size for file, size in manifest["files"].items())
    except OSError:
        return False


def open_run(folder: RunFolder, first: Sequence[ProjectionSettings]) -> StateStore:
    """Opens a run: of each layer these projections in this order, then any others that it has.

    Raises:
        CacheError, DamagedFileError: as `StateStore.open`.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        return StateStore.open(folder)  # says what is missing
    there = [(p["layer"], p["name"]) for p in manifest["projections"]]
    layers = [layer["name"] for layer in manifest["layers"]]
    key = manifest["keys"]["states"]
    asked = [(layer, projection_name(key, layer, one)) for layer in layers for one in first]
    order = [one for one in asked if one in there] + [one for one in there if one not in asked]
    return StateStore.open(folder, order)


def projection_name(states_key: str, layer: str, settings: ProjectionSettings) -> str:
    """`<method>-<key>`: the name of a projection's file, and its id on the page."""
    return f"{settings.method}-{files.key_of(states=states_key, layer=layer, **settings.model_dump())}"
