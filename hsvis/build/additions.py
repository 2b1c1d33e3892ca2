"""What is added to a built run: projections, and the neighbour index of each layer."""

import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from hsvis.build.projecting import embed, label
from hsvis.config import ProjectionSettings
from hsvis.errors import CacheError, ConfigError, DamagedFileError
from hsvis.progress import Progress, silent
from hsvis.run import tables
from hsvis.run.find import projection_name
from hsvis.run.folder import RunFolder
from hsvis.run.manifest import read_manifest, write_manifest
from hsvis.run.neighbour_index import is_indexed, write_index
from hsvis.run.states import LayerStates
from hsvis.storage import files, parquet

TABLES = (".parquet", ".records")
MOST_LINES = 8  # features that are drawn as lines unless the config says otherwise


def series(folder: RunFolder, features: Sequence[str] | None, draw: str | None) -> dict[str, Any] | None:
    """What a manifest says of series: features with their ranges in the run, and how they are drawn.

    Args:
        features: names; None where the run is of texts.
        draw: "rows", "columns" or "lines"; None = by the number of features.
    """
    if features is None:
        return None
    column = parquet.read_table(folder.sequences, ["values"])["values"].combine_chunks()
    values = parquet.matrix(pa.chunked_array([column.flatten()]))  # (N, F)
    width = values.shape[1]
    return {
        "features": list(features if len(features) == width else map(str, range(width))),
        "low": values.min(0).tolist(),
        "high": values.max(0).tolist(),
        "draw": draw or ("lines" if width <= MOST_LINES else "columns"),
    }


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
    found = sorted(p for p in folder.path.rglob("*") if p.suffix in TABLES and not p.name.startswith("."))
    return {str(p.relative_to(folder.path)): p.stat().st_size for p in found}


def embedded(
    folder: RunFolder, layer: str, name: str, settings: ProjectionSettings, lengths: np.ndarray,
    progress: Progress,
) -> dict[str, Any]:  # fmt: skip
    """Computes one projection of all states of a layer and writes it.

    Args:
        lengths: (S,) int, steps of each sequence.

    Returns:
        What was done, as in `hsvis.build.projecting.Embedded`.
    """
    labels = parquet.read_table(folder.sequences, ["label"])["label"].to_numpy()  # (S,)
    steps = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths, dtype=np.int64) - lengths, lengths)
    states = LayerStates(folder, layer)
    assert len(states) == len(steps)
    done = embed(states, settings, progress, groups=np.repeat(labels, lengths), steps=steps)
    parquet.write_table(folder.embedding(layer, name), tables.embedding_table(lengths, done.xy), done.details)
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
    write_manifest(folder, manifest | {"times": manifest["times"] | times, "files": sizes(folder)})


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
    with files.locked(folder.lock, waiting):
        manifest = _manifest(folder)
        layers = [entry["name"] for entry in manifest["layers"]]
        if layer not in layers:
            raise ConfigError(f"--layer {layer}: the run in {path} keeps {', '.join(layers)}.")
        name = projection_name(manifest["keys"]["states"], layer, settings)
        others = [p for p in manifest["projections"] if (p["layer"], p["name"]) != (layer, name)]
        is_known = len(others) < len(manifest["projections"])
        if is_known and parquet.is_whole(folder.embedding(layer, name), manifest["states"]):
            return folder, name
        progress("reading the states", 0, 1, f"{manifest['states']:,} of {layer}")
        began = time.perf_counter()
        try:
            lengths = parquet.read_table(folder.sequences, ["length"])["length"].to_numpy()
            details = embedded(folder, layer, name, settings, lengths, progress)
        except DamagedFileError as error:
            files.set_aside(error.path)
            raise
        seconds = round(time.perf_counter() - began, 3)
        write_manifest(
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
    manifest = read_manifest(folder)
    if manifest is None:
        raise CacheError(
            f"{folder.path}: there is no built run. Give the folder that `hsvis build CONFIG` prints."
        )
    return manifest
