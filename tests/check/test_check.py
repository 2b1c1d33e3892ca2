"""`hsvis check`: what it finds, what it warns of, and that the run then is as it said."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from own_models import Dropping, LastState
from own_run import ROWS, WORDS, make_folder, saved, write_config
from small import SMALL

from hsvis.build.pipeline import build
from hsvis.check import check
from hsvis.cli import main
from hsvis.config import load_config
from hsvis.run.store import StateStore

OWN: dict[str, Any] = {"factory": "own_models:LastState", "kwargs": f"{{words: {len(WORDS)}}}"}
SEEN = [WORDS.index("good"), WORDS.index("great")]
UNKNOWN = (
    "warning: 9.7% of the tokens are unknown. Compare with what was usual in training, and check "
    "`tokens.split`, `tokens.lowercase` and `tokens.unknown`."
)
TELLING = [("a good film", "pos"), ("a poor film", "neg"), ("great", "pos"), ("bad plot", "neg")]


@pytest.fixture
def folder(tmp_path: Path, cache_folder: Path) -> Path:
    torch.manual_seed(0)
    make_folder(tmp_path)
    saved(LastState(len(WORDS)), tmp_path / "weights.safetensors")
    return tmp_path


def table(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> tuple[list[tuple[str, str]], list[str]]:
    """(name, finding) of each line of the table that the command prints, and the lines after it."""
    assert main(["check", *arguments]) == 0
    shown, _, after = capsys.readouterr().out.partition("\n\n")
    lines = shown.splitlines()
    width = len(re.match(r"model +", lines[0])[0])  # type: ignore[index]
    return [(line[:width].strip(), line[width:]) for line in lines], after.splitlines()


def own(folder: Path, **change: Any) -> list[str]:
    given = OWN | {"checkpoint": folder / "weights.safetensors", "tokenizer": folder / "vocab.txt"} | change
    return [str(write_config(folder, **given))]


def written(folder: Path, rows: list[tuple[str, str]], repeat: int = 10) -> None:
    frame = pd.DataFrame(rows * repeat, columns=["text", "label"])
    frame.to_parquet(folder / "test.parquet")
    frame["text"] = "so " + frame["text"]  # no row stands in both splits
    frame.to_parquet(folder / "train.parquet")


def test_a_model_of_ones_own_is_described_in_a_table_and_nothing_is_written(
    folder: Path, cache_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines, after = table(own(folder), capsys)
    facts = dict(lines)
    parameters = sum(weight.numel() for weight in LastState(len(WORDS)).parameters())
    assert facts["model"] == f"LastState of own_models:LastState, {parameters} parameters, on cpu"
    assert facts["weights"] == f"7 weights from {folder / 'weights.safetensors'}"
    assert facts["layer"] == "gru.0: GRU, 7 hidden units, forward"
    assert facts["outputs"] == "one output, probabilities of the second class"
    assert facts["head"] == "`out`"
    assert facts["EPs"] == "by head: `out` on the states of gru.0 gives the model's own answers"
    assert facts["encoder"] == "words of a vocabulary of 17 entries; unknown is id 1; padding is id 0"
    assert facts["embedding"] == "`embedding`: 17 entries"
    assert ("", "0 is `neg`: 10 rows of the test split") in lines
    assert ("", "1 is `pos`: 12 rows of the test split") in lines
    sequences = [text for name, text in lines if name == "sequence"]
    assert sequences[0].startswith("row 0, 5 steps, “this film is very good”: `")
    assert sequences[1].startswith("row 1, 4 steps, “the plot was poor”: `")
    assert sequences[1].endswith("; label 0, `neg`")
    assert facts["tokens"] == "9.7% unknown to the vocabulary, in all texts"
    assert facts["run"] == "21 sequences, 93 steps"
    assert facts["call"] == "forward(ids)"
    assert after == [UNKNOWN]
    assert not cache_folder.exists()


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_the_run_then_is_as_large_as_was_said(folder: Path, precision: str) -> None:
    rng = np.random.default_rng(1)
    rows = [(" ".join(rng.choice(WORDS[2:], length)), ["neg", "pos"][length % 2]) for length in range(90)]
    written(folder, rows, 1)
    config = load_config(own(folder)[0], [f"states.precision={precision}"])
    facts = dict(check(config).facts)
    assert_as_said(facts, build(config))


def test_of_the_built_in_classifier_too_before_and_after_training(
    cache_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sets = [part for one in ["dataset.limit=null", *SMALL[1:4]] for part in ("--set", one)]
    sets += ["--set", "projections=[{method: pca}]", "--set", "states.layers=[rnn.0, rnn.0.cell]"]
    before, after = table(["demo", *sets], capsys)
    assert not cache_folder.exists()
    assert after == ["All is well."]
    facts = dict(before)
    assert facts["model"].startswith("the built-in LSTM classifier, ")
    assert facts["weights"].startswith("none yet: a build trains it, 3 epochs over 2,000 rows")
    assert [text for name, text in before if name == "layer"] == [
        "rnn.0: LSTM, 12 hidden units, forward",
        "rnn.0.cell: LSTM, 12 cell units, forward",
    ]
    assert "training" in facts["time"]
    store = build(load_config("demo", sets[1::2]))
    assert_as_said(facts, store)
    files = sorted(path for path in cache_folder.rglob("*") if path.is_file())
    trained, _ = table(["demo", *sets], capsys)
    assert sorted(path for path in cache_folder.rglob("*") if path.is_file()) == files
    facts = dict(trained)
    assert facts["weights"].startswith(f"trained, from {cache_folder}")
    assert "training" not in facts["time"]
    first = store.sequence(0)
    shown = next(text for name, text in trained if name == "sequence")
    assert f"`{store.classes[first.predicted]}` by {first.confidence:.3f}" in shown


def assert_as_said(facts: dict[str, str], store: StateStore) -> None:
    assert facts["run"] == f"{store.n_sequences:,} sequences, {store.n_states:,} steps"
    disk = sum(store.manifest.files.values())
    assert bytes_of(facts["disk"]) == pytest.approx(disk, rel=0.15)
    held = store.ep.nbytes + store._sequences.nbytes
    held += sum(store.distances(layer).nbytes for layer in store.layers)
    held += sum(p.xy.nbytes for layer in store.layers for p in store.projections(layer))
    assert bytes_of(facts["memory"]) == pytest.approx(held, rel=0.15)


def bytes_of(text: str) -> float:
    found = re.match(r"about ([\d.]+) (KiB|MiB)", text)
    assert found, text
    return float(found[1]) * {"KiB": 2**10, "MiB": 2**20}[found[2]]


def test_a_large_dataset_is_sampled_and_that_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    rows = [(" ".join(rng.choice(WORDS[2:], rng.integers(1, 40))), "pos") for _ in range(2000)]
    steps = sum(len(text.split()) for text, _ in rows)
    written(folder, [*rows, ("bad", "neg")], 1)
    facts = dict(table(own(folder), capsys)[0])
    assert "a sample of 500 texts" in facts["tokens"]
    found = re.fullmatch(r"about 2,001 sequences, about ([\d,]+) steps", facts["run"])
    assert found
    assert int(found[1].replace(",", "")) == pytest.approx(steps + 1, rel=0.1)


def test_rows_that_the_models_reader_drops_are_told_of_the_sample(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "vocab.txt").write_text("\n".join(WORDS).replace("<unk>", "spare") + "\n", encoding="utf-8")
    written(folder, [("a good film", "pos"), ("a bad plot", "neg"), ("unheard of", "neg")], 400)
    lines, _ = table(own(folder), capsys)
    told = [text for _, text in lines if "some are left out" in text]
    found = re.fullmatch(r"of a sample of 500 rows to analyse some are left out: (\d+) no words", told[0])
    assert found
    assert 160 <= int(found[1]) <= 173


def test_time_counts_what_was_measured(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = own(folder, tokenizer="own_models:slow", kwargs="{words: 28}", checkpoint="null")
    time = dict(table(arguments, capsys)[0])["time"]
    about = re.match(r"about (\d+) s: reading (\d+) s, accuracy of the test split (\d+) s", time)
    assert about, time
    assert 2 <= int(about[1]) <= 10  # 24 texts × 50 ms, to show and to count


def test_a_pass_over_prefixes_says_why(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = own(folder, factory="own_models:AttentionGru", checkpoint="null")
    facts = dict(table(arguments, capsys)[0])
    assert facts["head"] == "no single module"
    assert facts["EPs"] == "by prefixes: the answer depends on more than the last hidden state"
    assert "no `model.checkpoint` is named" in facts["weights"]


def test_a_head_that_fits_short_sequences_only_is_not_trusted(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(folder, [("this film is very good and it is great", "pos"), ("a bad film", "neg")])
    facts = dict(table(own(folder, factory="own_models:LouderWhenLong"), capsys)[0])
    assert facts["EPs"] == "by prefixes: the head gives the model's own answers to short sequences only"


def test_what_is_random_in_long_sequences_only_is_noticed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(folder, [("this film is very good and it is great", "pos"), ("a bad film", "neg")])
    assert main(["check", *own(folder, factory="own_models:DroppingWhenLong")]) == 2
    said = capsys.readouterr().err
    assert "a second read of the same sequences gives other EPs" in said
    assert "Something in it is random" in said


def test_training_mode_and_a_prefix_are_facts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = {f"module.{name}": weight for name, weight in Dropping(len(WORDS)).state_dict().items()}
    torch.save(named, folder / "parallel.pt")
    arguments = own(folder, factory="own_models:Dropping", checkpoint=folder / "parallel.pt")
    lines, after = table(arguments, capsys)
    facts = dict(lines)
    assert facts["mode"] == "the factory left it in training mode; hsvis puts it in evaluation mode"
    assert facts["weights"].endswith("parallel.pt; `module.` was taken off their names")
    assert after == [UNKNOWN]


def test_texts_of_which_the_vocabulary_knows_no_word_are_counted(folder: Path) -> None:
    (folder / "few.txt").write_text("good\nbad\nfilm\n", encoding="utf-8")
    written(folder, [("a good film", "pos"), ("bad", "neg"), ("zzz yyy", "pos"), ("!!!", "neg")], 5)
    found = check(load_config(own(folder, tokenizer=folder / "few.txt")[0])).as_json()
    assert found["rows"]["test"] == {"read": 20, "kept": 10, "left_out": {"no words": 10}}


def test_a_smaller_vocabulary_is_a_warning(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "short.txt").write_text("\n".join(WORDS[:14]) + "\n", encoding="utf-8")
    _, after = table(own(folder, tokenizer=folder / "short.txt"), capsys)
    assert len(after) == 2
    assert "of the tokens are unknown" in after[1]
    assert after[0].startswith(
        f"warning: `model.tokenizer`: {folder / 'short.txt'} gives ids below 14, but `emb"
    )
    assert "`embedding` has 17 entries: 3 are never read" in after[0]


@pytest.mark.parametrize("unknown", [True, False])
def test_the_vocabulary_of_another_model_is_a_warning(
    folder: Path, capsys: pytest.CaptureFixture[str], unknown: bool
) -> None:
    others = [f"w{k}" for k in range(len(WORDS) - 4)]
    entries = ["<pad>", "<unk>" if unknown else "film", "good", "the", *others]
    (folder / "other.txt").write_text("\n".join(entries) + "\n", encoding="utf-8")
    _, after = table(own(folder, tokenizer=folder / "other.txt"), capsys)
    share = re.fullmatch(r"warning: (\d+)% of the tokens are unknown: .*`model\.tokenizer`.*", after[0])
    assert share, after
    words = [word for text, _ in ROWS for word in text.replace(",", "").split()]
    lacking = np.mean([word not in entries for word in words])
    assert int(share[1]) == round(100 * lacking)


def test_classes_in_another_order_are_noticed_and_the_order_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(folder, TELLING)
    arguments = own(
        folder, factory="own_models:Knowing", kwargs=f"{{words: 17, good: {SEEN}}}", checkpoint="null"
    )
    assert table(arguments, capsys)[1] == ["All is well."]
    _, after = table([*arguments, "--set", "dataset.classes=[pos, neg]"], capsys)
    assert len(after) == 1
    assert after[0].startswith(
        "warning: of 40 texts 0% are answered right; with the classes in another order"
    )
    assert "it would be 100%" in after[0]
    assert "`dataset.classes: [neg, pos]`" in after[0]


def test_worse_than_always_one_class_is_noticed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(
        folder,
        [("a good film", "neg"), ("a bad film", "neg"), ("bad", "neg"), ("great", "pos"), ("good", "neg")],
    )
    arguments = own(
        folder, factory="own_models:Knowing", kwargs=f"{{words: 17, good: {SEEN}}}", checkpoint="null"
    )
    _, after = table(arguments, capsys)
    assert after == [
        "warning: of 50 texts 60% are answered right, while always saying `neg` would be right in 80%. Check "
        "`model.checkpoint`, `model.tokenizer` and `dataset.label`."
    ]


def test_a_class_that_no_row_has_is_a_warning(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = own(
        folder, factory="own_models:AttentionGru", kwargs="{words: 17, classes: 3}", checkpoint="null"
    )
    lines, after = table([*arguments, "--set", "dataset.classes=[neg, pos, odd]"], capsys)
    assert ("", "2 is `odd`: 0 rows of the test split") in lines
    about_odd = "warning: no row of either split has the class `odd`. Check `dataset.classes`"
    assert [line.startswith(about_odd) for line in after].count(True) == 1


def test_texts_without_a_word_are_one_message(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(folder, [("…", "pos"), ("!", "neg")])
    assert main(["check", *own(folder)]) == 2
    assert (
        "`model.tokenizer`: none of the 20 texts to try the model with holds a token"
        in capsys.readouterr().err
    )
