"""Which columns are kept, and what is said of them."""

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from hsvis.config import DatasetSettings, load_config
from hsvis.corpus.kept.columns import MOST, kept_columns
from hsvis.corpus.loading import load_corpus
from hsvis.errors import DataError

TABLE = pa.table(
    {
        "text": ["a", "b"],
        "label": ["x", "y"],
        "year": ["1999", "2001"],
        "day": ["01/02/2020", "03/04/2020"],
        "long": ["word " * 100, "b"],
        "vectors": [[1], [2]],
        "nothing": pa.array([None, None], pa.string()),
        "": ["0", "1"],
    }
)


def settings(**given: object) -> DatasetSettings:
    return DatasetSettings.model_validate({"path": "some/set", **given})


def test_all_are_those_that_can_be_kept_and_the_others_are_told() -> None:
    kept, remarks = kept_columns(TABLE, settings(keep="all"))
    assert [(one.name, one.kind) for one in kept] == [("year", "number"), ("day", "date")]
    told = {one.code: one.text for one in remarks}
    assert set(told) == {"kept-kind", "kept-left-out", "ambiguous-dates"}
    assert "`year`: numbers" in told["kept-kind"]
    assert all(f"`{name}`" in told["kept-left-out"] for name in ("long", "vectors", "nothing"))
    assert "month/day/year would fit as well" in told["ambiguous-dates"]


def test_columns_that_are_named_are_kept_or_refused_by_name() -> None:
    kept, _ = kept_columns(TABLE, settings(keep={"year": "category", "day": None}))
    assert [(one.name, one.kind) for one in kept] == [("year", "category"), ("day", "date")]
    with pytest.raises(DataError, match="no column `yaer`. Choose some of .*`year`"):
        kept_columns(TABLE, settings(keep=["yaer"]))
    with pytest.raises(DataError, match="`long` holds texts of up to 500 characters"):
        kept_columns(TABLE, settings(keep=["long"]))
    with pytest.raises(DataError, match="`day` is to be a number, but `01/02/2020` is no number"):
        kept_columns(TABLE, settings(keep={"day": "number"}))


def test_no_more_are_kept_than_a_table_can_show() -> None:
    wide = pa.table({f"c{k}": [k] for k in range(MOST + 3)})
    kept, remarks = kept_columns(wide, settings(keep="all"))
    assert len(kept) == MOST
    assert "beyond the 40 columns" in remarks[-1].text
    with pytest.raises(DataError, match="beyond the 40 columns"):
        kept_columns(wide, settings(keep=wide.column_names))


def test_steps_of_a_series_have_one_value_together() -> None:
    steps = pa.table(
        {
            "id": ["b", "b", "a", "a", "b"],
            "v": [1.0, 2, 3, 4, 5],
            "label": ["x"] * 5,
            "who": [None, "B", "A", None, "B"],
            "t": [1, 2, 3, 4, 5],
        }
    )
    long = {"values": ["v"], "sequence": "id"}
    kept, remarks = kept_columns(steps, settings(keep="all", **long))
    assert [(one.name, one.values.to_pylist()) for one in kept] == [("who", ["B", "A"])]
    assert "`t` has two values in one sequence (`1`, `2`)" in next(
        one.text for one in remarks if one.code == "kept-left-out"
    )
    with pytest.raises(DataError, match="`t` has two values in one sequence"):
        kept_columns(steps, settings(keep=["t"], **long))


def test_sets_that_come_with_hsvis_and_arrays_have_no_columns(tmp_path: Path) -> None:
    for path in ("demo", "digits"):
        with pytest.raises(DataError, match="no column `source`. It has none"):
            load_corpus(DatasetSettings(path=path, keep=["source"]))
    with pytest.raises(DataError, match="arrays have no columns"):
        kept_columns(None, settings(keep="all"))


def test_a_csv_file_gives_the_cells_of_its_rows_and_the_same_key(tmp_path: Path) -> None:
    for split in ("train", "test"):
        rows = {
            "text": ["good film", "bad film"],
            "label": ["p", "n"],
            "site": ["a", None],
            "ok": ["true", "false"],
        }
        pd.DataFrame(rows).to_csv(tmp_path / f"{split}.csv", index=False)
    files = {"train": str(tmp_path / "train.csv"), "test": str(tmp_path / "test.csv")}
    given = {"path": "csv", "data_files": files}
    plain = load_corpus(DatasetSettings.model_validate(given))
    corpus = load_corpus(DatasetSettings.model_validate({**given, "keep": "all"}))
    cells = {one.name: one.values.to_pylist() for one in corpus.test.kept}
    assert cells == {"site": ["a", None], "ok": [True, False]}
    assert not plain.test.kept
    assert corpus.test.fingerprint == plain.test.fingerprint


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("all", "all"), ("[a, b, a]", ["a", "b"]), ("year", ["year"]), ("[2020, yes]", ["2020", "yes"]),
        ("{code: category, 7: number}", {"code": "category", "7": "number"}), ("[]", None), ("null", None),
    ],
)  # fmt: skip
def test_columns_can_be_named_in_a_config(tmp_path: Path, given: str, expected: object) -> None:
    file = tmp_path / "some.yaml"
    file.write_text(f"name: some\ndataset: {{path: some/set, keep: {given}}}\n")
    assert load_config(file).dataset.keep == expected
    assert load_config(file, [f"dataset.keep={given}"]).dataset.keep == expected


def test_numbers_that_a_dataset_names_are_kept_by_their_names() -> None:
    features = {"genre": {"names": ["crime", "drama"], "_type": "ClassLabel"}, "n": {"dtype": "int64"}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    table = pa.table({"genre": [1, 0, -1], "n": [1, 2, 3]}).replace_schema_metadata(metadata)
    kept, _ = kept_columns(table, settings(keep=["genre", "n"]))
    assert [one.values.to_pylist() for one in kept] == [["drama", "crime", None], [1, 2, 3]]


def test_columns_stay_with_their_rows_where_one_file_is_divided(tmp_path: Path) -> None:
    names = [f"text number {k}" for k in range(40)]
    frame = pd.DataFrame({"text": names, "label": ["no", "yes"] * 20, "row": [f"row {k}" for k in range(40)]})
    frame.to_csv(tmp_path / "one.csv", index=False)
    files = {"train": str(tmp_path / "one.csv")}
    corpus = load_corpus(DatasetSettings(path="csv", data_files=files, split=0.25, keep=["row"]))
    assert len(corpus.test) == 10
    assert corpus.test.kept[0].values.to_pylist() == [
        text.replace("text number", "row") for text in corpus.test.texts
    ]
    steps = frame.loc[frame.index.repeat(3)].assign(value=1.0, time=list(range(3)) * 40)
    steps["value"] = range(len(steps))
    steps.to_csv(tmp_path / "long.csv", index=False)
    corpus = load_corpus(
        DatasetSettings(
            path="csv", data_files={"train": str(tmp_path / "long.csv")}, split=0.25, keep=["row"],
            sequence="text", values="value", step="time",
        )
    )  # fmt: skip
    assert corpus.test.kept[0].values.to_pylist() == [
        one.caption.replace("text number", "row") for one in corpus.test.series
    ]


def test_kept_columns_are_no_values_of_a_wide_table(tmp_path: Path) -> None:
    frame = pd.DataFrame({"label": ["no", "yes"] * 4, "year": range(8), "t0": 0.5, "t1": range(8)})
    frame.to_csv(tmp_path / "wide.csv", index=False)
    files = dict.fromkeys(("train", "test"), str(tmp_path / "wide.csv"))
    corpus = load_corpus(DatasetSettings(path="csv", data_files=files, values="*", keep=["year"]))
    assert {one.values.shape for one in corpus.test.series} == {(2, 1)}
    assert corpus.test.kept[0].values.to_pylist() == list(range(8))
    kept = load_corpus(DatasetSettings(path="csv", data_files=files, values="t*", keep="all")).test.kept
    assert [one.name for one in kept] == ["year"]
