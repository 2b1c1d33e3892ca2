"""All words of a split, read once: which they are, and where they stand in their texts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hsvis.corpus.splitters import Split, cut_text, is_of_words, token_forms
from hsvis.corpus.tokens import kept_range, surface_bounds
from hsvis.progress import Progress, silent

REPORTED = 500  # texts from one report of progress to the next


@dataclass(frozen=True)
class Words:
    """The W words of R texts.

    Attributes:
        forms: D different words as the vocabulary knows them, in the order in which they came first.
        codes: (W,) int32, the place of each word in `forms`.
        starts, ends: (W,) int32, the characters of its text that the word is; None where nobody asked.
        offsets: (R + 1,) int64; text r has the words from offsets[r] up to offsets[r + 1].
        split: how the texts were cut.
    """

    forms: list[str]
    codes: np.ndarray
    starts: np.ndarray | None
    ends: np.ndarray | None
    offsets: np.ndarray
    split: Split = None

    @property
    def counts(self) -> np.ndarray:
        """(R,) int64, words of each text."""
        return np.diff(self.offsets)


@dataclass(frozen=True)
class ReadText:
    """One text whose words were read already."""

    text: str
    words: Words
    row: int

    def surfaces(self, max_length: int | None, keep: str) -> tuple[slice, list[tuple[int, int]]]:
        """The words that a model reads: their places in `words`, and from where to where they are shown."""
        assert self.words.starts is not None
        assert self.words.ends is not None
        begin, end = self.words.offsets[self.row : self.row + 2].tolist()
        first, last = kept_range(end - begin, max_length, keep)
        near = slice(begin + max(0, first - 1), min(end, begin + last + 1))  # one more on either side
        spans = list(zip(self.words.starts[near].tolist(), self.words.ends[near].tolist(), strict=True))
        skipped = near.start - begin
        if not is_of_words(self.words.split):
            return slice(begin + first, begin + last), spans[first - skipped : last - skipped]
        bounds = surface_bounds(self.text, spans, first - skipped, last - skipped)
        return slice(begin + first, begin + last), bounds


def read_words(
    texts: Sequence[str], *, lowercase: bool, split: Split = None, places: bool = True,
    progress: Progress = silent,
) -> Words:  # fmt: skip
    """Reads all words of R texts.

    Args:
        split: as of `splitters.token_spans`.
        places: also tell where in their texts the words stand, which takes longer.
    """
    place: dict[str, int] = {}  # of each form
    codes: list[np.ndarray] = []
    spans: list[np.ndarray] = []
    for done, text in enumerate(texts):
        if done % REPORTED == 0:
            progress("reading words", done, len(texts), f"{len(place):,} different words")
        if places:
            forms, found = cut_text(text, lowercase, split)
            spans.append(np.array(found, np.int32).reshape(-1, 2))
        else:
            forms = token_forms(text, lowercase, split)
        codes.append(np.array([place.setdefault(form, len(place)) for form in forms], np.int32))
    progress("reading words", len(texts), len(texts), f"{len(place):,} different words")
    both = np.concatenate([np.empty((0, 2), np.int32), *spans])
    return Words(
        list(place),
        np.concatenate([np.empty(0, np.int32), *codes]),
        np.ascontiguousarray(both[:, 0]) if places else None,
        np.ascontiguousarray(both[:, 1]) if places else None,
        np.concatenate([[0], np.cumsum([len(one) for one in codes])]).astype(np.int64),
        split,
    )
