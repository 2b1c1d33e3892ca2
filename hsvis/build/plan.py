"""One build: what it is of, the keys that follow from that, and where its results lie."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from hsvis import paths
from hsvis.config import Config, OwnModelSettings, ProjectionSettings
from hsvis.corpus.corpus import Corpus, Split, corpus_of
from hsvis.corpus.loading import load_corpus
from hsvis.corpus.recorded import Given, read_given
from hsvis.corpus.word_files import tokenised, words_file
from hsvis.corpus.words import Words
from hsvis.models.fingerprints import sources
from hsvis.progress import Progress
from hsvis.run.find import projection_name
from hsvis.run.folder import RunFolder
from hsvis.storage import files


@dataclass
class Job:
    """One build under way."""

    config: Config
    corpus: Corpus
    progress: Progress
    given: Given | None = None  # what `states_from` holds, in place of a model
    times: dict[str, float] = field(default_factory=dict)  # stage -> seconds; only what this build did
    _words: dict[str, Words] = field(default_factory=dict)  # of the splits that were read

    @classmethod
    def of(cls, config: Config, progress: Progress) -> "Job":
        """Reads the dataset, or the files that stand in place of a model.

        Raises:
            DataError: they can't be read, or hold what makes no sense.
        """
        if config.states_from is not None:
            progress("reading the states", 0, 1, config.states_from)
            given = read_given(Path(config.states_from), config.dataset.classes)
            progress("reading the states", 1, 1, f"{len(given.lengths):,} sequences, {len(given.ep):,} steps")
            return cls(config, corpus_of(given), progress, given)
        progress("loading the dataset", 0, 1, config.dataset.path)
        corpus = load_corpus(config.dataset)
        sizes = f"{len(corpus.train):,} to train, {len(corpus.test):,} to test, {len(corpus.classes)} classes"
        progress("loading the dataset", 1, 1, sizes)
        return cls(config, corpus, progress)

    @cached_property
    def model_key(self) -> str:
        if self.given is not None:
            return files.key_of(given=self.given.fingerprint, classes=self.given.classes)
        return files.key_of(
            train=self.corpus.train.fingerprint,
            test=self.corpus.test.fingerprint,
            classes=self.corpus.classes,
            tokens=self.config.tokens.model_dump(),
            model=self.config.model.model_dump(
                exclude={"device"}
            ),  # the same states, wherever they come from
            **sources(self.config),
        )

    @cached_property
    def states_key(self) -> str:
        return files.key_of(
            model=self.model_key, limit=self.config.dataset.limit, states=self.config.states.model_dump()
        )

    @property
    def checkpoint(self) -> Path:
        """Of the built-in classifier."""
        return paths.cache_folder() / self.config.name / "models" / f"{self.model_key}.safetensors"

    @property
    def folder(self) -> RunFolder:
        return RunFolder(paths.cache_folder() / self.config.name / self.states_key)

    def layers(self, manifest: dict[str, Any] | None) -> list[str]:
        """The layers that the config asks for; those of a user's own model are known once it was built."""
        if self.config.states.layers is not None:
            return self.config.states.layers
        if self.given is not None:
            return list(self.given.states)
        if isinstance(self.config.model, OwnModelSettings):
            return [layer["name"] for layer in manifest["layers"]] if manifest else []
        return ["rnn.0"]

    def projections(self, layers: Sequence[str]) -> list[tuple[str, str, ProjectionSettings]]:
        """(layer, file name, settings) of every projection that the config asks for."""
        key = self.states_key
        return [
            (layer, projection_name(key, layer, wanted), wanted)
            for layer in layers
            for wanted in self.config.projections
        ]

    def words(self, name: str) -> Words:
        """The words of the split "train" or "test"; where they stand matters in what is shown only."""
        if name not in self._words:
            path, lowercase = self._words_file(name), self.config.tokens.lowercase
            self._words[name] = tokenised(
                path, self._split(name), lowercase=lowercase, places=name == "test", progress=self.progress
            )
        return self._words[name]

    def has_words(self, name: str) -> bool:
        """Whether the words of a split were read before."""
        return self._words_file(name).exists()

    def _words_file(self, name: str) -> Path:
        folder = paths.cache_folder() / self.config.name / "words"
        return words_file(folder, self._split(name), lowercase=self.config.tokens.lowercase)

    def _split(self, name: str) -> Split:
        return self.corpus.train if name == "train" else self.corpus.test

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.times[stage] = round(time.perf_counter() - began, 3)
