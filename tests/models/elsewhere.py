"""A second device without a GPU: tensors that say they are on `meta`, and are computed on the CPU.

Whatever mixes tensors of the two, or reads one that was not brought back, fails as it does on a GPU.
"""

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

TO = torch.ops.aten._to_copy.default
BETWEEN = (TO, torch.ops.aten.copy_.default)  # what may see both devices


class There(torch.Tensor):
    """A tensor on the other device; `inner` holds its values."""

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> "There":
        made = torch.Tensor._make_wrapper_subclass(
            cls, inner.shape, strides=inner.stride(), dtype=inner.dtype, device="meta"
        )
        made.inner = inner
        return made

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise AssertionError("outside of `Elsewhere`")


class Elsewhere(TorchDispatchMode):
    """While it is on, `meta` is a device that computes.

    Attributes:
        computed: names of the operations that were computed there.
    """

    def __init__(self) -> None:
        super().__init__()
        self.computed: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        given = [one for one in tree_leaves((args, kwargs)) if isinstance(one, torch.Tensor)]
        there = [one for one in given if isinstance(one, There)]
        if func not in BETWEEN and there and any(one.dim() for one in given if not isinstance(one, There)):
            raise RuntimeError(f"{func}: expected all tensors to be on the same device")
        target = kwargs.get("device")
        stays = bool(there)
        if target is not None:
            stays = torch.device(target).type == "meta"
            kwargs["device"] = torch.device("cpu")
        if stays:
            self.computed.add(func._schema.name)
        found = func(*tree_map(_inner, args), **tree_map(_inner, kwargs))

        def back(value: Any) -> Any:
            if not isinstance(value, torch.Tensor) or not stays:
                return value
            same = next((one for one in there if one.inner is value), None)  # of operations in place
            return There(value) if same is None else same

        return tree_map(back, found)


def _inner(value: Any) -> Any:
    return value.inner if isinstance(value, There) else value
