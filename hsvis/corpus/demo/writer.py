"""Writes the reviews of the demo corpus, one by one, to a plan of what each is to hold."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from hsvis.corpus.demo import grammar

T = TypeVar("T")

# how judgements are worded: skews as in `Draw.pick`, then chances
UNIFORM, SKEW, NEGATED_SKEW = 1, 3, 5
FILM_RATE, DEED_RATE, REACTION_RATE = 0.30, 0.40, 0.25
LEAD_IN_RATE, DOUBLE_RATE, EXPECTATION_RATE = 0.15, 0.70, 0.35


class Draw:
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
class Plan:
    """What one review is to hold."""

    frame: int  # reviews of one frame are written over the same layout, opening, plots, casting and facts
    label: int
    actor: str | None
    contrast: bool
    negation: bool
    mild: bool


class Review:
    """Writes one review to a plan; nothing is said twice in it while there is something else to say."""

    def __init__(self, frame: Draw, draw: Draw, plan: Plan, layouts: tuple[str, ...]) -> None:
        self._draw, self._plan = draw, plan
        self._said: set[object] = set()
        self._layout = frame.pick(layouts)
        genre = frame.pick(grammar.GENRES)
        women, men = grammar.HEROINES, grammar.HEROES
        his, heroes, others = frame.pick((("her", women, men), ("his", men, women)))
        place, place2 = draw.shuffled(grammar.PLACES)[:2]
        self._fixed = {
            "genre": genre.name,
            "genres": genre.plural,
            "role": frame.pick(genre.roles),
            "actor": plan.actor or "",
            "hero": draw.pick(heroes),
            "his": his,
            "other": draw.pick(others),
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
        adjectives = grammar.GOOD_FILM if named else grammar.BAD_FILM
        adjective = self._fresh(adjectives, NEGATED_SKEW if negated else SKEW)
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
