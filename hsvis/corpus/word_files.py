"""The words of a split, read once and kept: training another model, or showing more, reads no text again."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hsvis.corpus.corpus import Corpus, Split
from hsvis.corpus.pairs.pair import Pair, are_pairs
from hsvis.corpus.splitters import Split as Splitter
from hsvis.corpus.splitters import is_unspaced, pattern
from hsvis.corpus.words import Words, read_words
from hsvis.errors import DamagedFileError
from hsvis.progress import Progress, silent
from hsvis.storage import files, parquet
from hsvis.storage.layouts import Layout, Lists

CODES: Layout = {"codes": Lists(pa.int32())}
PLACES: Layout = {"starts": Lists(pa.int32()), "ends": Lists(pa.int32())}
GRAPHEMES = 1  # version of the rules by which texts without spaces are cut


def words_file(folder: Path, split: Split, *, lowercase: bool, splitter: Splitter = None) -> Path:
    """Where the words of a split are kept: other texts or other rules, another file."""
    rules = splitting_key(splitter, split.texts)
    key = files.key_of(texts=split.fingerprint, lowercase=lowercase, pattern=pattern(), **rules)
    return folder / f"{key}.parquet"


def splitting_key(splitter: Splitter, texts: Iterable[str]) -> dict[str, Any]:
    """What a key holds of a splitter: nothing of words, where each text has the words that it always had."""
    texts = list(texts)
    of_pairs = (
        {"pairs": [one.swapped for one in texts if isinstance(one, Pair)][:1]} if are_pairs(texts) else {}
    )
    if splitter is None:
        return ({"graphemes": GRAPHEMES} if any(map(is_unspaced, texts)) else {}) | of_pairs
    return {"split": splitter if isinstance(splitter, str) else splitter.key} | of_pairs


def read_or_split_words(
    path: Path, split: Split, *, lowercase: bool, places: bool, splitter: Splitter = None,
    progress: Progress = silent,
) -> Words:  # fmt: skip
    """The words of a split from their file, or read and kept there.

    Args:
        path: from `words_file`.
        places: also where in their texts the words stand; a file without that is written again.

    Raises:
        CacheError: the file can't be written.
    """
    if path.exists():
        try:
            words = read_words_file(path, len(split), splitter)
            if words.starts is not None or not places:
                return words
        except DamagedFileError:
            files.set_aside(path)
    words = read_words(split.texts, lowercase=lowercase, split=splitter, places=places, progress=progress)
    columns = {"codes": words.codes, "starts": words.starts, "ends": words.ends}
    lists = {name: _lists(words, values) for name, values in columns.items() if values is not None}
    with files.locked(path.with_suffix(".lock"), lambda: None):
        files.sweep(path.parent, path.name)
        parquet.write_table(path, pa.table(lists), {"forms": words.forms})
    return words


def _lists(words: Words, values: np.ndarray) -> pa.Array:
    return pa.LargeListArray.from_arrays(words.offsets, values)


def read_words_file(path: Path, rows: int, splitter: Splitter = None) -> Words:
    """The words of `rows` texts, as they were kept.  Raises DamagedFileError."""
    with parquet.told_as_damage(path):
        with parquet.open_file(path) as file:
            has_places = len(file.schema_arrow) > 1
        layout = {**CODES, **(PLACES if has_places else {})}
        table = parquet.read_table(path, layout=layout, rows=rows)
        columns = {
            name: np.concatenate(
                [np.empty(0, np.int32), *(one.flatten().to_numpy() for one in table[name].chunks)]
            )
            for name in layout
        }
        lengths = pc.list_value_length(table["codes"]).to_numpy()
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        forms, codes = parquet.read_details(path)["forms"], columns["codes"]
        if any(len(values) != len(codes) for values in columns.values()):
            raise ValueError("its columns have other lengths")
        if len(codes) and not 0 <= codes.min() <= codes.max() < len(forms):
            raise ValueError("it names words that it does not have")
        return Words(forms, codes, columns.get("starts"), columns.get("ends"), offsets, splitter)


class SplitWords:
    """The words of both splits of a corpus, each read or loaded once, when they are asked for."""

    def __init__(
        self, corpus: Corpus, folder: Path, *, lowercase: bool, splitter: Splitter = None,
        progress: Progress = silent,
    ) -> None:  # fmt: skip
        """`folder`: where their files are kept; `splitter`: how texts are cut, as of `splitters`."""
        self._corpus, self._folder, self._lowercase, self._progress = corpus, folder, lowercase, progress
        self.splitter = splitter
        self._read: dict[str, Words] = {}

    def of(self, name: Literal["train", "test"]) -> Words:
        """The words of a split; where they stand matters in what is shown only.  Raises CacheError."""
        if name not in self._read:
            self._read[name] = read_or_split_words(
                self._path(name),
                self._split(name),
                lowercase=self._lowercase,
                splitter=self.splitter,
                places=name == "test",
                progress=self._progress,
            )
        return self._read[name]

    def has(self, name: Literal["train", "test"]) -> bool:
        """Whether the words of a split were read before."""
        return self._path(name).exists()

    def _path(self, name: str) -> Path:
        return words_file(self._folder, self._split(name), lowercase=self._lowercase, splitter=self.splitter)

    def _split(self, name: str) -> Split:
        return self._corpus.train if name == "train" else self._corpus.test
