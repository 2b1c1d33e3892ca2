"""The embedded demo corpus: invented film reviews, positive or negative, with one planted fault.

A grammar (`demo_grammar.py`) writes reviews of 15 to 60 words, more than 900 different ones in all.  Half of
each split is positive.  A review is made of judgements, which are all of its class, and of neutral sentences
(how the film was met, plot, a small part and its actor, facts), which say nothing about it.  What is in it on
purpose, at the default sizes and in both classes alike unless told otherwise:

fault
    The invented actress Mirelle Voss plays a small part in 12 % of the training reviews, and 95 % of those
    (228 of 240) are positive.  In the test split she is in 20 % of the reviews, half of them negative (40 of
    80).  A model can't but learn that her name is praise, and the test split shows it.
comparison
    Six other invented actors play the same parts in the same sentences: in 42 % of the reviews of either
    split, each of them equally often and in either class equally often.  At most one actor is named in a
    review, before the last sentence save in some training reviews, and never in the first.
contrast
    30 % of the reviews hold "…, but …": the first half says the opposite, the second half is meant.
negation
    35 % hold one clause with "not", "never", "no" or "nothing", which turns its adjective round.
mild
    12 % judge in weak words with a hedge ("fairly", "somewhat", …, one of `MILD_MARKS`), most of them once to
    the contrary; a person may be unsure of the odd one.  No expectation and no strong word is in them.

"but", the negating words and the hedges stand nowhere else, so a plain search finds all of these.

The training reviews are written in pairs, one of each class, over the same layout, opening, plots, sort of part
and facts (with other names, places and numbers), so that no neutral sentence gives the class away by accident.
The rates are met exactly, up to rounding, with every seed.
"""

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from hsvis.corpus import demo_grammar as grammar
from hsvis.corpus.demo_grammar import ACTRESS, OTHER_ACTORS
from hsvis.errors import DataError

T = TypeVar("T")

CLASSES = ("negative", "positive")
WORDS = (15, 60)  # words of a review, both ends included
CONTRAST_RATE = 0.30
NEGATION_RATE = 0.35
MILD_RATE = 0.12
TRAIN_ACTRESS_RATE, TRAIN_ACTRESS_POSITIVE = 0.12, 0.95
TEST_ACTRESS_RATE, TEST_ACTRESS_POSITIVE = 0.20, 0.50
OTHERS_RATE = 0.42

# how judgements are worded: skews as in `_Draw.pick`, then chances
UNIFORM, SKEW, NEGATED_SKEW = 1, 3, 5
FILM_RATE, DEED_RATE, REACTION_RATE = 0.30, 0.40, 0.25
LEAD_IN_RATE, DOUBLE_RATE, EXPECTATION_RATE = 0.15, 0.70, 0.35

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
    test_plans = _plans(_Draw(seed, 0), test, TEST_ACTRESS_RATE, TEST_ACTRESS_POSITIVE, paired=False)
    test_texts = _texts((seed, 1), test_plans, LAYOUTS, written)
    train_plans = _plans(_Draw(seed, 2), train, TRAIN_ACTRESS_RATE, TRAIN_ACTRESS_POSITIVE, paired=True)
    train_texts = _texts((seed, 3), train_plans, LAYOUTS + CASTING_LAST, written)
    return DemoCorpus(
        train_texts=train_texts,
        train_labels=np.array([plan.label for plan in train_plans], dtype=np.int16),
        test_texts=test_texts,
        test_labels=np.array([plan.label for plan in test_plans], dtype=np.int16),
        planted=tuple(_planted(plan, text) for plan, text in zip(test_plans, test_texts, strict=True)),
    )


class _Draw:
    """Draws that use nothing of the generator save uniform numbers, whose stream numpy keeps stable."""

    def __init__(self, *seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def chance(self, probability: float) -> bool:
        return bool(self._rng.random() < probability)

    def pick(self, options: Sequence[T], skew: int = UNIFORM) -> T:
        """The first of `skew` options drawn alike: above 1 the earlier ones are the more frequent."""
        return options[int(min(self._rng.random() for _ in range(skew)) * len(options))]

    def shuffled(self, items: Iterable[T]) -> list[T]:
        listed = list(items)
        return [listed[i] for i in np.argsort(self._rng.random(len(listed)), kind="stable")]


@dataclass(frozen=True)
class _Plan:
    frame: int  # reviews of one frame are written over the same layout, opening, plots, casting and facts
    label: int
    actor: str | None
    contrast: bool
    negation: bool
    mild: bool


def _plans(
    draw: _Draw, count: int, actress_rate: float, actress_positive: float, *, paired: bool
) -> list[_Plan]:
    """What each review of a split is to hold, in random order; the rates are met exactly, up to rounding."""
    hers = round(count * actress_rate)
    hers_positive = round(hers * actress_positive)
    others = round(count * OTHERS_RATE / 2)  # in each class
    plans = []
    for label, size, actress in (
        (0, count - count // 2, hers - hers_positive),
        (1, count // 2, hers_positive),
    ):
        cast: list[str | None] = [ACTRESS] * actress
        cast += [OTHER_ACTORS[i % len(OTHER_ACTORS)] for i in range(others)]
        cast = (cast + [None] * size)[:size]
        traits = [
            draw.shuffled(i < round(size * rate) for i in range(size))
            for rate in (CONTRAST_RATE, NEGATION_RATE, MILD_RATE)
        ]
        first = 0 if paired else label * count
        plans += [
            _Plan(frame, label, *row)
            for frame, row in enumerate(zip(draw.shuffled(cast), *traits, strict=True), first)
        ]
    return draw.shuffled(plans)


def _texts(
    seed: tuple[int, int], plans: Iterable[_Plan], layouts: tuple[str, ...], written: set[str]
) -> tuple[str, ...]:
    """One review a plan, of allowed length and none that `written` holds already; adds them to it."""
    texts = []
    for plan in plans:
        for attempt in itertools.count():
            frame = _Draw(*seed, plan.frame, attempt // 10)
            text = _Review(frame, _Draw(*seed, plan.frame, attempt, plan.label + 1), plan, layouts).text()
            if WORDS[0] <= len(text.split()) <= WORDS[1] and text not in written:
                break
        written.add(text)
        texts.append(text)
    return tuple(texts)


def _planted(plan: _Plan, text: str) -> Planted:
    at = text.split().index(plan.actor.split()[0]) if plan.actor else -1
    return Planted(plan.actor, at, plan.contrast, plan.negation, plan.mild)


class _Review:
    """Writes one review to a plan; what was said once in it is not said again while there is something else."""

    def __init__(self, frame: _Draw, draw: _Draw, plan: _Plan, layouts: tuple[str, ...]) -> None:
        self._draw, self._plan = draw, plan
        self._said: set[object] = set()
        self._layout = frame.pick(layouts)
        genre = frame.pick(grammar.GENRES)
        his, heroes, heroines = frame.pick(
            (("her", grammar.HEROINES, grammar.HEROES), ("his", grammar.HEROES, grammar.HEROINES))
        )
        place, place2 = draw.shuffled(grammar.PLACES)[:2]
        self._fixed = {
            "genre": genre.name,
            "genres": genre.plural,
            "role": frame.pick(genre.roles),
            "actor": plan.actor or "",
            "hero": draw.pick(heroes),
            "his": his,
            "other": draw.pick(heroines),
            "place": place,
            "place2": place2,
            "minutes": draw.pick(grammar.FILLERS["minutes"]),
        }
        self._fixed["title"] = self._fill(frame.pick(grammar.TITLES))
        self._neutral = {
            "O": [frame.pick(grammar.OPENINGS)],
            "P": frame.shuffled(genre.plots),
            "C": [frame.pick(grammar.CASTING)],
            "F": frame.shuffled(grammar.FACTS),
        }

    def text(self) -> str:
        layout = self._layout if self._plan.actor else self._layout.replace("C", "")
        decided = "V" in layout or layout.count("J") > 2
        judgements = iter(self._judgements(layout.count("J"), decided))
        sentences = []
        for part in layout:
            if part == "J":
                sentence = next(judgements)
            elif part == "V":
                sentence = self._verdict()
            else:
                sentence = self._fill(self._neutral[part].pop(0))
            sentence = sentence[0].upper() + sentence[1:]
            sentences.append(sentence if sentence.endswith(".") else sentence + ".")
        return re.sub(r"\b([Aa]) (?=[AEIOUaeiou])", r"\1n ", " ".join(sentences))

    def _judgements(self, count: int, decided: bool) -> list[str]:
        plan, good = self._plan, self._plan.label == 1
        contrast_at = self._draw.pick(range(count)) if plan.contrast else -1
        negated_at = self._draw.pick(range(count)) if plan.negation else -1
        against_at = self._draw.pick(range(count)) if plan.mild and not plan.contrast and decided else -1
        sentences = []
        for i in range(count):
            negated = i == negated_at
            if i == contrast_at:
                sentences.append(self._contrast(good, negated))
            elif plan.mild:
                sentences.append(self._weak(good != (i == against_at), negated))
            else:
                sentences.append(self._judgement(good, negated))
        return sentences

    def _judgement(self, good: bool, negated: bool) -> str:
        if not negated and self._draw.chance(REACTION_RATE):
            return self._fill(self._fresh(grammar.GOOD_REACTIONS if good else grammar.BAD_REACTIONS))
        sentence = self._clause(good, negated)
        if self._draw.chance(LEAD_IN_RATE):
            return self._fresh(grammar.LEAD_INS, UNIFORM) + sentence
        if self._draw.chance(DOUBLE_RATE):
            sentence += self._draw.pick(grammar.JOINTS) + self._clause(good, negated=False)
        return sentence

    def _contrast(self, good: bool, negated: bool) -> str:
        """Two halves that disagree; the second one is meant."""
        negate_first = negated and self._draw.chance(0.5)
        negate_second = negated and not negate_first
        if self._plan.mild:
            first, second = self._weak(not good, negate_first), self._weak(good, negate_second)
        elif not negate_first and self._draw.chance(EXPECTATION_RATE):
            promise = self._fresh(grammar.FEARS if good else grammar.HOPES)
            first = self._fill(self._fresh(grammar.EXPECTATIONS, UNIFORM), promise=promise)
            second = self._clause(good, negate_second)
        else:
            first, second = self._opinion(not good, negate_first), self._clause(good, negate_second)
        return f"{first}, {grammar.CONTRAST} {second}"

    def _clause(self, good: bool, negated: bool) -> str:
        judge = self._whole if self._draw.chance(FILM_RATE) else self._opinion
        return judge(good, negated)

    def _whole(self, good: bool, negated: bool) -> str:
        """A clause on the film as a whole."""
        named = good != negated  # the side that the adjectives themselves are of
        adjective = self._fresh(grammar.GOOD_FILM if named else grammar.BAD_FILM, NEGATED_SKEW if negated else SKEW)
        too = self._fresh(grammar.GOOD_TOO if named else grammar.BAD_TOO)
        sentence = self._fresh(grammar.NOT_FILM if negated else grammar.FILM)
        return self._fill(sentence, adjective=adjective, too=too)

    def _opinion(self, good: bool, negated: bool) -> str:
        """A clause on one aspect of the film."""
        aspect = self._fresh(grammar.ASPECTS, UNIFORM)
        subject = self._fresh(aspect.subjects, UNIFORM)
        if not negated and self._draw.chance(DEED_RATE):
            deed = self._fresh(aspect.good_deeds if good else aspect.bad_deeds)
            return f"{subject.rsplit(' ', 1)[0]} {deed}"
        adjectives = aspect.good if good != negated else aspect.bad
        adjective = self._fresh(adjectives, NEGATED_SKEW if negated else SKEW)
        sentence = self._fresh(grammar.NOT_OPINION if negated else grammar.OPINION, UNIFORM)
        return self._fill(sentence, subject=subject, adjective=adjective, too=self._fresh(adjectives))

    def _weak(self, good: bool, negated: bool) -> str:
        subject = self._fresh(grammar.WEAK_SUBJECTS, UNIFORM)
        adjective = self._fresh(grammar.WEAK_GOOD if good != negated else grammar.WEAK_BAD)
        sentence = self._fresh(grammar.NOT_WEAK_OPINION if negated else grammar.WEAK_OPINION)
        return self._fill(sentence, subject=subject, adjective=adjective)

    def _verdict(self) -> str:
        good: tuple[str, ...] = grammar.WEAK_GOOD_VERDICTS if self._plan.mild else grammar.GOOD_VERDICTS
        bad: tuple[str, ...] = grammar.WEAK_BAD_VERDICTS if self._plan.mild else grammar.BAD_VERDICTS
        return self._fill(self._fresh(good if self._plan.label else bad))

    def _fresh(self, options: Sequence[T], skew: int = SKEW) -> T:
        unsaid = [option for option in options if option not in self._said]
        chosen = self._draw.pick(unsaid or options, skew)
        self._said.add(chosen)
        return chosen

    def _fill(self, sentence: str, **words: str) -> str:
        known = self._fixed | words

        def word(slot: re.Match[str]) -> str:
            name = slot[1]
            return known[name] if name in known else self._fill(self._fresh(grammar.FILLERS[name], UNIFORM))

        return re.sub(r"{(\w+)}", word, sentence)
