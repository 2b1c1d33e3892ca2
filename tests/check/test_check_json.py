"""`hsvis check --json`: one object for scripts, with a code for whatever was decided or seems wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from hsvis.cli import main
from hsvis.remarks import DECISIONS, WARNINGS

SHAPE = {
    "ok": bool, "classes": list, "rows": dict, "counts": dict, "columns": list, "dialect": dict | None,
    "encoder": str, "call": str, "layers": list, "ep": str, "answers": str, "decisions": list,
    "warnings": list, "series": dict | None,
}  # fmt: skip


def write(folder: Path, train: str, test: str, **dataset: Any) -> str:
    for name, text in (("train", train), ("test", test)):
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    settings = {
        "path": "csv",
        "data_files": {s: str(folder / f"{s}.csv") for s in ("train", "test")},
    } | dataset
    content = {
        "name": "json", "dataset": settings, "model": {"hidden": 4, "embedding": 4, "epochs": 1},
        "projections": [{"method": "pca"}],
    }  # fmt: skip
    path = folder / "c.yaml"
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    assert main(["check", "--json", *arguments]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def rows(labels: str, words: str, head: str = "text,label") -> str:
    return "\n".join([head, *(f"{words} {k},{label}" for k, label in enumerate(labels.split()))]) + "\n"


def test_all_is_told_of_a_sound_dataset(
    tmp_path: Path, cache_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = told(capsys, write(tmp_path, rows("1 2 3 " * 20, "a good"), rows("1 2 3 " * 10, "a fine good")))
    assert found.keys() == SHAPE.keys()
    for name, kind in SHAPE.items():
        assert isinstance(found[name], kind), name
    assert found["classes"] == ["1", "2", "3"]
    assert found["counts"] == {"1": 10, "2": 10, "3": 10}
    assert found["rows"] == {
        "train": {"read": 60, "kept": 60, "left_out": {}},
        "test": {"read": 30, "kept": 30, "left_out": {}},
    }
    assert found["columns"] == ["text", "label"]
    assert found["dialect"] == {"separator": ",", "header": True, "encoding": "utf-8", "quote": '"'}
    [layer] = found["layers"]
    assert layer == {"name": "rnn.0", "kind": "hidden", "size": 4, "direction": "forward", "steps": 120}
    assert found["ep"] == "head"
    assert [one["code"] for one in found["decisions"]] == ["class-values"]
    assert not cache_folder.exists()


def test_what_is_wrong_has_a_code(
    tmp_path: Path, cache_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = rows("neg pos " * 30, "so").replace("so 3,", ",").replace("so 5,", "…,") + "x,\n" * 3
    test = rows("neg pos odd " * 8, "so").replace(",", ";")
    config = write(tmp_path, train, test, limit=10, choose="first")
    found = told(capsys, config)
    assert found["rows"]["train"] == {"read": 63, "kept": 58, "left_out": {"no words": 2, "no label": 3}}
    assert {one["code"] for one in found["warnings"]} >= {"rows-left-out", "only-in-test", "leak"}
    assert {one["code"] for one in found["decisions"]} == {"class-values", "separator", "choice"}
    assert found["ok"] is False
    assert all(one["code"] in WARNINGS for one in found["warnings"])
    assert all(one["code"] in DECISIONS for one in found["decisions"])


def test_a_mistake_is_told_as_an_object_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = write(tmp_path, rows("1 2", "a"), rows("1 2", "a"), label="stars")
    found = told(capsys, config, code=2)
    assert found == {"ok": False, "error": found["error"]}
    assert "there is no column `stars`" in found["error"]
    assert told(capsys, str(tmp_path / "gone.yaml"), code=2)["ok"] is False


def test_labels_are_read_as_they_are_written_in_yaml(
    tmp_path: Path, cache_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = Path(write(tmp_path, rows("no yes " * 20, "a good"), rows("no yes " * 10, "a fine good")))
    text = config.read_text(encoding="utf-8")
    for names in ("[no, yes]", "{no: no, yes: yes}", "{no: 0, yes: 1.0}"):
        config.write_text(text.replace('"path": "csv"', f'"path": "csv", classes: {names}'), encoding="utf-8")
        expected = ["0", "1.0"] if "0" in names else ["no", "yes"]
        assert told(capsys, str(config))["classes"] == expected
        config.write_text(text, encoding="utf-8")
        assert told(capsys, str(config), "--set", f"dataset.classes={names}")["classes"] == expected
    assert told(capsys, str(config), "--set", "dataset.classes=null")["classes"] == ["no", "yes"]
