"""Runs from files alone: what they show, and every mistake that files can have."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hsvis.build.pipeline import build
from hsvis.config import Config, load_config
from hsvis.corpus.recorded import read_recorded
from hsvis.dashboard import create_app
from hsvis.errors import ConfigError, DataError, ModelError
from hsvis.run.find import find_run
from hsvis.run.store import StateStore

LENGTHS = np.array([3, 1, 0, 4])  # one sequence has no step
STEPS = int(LENGTHS.sum())
RNG = np.random.default_rng(5)
ARRAYS: dict[str, Any] = {
    "lengths": LENGTHS,
    "ep": RNG.dirichlet([1, 1, 1], STEPS).astype(np.float32),
    "states.lstm": RNG.normal(size=(STEPS, 5)).astype(np.float32),
    "states.lstm.cell": RNG.normal(size=(STEPS, 2)).astype(np.float32),
    "tokens": np.array([f"<b>w{k}</b>" for k in range(STEPS)]),
    "labels": np.array([2, -1, 0, 1]),
    "classes": np.array(["low", "middle", "high"]),
}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HSVIS_CACHE", str(tmp_path / "cache"))


def config(tmp_path: Path, source: Path, more: str = "") -> Config:
    path = tmp_path / "given.yaml"
    path.write_text(
        f"name: given\nstates_from: {source}\nprojections: [{{method: pca}}]\n{more}", encoding="utf-8"
    )
    return load_config(path)


def saved(tmp_path: Path, **changes: Any) -> Path:
    arrays = {name: one for name, one in (ARRAYS | changes).items() if one is not None}
    np.savez(tmp_path / "run.npz", **arrays)
    return tmp_path / "run.npz"


def padded(array: np.ndarray) -> np.ndarray:
    """(N, …) -> (S, T, …), padded with what can't be mistaken for data."""
    filler: Any = "PADDING" if array.dtype.kind == "U" else 99
    out = np.full((len(LENGTHS), int(LENGTHS.max()), *array.shape[1:]), filler, array.dtype.newbyteorder("="))
    out[np.arange(out.shape[1]) < LENGTHS[:, None]] = array
    return out


def check(store: StateStore) -> None:
    assert store.classes == ("low", "middle", "high")
    assert store.layers == ("lstm", "lstm.cell")
    assert store.lengths.tolist() == [3, 1, 4]
    assert store.labels.tolist() == [2, -1, 1]
    begin = 0
    for index, length in enumerate(store.lengths.tolist()):
        rows = slice(begin, begin + length)
        sequence = store.sequence(index)
        assert sequence.tokens == ARRAYS["tokens"][rows].tolist()
        assert sequence.text == " ".join(sequence.tokens)
        np.testing.assert_allclose(sequence.ep, ARRAYS["ep"][rows], atol=1e-6)
        for layer in store.layers:
            np.testing.assert_array_equal(store.states(index, layer), ARRAYS[f"states.{layer}"][rows])
        begin += length
    distances = np.linalg.norm(np.diff(ARRAYS["states.lstm"][:3], axis=0), axis=1)
    np.testing.assert_allclose(store.distances("lstm")[1:3], distances, atol=1e-5)


def test_arrays_one_after_the_other_become_a_run(tmp_path: Path) -> None:
    store = build(config(tmp_path, saved(tmp_path)))
    check(store)
    right = ARRAYS["ep"][[2, 7]].argmax(1) == [2, 1]
    assert store.test_accuracy == pytest.approx(right.mean())
    assert store.manifest.left_out["test"] == {"no steps": 1}
    assert create_app([store]).layout() is not None


def test_padded_arrays_become_the_same_run(tmp_path: Path) -> None:
    names = ("ep", "states.lstm", "states.lstm.cell", "tokens")
    check(build(config(tmp_path, saved(tmp_path, **{name: padded(ARRAYS[name]) for name in names}))))


def test_a_built_run_is_itself_such_a_folder(tmp_path: Path) -> None:
    first = build(
        load_config("digits", ["model.epochs=1", "dataset.limit=12", "projections=[{method: pca}]"])
    )
    again = build(config(tmp_path, first.folder.path, "dataset: {draw: rows}\n"))
    assert again.name == "given"
    for index in range(12):
        np.testing.assert_array_equal(again.states(index, "rnn.0"), first.states(index, "rnn.0"))
        one, other = again.sequence(index), first.sequence(index)
        np.testing.assert_array_equal(one.values, other.values)
        np.testing.assert_allclose(one.ep, other.ep, atol=1e-6)
        assert (one.tokens, one.label, one.text) == (other.tokens, other.label, other.text)
    np.testing.assert_array_equal(again.distances("rnn.0"), first.distances("rnn.0"))


def test_rows_of_tables_are_put_in_order(tmp_path: Path) -> None:
    pd.DataFrame({"tokens": [["a", "b"], ["c"]], "label": ["x", "y"]}).to_parquet(
        tmp_path / "sequences.parquet"
    )
    keys = {"sequence": [1, 0, 0], "step": [0, 1, 0]}
    ep = [[0.1, 0.9], [0.2, 0.8], [0.3, 0.7]]
    pd.DataFrame(keys | {"ep": ep}).to_parquet(tmp_path / "predictions.parquet")
    pd.DataFrame(keys | {"state": [[3.0], [2.0], [1.0]]}).to_parquet(tmp_path / "states.parquet")
    store = build(config(tmp_path, tmp_path, "dataset: {classes: [x, y]}\n"))
    assert [store.states(k, "rnn.0").ravel().tolist() for k in (0, 1)] == [[1, 2], [3]]
    np.testing.assert_allclose(store.ep[:, 1], [0.7, 0.8, 0.9], atol=1e-6)
    assert store.labels.tolist() == [0, 1]


def test_one_probability_a_step_is_that_of_the_second_class(tmp_path: Path) -> None:
    second = RNG.random(STEPS).astype(np.float32)
    labels = np.array(["good", "bad", "bad", "good"])
    source = saved(tmp_path, ep=second, labels=labels, classes=np.array(["bad", "good"]), tokens=None)
    store = build(config(tmp_path, source))
    np.testing.assert_allclose(store.ep, np.column_stack([1 - second, second]), atol=1e-6)
    assert store.labels.tolist() == [1, 0, 1]
    assert store.sequence(2).tokens == [f"step {k}" for k in range(4)]


def test_one_layer_can_be_chosen_and_others_are_named(tmp_path: Path) -> None:
    assert build(config(tmp_path, saved(tmp_path), "states: {layers: [lstm.cell]}\n")).layers == (
        "lstm.cell",
    )
    with pytest.raises(ModelError, match=r"no layer `gru`. There are lstm, lstm\.cell"):
        build(config(tmp_path, saved(tmp_path), "states: {layers: [gru]}\n"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ep": None}, "`ep` is missing"),
        ({"lengths": None}, "`lengths` is missing"),
        ({"states.lstm": None, "states.lstm.cell": None}, "`states` is missing"),
        ({"lengths": np.array([3.5, 1])}, "`lengths` must be"),
        ({"lengths": np.array([3, 1, 5])}, "fits neither the 9 steps nor 3 sequences"),
        ({"ep": 3 * ARRAYS["ep"]}, "Apply softmax"),
        ({"ep": np.log(ARRAYS["ep"])}, "exp to log-probabilities"),
        ({"ep": np.full_like(ARRAYS["ep"], np.nan)}, "holds no probabilities"),
        ({"classes": np.array(["a", "b"])}, "`ep` has 3 classes, but 2 are named: a, b"),
        ({"labels": np.array([0, 1, 2, 3])}, "the label 3 is none of the 3 classes"),
        ({"labels": np.array(["low", "high", "odd", "low"])}, "the label `odd` is none of the classes low"),
        ({"labels": np.array([0, 1])}, "`labels` has the shape (2,); there are 4 sequences of 8 steps"),
        ({"texts": np.array(["one"])}, "there are 1 `texts` for 4 sequences"),
        ({"states.lstm": np.array(["x"] * STEPS)}, "not numbers"),
        ({"states.../../evil": ARRAYS["states.lstm"]}, "a layer's name is of letters"),
        ({"states.a/b": ARRAYS["states.lstm"]}, "a layer's name is of letters"),
        ({"states": ARRAYS["states.lstm"], "states.rnn.0": ARRAYS["states.lstm"]}, "two arrays of the layer"),
        ({"tokens": np.array([{"a": 1}] * STEPS, object)}, "without running code"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as error:
        build(config(tmp_path, saved(tmp_path, **changes)))
    assert message in str(error.value)
    assert "states_from" in str(error.value)
    assert not (tmp_path / "cache" / "given").exists()


OF_STEPS = np.array([2, -1, 0, 1, 1, 2, -1, 0])
NAMED = np.array(["low", "middle", "high", ""])[OF_STEPS]


def folder_of(tmp_path: Path, sequences: dict[str, Any], steps: dict[str, Any], where: str) -> Path:
    """The arrays as parquet files, the steps in disorder; `steps` stand in the table `where`."""
    folder, order = tmp_path / "run", np.arange(STEPS)[::-1]
    folder.mkdir()
    begins = np.cumsum(LENGTHS) - LENGTHS
    place = {
        "sequence": np.repeat(np.arange(4), LENGTHS),
        "step": np.arange(STEPS) - np.repeat(begins, LENGTHS),
    }
    pd.DataFrame({"length": LENGTHS} | sequences).to_parquet(folder / "sequences.parquet")
    for name, column in (
        ("predictions", {"ep": list(ARRAYS["ep"])}),
        ("states", {"state": list(ARRAYS["states.lstm"])}),
    ):
        table = pd.DataFrame(place | column | (steps if name == where else {}))
        table.iloc[order].to_parquet(folder / f"{name}.parquet")
    return folder


@pytest.mark.parametrize(
    "form", ["(N,)", "(N, 1)", "(S, T)", "names", "bytes", "floats", "lists", "predictions", "states"]
)
def test_labels_may_be_of_steps_in_any_form(tmp_path: Path, form: str) -> None:
    ends = np.cumsum(LENGTHS)
    lists = [OF_STEPS[end - n : end].tolist() for end, n in zip(ends, LENGTHS, strict=True)]
    arrays = {
        "(N,)": OF_STEPS, "(N, 1)": OF_STEPS[:, None], "(S, T)": padded(OF_STEPS), "names": padded(NAMED),
        "bytes": NAMED.astype(bytes), "floats": np.where(OF_STEPS < 0, np.nan, OF_STEPS),
    }  # fmt: skip
    if form in arrays:
        source = saved(tmp_path, labels=arrays[form])
    elif form == "lists":
        source = folder_of(tmp_path, {"label": lists}, {}, "")
    else:
        source = folder_of(tmp_path, {}, {"label": OF_STEPS}, form)
    given = read_recorded(
        source, config(tmp_path, source, "dataset: {classes: [low, middle, high]}\n").dataset
    )
    assert given.step_labels is not None
    assert [one.tolist() for one in given.step_labels] == [one for one in lists if one]
    assert given.labels.tolist() == [-1, -1, -1]
    assert [one.code for one in given.remarks] == ["step-labels"]


def test_accuracy_and_verdicts_of_files_are_those_of_their_steps(tmp_path: Path) -> None:
    store = build(config(tmp_path, saved(tmp_path, labels=OF_STEPS)))
    assert (store.verdicts.unit, store.verdicts.labels.tolist()) == ("step", OF_STEPS.tolist())
    right = (ARRAYS["ep"].argmax(1) == OF_STEPS)[OF_STEPS >= 0].mean()
    assert store.manifest.test_accuracy == pytest.approx(right)
    again = build(config(tmp_path, store.folder.path))
    assert again.verdicts.labels.tolist() == OF_STEPS.tolist()


def test_files_without_labels_are_shown_without(tmp_path: Path) -> None:
    store = build(config(tmp_path, saved(tmp_path, labels=None)))
    assert store.labels.tolist() == [-1, -1, -1]
    assert store.verdicts.unit == "sequence"


def test_labels_of_steps_that_do_not_fit_are_named(tmp_path: Path) -> None:
    source = folder_of(tmp_path, {"label": [[0, 1], [1], [], [0] * 4]}, {}, "")
    with pytest.raises(DataError, match=r"sequences\.parquet: row 0 has 2 labels for 3 steps"):
        read_recorded(source)


def test_the_step_of_a_state_that_is_not_finite_is_named(tmp_path: Path) -> None:
    states = ARRAYS["states.lstm"].copy()
    states[5, 2] = np.inf
    with pytest.raises(DataError, match=r"`states\.lstm` is NaN or infinite at sequence 3, step 1"):
        build(config(tmp_path, saved(tmp_path, **{"states.lstm": states})))


@pytest.mark.parametrize("name", ["nothing.npz", "nothing", "given.yaml"])
def test_a_source_that_is_none_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=name):
        build(config(tmp_path, tmp_path / name))


def test_a_folder_without_its_tables_says_which(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"sequences\.parquet: can't be read"):
        build(config(tmp_path, tmp_path / "empty"))


def test_a_model_beside_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="`model` has no use beside `states_from`"):
        config(tmp_path, saved(tmp_path), "model: {hidden: 4}\n")


def test_other_files_are_another_run(tmp_path: Path) -> None:
    first = build(config(tmp_path, saved(tmp_path))).folder
    states = ARRAYS["states.lstm"] + 1
    second = build(config(tmp_path, saved(tmp_path, **{"states.lstm": states}))).folder
    assert first.path != second.path
    found = find_run(config(tmp_path, tmp_path / "run.npz"))  # the config alone is the same
    assert found is not None
    assert found.folder == second
    saved(tmp_path, **{"states.lstm": states + 1})
    assert find_run(config(tmp_path, tmp_path / "run.npz")) is None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 4000), flip=st.booleans())
def test_a_damaged_file_is_an_error_of_ours_or_reads_as_it_was(tmp_path: Path, cut: int, flip: bool) -> None:
    content = bytearray(saved(tmp_path).read_bytes())
    if flip:
        content[cut % len(content)] ^= 0xFF
    else:
        content = content[: cut % len(content)]
    (tmp_path / "broken.npz").write_bytes(content)
    try:
        read = read_recorded(tmp_path / "broken.npz", None)
    except DataError as error:
        assert "broken.npz" in str(error)
    else:
        assert read.ep.shape == (STEPS, 3)


def test_padded_arrays_of_as_many_steps_as_sequences_are_told_apart(tmp_path: Path) -> None:
    lengths = np.array([2, 0, 1, 1])
    states, ep = RNG.normal(size=(4, 2, 3)).astype(np.float32), RNG.random((4, 2)).astype(np.float32)
    np.savez(tmp_path / "few.npz", lengths=lengths, states=states, ep=ep)
    read = read_recorded(tmp_path / "few.npz", None)
    inside = np.arange(2) < lengths[:, None]
    np.testing.assert_array_equal(read.states["rnn.0"], states[inside])
    np.testing.assert_allclose(read.ep[:, 1], ep[inside], atol=1e-6)
    flat = RNG.dirichlet([1, 1], 4).astype(np.float32)
    np.savez(tmp_path / "few.npz", lengths=lengths, states=states[inside], ep=flat)
    np.testing.assert_allclose(read_recorded(tmp_path / "few.npz", None).ep, flat, atol=1e-6)


def test_bytes_are_shown_as_text(tmp_path: Path) -> None:
    store = build(config(tmp_path, saved(tmp_path, tokens=np.array([b"w"] * STEPS))))
    assert store.sequence(0).tokens == ["w"] * 3


def test_a_dataset_that_is_no_block_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a block"):
        config(tmp_path, saved(tmp_path), "dataset: imdb\n")
