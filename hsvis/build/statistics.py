"""The stage of the statistics of words: what the model does on average when it reads each of them."""

from dataclasses import dataclass

from hsvis.analysis.statistics import FORMAT, word_statistics
from hsvis.build.plan import Plan
from hsvis.progress import Progress
from hsvis.run.folder import RunFolder
from hsvis.run.kinds.answers import answering
from hsvis.run.manifest import Manifest
from hsvis.storage import parquet
from hsvis.storage.files import key_of


@dataclass(frozen=True)
class WordStatisticsStage:
    """A `Stage`.

    Attributes:
        lowercase: whether `Good` and `good` are one word.
    """

    layer: str
    lowercase: bool
    is_required = False

    @classmethod
    def of(cls, plan: Plan, layer: str) -> "list[WordStatisticsStage]":
        """One for each layer: distances are a layer's own."""
        if plan.config.is_of_next_tokens or not answering(plan.corpus.answers).is_exclusive:
            return []  # they are about the class that wins
        return [cls(layer, plan.config.tokens.lowercase)]

    @property
    def name(self) -> str:
        return f"words of {self.layer}"

    def key(self, manifest: Manifest | None) -> str:
        """Of the states, and of what counts as one word."""
        assert manifest is not None
        states = manifest.keys.states
        return key_of(statistics=FORMAT, states=states, layer=self.layer, lowercase=self.lowercase)

    def is_whole(self, folder: RunFolder, manifest: Manifest | None) -> bool:
        """Whether its table is there, and is of these states and this format."""
        if manifest is None or manifest.stages.get(self.name) != self.key(manifest):
            return False
        return manifest.has(folder, folder.word_statistics(self.layer))

    def make(self, folder: RunFolder, manifest: Manifest | None, progress: Progress) -> Manifest:
        """Reads EPs, distances and tokens once."""
        assert manifest is not None
        table = word_statistics(folder, self.layer, lowercase=self.lowercase, progress=progress)
        parquet.write_table(folder.word_statistics(self.layer), table)
        return manifest
