"""Where a model computes: which devices there are, what fits their memory, and how exactly they count."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import nn

from hsvis.errors import ModelError
from hsvis.models.batching import AtOnce

AnyModule = TypeVar("AnyModule", bound=nn.Module)
CPU = torch.device("cpu")
ON_A_DEVICE = 1 << 20  # padded steps at once where they fit: a pass is as many calls as a sequence has steps
SHARE = 0.5  # of the memory that is free, as other programs may come to the same GPU
OUT_OF_MEMORY = ("out of memory", "alloc_failed")  # how MPS, cuDNN and cuBLAS say it


def device_of(name: str | None) -> torch.device:
    """The device of that name: `cpu`, `cuda`, `cuda:1`, `mps`; None is the CPU.

    Raises:
        ModelError: it is not there.
    """
    device = torch.device(name or "cpu")
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if not count:
            why = "this torch is built without CUDA" if torch.version.cuda is None else "torch finds no GPU"
            raise ModelError(
                f"`model.device: {name}`: there is no GPU here ({why}). Set `model.device: cpu`, or leave "
                "it out."
            )
        if (device.index or 0) >= count:
            there = ", ".join(f"cuda:{k}" for k in range(count))
            raise ModelError(f"`model.device: {name}`: there is no such GPU. There are: {there}.")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise ModelError(f"`model.device: {name}`: there is no Apple GPU here. Set `model.device: cpu`.")
    return device


def place(module: AnyModule, name: str | None) -> AnyModule:
    """The module, moved to the device of that name.  Raises ModelError: it can't be."""
    try:
        return module.to(device_of(name))
    except (RuntimeError, AssertionError) as error:
        raise ModelError(
            f"`model.device: {name}`: the model can't be moved there: {error}. Set `model.device: cpu`."
        ) from error


def describe(device: torch.device) -> str:
    """`cpu`, or `cuda:0 (NVIDIA A100)`: for people, and for the manifest."""
    if device.type != "cuda":
        return device.type
    index = torch.cuda.current_device() if device.index is None else device.index
    return f"cuda:{index} ({torch.cuda.get_device_name(index)})"


def unused_gpu() -> str | None:
    """The name of the GPU that `model.device` could name; None where there is none."""
    if torch.cuda.is_available() and torch.cuda.device_count():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else None


def at_once(device: torch.device, step_bytes: int) -> AtOnce | None:
    """The largest batch for a device other than the CPU; None for the CPU.

    Args:
        step_bytes: of memory that a padded step takes while a batch is read.
    """
    if device.type == "cpu":
        return None
    steps = ON_A_DEVICE
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        steps = min(steps, max(1, int(free * SHARE) // step_bytes))
    return AtOnce(steps, sequences=steps)


@contextmanager
def exact(device: torch.device) -> Iterator[None]:
    """Whole float32 on a GPU, where cuDNN rounds what recurrent layers multiply to 10 bits (TF32) by default.

    The setting is the process's own; who computes side by side on a GPU must take turns.
    """
    if device.type != "cuda":
        yield
        return
    with torch.backends.cudnn.flags(
        enabled=torch.backends.cudnn.enabled, benchmark=False, deterministic=True, allow_tf32=False
    ):
        yield


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Random numbers of the CPU and of a device from a seed; afterwards all generators are as before."""
    gpus = {"cuda": range(torch.cuda.device_count()), "mps": range(1)}.get(device.type)
    with torch.random.fork_rng(devices=[]):
        if gpus is None:
            torch.random.default_generator.manual_seed(seed)
            yield
            return
        with torch.random.fork_rng(devices=list(gpus), device_type=device.type):
            torch.manual_seed(seed)
            yield


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a device said that its memory does not suffice."""
    if isinstance(error, torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(said in str(error).lower() for said in OUT_OF_MEMORY)


@contextmanager
def limited_memory(device: torch.device, purpose: str, setting: str) -> Iterator[None]:
    """Says what to do where the memory of a device does not suffice.

    Args:
        purpose: what it does not suffice for, such as `to train on 64 sequences`.
        setting: what may be lowered.

    Raises:
        ModelError: it does not.
    """
    try:
        yield
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise ModelError(
            f"the memory of {describe(device)} does not suffice {purpose}. Lower {setting} or "
            "`tokens.max_length`, or set `model.device: cpu`."
        ) from error


def in_parts(work: Callable[[Any], Any], batch: Any, device: torch.device) -> list[Any]:
    """What `work` makes of a batch; of its halves, and theirs, where the device's memory does not suffice.

    Args:
        batch: a sequence or an array, of which there are slices.

    Raises:
        ModelError: it does not suffice for one sequence.
    """
    if len(batch) < 2:
        with limited_memory(device, "for one sequence", "`model.hidden`"):
            return [work(batch)]
    try:
        return [work(batch)]
    except RuntimeError as error:
        if device.type == "cpu" or not is_out_of_memory(error):
            raise
    # the tensors of the failed call are gone with its error
    if device.type == "cuda":
        torch.cuda.empty_cache()
    half = len(batch) // 2
    return in_parts(work, batch[:half], device) + in_parts(work, batch[half:], device)
