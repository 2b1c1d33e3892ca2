"""Where the tokens that somebody's function makes of a text stand in it, as far as they are found."""

import re
import unicodedata
from collections.abc import Sequence

from hsvis.corpus.splitters import Span

AHEAD = 200  # characters that a function may leave out between two tokens, about
NEXT = 3  # tokens that are looked for before a token is believed to stand farther on
_WORD = re.compile(r"\S+")
_MARKED = re.compile(r"^(?:##|▁+|Ġ+|￭)|(?:@@|</w>|￭)$")
WRITTEN = {  # as the Penn treebank writes marks
    "``": '"', "''": '"', "-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}",
}  # fmt: skip


def readable(token: str) -> str:
    """A sub-word without what marks it as one: `ing` of `##ing`, `film` of `▁film`."""
    return _MARKED.sub("", token) or token


def align(text: str, tokens: Sequence[str]) -> list[Span]:
    """From where to where each of T tokens stands: in order, apart; empty where it is not there.

    Case and accents are passed over, as are marks of sub-words.  A token that is not in the text, as a lemma,
    gets what lies between its neighbours.
    """
    folded, reached = _fold(text), 0
    spans: list[Span] = []
    looked_for = [_variants(token) for token in tokens]
    found: list[Span | None] = []
    for k, names in enumerate(looked_for):
        span = _beside(folded, names, reached) or _ahead(folded, looked_for[k : k + 1 + NEXT], reached)
        found.append(span)
        reached = span[1] if span else reached
    following = len(text)
    ends: list[int] = []  # for each token, where the next one that was found begins
    for span in reversed(found):
        ends.append(following)
        following = span[0] if span else following
    reached = 0
    for span, end in zip(found, reversed(ends), strict=True):
        between = _word_between(text, reached, end) if span is None else None
        spans.append(span or (between.span() if between else (reached, reached)))
        reached = spans[-1][1]
    return spans


def _word_between(text: str, begin: int, end: int) -> re.Match[str] | None:
    """The first word there; what is left of one that was cut in two only if there is no other."""
    at = begin
    while 0 < at < end and text[at].isalnum() and text[at - 1].isalnum():
        at += 1
    return _WORD.search(text, at, end) or _WORD.search(text, begin, end)


def _fold(text: str) -> str:
    """Of the same length, in small letters without accents."""
    if text.isascii():
        return text.lower()
    small = (unicodedata.normalize("NFD", c)[0].lower() for c in text)
    return "".join(one if len(one) == 1 else c for one, c in zip(small, text, strict=True))


def _variants(token: str) -> list[str]:
    names = [token, readable(token), WRITTEN.get(token, token)]
    return [_fold(one) for one in dict.fromkeys(names) if one]


def _beside(folded: str, names: Sequence[str], at: int) -> Span | None:
    """Where a token stands if nothing but spaces lie before it."""
    for name in names:
        start = at
        while not folded.startswith(name, start):
            if start >= len(folded) or not folded[start].isspace():
                break
            start += 1
        else:
            return start, start + len(name)
    return None


def _ahead(folded: str, following: Sequence[Sequence[str]], at: int) -> Span | None:
    """Where the first of some tokens stands farther on, unless the next ones come before it."""
    here = _word_at(folded, following[0], at, at + AHEAD)
    if here is None:
        return None
    for names in following[1:]:
        other = _word_at(folded, names, at, here[0])
        if other is not None:
            return None
    return here


def _word_at(folded: str, names: Sequence[str], at: int, end: int) -> Span | None:
    """The first place of a token at which no word is cut in two."""
    found = []
    for name in names:
        start = folded.find(name, at, end + len(name))
        while start >= 0 and start > at and folded[start - 1].isalnum() and name[0].isalnum():
            start = folded.find(name, start + 1, end + len(name))
        found += [(start, start + len(name))] if start >= 0 else []
    return min(found, default=None)
