"""The stage of the neighbour index: which states of a layer are near to a state, without reading all."""

from dataclasses import dataclass

from hsvis.build.plan import Plan
from hsvis.progress import Progress
from hsvis.run.folder import RunFolder
from hsvis.run.manifest import Manifest
from hsvis.run.neighbour_index import FORMAT, is_indexed, write_index
from hsvis.run.states import LayerStates
from hsvis.storage.files import key_of


@dataclass(frozen=True)
class NeighbourIndex:
    """A `Stage`; runs of earlier versions get theirs by the next build."""

    layer: str
    is_required = False

    @classmethod
    def of(cls, plan: Plan, layer: str) -> "list[NeighbourIndex]":
        """One for each layer."""
        return [cls(layer)]

    @property
    def name(self) -> str:
        return f"index of {self.layer}"

    def key(self, manifest: Manifest | None) -> str:
        """Of the states; none of the settings changes it."""
        assert manifest is not None
        return key_of(index=FORMAT, states=manifest.keys.states, layer=self.layer)

    def is_whole(self, folder: RunFolder, manifest: Manifest | None) -> bool:
        """Whether its two files are there and were made of these states.

        A manifest of a version that named no stages is believed; files that a killed build left are looked
        into by `make`.
        """
        if manifest is None or (manifest.stages and manifest.stages.get(self.name) != self.key(manifest)):
            return False
        return manifest.has(folder, folder.cells(self.layer), folder.records(self.layer))

    def make(self, folder: RunFolder, manifest: Manifest | None, progress: Progress) -> Manifest:
        """Writes it, unless a killed build has."""
        assert manifest is not None
        states = LayerStates(folder, self.layer)
        if not is_indexed(folder, self.layer, len(states)):
            write_index(folder, self.layer, states, progress)
        return manifest
