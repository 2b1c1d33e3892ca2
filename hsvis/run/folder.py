"""Where the files of one run lie."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunFolder:
    """Where the files of one run lie; nothing here reads or writes."""

    path: Path

    @property
    def manifest(self) -> Path:
        return self.path / "manifest.json"

    @property
    def sequences(self) -> Path:
        return self.path / "sequences.parquet"

    @property
    def predictions(self) -> Path:
        return self.path / "predictions.parquet"

    @property
    def vocabulary(self) -> Path:
        """What a language model answers with, a row an entry; no other run has it."""
        return self.path / "vocabulary.parquet"

    @property
    def building(self) -> Path:
        """The predictions of each part, kept until the tables of all parts are whole."""
        return self.path / "building"

    @property
    def lock(self) -> Path:
        return self.path.with_suffix(".lock")

    def predictions_part(self, number: int) -> Path:
        return self.building / f"predictions-{number:05d}.parquet"

    def states(self, layer: str, number: int) -> Path:
        return self.path / "states" / f"layer={layer}" / f"part-{number:05d}.parquet"

    def embedding(self, layer: str, name: str) -> Path:
        """`name` is `<method>-<key>`."""
        return self.path / "embeddings" / f"layer={layer}" / f"{name}.parquet"

    def cells(self, layer: str) -> Path:
        """What `hsvis.run.neighbour_index` knows of the cells of a layer's states."""
        return self.path / "neighbours" / f"layer={layer}.parquet"

    def records(self, layer: str) -> Path:
        """The states of a layer, cell by cell."""
        return self.path / "neighbours" / f"layer={layer}.records"

    def word_statistics(self, layer: str) -> Path:
        """What `hsvis.analysis.statistics` found out about each word."""
        return self.path / "statistics" / f"words-{layer}.parquet"
