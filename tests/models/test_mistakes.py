"""Every mistake with one's own model ends in one message with the remedy, in `check`, `build` and `serve`."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from own_models import AttentionGru, LastState
from own_run import WORDS, make_folder, saved, write_config

from hsvis.cli import main

RIGHT = {"factory": "own_models:LastState", "kwargs": f"{{words: {len(WORDS)}}}"}


@pytest.fixture
def folder(tmp_path: Path, cache_folder: Path) -> Path:
    """With the right checkpoint, and some wrong ones."""
    make_folder(tmp_path)
    torch.manual_seed(0)
    module = LastState(len(WORDS))
    saved(module, tmp_path / "weights.safetensors")
    saved(AttentionGru(len(WORDS)), tmp_path / "attention.pt")
    whole = saved(module, tmp_path / "weights.pt").read_bytes()
    (tmp_path / "half.pt").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "half.safetensors").write_bytes((tmp_path / "weights.safetensors").read_bytes()[:-9])
    (tmp_path / "empty.pt").touch()
    (tmp_path / "text.pt").write_text("no weights\n")
    torch.save({"epoch": 3, "optimizer": {}}, tmp_path / "no_weights.pt")
    spoilt = module.state_dict() | {"out.bias": torch.tensor([float("nan")])}
    torch.save(spoilt, tmp_path / "nan.pt")
    (tmp_path / "short.txt").write_text("\n".join(WORDS[:9]) + "\n")
    (tmp_path / "long.txt").write_text("\n".join([*WORDS, *(f"rare{k}" for k in range(9))]) + "\n")
    (tmp_path / "nothing.txt").touch()
    (tmp_path / "vocab.json").write_text('{"good": "one"}')
    return tmp_path


MISTAKES = {
    "no such module": (
        {"factory": "own_modules:LastState"},
        ["`model.factory`", "Did you mean `own_models`?"],
    ),
    "no such function": (
        {"factory": "own_models:LastStat"},
        ["`model.factory`", "Did you mean `LastState`?"],
    ),
    "factory is no function": ({"factory": "own_models:__doc__"}, ["is str, which can't be called"]),
    "tokens and ids swapped": (
        {"tokenizer": "own_models:swapped"},
        ["`own_models:swapped` returned", "as many tokens as ids"],
    ),
    "ragged vectors": ({"tokenizer": "own_models:ragged"}, ["`own_models:ragged` returned"]),
    "a date": ({"kwargs": "{words: 2020-01-01}"}, ["`model.kwargs`", "Quote it"]),
    "factory raises": (
        {"factory": "own_models:failing"},
        ["own_models:failing raised ValueError: no such size", "`model.kwargs`", "takes (words: int)"],
    ),
    "factory leaves": ({"factory": "own_models:leaving"}, ["own_models:leaving raised SystemExit: usage"]),
    "factory without module": (
        {"factory": "own_models:no_module"},
        ["returned dict, not an nn.Module. Name"],
    ),
    "other arguments": ({"kwargs": "{size: 3}"}, ["raised TypeError", "{'size': 3}", "takes (words: int)"]),
    "no recurrent layer": ({"factory": "own_models:NoLayers", "checkpoint": "null"}, ["contains no nn.LSTM"]),
    "no such recurrent module": (
        {"recurrent": "[gruu]"},
        ["`model.recurrent`", "`gruu`", "Did you mean `gru`?", "There are: gru."],
    ),
    "no such head": (
        {"head": "outt"},
        ["`model.head`", "`outt`", "Did you mean `out`?", "embedding, gru, out"],
    ),
    "head that does not fit": (
        {"factory": "own_models:AttentionGru", "checkpoint": "attention.pt", "head": "out"},
        ["`model.head`", "`out` on the hidden states does not give the model's own answers", "Leave it out"],
    ),
    "head of another size": (
        {"factory": "own_models:Tied", "checkpoint": "null", "head": "decoder"},
        ["`model.head`: `decoder`", "RuntimeError: mat1 and mat2 shapes", "Leave it out"],
    ),
    "head of a model that reads both ways": (
        {"factory": "own_models:PackedTagger", "checkpoint": "null", "head": "out"},
        ["`model.head`: `out` can't be read step by step", "backwards", "Leave it out"],
    ),
    "no such head of a model that reads both ways": (
        {"factory": "own_models:PackedTagger", "checkpoint": "null", "head": "fc"},
        ["`model.head`: there is no module at `fc`", "encoder"],
    ),
    "another architecture": (
        {"checkpoint": "attention.pt"},
        [
            "attention.pt",
            "`model.checkpoint`",
            "another architecture",
            "It has `score.bias`, `score.weight` besides",
        ],
    ),
    "another size": (
        {"kwargs": "{words: 5}"},
        [
            "weights.safetensors: `embedding.weight` has the shape (17, 6), the model's has (5, 6)",
            "`model.kwargs`",
        ],
    ),
    "no checkpoint there": (
        {"checkpoint": "wieghts.pt"},
        ["`model.checkpoint`", "wieghts.pt: there is no such file. Did you mean", "weights.pt`?"],
    ),
    "no folder there": ({"checkpoint": "gone/weights.pt"}, ["nor its folder; relative paths start from"]),
    "a folder": ({"checkpoint": "."}, ["is a folder. Name the file in it"]),
    "half a checkpoint": ({"checkpoint": "half.pt"}, ["half.pt: is not whole", "Copy or save it again"]),
    "half a safetensors file": (
        {"checkpoint": "half.safetensors"},
        ["is not a complete safetensors file", "again"],
    ),
    "an empty checkpoint": ({"checkpoint": "empty.pt"}, ["empty.pt: is empty. Copy or save it again"]),
    "a checkpoint of text": ({"checkpoint": "text.pt"}, ["is not a torch file. Save `model.state_dict()`"]),
    "no weights in it": ({"checkpoint": "no_weights.pt"}, ["holds no state dict", "`epoch`, `optimizer`"]),
    "weights that are no numbers": (
        {"checkpoint": "nan.pt"},
        ["nan.pt: `out.bias` is NaN or infinite (1 of 1 values)", "Name another checkpoint, or train again"],
    ),
    "infinite weights": (
        {"factory": "own_models:infinite", "checkpoint": "null"},
        ["`out.bias` is NaN or infinite", "train again"],
    ),
    "a buffer that is no number": (
        {"factory": "own_models:spoilt_buffer", "checkpoint": "null"},
        ["`scale` is NaN or infinite (1 of 2 values)"],
    ),
    "no tokenizer": ({"tokenizer": "null"}, ["`model.tokenizer` is missing: name a vocabulary"]),
    "no vocabulary there": ({"tokenizer": "gone.txt"}, ["`model.tokenizer`", "gone.txt: can't be read"]),
    "an empty vocabulary": ({"tokenizer": "nothing.txt"}, ["nothing.txt: is empty. Name the vocabulary"]),
    "a vocabulary of no ids": ({"tokenizer": "vocab.json"}, ["vocab.json: is neither a list of entries nor"]),
    "a larger vocabulary": (
        {"tokenizer": "long.txt"},
        [
            "`model.tokenizer`",
            "long.txt gives ids up to 25, but `embedding` has only 17 entries",
            "another model",
        ],
    ),
    "ids beyond the embedding": (
        {"factory": "own_models:LastState", "kwargs": "{words: 3}", "checkpoint": "null"},
        ["`model.tokenizer`", "vocab.txt gives ids up to 16, but `embedding` has only 3 entries"],
    ),
    "a tokenizer that raises": (
        {"tokenizer": "own_models:raising"},
        ["`model.tokenizer`: `own_models:raising` raised KeyError: 'this', given 'this film is very good'"],
    ),
    "tokens without ids": (
        {"tokenizer": "own_models:uneven"},
        ["`own_models:uneven` returned 5 tokens and 1 ids; an Encoded is needed, or"],
    ),
    "more outputs than classes": (
        {"factory": "own_models:AttentionGru", "kwargs": "{words: 17, classes: 3}", "checkpoint": "null"},
        ["It has 3 outputs for 2 classes", "`dataset.classes`"],
    ),
    "batch and time confused": (
        {"factory": "own_models:TimeAsBatch", "checkpoint": "null"},
        ["batch and time are confused", "`gru`: `batch_first=True` is missing"],
    ),
    "random in use": (
        {"factory": "own_models:AlwaysDropping"},
        ["answered differently a second time", "`training=self.training`"],
    ),
    "a mean over the batch": (
        {"factory": "own_models:Centred"},
        ["a sequence is answered differently alone than in a batch", "without means over the batch"],
    ),
    "a GPU that is not there": (
        {"device": "cuda:7"},
        ["`model.device: cuda:7`: there is no"],
    ),
    "no such device": ({"device": "gpu"}, ["own.yaml: `model.device` is `'gpu'`", "`cpu`, `cuda`"]),
    "no such layer": ({}, ["`states.layers`: the model has no layer `gru.4`. It has gru.0"]),
}


@pytest.mark.parametrize("command", ["check", "build", "serve"])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_message_with_the_remedy(
    folder: Path, cache_folder: Path, capsys: pytest.CaptureFixture[str], mistake: str, command: str
) -> None:
    change, words = MISTAKES[mistake]
    settings = RIGHT | {"checkpoint": "weights.safetensors", "tokenizer": "vocab.txt"} | change
    for key in ("checkpoint", "tokenizer"):
        if settings[key] != "null" and ":" not in settings[key]:
            settings[key] = str(folder / settings[key])
    arguments = [command, str(write_config(folder, **settings))]
    if mistake == "no such layer":
        arguments += ["--set", "states.layers=[gru.4]"]
    if command == "serve":
        arguments += ["--port", "0"]
    assert main(arguments) == 2
    captured = capsys.readouterr()
    message = captured.err[captured.err.index("hsvis: ") :]
    assert message.startswith(f"hsvis: {folder / 'own.yaml'}: ")
    for word in words:
        assert word in message
    assert "Traceback" not in captured.err
    assert message.count("\n") == 1
    assert captured.out == ""
    assert not list(cache_folder.rglob("*.parquet"))
    if command == "check":
        assert not cache_folder.exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"device": "cuda"}, "`model.device: cuda`: there is no GPU here"),
        (
            {"factory": "own_models:on_a_gpu"},
            "Let the factory make the model on the CPU, and set `model.device`",
        ),
    ],
)
def test_without_a_gpu_the_message_says_what_to_set(
    folder: Path, capsys: pytest.CaptureFixture[str], change: dict[str, str], words: str
) -> None:
    path = write_config(folder, **(RIGHT | {"tokenizer": folder / "vocab.txt"} | change))
    assert main(["check", str(path)]) == 2
    assert words in capsys.readouterr().err


def test_an_id_beyond_the_embedding_late_in_the_run_is_one_message(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [("good film", "pos"), ("bad film", "neg")] * 30 + [("seldom seen", "pos")]
    pd.DataFrame(rows, columns=["text", "label"]).to_parquet(folder / "test.parquet")
    path = write_config(folder, **RIGHT, tokenizer="own_models:beyond_at_times")
    assert main(["build", str(path)]) == 2
    assert "LastState raised IndexError: index out of range" in (err := capsys.readouterr().err)
    assert "ids from 4 to 999. Check `model.tokenizer`" in err


def test_a_model_that_stops_at_a_length_is_one_message(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [("good film", "pos"), ("a bad film , bad as it is was", "neg")]
    pd.DataFrame(rows, columns=["text", "label"]).to_parquet(folder / "test.parquet")
    path = write_config(
        folder, **(RIGHT | {"factory": "own_models:Positions"}), tokenizer=folder / "vocab.txt"
    )
    assert main(["check", str(path)]) == 2
    err = capsys.readouterr().err
    assert "Positions raised RuntimeError: The size of tensor a (8)" in err
    assert "sequences of 8 steps" in err
    assert "Check `model.tokenizer` and `tokens.max_length`" in err
    assert main(["check", str(path), "--set", "tokens.max_length=5"]) == 0


def test_a_label_outside_the_classes_is_one_message(
    folder: Path, cache_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_config(folder, **RIGHT, tokenizer=folder / "vocab.txt")
    assert main(["check", str(path), "--set", "dataset.classes=[bad, pos]"]) == 2
    assert "row 1: `label` holds `neg`, which is none of the classes `bad`, `pos`" in capsys.readouterr().err
    assert not cache_folder.exists()
