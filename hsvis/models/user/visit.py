"""A user's module while hsvis asks it: in evaluation mode, and afterwards as it was found."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn


@contextmanager
def visit(module: nn.Module) -> Iterator[None]:
    """Evaluation mode for a while; the mode of each part and all generators are then as they were."""
    modes = [(part, part.training) for part in module.modules()]
    with keep_generators():
        if any(training for _, training in modes):
            module.eval()
        try:
            yield
        finally:
            if any(part.training != training for part, training in modes):
                module.train(modes[0][1])  # what an `eval` of the module's own did is undone by its `train`
                for part, training in modes:
                    part.training = training


@contextmanager
def keep_generators(seed: int | None = None) -> Iterator[None]:
    """The global random generators of torch, numpy and Python are afterwards as they were.

    Args:
        seed: what they begin with meanwhile; they go on if None.
    """
    on_gpu = torch.cuda.is_available() and torch.cuda.is_initialized()
    of_torch, of_gpus = torch.get_rng_state(), torch.cuda.get_rng_state_all() if on_gpu else []
    of_numpy, of_python = np.random.get_state(), random.getstate()
    if seed is not None:
        torch.manual_seed(seed)
        np.random.seed(seed)
        random.seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(of_torch)
        if on_gpu:
            torch.cuda.set_rng_state_all(of_gpus)
        np.random.set_state(of_numpy)
        random.setstate(of_python)
