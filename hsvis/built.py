"""Runs that are built: found by their config, opened, given a projection; all without their dataset."""

import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import ValidationError

from hsvis import cache, places, tables
from hsvis.cache import RunFolder
from hsvis.config import Config, ProjectionSettings
from hsvis.embedding import embed, label
from hsvis.errors import CacheError, ConfigError, DamagedFileError
from hsvis.index import is_indexed, write_index
from hsvis.models.source import sources
from hsvis.progress import Progress, silent
from hsvis.states import LayerStates
from hsvis.store import StateStore

TABLES = (".parquet", ".records")
MOST_LINES = 8  # features that are drawn as lines unless the config says otherwise


def find(config: Config) -> RunFolder | None:
    """The newest run that was built of exactly this config and is whole; None if there is none.

    The files of one's own model and of `states_from` must be those of the build.  The dataset is not looked
    at: what changed in its files since is found by `pipeline.build` only.
    """
    files = sources(config)
    found = []
    for path in (places.cache_folder() / config.name).glob("*/manifest.json"):
        folder = RunFolder(path.parent)
        manifest = cache.read_manifest(folder)
        if manifest is None or manifest.get("sources", {}) != files or config_of(manifest) != config:
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


def series(folder: RunFolder, features: Sequence[str] | None, draw: str | None) -> dict[str, Any] | None:
    """What a manifest says of series: features with their ranges in the run, and how they are drawn.

    Args:
        features: names; None where the run is of texts.
        draw: "rows", "columns" or "lines"; None = by the number of features.
    """
    if features is None:
        return None
    column = cache.read_table(folder.sequences, ["values"])["values"].combine_chunks()
    values = cache.matrix(pa.chunked_array([column.flatten()]))  # (N, F)
    width = values.shape[1]
    return {
        "features": list(features if len(features) == width else map(str, range(width))),
        "low": values.min(0).tolist(),
        "high": values.max(0).tolist(),
        "draw": draw or ("lines" if width <= MOST_LINES else "columns"),
    }


def is_whole(folder: RunFolder, manifest: dict[str, Any]) -> bool:
    """Whether every file that the manifest names is there, of the size it had."""
    try:
        return all((folder.path / file).stat().st_size == size for file, size in manifest["files"].items())
    except OSError:
        return False


def opened(folder: RunFolder, first: Sequence[ProjectionSettings]) -> StateStore:
    """Opens a run: of each layer these projections in this order, then any others that it has.

    Raises:
        CacheError, DamagedFileError: as `StateStore.open`.
    """
    manifest = cache.read_manifest(folder)
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
    return f"{settings.method}-{cache.key_of(states=states_key, layer=layer, **settings.model_dump())}"


def described(
    layer: str,
    name: str,
    settings: ProjectionSettings,
    details: dict[str, Any],
    others: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    """What a manifest holds of a projection; its label is none that the layer has already."""
    taken = {p["label"] for p in others if p["layer"] == layer}
    return {
        "layer": layer,
        "name": name,
        "label": unlike(label(settings, details), settings.seed, taken),
        "settings": settings.model_dump(),
        "details": details,
    }


def unlike(shown: str, seed: int, taken: Collection[str]) -> str:
    """A label that is not taken: with its seed, and if that is not enough, with a number."""
    if shown not in taken:
        return shown
    with_seed = shown if shown.endswith(f", seed {seed}") else f"{shown}, seed {seed}"
    numbered = (f"{with_seed} ({number})" for number in range(2, len(taken) + 3))
    return next(one for one in (with_seed, *numbered) if one not in taken)


def sizes(folder: RunFolder) -> dict[str, int]:
    """Bytes of every table of a run, by its path in the folder."""
    files = sorted(p for p in folder.path.rglob("*") if p.suffix in TABLES and not p.name.startswith("."))
    return {str(p.relative_to(folder.path)): p.stat().st_size for p in files}


def embedded(
    folder: RunFolder, layer: str, name: str, settings: ProjectionSettings, lengths: np.ndarray,
    progress: Progress,
) -> dict[str, Any]:  # fmt: skip
    """Computes one projection of all states of a layer and writes it.

    Args:
        lengths: (S,) int, steps of each sequence.

    Returns:
        What was done, as in `hsvis.embedding.Embedded`.
    """
    labels = cache.read_table(folder.sequences, ["label"])["label"].to_numpy()  # (S,)
    steps = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths, dtype=np.int64) - lengths, lengths)
    states = LayerStates(folder, layer)
    assert len(states) == len(steps)
    done = embed(states, settings, progress, groups=np.repeat(labels, lengths), steps=steps)
    cache.write_table(folder.embedding(layer, name), tables.embedding_table(lengths, done.xy), done.details)
    if "note" in done.details:
        progress(f"{label(settings)}, {layer}", 1, 1, done.details["note"])
    return done.details


def has_indexes(manifest: dict[str, Any]) -> bool:
    """Whether every layer of a run has its index; runs of earlier versions get theirs by the next build."""
    empty = RunFolder(Path())
    return all(str(empty.records(layer["name"])) in manifest["files"] for layer in manifest["layers"])


def add_indexes(folder: RunFolder, progress: Progress) -> None:
    """Writes the indexes that a built run lacks.  Only under the run's lock.

    Raises:
        CacheError: the folder can't be written.
        DamagedFileError: the states can't be read.
    """
    manifest = _manifest(folder)
    times = {}
    for layer in (entry["name"] for entry in manifest["layers"]):
        began = time.perf_counter()
        if indexed(folder, layer, progress):
            times[f"index of {layer}"] = round(time.perf_counter() - began, 3)
    cache.write_manifest(folder, manifest | {"times": manifest["times"] | times, "files": sizes(folder)})


def indexed(folder: RunFolder, layer: str, progress: Progress) -> bool:
    """Writes the index of a layer unless it is there; whether it had to.  Raises as `add_indexes`."""
    states = LayerStates(folder, layer)
    if is_indexed(folder, layer, len(states)):
        return False
    write_index(folder, layer, states, progress)
    return True


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
        DamagedFileError: a file of the run can't be read; the next build makes it anew.
    """
    folder = RunFolder(path)
    _manifest(folder)
    waiting = lambda: progress("waiting", 0, 1, "another build of this run is under way")  # noqa: E731
    with cache.locked(folder.lock, waiting):
        manifest = _manifest(folder)
        layers = [entry["name"] for entry in manifest["layers"]]
        if layer not in layers:
            raise ConfigError(f"--layer {layer}: the run in {path} keeps {', '.join(layers)}.")
        name = projection_name(manifest["keys"]["states"], layer, settings)
        others = [p for p in manifest["projections"] if (p["layer"], p["name"]) != (layer, name)]
        is_known = len(others) < len(manifest["projections"])
        if is_known and cache.is_whole(folder.embedding(layer, name), manifest["states"]):
            return folder, name
        progress("reading the states", 0, 1, f"{manifest['states']:,} of {layer}")
        began = time.perf_counter()
        try:
            lengths = cache.read_table(folder.sequences, ["length"])["length"].to_numpy()
            details = embedded(folder, layer, name, settings, lengths, progress)
        except DamagedFileError as error:
            cache.set_aside(error.path)
            raise
        seconds = round(time.perf_counter() - began, 3)
        cache.write_manifest(
            folder,
            manifest
            | {
                "projections": [*others, described(layer, name, settings, details, others)],
                "times": manifest["times"] | {f"projection {name} of {layer}": seconds},
                "files": sizes(folder),
            },
        )
    return folder, name


def _manifest(folder: RunFolder) -> dict[str, Any]:
    manifest = cache.read_manifest(folder)
    if manifest is None:
        raise CacheError(
            f"{folder.path}: there is no built run. Give the folder that `hsvis build CONFIG` prints."
        )
    return manifest
