"""Vocabularies of someone's own model, and how the texts were cut that they were made of.

A file says which entry has which id, never how texts were cut.  So every way is tried: entries that it can
never give and tokens of the dataset that the vocabulary lacks tell which one it was.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hsvis.config import TokenSettings
from hsvis.corpus.splitters import Split, token_forms
from hsvis.errors import ModelError, nearest
from hsvis.models.splitting.splitter import is_own, splitter_of
from hsvis.models.user.reading.keras import KerasSplitter
from hsvis.models.user.reading.vocabulary_files import read_entries
from hsvis.remarks import Remark, listed

UNKNOWN = re.compile(r"unk|unknown|oov|(unk|unknown|oov) ?(token|word|id)|out of vocab(ulary)?")
PADDING = re.compile(r"pad|padding|(pad|padding) ?(token|word|id)")
FIRST_IDS = 4  # among which special entries stand that are written like words
SHOWN = 3  # entries that stand more than once, of those that are named
MANY = 0.01  # share from which entries that are never given are a warning
NAMES = {
    None: "words",
    "words": "words",
    "punctuation": "words and punctuation marks",
    "basic_english": "tokens (basic English)",
    "whitespace": "what stands between spaces",
    "treebank": "tokens of the Penn treebank, as NLTK",
    "spacy": "tokens as spaCy",
    "characters": "characters",
}
TRIED = (None, "punctuation", "basic_english", "treebank", "spacy", "whitespace")
CHARACTERS = 0.9  # share of entries of one character from which texts are cut into these
BETTER = 0.002  # by how much another way must be better than words


@dataclass(frozen=True)
class Vocabulary:
    """The entries of a file.

    Attributes:
        path: the file.
        ids: entry -> id.
        unknown, padding: ids of these, None where there are none.
        special: entries that are no tokens of a text.
        splitter: how texts are cut, if the file says it.
        remarks: what seems wrong with the file.
    """

    path: Path
    ids: dict[str, int]
    unknown: int | None
    padding: int | None
    special: frozenset[str]
    splitter: KerasSplitter | None = None
    remarks: tuple[Remark, ...] = ()

    @property
    def entries(self) -> list[str]:
        """Those that a text may give, by their ids: mostly, the frequent ones come first."""
        return sorted((one for one in self.ids if one not in self.special), key=self.ids.__getitem__)


@dataclass(frozen=True)
class Way:
    """How texts are cut.

    Attributes:
        split: as of `corpus.splitters`.
        by_code_point: whether each character is a token, spaces too.
        tokens: what is made of a text, for people.
    """

    split: Split
    by_code_point: bool
    tokens: str
    remarks: tuple[Remark, ...] = ()


def read_vocabulary(path: Path, unknown: str | int | None, offset: int = 0) -> Vocabulary:
    """A vocabulary of a file.

    Args:
        unknown: the entry, or the id, of words that it lacks; None = as the file says, or it is looked for.
        offset: added to all ids.

    Raises:
        ModelError: it can't be read, is empty, or lacks that entry.
    """
    found = read_entries(path)
    pairs = [(entry, k + offset) for entry, k in found.pairs]
    ids = {entry: k for entry, k in pairs if found.below is None or k < found.below + offset}
    if not ids:
        raise ModelError(
            f"`model.tokenizer`: {path}: is empty. Name the vocabulary that the model was trained with."
        )
    of_file = found.unknown + offset if isinstance(found.unknown, int) else found.unknown
    named = of_file if unknown is None else unknown
    own = named if isinstance(named, int) and unknown is not None and 0 <= named < offset else None
    if own is not None:
        lacking = None  # an id before those of the file
    elif named is not None:
        lacking = _named(path, ids, named)
    else:
        lacking = _special_entry(ids, UNKNOWN) if found.may_lack else None
    padding = padding_entry(ids)
    marked = (entry for entry in ids if len(entry) > 2 and entry[0] + entry[-1] in ("<>", "[]", "__"))
    special = frozenset({"", *marked, *(one for one in (lacking, padding) if one is not None)})
    return Vocabulary(
        path,
        ids,
        own if lacking is None else ids[lacking],
        found.padding if padding is None else ids[padding],
        special,
        found.splitter,
        (*found.remarks, *_doubled(path, pairs)),
    )


def _doubled(path: Path, pairs: Sequence[tuple[str, int]]) -> list[Remark]:
    """A warning of entries that stand in a file with several ids; no text gives an empty one."""
    found: dict[str, list[int]] = {}
    for entry, k in pairs:
        found.setdefault(entry, []).append(k)
    several = {entry: ids for entry, ids in found.items() if entry and len(set(ids)) > 1}
    if not several:
        return []
    shown = [f"{listed([entry])} (ids {', '.join(map(str, ids))})" for entry, ids in several.items()][:SHOWN]
    more = f" and {len(several) - SHOWN:,} more" if len(several) > SHOWN else ""
    return [
        Remark(
            "doubled-entries",
            f"entries that stand more than once in {path.name}: {', '.join(shown)}{more}. The last "
            "id of each is used. Where the model's own code takes the first, save the vocabulary as a .json "
            "of entry -> id.",
        )
    ]


def _named(path: Path, ids: dict[str, int], unknown: str | int) -> str:
    """The entry that `tokens.unknown` names, by itself or by its id."""
    if isinstance(unknown, str) and unknown in ids:
        return unknown
    for entry, k in ids.items():
        if str(k) == str(unknown):
            return entry
    raise ModelError(
        f"`tokens.unknown`: {path} has no entry and no id `{unknown}`. "
        f"{nearest(str(unknown), ids, every=False)}"
    )


def is_padding(entry: str) -> bool:
    """Whether an entry is called padding: `<pad>`, `[PAD]`, `_PAD`, `<PADDING>`."""
    return PADDING.fullmatch(" ".join(re.findall("[a-z]+", entry.lower()))) is not None


def padding_entry(ids: dict[str, int]) -> str | None:
    """The entry for padding, in whatever spelling."""
    return _special_entry(ids, PADDING)


def _special_entry(ids: dict[str, int], names: re.Pattern[str]) -> str | None:
    """The entry for unknown words, or padding, in whatever spelling: `<UNKNOWN>`, `_UNK`, `[oov]`, `UNK`."""
    found = []
    for entry, k in ids.items():
        name = " ".join(re.findall("[a-z]+", entry.lower()))
        if not names.fullmatch(name):
            continue
        is_marked = not entry.isalpha()  # `<unk>`, not a word like `unknown` or `pad`
        if is_marked or name in ("unk", "oov") or k < FIRST_IDS or entry.isupper():
            found.append((not is_marked, k, entry))
    return min(found)[2] if found else None


def way_of(vocabulary: Vocabulary, tokens: TokenSettings, texts: Sequence[str]) -> Way:
    """How the texts of a vocabulary were cut: as the config says, else as fits it best.

    Args:
        texts: some of the dataset.
    """
    entries = vocabulary.entries
    if tokens.split is not None and is_own(tokens.split):
        own = splitter_of(tokens.split, texts)
        assert own is not None
        assert not isinstance(own, str)
        return Way(own, False, own.name)
    if tokens.split is None and vocabulary.splitter is not None:
        by = vocabulary.splitter
        if by.filters is None:  # nothing but its first entries says so
            text = f"The vocabulary is one of Keras' TextVectorization: texts are cut {by.name}."
            return Way(by, False, "words as Keras cuts them", (Remark("splitter", text),))
        return Way(by, False, "characters" if by.by_character else "words as Keras cuts them")
    if tokens.split is None and entries and _is_of_characters(entries):
        said = Remark(
            "splitter", "Texts are cut by character: all entries of the vocabulary are single ones."
        )
        return Way("characters", True, "characters", (said,))
    ways = (tokens.split,) if tokens.split is not None else TRIED
    costs = {way: _cost(vocabulary, tokens.lowercase, way, texts) for way in ways}
    best = min(costs.values())
    chosen = next(way for way, cost in costs.items() if cost <= best + BETTER)
    remarks = []
    if tokens.split is None:
        remarks.append(
            Remark(
                "splitter",
                f"Texts are cut into {NAMES[chosen]}: of {len(ways)} ways it leaves the fewest entries of "
                "the "
                "vocabulary without use and the fewest tokens unknown. `tokens.split` says otherwise.",
            )
        )
    remarks += _never_given(vocabulary, tokens, chosen)
    return Way(chosen, False, NAMES[chosen], tuple(remarks))


def _is_of_characters(entries: Sequence[str]) -> bool:
    """Whether nearly all entries are single characters, whatever special ones there are beside them."""
    return sum(len(entry) == 1 for entry in entries) >= CHARACTERS * len(entries)


def _cost(vocabulary: Vocabulary, lowercase: bool, split: str | None, texts: Sequence[str]) -> float:
    """Weight of entries that are never given, by Zipf's law, and share of tokens that are unknown or lost."""
    entries = vocabulary.entries
    never = set(_unreachable(entries, lowercase, split))
    weights = [1 / (rank + 1) for rank in range(len(entries))]
    lost = sum(w for w, entry in zip(weights, entries, strict=True) if entry in never) / max(
        sum(weights), 1e-9
    )
    forms = [form for text in texts for form in token_forms(text, lowercase, split)]
    unknown = sum(form not in vocabulary.ids for form in forms) / max(1, len(forms))
    return lost + unknown


def _unreachable(entries: Iterable[str], lowercase: bool, split: str | None) -> list[str]:
    """Entries that are cut into something else when they stand alone."""
    return [entry for entry in entries if token_forms(entry, lowercase, split) != [entry]]


def _never_given(vocabulary: Vocabulary, tokens: TokenSettings, split: str | None) -> list[Remark]:
    entries = vocabulary.entries
    never = _unreachable(entries, tokens.lowercase, split)
    ranks = {entry: rank for rank, entry in enumerate(entries)}
    weight = sum(1 / (ranks[one] + 1) for one in never)
    if not never or weight < MANY * sum(1 / (rank + 1) for rank in range(len(entries))):
        return []
    remedy = "name how the model's texts were cut in `tokens.split`, or a function in `model.tokenizer`"
    if tokens.lowercase and len(_unreachable(entries, False, split)) < len(never) / 2:
        remedy = "set `tokens.lowercase: false`: they have capital letters"
    return [
        Remark(
            "unreachable",
            f"{len(never):,} of {len(entries):,} entries of {vocabulary.path.name} can never be given by "
            "cutting "
            f"texts into {NAMES[split]}: {listed(never)}; the first is number {ranks[never[0]] + 1:,}. "
            "Where the "
            f"model knows them, {remedy}.",
        )
    ]
