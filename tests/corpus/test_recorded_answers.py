"""Files in place of a model whose answers are independent classes, or numbers."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hsvis.build.pipeline import build
from hsvis.check import check
from hsvis.config import Config, load_config
from hsvis.corpus.recorded import read_recorded
from hsvis.errors import ConfigError, DataError

LENGTHS = np.array([3, 1, 0, 4])  # one sequence has no step
STEPS, KEPT = int(LENGTHS.sum()), np.flatnonzero(LENGTHS)
RNG = np.random.default_rng(8)
NAMES = ["praise", "blame", "doubt"]
MARKS = np.array([[1, 0, 1], [-1, -1, -1], [1, 1, 1], [0, 0, 0]])
TRUTH = np.array([2.5, np.nan, 7, -4], np.float32)
SHARES = RNG.uniform(0, 1, (STEPS, 3)).astype(np.float32)
NUMBERS = RNG.normal(0, 10, STEPS).astype(np.float32)
STATES = RNG.normal(size=(STEPS, 5)).astype(np.float32)
LAST = np.cumsum(LENGTHS)[KEPT] - 1


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HSVIS_CACHE", str(tmp_path / "cache"))


def config(tmp_path: Path, source: Path, answers: str | None, more: str = "") -> Config:
    path = tmp_path / "given.yaml"
    model = "" if answers is None else f"model: {{answers: {answers}}}\n"
    text = f"name: given\nstates_from: {source}\nprojections: [{{method: pca}}]\n{model}{more}"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


def saved(tmp_path: Path, **arrays: Any) -> Path:
    there = {name: one for name, one in arrays.items() if one is not None}
    np.savez(tmp_path / "run.npz", lengths=LENGTHS, states=STATES, **there)
    return tmp_path / "run.npz"


def folder_of(tmp_path: Path, labels: list[Any], ep: np.ndarray) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    tokens = [[f"w{k}" for k in range(length)] for length in LENGTHS.tolist()]
    pd.DataFrame({"tokens": tokens, "label": labels}).to_parquet(folder / "sequences.parquet")
    pd.DataFrame({"ep": ep.reshape(STEPS, -1).tolist()}).to_parquet(folder / "predictions.parquet")
    pd.DataFrame({"state": STATES.tolist()}).to_parquet(folder / "states.parquet")
    return folder


def test_independent_classes_are_shown_as_they_stand(tmp_path: Path) -> None:
    source = saved(tmp_path, ep=SHARES, labels=MARKS, classes=np.array(NAMES))
    store = build(config(tmp_path, source, "independent"))
    assert (store.answers.kind, list(store.classes)) == ("independent", NAMES)
    np.testing.assert_array_equal(store.ep, SHARES)
    np.testing.assert_array_equal(store.targets, MARKS[KEPT])
    known = MARKS[KEPT][:, 0] >= 0
    right = ((SHARES[LAST] >= 0.5) == (MARKS[KEPT] > 0)).all(1)[known]
    assert store.manifest.test_accuracy == pytest.approx(right.mean())
    again = build(config(tmp_path, store.folder.path, "independent", f"dataset: {{classes: {NAMES}}}\n"))
    np.testing.assert_array_equal(again.targets, store.targets)
    np.testing.assert_array_equal(again.ep, store.ep)


def test_numbers_are_shown_as_they_stand(tmp_path: Path) -> None:
    store = build(config(tmp_path, saved(tmp_path, ep=NUMBERS, labels=TRUTH), "number"))
    assert (store.answers.kind, store.classes) == ("number", ("number",))
    np.testing.assert_array_equal(store.ep[:, 0], NUMBERS)
    np.testing.assert_array_equal(store.truth, TRUTH[KEPT])
    errors = np.abs(NUMBERS[LAST] - TRUTH[KEPT])
    assert store.manifest.test_errors["mae"] == pytest.approx(np.nanmean(errors), rel=1e-6)
    again = build(config(tmp_path, store.folder.path, "number"))
    np.testing.assert_array_equal(again.truth, store.truth)


@pytest.mark.parametrize("form", ["names", "marks", "unlabelled"])
def test_labels_of_a_folder_are_lists(tmp_path: Path, form: str) -> None:
    names: list[Any] = [["praise", "doubt"], None, NAMES, []]
    marks = [None if row[0] < 0 else row.tolist() for row in MARKS]
    source = folder_of(tmp_path, {"names": names, "marks": marks}.get(form, [None] * 4), SHARES)
    read = read_recorded(
        source, config(tmp_path, source, "independent", f"dataset: {{classes: {NAMES}}}\n").dataset,
        "independent",
    )  # fmt: skip
    wanted = np.full_like(MARKS, -1) if form == "unlabelled" else MARKS
    np.testing.assert_array_equal(read.targets, wanted[KEPT])
    assert read.step_labels is None


def test_padded_answers_are_those_of_their_steps(tmp_path: Path) -> None:
    ep = np.full((4, 5, 3), 9, np.float32)
    ep[np.arange(5) < LENGTHS[:, None]] = SHARES
    read = read_recorded(saved(tmp_path, ep=ep), None, "independent")
    np.testing.assert_array_equal(read.ep, SHARES)
    assert (np.asarray(read.targets) == -1).all()


def test_sequences_of_one_step_keep_all_their_classes(tmp_path: Path) -> None:
    np.savez(tmp_path / "one.npz", lengths=np.ones(4, int), ep=SHARES[:4], states=STATES[:4])
    read = read_recorded(tmp_path / "one.npz", None, "independent")
    np.testing.assert_array_equal(read.ep, SHARES[:4])


WRONG = [
    ("independent", {"ep": SHARES * 2}, "not from 0 to 1.*Apply sigmoid"),
    ("independent", {"ep": NUMBERS}, "of one class"),
    ("independent", {"ep": SHARES, "labels": MARKS[:3]}, "there are 4 sequences"),
    ("independent", {"ep": SHARES, "labels": MARKS * 2}, "labels"),
    ("number", {"ep": SHARES}, "3 values a step"),
    ("number", {"ep": NUMBERS, "labels": np.array(["a", "b", "c", "d"])}, "which is no number"),
    ("number", {"ep": np.where(np.arange(STEPS) == 4, np.nan, NUMBERS)}, "NaN or infinite at sequence 3"),
    (None, {"ep": SHARES}, "do not sum to 1"),
]


@pytest.mark.parametrize(("answers", "arrays", "says"), WRONG)
def test_what_does_not_fit_is_named(tmp_path: Path, answers: Any, arrays: Any, says: str) -> None:
    source = saved(tmp_path, **arrays)
    with pytest.raises(DataError, match=says):
        read_recorded(source, None, answers or "classes")


@pytest.mark.parametrize(
    ("answers", "states_from", "says"),
    [
        ("next token", "run.npz", "is not read from files"),
        ("number", None, "the built-in model learns"),
        ("independent", None, "the built-in model learns"),
    ],
)
def test_where_answers_can_not_be_said_is_told(answers: str, states_from: Any, says: str) -> None:
    content = {"name": "one", "model": {"answers": answers}}
    content |= {"dataset": {"path": "some/set"}} if states_from is None else {"states_from": states_from}
    with pytest.raises(ValueError, match=says):
        Config.model_validate(content)


def test_check_tells_what_files_answer(tmp_path: Path) -> None:
    source = saved(tmp_path, ep=SHARES, labels=MARKS, classes=np.array(NAMES))
    found = check(config(tmp_path, source, "independent")).as_json()
    assert (found["answers"], found["ep"]) == ("independent", "files")
    assert found["counts"] == {"praise": 1, "blame": 0, "doubt": 1}
    with pytest.raises((DataError, ConfigError), match=r"model\.answers: independent"):
        check(config(tmp_path, source, None))
