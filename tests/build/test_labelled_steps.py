"""A run whose steps have labels of their own, from files to the page: against one plain call."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from own_models import Tags
from own_run import WORDS, saved

from hsvis.analysis.confusion import confusion_counts
from hsvis.build.pipeline import build
from hsvis.check import check
from hsvis.config import Config, load_config
from hsvis.dashboard.content import export_tables
from hsvis.dashboard.content.column_filters import parse
from hsvis.dashboard.content.filters import Filter, Filters, matching
from hsvis.dashboard.content.table_pages import Listing, Pages
from hsvis.dashboard.content.table_rows import table_rows
from hsvis.dashboard.page.facts import dataset_info, sequence_info
from hsvis.dashboard.page.token_strip import sequence_strip
from hsvis.dashboard.page.wording import count
from hsvis.errors import DataError
from hsvis.figures.board import board
from hsvis.figures.cloud import codes
from hsvis.figures.style.theme import LIGHT
from hsvis.figures.view import View
from hsvis.run.store import StateStore

CLASSES = ["det", "noun", "other"]
ROWS = [
    ("the film was good", ["det", "noun", "other", "other"]),
    ("a plot", ["det", "noun"]),
    ("this poor book was not great , was it ?", ["det", "other", "noun", *["other"] * 6, None]),
    ("bad", [None]),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("tags")
    lines = [json.dumps({"words": text, "tags": tags}) for text, tags in ROWS * 4]
    (found / "test.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (found / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    torch.manual_seed(5)
    saved(Tags(len(WORDS)), found / "weights.pt")
    return found


def config(folder: Path, *changes: str) -> Config:
    path = folder / "tags.yaml"
    path.write_text(
        f"""name: tags
dataset: {{path: json, data_files: {{test: {folder}/test.jsonl}}, text: words, label: tags,
  classes: {CLASSES}}}
tokens: {{split: whitespace, max_length: 6}}
model: {{factory: "own_models:Tags", kwargs: {{words: {len(WORDS)}}}, checkpoint: {folder}/weights.pt,
  tokenizer: {folder}/vocab.txt}}
projections: [{{method: pca}}]
""",
        encoding="utf-8",
    )
    return load_config(path, list(changes))


@pytest.fixture(scope="module")
def store(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> StateStore:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HSVIS_CACHE", str(tmp_path_factory.mktemp("cache")))
        return build(config(folder))


@pytest.fixture(scope="module")
def expected(folder: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """EP (T, C) and labels (T,) of each sequence, of the last six words."""
    module = Tags(len(WORDS)).eval()
    module.load_state_dict(torch.load(folder / "weights.pt")["state_dict"])
    found = []
    for text, tags in ROWS * 4:
        ids = [WORDS.index(word) if word in WORDS else 1 for word in text.split()][-6:]
        with torch.no_grad():
            ep = module(torch.tensor([ids]))[0].T.softmax(-1).numpy()
        found.append((ep, np.array([-1 if tag is None else CLASSES.index(tag) for tag in tags][-6:])))
    return found


def test_eps_and_labels_are_those_of_each_step(store: StateStore, expected) -> None:
    assert store.manifest.labels == "step"
    for k, (ep, labels) in enumerate(expected):
        one = store.sequence(k)
        np.testing.assert_allclose(one.ep, ep, atol=1e-5)
        assert one.labels.tolist() == labels.tolist()
        known = labels >= 0
        right = ep.argmax(1)[known] == labels[known]
        assert one.correct == (bool(right.all()) if known.any() else None)
        assert one.right_steps.tolist() == right.tolist()
    labels, winners = (
        np.concatenate(part)
        for part in zip(*((labels, ep.argmax(1)) for ep, labels in expected), strict=True)
    )
    known = labels >= 0
    share = (labels == winners)[known].mean()
    assert 0 < share < 1
    assert store.verdicts.accuracy == pytest.approx(share)
    assert store.test_accuracy == pytest.approx(share)  # all rows are shown
    assert store.verdicts.error_rate_of_states == pytest.approx(1 - share)
    assert codes(store, "class").tolist() == np.where(known, labels, 3).tolist()
    assert codes(store, "correct").tolist() == np.where(known, labels == winners, 2).tolist()


def test_views_count_steps_and_say_so(store: StateStore, expected) -> None:
    view = View(store, store.layers[0], store.projections(store.layers[0])[0], LIGHT)
    shown = board(view, 2)
    counts = confusion_counts(
        np.concatenate([labels for _, labels in expected]),
        np.concatenate([ep.argmax(1) for ep, _ in expected]),
        3,
    )
    assert [row[1:] for row in export_tables.confusion_matrix(view).rows] == [
        tuple(row) for row in counts.tolist()
    ]
    assert shown.class_overview.layout.xaxis.title.text == "steps"
    assert "steps" in export_tables.class_overview(view).header
    actual = next(trace for trace in shown.ep_heatmap.data if trace.name == "actual")
    labels = expected[2][1]
    np.testing.assert_array_equal(actual.z[0], np.where(labels < 0, np.nan, labels))
    assert shown.projection.layout.meta["labels"] == labels.tolist()
    row = table_rows(store)[2]
    right = int((expected[2][0].argmax(1) == labels)[labels >= 0].sum())
    assert (row["known"], row["right"]) == (5, pytest.approx(right / 5, abs=1e-4))
    assert f"{right} of {count(5, 'step')} correct" in [
        part.children for part in sequence_info(view, store.sequence(2))
    ]
    assert "of 44 steps" in str(dataset_info(store))
    parts = [part for part in sequence_strip(view, store.sequence(2)) if part[0] in ("token", "unknown")]
    wrong = (labels >= 0) & (expected[2][0].argmax(1) != labels)
    assert [part[3] if len(part) > 3 else None for part in parts] == [
        CLASSES[label] if bad else None for label, bad in zip(labels, wrong, strict=True)
    ]
    record = export_tables.sequence_record(view, store.sequence(2))
    assert [step["class"] for step in record["steps"]] == ["other"] * 5 + [None]


def test_filters_keep_sequences_with_such_a_step(store: StateStore, expected) -> None:
    view = View(store, store.layers[0], store.projections(store.layers[0])[0], LIGHT)
    for actual in range(3):
        for predicted in range(3):
            kept = matching(Filter(actual=actual, predicted=predicted), view)
            own = [bool(((labels == actual) & (ep.argmax(1) == predicted)).any()) for ep, labels in expected]
            assert kept.tolist() == own
    assert matching(Filter(correct=True), view).tolist() == [
        store.sequence(k).correct is True for k in range(16)
    ]


def test_the_table_is_sorted_and_filtered_by_the_share_of_right_steps(store: StateStore, expected) -> None:
    view = View(store, store.layers[0], store.projections(store.layers[0])[0], LIGHT)
    shares = []
    for ep, labels in expected:
        known = labels >= 0
        shares.append(round(float((ep.argmax(1) == labels)[known].mean()), 4) if known.any() else None)
    order = Pages(Filters()).order(view, Listing(sort=(("right", True),)))
    known = [share for share in shares if share is not None]
    assert [shares[k] for k in order] == sorted(known, reverse=True) + [None] * (len(shares) - len(known))
    for kind, passes in (("greaterThan", lambda share: share > 0.4), ("lessThan", lambda share: share < 0.4)):
        some = parse(f'{{"right": {{"type": "{kind}", "filter": 0.4}}}}')
        kept = Pages(Filters()).order(view, Listing(columns=some))
        assert kept.tolist() == [k for k, one in enumerate(shares) if one is not None and passes(one)]
    blank = Pages(Filters()).order(view, Listing(columns=parse('{"right": {"type": "blank"}}')))
    assert blank.tolist() == [k for k, one in enumerate(shares) if one is None]


def test_check_tells_steps_and_a_label_that_is_missing_is_an_error(folder: Path) -> None:
    found = check(config(folder))
    assert found.as_json()["ep"] == "each step"
    assert found.as_json()["counts"] == {"det": 12, "noun": 12, "other": 36}
    assert any("steps of the test split" in line for line in found.lines())
    with pytest.raises(DataError, match=r"row 0 has 4 labels for 1 steps.*tokens\.split"):
        check(config(folder, "dataset.data_files.test=" + str(_joined(folder))))
    with pytest.raises(
        DataError, match="a label for each step, but the built-in classifier learns one class"
    ):
        check(load_config("demo", [
            "dataset.path=json", f"dataset.data_files.test={folder}/test.jsonl",
            f"dataset.data_files.train={folder}/test.jsonl", "dataset.text=words", "dataset.label=tags",
        ]))  # fmt: skip


def _joined(folder: Path) -> Path:
    path = folder / "joined.jsonl"
    lines = [json.dumps({"words": text.replace(" ", "_"), "tags": tags}) for text, tags in ROWS]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path
