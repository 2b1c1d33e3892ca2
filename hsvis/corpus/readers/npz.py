"""Arrays of .npz and .npy files, read without running code that may be in them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from hsvis.config import DatasetSettings
from hsvis.corpus.series import Series, series_of
from hsvis.corpus.series.lists import axes_remark
from hsvis.errors import DataError
from hsvis.remarks import Remark

AXES = ("sequence", "step", "feature")  # of an array, in the order in which they are read


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
    except MemoryError as error:  # a few bytes of an archive may stand for any number
        raise DataError(
            f"`{setting}`: {path} does not fit into memory ({error}). Save fewer or smaller arrays."
        ) from error
    except Exception as error:  # numpy and zipfile raise many kinds for what is damaged
        raise DataError(
            f"`{setting}`: {path} can't be read as .npz without running code in it ({error}). "
            "Write it by `numpy.savez(path, name=array, …)`, texts as arrays of str."
        ) from error


def load_single(paths: list[Path], setting: str) -> dict[str, np.ndarray]:
    """The arrays of .npy files, by the names of the files.

    Raises:
        DataError: as of `load`, or two files have one name.
    """
    arrays: dict[str, np.ndarray] = {}
    for path in paths:
        try:
            array = np.load(path, allow_pickle=False)
        except Exception as error:  # numpy raises many kinds for what is damaged
            raise DataError(
                f"`{setting}`: {path} can't be read as .npy without running code in it ({error}). Write it "
                "by `numpy.save(path, array)`, texts as an array of str, sequences of different lengths "
                "padded with NaN."
            ) from error
        if not isinstance(array, np.ndarray):
            raise DataError(f"`{setting}`: {path} is an .npz file. Set `dataset.path: npz`.")
        name = path.stem if path.stem not in arrays else str(path)
        arrays[name] = array
    return arrays


def of_arrays(
    arrays: Mapping[str, np.ndarray], settings: DatasetSettings, source: str
) -> tuple[list[Series], list[Remark]]:
    """Series of an .npz file: (S, T, F) or (S, T), or as `dataset.axes` says.

    With lengths they are padded, or stand one after the other.

    Args:
        arrays: name -> array.

    Raises:
        DataError: an array is not there, or of a shape that does not fit.
    """
    assert isinstance(settings.values, str)
    data = array_of(arrays, settings.values, "values", source)
    if settings.axes is not None:
        if data.ndim != len(settings.axes):
            raise DataError(
                f"{source}: `{settings.values}` has {data.ndim} axes, but `dataset.axes` names "
                f"{len(settings.axes)}."
            )
        order = [settings.axes.index(axis) for axis in AXES if axis in settings.axes]
        data = np.transpose(data, order)
    read, remarks = _of_array(arrays, data, settings, source)
    steps = max(map(len, read), default=0)
    width = read[0].values.shape[1] if read else 0
    if settings.axes is None and steps < width:
        shape = f"{source}: `{settings.values}` has the shape {data.shape}"
        remarks.append(axes_remark(shape, steps, width))
    return read, remarks


def _of_array(
    arrays: Mapping[str, np.ndarray], data: np.ndarray, settings: DatasetSettings, source: str
) -> tuple[list[Series], list[Remark]]:
    values, lengths = settings.values, settings.lengths
    if data.dtype.kind not in "fiub" or data.ndim == 0:
        raise DataError(f"{source}: `{values}` holds {data.dtype}, not numbers.")
    data = data.astype(np.float32)
    if not data.size:
        return [], []
    if lengths is None:
        if data.ndim not in (2, 3):
            raise DataError(
                f"{source}: `{values}` has the shape {data.shape}; (sequences, steps, features) or "
                "(sequences, steps) is needed, or (all steps, features) with `dataset.lengths`."
            )
        count, steps = data.shape[:2]
        return series_of(
            data.reshape(count * steps, -1), np.full(count, steps), settings, source, is_padded=True
        )
    of_each = array_of(arrays, lengths, "lengths", source)
    if of_each.ndim != 1 or of_each.dtype.kind not in "iu" or (of_each < 0).any():
        raise DataError(f"{source}: `{lengths}` must be whole numbers, one a sequence.")
    of_each = of_each.astype(np.int64)
    is_flat = data.ndim <= 2 and len(data) == of_each.sum()
    if data.ndim in (2, 3) and len(data) == len(of_each) and of_each.max(initial=0) <= data.shape[1]:
        padded = data.reshape(*data.shape[:2], -1)  # (S, T, F)
        kept = np.arange(data.shape[1]) < of_each[:, None]  # (S, T)
        if not is_flat or not np.nan_to_num(padded[~kept]).any():  # where both fit: padding is nothing
            return series_of(padded[kept], of_each, settings, source)
    if is_flat:
        return series_of(data.reshape(len(data), -1), of_each, settings, source)
    raise DataError(
        f"{source}: `{values}` has the shape {data.shape}, which fits neither {len(of_each)} sequences "
        f"of up to {of_each.max(initial=0)} steps nor their {of_each.sum():,} steps one after the other."
    )


def array_of(arrays: Mapping[str, np.ndarray], name: str, setting: str, source: str) -> np.ndarray:
    """An array of an .npz file.  Raises DataError if it is not there."""
    if name not in arrays:
        there = ", ".join(f"`{one}`" for one in arrays)
        raise DataError(f"{source}: there is no array `{name}`. Set `dataset.{setting}` to one of {there}.")
    return arrays[name]
