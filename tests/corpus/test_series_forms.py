"""The same series in every form that tables and arrays have: whatever is written is read back equal."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hsvis.config import DatasetSettings
from hsvis.corpus.corpus import Corpus
from hsvis.corpus.loading import load_corpus
from hsvis.corpus.series.cells import parse_list
from hsvis.errors import DataError

numbers = st.floats(-1e6, 1e6, width=32, allow_subnormal=False).map(lambda value: value + 0.0)  # no -0.0


@st.composite
def sets(draw: st.DrawFn) -> list[np.ndarray]:
    """Two to six sequences of one to seven steps of one to three features."""
    width = draw(st.integers(1, 3))
    step = st.lists(numbers, min_size=width, max_size=width)
    found = draw(st.lists(st.lists(step, min_size=1, max_size=7), min_size=2, max_size=6))
    return [np.array(one, np.float32) for one in found]


@pytest.fixture(autouse=True)
def own_datasets_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "datasets")


def loaded(file: Path | list[Path], **dataset: Any) -> Corpus:
    named = [str(one) for one in file] if isinstance(file, list) else str(file)
    return load_corpus(
        DatasetSettings.model_validate({"data_files": {"train": named, "test": named}} | dataset)
    )


def words(values: np.ndarray) -> list[str]:
    return [repr(float(one)) for one in values]


def write(folder: Path, form: str, series: list[np.ndarray]) -> Corpus:
    """Series in a form, read again.  Labels alternate."""
    labels = [f"c{k % 2}" for k in range(len(series))]
    path = folder / "d"
    if form in BETWEEN:
        pd.DataFrame({"v": as_texts(form, series), "label": labels}).to_csv(path, index=False)
        return loaded(path, path="csv", values="v")
    if form in ("wide", "wide features"):
        return write_wide(path, form, series, labels)
    if form == "arrays":
        np.save(folder / "x.npy", padded(series).transpose(2, 0, 1))
        np.save(folder / "y.npy", labels)
        axes = ["feature", "sequence", "step"]
        return loaded([folder / "x.npy", folder / "y.npy"], path="npy", axes=axes)
    if form in ("ucr", "ts"):
        return write_archive(path, form, series, labels)
    return write_lists(path, form, series, labels)


BETWEEN = {"commas": ", ", "spaces": " ", "semicolons": ";", "python": ", "}


def as_texts(form: str, series: list[np.ndarray]) -> list[str]:
    if form == "python":
        return [str(one.tolist()) for one in series]
    texts = [BETWEEN[form].join(words(one[:, 0])) for one in series]
    if form == "semicolons":
        return texts
    return [f"[{one}]" if k % 2 or form == "spaces" else f"({one},)" for k, one in enumerate(texts)]


def padded(series: list[np.ndarray]) -> np.ndarray:
    """(S, T, F), NaN after the end of each."""
    values = np.full((len(series), max(map(len, series)), series[0].shape[1]), np.nan, np.float32)
    for k, one in enumerate(series):
        values[k, : len(one)] = one
    return values


def write_lists(path: Path, form: str, series: list[np.ndarray], labels: list[str]) -> Corpus:
    axes = ["sequence", "feature", "step"]
    if form == "json":
        rows = [{"v": one.T.tolist(), "label": label} for one, label in zip(series, labels, strict=True)]
        path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        return loaded(path, path="json", values="v", axes=axes)
    if form == "lists of features":
        pd.DataFrame({"v": [one.T.tolist() for one in series], "label": labels}).to_parquet(path)
        return loaded(path, path="parquet", values="v", axes=axes)
    features = range(series[0].shape[1])
    frame = {f"dim_{d}": [one[:, d].tolist() for one in series] for d in features}
    pd.DataFrame(frame | {"label": labels}).to_parquet(path)
    return loaded(path, path="parquet", values="dim_*")


def write_wide(path: Path, form: str, series: list[np.ndarray], labels: list[str]) -> Corpus:
    values = padded(series)
    _, most, width = values.shape
    columns: dict[str, Any] = {
        f"{'xyz'[d]}{t}": values[:, t, d] for d in range(width) for t in reversed(range(most))
    }
    pd.DataFrame(columns | {"label": labels}).to_csv(path, index=False)
    return loaded(path, path="csv", values="x*" if form == "wide" else [f"{'xyz'[d]}*" for d in range(width)])


def write_archive(path: Path, form: str, series: list[np.ndarray], labels: list[str]) -> Corpus:
    lines = ["@classLabel true c0 c1", "@data"] if form == "ts" else []
    most = max(map(len, series))
    for one, label in zip(series, labels, strict=True):
        if form == "ts":
            lines.append(":".join([*(",".join(words(feature)) for feature in one.T), label]))
        else:
            lines.append("\t".join([label, *words(one[:, 0]), *["NaN"] * (most - len(one))]))
    path.write_text("\n".join(lines), encoding="utf-8")
    return loaded(path, path=form, **({"label": "first"} if form == "ucr" else {}))


ONE_FEATURE = ("commas", "spaces", "semicolons", "wide", "ucr")
FORMS = (*ONE_FEATURE, "python", "features of lists", "lists of features", "wide features", "arrays", "ts")


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=8, deadline=None)
@given(series=sets())
def test_whatever_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, form: str, series: list[np.ndarray]
) -> None:
    if form in ONE_FEATURE:
        series = [one[:, :1] for one in series]
    if form in ("commas", "spaces", "semicolons") and all(len(one) == 1 for one in series):
        series[0] = np.repeat(series[0], 2, 0)  # a single number in every row is no list
    corpus = write(tmp_path_factory.mktemp("form"), form, series)
    assert corpus.test.series is not None
    assert len(corpus.test.series) == len(series)
    for one, expected in zip(corpus.test.series, series, strict=True):
        np.testing.assert_array_equal(one.values, expected)
    assert corpus.test.labels.tolist() == [k % 2 for k in range(len(series))]


def test_nested_lists_of_json_may_have_the_channels_first(tmp_path: Path) -> None:
    series = [np.arange(6, dtype=np.float32).reshape(3, 2) + k for k in range(4)]
    corpus = write(tmp_path, "json", series)
    assert corpus.test.series is not None
    assert [one.values.tolist() for one in corpus.test.series] == [one.tolist() for one in series]


def test_channels_first_without_a_word_are_a_warning(tmp_path: Path) -> None:
    series = [np.zeros((9, 2), np.float32) + k for k in range(4)]
    frame = pd.DataFrame({"v": [one.T.tolist() for one in series], "label": ["a", "b"] * 2})
    frame.to_parquet(tmp_path / "d")
    corpus = loaded(tmp_path / "d", path="parquet", values="v")
    warnings = [one.text for one in corpus.remarks if one.code == "axes"]
    assert len(warnings) == 2  # of both splits
    assert all("2 steps of 9 features" in one for one in warnings)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[1, 2.5, -3e2]", [1, 2.5, -300]),
        ("[1. 2.\n 3.]", [1, 2, 3]),
        ("1;2;3;", [1, 2, 3]),
        ("1|2|3", [1, 2, 3]),
        ("array([1., 2.], dtype=float32)", [1, 2]),
        ("[]", []),
        ("[[1, 2], [3, 4]]", [[1, 2], [3, 4]]),
        ("[[1 2]\n [3 4]]", [[1, 2], [3, 4]]),
        ("((1, 2), (3, 4))", [[1, 2], [3, 4]]),
        ("1 2;3 4", [[1, 2], [3, 4]]),
        ("1.5,2.5;3.5,4.5", [[1.5, 2.5], [3.5, 4.5]]),
    ],
)
def test_lists_are_written_in_many_ways(text: str, expected: list[Any]) -> None:
    assert parse_list(text) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[0.1 0.2 ... 0.9]", "shortened when it was printed"),
        ("1,5;2,5", "may be a decimal one"),
        ("[1, 2", "a bracket is open"),
        ("[1,,2]", "missing between two separators"),
        ("[[1, [2]], [3]]", "brackets within brackets"),
        ("[1, x]", "`x` is no number"),
        ("1_000 2", "`1_000` is no number"),
    ],
)
def test_what_is_no_list_of_numbers_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_list(text)


@pytest.mark.parametrize(
    ("frame", "more", "message"),
    [
        ({"v": ["1.5", "2.5"]}, {"values": "v"}, "one number in each row"),
        ({"v": ["[1, 2]", "up"]}, {"values": "v"}, "line 3, column `v` holds `up`, not a list of numbers"),
        ({"v": ["[[1], [2]]", "[1, 2]"]}, {"values": "v"}, "steps are single numbers, where other rows"),
        ({"t0": [1, 2], "t1": [3, 4]}, {"values": "x*"}, "no column fits `x*`"),
        ({"t0": [1, 2], "t1": ["a", 4]}, {"values": "t*"}, "line 2, column `t1` holds `a`, not numbers"),
        ({"a0": [1, 2], "a1": [3, 4], "b0": [5, 6]}, {"values": ["a*", "b*"]}, "features have 2 steps"),
        ({"v": ["[1, 2]", "[3]"], "w": ["[1, 2]", "[3, 4]"]}, {"values": ["v", "w"]}, "row 1: `w` has 2 st"),
    ],
)  # fmt: skip
def test_columns_that_do_not_fit_are_named(
    tmp_path: Path, frame: dict[str, Any], more: dict[str, Any], message: str
) -> None:
    pd.DataFrame(frame | {"label": ["p", "q"]}).to_csv(tmp_path / "d.csv", index=False)
    with pytest.raises(DataError) as error:
        loaded(tmp_path / "d.csv", path="csv", **more)
    assert message in str(error.value)


def test_steps_of_wide_rows_are_in_natural_order_and_called_as_their_columns(tmp_path: Path) -> None:
    frame = pd.DataFrame({"t10": [3, 6], "t2": [2, 5], "t1": [1, 4], "label": ["p", "q"]})
    frame.to_csv(tmp_path / "d.csv", index=False)
    corpus = loaded(tmp_path / "d.csv", path="csv", values="t*")
    assert corpus.test.series is not None
    assert [one.values[:, 0].tolist() for one in corpus.test.series] == [[1, 2, 3], [4, 5, 6]]
    assert corpus.test.series[0].steps == ("t1", "t2", "t10")
    assert any("the file has another order" in one.text for one in corpus.remarks)
    named = loaded(tmp_path / "d.csv", path="csv", values=["t10", "t1"])
    assert named.test.series is not None
    assert named.test.series[0].steps == ("t10", "t1")


def test_several_values_of_a_pattern_are_features_in_long_form(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": [1, 1, 2], "acc_x": [1, 2, 3], "acc_y": [4, 5, 6], "label": ["p", "p", "q"]})
    frame.to_csv(tmp_path / "d.csv", index=False)
    corpus = loaded(tmp_path / "d.csv", path="csv", values="acc_*", sequence="id")
    assert corpus.features == ("acc_x", "acc_y")
    assert corpus.test.series is not None
    assert [one.values.tolist() for one in corpus.test.series] == [[[1, 4], [2, 5]], [[3, 6]]]


@pytest.mark.parametrize("label", [[[1, 0], [0, 1]], [["q"], ["p"]]])
def test_labels_in_lists_are_one_hot_or_single(tmp_path: Path, label: list[list[Any]]) -> None:
    pd.DataFrame({"v": [[1.0, 2.0, 3.0], [4.0, 5.0]], "label": label}).to_parquet(tmp_path / "d")
    corpus = loaded(tmp_path / "d", path="parquet", values="v")
    is_hot = label[0] == [1, 0]
    assert corpus.test.labels.tolist() == ([0, 1] if is_hot else [1, 0])
    assert ("one-hot" in {one.code for one in corpus.remarks}) == is_hot


def test_lists_of_labels_as_long_as_their_sequences_are_those_of_the_steps(tmp_path: Path) -> None:
    frame = pd.DataFrame({"v": [[1.0, 2.0], [3.0, 4.0]], "label": [[1, 1], [0, 1]], "id": [1, 2]})
    frame.to_parquet(tmp_path / "d")
    corpus = loaded(tmp_path / "d", path="parquet", values="v")
    assert corpus.test.step_labels is not None
    assert [one.tolist() for one in corpus.test.step_labels] == [[1, 1], [0, 1]]
    for more in ({"missing": "drop"}, {"sequence": "id"}):
        with pytest.raises(DataError, match="`label` holds lists, labels of the steps|holds list"):
            loaded(tmp_path / "d", path="parquet", values="v", **more)
