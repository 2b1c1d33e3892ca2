"""A run of several independent classes, from the config to the page, against the module's own calls."""

import csv
import io
import json
from pathlib import Path

import answering
import numpy as np
import pyarrow.parquet as pq
import pytest
from answering import CLASSES, Net, own_outputs, table, write
from sklearn.metrics import accuracy_score, precision_score, recall_score

from hsvis.analysis.independent import count_classes
from hsvis.build.pipeline import build
from hsvis.catalogue.runs import Runs
from hsvis.check import check
from hsvis.config import load_config
from hsvis.corpus.targets.judging import chosen
from hsvis.dashboard import create_app
from hsvis.dashboard.content.table_rows import table_rows
from hsvis.errors import GoneError, ModelError
from hsvis.figures.board import board
from hsvis.models import from_torch
from hsvis.run.store import StateStore

MARKS = table()[list(CLASSES)].to_numpy()


def sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits.astype(np.float64)))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> StateStore:
    folder = tmp_path_factory.mktemp("independent")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HSVIS_CACHE", str(folder / "cache"))
        return build(load_config(write(folder, "independent")))


def test_the_ep_of_a_step_is_the_sigmoid_of_the_module_on_the_prefix(store: StateStore) -> None:
    for index, text in enumerate(table()["text"]):
        expected = sigmoid(own_outputs(text))
        np.testing.assert_allclose(store.sequence(index).ep, expected, atol=2e-6)
    assert np.abs(store.ep.sum(1) - 1).max() > 0.2
    assert store.answers.kind == store.manifest.answers == "independent"


def test_what_is_right_is_right_in_every_class(store: StateStore) -> None:
    answers = np.stack([sigmoid(own_outputs(text)[-1]) for text in table()["text"]]) >= 0.5
    assert 0 < (exact := accuracy_score(MARKS, answers)) < 1
    assert store.verdicts.accuracy == pytest.approx(exact)
    assert store.test_accuracy == pytest.approx(exact)
    for k, one in enumerate(count_classes(store.targets, chosen(store.last_ep))):
        assert one.precision == pytest.approx(precision_score(MARKS[:, k], answers[:, k]))
        assert one.recall == pytest.approx(recall_score(MARKS[:, k], answers[:, k]))


def test_the_tables_hold_lists_of_classes(store: StateStore) -> None:
    rows = pq.read_table(store.folder.sequences).to_pylist()
    assert [row["labels"] for row in rows] == [np.flatnonzero(one).tolist() for one in MARKS]
    assert {row["label"] for row in rows} == {row["predicted"] for row in rows} == {-1}
    for row, last in zip(rows, store.last_ep, strict=True):
        assert row["predicted_labels"] == np.flatnonzero(last >= 0.5).tolist()
        assert row["confidence"] == pytest.approx(np.maximum(last, 1 - last).min())
    shown = table_rows(store)
    assert shown[4]["class"] == "–"
    assert [row["class"] for row in shown if row["class"] != "–"] == [
        ", ".join(name for name, mark in zip(CLASSES, one, strict=True) if mark) for one in MARKS if one.any()
    ]  # fmt: skip


@pytest.mark.parametrize("k", range(3))
def test_one_class_at_a_time_is_a_run_of_two(store: StateStore, k: int) -> None:
    one = store.shown(k)
    assert one.classes == (f"not {CLASSES[k]}", CLASSES[k])
    np.testing.assert_allclose(one.ep[:, 1], store.ep[:, k])
    np.testing.assert_allclose(one.ep.sum(1), 1, atol=1e-6)
    assert one.labels.tolist() == MARKS[:, k].tolist()
    assert one.verdicts.accuracy == pytest.approx(accuracy_score(MARKS[:, k], store.last_ep[:, k] >= 0.5))
    assert one.whole is store
    assert len({store.content, *(store.shown(j).content for j in range(3))}) == 4


def test_a_page_is_answered_from_the_class_that_it_shows(store: StateStore) -> None:
    runs = Runs([store])
    plain = runs.editions()["independent"]
    assert runs.resolve({"run": "independent", "edition": plain}).store.shown_class == 0
    view = runs.resolve({"run": "independent", "edition": f"{plain}~2"})
    assert (view.store.shown_class, view.edition) == (2, f"{plain}~2")
    assert runs.resolve({"run": "independent", "edition": f"{plain}~77"}).store.shown_class == 0
    with pytest.raises(GoneError):
        runs.resolve({"run": "independent", "edition": "another~1"})
    figures = board(view, 3).figures()
    heatmap = figures["ep-heatmap"].data
    assert [trace["name"] for trace in heatmap] == [*CLASSES, "shown"]
    rows = slice(int(store.offsets[3]), int(store.offsets[4]))
    for k in range(3):
        np.testing.assert_allclose(heatmap[k]["z"][0], store.ep[rows, k])
    np.testing.assert_allclose(heatmap[3]["z"][0], store.ep[rows, 2])
    assert figures["projection"].layout.meta["shown"] == 2


def test_exports_have_all_classes_and_routes_take_the_class(store: StateStore) -> None:
    app = create_app([store]).server.test_client()
    edition = Runs([store]).editions()["independent"]
    cloud = f"independent/gru.0/{store.projections('gru.0')[0].name}"
    file = app.get(f"/export/{cloud}/sequences.csv?edition={edition}~1")
    rows = list(csv.DictReader(io.StringIO(file.text)))
    assert json.loads(rows[4]["labels"]) == []
    assert {tuple(json.loads(row["labels"])) for row in rows} == {
        tuple(name for name, mark in zip(CLASSES, one, strict=True) if mark) for one in MARKS
    }
    assert float(rows[7]["EP noise"]) == pytest.approx(float(store.last_ep[7, 2]))
    record = app.get(f"/export/{cloud}/sequence.json?sequence=2&edition={edition}~1").json
    assert (record["classes"], record["all_classes"]) == (["not blame", "blame"], list(CLASSES))
    row = app.get(f"/state/independent/0?edition={edition}~2").json
    assert row["label"] == MARKS[0, 2]


def test_check_says_what_is_answered(store: StateStore, tmp_path: Path) -> None:
    found = check(load_config(write(tmp_path, "independent")))
    told = found.as_json()
    assert told["answers"] == "independent"
    assert told["counts"] == dict(zip(CLASSES, MARKS.sum(0).tolist(), strict=True))
    assert any("sigmoid makes each the probability of its class" in one.text for one in found.decisions)
    assert any("EPs are from 0 to 1 each" in text for _, text in found.facts)


def model(end: str, answers: list[str] | None, outputs: int = 3):
    return from_torch(
        Net(outputs, end), classes=CLASSES[:outputs] if outputs > 1 else ["y"], encode=answering.read,
        probe=table()["text"][:6].tolist(), answers=answers,
    )  # fmt: skip


def test_probabilities_are_taken_as_they_are() -> None:
    made = model("sigmoid", ["independent"])
    assert (made.answers.kind, made.answers.of) == ("probabilities", "independent")
    assert "from 0 to 1, and taken for probabilities" in made.answers.decision
    text = table()["text"][2]
    own = own_outputs(text, end="sigmoid")
    np.testing.assert_allclose(made.trace([made.encode(text)]).ep[0], own, atol=2e-6)


def test_outputs_that_belong_to_another_kind_are_refused_or_said() -> None:
    with pytest.raises(ModelError, match="Leave out `model.answers: independent`"):
        model("softmax", ["independent"])
    with pytest.raises(ModelError, match="Set `model.answers: independent`"):
        model("sigmoid", None)
    assert "`model.answers: independent`" in model("none", None).answers.decision
