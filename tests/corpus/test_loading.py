"""Loading a dataset: what is taken, what is counted, what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from hsvis.config import Config
from hsvis.corpus.loading import load_corpus
from hsvis.errors import DataError

TRAIN = [{"text": "good film", "label": 1}, {"text": "bad film", "label": 0}]
TEST = [{"text": "fine", "label": 1}]


@pytest.fixture(autouse=True)
def own_datasets_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "hf")


def settings(folder: Path, train: list[dict[str, Any]], test: list[dict[str, Any]], **more: Any) -> Any:
    for name, rows in (("train", train), ("test", test)):
        (folder / f"{name}.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    files = {name: str(folder / f"{name}.jsonl") for name in ("train", "test")}
    return Config.model_validate(
        {"name": "x", "dataset": {"path": "json", "data_files": files, **more}}
    ).dataset


def test_class_indices_and_their_texts_are_read(tmp_path: Path) -> None:
    corpus = load_corpus(settings(tmp_path, TRAIN, TEST))
    assert corpus.classes == ("0", "1")
    assert corpus.train.texts == ["good film", "bad film"]
    assert corpus.train.labels.tolist() == [1, 0]


def test_class_names_are_sorted_into_classes(tmp_path: Path) -> None:
    train = [{"text": "a", "label": "sport"}, {"text": "b", "label": "art"}]
    corpus = load_corpus(settings(tmp_path, train, [{"text": "c", "label": None}]))
    assert corpus.classes == ("art", "sport")
    assert corpus.train.labels.tolist() == [1, 0]
    assert corpus.test.labels.tolist() == [-1]


def test_a_list_of_one_label_is_that_label_and_of_more_the_labels_of_steps(tmp_path: Path) -> None:
    rows = [{"text": "good film", "label": ["yes"]}, {"text": "bad", "label": ["no"]}]
    corpus = load_corpus(settings(tmp_path, rows, rows))
    assert corpus.test.step_labels is None
    assert corpus.test.labels.tolist() == [1, 0]
    rows[0]["label"] = ["yes", "no"]
    corpus = load_corpus(settings(tmp_path, rows, [*rows, {"text": "who knows", "label": None}]))
    assert corpus.test.step_labels is not None
    assert [one.tolist() for one in corpus.test.step_labels] == [[1, 0], [0], []]
    assert corpus.train.labels.tolist() == [-1, -1]


def test_named_classes_give_names_to_indices(tmp_path: Path) -> None:
    corpus = load_corpus(settings(tmp_path, TRAIN, TEST, classes=["negative", "positive"]))
    assert corpus.classes == ("negative", "positive")
    assert corpus.test.labels.tolist() == [1]


def test_missing_texts_and_labels_stay_rows(tmp_path: Path) -> None:
    rows = [*TRAIN, {"text": None, "label": 1}, {"text": "x", "label": None}]
    corpus = load_corpus(settings(tmp_path, rows, TEST))
    assert corpus.train.texts[2] == ""
    assert corpus.train.labels.tolist() == [1, 0, 1, -1]


@pytest.mark.parametrize(
    ("train", "test", "more", "says"),
    [
        (TRAIN, TEST, {"text": "review"}, ["no column `review`", "`text`, `label`"]),
        (TRAIN, TEST, {"label": "stars"}, ["no column `stars`", "dataset.label"]),
        (TRAIN, [{"text": "x", "label": 7}], {"classes": ["a", "b"]}, ["row 0", "`7`", "dataset.classes"]),
        (
            TRAIN,
            [{"text": "x", "label": "hm"}],
            {"classes": ["a", "b"]},
            ["row 0", "`hm`", "none of the classes `a`, `b`"],
        ),
        ([{"text": "x", "label": 1}] * 2, TEST, {}, ["two different classes"]),
        ([{"text": "x", "label": 0}] * 2, TEST, {"classes": ["a", "b"]}, ["only `a`", "dataset.train"]),
        (
            [{"text": 3, "label": 0}, {"text": 4, "label": 1}],
            [{"text": 5, "label": 1}],
            {},
            ["int", "not text"],
        ),
        ([{"text": "x", "label": 0.5}, {"text": "y", "label": 1.5}], TEST, {}, ["`0.5`", "whole numbers"]),
        (
            [{"text": "a b", "label": [0, 1]}, {"text": "c", "label": [1]}],
            TEST,
            {},
            ["`label` holds a label for each step in one split", "Both splits need the same"],
        ),
        (
            [{"text": "a b", "label": [[0], [1]]}, {"text": "c", "label": [[1]]}],
            TEST,
            {},
            ["`[0]`", "Labels are names or whole numbers"],
        ),
    ],
)
def test_what_does_not_fit_is_named_with_a_remedy(
    tmp_path: Path,
    train: list[dict[str, Any]],
    test: list[dict[str, Any]],
    more: dict[str, Any],
    says: list[str],
) -> None:
    with pytest.raises(DataError) as caught:
        load_corpus(settings(tmp_path, train, test, **more))
    for part in says:
        assert part in str(caught.value), str(caught.value)


def test_each_split_reads_its_own_file_even_if_both_have_one_name(tmp_path: Path) -> None:
    chosen = settings(tmp_path, TRAIN, TEST).model_copy(update={"test": "train"})
    corpus = load_corpus(chosen)
    assert corpus.test.texts == ["fine"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    chosen = settings(tmp_path, TRAIN, TEST)
    (tmp_path / "test.jsonl").unlink()
    with pytest.raises(DataError, match=r"test\.jsonl"):
        load_corpus(chosen)


def test_a_damaged_parquet_file_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 not really")
    files = {"train": str(broken), "test": str(broken)}
    config = Config.model_validate({"name": "x", "dataset": {"path": "parquet", "data_files": files}})
    with pytest.raises(DataError, match=r"broken\.parquet"):
        load_corpus(config.dataset)


def test_an_empty_split_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("text,label\n", encoding="utf-8")
    (tmp_path / "train.csv").write_text("text,label\na,0\nb,1\n", encoding="utf-8")
    files = {"train": str(tmp_path / "train.csv"), "test": str(tmp_path / "empty.csv")}
    config = Config.model_validate({"name": "x", "dataset": {"path": "csv", "data_files": files}})
    with pytest.raises(DataError, match="`test`"):
        load_corpus(config.dataset)


def test_the_fingerprint_is_of_the_content(tmp_path: Path) -> None:
    first = load_corpus(settings(tmp_path, TRAIN, TEST)).train.fingerprint
    (tmp_path / "moved").mkdir()
    assert load_corpus(settings(tmp_path / "moved", TRAIN, TEST)).train.fingerprint == first
    other = [{"text": "good", "label": 1}, {"text": "film bad film", "label": 0}]
    assert load_corpus(settings(tmp_path, other, TEST)).train.fingerprint != first


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "rows", "classes"),
    [
        ("imdb", (25_000, 25_000), ("negative", "positive")),
        ("reuters", (5_756, 2_286), ("grain", "crude-oil", "money-fx", "acquisition", "earns")),
    ],
)
def test_the_real_datasets_load_with_their_class_names(
    real_data: Path, name: str, rows: tuple[int, int], classes: tuple[str, ...]
) -> None:
    files = {split: str(real_data / name / f"{split}.parquet") for split in ("train", "test")}
    config = Config.model_validate({"name": "x", "dataset": {"path": "parquet", "data_files": files}})
    corpus = load_corpus(config.dataset)
    assert (len(corpus.train), len(corpus.test)) == rows
    assert corpus.classes == classes
    assert set(corpus.test.labels.tolist()) == set(range(len(classes)))
