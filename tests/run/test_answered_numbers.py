"""A run whose model answers a number, from the config to the page, against the module's own calls."""

import csv
import io
from pathlib import Path

import answering
import numpy as np
import pyarrow.parquet as pq
import pytest
from answering import Net, own_outputs, table, write
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

from hsvis.build.pipeline import build
from hsvis.catalogue.runs import Runs
from hsvis.check import check
from hsvis.config import load_config
from hsvis.dashboard import create_app
from hsvis.dashboard.content.table_pages import Columns
from hsvis.dashboard.content.table_rows import table_rows
from hsvis.errors import ModelError
from hsvis.figures import cloud
from hsvis.figures.board import board
from hsvis.models import from_torch
from hsvis.run.store import StateStore
from hsvis.run.summary import lines

TRUTH = table()["rating"].to_numpy(np.float64)
KNOWN = ~np.isnan(TRUTH)
TEXTS = table()["text"].tolist()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> StateStore:
    folder = tmp_path_factory.mktemp("number")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HSVIS_CACHE", str(folder / "cache"))
        return build(load_config(write(folder, "number")))


@pytest.fixture(scope="module")
def answers() -> np.ndarray:
    return np.array([own_outputs(text, outputs=1)[-1, 0] for text in TEXTS], np.float64)


def test_the_ep_of_a_step_is_what_the_module_answers_to_the_prefix(store: StateStore) -> None:
    assert store.ep.shape[1] == 1
    for index, text in enumerate(TEXTS):
        np.testing.assert_allclose(store.sequence(index).ep, own_outputs(text, outputs=1), atol=2e-5)


def test_errors_are_those_of_scikit_learn(store: StateStore, answers: np.ndarray) -> None:
    found = store.manifest.test_errors
    assert found["mae"] == pytest.approx(mean_absolute_error(TRUTH[KNOWN], answers[KNOWN]), rel=1e-5)
    assert found["rmse"] == pytest.approx(mean_squared_error(TRUTH[KNOWN], answers[KNOWN]) ** 0.5, rel=1e-5)
    assert found["r2"] == pytest.approx(r2_score(TRUTH[KNOWN], answers[KNOWN]), rel=1e-4)
    assert store.test_accuracy is None
    told = list(lines(store.folder, store.manifest, built=True))
    assert "number       rating" in told
    assert any(line.startswith("test  split  mae ") for line in told)


def test_the_table_holds_label_answer_and_error(store: StateStore, answers: np.ndarray) -> None:
    kept = pq.read_table(store.folder.sequences)
    np.testing.assert_allclose(kept["value"].to_numpy(), TRUTH, rtol=1e-6)
    np.testing.assert_allclose(kept["answer"].to_numpy(), answers, atol=2e-5)
    assert set(kept["label"].to_pylist()) == set(kept["predicted"].to_pylist()) == {-1}
    rows = table_rows(store)
    assert [row["error"] is None for row in rows] == (~KNOWN).tolist()
    for row, label, answer in zip(rows, TRUTH, answers, strict=True):
        assert row["answer"] == pytest.approx(answer, rel=1e-3)
        if row["error"] is not None:
            assert row["error"] == pytest.approx(abs(answer - label), rel=1e-3, abs=1e-3)
    order = np.argsort(-Columns(store).ranks("error"), kind="stable")
    errors = np.where(KNOWN, np.abs(answers - TRUTH), -np.inf)
    np.testing.assert_allclose(errors[order][:5], np.sort(errors)[::-1][:5], rtol=1e-2)


def test_colours_go_from_the_lowest_to_the_highest_number(store: StateStore) -> None:
    shown = store.shown()
    numbers = shown.numbers
    every = np.concatenate([store.ep[:, 0], TRUTH[KNOWN]])
    assert (numbers.low, numbers.high) == pytest.approx((every.min(), every.max()), rel=1e-5)
    expected = (store.ep[:, 0] - numbers.low) / (numbers.high - numbers.low)
    np.testing.assert_allclose(shown.ep[:, 1], expected, atol=1e-5)
    errors = np.abs(numbers.errors)
    codes = cloud.codes(shown, "correct")[store.offsets[:-1]]
    assert codes[np.nanargmax(errors)] == 255
    assert set(codes[~KNOWN].tolist()) == {256}
    low, high = np.nanargmin(numbers.truth), np.nanargmax(numbers.truth)
    labels = cloud.codes(shown, "class")[store.offsets[:-1]]
    assert labels[low] < 2**15 <= labels[high]


def test_figures_show_numbers(store: StateStore) -> None:
    view = Runs([store]).resolve({"run": "number"})
    index = int(np.flatnonzero(KNOWN)[1])
    figures = board(view, index).figures()
    own = own_outputs(TEXTS[index], outputs=1)[:, 0]
    by_name = {trace["name"]: trace for trace in figures["confidence"].data}
    np.testing.assert_allclose(by_name["answer"]["y"], own, atol=2e-5)
    np.testing.assert_allclose(by_name["truth"]["y"], TRUTH[index], rtol=1e-6)
    np.testing.assert_allclose(figures["ep-heatmap"].data[0]["z"][0], own, atol=2e-5)
    points = next(trace for trace in figures["class-overview"].data if trace["name"] == "sequences")
    np.testing.assert_allclose(points["x"], TRUTH[KNOWN], rtol=1e-6)
    unlabelled = int(np.flatnonzero(~KNOWN)[0])
    assert [trace["name"] for trace in board(view, unlabelled).confidence.data] == ["answer"]


def test_exports_hold_numbers_and_no_classes(store: StateStore, answers: np.ndarray) -> None:
    app = create_app([store]).server.test_client()
    cloud_of = f"number/gru.0/{store.projections('gru.0')[0].name}"
    rows = list(csv.DictReader(io.StringIO(app.get(f"/export/{cloud_of}/sequences.csv").text)))
    assert [row["label"] == "" for row in rows] == (~KNOWN).tolist()
    assert float(rows[3]["answer"]) == pytest.approx(answers[3], abs=2e-5)
    refused = app.get(f"/export/{cloud_of}/confusion-matrix.csv")
    assert (refused.status_code, "has no classes" in refused.text) == (404, True)
    truth = app.get("/state/number/0").json["truth"]
    assert truth == pytest.approx(TRUTH[0], rel=1e-6)


def test_check_says_that_a_number_is_answered(store: StateStore, tmp_path: Path) -> None:
    found = check(load_config(write(tmp_path, "number")))
    told = found.as_json()
    assert (told["answers"], told["classes"], told["counts"]) == ("number", [], {})
    assert any("as it is" in one.text for one in found.decisions if one.code == "answer")
    assert any(name == "number" and f"of {KNOWN.sum()} rows" in text for name, text in found.facts)


@pytest.mark.parametrize(
    ("outputs", "end", "classes", "answers", "told"),
    [
        (3, "none", ["y"], ["number"], r"must be \(\d+,\) or \(\d+, 1\)|returns"),
        (1, "none", ["a", "b", "c", "d", "e"], None, "`model.answers: number`"),
        (1, "flat", ["a", "b", "c", "d", "e"], None, "`model.answers: number`"),
    ],
)
def test_a_model_of_another_shape_is_told_what_to_set(outputs, end, classes, answers, told) -> None:
    with pytest.raises(ModelError, match=told):
        from_torch(
            Net(outputs, end), classes=classes, encode=answering.read, probe=TEXTS[:6], answers=answers
        )


@pytest.mark.parametrize("end", ["none", "flat"])
def test_one_output_in_either_shape(end: str) -> None:
    made = from_torch(Net(1, end), classes=["y"], encode=answering.read, probe=TEXTS[:6], answers=["number"])
    text = TEXTS[5]
    np.testing.assert_allclose(made.trace([made.encode(text)]).ep[0], own_outputs(text, outputs=1), atol=2e-5)
