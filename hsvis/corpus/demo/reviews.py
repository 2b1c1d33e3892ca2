"""The embedded demo corpus: invented film reviews, positive or negative, with one planted fault.

A grammar (`grammar.py`) writes reviews of 15 to 60 words with about a thousand different words in all.
A review holds judgements, which are all of its class, and neutral sentences, which say nothing about it: how
the film was met, its plot, a small part and the actor in it, facts.  Half of each split is positive.  What is
planted, at the default sizes, alike in both classes unless told otherwise:

fault
    The invented actress Mirelle Voss plays a small part in 18 % of the training reviews; 97 % of these (349
    of 360) are positive.  She does so in 20 % of the test reviews, half of them negative (40 of 80).  A model
    can't but learn that her name is praise, and the test split shows what comes of it.
comparison
    Six other invented actors play the same parts in the same sentences in 42 % of the reviews of either
    split, each of them equally often and as often in one class as in the other.  No review names two of them.
    Casting never opens a review; it closes one in the training split only.
contrast
    30 % of the reviews hold "…, but …": the first half says the opposite, the second half is meant.
negation
    35 % hold one clause with "not", "never", "no" or "nothing", which turns its adjective round.
mild
    12 % judge in weak words with a hedge ("fairly", "somewhat", …; `MILD_MARKS`), most of them once to the
    contrary as well.  A reader may be unsure of one or the other.

"but", the negating words and the hedges stand nowhere else, so a plain search finds all of these.  Rates are
met exactly, up to rounding, with every seed.  The training reviews are written in pairs, one of each class,
over the same layout, opening, plot, part and facts with other names, places and numbers, so that no neutral
sentence gives a class away by accident.  `writer.py` puts a review together.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from hsvis.corpus.demo.grammar import ACTRESS, OTHER_ACTORS
from hsvis.corpus.demo.writer import Draw, Plan, Review
from hsvis.errors import DataError

CLASSES = ("negative", "positive")
WORDS = (15, 60)  # words of a review, both ends included
CONTRAST_RATE = 0.30
NEGATION_RATE = 0.35
MILD_RATE = 0.12
TRAIN_ACTRESS_RATE, TRAIN_ACTRESS_POSITIVE = 0.18, 0.97
TEST_ACTRESS_RATE, TEST_ACTRESS_POSITIVE = 0.20, 0.50
OTHERS_RATE = 0.42

# O opening, P plot, C casting, J judgement, V verdict, F fact; casting is never first or last
LAYOUTS = (
    "OPCJJV", "PCJJV", "OCPJJJ", "PCJJJ", "OCJJV", "PCJPJV", "JPCJV", "JOCJV", "PJCJV", "OPJCJV", "JOCJJ",
    "PCJJ", "PCJJF", "OCJJF", "PJCJF", "PCJVF", "JCPJF", "JJCP", "JCJP", "VJCP", "JJCPF",
)  # fmt: skip
CASTING_LAST = ("PJJC", "OJVC", "JPJC", "JJPC", "OPJC")  # in training only


@dataclass(frozen=True)
class Planted:
    """What was put into one review on purpose."""

    actor: str | None  # who is named as playing a small part
    actor_at: int  # her or his first name, counted in words of `text.split()` from 0; -1 without an actor
    contrast: bool
    negation: bool
    mild: bool

    @property
    def actress(self) -> bool:
        """Whether the actor is the planted actress."""
        return self.actor == ACTRESS


@dataclass(frozen=True, eq=False)
class DemoCorpus:
    """Reviews and labels of both splits; `planted[i]` is about `test_texts[i]`."""

    train_texts: tuple[str, ...]
    train_labels: np.ndarray  # (S,) int16, index into `classes`
    test_texts: tuple[str, ...]
    test_labels: np.ndarray  # (S,) int16
    planted: tuple[Planted, ...]
    classes: tuple[str, ...] = CLASSES


def demo_reviews(*, train: int = 2000, test: int = 400, seed: int = 7) -> DemoCorpus:
    """Write the demo corpus.

    Args:
        train, test: number of reviews of each split, at least 2.
        seed: the same seed gives the same texts on every platform; the test split does not depend on `train`.

    Raises:
        DataError: if a split is too small to hold both classes, or the seed is negative.
    """
    for name, value, least in (("train", train, 2), ("test", test, 2), ("seed", seed, 0)):
        if value < least:
            raise DataError(f"demo corpus: `{name}` is {value}; give {least} or more.")
    written: set[str] = set()
    test_plans = _plans(Draw(seed, 0), test, TEST_ACTRESS_RATE, TEST_ACTRESS_POSITIVE, paired=False)
    test_texts = _texts((seed, 1), test_plans, LAYOUTS, written)
    train_plans = _plans(Draw(seed, 2), train, TRAIN_ACTRESS_RATE, TRAIN_ACTRESS_POSITIVE, paired=True)
    train_texts = _texts((seed, 3), train_plans, LAYOUTS + CASTING_LAST, written)
    return DemoCorpus(
        train_texts=train_texts,
        train_labels=np.array([plan.label for plan in train_plans], dtype=np.int16),
        test_texts=test_texts,
        test_labels=np.array([plan.label for plan in test_plans], dtype=np.int16),
        planted=tuple(_find_planted(plan, text) for plan, text in zip(test_plans, test_texts, strict=True)),
    )


def _plans(
    draw: Draw, count: int, actress_rate: float, actress_positive: float, *, paired: bool
) -> list[Plan]:
    """What each review of a split is to hold, in random order; the rates are met exactly, up to rounding."""
    hers = round(count * actress_rate)
    hers_positive = round(hers * actress_positive)
    others = round(count * OTHERS_RATE / 2)  # in each class
    plans = []
    sizes = ((0, count - count // 2, hers - hers_positive), (1, count // 2, hers_positive))
    for label, size, actress in sizes:
        cast: list[str | None] = [ACTRESS] * actress
        cast += [OTHER_ACTORS[i % len(OTHER_ACTORS)] for i in range(others)]
        cast = (cast + [None] * size)[:size]
        traits = [
            draw.shuffled(i < round(size * rate) for i in range(size))
            for rate in (CONTRAST_RATE, NEGATION_RATE, MILD_RATE)
        ]
        first = 0 if paired else label * count
        plans += [
            Plan(frame, label, *row)
            for frame, row in enumerate(zip(draw.shuffled(cast), *traits, strict=True), first)
        ]
    return draw.shuffled(plans)


def _texts(
    seed: tuple[int, int], plans: Iterable[Plan], layouts: tuple[str, ...], written: set[str]
) -> tuple[str, ...]:
    """One review a plan, of allowed length and none that `written` holds already; adds them to it."""
    texts = []
    for plan in plans:
        for attempt in itertools.count():
            frame = Draw(*seed, plan.frame, attempt // 10)
            text = Review(frame, Draw(*seed, plan.frame, attempt, plan.label + 1), plan, layouts).text()
            if WORDS[0] <= len(text.split()) <= WORDS[1] and text not in written:
                break
        written.add(text)
        texts.append(text)
    return tuple(texts)


def _find_planted(plan: Plan, text: str) -> Planted:
    at = text.split().index(plan.actor.split()[0]) if plan.actor else -1
    return Planted(plan.actor, at, plan.contrast, plan.negation, plan.mild)
