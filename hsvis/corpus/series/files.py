"""A split of files of series: arrays, and archives of series and labels."""

import pyarrow as pa

from hsvis.config import AnswerKind, DatasetSettings
from hsvis.corpus.readers import npz
from hsvis.corpus.readers.archives import split as archives
from hsvis.corpus.readers.formats import files_of
from hsvis.corpus.readers.label_arrays import labels_of_array
from hsvis.corpus.readers.label_texts import label_texts
from hsvis.corpus.readers.tables import Table
from hsvis.corpus.split_rows import SplitRows, may_lack_labels
from hsvis.corpus.targets.cells import cells_of_array, refuse_reader
from hsvis.errors import DataError
from hsvis.remarks import Remark


def load_arrays(
    answers: AnswerKind, settings: DatasetSettings, split: str, paths: str | list[str] | None
) -> SplitRows:
    """A split of an .npz file, or of .npy files: values, labels and, where sequences are padded, lengths."""
    setting = f"dataset.data_files.{split}"
    if settings.path == "npy":
        files = files_of(paths, split)
        arrays = npz.load_single(files, setting)
        keys = ("values", "label", "lengths")
        if not 2 <= len(files) <= 3:
            raise DataError(
                f"`{setting}`: needed are two .npy files, of the values and the labels: `[x.npy, y.npy]`; or "
                "three, with the steps of each sequence: `[x.npy, y.npy, lengths.npy]`."
            )
        settings = settings.model_copy(update=dict(zip(keys, arrays, strict=False)))
        source = ", ".join(map(str, files))
    elif isinstance(paths, str) and len(files := files_of(paths, split)) == 1:
        arrays, source = npz.load(files[0], setting), str(files[0])
    else:
        raise DataError(
            "`dataset.path: npz` reads one file a split and one array of values: name the files in "
            f"`{setting}` and the array in `dataset.values`."
        )
    read, remarks = npz.of_arrays(arrays, settings, source)
    if not read:
        raise DataError(f"{source}: holds no sequence. Choose another file.")
    name = settings.label or ""
    if name not in arrays and may_lack_labels(settings, split):
        text = f"{source}: has no array `{name}`: what its sequences are is not known."
        return SplitRows(read, [None] * len(read), remarks=[*remarks, Remark("no-labels", text)])
    label = npz.array_of(arrays, name, "label", source)
    if answers != "classes":
        cells = cells_of_array(label, len(read), name, source)
        return SplitRows(read, [None] * len(read), remarks=remarks, cells=cells)
    lengths = list(map(len, read))
    values = arrays[settings.values] if isinstance(settings.values, str) else label
    width = values.shape[1] if settings.axes is None and values.ndim > 1 else max(lengths)
    labels, steps, said = labels_of_array(label, lengths, width, settings, source)
    return SplitRows(read, label_texts(labels, settings, split), remarks=[*remarks, *said], steps=steps)


def load_archives(
    answers: AnswerKind, settings: DatasetSettings, split: str, paths: str | list[str] | None
) -> SplitRows:
    """A split of files of nothing but series and labels."""
    if answers != "classes":
        raise refuse_reader(settings.path)
    found = archives.load_archive(settings, split, paths)
    read = found.read
    names = Table(pa.table({}), found.names)
    return SplitRows(read.series, read.labels, names, read.remarks, features=read.features)


READERS = {"npz": load_arrays, "npy": load_arrays, **dict.fromkeys(archives.READERS, load_archives)}
