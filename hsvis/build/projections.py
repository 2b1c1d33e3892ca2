"""The stage of a projection: all states of a layer in 2-D by one method."""

import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from hsvis.build.placing import METHOD
from hsvis.build.plan import Plan
from hsvis.build.projecting import embed, label
from hsvis.config import ProjectionSettings
from hsvis.errors import DamagedFileError
from hsvis.progress import Progress
from hsvis.run import tables
from hsvis.run.facts import ProjectionFacts
from hsvis.run.find import projection_name
from hsvis.run.folder import RunFolder
from hsvis.run.manifest import Manifest
from hsvis.run.states import LayerStates
from hsvis.storage import parquet
from hsvis.storage.files import key_of


@dataclass(frozen=True)
class ProjectionStage:
    """A `Stage`.

    Attributes:
        states_key: of the states that are projected; with layer and settings it names the file.
        is_required: whether the config asks for it.
    """

    states_key: str
    layer: str
    settings: ProjectionSettings
    is_required: bool = True

    @classmethod
    def of(cls, plan: Plan, layer: str) -> "list[ProjectionStage]":
        """The projections of a layer that a config asks for."""
        return [cls(plan.states_key, layer, settings) for settings in plan.config.projections]

    @classmethod
    def added(cls, plan: Plan, manifest: Manifest) -> "list[ProjectionStage]":
        """Those that the run has besides, from `hsvis project` or an earlier config."""
        asked = {stage.id for layer in manifest.layer_names for stage in cls.of(plan, layer)}
        found = []
        for facts in manifest.projections:
            with suppress(ValidationError):  # of a method that this version does not know
                settings = TypeAdapter[ProjectionSettings](ProjectionSettings).validate_python(facts.settings)
                stage = cls(plan.states_key, facts.layer, settings, is_required=False)
                if stage.id == facts.name and facts.name not in asked:
                    found.append(stage)
        return found

    @property
    def id(self) -> str:
        """`<method>-<key>`: of the file, and on the page."""
        return projection_name(self.states_key, self.layer, self.settings)

    @property
    def name(self) -> str:
        return f"projection {self.id} of {self.layer}"

    def key(self, manifest: Manifest | None) -> str:
        """The part of its name that tells its settings and states; where states are placed, with how."""
        key = self.id.rpartition("-")[2]
        facts = manifest and manifest.projection(self.layer, self.id)
        return key_of(key=key, placed_by=METHOD) if facts and "placed" in facts.details else key

    def is_whole(self, folder: RunFolder, manifest: Manifest | None) -> bool:
        """Whether the manifest describes it and its file is there, its states placed as they would be now.

        Where nothing can be written, places of an earlier version will do: the page says whose they are.
        """
        facts = manifest and manifest.projection(self.layer, self.id)
        if manifest is None or not facts:
            return False
        is_current = _is_placed_as_now(facts.details) or not os.access(folder.path, os.W_OK)
        return is_current and manifest.has(folder, folder.embedding(self.layer, self.id))

    def make(self, folder: RunFolder, manifest: Manifest | None, progress: Progress) -> Manifest:
        """Projects the states, unless a killed build has done so; labels it unlike all others."""
        assert manifest is not None
        path = folder.embedding(self.layer, self.id)
        if not _is_made(path, manifest.states):
            write_projection(folder, self.layer, self.id, self.settings, progress)
        details = parquet.read_details(path)
        others = [one for one in manifest.projections if (one.layer, one.name) != (self.layer, self.id)]
        facts = ProjectionFacts(
            layer=self.layer,
            name=self.id,
            label=label(self.settings, details),
            settings=self.settings.model_dump(),
            details=details,
        )
        return manifest.but(projections=unlike_each_other([*others, facts]))


def _is_placed_as_now(details: Mapping[str, Any]) -> bool:
    """Whether none of its states were placed, or all as this version places them."""
    return "placed" not in details or details.get("placed_by") == METHOD


def _is_made(path: Path, states: int) -> bool:
    """Whether a file holds a projection of so many states, placed as this version does."""
    if not parquet.is_whole(path, states, tables.EMBEDDING):
        return False
    details = parquet.read_details(path)
    return _is_placed_as_now(details) and parquet.is_whole(path, states, tables.embedding_layout(details))


def write_projection(
    folder: RunFolder, layer: str, name: str, settings: ProjectionSettings, progress: Progress
) -> None:
    """Computes one projection of all states of a layer and writes it, what was done in its metadata."""
    read = parquet.read_table(folder.sequences, ["label", "length"], layout=tables.SEQUENCES)
    labels, lengths = read["label"].to_numpy(), read["length"].to_numpy()  # (S,) each
    first = np.cumsum(lengths, dtype=np.int64) - lengths
    steps = np.arange(int(lengths.sum())) - np.repeat(first, lengths)
    states = LayerStates(folder, layer)
    if len(states) != len(steps):
        raise DamagedFileError(
            folder.states(layer, 0), f"the layer has {len(states):,} states, not {len(steps):,}"
        )
    done = embed(states, settings, progress, groups=np.repeat(labels, lengths), steps=steps)
    table = tables.embedding_table(lengths, done.xy, done.fitted)
    parquet.write_table(folder.embedding(layer, name), table, done.details)
    if "note" in done.details:
        progress(f"{label(settings)}, {layer}", 1, 1, done.details["note"])


def in_order(manifest: Manifest, folder: RunFolder, first: Sequence[ProjectionStage]) -> Manifest:
    """The manifest with these projections first, then the others; those alone whose files are whole."""
    whole = {
        (facts.layer, facts.name): facts
        for facts in manifest.projections
        if parquet.is_whole(
            folder.embedding(facts.layer, facts.name),
            manifest.states,
            tables.embedding_layout(facts.details),
        )
    }
    wanted = [(one.layer, one.id) for one in first]
    order = [*(at for at in wanted if at in whole), *(at for at in whole if at not in wanted)]
    return manifest.but(projections=unlike_each_other([whole[at] for at in order]))


def unlike_each_other(projections: Sequence[ProjectionFacts]) -> list[ProjectionFacts]:
    """No two of a layer have one label: the later one's is told apart."""
    done: list[ProjectionFacts] = []
    for one in projections:
        taken = {other.label for other in done if other.layer == one.layer}
        done.append(one.model_copy(update={"label": _unlike(one.label, one.settings["seed"], taken)}))
    return done


def _unlike(shown: str, seed: int, taken: Collection[str]) -> str:
    """A label that is not taken: with its seed, and if that is not enough, with a number."""
    if shown not in taken:
        return shown
    with_seed = shown if shown.endswith(f", seed {seed}") else f"{shown}, seed {seed}"
    numbered = (f"{with_seed} ({number})" for number in range(2, len(taken) + 3))
    return next(one for one in (with_seed, *numbered) if one not in taken)
