"""Where a model computes."""

import torch

from hsvis.errors import ModelError


def device_of(name: str) -> torch.device:
    """The device of that name: `cpu`, `cuda`, `cuda:1`, `mps`.

    Raises:
        ModelError: it is not there.
    """
    device = torch.device(name)
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
