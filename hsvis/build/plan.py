"""One build: what it is of, the keys that follow from that, and where its results lie."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from hsvis import paths
from hsvis.config import Config, ModelSettings
from hsvis.corpus.choice import choice_remarks, chosen_rows
from hsvis.corpus.corpus import Corpus
from hsvis.corpus.leaks import Overlap, leak_remarks, overlap
from hsvis.corpus.loading import load_corpus
from hsvis.corpus.recorded import corpus_of, read_recorded
from hsvis.corpus.rows import left_out_remarks
from hsvis.corpus.word_files import SplitWords
from hsvis.models.providers import Provider, provider_of
from hsvis.models.splitting.splitter import splitter_of
from hsvis.progress import Progress
from hsvis.remarks import Remark
from hsvis.run.folder import RunFolder
from hsvis.run.manifest import Manifest
from hsvis.storage import files


@dataclass(frozen=True)
class Plan:
    """What a build, or a check, is of.

    Attributes:
        words: of both splits, read when they are needed.
        provider: where the states come from.
    """

    config: Config
    corpus: Corpus
    words: SplitWords
    provider: Provider
    progress: Progress

    @classmethod
    def of(cls, config: Config, progress: Progress) -> "Plan":
        """Reads the dataset, or the files that stand in place of a model.

        Raises:
            DataError: they can't be read, or hold what makes no sense.
        """
        if config.states_from is not None:
            progress("reading the states", 0, 1, config.states_from)
            recorded = read_recorded(Path(config.states_from), config.dataset, config.answers)
            held = f"{len(recorded.lengths):,} sequences, {len(recorded.ep):,} steps"
            progress("reading the states", 1, 1, held)
            corpus = corpus_of(recorded)
        else:
            progress("loading the dataset", 0, 1, config.dataset.path)
            corpus, recorded = load_corpus(config.dataset, config.answers), None
            sizes = f"{len(corpus.train):,} to train, {len(corpus.test):,} to test"
            progress("loading the dataset", 1, 1, f"{sizes}, {len(corpus.classes)} classes")
        folder = paths.cache_folder() / config.name
        tokens = config.tokens
        own = (
            isinstance(config.model, ModelSettings) and config.states_from is None and corpus.features is None
        )
        splitter = splitter_of(tokens.split, corpus.test.texts, progress) if own else tokens.split
        words = SplitWords(
            corpus, folder / "words", lowercase=tokens.lowercase, splitter=splitter, progress=progress
        )
        provider = provider_of(
            config, corpus, progress, words=words, folder=folder / "models", recorded=recorded
        )
        return cls(config, corpus, words, provider, progress)

    @cached_property
    def rows(self) -> np.ndarray:
        """Rows of the test split that are analysed: (R,) int64, ascending."""
        return chosen_rows(len(self.corpus.test), self.config.dataset)

    @cached_property
    def remarks(self) -> list[Remark]:
        """What was decided about the dataset, and what seems wrong with it."""
        corpus, dataset = self.corpus, self.config.dataset
        return [
            *corpus.remarks,
            *left_out_remarks(corpus, dataset, self.config.tokens.split),
            *choice_remarks(corpus, self.rows, dataset),
            *leak_remarks(corpus, self.overlap, dataset),
        ]

    @cached_property
    def overlap(self) -> Overlap:
        """How much of the test split stands in the training split."""
        return overlap(self.corpus)

    @cached_property
    def model_key(self) -> str:
        """Hash of all that decides the model."""
        return self.provider.key()

    @cached_property
    def states_key(self) -> str:
        """Hash of all that decides the states: the run's folder is named by it."""
        dataset = self.config.dataset
        chosen = {} if dataset.limit is None or dataset.choose == "first" else {
            "choose": dataset.choose, "seed": dataset.seed
        }  # fmt: skip
        return files.key_of(model=self.model_key, limit=dataset.limit, states=self._kept_states, **chosen)

    @property
    def _kept_states(self) -> dict[str, Any]:
        """What decides which states and answers are kept; without what came later and decides nothing."""
        states = self.config.states
        is_usual = not self.config.is_of_next_tokens or states.top == type(states)().top
        return states.model_dump(exclude={"top"} if is_usual else set())

    @property
    def folder(self) -> RunFolder:
        """Where the run lies, or will lie."""
        return RunFolder(paths.cache_folder() / self.config.name / self.states_key)

    def layers(self, manifest: Manifest | None) -> list[str]:
        """The layers that are kept; those of a user's model are known once its states are there."""
        known = self.provider.layers()
        return known if known is not None else manifest.layer_names if manifest else []
