"""Labels that are no class: forms of several independent ones, and numbers, in tables and arrays."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

from hsvis.config import Config, load_config
from hsvis.config.dataset import DatasetSettings
from hsvis.corpus.loading import load_corpus
from hsvis.corpus.targets.independent import independent_of
from hsvis.corpus.targets.judging import errors_of
from hsvis.corpus.targets.numbers import numbers_of
from hsvis.errors import ConfigError, DataError

MARKS = [[1, 0, 1], [0, 0, 0], [-1, -1, -1], [0, 1, 0]]
NAN = float("nan")


def settings(**given):
    return DatasetSettings.model_validate({"path": "parquet", "data_files": {"test": "x"}, **given})


ABC = {"label": ["a", "b", "c"]}
FORMS = {  # cells of four rows -> settings
    "names": ([["a", "c"], [], None, ["b"]], {}),
    "ids": ([[0, 2], [], None, [1]], {"classes": ["a", "b", "c"]}),
    "ids of the dataset's names": ([[0, 2], [], None, [1]], {"known": ["a", "b", "c"]}),
    "marks": ([[1, 0, 1], [0, 0, 0], None, [0, 1, 0]], {"classes": ["a", "b", "c"]}),
    "yes and "
    "no": ([[True, False, True], [False] * 3, None, [False, True, False]], {"classes": ["a", "b", "c"]}),
    "marks as text": (["[1 0 1]", "[0 0 0]", None, "[0, 1, 0]"], {"classes": ["a", "b", "c"]}),
    "columns": ([[1, 0, 1], [0, 0, 0], [1, None, 0], [0, 1, 0]], {"label": ["a", "b", "c"]}),
    "columns of text": ([["1", "0", "true"], ["0"] * 3, [None] * 3, ["0.0", "1.0", "False"]], ABC),
    "columns of floats": ([[1.0, 0.0, 1.0], [0.0] * 3, [NAN] * 3, [0.0, 1.0, 0.0]], ABC),
    "bars": (["a|c", "[]", None, "b"], {}),
    "semicolons and spaces": (["a; c", "[]", None, "b;"], {}),
    "JSON": (['["a", "c"]', "[]", None, '["b"]'], {}),
    "as Python writes it": (["['a', 'c']", "[]", None, "['b']"], {}),
    "a name that means none": ([["a", "c"], [], ["a", "?"], ["b"]], {"unknown": ["?"]}),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_the_same_labels_in_every_form(form):
    cells, given = FORMS[form]
    given = dict(given)
    known = given.pop("known", None)
    found = independent_of([], cells, settings(**given), known)
    assert found.names == ("a", "b", "c")
    assert found.test.tolist() == MARKS
    assert found.train.shape == (0, 3)


@pytest.mark.parametrize(
    ("cells", "given", "told"),
    [
        (["a|b", "c;d"], {}, "bars and semicolons: which of them"),
        ([[1, 2], [0, 1]], {"label": ["a", "b"]}, "row 0: `b` holds `2`"),
        ([["a"], ["a"]], {}, "at least two different classes"),
        (
            [[1, 0], [0, 1]],
            {"classes": ["a", "b", "c"]},
            "holds 2 values of 0 and 1 in each row, but there are 3",
        ),
        (["[a, b", "[b]"], {}, "no list that can be read"),
        ([["a"], "b"], {}, "texts and other things"),
        ([["a", "d"], ["b"]], {"classes": ["a", "b", "c"]}, "`d`, which is none of the classes"),
    ],
)
def test_what_can_be_read_in_several_ways_or_in_none_is_refused(cells, given, told):
    with pytest.raises(DataError, match=told):
        independent_of([], cells, settings(**given))


NAMES = st.lists(
    st.text("abcdefgh xyz", min_size=1).map(str.strip).filter(bool), min_size=2, max_size=5, unique=True
)


@given(NAMES, st.data())
def test_sets_of_names_are_read_back_however_they_are_written(names, data):
    rows = data.draw(st.lists(st.one_of(st.none(), st.sets(st.sampled_from(names))), min_size=1, max_size=8))
    expected = [[-1] * len(names) if row is None else [int(name in row) for name in names] for row in rows]
    lists = [None if row is None else sorted(row) for row in rows]
    marks = [None if row is None else [int(name in row) for name in names] for row in rows]
    bars = [None if row is None else "|".join(sorted(row)) or "[]" for row in rows]
    texts = [None if row is None else json.dumps(sorted(row)) for row in rows]
    for cells in (lists, marks, bars, texts):
        found = independent_of([], cells, settings(classes=names))
        assert (found.names, found.test.tolist()) == (tuple(names), expected)
    columns = [[None] * len(names) if one is None else one for one in marks]
    assert independent_of([], columns, settings(label=names)).test.tolist() == expected


@pytest.mark.parametrize("cell", ["high", [1.0, 2.0], float("inf"), 1e39, True])
def test_what_is_no_number_is_told_with_its_row(cell):
    with pytest.raises(DataError, match="row 1: `label` holds .* is no number"):
        numbers_of([1.5, cell], settings(), "test")


def test_numbers_as_they_come():
    cells = [1, 2.5, "-3e1", [4.0], None, NAN, "", "-999"]
    found = numbers_of(cells, settings(unknown=[-999]), "test")
    np.testing.assert_array_equal(found[:, 0], np.float32([1, 2.5, -30, 4, NAN, NAN, NAN, NAN]))


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=2, max_size=30))
def test_errors_are_those_of_scikit_learn(pairs):
    answers, truth = np.array(pairs).T
    found = errors_of(answers, truth)
    assert found["mae"] == pytest.approx(mean_absolute_error(truth, answers), abs=1e-9)
    assert found["rmse"] == pytest.approx(mean_squared_error(truth, answers) ** 0.5, abs=1e-9)
    if np.ptp(truth) > 1e-3:
        assert found["r2"] == pytest.approx(r2_score(truth, answers), rel=1e-6, abs=1e-6)


def test_nothing_is_explained_of_a_truth_that_never_changes():
    assert errors_of(np.array([1.0, 3.0]), np.array([2.0, 2.0])) == {"mae": 1.0, "rmse": 1.0, "r2": None}
    assert errors_of(np.empty(0), np.empty(0)) == {"mae": None, "rmse": None, "r2": None}


def test_a_table_on_disk_is_split_with_its_labels(tmp_path):
    rows = pd.DataFrame(
        {"text": [f"word {k}" for k in range(20)], "a": [k % 2 for k in range(20)], "b": 1, "y": range(20)}
    )
    rows.to_csv(tmp_path / "all.csv", index=False)
    given = {"path": "csv", "data_files": str(tmp_path / "all.csv"), "split": 0.25}
    corpus = load_corpus(settings(**given, label=["a", "b"]), "independent")
    for split in (corpus.train, corpus.test):
        for text, marks in zip(split.texts, split.targets.tolist(), strict=True):
            assert marks == [int(text.split()[1]) % 2, 1]
        assert (split.labels == -1).all()
        assert split.is_labelled.all()
    numbers = load_corpus(settings(**given, label="y"), "number")
    assert numbers.classes == ("y",)
    assert [float(text.split()[1]) for text in numbers.test.texts] == numbers.test.targets[:, 0].tolist()
    assert numbers.test.fingerprint != corpus.test.fingerprint


def test_arrays_beside_series(tmp_path):
    x = np.zeros((4, 5, 2), np.float32)
    np.savez(tmp_path / "x.npz", x=x, many=[[1, 0, 1]] * 4, one=[1.5, 2, 3, 4])
    given = {"path": "npz", "data_files": {"test": str(tmp_path / "x.npz")}, "values": "x"}
    many = load_corpus(settings(**given, label="many", classes=["a", "b", "c"]), "independent")
    assert many.test.targets.tolist() == [[1, 0, 1]] * 4
    assert load_corpus(settings(**given, label="one"), "number").test.targets[:, 0].tolist() == [1.5, 2, 3, 4]


def test_lists_of_marks_without_a_word_are_refused_by_name(tmp_path):
    pd.DataFrame({"text": ["a b"] * 3, "all": [[1, 1, 0]] * 3}).to_parquet(tmp_path / "x.parquet")
    given = {"data_files": {"test": str(tmp_path / "x.parquet")}, "label": "all", "classes": ["a", "b", "c"]}
    with pytest.raises(DataError, match="Set `model.answers: independent`"):
        load_corpus(settings(**given))
    pd.DataFrame({"text": ["a b"] * 3, "y": [1.5, 2.5, 3.5]}).to_parquet(tmp_path / "y.parquet")
    with pytest.raises(DataError, match="set `model.answers: number`"):
        load_corpus(settings(data_files={"test": str(tmp_path / "y.parquet")}, label="y"))


@pytest.mark.parametrize(
    ("dataset", "answers", "told"),
    [
        ("label: [a, b]", "classes", "names several columns, a, b: .* Set `model.answers: independent`"),
        ("label: [a, a]", "independent", "names one or several columns, each once"),
        ("classes: [a, b]", "number", "`dataset.classes` has no use with `model.answers: number`"),
    ],
)
def test_settings_that_do_not_fit_each_other(dataset, answers, told, tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(
        f"name: x\ndataset: {{path: csv, data_files: {{test: x.csv}}, {dataset}}}\n"
        f"model: {{factory: 'net:Net', answers: {answers}}}\n"
    )
    with pytest.raises(ConfigError, match=told):
        load_config(path)


def test_a_config_with_several_columns_is_the_same_when_it_is_read_again():
    given = {"name": "x", "dataset": {"path": "csv", "data_files": {"test": "x.csv"}, "label": ["a", "b"]}}
    one = Config.model_validate(given | {"model": {"factory": "net:Net", "answers": "independent"}})
    assert Config.model_validate(one.model_dump(mode="json")) == one
