"""Training the built-in classifier on a corpus."""

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
import torch

from hsvis.config import ModelSettings, TokenSettings
from hsvis.corpus.corpus import Corpus
from hsvis.corpus.tokens import Vocabulary
from hsvis.corpus.words import Words
from hsvis.errors import DataError, ModelError
from hsvis.models.builtin.classifier import RecurrentClassifier, Scaled
from hsvis.models.builtin.examples import Examples, cut, read_texts, series_rows, with_unknown
from hsvis.models.builtin.goals import CLASSES, NEXT_WORDS, Goal, first_tokens
from hsvis.models.devices import CPU, describe, device_of, exact, limited_memory, seeded
from hsvis.progress import Progress, silent

ONE_THREAD = 128  # hidden units up to which one thread trains
DIVERGED = 100.0  # a loss that no sensible model comes near


@dataclass(frozen=True)
class Epoch:
    """Means over one pass; accuracies between 0 and 1."""

    epoch: int
    loss: float
    held_out_loss: float
    held_out_accuracy: float


@dataclass(frozen=True)
class Trained:
    """A trained classifier and how well it does.

    Attributes:
        kept: the epoch whose weights were kept, the one of the lowest held-out loss.
        train_accuracy, test_accuracy: over the whole splits; test is None where no row has a label.
        left_out: split -> reason -> rows that could not be used.
        device: where it was trained, if not on the CPU; the classifier is on the CPU all the same.
        perplexity: of a language model, over the whole test split; None of any other.
    """

    classifier: RecurrentClassifier
    vocabulary: Vocabulary
    epochs: tuple[Epoch, ...]
    kept: int
    train_accuracy: float
    test_accuracy: float | None
    left_out: dict[str, dict[str, int]]
    device: str | None = None
    perplexity: float | None = None

    def report(self) -> dict[str, object]:
        """All but the weights and the words, as JSON-able values."""
        return {
            "epochs": [asdict(epoch) for epoch in self.epochs],
            "kept_epoch": self.kept,
            "train_accuracy": self.train_accuracy,
            "test_accuracy": self.test_accuracy,
            "left_out": self.left_out,
        } | {
            name: value
            for name, value in (("device", self.device), ("perplexity", self.perplexity))
            if value is not None
        }


def train(
    corpus: Corpus,
    tokens: TokenSettings,
    settings: ModelSettings,
    progress: Progress = silent,
    words: tuple[Words, Words] | None = None,
) -> Trained:
    """Trains with Adam and a one-cycle learning rate; keeps the running mean of the weights.

    A tenth of the training split is held out to choose the best epoch.  Rows without words (or steps) or
    without a label are left out and counted.  The same corpus and settings give the same weights; on another
    device than the CPU they differ from these in the last digits, which training may magnify.

    Args:
        words: of the training and the test split, if they were read already.

    Raises:
        DataError: too few rows to learn from.
        ModelError: a head that does not fit the classes, a loss that is no number, no such device or memory.
    """
    device, goal = device_of(settings.device), CLASSES if corpus.classes else NEXT_WORDS
    if corpus.features is None:
        vocabulary, rows, test, left_out = read_texts(corpus, tokens, progress, words)
    else:
        vocabulary = Vocabulary(())
        (rows, left_train), (test, left_test) = (series_rows(split) for split in (corpus.train, corpus.test))
        left_out = {"train": left_train, "test": left_test}
    if len(rows) < 10:
        raise DataError(
            f"the training split has {len(rows)} rows with {'words' if corpus.features is None else 'steps'} "
            "and a label, at least 10 are needed. Check `dataset.text`, `dataset.values` and `dataset.label`."
        )
    with seeded(settings.seed, device), exact(device), _threads(settings):
        features = len(corpus.features) if corpus.features else None
        answers = len(corpus.classes) or len(vocabulary)
        classifier = RecurrentClassifier(settings, len(vocabulary), answers, features)
        if isinstance(classifier.embedding, Scaled):
            classifier.embedding.measure(torch.from_numpy(np.concatenate(rows.inputs)))
        # the weights that training begins with are drawn on the CPU: the same on every device
        best, epochs, kept = _fit(classifier.to(device), rows, tokens, settings, progress, goal)
    evaluated = partial(
        goal.evaluate, best, tokens=tokens, tokens_of=partial(first_tokens, vocabulary=vocabulary)
    )
    with exact(device):
        train_accuracy = evaluated(rows)[0]
        test_accuracy, loss = evaluated(test) if len(test) else (None, None)
    perplexity = math.exp(loss) if not corpus.classes and loss is not None else None
    return Trained(
        best.to(CPU), vocabulary, tuple(epochs), kept, train_accuracy, test_accuracy, left_out,
        None if device == CPU else describe(device), perplexity,
    )  # fmt: skip


@contextmanager
def _threads(settings: ModelSettings) -> Iterator[None]:
    """One thread for small layers: threads that wait for each other at every step cost more than they do.

    It also keeps the weights from depending on the number of cores.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1 if settings.hidden <= ONE_THREAD else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _fit(
    classifier: RecurrentClassifier,
    rows: Examples,
    tokens: TokenSettings,
    settings: ModelSettings,
    progress: Progress,
    goal: Goal = CLASSES,
) -> tuple[RecurrentClassifier, list[Epoch], int]:
    rng = np.random.default_rng(settings.seed)
    order = rng.permutation(len(rows))
    held_out, learned = np.split(order, [max(1, len(rows) // 10)])
    per_epoch = -(-len(learned) // settings.batch_size)
    total = per_epoch * settings.epochs
    mean = (
        copy.deepcopy(classifier).to(classifier.device).eval()
    )  # whose weights lie together, as cuDNN wants
    optimiser = torch.optim.Adam(classifier.parameters(), lr=settings.learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings.learning_rate, total_steps=max(total, 2), pct_start=0.15
    )
    epochs: list[Epoch] = []
    best: tuple[float, int, dict[str, torch.Tensor]] | None = None
    note = f"epoch 1 of {settings.epochs}"
    for epoch in range(1, settings.epochs + 1):
        losses = []
        for i, indices in enumerate(_shuffle(rows, learned, settings.batch_size, tokens, rng)):
            whole = [cut(rows.inputs[k], tokens) for k in indices]
            inputs = [with_unknown(ids, settings.word_dropout, rng) for ids in whole]
            with limited_memory(
                classifier.device, f"to train on {len(inputs)} sequences", "`model.batch_size`"
            ):
                labels = goal.labels(whole, rows.labels[indices])
                loss = goal.step(classifier, inputs, labels, optimiser, settings.early_loss)
            schedule.step()
            with torch.no_grad():
                step = (epoch - 1) * per_epoch + i
                # a short run must not average over its random start
                decay = min(settings.averaging, (1 + step) / (10 + step))
                for averaged, current in zip(mean.parameters(), classifier.parameters(), strict=True):
                    averaged.lerp_(current, 1 - decay)
            losses.append(loss)
            progress(
                "training",
                step + 1 if step + 1 < total else total - 1,
                total,
                f"{note}, loss {np.mean(losses[-50:]):.3f}",
            )
        accuracy, held_out_loss = goal.evaluate(
            mean, Examples([rows.inputs[k] for k in held_out], rows.labels[held_out]), tokens
        )
        if not np.isfinite(losses).all() or not held_out_loss < DIVERGED:
            raise ModelError(
                f"training diverged: the held-out loss of epoch {epoch} is {held_out_loss:.3g}. "
                f"Lower `model.learning_rate` (now {settings.learning_rate:g})."
            )
        epochs.append(Epoch(epoch, float(np.mean(losses)), held_out_loss, accuracy))
        if best is None or held_out_loss < best[0]:
            best = held_out_loss, epoch, copy.deepcopy(mean.state_dict())
        note = (
            f"epoch {min(epoch + 1, settings.epochs)} of {settings.epochs}; "
            f"last: loss {np.mean(losses):.3f}, "
            f"held out: loss {held_out_loss:.3f}, accuracy {accuracy:.3f}"
        )
        if epoch == settings.epochs:
            note = f"kept epoch {best[1]}; last held out: loss {held_out_loss:.3f}, accuracy {accuracy:.3f}"
        progress("training", epoch * per_epoch, total, note)
    assert best is not None  # epochs >= 1
    mean.load_state_dict(best[2])
    return mean, epochs, best[1]


def _shuffle(
    rows: Examples, indices: np.ndarray, size: int, tokens: TokenSettings, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Random batches of texts of similar length: sorted within every 50 batches."""
    limit = tokens.max_length or np.iinfo(np.int64).max
    lengths = np.array([min(len(ids), limit) for ids in rows.inputs])
    indices = rng.permutation(indices)
    batches = []
    for pool in (indices[i : i + 50 * size] for i in range(0, len(indices), 50 * size)):
        ordered = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [ordered[i : i + size] for i in range(0, len(ordered), size)]
    yield from (batches[i] for i in rng.permutation(len(batches)))
