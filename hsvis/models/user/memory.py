"""What a module keeps in attributes and buffers from call to call, and how it is put back."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

OF_TORCH = frozenset(vars(nn.Module())) | {"_flat_weights", "_flat_weight_refs", "_flat_weights_names"}
DEEPEST = 4
TOLD = 4  # attributes that a sentence names


class Memory:
    """What the parts of a module keep beside their weights, as it was found: numbers, tensors, lists.

    Such as the state of a recurrent layer that goes on with it in the next call (`stateful`), or the last
    step of the sequences before.
    """

    def __init__(self, module: nn.Module) -> None:
        self._parts = {
            path: one
            for path, one in module.named_modules()
            if not isinstance(one, torch.jit.ScriptModule)  # what it keeps can't be seen
        }
        self._found = {path: dict(_kept(one)) for path, one in self._parts.items()}
        self._names = {path: set(vars(one)) for path, one in self._parts.items()}

    def changed(self) -> list[str]:
        """Paths of what is another than it was found."""
        told = []
        for path, part in self._parts.items():
            kept, found = _now(part), self._found[path]
            names = [name for name, one in found.items() if not _is_same(kept.get(name), one)]
            names += self._new(path, kept)
            told += [f"{path}.{name}".lstrip(".") for name in names]
        return told

    def restore(self) -> None:
        """Puts all back as it was found."""
        for path, part in self._parts.items():
            kept, found = _now(part), self._found[path]
            for name in self._new(path, kept):
                delattr(part, name)
            for name, one in found.items():
                if not _is_same(kept.get(name), one):
                    setattr(part, name, _copy(one))

    def _new(self, path: str, kept: dict[str, Any]) -> list[str]:
        """Names of what was not there at all."""
        known = self._names[path] | self._found[path].keys()
        return [name for name, one in kept.items() if name not in known and _is_plain(one)]

    def tell(self) -> str:
        """What was put back before each call, for people."""
        names = [f"`{one}`" for one in self.changed()]
        more = f" and {len(names) - TOLD} more" if len(names) > TOLD else ""
        return ", ".join(names[:TOLD]) + more


def _now(part: nn.Module) -> dict[str, Any]:
    """What a module keeps, not copied."""
    own = {name: one for name, one in vars(part).items() if name not in OF_TORCH}
    return own | dict(part.named_buffers(recurse=False))


def _kept(part: nn.Module) -> Iterator[tuple[str, Any]]:
    for name, one in _now(part).items():
        if _is_plain(one):
            yield name, _copy(one)


def _is_plain(value: Any, depth: int = 0) -> bool:
    """Whether a value is of numbers, tensors and None alone."""
    if type(value) in (tuple, list, dict):
        inner = value.values() if isinstance(value, dict) else value
        return depth < DEEPEST and all(_is_plain(one, depth + 1) for one in inner)
    return value is None or isinstance(value, torch.Tensor | int | float)


def _copy(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, dict):
        return {key: _copy(one) for key, one in value.items()}
    return type(value)(map(_copy, value)) if isinstance(value, tuple | list) else value


def _is_same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor) and torch.equal(one, other)
    if isinstance(one, torch.Tensor):
        return one.shape == other.shape and one.device == other.device and torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_is_same(one[key], other[key]) for key in one)
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    return bool(one == other)
