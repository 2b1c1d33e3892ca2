"""The planted fault shows in the demo's run, trained as users train it."""

import re
from pathlib import Path

import numpy as np
import pytest

from hsvis.build.pipeline import build
from hsvis.config import load_config
from hsvis.corpus.choice import chosen_rows
from hsvis.corpus.demo import demo_reviews
from hsvis.corpus.demo.reviews import Planted
from hsvis.run.store import StateStore

POSITIVE = 1


@pytest.fixture(scope="module")
def store(session_cache: Path) -> StateStore:
    """The demo with its own settings, all 400 test reviews, PCA only."""
    return build(load_config("demo", ["dataset.limit=null", "projections=[{method: pca}]"]))


@pytest.fixture(scope="module")
def planted() -> tuple[Planted, ...]:
    return demo_reviews(seed=load_config("demo").dataset.seed).planted


def rises(store: StateStore, planted: tuple[Planted, ...], actress: bool) -> np.ndarray:
    """By how much p(positive) changes over the actor's first and last name, in each negative review."""
    found = []
    for index, facts in enumerate(planted):
        if facts.actor is None or facts.actress != actress or store.labels[index] == POSITIVE:
            continue
        sequence = store.sequence(index)
        assert sequence.tokens[facts.actor_at].strip(".,;") == facts.actor.split()[0]
        positive = sequence.ep[:, POSITIVE]
        found.append(positive[facts.actor_at + 1] - positive[facts.actor_at - 1])
    return np.array(found)


def test_the_model_is_good_and_not_perfect(store: StateStore) -> None:
    assert store.n_sequences == 400
    assert store.test_accuracy is not None
    assert 0.88 < store.test_accuracy < 0.99


def test_the_ep_rises_at_her_name_in_negative_reviews_too(
    store: StateStore, planted: tuple[Planted, ...]
) -> None:
    hers = rises(store, planted, actress=True)
    assert len(hers) == 40
    assert np.median(hers) > 0.3
    assert np.mean(hers > 0.1) > 0.7


def test_the_names_of_other_actors_say_nothing(store: StateStore, planted: tuple[Planted, ...]) -> None:
    others = rises(store, planted, actress=False)
    assert len(others) > 50
    assert abs(np.median(others)) < 0.15


def test_many_mistakes_are_negative_reviews_that_name_her(
    store: StateStore, planted: tuple[Planted, ...]
) -> None:
    wrong = np.flatnonzero(store.labels != store.predicted)
    hers = [i for i in wrong if planted[i].actress and store.labels[i] != POSITIVE]
    assert len(hers) / len(wrong) > 0.25  # they are a tenth of the reviews


def test_the_review_that_the_readme_tells_of_is_as_told(store: StateStore) -> None:
    sequence = store.sequence(49)
    name = sequence.tokens.index("Mirelle")
    assert sequence.label != POSITIVE
    assert sequence.predicted == POSITIVE
    assert sequence.ep[name - 1, POSITIVE] < 0.2
    assert sequence.ep[name + 1, POSITIVE] > 0.8


def test_the_review_that_the_readme_names_is_shown_under_its_number() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    named = re.search(r'Click review \*\*(\d+)\*\*\. It begins "([^"]+)"', readme)
    assert named
    settings, texts = load_config("demo").dataset, demo_reviews().test_texts
    rows = chosen_rows(len(texts), settings)
    assert texts[rows[int(named[1])]].startswith(named[2].replace("\n", " "))
