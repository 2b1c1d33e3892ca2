"""The manifest of a run: what it holds, what it was made of, and the size of every file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from hsvis import __version__
from hsvis.config import AnswerKind
from hsvis.errors import CacheError
from hsvis.run.facts import (
    ColumnFacts,
    Keys,
    LayerFacts,
    ModelFacts,
    ProjectionFacts,
    RemarkFacts,
    SeriesFacts,
    Training,
)
from hsvis.run.folder import RunFolder
from hsvis.run.language.facts import LanguageFacts
from hsvis.storage.files import FORMAT, key_of, write_bytes

KEPT_COLUMNS = "kept columns"  # the stage that puts columns of the dataset into the table of sequences
KEPT = (".parquet", ".records")  # files of a run that are not the manifest itself


class Manifest(BaseModel):
    """What `manifest.json` holds; what a newer version adds is kept as it is.

    Attributes:
        config: as it was checked, with all defaults.
        sequences, states: S and N.
        answers: what the model answers; `hsvis.run.kinds.answers` has what each kind has.
        test_errors: of numbers, over the whole test split: `mae`, `rmse` and `r2`, the share of the variance.
        labels: what has a label, each "sequence" or each "step".
        language: of a model that answers with the next token; it has no classes.
        left_out: split (`shown`: of the rows to analyse) -> reason -> rows.
        repeated: texts shown that stand there before.
        decisions, warnings: what was decided that nobody said, and what seems wrong.
        columns: of the dataset that are kept for each sequence.
        sources: of what the model or the states are made beside the config: name -> hash of its content.
        stages: stage -> key of what it made last; a run of an earlier version names none.
        times, files: stage -> seconds, path in the folder -> bytes.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

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
    test_errors: dict[str, float | None] = {}
    own_model: ModelFacts | None = None
    answers: AnswerKind = "classes"
    labels: Literal["sequence", "step"] = "sequence"
    language: LanguageFacts | None = None
    training: Training = Training()
    left_out: dict[str, dict[str, int]] = {}
    repeated: int = 0
    decisions: list[RemarkFacts] = []
    warnings: list[RemarkFacts] = []
    sources: dict[str, str] = {}
    columns: list[ColumnFacts] = []
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

    @property
    def columns_key(self) -> str:
        """Tells the kept columns from any others; "" where there are none."""
        return self.stages.get(KEPT_COLUMNS, "") if self.columns else ""

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
        return not self.broken(folder)

    def broken(self, folder: RunFolder) -> list[str]:
        """The files that are named, but are not there with the size they had."""
        return [file for file, size in self.files.items() if _size(folder.path / file) != size]


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def kept_files(folder: RunFolder) -> dict[str, int]:
    """Bytes of every table of a run, by its path in the folder."""
    found = sorted(p for p in folder.path.rglob("*") if p.suffix in KEPT and not p.name.startswith("."))
    return {str(p.relative_to(folder.path)): p.stat().st_size for p in found}


@dataclass(frozen=True)
class Unreadable:
    """A manifest that is there, but tells nothing.

    Attributes:
        text: why, and what to do, with its path.
        must_stay: whether no build may replace it: another hsvis wrote it, or nobody knows what it says.
    """

    text: str
    must_stay: bool = False


def inspect_manifest(folder: RunFolder) -> Manifest | Unreadable | None:
    """The manifest, or why it can't be read; None if there is none."""
    path = folder.manifest
    try:
        return _parse(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return Unreadable(
            f"{path}: can't be read: {error.strerror or error}. Nothing was changed. Make it readable, or "
            "set HSVIS_CACHE to another folder.",
            must_stay=True,
        )
    except _OtherFormatError as error:
        return Unreadable(
            f"{path}: is of format {error}; this is hsvis {__version__}, which reads format {FORMAT}. "
            "Nothing was changed. Update hsvis, or set HSVIS_CACHE to another folder; or delete the run's "
            "folder to have it built by this version.",
            must_stay=True,
        )
    except (ValueError, RecursionError) as error:  # nested too deep for a manifest
        why = str(error).partition("\n")[0]
        return Unreadable(
            f"{path}: was cut, edited or damaged ({why}). Build the run again: it is written anew, and what "
            "else is whole is kept, but for projections that the config does not name."
        )


class _OtherFormatError(Exception):
    """Says the format, and which hsvis wrote it."""


def _parse(written: bytes) -> Manifest:
    """Raises ValueError where it is not as it was written, _OtherFormatError."""
    try:
        content = json.loads(written)
    except ValueError:
        raise ValueError("it is no JSON any more") from None
    if not isinstance(content, dict):
        raise ValueError("it is no manifest")
    checksum, its_format = content.pop("checksum", None), content.get("format")
    fits = checksum == key_of(manifest={**content, "format": FORMAT})
    if isinstance(its_format, int) and its_format != FORMAT and not fits:
        versions = content.get("versions")
        wrote = versions.get("python_package") if isinstance(versions, dict) else None
        raise _OtherFormatError(f"{its_format}, written by {f'hsvis {wrote}' if wrote else 'another hsvis'}")
    if its_format != FORMAT or not fits:
        raise ValueError("its checksum is that of another content")
    return Manifest.model_validate(content)


def read_manifest(folder: RunFolder) -> Manifest | None:
    """The manifest; None if there is none, or it is not as it was written."""
    found = inspect_manifest(folder)
    return found if isinstance(found, Manifest) else None


def replaceable_manifest(folder: RunFolder) -> tuple[Manifest | None, str]:
    """The manifest that a build goes on from, and why there is none although a file is there.

    Raises:
        CacheError: it is of another version of hsvis, or can't be read: no build may replace it.
    """
    found = inspect_manifest(folder)
    if not isinstance(found, Unreadable):
        return found, ""
    if found.must_stay:
        raise CacheError(found.text)
    return None, found.text


def manifest_of(folder: RunFolder) -> Manifest:
    """The manifest of a run that must be there.  Raises CacheError."""
    found = inspect_manifest(folder)
    if isinstance(found, Manifest):
        return found
    if found is not None:
        raise CacheError(found.text)
    raise CacheError(f"{folder.path}: there is no built run. Build it with `hsvis build CONFIG`.")


def write_manifest(folder: RunFolder, manifest: Manifest) -> None:
    """Raises CacheError."""
    write_content(folder, json.loads(json.dumps(manifest.model_dump())))  # as it will be read


def write_content(folder: RunFolder, content: Mapping[str, Any]) -> None:
    """Writes a manifest's JSON with its checksum.  Raises CacheError."""
    checked = {**content, "checksum": key_of(manifest=dict(content))}
    write_bytes(folder.manifest, json.dumps(checked, indent=2, ensure_ascii=False).encode())
