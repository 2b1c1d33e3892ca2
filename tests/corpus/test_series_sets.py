"""Sets of series as people download them: each is read by a config alone, and what was decided is said."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hsvis.check import check
from hsvis.config import Config, DatasetSettings
from hsvis.corpus.corpus import Corpus
from hsvis.corpus.loading import load_corpus
from hsvis.errors import DataError

RNG = np.random.default_rng(8)
SPLITS = ("train", "test")


@pytest.fixture(autouse=True)
def own_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HSVIS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "datasets")


def loaded(dataset: dict[str, Any]) -> Corpus:
    return load_corpus(DatasetSettings.model_validate(dataset))


def files(folder: Path, texts: dict[str, str]) -> dict[str, str]:
    """Writes a file for each split, and names it as `data_files` does."""
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return {split: str(folder / name) for split, name in zip(SPLITS, texts, strict=True)}


def wave(label: int, steps: int) -> np.ndarray:
    return np.sin(np.arange(steps) / (2 + label)) + RNG.normal(0, 0.1, steps)


def rows(labels: list[int], lengths: list[int], between: str, form: Callable[[int], str] = str) -> str:
    """A row for each sequence, the label first, padded with NaN."""
    most = max(lengths)
    lines = []
    for label, steps in zip(labels, lengths, strict=True):
        cells = [f"{value:.5f}" for value in wave(label, steps)] + ["NaN"] * (most - steps)
        lines.append(between.join([form(label), *cells]))
    return "\n".join(lines) + "\n"


def gun_point(folder: Path) -> dict[str, Any]:
    text = rows([1, 2] * 5, [15] * 10, "\t")
    return {"path": "ucr", "data_files": files(folder, {"G_TRAIN.tsv": text, "G_TEST.tsv": text})}


def plaid(folder: Path) -> dict[str, Any]:
    text = rows([0, 1, 2] * 4, [9, 20, 14] * 4, "\t")
    return {"path": "ucr", "data_files": files(folder, {"PLAID_TRAIN.tsv": text, "PLAID_TEST.tsv": text})}


def ecg5000(folder: Path) -> dict[str, Any]:
    text = rows([1, 2] * 5, [12] * 10, "  ", lambda label: f"  {label:.7e}")
    return {"path": "ucr", "data_files": files(folder, {"ECG_TRAIN.txt": text, "ECG_TEST.txt": text})}


def mit_bih(folder: Path) -> dict[str, Any]:
    lines = [[*(f"{v:.18e}" for v in wave(k % 3, 11) / 2), f"{k % 3:.18e}"] for k in range(12)]
    text = "\n".join(map(",".join, lines))
    return {"path": "ucr", "data_files": files(folder, {"mitbih_train.csv": text, "mitbih_test.csv": text})}


def basic_motions(folder: Path) -> dict[str, Any]:
    names = ("Standing", "Running")
    head = (
        "#a comment\n@problemName BasicMotions\n@timeStamps false\n@missing false\n@univariate false\n"
        "@dimensions 6\n@equalLength true\n@seriesLength 10\n"
        "@classLabel true Standing Running Walking\n@data\n"
    )
    data = [
        ":".join([*(",".join(f"{v:.4f}" for v in wave(d, 10)) for d in range(6)), names[k % 2]])
        for k in range(8)
    ]
    text = head + "\n".join(data) + "\n"
    return {"path": "ts", "data_files": files(folder, {"B_TRAIN.ts": text, "B_TEST.ts": text})}


def japanese_vowels(folder: Path) -> dict[str, Any]:
    head = "@problemName JapaneseVowels\n@timestamps false\n@univariate false\n@classlabel true 1 2\n@data\n"
    data = []
    for k in range(8):
        dims = [",".join(f"{v:.4f}" for v in wave(d, 7 + k)) for d in range(12)]
        data.append(":".join([*dims, str(1 + k % 2)]))
    text = head + "\n".join(data)
    return {"path": "ts", "data_files": files(folder, {"J_TRAIN.ts": text, "J_TEST.ts": text})}


def ford_a(folder: Path) -> dict[str, Any]:
    head = "%comment\n@relation FordA\n\n"
    head += (
        "".join(f"@attribute att{k} numeric\n" for k in range(1, 14)) + "@attribute target {-1,1}\n\n@data\n"
    )
    data = [",".join([*(f"{v:.4f}" for v in wave(k % 2, 13)), str((-1, 1)[k % 2])]) for k in range(10)]
    text = head + "\n".join(data)
    return {"path": "arff", "data_files": files(folder, {"F_TRAIN.arff": text, "F_TEST.arff": text})}


def relational(folder: Path) -> dict[str, Any]:
    head = "@relation 'Motions'\n@attribute relationalAtt relational\n"
    head += "".join(f"  @attribute t{k} numeric\n" for k in range(5))
    head += "@end relationalAtt\n@attribute activity {Standing, Running}\n@data\n"
    data = []
    for k in range(6):
        cell = "\\n".join(",".join(f"{v:.3f}" for v in wave(d, 5)) for d in range(3))
        data.append(f"'{cell}',{('Standing', 'Running')[k % 2]}")
    text = head + "\n".join(data)
    return {"path": "arff", "data_files": files(folder, {"M_TRAIN.arff": text, "M_TEST.arff": text})}


def uci_har(folder: Path) -> dict[str, Any]:
    """Fixed columns with spaces, a file for each signal, and the labels in one of their own."""
    named = {}
    for split in SPLITS:
        (folder / split).mkdir()
        for signal in ("body_acc_x", "body_acc_y", "total_acc_x"):
            lines = ["  ".join(f"{v: .7e}" for v in wave(k % 3, 16)) for k in range(9)]
            text = "\n".join(f"  {line}" for line in lines) + "\n"
            (folder / split / f"{signal}_{split}.txt").write_text(text, encoding="utf-8")
        text = "".join(f"{1 + k % 3}\n" for k in range(9))
        (folder / f"y_{split}.txt").write_text(text, encoding="utf-8")
        named[split] = [str(folder / split / "*.txt"), str(folder / f"y_{split}.txt")]
    classes = ["WALKING", "SITTING", "LAYING"]
    return {"path": "ucr", "data_files": named, "classes": classes}


def activity_pair(folder: Path) -> dict[str, Any]:
    """Arrays with the channels first, (S, C, T), and one-hot labels."""
    named = {}
    for split in SPLITS:
        np.save(
            folder / f"X_{split}.npy", np.stack([[wave(d + k % 2, 14) for d in range(3)] for k in range(8)])
        )
        np.save(folder / f"y_{split}.npy", np.eye(2)[np.arange(8) % 2])
        named[split] = [str(folder / f"X_{split}.npy"), str(folder / f"y_{split}.npy")]
    return {"path": "npy", "data_files": named, "axes": ["sequence", "feature", "step"]}


def icu_stays(folder: Path) -> dict[str, Any]:
    """A row for each hour, with what was measured, and the outcome in the first row alone."""
    lines = ["stay,hour,HR,Temp,outcome"]
    for stay in range(8):
        for hour in range(6):
            rate = f"{80 + stay + hour}" if hour % 2 else ""
            warmth = "NA" if hour == 2 else f"{36.5 + hour / 10}"
            outcome = str(stay % 2) if hour == 0 else ""
            lines.append(f"{100 + stay},{hour},{rate},{warmth},{outcome}")
    text = "\n".join(lines)
    return {
        "path": "csv", "data_files": files(folder, {"icu_train.csv": text, "icu_test.csv": text}),
        "values": ["HR", "Temp"], "sequence": "stay", "step": "hour", "label": "outcome",
        "missing": "forward",
    }  # fmt: skip


def wide_csv(folder: Path) -> dict[str, Any]:
    head = ",".join(["", "label", *(f"t{k}" for k in (0, 1, 10, 2, 3, 4, 5, 6, 7, 8, 9))])
    lines = [
        ",".join([str(k), ("down", "up")[k % 2], *(f"{v:.3f}" for v in wave(k % 2, 11))]) for k in range(8)
    ]
    text = "\n".join([head, *lines])
    named = files(folder, {"wide_train.csv": text, "wide_test.csv": text})
    return {"path": "csv", "data_files": named, "values": "*"}


def text_lists(folder: Path) -> dict[str, Any]:
    lines = [f'"{wave(k % 2, 9).round(3).tolist()}",{("a", "b")[k % 2]}' for k in range(8)]
    text = "\n".join(["signal,label", *lines])
    named = files(folder, {"lists_train.csv": text, "lists_test.csv": text})
    return {"path": "csv", "data_files": named, "values": "signal"}


# writes the files -> sequences, fewest and most steps, features, classes, codes of what was decided
SETS = {
    gun_point: (10, (15, 15), ("0",), ("1", "2"), {"series-form"}),
    plaid: (12, (9, 20), ("0",), ("0", "1", "2"), {"series-form", "series-end"}),
    ecg5000: (10, (12, 12), ("0",), ("1", "2"), {"series-form"}),
    mit_bih: (12, (11, 11), ("0",), ("0", "1", "2"), {"series-form"}),
    basic_motions: (8, (10, 10), tuple("012345"), ("Standing", "Running", "Walking"), {"series-form"}),
    japanese_vowels: (8, (7, 14), tuple(map(str, range(12))), ("1", "2"), {"series-form"}),
    ford_a: (10, (13, 13), ("0",), ("-1", "1"), {"series-form"}),
    relational: (6, (5, 5), ("0", "1", "2"), ("Standing", "Running"), {"series-form"}),
    uci_har: (9, (16, 16), ("body_acc_x", "body_acc_y", "total_acc_x"), ("WALKING", "SITTING", "LAYING"),
              {"series-form", "class-names"}),
    activity_pair: (8, (14, 14), ("0", "1", "2"), ("0", "1"), {"one-hot"}),
    icu_stays: (8, (6, 6), ("HR", "Temp"), ("0", "1"), {"missing-values", "missing-marks", "label-place"}),
    wide_csv: (8, (11, 11), ("0",), ("down", "up"), {"series-form"}),
    text_lists: (8, (9, 9), ("0",), ("a", "b"), {"series-form"}),
}  # fmt: skip


@pytest.mark.parametrize("write", SETS, ids=lambda one: one.__name__)
def test_a_published_set_is_read_by_a_config_alone(tmp_path: Path, write: Any) -> None:
    count, steps, features, classes, codes = SETS[write]
    dataset = write(tmp_path)
    corpus = loaded(dataset)
    series = corpus.test.series
    assert series is not None
    lengths = [len(one) for one in series]
    assert len(series) == count
    assert (min(lengths), max(lengths)) == steps
    assert (corpus.features, corpus.classes) == (features, classes)
    assert codes <= {one.code for one in corpus.remarks} <= codes | {"class-values", "no-row"}
    assert (corpus.test.labels >= 0).all()


@pytest.mark.parametrize("write", [plaid, uci_har, icu_stays], ids=lambda one: one.__name__)
def test_check_says_how_many_sequences_steps_and_features_there_are(tmp_path: Path, write: Any) -> None:
    count, (fewest, most), features, _, codes = SETS[write]
    dataset = write(tmp_path)
    content = {"name": "c", "dataset": dataset, "model": {"hidden": 4}, "projections": [{"method": "pca"}]}
    found = check(Config.model_validate(content))
    [_, line] = [text for name, text in found.facts if name == "series"]
    assert line.startswith(f"test: {count} sequences of {fewest}")
    assert f"{most}" in line
    assert f"{len(features)} feature" in line
    assert codes <= {one.code for one in found.decisions}
    assert found.as_json()["series"]["test"]["steps"][::2] == (fewest, most)


def test_values_are_those_of_the_file(tmp_path: Path) -> None:
    head = "@classLabel true a b\n@data\n"
    texts = {"a.ts": head + "1,2.5,?:4,5,?:a\n7:8:b\n", "b.ts": head + "1:3:b\n2:9:a\n"}
    corpus = loaded({"path": "ts", "data_files": files(tmp_path, texts)})
    assert corpus.train.series is not None
    assert [one.values.tolist() for one in corpus.train.series] == [[[1, 4], [2.5, 5]], [[7, 8]]]
    assert corpus.train.series[0].steps == ("step 0", "step 1")
    assert corpus.train.labels.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        ("ts", "@timestamps true\n@classLabel true a b\n@data\n(0,1.5),(1,2.5):a\n", "time stamps"),
        ("ts", "@targetlabel true\n@data\n1,2:3.5\n", "holds numbers to predict"),
        ("ts", "@classLabel true a b\n@data\n1,2:c\n", "line 3: the label is `c`"),
        ("ts", "@classLabel true a b\n@data\n1,2:3,4:a\n1,2:b\n", "line 4: has 1 dimensions"),
        ("ts", "@classLabel true a b\n@data\n1,x:a\n", "line 3, value 2: `x` is no number"),
        ("ts", "1,2,3\n", "there is no line `@data`"),
        ("ucr", "@relation x\n", "Set `dataset.path: ts`, or `arff`"),
        ("ucr", "label,t0,t1,t2\na,1,2,3\n", "A file with a header is `path: csv`"),
        ("ucr", "0.5,1.5,2.5\n0.5,1.5,3.5\n", "neither the first nor the last column"),
        ("ucr", "4,1.5,1\n2,1.5,0\n5,2.5,0\n", "may both be the label"),
        ("ucr", "1 0.5 0.5\n2 0.5 abc\n", "line 2, value 2: `abc` is no number"),
        ("arff", "@relation x\n@attribute t date\n@data\n1\n", "the attribute t is `date`"),
        ("arff", "@attribute t numeric\n@attribute c {a,b}\n@data\n1,2,a\n", "line 4: has 3 cells, not 2"),
        ("arff", "@attribute t numeric\n@attribute c {a,b}\n@data\n1,d\n", "label `d` is none of `a`, `b`"),
    ],
)  # fmt: skip
def test_what_is_no_such_file_is_refused_with_the_way_round(
    tmp_path: Path, path: str, text: str, message: str
) -> None:
    with pytest.raises(DataError) as error:
        loaded({"path": path, "data_files": files(tmp_path, {"a.txt": text, "b.txt": text})})
    assert message in str(error.value)


def test_the_label_of_rows_without_a_header_can_be_named(tmp_path: Path) -> None:
    text = "4,1.5,1\n2,1.5,0\n5,2.5,0\n"
    dataset = {"path": "ucr", "data_files": files(tmp_path, {"a.txt": text, "b.txt": text})}
    assert loaded(dataset | {"label": "last"}).classes == ("0", "1")
    assert loaded(dataset | {"label": "first"}).classes == ("2", "4", "5")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data_files\.test`: there is no file .*none\*\.tsv"):
        loaded({"path": "ucr", "data_files": {"test": str(tmp_path / "none*.tsv")}})


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("zero", [[0, 1], [2, 0], [0, 3], [4, 0]]),
        ("forward", [[2, 1], [2, 1], [2, 3], [4, 3]]),
        ("interpolate", [[2, 1], [2, 2], [3, 3], [4, 3]]),
        ("drop", []),
    ],
)
def test_what_is_missing_is_treated_as_it_was_said(
    tmp_path: Path, how: str, expected: list[list[float]]
) -> None:
    lines = ["id,t,x,y,label", "1,0,,1,a", "1,1,2,,a", "1,2,,3,a", "1,3,4,,a", "2,0,7,8,b"]
    text = "\n".join(lines)
    dataset: dict[str, Any] = {
        "path": "csv", "data_files": files(tmp_path, {"a.csv": text, "b.csv": text}),
        "values": ["x", "y"], "sequence": "id", "step": "t",
    }  # fmt: skip
    corpus = loaded(dataset | {"missing": how})
    assert corpus.test.series is not None
    assert [one.values.tolist() for one in corpus.test.series] == [expected, [[7, 8]]]
    assert corpus.test.series[0].steps == (() if how == "drop" else ("t 0", "t 1", "t 2", "t 3"))
    [said] = {one.text.partition("split")[2] for one in corpus.remarks if one.code == "missing-values"} - {
        one.text.partition("split")[2] for one in corpus.remarks if "`train`" in one.text
    }
    assert "4 of 10 values (40.0%) are missing, in 1 of 2 sequences" in said
    with pytest.raises(DataError, match=r"4 of 10 values \(40\.0%\) are missing.*`interpolate`"):
        loaded(dataset)


def test_a_cell_that_is_no_number_is_named_by_its_line(tmp_path: Path) -> None:
    text = 'id,note,x,label\n1,"two\nlines",1.5,a\n1,,2.5,a\n\n2,,?,b\n'
    dataset: dict[str, Any] = {
        "path": "csv", "data_files": files(tmp_path, {"a.csv": text, "b.csv": text}),
        "values": "x", "sequence": "id",
    }  # fmt: skip
    with pytest.raises(DataError, match=r"b\.csv, line 6, column `x` holds `\?`, not numbers.*missing"):
        loaded(dataset)
    corpus = loaded(dataset | {"missing": "zero"})
    assert "missing-marks" in {one.code for one in corpus.remarks}
    assert corpus.test.series is not None
    assert corpus.test.series[1].values.tolist() == [[0]]


def test_features_of_both_splits_stand_in_one_order(tmp_path: Path) -> None:
    dataset = uci_har(tmp_path)
    test = [tmp_path / "test" / f"{name}_test.txt" for name in ("total_acc_x", "body_acc_x", "body_acc_y")]
    dataset["data_files"]["test"] = [*map(str, test), str(tmp_path / "y_test.txt")]
    with pytest.raises(DataError, match="Both splits need the same, in one order"):
        loaded(dataset)


@pytest.mark.parametrize("labels", [np.array([[0.0], [1.0]]), np.array([b"0", b"1"]), np.eye(2, dtype=int)])
def test_labels_of_arrays_come_in_any_shape(tmp_path: Path, labels: np.ndarray) -> None:
    np.savez(tmp_path / "d.npz", x=np.array([[1, 2, math.nan], [3, 4, 5]]), y=labels)
    named = {split: str(tmp_path / "d.npz") for split in SPLITS}
    corpus = loaded({"path": "npz", "data_files": named, "values": "x", "label": "y"})
    assert (corpus.classes, corpus.test.labels.tolist()) == (("0", "1"), [0, 1])
    assert corpus.test.series is not None
    assert [len(one) for one in corpus.test.series] == [2, 3]
    assert "series-end" in {one.code for one in corpus.remarks}


@pytest.mark.parametrize("form", ["(S, T)", "(S, T, 1)", "(N,)", "names"])
def test_arrays_may_have_a_label_for_each_step(tmp_path: Path, form: str) -> None:
    labels = np.array([[0, 1, 9], [1, 1, 0]])  # 9 is padding
    flat = labels[[0, 0, 1, 1, 1], [0, 1, 0, 1, 2]]
    given = {
        "(S, T)": labels, "(S, T, 1)": labels[..., None], "(N,)": flat,
        "names": np.array(["0", "1", "-"])[np.minimum(labels, 2)],
    }  # fmt: skip
    np.savez(tmp_path / "d.npz", x=np.arange(6.0).reshape(2, 3), n=np.array([2, 3]), y=given[form])
    named = {split: str(tmp_path / "d.npz") for split in SPLITS}
    corpus = loaded({"path": "npz", "data_files": named, "values": "x", "label": "y", "lengths": "n"})
    assert corpus.test.step_labels is not None
    assert [one.tolist() for one in corpus.test.step_labels] == [[0, 1], [1, 1, 0]]
    assert "step-labels" in {one.code for one in corpus.remarks}


@pytest.mark.parametrize("wide", [2, 5])  # of classes that do not exclude each other, these are no steps
def test_labels_of_arrays_that_fit_nothing_are_refused(tmp_path: Path, wide: int) -> None:
    np.savez(tmp_path / "d.npz", x=np.zeros((4, 3)), y=np.ones((4, wide)))
    with pytest.raises(DataError, match=rf"shape \(4, {wide}\), but there are 4 sequences of up to 3 steps"):
        loaded({"path": "npz", "data_files": {"test": str(tmp_path / "d.npz")}, "values": "x", "label": "y"})


def test_arrays_without_labels_are_read_where_the_classes_are_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", x=np.zeros((4, 3, 2)))
    dataset = {"path": "npz", "data_files": {"test": str(tmp_path / "d.npz")}, "values": "x"}
    corpus = loaded(dataset | {"classes": ["<blank>", "a"]})
    assert corpus.test.labels.tolist() == [-1] * 4
    assert "no-labels" in {one.code for one in corpus.remarks}
    with pytest.raises(DataError, match="no array `label`"):
        loaded(dataset)
