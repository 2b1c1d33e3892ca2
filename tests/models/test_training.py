"""Training and checkpoints of the built-in classifier."""

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from hsvis.config import ModelSettings, TokenSettings
from hsvis.corpus.corpus import Corpus, Split
from hsvis.corpus.tokens import UNKNOWN, word_forms
from hsvis.errors import DataError, ModelError
from hsvis.models.builtin.checkpoint import checkpoint_bytes, read_checkpoint
from hsvis.models.builtin.examples import Examples, cut, with_unknown
from hsvis.models.builtin.training import Trained, train
from hsvis.models.builtin.training import _shuffle as batches_of

TOKENS = TokenSettings(vocabulary=200, max_length=20)
SETTINGS = ModelSettings(
    hidden=8, embedding=8, epochs=4, batch_size=16, learning_rate=0.02, averaging=0.9, dropout=0.1
)  # type: ignore[call-arg]


def corpus(rows: int = 300) -> Corpus:
    rng = np.random.default_rng(1)

    def split(count: int) -> Split:
        labels = rng.integers(0, 2, count).astype(np.int16)
        words = (["awful", "poor"], ["great", "lovely"])
        filler = [f"f{i}" for i in range(20)]
        texts = [
            " ".join(
                [*rng.choice(filler, rng.integers(1, 30)), rng.choice(words[label]), *rng.choice(filler, 2)]
            )
            for label in labels
        ]
        return Split(texts, labels)

    return Corpus(("bad", "good"), split(rows), split(80))


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train(corpus(), TOKENS, SETTINGS)


def test_it_learns_and_says_how_well(trained: Trained) -> None:
    assert trained.test_accuracy is not None
    assert trained.test_accuracy > 0.9
    assert trained.train_accuracy > 0.9
    assert [e.epoch for e in trained.epochs] == [1, 2, 3, 4]
    assert trained.epochs[-1].loss < trained.epochs[0].loss


def test_the_epoch_of_the_lowest_held_out_loss_is_kept(trained: Trained) -> None:
    losses = [e.held_out_loss for e in trained.epochs]
    assert trained.kept == int(np.argmin(losses)) + 1


def test_the_same_seed_gives_the_same_weights_and_another_one_does_not(trained: Trained) -> None:
    again = train(corpus(), TOKENS, SETTINGS)
    other = train(corpus(), TOKENS, SETTINGS.model_copy(update={"seed": 1}))
    for ours, theirs in zip(trained.classifier.parameters(), again.classifier.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert not torch.equal(trained.classifier.head.weight, other.classifier.head.weight)


def test_training_leaves_torchs_own_random_numbers_alone() -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    train(corpus(40), TOKENS, SETTINGS.model_copy(update={"epochs": 1}))
    assert torch.equal(torch.rand(3), expected)


def test_progress_tells_loss_and_held_out_accuracy() -> None:
    notes: list[str] = []
    settings = SETTINGS.model_copy(update={"epochs": 2})
    train(corpus(60), TOKENS, settings, lambda stage, done, total, note="": notes.append(note))
    assert any("loss" in n for n in notes)
    assert any("held out: loss" in n and "accuracy" in n for n in notes)


def test_rows_that_cannot_be_used_are_counted() -> None:
    made = corpus(60)
    texts = [*made.train.texts, "", "<br />", "no label here"]
    labels = np.append(made.train.labels, [0, 1, -1]).astype(np.int16)
    found = train(
        Corpus(made.classes, Split(texts, labels), made.test),
        TOKENS,
        SETTINGS.model_copy(update={"epochs": 1}),
    )
    assert found.left_out["train"] == {"no words": 2, "no label": 1}


def test_a_test_split_without_labels_has_no_accuracy() -> None:
    made = corpus(60)
    unlabelled = Split(made.test.texts, np.full(len(made.test), -1, np.int16))
    found = train(
        Corpus(made.classes, made.train, unlabelled), TOKENS, SETTINGS.model_copy(update={"epochs": 1})
    )
    assert found.test_accuracy is None


def test_too_few_rows_are_refused() -> None:
    made = corpus(60)
    few = Split(made.train.texts[:5], made.train.labels[:5])
    with pytest.raises(DataError, match="at least 10"):
        train(Corpus(made.classes, few, made.test), TOKENS, SETTINGS)


def test_training_that_goes_astray_is_an_error_with_a_remedy() -> None:
    with pytest.raises(ModelError, match=r"model\.learning_rate"):
        train(corpus(60), TOKENS, SETTINGS.model_copy(update={"learning_rate": 1e10}))


def test_a_checkpoint_comes_back_as_it_was(trained: Trained, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(checkpoint_bytes(trained, ("bad", "good"), TOKENS, SETTINGS))
    read = read_checkpoint(path)
    assert read.vocabulary == trained.vocabulary
    assert read.classes == ("bad", "good")
    assert read.tokens == TOKENS
    assert read.report == trained.report()
    for ours, theirs in zip(trained.classifier.parameters(), read.classifier.parameters(), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("harm", ["truncated", "garbage", "empty", "missing", "foreign", "other model"])
def test_a_bad_checkpoint_is_named(trained: Trained, tmp_path: Path, harm: str) -> None:
    path = tmp_path / "model.safetensors"
    good = checkpoint_bytes(trained, ("bad", "good"), TOKENS, SETTINGS)
    other = checkpoint_bytes(trained, ("bad", "good"), TOKENS, SETTINGS.model_copy(update={"hidden": 9}))
    if harm != "missing":
        from safetensors.torch import save

        foreign = save({"w": torch.zeros(2)})
        path.write_bytes(
            {"truncated": good[: len(good) // 2], "garbage": b"x" * 99, "empty": b"", "foreign": foreign}.get(
                harm, other
            )
        )
    with pytest.raises(ModelError, match=r"model\.safetensors"):
        read_checkpoint(path)


def spoilt(trained: Trained, name: str, value: float) -> Trained:
    """With another value as the last weight of a kind, and a hash that fits."""
    classifier = copy.deepcopy(trained.classifier)
    with torch.no_grad():
        classifier.state_dict()[name].view(-1)[-1] = value
    return replace(trained, classifier=classifier)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 7.2e37, -2e6])
def test_weights_that_no_training_gives_are_refused(trained: Trained, tmp_path: Path, value: float) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(
        checkpoint_bytes(spoilt(trained, "head.weight", value), ("bad", "good"), TOKENS, SETTINGS)
    )
    with pytest.raises(
        ModelError, match=r"model\.safetensors.*`head\.weight` holds values that no training gives"
    ):
        read_checkpoint(path)


def test_a_changed_bit_of_weights_or_report_is_noticed(trained: Trained, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    content = checkpoint_bytes(trained, ("bad", "good"), TOKENS, SETTINGS)
    accuracy = content.index(b"1.0", content.index(b"test_accuracy"))
    for at in (accuracy, len(content) - 1, len(content) - 2):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        with pytest.raises(ModelError, match="not as it was written"):
            read_checkpoint(path)


class Recorded:
    """What each step of the optimiser left: all weights, and the norm of all gradients."""

    def __init__(self, settings: ModelSettings, made: Corpus | None = None) -> None:
        self.before: list[torch.Tensor] = []  # the weights that training began with
        self.weights: list[list[torch.Tensor]] = []
        self.norms: list[float] = []
        hooks = (
            register_optimizer_step_pre_hook(self._begin),
            register_optimizer_step_post_hook(self._end),
        )
        try:
            self.trained = train(made or corpus(120), TOKENS, settings)
        finally:
            for hook in hooks:
                hook.remove()

    def _begin(self, optimiser: torch.optim.Optimizer, *_: object) -> None:
        if not self.before:
            self.before = self._parameters(optimiser)

    def _end(self, optimiser: torch.optim.Optimizer, *_: object) -> None:
        self.weights.append(self._parameters(optimiser))
        gradients = [one.grad for group in optimiser.param_groups for one in group["params"]]
        self.norms.append(sum(float((one**2).sum()) for one in gradients if one is not None) ** 0.5)

    @staticmethod
    def _parameters(optimiser: torch.optim.Optimizer) -> list[torch.Tensor]:
        return [one.detach().clone() for group in optimiser.param_groups for one in group["params"]]


@pytest.mark.parametrize("averaging", [0.6, 0.99])
def test_the_kept_weights_are_a_running_mean_of_those_of_all_steps(averaging: float) -> None:
    recorded = Recorded(SETTINGS.model_copy(update={"epochs": 2, "averaging": averaging}))
    kept = [one.numpy().astype(float) for one in recorded.before]
    until = len(recorded.weights) * recorded.trained.kept // 2
    for step, weights in enumerate(recorded.weights[:until]):
        share = max(1 - averaging, 9 / (10 + step))  # of the newest; the random start is soon forgotten
        kept = [(1 - share) * old + share * new.numpy() for old, new in zip(kept, weights, strict=True)]
    for ours, expected in zip(recorded.trained.classifier.parameters(), kept, strict=True):
        np.testing.assert_allclose(ours.detach().numpy(), expected, atol=1e-5)


def test_no_step_follows_a_gradient_longer_than_1() -> None:
    norms = np.array(Recorded(SETTINGS.model_copy(update={"learning_rate": 0.3, "batch_size": 8})).norms)
    assert norms.max() < 1.001
    assert (norms > 0.999).any(), "one should have been longer"
    assert norms.min() < 0.9, "and short ones stay as they are"


def test_batches_hold_texts_of_similar_length_in_any_order() -> None:
    rng = np.random.default_rng(0)
    lengths, size = rng.integers(1, 100, 3000), 10
    rows = Examples([np.zeros(n, np.int64) for n in lengths], np.zeros(3000, np.int64))
    indices = np.arange(100, 3000)
    batches = list(batches_of(rows, indices, size, TokenSettings(max_length=60), rng))
    assert sorted(np.concatenate(batches).tolist()) == indices.tolist()
    assert {len(batch) for batch in batches} == {size}
    read = np.minimum(lengths, 60)
    padded = sum(len(batch) * int(read[batch].max()) for batch in batches)
    assert padded < 1.05 * read[indices].sum()
    firsts = np.array([read[batch[0]] for batch in batches])
    assert 0.3 < (np.diff(firsts) < 0).mean() < 0.7, "short and long ones take turns"
    again = list(batches_of(rows, indices, size, TokenSettings(max_length=60), rng))
    assert {frozenset(batch.tolist()) for batch in again} != {frozenset(batch.tolist()) for batch in batches}


def test_answers_on_the_way_count_by_their_share_of_the_loss() -> None:
    made = corpus(60)
    words = [("awful", "great")[label] for label in made.train.labels]  # the only step is early and last
    made = Corpus(made.classes, Split(words, made.train.labels), made.test)
    settings = SETTINGS.model_copy(update={"epochs": 1, "batch_size": 100, "dropout": 0, "word_dropout": 0})
    alone, both = (
        Recorded(settings.model_copy(update={"early_loss": early}), made).norms[0] for early in (0.0, 0.5)
    )
    assert both < 1, "a gradient that was shortened says nothing"
    assert both == pytest.approx(1.5 * alone, rel=1e-4)


def test_a_share_of_the_words_is_unknown_in_training_and_none_of_a_series() -> None:
    rng = np.random.default_rng(0)
    ids, series = np.arange(2, 4002), np.ones((50, 3), np.float32)
    seen = with_unknown(ids, 0.2, rng)
    assert (seen == UNKNOWN).mean() == pytest.approx(0.2, abs=0.03)
    assert np.array_equal(seen[seen != UNKNOWN], ids[seen != UNKNOWN])
    assert np.array_equal(with_unknown(ids, 0, rng), ids)
    assert np.array_equal(with_unknown(series, 0.2, rng), series)


def test_the_accuracy_is_that_of_the_kept_weights_on_the_rows(trained: Trained) -> None:
    made = corpus()
    ids = trained.vocabulary.ids()
    right = []
    for text, label in zip(made.test.texts, made.test.labels.tolist(), strict=True):
        read = torch.tensor([[ids.get(word, UNKNOWN) for word in word_forms(text, TOKENS.lowercase)]])
        with torch.inference_mode():
            answer = trained.classifier.eval()(read, torch.tensor([read.shape[1]]))
        right.append((float(answer.ravel()[0]) > 0) == bool(label))
    assert trained.test_accuracy == pytest.approx(np.mean(right))


def test_a_long_text_is_cut_at_the_end_that_is_kept() -> None:
    ids = np.arange(9)
    cuts = [(None, "last", ids), (3, "last", ids[6:]), (3, "first", ids[:3]), (20, "last", ids)]
    for most, keep, read in cuts:
        settings = TokenSettings.model_validate({"max_length": most, "keep": keep})
        assert cut(ids, settings).tolist() == read.tolist()
