"""A user's own model, as the config names it: factory, checkpoint, tokenizer -> TorchModel."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import nn

from hsvis.config import OwnModelSettings, TokenSettings
from hsvis.corpus.series import Series
from hsvis.errors import ModelError
from hsvis.models.adapter import TorchModel, from_torch
from hsvis.models.batching import bucketed
from hsvis.models.encoders import encoder, named
from hsvis.models.text_model import read_series

NAMED = 5  # keys of a checkpoint that a message names
STEPS_PER_BATCH = 16_384


def own_model(
    settings: OwnModelSettings,
    tokens: TokenSettings,
    classes: Sequence[str],
    examples: Sequence[Any],
) -> TorchModel:
    """The model that a config describes.

    Args:
        examples: texts or series of the dataset, by which the model is tried.

    Raises:
        ModelError: what does not fit, and what to do.
    """
    module = _made(settings)
    if settings.checkpoint is not None:
        _load(module, Path(settings.checkpoint))
    series = isinstance(examples[0], Series)
    if series and settings.tokenizer is not None and ":" not in settings.tokenizer:
        raise ModelError(
            f"`model.tokenizer`: {settings.tokenizer} reads texts, but the dataset is of numbers. Leave it "
            "out, or name a function `package.module:name` that takes a Series."
        )
    encode = (
        getattr(module, "encode", None) if settings.tokenizer is None else encoder(settings.tokenizer, tokens)
    )
    if encode is None and series:
        encode = partial(read_series, tokens=tokens)
    if not callable(encode):
        raise ModelError(
            "`model.tokenizer` is missing: name a vocabulary (.txt, .json), a tokenizer.json, or a function "
            "`package.module:name`."
        )
    _check_ids(module, settings, [encode(one) for one in examples[:50]])
    return from_torch(
        module,
        classes=classes,
        encode=encode,
        probe=examples[:20],
        recurrent=settings.recurrent,
        head=settings.head,
    )


def accuracy(
    model: TorchModel, examples: Sequence[Any], labels: np.ndarray
) -> tuple[float | None, dict[str, int]]:
    """Share of the labelled examples that are answered right, None without any; and what was left out."""
    encoded = [model.encode(one) for one in examples]
    empty = np.array([len(one) == 0 for one in encoded])
    rows = np.flatnonzero(~empty & (labels >= 0))
    right = 0
    lengths = np.array([len(encoded[i]) for i in rows.tolist()], np.int64)
    for batch in bucketed(lengths, STEPS_PER_BATCH):
        at = rows[batch]
        answers = model.answer([encoded[i] for i in at.tolist()])
        right += int((answers.argmax(1) == labels[at]).sum())
    reason = "no steps" if len(examples) and isinstance(examples[0], Series) else "no words"
    left_out = {reason: int(empty.sum()), "no label": int(((labels < 0) & ~empty).sum())}
    return (right / len(rows) if len(rows) else None), left_out


def _made(settings: OwnModelSettings) -> nn.Module:
    factory = named(settings.factory, "factory")
    try:
        module = factory(**settings.kwargs)
    except Exception as error:  # whatever a user's factory raises
        raise ModelError(
            f"`model.factory`: {settings.factory} raised {type(error).__name__}: {error}. "
            "Check `model.kwargs`."
        ) from error
    if not isinstance(module, nn.Module):
        raise ModelError(
            f"`model.factory`: {settings.factory} returned {type(module).__name__}, not an nn.Module."
        )
    return module


def _load(module: nn.Module, path: Path) -> None:
    """Loads weights from safetensors, or from a torch file that holds nothing but tensors."""
    weights = _weights(path)
    missing = sorted(set(module.state_dict()) - set(weights))
    extra = sorted(set(weights) - set(module.state_dict()))
    if missing or extra:
        raise ModelError(
            f"{path}: is the checkpoint of another architecture."
            + (f" It lacks {_some(missing)}." if missing else "")
            + (f" It has {_some(extra)} besides." if extra else "")
            + " Check `model.factory` and `model.kwargs`."
        )
    shapes = {name: tuple(weight.shape) for name, weight in module.state_dict().items()}
    other = [name for name, weight in weights.items() if tuple(weight.shape) != shapes[name]]
    if other:
        name = other[0]
        raise ModelError(
            f"{path}: `{name}` has the shape {tuple(weights[name].shape)}, the model's has {shapes[name]}"
            + (f" ({len(other)} weights differ)" if len(other) > 1 else "")
            + ". Check `model.kwargs`."
        )
    module.load_state_dict(weights)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:NAMED])
    return shown + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def _weights(path: Path) -> dict[str, torch.Tensor]:
    if not path.is_file():
        raise ModelError(f"`model.checkpoint`: {path}: there is no such file.")
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except safetensors.SafetensorError as error:
        raise ModelError(f"{path}: is no readable safetensors file ({error}).") from error
    except Exception as error:  # pickles that need code, damaged archives: torch raises many kinds
        raise ModelError(
            f"{path}: can't be read without running code in it ({str(error).splitlines()[0]}). In the "
            "program that made it, run `torch.save(model.state_dict(), path)` and name that file."
        ) from error
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict) or not all(isinstance(w, torch.Tensor) for w in content.values()):
        raise ModelError(f"{path}: holds no state dict. Save `model.state_dict()`.")
    return content


def _check_ids(module: nn.Module, settings: OwnModelSettings, encoded: Sequence[Any]) -> None:
    """Ids beyond the embedding would be an IndexError deep inside the model."""
    tables = [(name, one) for name, one in module.named_modules() if isinstance(one, nn.Embedding)]
    ids = [one.inputs for one in encoded if len(one) and one.inputs.ndim == 1]
    if not tables or not ids:
        return
    name, table = tables[0]
    largest = max(int(one.max()) for one in ids)
    if largest >= table.num_embeddings:
        raise ModelError(
            f"`model.tokenizer`: {settings.tokenizer} gives ids up to {largest}, but `{name}` has only "
            f"{table.num_embeddings} entries. It is the vocabulary of another model."
        )
