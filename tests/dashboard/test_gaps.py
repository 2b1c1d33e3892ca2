"""Steps without an EP, as the model does not read so few: gaps in all views, and in no statistic."""

from collections import Counter

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from dash import Dash, html

from hsvis.analysis.confusion import confusion_counts
from hsvis.analysis.statistics import token_form
from hsvis.analysis.steps import class_changes, competing_classes
from hsvis.analysis.units import decision_order
from hsvis.analysis.words import change_of_confidence, class_flips
from hsvis.build.pipeline import build
from hsvis.catalogue.runs import Runs
from hsvis.check import check
from hsvis.config import load_config
from hsvis.dashboard.content import export_tables
from hsvis.dashboard.content.clouds import Clouds
from hsvis.dashboard.content.filters import Filters
from hsvis.dashboard.page.token_strip import sequence_strip
from hsvis.dashboard.routes import clouds as cloud_routes
from hsvis.errors import DamagedFileError
from hsvis.figures import cells
from hsvis.figures.board import board
from hsvis.figures.projection import TrajectoryStyle, projection
from hsvis.figures.style.theme import DARK, LIGHT, ep_codes, palette
from hsvis.figures.view import View
from hsvis.figures.window import Window
from hsvis.run.reading import Steps, read_predictions
from hsvis.run.records import Sequence
from hsvis.run.store import StateStore
from hsvis.run.verdicts import RIGHT, UNKNOWN, WRONG, Verdicts, known_answers

LEAST = 4
MODEL = f"""
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.words, self.rnn = nn.Embedding(40, 6), nn.GRU(6, 4, batch_first=True)
        self.conv, self.out = nn.Conv1d(6, 4, {LEAST}), nn.Linear(8, 3)

    def forward(self, ids):
        x = self.words(ids)
        return 9 * self.out(torch.cat([self.conv(x.mT).amax(2), self.rnn(x)[0][:, -1]], 1))
"""
TEXTS = [
    "w1 w2 w3 w4 w5 w6 w7",
    "w3 w2 w1",
    "w8 w9 w8 w9 w7 w7",
    "w1 w1",
    "",
    "w4 w1 w2 w9",
    "w7 w1 w8 w2 w8 w1",
]
SHOWN = [text.split() for text in TEXTS if len(text.split()) >= LEAST]


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gaps")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HSVIS_CACHE", str(folder / "cache"))
        patch.syspath_prepend(folder)
        (folder / "gappy.py").write_text(MODEL)
        (folder / "words.txt").write_text("\n".join(["<pad>", "<unk>", *(f"w{k}" for k in range(38))]))
        for name in ("train", "test"):
            pd.DataFrame({"text": TEXTS, "label": list("abcabca")}).to_csv(
                folder / f"{name}.csv", index=False
            )
        (folder / "gaps.yaml").write_text(
            f"name: gaps\nmodel: {{factory: 'gappy:Net', tokenizer: {folder}/words.txt}}\n"
            f"dataset: {{path: csv, data_files: {{train: {folder}/train.csv, test: {folder}/test.csv}}}}\n"
            "projections: [{method: pca}]\n"
        )
        yield load_config(folder / "gaps.yaml")


@pytest.fixture(scope="module")
def store(config) -> StateStore:
    return build(config)


@pytest.fixture(scope="module")
def view(store: StateStore) -> View:
    return Runs([store]).resolve(None)


def test_the_run_keeps_nan_and_counts_what_is_too_short(store, config):
    lengths = [len(words) for words in SHOWN]
    without = np.concatenate([np.arange(n) < LEAST - 1 for n in lengths])
    assert np.array_equal(np.isnan(store.ep).all(1), without)
    assert np.isfinite(store.ep[~without]).all()
    kept = pq.read_table(store.folder.predictions)["ep"].to_pylist()
    assert np.array_equal(np.isnan(kept).any(1), without)
    assert store.manifest.left_out["shown"] == {"no words": 1, "shorter than 4 steps": 2}
    assert store.manifest.left_out["test"] == {"no words": 1, "shorter than 4 steps": 2, "no label": 0}
    assert "short-prefixes" in {one.code for one in store.manifest.decisions}
    told = check(config).as_json()
    assert told["rows"]["test"] == {
        "read": 7,
        "kept": 4,
        "left_out": {"no words": 1, "shorter than 4 steps": 2},
    }


def test_nan_anywhere_else_is_damage(store):
    steps = Steps(store.lengths)
    read = lambda gaps: read_predictions(store.folder, steps, 3, labelled=False, gaps=gaps)  # noqa: E731
    assert np.array_equal(read(gaps=True)[0], store.ep, equal_nan=True)
    with pytest.raises(DamagedFileError, match="NaN"):
        read(gaps=False)
    ep = np.array(store.ep)
    for row, hole in ((LEAST, [1, 2, 3, 4]), (0, [0, 1, 2, 3, 4, 5, 6]), (9, [9]), (3, 3)):
        other = np.full_like(ep, 1 / 3)
        other[hole] = np.nan
        if row == 3:
            other[3] = [np.nan, 0.5, 0.5]
        left = ~steps.gaps_in(other)
        assert np.isnan(other[left]).any(), row


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda one: one.name)
def test_all_figures_show_a_gap(view, theme):
    figures = board(view, 0).figures()
    heatmap = figures["ep-heatmap"]
    for trace in heatmap.data:  # of each class, and of the winner
        assert np.isnan(np.ravel(trace.z)[: LEAST - 1]).all()
        assert np.isfinite(np.ravel(trace.z)[LEAST - 1 :]).all()
    confidence = figures["confidence"]
    lines = [trace for trace in confidence.data if trace.name.startswith("EP of")]
    assert len(lines) == 3  # classes that are NaN somewhere compete all the same
    assert all(
        np.isnan(line.y[: LEAST - 1]).all() and np.isfinite(line.y[LEAST - 1 :]).all() for line in lines
    )
    changes = next(trace for trace in confidence.data if trace.name == "changes")
    assert min((x for x in changes.x if x is not None), default=LEAST) >= LEAST
    neutral = view.palette.neutral
    assert list(figures["distances"].data[0].marker.color[: LEAST - 1]) == [neutral] * (LEAST - 1)
    dots = next(trace for trace in figures["projection"].data if trace.name == "steps")
    assert list(dots.marker.color[: LEAST - 1]) == [neutral] * (LEAST - 1)
    assert neutral not in dots.marker.color[LEAST - 1 :]
    assert figures["projection"].layout.meta["gap"] == "the model reads no fewer than 4 steps"


@pytest.mark.parametrize("n_classes", [2, 3])
def test_no_class_colours_a_segment_without_an_ep(n_classes):
    ep = np.full((6, n_classes), np.nan, np.float32)
    ep[4:] = np.eye(n_classes, dtype=np.float32)[1]
    hues = palette(n_classes, LIGHT)
    shown = projection(
        (0, 1, 0, 1), np.random.default_rng(0).random((6, 2)), ep, hues, LIGHT, TrajectoryStyle("ep")
    )
    drawn = {trace.line.color for trace in shown.data if trace.name.startswith("segments") and len(trace.x)}
    assert len(drawn) == 2
    assert hues.neutral in drawn


def test_two_classes_have_no_area_where_there_is_no_ep():
    from hsvis.figures.confidence import confidence

    second = np.array([np.nan, np.nan, 0.9, 0.2, 0.7], np.float32)
    figure = confidence(
        np.column_stack([1 - second, second]), list("abcde"), ["no", "yes"], palette(2, LIGHT), LIGHT
    )
    for trace in figure.data:
        if trace.name in ("below", "above"):
            assert min(trace.x) == 2
            assert np.isfinite(trace.y).all()


def test_strip_and_tables_say_that_there_is_none(view, store):
    parts = [part for part in sequence_strip(view, store.sequence(0)) if part[0] == "token"]
    assert [part[2] for part in parts[: LEAST - 1]] == [["the model reads no fewer than 4 steps"]] * (
        LEAST - 1
    )
    assert all(str(part[2]).startswith("#") for part in parts[LEAST - 1 :])
    rows = [list(row) for row in export_tables.confidence(view, store.sequence(0)).rows]
    assert [row[2:] for row in rows[: LEAST - 1]] == [["", "", "no"]] * (LEAST - 1)
    assert rows[LEAST - 1][2] in "abc"
    steps = export_tables.sequence_record(view, store.sequence(0))["steps"]
    assert [one["winning_class"] for one in steps[: LEAST - 1]] == [None] * (LEAST - 1)
    assert steps[0]["ep"] == [None] * 3


def test_a_state_without_an_ep_has_no_class_in_the_tooltip_and_in_the_cloud(view, store):
    app = Dash("gaps")
    app.layout = html.Div()
    cloud_routes.register(app, Runs([store]), Clouds(), Filters())
    client = app.server.test_client()
    first, last = (client.get(f"/state/gaps/{row}").get_json() for row in (0, 6))
    assert (first["predicted"], first["confidence"]) == (None, None)
    assert last["predicted"] == int(store.ep[6].argmax())
    codes, hues = ep_codes(store.ep), palette(3, LIGHT)
    found = hues.code_colours()[codes]
    assert (found[0] == hues.ep_colours(np.full((1, 3), np.nan))[0]).all()
    assert (hues.ep_colours(np.full((1, 3), 1 / 3)) == found[0]).all()


def test_cells_take_means_of_the_states_that_have_an_ep():
    ep = np.array([[np.nan, np.nan], [0.2, 0.8], [0.4, 0.6], [np.nan, np.nan]], np.float32)
    mesh = Window(0, 2, 0, 1, 2, 1)
    at = cells.places(np.array([[0.5, 0.5]] * 3 + [[1.5, 0.5]], np.float32), mesh)
    for levels in (None, np.zeros(4, np.uint8)):
        counts, winner, share, _ = cells.facts(at, mesh, levels, ep=ep, answers=np.zeros(4, np.uint8))
        if levels is None:
            assert counts.tolist() == [[3, 1]]
            assert winner.tolist() == [[1, 2]]  # 2: no state of the cell has one
            assert share.tolist() == [[7000, 0]]


def test_steps_with_a_label_of_their_own_are_not_judged_without_an_ep():
    ep = np.array([[np.nan, np.nan], [np.nan, np.nan], [0.2, 0.8], [0.6, 0.4]], np.float32)
    verdicts = Verdicts("step", *known_answers(np.array([0, 1, 1, 1], np.int16), ep), np.array([4]))
    assert verdicts.each.tolist() == [UNKNOWN, UNKNOWN, RIGHT, WRONG]
    assert verdicts.accuracy == 0.5
    assert confusion_counts(verdicts.labels, verdicts.predicted, 2).tolist() == [[0, 0], [1, 1]]
    given = (np.array([True] * 4), 0, 4, -1, 0, 0.6, ep, slice(0, 4), None, np.array([0, 1, 1, 1], np.int16))
    assert Sequence(0, "", list("abcd"), *given).right_steps.tolist() == [True, False]


def test_statistics_pass_over_steps_without_an_ep(store):
    import pyarrow.parquet as pq

    table = pq.read_table(store.folder.word_statistics("rnn.0")).to_pylist()
    compared, flips = Counter(), Counter()
    for k, words in enumerate(SHOWN):
        ep = store.ep[store.offsets[k] : store.offsets[k + 1]]
        for t in range(LEAST, len(words)):
            form = token_form(words[t], lowercase=True)
            compared[form] += 1
            flips[form] += int(ep[t].argmax() != ep[t - 1].argmax())
    assert {row["word"]: row["compared"] for row in table if row["compared"]} == dict(compared)
    assert {row["word"]: row["flips"] for row in table if row["flips"]} == {
        w: n for w, n in flips.items() if n
    }
    assert all(np.isfinite(row["change"]).all() for row in table if row["compared"])
    assert not class_flips(store.ep, store.offsets)[:LEAST].any()
    assert np.isnan(change_of_confidence(store.ep, store.offsets[:-1])[:LEAST]).all()
    ep = np.array([[np.nan] * 3, [0.1, 0.9, 0], [0.8, 0.2, 0]])
    assert class_changes(ep).tolist() == [2]
    assert competing_classes(ep, 2).tolist() == [0, 1]
    assert sorted(decision_order(np.random.default_rng(0).random((3, 5)), ep).tolist()) == [0, 1, 2, 3, 4]
