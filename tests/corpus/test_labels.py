"""What a label means: values are classes, names belong to values, and what can't be known is asked for."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsvis.config import DatasetSettings
from hsvis.corpus.labels import Classes, classes_of
from hsvis.corpus.readers.label_texts import known_texts, label_texts
from hsvis.errors import DataError


def settings(**more: Any) -> DatasetSettings:
    return DatasetSettings.model_validate({"path": "somewhere", **more})


def read(
    labels: list[Any], names: Any = None, known: list[str] | None = None, test: list[Any] | None = None,
    **more: Any,
) -> tuple[Classes, list[str]]:  # fmt: skip
    """The classes, and the name of the class of each label; `-` where it has none."""
    chosen = settings(classes=names, **more)
    train = label_texts(known_texts(labels, known) if known else labels, chosen, "train")
    classes = classes_of(chosen, train, label_texts(test or [], chosen, "test"), known)
    return classes, [classes.names[k] if k >= 0 else "-" for k in classes.indices(train).tolist()]


def codes(classes: Classes) -> set[str]:
    return {one.code for one in classes.remarks}


VALUES = [
    ([-1, 0, 1], ["-1", "0", "1"]),
    ([1, -1], ["-1", "1"]),
    ([5, 1, 3], ["1", "3", "5"]),
    ([0, 2, 4], ["0", "2", "4"]),
    ([10, 9, 100], ["9", "10", "100"]),
    (["007", "003"], ["003", "007"]),
    (["c10", "c2", "c1"], ["c1", "c2", "c10"]),
    ([True, False], ["false", "true"]),
    ([1.0, 2.0, None], ["1", "2"]),
    (["1.0", "0.0", None], ["0", "1"]),
    ([np.float32(1), np.float32(0)], ["0", "1"]),
    ([b"up", b"down"], ["down", "up"]),
    (["None", "none", "x"], ["None", "none", "x"]),
    (["+", "!"], ["!", "+"]),
    (["-1", "1", "0"], ["-1", "0", "1"]),
    (["a" + "9" * 5000, "b"], ["a" + "9" * 5000, "b"]),
    (["9" * 5000, "1"], ["1", "9" * 5000]),
]


@pytest.mark.parametrize(("labels", "names"), VALUES)
def test_the_different_labels_are_the_classes_in_their_natural_order(
    labels: list[Any], names: list[str]
) -> None:
    classes, shown = read(labels)
    assert list(classes.names) == names
    assert codes(classes) - {"names-alike"} == {"class-values"}
    for label, name in zip(labels, shown, strict=True):
        assert (label is None) == (name == "-")


NAMED = [
    # labels, names, the name of each label
    ([-1, 0, 1], ["neg", "neutral", "pos"], ["neg", "neutral", "pos"]),
    ([1, 2, 3, 4], ["World", "Sports", "Business", "Sci"], ["World", "Sports", "Business", "Sci"]),
    ([0, 1, 1], ["neg", "pos"], ["neg", "pos", "pos"]),
    ([-1, 1], ["neg", "pos"], ["neg", "pos"]),
    ([-1, 0, 1], ["neg", "pos"], ["-", "neg", "pos"]),
    ([0, 2, 4], ["low", "mid", "high"], ["low", "mid", "high"]),
    ([1, 2, 3, 4], ["1", "2", "3", "4", "5"], ["1", "2", "3", "4"]),
    ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5], ["1", "2", "3", "4", "5"]),
    ([0, 1], ["a", "b", "c"], ["a", "b"]),
    (["pos", "neg"], ["neg", "pos"], ["pos", "neg"]),
    (["Pos", "NEG "], ["neg", "pos"], ["pos", "neg"]),
    (["B", "M"], ["benign", "malignant"], ["benign", "malignant"]),
    ([True, False], [False, True], ["true", "false"]),
    ([0, 4], {0: "negative", 4: "positive"}, ["negative", "positive"]),
    ([1, 2, 4, 5], {1: "bad", 2: "bad", 4: "good", 5: "good"}, ["bad", "bad", "good", "good"]),
    (["None", "Favor", "Against"], ["Against", "None", "Favor"], ["None", "Favor", "Against"]),
]


@pytest.mark.parametrize(("labels", "names", "shown"), NAMED)
def test_names_belong_to_values(labels: list[Any], names: Any, shown: list[str]) -> None:
    classes, found = read(labels, names)
    assert found == shown
    assert list(classes.names) == settings(classes=names).class_names
    said = " ".join(one.text for one in classes.remarks)
    for label, name in zip(labels, shown, strict=True):
        if isinstance(names, list) and name != "-" and str(label) not in (name, name.title()):
            assert f"{label} is `{name}`" in said or f"`{str(label).strip()}` is `{name}`" in said
    assert ("unknown-label" in codes(classes)) == ("-" in shown)


REFUSED = [
    ([1, 2, 3, 4], ["a", "b", "c", "d", "e"], "from 0 or from 1 can't be known"),
    ([1, 2], ["a", "b", "c"], "from 0 or from 1 can't be known"),
    ([0, 1, 7], ["a", "b"], "`7`, which is none of the classes"),
    (["a", "b", "x"], ["a", "b"], "`x`, which is none of the classes"),
    ([0, 4, 2], {0: "neg", 4: "pos"}, "`2`, which is none of the classes"),
    ([0, 0], None, "two different classes"),
    ([0, "b"], None, "texts and numbers"),
    ([0.5, 1.5], None, "Labels are names or whole numbers"),
    ([10**400, 1], None, "Labels are names or whole numbers"),
    ([[0], [1]], None, "Labels are names or whole numbers"),
]


@pytest.mark.parametrize(("labels", "names", "message"), REFUSED)
def test_what_cannot_be_known_is_asked_for(labels: list[Any], names: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(labels, names)


def test_names_of_the_dataset_itself_are_indexed_by_its_labels() -> None:
    assert read([1, 2, -1], known=["a", "b", "c"])[1] == ["b", "c", "-"]
    assert read([1, 1], ["x", "y"], known=["a", "b"])[1] == ["y", "y"]
    assert read([0, 1], ["b", "a"], known=["a", "b"])[1] == ["a", "b"], "a name is that name"
    assert read([0, 1], {0: "low", 1: "high"}, known=["a", "b"])[1] == ["low", "high"]


def test_each_split_has_its_own_order_of_names() -> None:
    chosen = settings()
    train = label_texts(known_texts([0, 1], ["neg", "pos"]), chosen, "train")
    test = label_texts(known_texts([0, 1], ["pos", "neg"]), chosen, "test")
    classes = classes_of(chosen, train, test, ["neg", "pos"])
    assert (classes.indices(train).tolist(), classes.indices(test).tolist()) == ([0, 1], [1, 0])


def test_labels_that_mean_none_are_named() -> None:
    classes, found = read([-1, 0, 1], unknown=-1)
    assert (list(classes.names), found) == (["0", "1"], ["-", "0", "1"])
    assert read(["?", "a", "b", "n/a"], unknown=["?", "n/a"])[1] == ["-", "a", "b", "-"]
    assert read(["-1.0", "0.0", "1.0"], unknown=[-1])[1] == ["-", "0", "1"]
    assert list(read(["1.0", "2.0"], test=["1", "2.5"])[0].names) == ["1", "1.0", "2.0", "2.5"]


WARNED = [
    (["a", "b"], ["a", "c"], "only-in-test"),
    (["neg", "Neg", "pos"], None, "names-alike"),
    (["neg", "neg ", "pos"], None, "names-alike"),
    (["label", "neg", "pos"], None, "named-as-column"),
    (list(map(str, range(60))), None, "classes-as-rows"),
    (["-", "entailment", "neutral"], None, "class-like-mark"),
    (["?", "1", "2"], None, "class-like-mark"),
    (["None", "NA", "x"], None, "class-like-mark"),
    (["a", "b", "nan"], None, "class-like-mark"),
]


@pytest.mark.parametrize(("labels", "test", "code"), WARNED)
def test_what_looks_wrong_is_a_warning(labels: list[Any], test: list[Any] | None, code: str) -> None:
    classes, _ = read(labels, test=test)
    assert codes(classes) == {"class-values", code}
    assert set(classes.names) == {*labels, *(test or [])}


def test_a_class_that_no_row_has_is_a_warning() -> None:
    assert "no-row" in codes(read([0, 1], ["a", "b", "c"])[0])


@given(st.lists(st.integers(-50, 50) | st.none(), min_size=2, max_size=40))
def test_codes_keep_their_order_and_their_names(labels: list[int | None]) -> None:
    different = sorted({one for one in labels if one is not None})
    if len(different) < 2:
        return
    classes, found = read(labels)
    assert list(classes.names) == [str(one) for one in different]
    assert found == ["-" if one is None else str(one) for one in labels]
    letters = [f"class {k}" for k in range(len(different))]
    again = read(labels, letters)[1]
    assert again == ["-" if one is None else letters[different.index(one)] for one in labels]
