"""Series as they are published: blocks of lines with sizes beside them, and a table a sequence."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hsvis.config import DatasetSettings
from hsvis.corpus.corpus import Corpus
from hsvis.corpus.loading import load_corpus
from hsvis.errors import DataError


def load(**dataset: Any) -> Corpus:
    return load_corpus(DatasetSettings.model_validate(dataset))


def blocks(path: Path, lengths: list[int], end: str = "\n") -> list[np.ndarray]:
    """Writes blocks of steps of three values, as `ae.train` has them; gives them back."""
    made = [np.arange(3 * n, dtype=np.float32).reshape(n, 3) + 10 * k for k, n in enumerate(lengths)]
    text = "".join("".join(" ".join(map(str, row)) + f" {end}" for row in one) + end for one in made)
    path.write_bytes(text.encode())
    return made


@pytest.mark.parametrize(("labels", "end"), [("2 1\n", "\n"), ("1\n1\n2\n", "\r\n")])
def test_japanese_vowels_are_read_as_uci_has_them(tmp_path: Path, labels: str, end: str) -> None:
    made = blocks(tmp_path / "ae.train", [4, 2, 3], end)
    (tmp_path / "size_ae.train").write_text(labels, encoding="utf-8")
    both = [str(tmp_path / "ae.train"), str(tmp_path / "size_ae.train")]
    corpus = load(path="ucr", data_files={"train": both, "test": both})
    assert corpus.classes == ("1", "2")
    assert corpus.test.labels.tolist() == [0, 0, 1]
    assert corpus.test.series is not None
    for one, own in zip(corpus.test.series, made, strict=True):
        np.testing.assert_array_equal(one.values, own)
    assert "a block of lines" in next(one.text for one in corpus.remarks if one.code == "series-form")


def test_blocks_without_labels_that_fit_say_what_to_name(tmp_path: Path) -> None:
    path, sizes = tmp_path / "ae.test", tmp_path / "sizes"
    blocks(path, [4, 2, 3])
    sizes.write_text("2 2\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"holds 3 blocks of lines.*\[ae.test, size_ae.test\]"):
        load(path="ucr", data_files={"train": str(path), "test": str(path)})
    with pytest.raises(DataError, match="neither a label for each of the 3 blocks"):
        load(path="ucr", data_files={"train": [str(path), str(sizes)], "test": [str(path), str(sizes)]})
    with pytest.raises(DataError, match="`dataset.path: ucr`.*size_ae.train"):
        load(path=str(path), split=0.5)


def test_rows_with_empty_lines_between_them_are_rows(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("1 0.5 0.25\n\n2 0.5 0.75\n\n1 0.1 0.2\n", encoding="utf-8")
    named = {split: str(tmp_path / "x.txt") for split in ("train", "test")}
    assert load(path="ucr", data_files=named, label="first").test.labels.tolist() == [0, 1, 0]


def stays(tmp_path: Path) -> None:
    """A file a stay and a file of outcomes, as in the challenge of PhysioNet of 2012."""
    (tmp_path / "set-a").mkdir()
    outcomes = "RecordID,SAPS-I,In-hospital_death\n"
    for k in range(10):
        values = f"00:07,HR,{70 + k}\n00:37,HR,{80 + k}\n00:37,Temp,35.5\n"
        rows = f"00:00,RecordID,{132 + k}\n{values}"
        (tmp_path / "set-a" / f"{132 + k}.txt").write_text(f"Time,Parameter,Value\n{rows}", encoding="utf-8")
        outcomes += f"{132 + k},6,{k % 2}\n"
    (tmp_path / "LABELS.csv").write_text(outcomes, encoding="utf-8")


def classes(tmp_path: Path) -> None:
    """A folder a class, with a table a sequence."""
    for k in range(10):
        path = tmp_path / "gestures" / ("wave" if k % 2 else "push") / f"{k}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"t,HR,Temp\n0,{70 + k},1\n1,{80 + k},35.5\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("make", "dataset"),
    [
        (stays, {"path": "set-a", "split": 0.5}),
        (stays, {"path": "folder", "data_files": {"train": "set-a", "test": "set-a"}}),
        (stays, {"path": "csv", "data_files": {"train": "set-a/*.txt"}, "split": 0.5, "values": ["HR"]}),
        (classes, {"path": "folder", "data_files": {"train": "gestures", "test": "gestures"}}),
    ],
)
def test_a_table_a_sequence_is_refused_with_a_line_of_python_that_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Any, dataset: dict[str, Any]
) -> None:
    make(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="of one sequence each") as error:
        load(**dataset)
    code = re.search(r"\n    (import .*)\n", str(error.value))
    assert code is not None
    exec(code.group(1), {})
    label = "In-hospital_death" if make is stays else "label"
    step = "Time" if make is stays else "t"
    assert f"step: {step}, values: [HR, Temp]" in str(error.value)
    corpus = load(
        path="csv", data_files={"train": "series.csv"}, split=0.4, sequence="sequence", step=step,
        values=["HR", "Temp"], missing="forward", label=label,
    )  # fmt: skip
    assert corpus.classes == (("0", "1") if make is stays else ("push", "wave"))
    found = [*(corpus.train.series or ()), *(corpus.test.series or ())]
    assert len(found) == 10
    assert sorted(float(one.values[-1, 0]) for one in found) == [80.0 + k for k in range(10)]
    assert {float(one.values[-1, 1]) for one in found} == {35.5}
