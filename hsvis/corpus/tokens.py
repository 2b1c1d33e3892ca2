"""Text -> tokens: as the vocabulary knows them, and as they stand in the text.

`splitters` says where they stand.  Punctuation and markup are no words: the model never reads them, unless
`tokens.split` says otherwise.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hsvis.corpus.splitters import Split, cut_text, is_of_words, surface_of, token_forms

PADDING, UNKNOWN = 0, 1  # the first two ids of every vocabulary

_TRAIL = re.compile(r"[^\s<&]*")
_LEAD = re.compile(r"[^\s>;]*\Z")


@dataclass(frozen=True)
class Tokens:
    """The words of one text.

    Attributes:
        forms: T words as the vocabulary knows them.
        surfaces: T words with the punctuation that touches them; each is a piece of the text, in order, but
            for tokens of somebody's own splitter that do not stand there.
        start, end: the characters of the text between which the surfaces lie; the rest was cut off.
    """

    forms: list[str]
    surfaces: list[str]
    start: int
    end: int


def word_forms(text: str, lowercase: bool, split: Split = None) -> list[str]:
    """All tokens of a text as the vocabulary knows them; of words, markup and punctuation are left out.

    Args:
        split: as of `splitters.token_spans`.
    """
    return token_forms(text, lowercase, split)


def split_text(
    text: str, *, lowercase: bool, max_length: int | None, keep: str, split: Split = None
) -> Tokens:
    """The tokens of a text with their surface forms, at most `max_length` of them.

    Args:
        keep: `last` or `first`, the end of a longer text that is read.
        split: as of `splitters.token_spans`.
    """
    forms, spans = cut_text(text, lowercase, split)
    first, last = kept_range(len(spans), max_length, keep)
    forms = forms[first:last]
    bounds = surface_bounds(text, spans, first, last) if is_of_words(split) else spans[first:last]
    return Tokens(
        forms=forms,
        surfaces=[surface_of(text, span, form, split) for span, form in zip(bounds, forms, strict=True)],
        start=bounds[0][0] if bounds else 0,
        end=bounds[-1][1] if bounds else 0,
    )


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
        spans: of all words of the text, as `token_spans` gives them.
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
    def counted(cls, counts: Iterable[tuple[str, int]], size: int, split: Split = None) -> "Vocabulary":
        """As `of`, of words and how often they stand in all texts together.

        Args:
            split: how the texts were cut; the token of it that stands for the unknown is no word.
        """
        lacking = None if split is None or isinstance(split, str) else split.unknown
        words = (item for item in counts if lacking is None or item[0] != lacking)
        ranked = sorted(words, key=lambda item: (-item[1], item[0]))
        return cls(tuple(word for word, _ in ranked[: size - 2]))

    def __len__(self) -> int:
        return len(self.words) + 2

    def ids(self) -> dict[str, int]:
        """Word -> id; look a word up with `.get(word, UNKNOWN)`."""
        return {word: i for i, word in enumerate(self.words, start=2)}
