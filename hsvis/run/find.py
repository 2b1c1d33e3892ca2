"""Runs that are built: found by their config, and opened, without their dataset."""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from pydantic import ValidationError

from hsvis import paths
from hsvis.config import Config, ProjectionSettings
from hsvis.models.fingerprints import UNSEEN, sources, unseen
from hsvis.run.folder import RunFolder
from hsvis.run.manifest import Manifest, Unreadable, inspect_manifest, manifest_of, read_manifest
from hsvis.run.store import StateStore
from hsvis.storage.files import key_of


@dataclass(frozen=True)
class FoundRun:
    """A built run of a config.

    Attributes:
        doubt: what can't be told without running the model's own code; "" where it is surely this run.
    """

    folder: RunFolder
    manifest: Manifest
    doubt: str = ""


def find_run(config: Config) -> FoundRun | None:
    """The newest run that was built of exactly this config and is whole; None if there is none.

    The files of a user's model and of `states_from` must be those of the build.  The dataset is not looked
    at: what changed in its files since is found by `pipeline.build` only.
    """
    made_of: dict[str, str] | None = None
    found = []
    for path in (paths.cache_folder() / config.name).glob("*/manifest.json"):
        folder = RunFolder(path.parent)
        manifest = read_manifest(folder)
        if manifest is None or config_of(manifest) != config:
            continue
        if made_of is None:  # read only where it decides: files may be large
            made_of = sources(config)
        if _is_made_of(manifest, made_of) and manifest.is_whole(folder):
            with suppress(OSError):
                found.append((path.stat().st_mtime_ns, FoundRun(folder, manifest, unseen(config))))
    return max(found, key=lambda one: one[0])[1] if found else None


def find_damage(config: Config) -> str:
    """Why a config has no whole run, though the folder of one, or a manifest that can't be read, is there.

    Returns:
        What is wrong and what to do; "" where nothing was built.
    """
    told = []
    for path in sorted((paths.cache_folder() / config.name).glob("*/manifest.json")):
        folder = RunFolder(path.parent)
        found = inspect_manifest(folder)
        if isinstance(found, Unreadable):
            told.append(found.text)
            continue
        broken = found.broken(folder) if found is not None and config_of(found) == config else []
        if found is not None and broken and _is_made_of(found, sources(config)):
            more = " …" if len(broken) > 3 else ""
            told.append(
                f"{folder.path}: damaged or missing: {', '.join(broken[:3])}{more}. "
                "Build the run again: only what is damaged is made again."
            )
    return " ".join(told).replace(f"{paths.cache_folder()}{os.sep}", "")  # pages are told this, too


def _is_made_of(manifest: Manifest, made_of: dict[str, str]) -> bool:
    """Whether all that can be told without running the model is as it was."""
    return {name: key for name, key in manifest.sources.items() if name not in UNSEEN} == made_of


def config_of(manifest: Manifest) -> Config | None:
    """What a run was built of, settings that came later at their defaults; None if it is none any more."""
    try:
        return Config.model_validate(manifest.config)
    except ValidationError:
        return None


def open_run(
    folder: RunFolder, first: Sequence[ProjectionSettings], manifest: Manifest | None = None
) -> StateStore:
    """Opens a run: of each layer these projections in this order, then any others that it has.

    Args:
        manifest: where it was read already.

    Raises:
        CacheError, DamagedFileError: as `StateStore.open`.
    """
    manifest = manifest or manifest_of(folder)
    there = [(one.layer, one.name) for one in manifest.projections]
    key = manifest.keys.states
    wanted = [(layer, projection_name(key, layer, one)) for layer in manifest.layer_names for one in first]
    order = [one for one in wanted if one in there] + [one for one in there if one not in wanted]
    return StateStore.open(folder, order, manifest)


def projection_name(states_key: str, layer: str, settings: ProjectionSettings) -> str:
    """`<method>-<key>`: the name of a projection's file, and its id on the page."""
    return f"{settings.method}-{key_of(states=states_key, layer=layer, **settings.model_dump())}"
