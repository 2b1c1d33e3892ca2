"""One build: what it is of, the keys that follow from that, and where its results lie."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hsvis import paths
from hsvis.config import Config
from hsvis.corpus.corpus import Corpus, corpus_of
from hsvis.corpus.loading import load_corpus
from hsvis.corpus.recorded import read_recorded
from hsvis.corpus.word_files import SplitWords
from hsvis.models.providers import Provider, provider_of
from hsvis.progress import Progress
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
            recorded = read_recorded(Path(config.states_from), config.dataset.classes)
            held = f"{len(recorded.lengths):,} sequences, {len(recorded.ep):,} steps"
            progress("reading the states", 1, 1, held)
            corpus = corpus_of(recorded)
        else:
            progress("loading the dataset", 0, 1, config.dataset.path)
            corpus, recorded = load_corpus(config.dataset), None
            sizes = f"{len(corpus.train):,} to train, {len(corpus.test):,} to test"
            progress("loading the dataset", 1, 1, f"{sizes}, {len(corpus.classes)} classes")
        folder = paths.cache_folder() / config.name
        lowercase = config.tokens.lowercase
        words = SplitWords(corpus, folder / "words", lowercase=lowercase, progress=progress)
        provider = provider_of(
            config, corpus, progress, words=words, folder=folder / "models", recorded=recorded
        )
        return cls(config, corpus, words, provider, progress)

    @property
    def shown(self) -> int:
        """How many rows of the test split are analysed."""
        return min(len(self.corpus.test), self.config.dataset.limit or len(self.corpus.test))

    @cached_property
    def model_key(self) -> str:
        """Hash of all that decides the model."""
        return self.provider.key()

    @cached_property
    def states_key(self) -> str:
        """Hash of all that decides the states: the run's folder is named by it."""
        return files.key_of(
            model=self.model_key, limit=self.config.dataset.limit, states=self.config.states.model_dump()
        )

    @property
    def folder(self) -> RunFolder:
        """Where the run lies, or will lie."""
        return RunFolder(paths.cache_folder() / self.config.name / self.states_key)

    def layers(self, manifest: Manifest | None) -> list[str]:
        """The layers that are kept; those of a user's model are known once its states are there."""
        known = self.provider.layers()
        return known if known is not None else manifest.layer_names if manifest else []
