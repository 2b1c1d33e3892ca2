"""build(config) -> StateStore: what is missing of a run is made, stage by stage, and the run is opened.

corpus -> provider (trained where its checkpoint is missing) -> states, EPs and distances part by part
-> projections -> neighbour indexes -> statistics of words -> manifest
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from hsvis import paths
from hsvis.build.plan import Plan
from hsvis.build.projections import ProjectionStage, in_order
from hsvis.build.stages import make_missing, missing, stages
from hsvis.build.states import series_facts
from hsvis.config import Config, ProjectionSettings
from hsvis.errors import CacheError, ConfigError, DamagedFileError
from hsvis.progress import Progress, silent
from hsvis.run.find import open_run
from hsvis.run.folder import RunFolder
from hsvis.run.manifest import (
    Manifest,
    Unreadable,
    inspect_manifest,
    kept_files,
    manifest_of,
    read_manifest,
    replaceable_manifest,
    write_manifest,
)
from hsvis.run.store import StateStore
from hsvis.storage import files, parquet


def build(config: Config, progress: Progress = silent) -> StateStore:
    """Builds what is missing of a run, and opens it.

    Raises:
        DataError, ModelError, CacheError: with what to do; whatever was finished is kept.
    """
    plan = Plan.of(config, progress)
    folder = plan.folder
    manifest, damage = replaceable_manifest(folder)
    if damage:
        progress("repairing", 1, 1, damage)
    # where nothing can be written, a run is shown without what it can do without
    can_write = os.access(folder.path, os.W_OK)
    if manifest is not None and _is_current(plan, folder, manifest, required=not can_write):
        with suppress(DamagedFileError):
            if can_write:
                _check_footers(folder, manifest)
            return open_run(folder, config.projections, _update_config(plan, folder, manifest))
    repaired: set[Path] = set()
    with files.locked(folder.lock, _waiting(progress)):
        while True:
            try:
                return open_run(folder, config.projections, _complete(plan, folder))
            except DamagedFileError as error:
                if error.path in repaired:
                    raise
                repaired.add(error.path)
                progress("repairing", 1, 1, str(error))
                if error.is_of_content:
                    files.set_aside(error.path)


def locate(config: Config) -> tuple[RunFolder, Manifest | None, bool]:
    """The folder of a run, its manifest if there is one, and whether all of it is built.

    Raises:
        CacheError: its manifest can't be read.
    """
    plan = Plan.of(config, silent)
    folder = plan.folder
    manifest = inspect_manifest(folder)
    if isinstance(manifest, Unreadable):
        raise CacheError(manifest.text)
    return folder, manifest, manifest is not None and _is_current(plan, folder, manifest, required=True)


def project(
    path: Path, layer: str, settings: ProjectionSettings, progress: Progress = silent
) -> tuple[RunFolder, str]:
    """Adds a projection to a built run, from the states that it has; one that is there is left as it is.

    Args:
        path: the run's folder, as `hsvis build` prints it.

    Returns:
        The folder and the projection's name.

    Raises:
        CacheError: there is no built run in the folder, or it can't be written.
        ConfigError: the run keeps no such layer.
        DamagedFileError: a file of the run can't be read; the next build makes it again.
    """
    folder = RunFolder(paths.in_utf8(path, "the run"))
    manifest_of(folder)
    with files.locked(folder.lock, _waiting(progress)):
        manifest = manifest_of(folder)
        if layer not in manifest.layer_names:
            raise ConfigError(f"--layer {layer}: the run in {path} keeps {', '.join(manifest.layer_names)}.")
        stage = ProjectionStage(manifest.keys.states, layer, settings)
        if not stage.is_whole(folder, manifest):
            progress("reading the states", 0, 1, f"{manifest.states:,} of {layer}")
        try:
            made = make_missing(lambda _: [stage], folder, manifest, progress)
        except DamagedFileError as error:
            if error.is_of_content:
                files.set_aside(error.path)
            raise
        if made is not None and made != manifest:
            write_manifest(folder, made)
    return folder, stage.id


def _waiting(progress: Progress) -> Callable[[], None]:
    return lambda: progress("waiting", 0, 1, "another build of this run is under way")


def _is_current(plan: Plan, folder: RunFolder, manifest: Manifest, *, required: bool) -> bool:
    """Whether the manifest and every file it names are there, and all that the plan asks for."""
    wanted = stages(plan, manifest)
    return not missing(wanted, folder, manifest, required=required) and manifest.is_whole(folder)


def _complete(plan: Plan, folder: RunFolder) -> Manifest:
    """Makes all that is missing, under the run's lock, and writes the manifest where it changed."""
    before, _ = replaceable_manifest(folder)
    files.sweep(folder.path)
    if before is not None:
        _check_footers(folder, before)
    made = make_missing(lambda manifest: stages(plan, manifest), folder, before, plan.progress)
    assert made is not None  # the states at least are missing where there is no manifest
    first = [one for one in stages(plan, made) if isinstance(one, ProjectionStage)]
    made = in_order(_config_of_plan(plan, folder, made), folder, first).but(files=kept_files(folder))
    if made != before:
        try:
            write_manifest(folder, made)
        except CacheError as error:
            if before is None or not _is_current(plan, folder, before, required=True):
                raise
            plan.progress("manifest", 1, 1, str(error))  # it is shown without what came new
            return before
    return made


def _check_footers(folder: RunFolder, manifest: Manifest) -> None:
    """Raises DamagedFileError: a table has another footer than it had, also one that nothing here reads."""
    for name in manifest.files:
        path = folder.path / name
        if path.suffix == ".parquet" and path.exists():  # what is missing is made
            with parquet.open_file(path):
                pass


def _config_of_plan(plan: Plan, folder: RunFolder, manifest: Manifest) -> Manifest:
    """Settings that change no table, such as how numbers are drawn, are those of the last build."""
    config = plan.config.model_dump(mode="json")
    if manifest.config == config:
        return manifest
    series = series_facts(folder, plan.corpus.features, plan.config.dataset.draw)
    return manifest.but(config=config, series=series)


def _update_config(plan: Plan, folder: RunFolder, manifest: Manifest) -> Manifest:
    """The manifest with the config of this build, written where it changed and can be written."""
    changed = _config_of_plan(plan, folder, manifest)
    if changed == manifest:
        return manifest
    with suppress(CacheError), files.locked(folder.lock, lambda: None):  # a cache may be for reading only
        changed = _config_of_plan(plan, folder, read_manifest(folder) or manifest)
        write_manifest(folder, changed)
    return changed
