"""The module that the factory of a config makes."""

import inspect
import re
from typing import Any

from torch import nn

from hsvis.config import UserModelSettings
from hsvis.errors import ModelError
from hsvis.models.foreign import foreign_module
from hsvis.models.user.calling import said
from hsvis.models.user.references import resolve_reference

NO_GPU = "Let the factory make the model on the CPU, and set `model.device` where there is a GPU."


def make_module(settings: UserModelSettings) -> nn.Module:
    """What the factory returns, without the wrappers of torch.compile and DataParallel."""
    factory = resolve_reference(settings.factory, "factory")
    try:
        module = factory(**settings.kwargs)
    except (Exception, SystemExit) as error:  # whatever a user's factory raises
        raise ModelError(
            f"`model.factory`: {settings.factory} raised {said(error)} "
            + (NO_GPU if re.search("cuda|nvidia", str(error), re.I) else _takes(factory, settings))
        ) from error
    other = foreign_module(module)  # Keras on torch makes modules of torch, too
    if other is not None or not isinstance(module, nn.Module):
        raise ModelError(
            f"`model.factory`: {settings.factory} returned {type(module).__name__}, "
            + (other or "not an nn.Module. Name a function that returns the model.")
        )
    while isinstance(inner := getattr(module, "_orig_mod", None), nn.Module):
        module = inner
    return module.module if isinstance(module, nn.DataParallel) else module


def _takes(factory: Any, settings: UserModelSettings) -> str:
    """The remedy for a factory that raised."""
    try:
        takes = str(inspect.signature(factory)).partition(" ->")[0]
    except (TypeError, ValueError):
        return f"Check `model.kwargs`: {settings.kwargs}."
    return f"Check `model.kwargs`: it was given {settings.kwargs} and takes {takes}."
