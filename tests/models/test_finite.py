"""An answer that is no number is refused with its sequence, wherever answers are counted or shown."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from own_models import NanWhenLong
from own_run import WORDS, make_folder, saved, write_config

from hsvis.build.pipeline import build
from hsvis.check import check
from hsvis.config import Config, ModelSettings, TokenSettings, load_config
from hsvis.corpus.corpus import Corpus, Split
from hsvis.errors import ModelError
from hsvis.models.builtin.text_model import TextModel
from hsvis.models.builtin.training import train
from hsvis.models.finite import check_answers, check_each
from hsvis.models.protocol import Encoded

LONG = "not bad this is a very very very good book"
TOLD = "the sequence “not bad this is a very …” is NaN or infinite"


@pytest.fixture
def folder(tmp_path: Path, cache_folder: Path) -> Path:
    """A dataset whose last text, beyond those by which a model is tried, is a long one."""
    torch.manual_seed(0)
    make_folder(tmp_path)
    saved(NanWhenLong(len(WORDS)), tmp_path / "weights.safetensors")
    return tmp_path


def with_long_text(folder: Path, label: str | None) -> Config:
    frame = pd.read_parquet(folder / "test.parquet")
    frame = pd.concat([frame, pd.DataFrame([{"text": LONG, "label": label}])])
    frame.to_parquet(folder / "test.parquet")
    model: dict[str, Any] = {
        "factory": "own_models:NanWhenLong", "kwargs": f"{{words: {len(WORDS)}}}",
        "checkpoint": folder / "weights.safetensors", "tokenizer": folder / "vocab.txt",
    }  # fmt: skip
    return load_config(write_config(folder, **model))


@pytest.mark.parametrize("label", ["pos", None])
def test_a_model_that_answers_nan_to_long_texts_only_is_refused(folder: Path, label: str | None) -> None:
    config = with_long_text(folder, label)
    with pytest.raises(ModelError, match=TOLD):
        check(config)
    with pytest.raises(ModelError, match=TOLD):
        build(config)


def test_what_is_counted_and_not_shown_is_looked_at_too(folder: Path) -> None:
    config = with_long_text(folder, "pos")
    first = config.model_copy(
        update={"dataset": config.dataset.model_copy(update={"limit": 6, "choose": "first"})}
    )
    with pytest.raises(ModelError, match=TOLD):
        build(first)


@given(
    rows=st.integers(1, 5), shape=st.lists(st.integers(1, 4), max_size=2), data=st.data(),
    value=st.sampled_from([np.nan, np.inf, -np.inf]),
)  # fmt: skip
def test_whichever_value_is_no_number_its_row_is_named(
    rows: int, shape: list[int], data: st.DataObject, value: float
) -> None:
    answers = np.zeros((rows, *shape), np.float32)
    check_each(answers, range(rows), lambda row: [str(row)])
    at = data.draw(st.integers(0, answers.size - 1))
    answers.reshape(-1)[at] = value
    with pytest.raises(ModelError, match=f"“{at // (answers.size // rows)}”"):
        check_each(answers, range(rows), lambda row: [str(row)])


def test_a_sequence_is_named_by_its_first_words() -> None:
    one = Encoded(list("abcdefgh"), np.zeros(8, np.int64), np.ones(8, bool), 0, 8)
    check_answers(np.zeros((1, 2)), [one])
    with pytest.raises(ModelError, match="“a b c d e f …”"):
        check_answers(np.array([[np.nan, 0]]), [one])


def test_the_built_in_model_too(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = Split(["good film", "bad film"] * 10, np.array([1, 0] * 10, np.int16))
    corpus = Corpus(("bad", "good"), rows, Split(["a good book"], np.array([1], np.int16)))
    settings = ModelSettings(hidden=3, embedding=2, epochs=1)  # type: ignore[call-arg]
    trained = train(corpus, TokenSettings(), settings)
    with torch.no_grad():
        trained.classifier.head.bias.fill_(torch.nan)
    model = TextModel(trained.classifier, trained.vocabulary, TokenSettings(), corpus.classes)
    with pytest.raises(ModelError, match="“a good book” is NaN"):
        model.answer([model.encode("a good book")])

    def spoilt(classifier: Any, *rest: Any) -> tuple[Any, list[Any], int]:
        return trained.classifier, [], 1

    monkeypatch.setattr("hsvis.models.builtin.training._fit", spoilt)
    with pytest.raises(ModelError, match="“good film” is NaN"):
        train(corpus, TokenSettings(), settings)
