"""The files that `dataset.data_files` names: each is there, and holds what the others do."""

from pathlib import Path

import numpy as np
import pytest

from hsvis.config import DatasetSettings
from hsvis.corpus.loading import load_corpus
from hsvis.errors import DataError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a1", "a2", "test"):
        (tmp_path / f"{name}.csv").write_text("text,label\ngood,yes\nbad,no\n", encoding="utf-8")
        (tmp_path / f"{name}.jsonl").write_text(
            '{"text": "good", "label": "yes"}\n{"text": "bad", "label": "no"}\n', encoding="utf-8"
        )
        (tmp_path / f"{name}.tsv").write_text("1\t0.5\t0.6\n2\t0.1\t0.2\n", encoding="utf-8")
    (tmp_path / "other.jsonl").write_text('{"text": "fine", "Label": "yes"}\n', encoding="utf-8")
    np.savez(tmp_path / "n1.npz", x=np.arange(24.0).reshape(4, 3, 2), y=[0, 1, 0, 1])
    return tmp_path


def load(folder: Path, path: str, train: str | list[str], test: str, **more: str) -> int:
    every = [train] if isinstance(train, str) else train
    files = {"train": [str(folder / one) for one in every], "test": str(folder / test)}
    if isinstance(train, str):
        files["train"] = files["train"][0]  # type: ignore[assignment]
    return len(load_corpus(DatasetSettings(path=path, data_files=files, **more)).train)  # type: ignore[arg-type]


def test_patterns_name_files_in_order(folder: Path) -> None:
    assert load(folder, "csv", "a*.csv", "test.csv") == 4
    assert load(folder, "json", ["a1.jsonl", "a2*.jsonl"], "test.jsonl") == 4
    assert load(folder, "npz", "n*.npz", "n1.npz", values="x", label="y") == 4


@pytest.mark.parametrize("path", ["csv", "json", "ucr"])
@pytest.mark.parametrize("names", [["a1.{}", "zz*.{}"], ["a1.{}", "gone.{}"], ["zz*.{}"]])
def test_a_file_or_pattern_that_is_not_there_is_named(folder: Path, path: str, names: list[str]) -> None:
    ending = {"csv": "csv", "json": "jsonl", "ucr": "tsv"}[path]
    with pytest.raises(DataError, match=r"there is no file .*(zz\*|gone)\."):
        load(folder, path, [one.format(ending) for one in names], f"test.{ending}")


def test_files_of_a_split_that_lack_a_column_are_refused(folder: Path) -> None:
    with pytest.raises(DataError, match=r"other\.jsonl: has no column `label`"):
        load(folder, "json", ["a1.jsonl", "other.jsonl"], "test.jsonl")
