"""Labels that are lists: of one label, one-hot, of steps, of several classes; each is said, or refused."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from hsvis.config import DatasetSettings
from hsvis.corpus.corpus import Corpus
from hsvis.corpus.loading import load_corpus
from hsvis.errors import DataError


@pytest.fixture(autouse=True)
def own_datasets_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "hf")


def load(folder: Path, train: dict[str, Any], test: dict[str, Any], **more: Any) -> Corpus:
    for name, columns in (("train", train), ("test", test)):
        pd.DataFrame(columns).to_json(folder / f"{name}.jsonl", orient="records", lines=True)
    files = {name: str(folder / f"{name}.jsonl") for name in ("train", "test")}
    return load_corpus(DatasetSettings(path="json", data_files=files, **more))


def codes(corpus: Corpus) -> set[str]:
    return {one.code for one in corpus.remarks} & {"label-lists", "one-hot", "step-labels"}


TEXTS = ["a good film", "it is bad", "so so la"]
STEPS = [[0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8], [0.9, 1.0, 1.1, 1.2]]


@pytest.mark.parametrize("of", [{"text": TEXTS}, {"text": TEXTS, "v": STEPS}])
@pytest.mark.parametrize(
    ("labels", "code", "read"),
    [
        ([["yes"], ["no"], None], "label-lists", [1, 0, -1]),
        ([["yes"], ["no"], []], "label-lists", [1, 0, -1]),
        ([[0, 1], [1, 0], [0, 1]], "one-hot", [1, 0, 1]),
        ([[False, True], [True, False], None], "one-hot", [1, 0, -1]),
    ],
)
def test_lists_of_sequences_are_their_labels_and_said(
    tmp_path: Path, of: dict[str, Any], labels: list[Any], code: str, read: list[int]
) -> None:
    columns = of | {"label": labels}
    corpus = load(tmp_path, columns, columns, values="v" if "v" in of else None)
    assert corpus.test.step_labels is None
    assert corpus.test.labels.tolist() == read
    assert codes(corpus) == {code}


def test_lists_of_steps_are_said(tmp_path: Path) -> None:
    columns = {"text": TEXTS, "label": [["d", "a", "n"], ["p", "v", "a"], ["a", None, "n"]]}
    corpus = load(tmp_path, columns, {"text": TEXTS})  # nothing is known of the test split
    assert codes(corpus) == {"step-labels"}
    assert corpus.test.step_labels is not None
    assert [one.tolist() for one in corpus.test.step_labels] == [[], [], []]
    assert corpus.train.step_labels is not None
    assert [one.tolist() for one in corpus.train.step_labels] == [[1, 0, 2], [3, 4, 0], [0, -1, 2]]


def test_a_file_of_lines_may_have_one_row(tmp_path: Path) -> None:
    columns = {"text": TEXTS, "label": [["d", "a", "n"], ["p", "v", "a"], ["a", "v", "n"]]}
    corpus = load(tmp_path, columns, {"text": ["one of them"], "label": [["a", "p", "n"]]})
    assert corpus.test.texts == ["one of them"]
    assert [len(one) for one in corpus.test.step_labels or ()] == [3]


def test_what_may_be_one_hot_or_of_steps_is_refused(tmp_path: Path) -> None:
    columns = {"text": TEXTS, "label": [[0, 1, 0], [1, 0, 0], [0, 0, 1]]}
    with pytest.raises(DataError, match="may be one-hot, or labels of the 3 steps"):
        load(tmp_path, columns, columns)
    longer = {"text": [f"{text} x" for text in TEXTS], "label": columns["label"]}
    assert load(tmp_path, longer, longer).test.labels.tolist() == [1, 0, 2]
    with pytest.raises(DataError, match="may be one-hot"):
        load(tmp_path, longer, columns)  # the splits must not be read in two ways


def test_a_step_without_a_label_stays_one_where_only_the_other_split_has_labels_of_steps(
    tmp_path: Path,
) -> None:
    train = {"id": ["p", "p", "q", "q"], "v": [1, 2, 3, 4], "label": ["a", "b", "b", "b"]}
    test = {"id": ["r", "r", "s"], "v": [5, 6, 7], "label": ["b", None, "a"]}
    corpus = load(tmp_path, train, test, values="v", sequence="id")
    assert corpus.test.step_labels is not None
    assert [one.tolist() for one in corpus.test.step_labels] == [[1, -1], [0]]
    assert any("labels of sequences are taken for those of their steps" in one.text for one in corpus.remarks)
