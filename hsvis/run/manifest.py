"""The manifest of a run: what it holds, what it was made of, and the size of every file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from hsvis.errors import CacheError
from hsvis.run.folder import RunFolder
from hsvis.storage.files import FORMAT, key_of, write_bytes

KEPT = (".parquet", ".records")  # files of a run that are not the manifest itself


class _Facts(BaseModel):
    """What a newer version adds is kept as it is; what an older one lacks has a default."""

    model_config = ConfigDict(frozen=True, extra="allow")


class LayerFacts(_Facts):
    """One recurrent layer, direction and kind, as in `hsvis.models.protocol.Layer`."""

    name: str
    kind: str
    size: int
    direction: str = "forward"


class SeriesFacts(_Facts):
    """Of runs of numbers: F features, the range of each in the run, and how they are drawn."""

    features: list[str]
    low: list[float]
    high: list[float]
    draw: str


class ProjectionFacts(_Facts):
    """One projection of a layer; `name` is `<method>-<key>`, `details` as in `build.projecting.Embedded`."""

    layer: str
    name: str
    label: str
    settings: dict[str, Any]
    details: dict[str, Any]


class ModelFacts(_Facts):
    """How a model that hsvis did not train is understood: its answers, and the way to its EPs and why."""

    answers: str
    ep: str
    why: str


class Training(_Facts):
    """The epochs of the built-in classifier's training, and the one that was kept."""

    epochs: list[dict[str, Any]] = []
    kept_epoch: int | None = None


class RemarkFacts(_Facts):
    """What was decided, or seems wrong, as `hsvis.remarks.Remark`."""

    code: str
    text: str


class Keys(_Facts):
    """Hashes of all that decides the model, and the states."""

    model: str
    states: str


class Manifest(_Facts):
    """What `manifest.json` holds.

    Attributes:
        config: as it was checked, with all defaults.
        sequences, states: S and N.
        left_out: split (`shown`: of the rows to analyse) -> reason -> rows.
        repeated: texts shown that stand there before.
        decisions, warnings: what was decided that nobody said, and what seems wrong.
        sources: of what the model or the states are made beside the config: name -> hash of its content.
        stages: stage -> key of what it made last; a run of an earlier version names none.
        times: stage -> seconds.
        files: path in the folder -> bytes.
    """

    format: int = FORMAT
    name: str
    config: dict[str, Any]
    classes: list[str]
    layers: list[LayerFacts]
    series: SeriesFacts | None = None
    sequences: int
    states: int
    train_accuracy: float | None = None
    test_accuracy: float | None = None
    own_model: ModelFacts | None = None
    training: Training = Training()
    left_out: dict[str, dict[str, int]] = {}
    repeated: int = 0
    decisions: list[RemarkFacts] = []
    warnings: list[RemarkFacts] = []
    sources: dict[str, str] = {}
    keys: Keys
    stages: dict[str, str] = {}
    projections: list[ProjectionFacts] = []
    versions: dict[str, str] = {}
    times: dict[str, float] = {}
    files: dict[str, int] = {}

    def but(self, **changes: Any) -> "Manifest":
        """The same with some fields changed."""
        return self.model_copy(update=changes)

    @property
    def layer_names(self) -> list[str]:
        return [layer.name for layer in self.layers]

    def projection(self, layer: str, name: str) -> ProjectionFacts | None:
        """The projection of a layer that has this name."""
        return next((one for one in self.projections if (one.layer, one.name) == (layer, name)), None)

    def names(self, folder: RunFolder, path: Path) -> bool:
        """Whether a file is one of the run."""
        return str(path.relative_to(folder.path)) in self.files

    def has(self, folder: RunFolder, *paths: Path) -> bool:
        """Whether these files are named, and are there with the size they had."""
        named = [str(path.relative_to(folder.path)) for path in paths]
        return all(one in self.files and _size(folder.path / one) == self.files[one] for one in named)

    def is_whole(self, folder: RunFolder) -> bool:
        """Whether every file that is named is there, with the size it had."""
        return all(_size(folder.path / file) == size for file, size in self.files.items())


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def kept_files(folder: RunFolder) -> dict[str, int]:
    """Bytes of every table of a run, by its path in the folder."""
    found = sorted(p for p in folder.path.rglob("*") if p.suffix in KEPT and not p.name.startswith("."))
    return {str(p.relative_to(folder.path)): p.stat().st_size for p in found}


def read_manifest(folder: RunFolder) -> Manifest | None:
    """The manifest; None if there is none, or it is not as it was written."""
    try:
        content = json.loads(folder.manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        return None
    if content.pop("checksum", None) != key_of(manifest=content):
        return None
    try:
        return Manifest.model_validate(content)
    except ValidationError:
        return None


def manifest_of(folder: RunFolder) -> Manifest:
    """The manifest of a run that must be there.  Raises CacheError."""
    manifest = read_manifest(folder)
    if manifest is None:
        raise CacheError(f"{folder.path}: there is no built run. Build it with `hsvis build CONFIG`.")
    return manifest


def write_manifest(folder: RunFolder, manifest: Manifest) -> None:
    """Raises CacheError."""
    content = json.loads(json.dumps(manifest.model_dump()))  # as it will be read
    write_content(folder, content)


def write_content(folder: RunFolder, content: Mapping[str, Any]) -> None:
    """Writes a manifest's JSON with its checksum.  Raises CacheError."""
    checked = {**content, "checksum": key_of(manifest=dict(content))}
    write_bytes(folder.manifest, json.dumps(checked, indent=2, ensure_ascii=False).encode())
