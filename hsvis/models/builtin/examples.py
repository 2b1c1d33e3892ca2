"""What the built-in classifier is trained on: rows of a split as it reads them."""

from dataclasses import dataclass

import numpy as np

from hsvis.config import TokenSettings
from hsvis.corpus.corpus import Corpus, Split
from hsvis.corpus.tokens import UNKNOWN, Vocabulary
from hsvis.corpus.words import Words, read_words
from hsvis.progress import Progress


@dataclass(frozen=True)
class Examples:
    """Encoded rows: `inputs` are R arrays of ids (T,) or of features (T, F), `labels` (R,) int64."""

    inputs: list[np.ndarray]
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.inputs)


def read_texts(
    corpus: Corpus, tokens: TokenSettings, progress: Progress, words: tuple[Words, Words] | None
) -> tuple[Vocabulary, Examples, Examples, dict[str, dict[str, int]]]:
    """The vocabulary of the training split, both splits as ids, and what could not be used of them."""
    train, test = words or (
        read_words(
            split.texts, lowercase=tokens.lowercase, split=tokens.split, places=False, progress=progress
        )
        for split in (corpus.train, corpus.test)
    )
    counts = np.bincount(train.codes, minlength=len(train.forms)).tolist()
    vocabulary = Vocabulary.counted(zip(train.forms, counts, strict=True), tokens.vocabulary, train.split)
    is_judged = bool(corpus.classes)  # else what comes next is what is learned
    rows, left_train = encode_rows(train, corpus.train, vocabulary, needs_label=is_judged)
    test_rows, left_test = encode_rows(test, corpus.test, vocabulary, needs_label=is_judged)
    return vocabulary, rows, test_rows, {"train": left_train, "test": left_test}


def series_rows(split: Split) -> tuple[Examples, dict[str, int]]:
    """The usable series of a split, and how many are not."""
    series = split.series or []
    unlabelled, empty = split.labels < 0, np.array([not len(one) for one in series], bool)
    usable = np.flatnonzero(~unlabelled & ~empty).tolist()
    left_out = {"no steps": int(empty.sum()), "no label": int((unlabelled & ~empty).sum())}
    return Examples([series[i].values for i in usable], split.labels[usable].astype(np.int64)), left_out


def encode_rows(
    words: Words, split: Split, vocabulary: Vocabulary, *, needs_label: bool = True
) -> tuple[Examples, dict[str, int]]:
    """The usable rows of a split as ids, and how many are not.

    Args:
        needs_label: else a row needs two words, of which one comes after the other.
    """
    known = vocabulary.ids()
    ids = np.array([known.get(form, UNKNOWN) for form in words.forms], np.int32)[words.codes]  # (W,)
    unlabelled, empty = split.labels < 0, words.counts == 0
    if not needs_label:
        unlabelled = words.counts == 1
    usable = np.flatnonzero(~unlabelled & ~empty).tolist()
    inputs = [ids[words.offsets[i] : words.offsets[i + 1]] for i in usable]
    reason = "no label" if needs_label else "one word"
    left_out = {"no words": int(empty.sum()), reason: int((unlabelled & ~empty).sum())}
    return Examples(inputs, split.labels[usable].astype(np.int64)), left_out


def cut(ids: np.ndarray, tokens: TokenSettings) -> np.ndarray:
    """The part of a text that the model reads."""
    if tokens.max_length is None:
        return ids
    return ids[-tokens.max_length :] if tokens.keep == "last" else ids[: tokens.max_length]


def with_unknown(ids: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """A text (T,) in which a random share of the words is unknown; a series (T, F) as it is."""
    if ids.ndim > 1:
        return ids
    return np.where(rng.random(len(ids)) < share, UNKNOWN, ids) if share else ids
