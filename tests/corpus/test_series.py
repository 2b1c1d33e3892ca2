"""Sequences of numbers: every form that they come in, the built-in classifier and own models on them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from own_models import SignalGru
from sklearn.datasets import load_digits

from hsvis.build.pipeline import build
from hsvis.catalogue.runs import Runs
from hsvis.config import Config, DatasetSettings, TokenSettings, load_config
from hsvis.corpus.choice import chosen_rows
from hsvis.corpus.corpus import Corpus
from hsvis.corpus.loading import load_corpus
from hsvis.corpus.series import Series
from hsvis.dashboard.content.filters import Filters
from hsvis.dashboard.content.table_pages import Listing, Pages
from hsvis.dashboard.content.table_rows import table_rows
from hsvis.dashboard.page.token_strip import shares
from hsvis.errors import ConfigError, DataError, ModelError
from hsvis.models.builtin.checkpoint import read_checkpoint
from hsvis.models.builtin.text_model import read_series
from hsvis.run.facts import SeriesFacts
from hsvis.run.find import find_run

RNG = np.random.default_rng(4)
LENGTHS = (5, 3, 1, 4, 6, 2, 5, 7)
VALUES = [RNG.normal(size=(length, 3)).astype(np.float32) for length in LENGTHS]
LABELS = [k % 2 for k in range(len(LENGTHS))]


@pytest.fixture(autouse=True)
def own_datasets_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "datasets")


def write(folder: Path, form: str) -> dict[str, Any]:
    """The same series in one of the forms, and the settings that read them."""
    names = ["a", "b", "c"]
    if form == "lists":
        frame = pd.DataFrame({"signal": [v.tolist() for v in VALUES], "label": LABELS})
        frame.to_parquet(folder / "data.parquet")
        return settings(folder / "data.parquet", path="parquet", values="signal")
    if form == "long":
        rows = [
            (f"s{i}", step, *values, LABELS[i])
            for i, one in enumerate(VALUES)
            for step, values in enumerate(one)
        ]
        frame = pd.DataFrame(rows, columns=["who", "at", *names, "label"])
        first = frame.groupby("who", sort=False).head(1)
        later = frame.drop(first.index).sample(frac=1, random_state=3)
        pd.concat([first, later]).to_csv(folder / "data.csv", index=False)  # sequences keep their order
        return settings(folder / "data.csv", path="csv", values=names, sequence="who", step="at")
    arrays: dict[str, Any] = {"y": np.array(LABELS), "n": np.array(LENGTHS)}
    if form == "joined":
        arrays["x"] = np.concatenate(VALUES)
    else:
        arrays["x"] = np.full((len(VALUES), max(LENGTHS), 3), np.nan, np.float32)
        for i, one in enumerate(VALUES):
            arrays["x"][i, : len(one)] = one
    np.savez(folder / "data.npz", **arrays)
    return settings(folder / "data.npz", path="npz", values="x", label="y", lengths="n")


def settings(file: Path, **more: Any) -> dict[str, Any]:
    return {"data_files": {"train": str(file), "test": str(file)}, **more}


def loaded(dataset: dict[str, Any]) -> Corpus:
    return load_corpus(DatasetSettings.model_validate(dataset))


@pytest.mark.parametrize("form", ["lists", "long", "joined", "padded"])
def test_every_form_gives_the_same_series(tmp_path: Path, form: str) -> None:
    corpus = loaded(write(tmp_path, form))
    series = corpus.test.series
    assert series is not None
    for one, expected in zip(series, VALUES, strict=True):
        np.testing.assert_allclose(one.values, expected, rtol=1e-6)
        assert len(one.steps) == len(expected)
    assert corpus.test.labels.tolist() == LABELS
    assert corpus.classes == ("0", "1")
    assert corpus.features == (("a", "b", "c") if form == "long" else ("0", "1", "2"))


def test_long_form_names_sequences_and_steps(tmp_path: Path) -> None:
    pd.DataFrame(
        {"id": ["x", "x", "y"], "t": [0.5, 0.25, 3.0], "v": [1, 2, 3], "label": ["up", "up", "down"]}
    ).to_parquet(tmp_path / "d.parquet")
    dataset = settings(tmp_path / "d.parquet", path="parquet", values="v", sequence="id", step="t")
    corpus = loaded(dataset)
    assert corpus.test.series is not None
    assert [one.steps for one in corpus.test.series] == [("t 0.25", "t 0.5"), ("t 3",)]
    assert [one.values[:, 0].tolist() for one in corpus.test.series] == [[2, 1], [3]]
    assert corpus.test.texts == ["x", "y"]
    named = loaded(dataset | {"step_name": "second"})
    assert named.test.series is not None
    assert named.test.series[1].steps == ("second 3",)


def test_a_list_of_plain_numbers_is_one_feature(tmp_path: Path) -> None:
    frame = pd.DataFrame({"v": [[1, 2, 3], [], None, [4]], "label": ["a", "b", "a", "b"]})
    frame.to_parquet(tmp_path / "d.parquet")
    corpus = loaded(settings(tmp_path / "d.parquet", path="parquet", values="v"))
    assert corpus.test.series is not None
    assert [one.values.tolist() for one in corpus.test.series] == [[[1], [2], [3]], [], [], [[4]]]


@pytest.mark.parametrize(
    ("columns", "more", "message"),
    [
        ({"v": ["a b", "c"]}, {"values": "v"}, "column `v` holds "),
        ({"v": [["a"], ["b"]]}, {"values": "v"}, "holds `a`, not numbers"),
        ({"v": [[[1, 2], [3]], [[4, 5]]]}, {"values": "v"}, "row 0: a step has 1 values where the first"),
        ({"v": [[1.0, None], [2.0]]}, {"values": "v"}, "sequence 0, step 1 holds a value that is missing"),
        ({"v": [[1.0], [np.inf]]}, {"values": "v"}, "sequence 1, step 0 holds a value that is infinite"),
        ({"v": [[1.0], [2.0]]}, {"values": "w"}, "no column `w`. Set `dataset.values` to one of `v`"),
        ({"v": [1.0, 2.0]}, {"values": "v"}, "set `dataset.sequence` too"),
        ({"v": [1, 2], "id": ["x", None]}, {"values": "v", "sequence": "id"}, "`id` is missing in row 1"),
        ({"v": [1, 2], "id": [1, 2], "t": [None, 1]}, {"values": "v", "sequence": "id", "step": "t"}, "`t`"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(
    tmp_path: Path, columns: dict[str, Any], more: dict[str, Any], message: str
) -> None:
    pd.DataFrame(columns | {"label": ["a", "b"]}).to_parquet(tmp_path / "d.parquet")
    with pytest.raises(DataError) as error:
        loaded(settings(tmp_path / "d.parquet", path="parquet", **more))
    assert message in str(error.value)


def test_labels_that_differ_in_a_sequence_are_of_its_steps(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "id": ["p", "q", "p", "q", "p"], "time": [2, 0, 0, 1, 1], "v": [0.2, 1.0, 0.0, 1.1, 0.1],
            "label": ["run", "sit", "sit", "sit", None],
        }
    )  # fmt: skip
    frame.to_parquet(tmp_path / "d.parquet")
    same = frame.assign(label="sit").assign(label=["run" if one == "q" else "sit" for one in frame["id"]])
    same.to_parquet(tmp_path / "same.parquet")
    files = {"train": str(tmp_path / "same.parquet"), "test": str(tmp_path / "d.parquet")}
    given = {"values": "v", "sequence": "id", "step": "time"}
    corpus = load_corpus(DatasetSettings(path="parquet", data_files=files, **given))
    assert corpus.classes == ("run", "sit")
    assert corpus.test.series is not None
    assert [np.round(one.values[:, 0].astype(float), 3).tolist() for one in corpus.test.series] == [
        [0, 0.1, 0.2],
        [1, 1.1],
    ]
    assert corpus.test.step_labels is not None
    assert [one.tolist() for one in corpus.test.step_labels] == [[1, -1, 0], [1, 1]]
    assert corpus.train.step_labels is not None  # of one label a sequence, each step has it
    assert [one.tolist() for one in corpus.train.step_labels] == [[1, 1, 1], [0, 0]]
    told = {one.code: one.text for one in corpus.remarks}
    assert "1 of 2 sequences, such as `p`, have several labels" in told["step-labels"]
    frame.loc[0, "v"] = None
    frame.to_parquet(tmp_path / "d.parquet")
    with pytest.raises(DataError, match=r"each step has a label.*`dataset\.missing`"):
        load_corpus(DatasetSettings(path="parquet", data_files=files, **given, missing="drop"))


@pytest.mark.parametrize(
    ("arrays", "more", "message"),
    [
        ({"x": np.zeros((2, 3))}, {"values": "z"}, "there is no array `z`. Set `dataset.values`"),
        ({"x": np.zeros(6)}, {"values": "x"}, "has the shape (6,)"),
        ({"x": np.zeros((3, 2))}, {"values": "x"}, "`y` has the shape (2,), but there are 3 sequences"),
        ({"x": np.array(["a", "b"])}, {"values": "x"}, "holds <U1, not numbers"),
        ({"x": np.array([[1], [2, 3]], object)}, {"values": "x"}, "without running code"),
        ({"x": np.zeros((5, 2)), "n": np.array([2, 2])}, {"values": "x", "lengths": "n"}, "fits neither"),
        ({"x": np.zeros((5, 2)), "n": np.array([2, -2])}, {"values": "x", "lengths": "n"}, "must be whole"),
    ],
)  # fmt: skip
def test_arrays_that_do_not_fit_are_named(
    tmp_path: Path, arrays: dict[str, Any], more: dict[str, Any], message: str
) -> None:
    np.savez(tmp_path / "d.npz", y=np.array([0, 1]), **arrays)
    with pytest.raises(DataError) as error:
        loaded(settings(tmp_path / "d.npz", path="npz", label="y", **more))
    assert message in str(error.value)


def test_a_file_that_is_no_npz_is_named(tmp_path: Path) -> None:
    (tmp_path / "d.npz").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(DataError, match=r"data_files\.t.*d\.npz can't be read as \.npz"):
        loaded(settings(tmp_path / "d.npz", path="npz", values="x"))


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        ({"path": "npz"}, "needs `data_files.test`"),
        ({"path": "ucr", "data_files": {"test": "a"}, "values": "x"}, "knows its series itself"),
        ({"path": "x", "sequence": "id"}, "`sequence` is for series of numbers"),
        ({"path": "x", "values": "a", "lengths": "n"}, "`lengths` is for `path: npz`"),
        ({"path": "x", "missing": "zero"}, "`missing` is for series of numbers"),
        ({"path": "npz", "values": "x", "data_files": {"test": "a.mat"}}, "scipy.io.loadmat('a.mat')"),
        ({"path": "pt"}, "torch.load('FILE', weights_only=True)"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    tmp_path: Path, dataset: dict[str, Any], message: str
) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(f"name: c\ndataset: {dataset}\n".replace("'", ""), encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load_config(path)
    assert message in str(error.value)


@given(
    length=st.integers(0, 12),
    most=st.one_of(st.none(), st.integers(1, 12)),
    keep=st.sampled_from(["first", "last"]),
)
def test_the_length_limit_keeps_steps_with_their_labels(length: int, most: int | None, keep: Any) -> None:
    values = np.arange(length, dtype=np.float32)[:, None]
    series = Series(values, tuple(f"step {k}" for k in range(length)))
    read = read_series(series, TokenSettings(max_length=most, keep=keep))  # type: ignore[call-arg]
    assert len(read) == min(length, most or length)
    assert read.tokens == [f"step {value:g}" for value in read.inputs[:, 0]]
    if length and len(read) < length:
        assert read.tokens[-1 if keep == "last" else 0] == f"step {length - 1 if keep == 'last' else 0}"


def test_what_is_drawn_is_between_the_lowest_and_the_highest() -> None:
    values = np.array([[0, 10], [5, 30]], np.float32)
    lines = shares(values, SeriesFacts(features=[], low=[0, 10], high=[10, 30], draw="lines"))
    assert lines.tolist() == [[0, 0], [128, 255]]
    image = shares(values, SeriesFacts(features=[], low=[0, 10], high=[10, 30], draw="columns"))
    assert image.tolist() == [[0, 85], [42, 255]]
    wide = shares(
        np.ones((2, 1000), np.float32),
        SeriesFacts(features=[], low=[0] * 1000, high=[2] * 1000, draw="rows"),
        64,
    )
    assert wide.shape == (2, 64)
    assert (wide == 128).all()


# whole runs


def small(tmp_path: Path, *more: str) -> Config:
    return load_config("digits", ["model.epochs=2", "dataset.limit=40", "projections=[{method: pca}]", *more])


def test_the_digits_are_those_of_scikit_learn(tmp_path: Path) -> None:
    loaded, corpus = load_digits(), load_corpus(small(tmp_path).dataset)
    assert corpus.classes == tuple("0123456789")
    assert (len(corpus.train), len(corpus.test)) == (1437, 360)
    numbers = set()
    for split in (corpus.train, corpus.test):
        assert split.series is not None
        for one, label in zip(split.series, split.labels, strict=True):
            number = int(one.caption.split()[1])
            numbers.add(number)
            np.testing.assert_array_equal(one.values, loaded.images[number])
            assert loaded.target[number] == label
    assert len(numbers) == 1797


def test_a_run_of_digits_keeps_what_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HSVIS_CACHE", str(tmp_path))
    config = small(tmp_path)
    store = build(config)
    series = load_corpus(config.dataset).test.series
    assert series is not None
    assert store.series is not None
    assert (store.n_sequences, store.n_states, store.n_classes) == (40, 320, 10)
    assert store.test_accuracy is not None
    assert store.test_accuracy > 0.5  # of ten classes
    chosen = chosen_rows(len(series), config.dataset).tolist()
    for index in (0, 17, 39):
        sequence = store.sequence(index)
        np.testing.assert_array_equal(sequence.values, series[chosen[index]].values)
        assert sequence.tokens == [f"row {k}" for k in range(8)]
        assert sequence.text == series[chosen[index]].caption
    shown = np.concatenate([series[row].values for row in chosen])
    assert store.series.low == shown.min(0).tolist()
    assert store.series.high == shown.max(0).tolist()
    assert store.series.draw == "rows"
    rows = table_rows(store)
    assert rows[3]["words"] == series[chosen[3]].caption
    assert (rows[3]["picture"]["steps"], rows[3]["picture"]["values"]) == (8, 8)
    last_first = Listing(sort=(("sequence", True),))
    page = Pages(Filters()).rows(Runs([store]).resolve(None), last_first, 0, 5)
    assert page["rows"] == rows[:-6:-1]  # with their pictures
    assert build(config).n_states == 320  # and nothing was built twice
    assert len(list(tmp_path.glob("digits/models/*.safetensors"))) == 1


def test_states_and_eps_of_series_equal_one_plain_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HSVIS_CACHE", str(tmp_path))
    dataset = write(tmp_path, "padded")
    path = tmp_path / "c.yaml"
    numbers = {"train": {k: dataset[k] for k in dataset}}["train"]
    path.write_text(
        f"name: c\ndataset: {numbers}\nmodel: {{hidden: 6, epochs: 1, cell: lstm}}\n"
        "states: {layers: [rnn.0, rnn.0.cell]}\nprojections: [{method: pca}]\n",
        encoding="utf-8",
    )
    many = {name: np.concatenate([array] * 3) for name, array in np.load(tmp_path / "data.npz").items()}
    np.savez(tmp_path / "data.npz", **many)  # enough to train on
    store = build(load_config(path))
    checkpoint = read_checkpoint(next((tmp_path / "c" / "models").glob("*.safetensors")))
    flat = np.concatenate(VALUES)
    weights = checkpoint.classifier.state_dict()
    lstm = torch.nn.LSTM(3, 6, batch_first=True)
    lstm.load_state_dict({k.removeprefix("rnn.0."): v for k, v in weights.items() if k.startswith("rnn.0.")})
    kept = [k % len(VALUES) for k in range(store.n_sequences)]
    for index, k in enumerate(kept):
        values = torch.from_numpy(VALUES[k])
        scaled = (values - weights["embedding.mean"]) / weights["embedding.deviation"]
        hidden, (_, cell) = lstm(scaled[None])
        np.testing.assert_allclose(store.states(index, "rnn.0"), hidden[0].detach(), atol=1e-5)
        np.testing.assert_allclose(store.states(index, "rnn.0.cell")[-1], cell[0, 0].detach(), atol=1e-5)
        positive = torch.sigmoid(hidden[0] @ weights["head.weight"].T + weights["head.bias"])[:, 0]
        np.testing.assert_allclose(store.sequence(index).ep[:, 1], positive.detach(), atol=1e-5)
    np.testing.assert_allclose(weights["embedding.mean"], flat.mean(0), atol=1e-5)
    np.testing.assert_allclose(weights["embedding.deviation"], flat.std(0), atol=1e-5)


def own(tmp_path: Path, **model: Any) -> Config:
    dataset = write(tmp_path, "lists")
    del dataset["data_files"]["train"]  # it was trained elsewhere
    path = tmp_path / "own.yaml"
    path.write_text(
        f"name: own\ndataset: {dataset}\nmodel: {model}\nprojections: [{{method: pca}}]\n", encoding="utf-8"
    )
    return load_config(path)


def test_an_own_model_reads_series_as_they_are_and_needs_no_training_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HSVIS_CACHE", str(tmp_path))
    torch.manual_seed(1)
    store = build(own(tmp_path, factory="own_models:SignalGru", kwargs={"features": 3, "classes": 2}))
    torch.manual_seed(1)
    module = SignalGru(3, 2).eval()
    assert store.classes == ("0", "1")
    assert store.train_accuracy is None
    for index, values in enumerate(VALUES):
        given_values = torch.from_numpy(values)[None]
        np.testing.assert_allclose(
            store.states(index, "gru.0"), module.gru(given_values)[0][0].detach(), atol=1e-5
        )
        expected = module(given_values).softmax(-1)[0].detach()
        np.testing.assert_allclose(store.sequence(index).ep[-1], expected, atol=1e-5)


def test_a_vocabulary_for_numbers_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HSVIS_CACHE", str(tmp_path))
    model = {
        "factory": "own_models:SignalGru",
        "kwargs": {"features": 3, "classes": 2},
        "tokenizer": "vocab.txt",
    }
    with pytest.raises(ModelError, match=r"vocab\.txt reads texts, but the dataset is of numbers"):
        build(own(tmp_path, **model))


def test_how_numbers_are_drawn_can_be_changed_after_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HSVIS_CACHE", str(tmp_path))
    first = build(small(tmp_path))
    other = small(tmp_path, "dataset.draw=lines")
    again = build(other)
    assert again.folder == first.folder
    assert first.series is not None
    assert again.series is not None
    assert (first.series.draw, again.series.draw) == ("rows", "lines")
    found = find_run(other)
    assert found is not None
    assert found.folder == first.folder


def test_times_keep_all_their_digits(tmp_path: Path) -> None:
    frame = {"id": ["x", "x"], "t": [1700000000.25, 1700000000.75], "v": [1, 2], "label": ["up", "up"]}
    more = {"id": ["y"], "t": [0.5], "v": [3], "label": ["down"]}
    pd.concat([pd.DataFrame(frame), pd.DataFrame(more)]).to_parquet(tmp_path / "d.parquet")
    corpus = loaded(settings(tmp_path / "d.parquet", path="parquet", values="v", sequence="id", step="t"))
    assert corpus.test.series is not None
    assert corpus.test.series[0].steps == ("t 1700000000.25", "t 1700000000.75")


def test_whole_numbers_with_gaps_are_labels_in_long_form_too(tmp_path: Path) -> None:
    rows = {"id": [1, 1, 2, 3, 3], "v": [1, 2, 3, 4, 5], "label": [1, 1, 0, None, None]}
    pd.DataFrame(rows).to_csv(tmp_path / "d.csv", index=False)
    corpus = loaded(settings(tmp_path / "d.csv", path="csv", values="v", sequence="id"))
    assert corpus.classes == ("0", "1")
    assert corpus.test.labels.tolist() == [1, 0, -1]
    assert corpus.test.texts == ["1", "2", "3"]


def test_padded_single_values_are_not_taken_for_features(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", x=np.array([[1, 0, 0], [2, 0, 0]]), y=[0, 1], n=[1, 1])
    corpus = loaded(settings(tmp_path / "d.npz", path="npz", values="x", label="y", lengths="n"))
    assert corpus.test.series is not None
    assert [one.values.tolist() for one in corpus.test.series] == [[[1]], [[2]]]


def test_an_empty_array_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", x=np.zeros((0, 5, 3)), y=np.zeros(0, int))
    with pytest.raises(DataError, match="holds no sequence"):
        loaded(settings(tmp_path / "d.npz", path="npz", values="x", label="y"))
