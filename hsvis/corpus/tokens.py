"""Text -> tokens: words as the vocabulary knows them, and as they stand in the text.

A word is a run of letters, digits and combining marks of any script, with apostrophes inside; a number
with its commas and points is one word, and so is an emoji.  Punctuation and markup are no words: the model
never reads them.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PADDING, UNKNOWN = 0, 1  # the first two ids of every vocabulary

_ELEMENTS = (
    "a abbr article b big blockquote body br center cite code dd del div dl dt em font footer form "
    "h1 h2 h3 h4 h5 h6 head header hr html i iframe img input ins kbd li link main mark meta nav ol "
    "option p pre q s samp script section select small span strike strong style sub sup svg table "
    "tbody td textarea th thead title tr tt u ul var video"
)
# tags of HTML only: `<WFC>` in a stock report is a word
_MARKUP = rf"<!--.*?-->|</?(?i:{_ELEMENTS.replace(' ', '|')})(?:[\s/][^<>]*)?>"
_ENTITY = r"&(?:[A-Za-z]{2,8}|\#[0-9]{1,7}|\#[xX][0-9A-Fa-f]{1,6});"
_EMOJI = r"[\u2600-\u27bf\U0001F000-\U0001FAFF]"
_EMOJI_TAIL = r"[\ufe0f\u200d\U0001F3FB-\U0001F3FF]"
# everything but space, ASCII and Unicode punctuation, controls and emoji; joiners inside words are letters
_LETTER = (
    r"[^\s\x00-/:-@\[-`{-\xa9\xab-\xb1\xb4\xb6-\xb8\xbb\xbf\xd7\xf7\u037e\u0589\u05be\u05c0\u05c3\u060c\u061b"
    r"\u061f\u066a-\u066d\u06d4\u0964\u0965\u2000-\u200b\u200e-\u206f\u2190-\u27bf\u2e00-\u2e7f\u3000-\u3003"
    r"\u3008-\u3011\u3014-\u301f\u30fb\ufe0f\ufe30-\ufe6f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
    r"\ud800-\udfff\ufeff\ufffc-\uffff\U0001F000-\U0001FAFF]"
)
_NUMBER = r"[0-9]+(?:[.,][0-9]+)+(?![0-9])"
_PATTERN = re.compile(
    rf"{_MARKUP}|{_ENTITY}|({_NUMBER}|{_LETTER}+(?:['’]{_LETTER}+)*|{_EMOJI}(?:{_EMOJI_TAIL}+{_EMOJI}?)*)",
    re.DOTALL,
)
_TRAIL = re.compile(r"[^\s<&]*")
_LEAD = re.compile(r"[^\s>;]*\Z")


@dataclass(frozen=True)
class Tokens:
    """The words of one text.

    Attributes:
        forms: T words as the vocabulary knows them.
        surfaces: T words with the punctuation that touches them; each is a piece of the text, in order.
        start, end: the characters of the text between which the surfaces lie; the rest was cut off.
    """

    forms: list[str]
    surfaces: list[str]
    start: int
    end: int


def pattern() -> str:
    """What decides the words of a text: another pattern, other words."""
    return _PATTERN.pattern


def word_forms(text: str, lowercase: bool) -> list[str]:
    """All words of a text as the vocabulary knows them; markup and punctuation are left out."""
    found = _PATTERN.findall(text)
    return [word.lower() if lowercase else word for word in found if word]


def split_text(text: str, *, lowercase: bool, max_length: int | None, keep: str) -> Tokens:
    """The words of a text with their surface forms, at most `max_length` of them.

    Args:
        keep: `last` or `first`, the end of a longer text that is read.
    """
    spans = word_spans(text)
    first, last = kept_range(len(spans), max_length, keep)
    bounds = surface_bounds(text, spans, first, last)
    words = [text[a:b] for a, b in spans[first:last]]
    return Tokens(
        forms=[word.lower() if lowercase else word for word in words],
        surfaces=[text[a:b] for a, b in bounds],
        start=bounds[0][0] if bounds else 0,
        end=bounds[-1][1] if bounds else 0,
    )


def word_spans(text: str) -> list[tuple[int, int]]:
    """From where to where each word of a text stands, in characters."""
    return [match.span(1) for match in _PATTERN.finditer(text) if match.group(1)]


def kept_range(count: int, max_length: int | None, keep: str) -> tuple[int, int]:
    """The first of `count` words that a model reads, and the one after the last."""
    if max_length is None or count <= max_length:
        return 0, count
    return (count - max_length, count) if keep == "last" else (0, max_length)


def surface_bounds(
    text: str, spans: Sequence[tuple[int, int]], first: int, last: int
) -> list[tuple[int, int]]:
    """Widens the words from `first` up to `last` by the punctuation that touches them; no two overlap.

    Args:
        spans: of all words of the text, as `word_spans` gives them.
    """
    bounds: list[tuple[int, int]] = []
    before = 0  # where the last surface ended
    for i in range(max(0, first - 1), last):
        start, end = spans[i]
        following = spans[i + 1][0] if i + 1 < len(spans) else len(text)
        if start > before and text[start - 1] != " ":
            lead = _LEAD.search(text, before, start)
            assert lead  # it matches the empty string
            start = lead.start()
        if following > end and text[end] != " ":
            trail = _TRAIL.match(text, end, following)
            assert trail
            end = trail.end()
        before = end
        bounds.append((start, end))
    return bounds[-(last - first) :] if last > first else []


@dataclass(frozen=True)
class Vocabulary:
    """The words a model knows; ids 0 and 1 are padding and the unknown word."""

    words: tuple[str, ...]  # words[i] has id i + 2

    @classmethod
    def of(cls, texts: Iterable[Sequence[str]], size: int) -> "Vocabulary":
        """The most frequent words of tokenised texts, at most `size` - 2; ties in alphabetical order."""
        counts: Counter[str] = Counter()
        for forms in texts:
            counts.update(forms)
        return cls.counted(counts.items(), size)

    @classmethod
    def counted(cls, counts: Iterable[tuple[str, int]], size: int) -> "Vocabulary":
        """As `of`, of words and how often they stand in all texts together."""
        ranked = sorted(counts, key=lambda item: (-item[1], item[0]))
        return cls(tuple(word for word, _ in ranked[: size - 2]))

    def __len__(self) -> int:
        return len(self.words) + 2

    def ids(self) -> dict[str, int]:
        """Word -> id; look a word up with `.get(word, UNKNOWN)`."""
        return {word: i for i, word in enumerate(self.words, start=2)}
