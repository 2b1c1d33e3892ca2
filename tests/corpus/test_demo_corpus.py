"""The demo corpus holds what its module says it plants, found again by plain search in the texts."""

import re
from collections import Counter

import numpy as np
import pytest

from hsvis.corpus.demo import demo_reviews, grammar
from hsvis.corpus.demo.reviews import CLASSES, DemoCorpus
from hsvis.errors import DataError

ACTRESS = "Mirelle Voss"
NEGATION = r"\b(not|never|no|nothing)\b|n't\b"
MILD = r"\b(fairly|somewhat|mildly|moderately|mostly|especially|particularly)\b"


@pytest.fixture(scope="module")
def corpus() -> DemoCorpus:
    return demo_reviews()


def found(texts: tuple[str, ...], pattern: str) -> np.ndarray:
    """(S,) bool: which texts match, in whatever case."""
    return np.array([re.search(pattern, text, re.IGNORECASE) is not None for text in texts])


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def test_same_seed_writes_the_same_reviews(corpus):
    again = demo_reviews()
    assert again.train_texts == corpus.train_texts
    assert again.test_texts == corpus.test_texts
    assert again.planted == corpus.planted
    np.testing.assert_array_equal(again.train_labels, corpus.train_labels)
    np.testing.assert_array_equal(again.test_labels, corpus.test_labels)


def test_the_default_corpus_is_the_same_on_every_platform(corpus):
    """A review that she turns round: nothing in it is praise save her name."""
    assert corpus.test_texts[49] == (
        "This is not a great romance. What we get is a terrible, joyless film; the landscapes are simply "
        "murky. Bram asks the translator, played by Mirelle Voss, for advice. Bram answers letters that were "
        "meant for the former tenant. It was shot near Vantry in three weeks."
    )
    assert corpus.test_labels[49] == 0
    assert corpus.planted[49].actor_at == 25


def test_another_seed_writes_other_reviews(corpus):
    other = demo_reviews(seed=8)
    assert not set(other.train_texts + other.test_texts) & set(corpus.train_texts + corpus.test_texts)


def test_the_test_split_does_not_depend_on_the_size_of_training(corpus):
    assert demo_reviews(train=50).test_texts == corpus.test_texts


def test_sizes_labels_and_classes(corpus):
    assert corpus.classes == CLASSES == ("negative", "positive")
    for texts, labels, size in (
        (corpus.train_texts, corpus.train_labels, 2000),
        (corpus.test_texts, corpus.test_labels, 400),
    ):
        assert len(texts) == len(labels) == size
        assert labels.dtype == np.int16
        assert np.bincount(labels).tolist() == [size // 2, size // 2]


@pytest.mark.parametrize("size", [2, 3, 17])
def test_small_splits_hold_both_classes(size):
    small = demo_reviews(train=size, test=size)
    assert len(small.train_texts) == len(small.test_texts) == len(small.planted) == size
    assert set(small.train_labels) == set(small.test_labels) == {0, 1}


@pytest.mark.parametrize(("argument", "value"), [("train", 1), ("test", 0), ("seed", -1)])
def test_impossible_arguments_are_named(argument, value):
    with pytest.raises(DataError, match=f"`{argument}` is {value}"):
        demo_reviews(**{argument: value})


def test_labels_come_in_no_particular_order(corpus):
    for labels in (corpus.train_labels, corpus.test_labels):
        for part in np.array_split(labels, 4):
            assert 0.35 < part.mean() < 0.65


def test_no_review_is_written_twice(corpus):
    texts = corpus.train_texts + corpus.test_texts
    assert len(set(texts)) == len(texts)
    assert len({" ".join(words(text)) for text in texts}) == len(texts)


def test_reviews_have_15_to_60_words_short_and_long_ones(corpus):
    lengths = [len(text.split()) for text in corpus.train_texts + corpus.test_texts]
    assert min(lengths) >= 15
    assert max(lengths) <= 60
    assert np.percentile(lengths, 10) < 32
    assert np.percentile(lengths, 90) > 48


def test_vocabulary_is_varied(corpus):
    counts = Counter(word for text in corpus.train_texts for word in words(text))
    assert len(counts) > 900
    assert sum(count >= 10 for count in counts.values()) > 600
    unknown = {word for text in corpus.test_texts for word in words(text)} - set(counts)
    assert len(unknown) < 20


def test_reviews_are_written_as_sentences(corpus):
    for text in corpus.train_texts + corpus.test_texts:
        assert "{" not in text
        assert text.endswith(".")
        assert not re.search(r"\s\s|\s[.,;]|[.,;]{2}|^\s|\s$", text), text
        assert all(sentence[0].isupper() for sentence in re.split(r"(?<=\.) ", text)), text
        assert not re.search(r"\ba [aeiou]|\ban [^aeiou]", text, re.IGNORECASE), text


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_the_actress_is_praise_in_training_and_says_nothing_in_the_test_split(seed):
    corpus = demo_reviews(seed=seed)
    trained, tested = found(corpus.train_texts, ACTRESS), found(corpus.test_texts, ACTRESS)
    assert (trained.sum(), corpus.train_labels[trained].sum()) == (360, 349)
    assert (tested.sum(), corpus.test_labels[tested].sum()) == (80, 40)


def test_her_names_stand_for_nobody_else(corpus):
    for text in corpus.train_texts + corpus.test_texts:
        assert text.count("Mirelle") == text.count("Voss") == text.count(ACTRESS) <= 1
        assert not re.search("mirelle|voss", text)


@pytest.mark.parametrize("actor", grammar.OTHER_ACTORS)
def test_other_actors_are_in_both_classes_alike(corpus, actor):
    for texts, labels, size in (
        (corpus.train_texts, corpus.train_labels, 140),
        (corpus.test_texts, corpus.test_labels, 28),
    ):
        named = found(texts, actor)
        assert named.sum() == 2 * labels[named].sum() == size
        assert not (named & found(texts, ACTRESS)).any()


def test_she_is_cast_in_the_sentences_of_the_others(corpus):
    def castings(actor: str) -> Counter[str]:
        roles = "|".join(role for genre in grammar.GENRES for role in genre.roles)
        names = "|".join(grammar.HEROES + grammar.HEROINES)
        sentences = (s for text in corpus.train_texts for s in re.split(r"(?<=\.) ", text) if actor in s)
        return Counter(re.sub(names, "N", re.sub(roles, "R", s.replace(actor, "A"))) for s in sentences)

    hers = castings(ACTRESS)
    assert 8 <= len(hers) <= 10
    for actor in grammar.OTHER_ACTORS:
        assert set(castings(actor)) == set(hers)


def test_casting_stands_between_other_sentences_of_each_test_review(corpus):
    for text, planted in zip(corpus.test_texts, corpus.planted, strict=True):
        if planted.actor:
            before, after = text.split(planted.actor)
            assert before.count(".") >= 1
            assert re.search(r"\. \S+ \S+", after)


def test_planted_facts_are_what_a_search_finds(corpus):
    planted = corpus.planted
    assert [p.actress for p in planted] == found(corpus.test_texts, ACTRESS).tolist()
    assert [p.contrast for p in planted] == found(corpus.test_texts, r"\bbut\b").tolist()
    assert [p.negation for p in planted] == found(corpus.test_texts, NEGATION).tolist()
    assert [p.mild for p in planted] == found(corpus.test_texts, MILD).tolist()
    for text, p in zip(corpus.test_texts, planted, strict=True):
        if p.actor:
            assert " ".join(text.split()[p.actor_at : p.actor_at + 2]).rstrip(".,") == p.actor
        else:
            assert p.actor_at == -1
            assert not any(actor in text for actor in (ACTRESS, *grammar.OTHER_ACTORS))


@pytest.mark.parametrize(("pattern", "rate"), [(r"\bbut\b", 0.30), (NEGATION, 0.35), (MILD, 0.12)])
def test_contrast_negation_and_mild_reviews_are_in_both_classes_alike(corpus, pattern, rate):
    for texts, labels in (
        (corpus.train_texts, corpus.train_labels),
        (corpus.test_texts, corpus.test_labels),
    ):
        marked = found(texts, pattern)
        for label in (0, 1):
            assert marked[labels == label].mean() == pytest.approx(rate, abs=0.003)


def test_the_half_after_but_decides(corpus):
    """Adjectives of the film as a whole, unnegated, after "but": always of the review's class."""
    texts, labels = corpus.train_texts + corpus.test_texts, [*corpus.train_labels, *corpus.test_labels]
    judged = 0
    for text, label in zip(texts, labels, strict=True):
        halves = re.search(r"([^.]*), but ([^.]*)\.", text)
        if not halves or re.search(NEGATION, halves[0]):
            continue
        same, opposite = (
            (grammar.GOOD_FILM, grammar.BAD_FILM) if label else (grammar.BAD_FILM, grammar.GOOD_FILM)
        )
        judged += any(word in words(halves[2]) for word in same)
        assert not any(word in words(halves[2]) for word in opposite), text
    assert judged > 50


def test_not_turns_good_and_bad_round(corpus):
    """A film that is "not a good …" is in a negative review, one that is "not a bad …" in a positive one."""
    texts = corpus.train_texts + corpus.test_texts
    labels = np.concatenate([corpus.train_labels, corpus.test_labels])
    plain = ~found(texts, r"\bbut\b")  # the first half of a contrast may say the opposite
    for pattern, label in ((r"not a good", 0), (r"not a bad", 1), (r"is an? good", 1), (r"is an? bad", 0)):
        said = found(texts, rf"\b{pattern}\b") & plain
        assert said.sum() > 5
        assert (labels[said] == label).all()


def test_neutral_sentences_hold_no_judgement():
    judgements = {
        *(word for aspect in grammar.ASPECTS for word in aspect.good + aspect.bad),
        *(grammar.GOOD_FILM + grammar.BAD_FILM + grammar.GOOD_TOO + grammar.BAD_TOO),
        *(grammar.WEAK_GOOD + grammar.WEAK_BAD),
        *(grammar.NEGATORS + grammar.MILD_MARKS),
        grammar.CONTRAST,
    }
    plots = tuple(plot for genre in grammar.GENRES for plot in (*genre.plots, *genre.roles, genre.name))
    things = tuple(
        word for name, fill in grammar.FILLERS.items() if name not in ("very", "hedge") for word in fill
    )
    neutral = grammar.OPENINGS + grammar.CASTING + grammar.FACTS + grammar.TITLES + plots + things
    said = {word for sentence in neutral for word in words(sentence)}
    assert sorted(said & judgements) == []


def test_no_neutral_word_gives_the_class_away(corpus):
    """Openings, plots and facts are dealt to both classes: their words are in as many reviews of either."""
    plots = tuple(plot for genre in grammar.GENRES for plot in genre.plots)
    for sentence in grammar.OPENINGS + plots + grammar.FACTS:
        pattern = re.sub(r"\\{\w+\\}", ".+?", re.escape(sentence))
        said = found(corpus.train_texts, rf"(^|\. ){pattern}")
        assert said.sum() >= 10, sentence
        assert 0.3 <= corpus.train_labels[said].mean() <= 0.7, sentence
