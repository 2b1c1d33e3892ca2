"""Checkpoints of the built-in classifier: one safetensors file with weights, words and report."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch

from hsvis.config import ModelSettings, TokenSettings
from hsvis.corpus.tokens import Vocabulary
from hsvis.errors import ModelError
from hsvis.models.builtin.classifier import RecurrentClassifier, Scaled
from hsvis.models.builtin.training import Trained

FORMAT = 1


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint holds; `report` as of `Trained.report`."""

    classifier: RecurrentClassifier
    vocabulary: Vocabulary
    classes: tuple[str, ...]
    tokens: TokenSettings
    report: dict[str, Any]


def checkpoint_bytes(
    trained: Trained, classes: Sequence[str], tokens: TokenSettings, settings: ModelSettings
) -> bytes:
    """The whole file, to be written by the cache."""
    features = trained.classifier.embedding
    metadata = {
        "format": FORMAT,
        "classes": list(classes),
        "tokens": tokens.model_dump(),
        "model": settings.model_dump(),
        "report": trained.report(),
        "words": trained.vocabulary.words,
        "features": features.mean.numel() if isinstance(features, Scaled) else None,
    }
    weights = {name: weight.contiguous() for name, weight in trained.classifier.state_dict().items()}
    return safetensors.torch.save(weights, {"hsvis": json.dumps(metadata, ensure_ascii=False)})


def read_checkpoint(path: Path) -> Checkpoint:
    """Reads a checkpoint; nothing in it is executed.

    Raises:
        ModelError: a file that is no hsvis checkpoint, is damaged, or does not fit its own settings.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = json.loads((file.metadata() or {})["hsvis"])
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (not a dict)
        if metadata["format"] != FORMAT:
            raise ModelError(f"{path}: is of format {metadata['format']}, this hsvis reads {FORMAT}.")
        settings = ModelSettings.model_validate(metadata["model"])
        vocabulary = Vocabulary(tuple(metadata["words"]))
        classifier = RecurrentClassifier(
            settings, len(vocabulary), len(metadata["classes"]), metadata.get("features")
        )
        classifier.load_state_dict(weights)
        tokens = TokenSettings.model_validate(metadata["tokens"])
        return Checkpoint(
            classifier.eval(), vocabulary, tuple(metadata["classes"]), tokens, metadata["report"]
        )
    except (OSError, safetensors.SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ModelError(
            f"{path}: is not a readable hsvis checkpoint ({error}). Delete it to train again."
        ) from error
