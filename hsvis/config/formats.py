"""Formats of files that hold series, and how those that are not read are converted."""

SERIES_FORMATS = ("npy", "ucr", "ts", "arff")  # nothing but series and labels
_LOADED = "import torch, numpy; d = torch.load(FILE, weights_only=True); "
# ending -> two lines of Python that write what it holds as .npz
CONVERTED = {
    **dict.fromkeys(("pt", "pth"), f"{_LOADED}numpy.savez('train.npz', x=d['x'].numpy(), y=d['y'].numpy())"),
    "mat": "import numpy, scipy.io; d = scipy.io.loadmat(FILE); "
    "numpy.savez('train.npz', x=d['x'], y=d['y'].ravel())",
    "pkl": "import numpy, pandas; d = pandas.read_pickle(FILE); numpy.savez('train.npz', x=d['x'], y=d['y'])",
    **dict.fromkeys(
        ("h5", "hdf5"),
        "import numpy, h5py; d = h5py.File(FILE); numpy.savez('train.npz', x=d['x'][()], y=d['y'][()])",
    ),
}


def is_pattern(name: str) -> bool:
    """Whether a name stands for all columns that fit it, such as `t*`."""
    return any(mark in name for mark in "*?[")


def refuse_format(ending: str, file: str = "FILE") -> None:
    """Raises ValueError for a format that runs code or needs a program of its own, with the way round."""
    if ending.lower() in CONVERTED:
        how = CONVERTED[ending.lower()].replace("FILE", repr(file))
        raise ValueError(f"`.{ending}` files are not read. Write each as .npz (`path: npz`) by: {how}")
