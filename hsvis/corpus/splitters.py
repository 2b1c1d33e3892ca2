"""Texts cut into tokens: seven ways, each of which gives the characters between which its tokens stand.

A *word* is a run of letters, digits and combining marks of any script, with apostrophes inside; a number
with its commas and points is one word, and so is an emoji.  Scripts that are written without spaces have no
such runs: of these each grapheme (a character with its marks, Unicode Standard Annex 29) is a word, unless
`words` is asked for by name.

`treebank` cuts as NLTK's `word_tokenize` does, `spacy` as the English rules of spaCy, both nearly: without
their lists of exceptions.  An `OwnSplitter` cuts by a tokenizer file or somebody's own function.
"""

import re
from collections.abc import Iterator
from typing import Any, Protocol

import regex

from hsvis.config.tokens import SPLITTERS
from hsvis.corpus.pairs.pair import BETWEEN, BOUNDARY, Pair

Span = tuple[int, int]


class OwnSplitter(Protocol):
    """A way to cut texts that is none of SPLITTERS.

    Attributes:
        name: what it is, for people.
        key: changes when it may cut otherwise.
        keeps_case: whether it decides itself about capital letters.
        unknown: the token that stands for what it can't cut; None where there is none.
    """

    @property
    def name(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def keeps_case(self) -> bool: ...
    @property
    def unknown(self) -> str | None: ...
    def cut(self, text: str) -> tuple[list[str], list[Span]]:
        """T tokens, and from where to where each stands: in order, apart, empty where it is not there."""
        ...

    def shown(self, form: str) -> str:
        """A token that does not stand in the text, as people read it."""
        ...


Split = str | OwnSplitter | None  # one of SPLITTERS, None = words, and graphemes where there are no spaces

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
# Chinese, Japanese, Thai, Lao, Khmer and Burmese
_UNSPACED = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u19e0-\u19ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035"
    r"\u3040-\u30fa\u30fc-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua9e0-\ua9ff\uaa60-\uaa7f"
    r"\uf900-\ufaff\uff66-\uff9f\U00016fe0-\U00016fff\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_HAS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_PUNCTUATION_TOO = re.compile(
    rf"{_NUMBER}|{_LETTER}+(?:['’]{_LETTER}+)*|{_EMOJI}(?:{_EMOJI_TAIL}+{_EMOJI}?)*|[^\s]"
)
# as torchtext's `basic_english`: quotes are dropped, colons and semicolons are spaces, other marks are tokens
_BASIC_ENGLISH = re.compile(r"<br />|['.,()!?]|((?:(?!<br />)[^\s'.,()!?;:])+)")
_VISIBLE = re.compile(r"\S+")


def _of_contractions(marks: str, inside: str) -> "regex.Pattern[str]":
    """Words, of which `n't`, `'s` and the like are cut off, and marks.

    Args:
        marks: single characters that are tokens wherever they stand.
        inside: what ends a word though it stands within one.
    """
    tail = r"n['’]t(?!\w)|['’](?:s|m|d|ll|re|ve)(?!\w)"
    first = r"(?<!\w)(?:can(?=not(?!\w))|(?:gon|wan)(?=na(?!\w))|got(?=ta(?!\w))|(?:lem|gim)(?=me(?!\w)))"
    short = r"(?<=(?<!\w)(?:mr|mrs|ms|dr|st|jr|sr|vs|prof|(?:\w\.)+\w))"
    closing = r"[\])}>\"'’”»]*(?:\s|$)"
    period = rf"\.(?={closing})(?!(?<={short}\.)\s)"
    end = rf"{tail}|{period}|['’](?={closing})|[:,](?!\d)|\.\.|--|{inside}"
    return regex.compile(
        rf"{first}|\.{{2,}}|-{{2,}}|``|''|{tail}|(?<!\w)['’](?=\w)|[{marks}]|(?:(?!{end})[^\s{marks}])+|[^\s]",
        regex.IGNORECASE,
    )


_TREEBANK = _of_contractions(r"()\[\]{}<>;@\#$%&?!\"“”…*", r"''")
_SPACY = _of_contractions(r"()\[\]{}<>;\#$%&?!\"“”…*~", r"(?<=[^\W\d_])[-/](?=[^\W\d_])")
_GRAPHEME = regex.compile(r"\X")

# of which each match is a token
_WHOLE: dict[str | None, Any] = {
    "whitespace": _VISIBLE, "punctuation": _PUNCTUATION_TOO, "treebank": _TREEBANK, "spacy": _SPACY,
}  # fmt: skip


def pattern() -> str:
    """What decides the words of a text: another pattern, other words."""
    return _PATTERN.pattern


def is_unspaced(text: str) -> bool:
    """Whether some of a text is of a script that is written without spaces."""
    return not text.isascii() and _HAS_UNSPACED.search(text) is not None


def token_spans(text: str, split: Split = None) -> list[Span]:
    """From where to where each token of a text stands, in characters."""
    if split is not None and not isinstance(split, str):
        return split.cut(text)[1]
    if split == "characters":
        return [one.span() for one in _GRAPHEME.finditer(text) if not one.group().isspace()]
    if split == "basic_english":
        found = _BASIC_ENGLISH.finditer(text)
        return [one.span() for one in found if one.group() != "<br />" and one.group().strip('"')]
    if split in _WHOLE:
        return [one.span() for one in _WHOLE[split].finditer(text)]
    spans = [match.span(1) for match in _PATTERN.finditer(text) if match.group(1)]
    return spans if split == "words" or not is_unspaced(text) else list(_graphemes_apart(text, spans))


def cut_text(text: str, lowercase: bool, split: Split = None) -> tuple[list[str], list[Span]]:
    """The tokens of a text as a vocabulary knows them, and from where to where each stands.

    Of a pair those of both texts, and between them BOUNDARY, which stands in no text; none where neither has.
    """
    if isinstance(text, Pair):
        parts = cut_text(text.first, lowercase, split), cut_text(text.second, lowercase, split)
        if not (parts[0][0] or parts[1][0]):
            return [], []
        moved = [(begin + text.second_at, end + text.second_at) for begin, end in parts[1][1]]
        at = text.second_at - len(BETWEEN) + BETWEEN.index(BOUNDARY)
        return [*parts[0][0], BOUNDARY, *parts[1][0]], [*parts[0][1], (at, at + len(BOUNDARY)), *moved]
    if split is not None and not isinstance(split, str):
        forms, spans = split.cut(text)
        return [form.lower() for form in forms] if lowercase and not split.keeps_case else forms, spans
    spans = token_spans(text, split)
    forms = [_form_of(text, a, b, split) for a, b in spans]
    return [form.lower() for form in forms] if lowercase else forms, spans


def token_forms(text: str, lowercase: bool, split: Split = None) -> list[str]:
    """The tokens of a text as a vocabulary knows them."""
    is_plain = split == "words" or (split is None and not is_unspaced(text))
    if is_plain and not isinstance(text, Pair):  # the same, in less time
        forms = [word for word in _PATTERN.findall(text) if word]
        return [form.lower() for form in forms] if lowercase else forms
    return cut_text(text, lowercase, split)[0]


def surface_of(text: str, span: Span, form: str, split: Split) -> str:
    """A token as it is shown: what stands in the text, else the token itself."""
    begin, end = span
    if begin < end or split is None or isinstance(split, str):
        return text[begin:end]
    return split.shown(form)


def has_token(text: str, split: str | None = None) -> bool:
    """Whether a text has any token; looks no further than the first.

    Of a tokenizer file or function, which may take long, it is whether there is anything to cut.
    """
    if isinstance(text, Pair):
        return has_token(text.first, split) or has_token(text.second, split)
    if is_of_words(split):
        return any(one.group(1) for one in _PATTERN.finditer(text))
    return bool(token_spans(text, split)) if split in SPLITTERS else not (not text or text.isspace())


def is_of_words(split: Split) -> bool:
    """Whether a splitter leaves punctuation out, which then is shown with the words that it touches."""
    return split in (None, "words")


def _form_of(text: str, begin: int, end: int, split: str | None) -> str:
    """A token as a vocabulary knows it, but for its case."""
    token = text[begin:end]
    if split == "basic_english":
        return token.replace('"', "")
    if split == "treebank" and token == '"':  # NLTK tells opening from closing ones
        return "``" if begin == 0 or text[begin - 1].isspace() or text[begin - 1] in "([{<" else "''"
    return token


def _graphemes_apart(text: str, spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Words, of which graphemes of scripts without spaces are words of their own."""
    for begin, end in spans:
        if not _HAS_UNSPACED.search(text, begin, end):
            yield begin, end
            continue
        start = begin  # of what has spaces
        for one in _GRAPHEME.finditer(text, begin, end):
            if _HAS_UNSPACED.match(one.group()):
                if start < one.start():
                    yield start, one.start()
                yield one.span()
                start = one.end()
        if start < end:
            yield start, end
