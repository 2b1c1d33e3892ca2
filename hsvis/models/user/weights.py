"""Weights of a user's own model: a checkpoint's file -> the module, and whether they are numbers at all.

Nothing in a checkpoint is executed; what can't be read without that is refused by `pickles`.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import nn

from hsvis.errors import ModelError, nearest
from hsvis.models.foreign import foreign_file
from hsvis.models.user.pickles import refusal

NAMED = 5  # keys of a checkpoint that a message names
INSIDE = ("state_dict", "model_state_dict", "model", "net", "weights")  # where programs keep the state dict
WRAPPERS = ("_orig_mod.", "module.")  # what torch.compile and DataParallel put into names

Weights = dict[str, torch.Tensor]


def load_weights(module: nn.Module, path: Path) -> str:
    """Loads a checkpoint into a module: safetensors, or a torch file that holds nothing but tensors.

    Names that only differ by what was wrapped around the model (`module.`, `_orig_mod.`, `model.`) fit, and
    so do weights that the module shares under two names.

    Returns:
        What was done, a clause for people.

    Raises:
        ModelError: no such file, one that can't be read, or weights of another architecture or not finite.
    """
    weights, dropped = _without_dropped(read_weights(path))
    weights, done = _rename(weights, module)
    done, own = done + dropped, module.state_dict()
    missing = sorted(set(own) - set(weights) - set(_shared_names(module, weights)))
    extra = sorted(set(weights) - set(own))
    if missing or extra:
        raise ModelError(
            f"`model.checkpoint`: {path}: is the checkpoint of another architecture."
            + (f" It lacks {_some(missing)}." if missing else "")
            + (f" It has {_some(extra)} besides." if extra else "")
            + " Check `model.factory` and `model.kwargs`."
        )
    other = [name for name, weight in weights.items() if _shape(weight) != _shape(own[name])]
    if other:
        name = other[0]
        raise ModelError(
            f"`model.checkpoint`: {path}: `{name}` has the shape {_shape(weights[name])}, the model's has "
            f"{_shape(own[name])}"
            + (f" (and {len(other) - 1} more weights differ)" if len(other) > 1 else "")
            + ". Check `model.kwargs`."
        )
    buffers = dict(module.named_buffers())
    for name, weight in weights.items():
        if why := _not_a_number(weight, buffer=name in buffers):
            raise ModelError(
                f"`model.checkpoint`: {path}: `{name}` {why}. Name another checkpoint, or train again."
            )
    module.load_state_dict(weights, strict=False)  # what is missing is shared with what is there
    return f"{len(weights)} weights from {path}" + done


def check_weights(module: nn.Module) -> None:
    """Raises ModelError for a weight that is NaN, infinite, or has no values yet."""
    named = [(name, weight, False) for name, weight in module.named_parameters()]
    for name, weight, buffer in named + [(name, one, True) for name, one in module.named_buffers()]:
        if torch.nn.parameter.is_lazy(weight) or weight.is_meta:
            raise ModelError(
                f"the weight `{name}` has no values yet. Name a `model.checkpoint`, or let the factory make "
                "them."
            )
        if why := _not_a_number(weight, buffer=buffer):
            raise ModelError(f"the weight `{name}` {why}. Load another checkpoint, or train again.")


def read_weights(path: Path) -> Weights:
    """The state dict in a file.  Raises ModelError: there is none, or not without running code."""
    if told := foreign_file(path):
        raise ModelError(f"`model.checkpoint`: {path}: {told}")
    if not path.is_file():
        raise ModelError(f"`model.checkpoint`: {path}: {_not_there(path)}")
    try:
        if not path.stat().st_size:
            raise ModelError(f"`model.checkpoint`: {path}: is empty. Copy or save it again.")
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except ModelError:
        raise
    except safetensors.SafetensorError as error:
        raise ModelError(
            f"`model.checkpoint`: {path}: is not a complete safetensors file ({error}). Copy or save it "
            "again; a torch file ends in .pt."
        ) from error
    except Exception as error:  # pickles that need code, damaged archives: torch raises many kinds
        raise ModelError(f"`model.checkpoint`: {path}: {refusal(path, error)}") from error
    inner = next((content[key] for key in INSIDE if _is_state_dict(_get(content, key))), content)
    if not _is_state_dict(inner):
        is_dict = isinstance(content, dict) and content
        held = f"but the keys {_some(list(map(str, content)))}" if is_dict else f"but {_kind(content)}"
        raise ModelError(
            f"`model.checkpoint`: {path}: holds no state dict {held}. Save `model.state_dict()`."
        )
    return dict(inner)


def _not_there(path: Path) -> str:
    if path.is_dir():
        return "is a folder. Name the file in it."
    if not path.parent.is_dir():
        return f"there is no such file, nor its folder; relative paths start from {Path.cwd()}."
    there = [str(path.parent / one.name) for one in sorted(path.parent.iterdir()) if one.is_file()]
    return f"there is no such file. {nearest(str(path), there, every=False)}".rstrip()


def _get(content: Any, key: str) -> Any:
    return content.get(key) if isinstance(content, Mapping) else None


def _is_state_dict(content: Any) -> bool:
    return (
        isinstance(content, Mapping)
        and bool(content)
        and all(isinstance(weight, torch.Tensor) for weight in content.values())
    )


def _kind(content: Any) -> str:
    is_empty = content is None or (isinstance(content, Mapping | list | tuple | str) and not content)
    return "nothing at all" if is_empty else type(content).__name__


def _without_dropped(weights: Weights) -> tuple[Weights, str]:
    """The weights without those that weight drop makes of others in each call, and what was left aside.

    It keeps `weight_hh_l0_raw`, and sets `weight_hh_l0` of the layer, which a model that was evaluated before
    it was saved has as a weight too.
    """
    raw = {name.removesuffix("_raw") for name in weights if name.endswith("_raw")}
    made = [name for name in weights if name in raw or _without(name, "module") in raw]
    left = f"; {_some(made)}, made of the `_raw` weights, left aside" if made else ""
    return {name: weight for name, weight in weights.items() if name not in made}, left


def _without(name: str, part: str) -> str:
    """A name without the last but one of its parts, if that is `part`."""
    *outer, last = name.split(".")
    return ".".join([*outer[:-1], last]) if outer[-1:] == [part] else name


def _rename(weights: Weights, module: nn.Module) -> tuple[Weights, str]:
    """The weights by the module's own names, if only a wrapper changed them; what was taken off or put on."""
    own = set(module.state_dict())
    if own <= set(weights):
        return weights, ""
    for removed in WRAPPERS:
        plain = {name.replace(removed, ""): weight for name, weight in weights.items()}
        if set(plain) == own and len(plain) == len(weights):
            return plain, f"; `{removed}` was taken off their names"
    for put in _prefixes(own, weights):  # the module is a wrapper of what was saved
        wrapped = {f"{put}{name}": weight for name, weight in weights.items()}
        if set(wrapped) == own:
            return wrapped, f"; `{put}` was put before their names"
    fitting = [
        prefix for prefix in _prefixes(weights, own) if all(f"{prefix}{name}" in weights for name in own)
    ]
    if len(fitting) != 1:
        return weights, ""
    prefix = fitting[0]
    left = [name for name in weights if name.removeprefix(prefix) not in own]
    done = f"; `{prefix}` was taken off their names" + (f", {_some(left)} left aside" if left else "")
    return {name: weights[f"{prefix}{name}"] for name in own}, done


def _prefixes(long: Iterable[str], short: Iterable[str]) -> Iterator[str]:
    """What stands before one of the shorter names in those that end with it."""
    name = min(short, default="")
    yield from (one.removesuffix(name) for one in sorted(long) if one.endswith(f".{name}"))


def _shared_names(module: nn.Module, weights: Weights) -> Iterator[str]:
    """Names of weights that are one with another that the checkpoint has (safetensors keep one of them)."""
    named = module.state_dict(keep_vars=True)
    there = {id(weight) for name, weight in named.items() if name in weights}
    yield from (name for name, weight in named.items() if id(weight) in there)


def _shape(weight: Any) -> tuple[int, ...]:
    return () if torch.nn.parameter.is_lazy(weight) else tuple(weight.shape)


def _not_a_number(weight: torch.Tensor, *, buffer: bool) -> str | None:
    """Why a weight can't be computed with.  A buffer may hold minus infinity: masks do."""
    if not weight.is_floating_point():
        return None
    bad = weight.isnan() | (weight.isposinf() if buffer else weight.isinf())
    count = int(bad.sum())
    return f"is NaN or infinite ({count:,} of {weight.numel():,} values)" if count else None


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:NAMED])
    return shown + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def weights_hash(module: nn.Module) -> str:
    """Hash of all weights and buffers that a module has, by name, kind, shape and value."""
    digest = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        for part in _parts(value):
            if not isinstance(part, torch.Tensor) or _has_no_values(part):
                digest.update(f"{name} {part!r}\n".encode())
                continue
            digest.update(f"{name} {part.dtype} {tuple(part.shape)}\n".encode())
            digest.update(part.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _parts(value: Any) -> Iterator[Any]:
    """What a weight is made of: of quantised ones, their numbers, scales and zero points."""
    if isinstance(value, torch.ScriptObject):
        yield from _parts(value.__getstate__())
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _parts(one)
    elif isinstance(value, torch.Tensor) and value.is_quantized:
        yield value.int_repr()
        if value.qscheme() in (torch.per_tensor_affine, torch.per_tensor_symmetric):
            yield from (value.q_scale(), value.q_zero_point())
        else:
            yield from (value.q_per_channel_scales(), value.q_per_channel_zero_points())
    else:
        yield value


def _has_no_values(weight: torch.Tensor) -> bool:
    return torch.nn.parameter.is_lazy(weight) or weight.is_meta
