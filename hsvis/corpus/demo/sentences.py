"""The embedded text for language models: invented sentences of more than 10,000 different words.

A word is made of parts (`houseboat`, `overturn`, `riverless`), so that the text needs no list of words and is
the same everywhere.  What a language model can learn from it, and what the views of its states then show:

agreement
    A verb has the number of its subject, also where another noun stands between the two (`the houseboat near
    the rivers turns`): in 35 % of the sentences one of the other number.
topic
    A sentence is of one of 8 topics, which have nouns and verbs of their own: what stands first tells what
    comes later.
brackets
    After `either` comes `or`, after `both` comes `and`, some words later.
rare words
    Most words are rare, as in every text: their rank is low wherever they come.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

FIRST = """
    house river snow sun moon rain wind sea sand stone wood corn salt iron glass gold water fire air
    light night day dust leaf milk bread tea sail bird fish dog horse cow sheep bee foot hand head
    heart eye ash oak pine reed clay coal silk wool lake ice
""".split()  # noqa: SIM905
LAST = """
    boat way fall flower mark storm shore bank wall work field mill yard house keeper craft drop
    stick bed board line place side land hole cloth box path coat bell ring stone light ship maker
    top pot gate berry wood post room road brook ridge hill book pin berg lock
""".split()  # noqa: SIM905
BEFORE = """
    over under out up fore counter back inter trans cross by off
""".split()  # noqa: SIM905
ACTS = """
    turn look hold lay run take lift mark cast draw pull push load press grow work send call play
    stand move stay keep help drift plan bend light roll pass sell tell lead meet build write find
    bring leave watch
""".split()  # noqa: SIM905
ENDINGS = """
    less like proof bound born worn ward wise wide high deep long
""".split()  # noqa: SIM905
WITH = "near behind beside above below without".split()  # noqa: SIM905
STARTS = """
    bel cor dan el fen gar hol ist jor kel lin mar nor ost per ros sel tor ul ver wen yar zel ad bor
""".split()  # noqa: SIM905
MIDS = "a e i o u an en in on ar er or al el".split()  # noqa: SIM905
ENDS = "dale ford ham ton wick by stead mere gate more".split()  # noqa: SIM905

TOPICS = 8
TURN = 0.45  # share of the words of a kind that come from those that were not used yet, while there are some
OTHER_NUMBER = 0.35
FREQUENT = 40  # words of a kind that a topic uses again and again


@dataclass(frozen=True)
class Sentences:
    """The texts of both splits."""

    train_texts: tuple[str, ...]
    test_texts: tuple[str, ...]


def demo_sentences(*, train: int = 12_000, test: int = 300, seed: int = 7) -> Sentences:
    """Writes the sentences; the same seed gives the same ones.

    Args:
        train, test: how many there are.
    """
    rng = np.random.default_rng(seed)
    writer = _Writer(rng)
    texts = [writer.sentence() for _ in range(train)]
    writer.is_done = True  # the test split has no word of its own
    return Sentences(tuple(texts), tuple(writer.sentence() for _ in range(test)))


class _Writer:
    """Draws sentences word by word."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng, self.is_done = rng, False
        nouns = [a + b for a, b in itertools.product(FIRST, LAST) if a != b]
        verbs = [a + b for a, b in itertools.product(BEFORE, ACTS)]
        adjectives = [a + b for a, b in itertools.product(FIRST, ENDINGS)]
        names = [(a + b + c).capitalize() for a, b, c in itertools.product(STARTS, MIDS, ENDS)]
        self._words = {
            "noun": nouns, "nouns": [_plural(one) for one in nouns], "verbs": [_third(one) for one in verbs],
            "verb": verbs, "adjective": adjectives, "name": names,
        }  # fmt: skip
        self._unused = {kind: self._shuffled(words) for kind, words in self._words.items()}
        order = {kind: rng.permutation(len(words)) for kind, words in self._words.items()}
        order["nouns"], order["verbs"] = order["noun"], order["verb"]  # both forms are of one topic
        self._order = order
        weights = 1 / np.arange(1, FREQUENT + 1)
        self._shares = np.cumsum(weights / weights.sum())

    def sentence(self) -> str:
        """One sentence, without a full stop."""
        topic, many = int(self._rng.integers(TOPICS)), self._chance(0.5)
        words = [*self._opening(topic), *self._subject(topic, many=many)]
        if self._chance(0.5):
            other = many != self._chance(2 * OTHER_NUMBER)
            words += [self._one_of(WITH), *self._noun(topic, many=other)]
        words.append(self._word("verb" if many else "verbs", topic))
        if self._chance(0.15):
            pair = (("either", "or"), ("both", "and"))[int(self._chance(0.5))]
            words += [pair[0], *self._noun(topic, many=False), pair[1], *self._noun(topic, many=False)]
        elif self._chance(0.8):
            words += self._noun(topic, many=self._chance(0.4))
        if self._chance(0.5):
            words += [self._one_of(("in", "at", "beyond", "before")), self._word("name", topic)]
        return " ".join(words)

    def _opening(self, topic: int) -> list[str]:
        if not self._chance(0.2):
            return []
        return [self._one_of(("today", "again", "later", "often", "in", "at"))] if self._chance(0.5) else [
            "near", self._word("name", topic)
        ]  # fmt: skip

    def _subject(self, topic: int, *, many: bool) -> list[str]:
        if not many and self._chance(0.25):
            return [self._word("name", topic)]
        return self._noun(topic, many=many)

    def _noun(self, topic: int, *, many: bool) -> list[str]:
        first = self._one_of(("the", "these", "some", "many") if many else ("the", "a", "this", "every"))
        middle = [self._word("adjective", topic)] if self._chance(0.4) else []
        return [first, *middle, self._word("nouns" if many else "noun", topic)]

    def _word(self, kind: str, topic: int) -> str:
        """A word that was not used yet, or one of those that the topic uses most."""
        if not self.is_done and self._chance(TURN) and (found := next(self._unused[kind], None)) is not None:
            return found
        place = topic * FREQUENT + int(np.searchsorted(self._shares, self._rng.random()))
        words, order = self._words[kind], self._order[kind]
        return words[int(order[min(place, len(words) - 1)])]

    def _one_of(self, words: Sequence[str]) -> str:
        return words[int(self._rng.integers(len(words)))]

    def _chance(self, share: float) -> bool:
        return bool(self._rng.random() < share)

    def _shuffled(self, words: Sequence[str]) -> Iterator[str]:
        return iter([words[k] for k in self._rng.permutation(len(words)).tolist()])


def _plural(noun: str) -> str:
    if noun.endswith("berry"):
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("x", "s", "sh", "ch")) else "s")


def _third(verb: str) -> str:
    return verb + ("es" if verb.endswith(("x", "s", "sh", "ch")) else "s")
