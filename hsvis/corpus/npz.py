"""Arrays of .npz files, read without running code that may be in them."""

from pathlib import Path

import numpy as np

from hsvis.errors import DataError


def load(path: Path, setting: str) -> dict[str, np.ndarray]:
    """All arrays of a file by name.

    Args:
        setting: the key of the config that names the file.

    Raises:
        DataError: it is not there, no .npz file, damaged, or holds Python objects.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except Exception as error:  # numpy and zipfile raise many kinds for what is damaged
        raise DataError(
            f"`{setting}`: {path} can't be read as .npz without running code in it ({error}). "
            "Write it by `numpy.savez(path, name=array, …)`, texts as arrays of str."
        ) from error
