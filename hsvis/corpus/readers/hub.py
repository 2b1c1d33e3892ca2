"""What `datasets` reads: the hub, folders of data files, parquet, addresses on the net."""

from typing import Any

import pyarrow as pa

from hsvis.config import DatasetSettings
from hsvis.errors import DataError

CSV_AS_IT_IS = {
    "keep_default_na": False,
    "na_values": [""],
    "index_col": False,
}  # only an empty cell is missing


def load_dataset(settings: DatasetSettings, split: str, paths: str | list[str] | None) -> Any:
    import datasets  # noqa: PLC0415  (half a second; not needed by the demo)
    from datasets.exceptions import DatasetsError  # noqa: PLC0415

    files = {split: paths} if paths else None  # this split's alone: the two may differ in their columns
    bars = datasets.is_progress_bar_enabled()
    datasets.disable_progress_bars()
    try:
        more: dict[str, Any] = CSV_AS_IT_IS if settings.path == "csv" else {}
        table = datasets.load_dataset(settings.path, data_files=files, split=split, **more)
        if table.builder_name == "csv" and not more:
            table = datasets.load_dataset(settings.path, data_files=files, split=split, **CSV_AS_IT_IS)
    except (
        OSError,
        LookupError,
        ValueError,
        TypeError,
        RuntimeError,
        pa.ArrowException,
        DatasetsError,
    ) as error:
        where = f" from {files[split]}" if files else ""
        raise DataError(
            f"dataset `{settings.path}`, split `{split}`: can't be loaded{where}: {_cause(error)} "
            "Check `dataset.path`, `dataset.data_files` and the split's name, and that the network or the "
            "local copy is there."
        ) from error
    finally:
        if bars:
            datasets.enable_progress_bars()
    return table


def _cause(error: BaseException) -> str:
    """The first line of what began it all: `datasets` wraps the errors of its readers."""
    while error.__cause__ is not None:
        error = error.__cause__
    line = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return line if line.endswith(".") else line + "."
