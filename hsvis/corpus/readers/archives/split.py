"""Files of nothing but series and labels, as the archives of time series classification publish them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hsvis.config import DatasetSettings
from hsvis.corpus.readers.archives import arff, sktime, ucr
from hsvis.corpus.readers.archives.archive import Archive
from hsvis.corpus.readers.formats import files_of
from hsvis.corpus.series.reading import Read
from hsvis.corpus.series.sequences import series_of
from hsvis.errors import DataError
from hsvis.remarks import Remark

Reader = Callable[[list[Path], DatasetSettings], Archive]
READERS: dict[str, Reader] = {"ucr": ucr.read, "ts": sktime.read, "arff": arff.read}


@dataclass(frozen=True)
class Archived:
    """A split of an archive.

    Attributes:
        names: of the classes, where the files say them.
    """

    read: Read
    names: tuple[str, ...] | None
    remarks: list[Remark] = field(default_factory=list)


def load_archive(settings: DatasetSettings, split: str, patterns: str | list[str] | None) -> Archived:
    """A split of the files of `path: ucr`, `ts` or `arff`.

    Raises:
        DataError: a file is not there, or holds something else.
    """
    paths = files_of(patterns, split)
    archive = READERS[settings.path](paths, settings)
    source = archive.source
    if not archive.sequences:
        raise DataError(f"{source}: holds no sequence. Choose another file.")
    widths = sorted({one.shape[1] for one in archive.sequences})
    if len(widths) > 1:
        raise DataError(f"{source}: steps have {' or '.join(map(str, widths))} values. All need the same.")
    lengths = np.array([len(one) for one in archive.sequences], np.int64)
    series, told = series_of(
        np.concatenate(archive.sequences), lengths, settings, source, is_padded=True
    )  # fmt: skip
    return Archived(Read(series, archive.labels, archive.features, [*archive.remarks, *told]), archive.names)
