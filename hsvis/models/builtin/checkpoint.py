"""Checkpoints of the built-in classifier: one safetensors file with weights, words and report.

The format has no checksum: a changed bit is another weight.  So the metadata hold a hash of all that is in
the file.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch

from hsvis.config import ModelSettings, TokenSettings
from hsvis.corpus.tokens import Vocabulary
from hsvis.errors import ModelError
from hsvis.models.builtin.classifier import RecurrentClassifier, Scaled
from hsvis.models.builtin.training import Trained

FORMAT = 1
METADATA = frozenset({"format", "classes", "tokens", "model", "report", "words", "features"})
LARGEST = 1e6  # a weight beyond it was not learned


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint holds; `report` as of `Trained.report`.

    Attributes:
        sealed: its bytes as a file with a hash, where it has none, as those of earlier versions.
    """

    classifier: RecurrentClassifier
    vocabulary: Vocabulary
    classes: tuple[str, ...]
    tokens: TokenSettings
    report: dict[str, Any]
    sealed: bytes | None = None


def checkpoint_bytes(
    trained: Trained, classes: Sequence[str], tokens: TokenSettings, settings: ModelSettings
) -> bytes:
    """The whole file, to be written by the cache."""
    features = trained.classifier.embedding
    metadata = {
        "format": FORMAT,
        "classes": list(classes),
        "tokens": tokens.model_dump(),
        # the device is told by the report, where it is not the CPU
        "model": settings.model_dump(
            exclude={"device"} | ({"answers"} if settings.answers is None else set())
        ),
        "report": trained.report(),
        "words": trained.vocabulary.words,
        "features": features.mean.numel() if isinstance(features, Scaled) else None,
    }
    weights = {name: weight.contiguous() for name, weight in trained.classifier.state_dict().items()}
    return _with_hash(weights, metadata)


def _with_hash(weights: Mapping[str, torch.Tensor], metadata: Mapping[str, Any]) -> bytes:
    hashed = {**metadata, "hash": _hash(weights, metadata)}
    return safetensors.torch.save(dict(weights), {"hsvis": json.dumps(hashed, ensure_ascii=False)})


def _hash(weights: Mapping[str, torch.Tensor], metadata: Mapping[str, Any]) -> str:
    """Of names, types, shapes and values of the weights, and of the metadata."""
    digest = hashlib.sha256(json.dumps(metadata, sort_keys=True).encode())
    for name, weight in sorted(weights.items()):
        digest.update(f"\n{name} {weight.dtype} {tuple(weight.shape)}\n".encode())
        digest.update(weight.contiguous().numpy().tobytes())
    return digest.hexdigest()


def read_checkpoint(path: Path) -> Checkpoint:
    """Reads a checkpoint; nothing in it is executed.

    Raises:
        ModelError: a file that is no hsvis checkpoint, is damaged, does not fit its own settings, or holds
            weights that no training gives.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = json.loads((file.metadata() or {})["hsvis"])
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (not a dict)
        known = metadata.pop("hash", None)
        if known != _hash(weights, metadata) and (known is not None or not METADATA.issuperset(metadata)):
            raise ValueError("it is not as it was written")
        if metadata["format"] != FORMAT:
            raise ModelError(f"{path}: is of format {metadata['format']}, this hsvis reads {FORMAT}.")
        settings = ModelSettings.model_validate(metadata["model"])
        vocabulary = Vocabulary(tuple(metadata["words"]))
        classifier = RecurrentClassifier(
            settings, len(vocabulary), len(metadata["classes"]) or len(vocabulary), metadata.get("features")
        )
        classifier.load_state_dict(weights)
        _check_range(classifier)
        tokens = TokenSettings.model_validate(metadata["tokens"])
        return Checkpoint(
            classifier.eval(), vocabulary, tuple(metadata["classes"]), tokens, metadata["report"],
            _with_hash(weights, metadata) if known is None else None,
        )  # fmt: skip
    except ModelError:
        raise
    except Exception as error:  # whatever a damaged file leads to
        raise ModelError(
            f"{path}: is not a readable hsvis checkpoint ({error}). Build the run again: it is trained again."
        ) from error


def _check_range(classifier: RecurrentClassifier) -> None:
    """Raises ValueError for values that are no numbers, and weights beyond LARGEST.

    The means of features, which are not learned, may be of any size.
    """
    learned = {name for name, _ in classifier.named_parameters()}
    for name, values in classifier.state_dict().items():
        if not values.isfinite().all() or (name in learned and (values.abs() > LARGEST).any()):
            raise ValueError(f"`{name}` holds values that no training gives")
