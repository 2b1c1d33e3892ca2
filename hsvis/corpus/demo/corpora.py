"""The texts that come with hsvis, as a dataset is read."""

from collections.abc import Sequence

import numpy as np

from hsvis.config import NEXT, DatasetSettings
from hsvis.corpus.corpus import UNLABELLED, Corpus, Split
from hsvis.corpus.demo.reviews import demo_reviews
from hsvis.corpus.demo.sentences import demo_sentences

WRITTEN = ("demo", "sentences")  # `dataset.path` of these


def written_corpus(settings: DatasetSettings) -> Corpus:
    """The one that `dataset.path` names; without labels where there are none, or none is asked for."""
    if settings.path == "sentences":
        made = demo_sentences(seed=settings.seed)
        return Corpus((), _unlabelled(made.train_texts), _unlabelled(made.test_texts), answers=NEXT)
    demo = demo_reviews(seed=settings.seed)
    if settings.label is None:
        return Corpus((), _unlabelled(demo.train_texts), _unlabelled(demo.test_texts), answers=NEXT)
    return Corpus(
        tuple(demo.classes),
        Split(list(demo.train_texts), demo.train_labels),
        Split(list(demo.test_texts), demo.test_labels),
    )


def _unlabelled(texts: Sequence[str]) -> Split:
    return Split(list(texts), np.full(len(texts), UNLABELLED, np.int16))
