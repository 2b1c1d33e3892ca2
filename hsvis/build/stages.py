"""What a build makes, in order, and the one loop that makes what is missing.

Whoever adds a made thing writes its `Stage` and adds it to the list here: from then on a first build, a
second one, one that was killed, and one that finds a file damaged make it where it is missing.
"""

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from hsvis.build.columns import KeptColumnsStage
from hsvis.build.neighbours import NeighbourIndex
from hsvis.build.plan import Plan
from hsvis.build.projections import ProjectionStage
from hsvis.build.states import StatesStage
from hsvis.build.statistics import WordStatisticsStage
from hsvis.errors import CacheError, DamagedFileError
from hsvis.progress import Progress
from hsvis.run.folder import RunFolder
from hsvis.run.manifest import Manifest, kept_files


class Stage(Protocol):
    """A made thing of a run: its files, and what the manifest says of them.

    Attributes:
        name: of the progress, and of the times in the manifest.
        is_required: whether a run can't be shown without; what is not is left out where it can't be written.
    """

    @property
    def name(self) -> str: ...
    @property
    def is_required(self) -> bool: ...

    def key(self, manifest: Manifest | None) -> str:
        """Hash of all that decides what is made; `manifest`: of the states that it is made of."""
        ...

    def is_whole(self, folder: RunFolder, manifest: Manifest | None) -> bool:
        """Whether it is there as it was made, by the manifest and the sizes of its files."""
        ...

    def make(self, folder: RunFolder, manifest: Manifest | None, progress: Progress) -> Manifest:
        """Makes what is missing of it, parts that a killed build left whole not again.

        Raises:
            DamagedFileError: a file that it reads can't be read.
            CacheError: the folder can't be written.
        """
        ...


# of each layer, made of its states; the states themselves come first
OF_A_LAYER: tuple[Callable[[Plan, str], Sequence[Stage]], ...] = (
    ProjectionStage.of,
    NeighbourIndex.of,
    WordStatisticsStage.of,
)


def stages(plan: Plan, manifest: Manifest | None) -> list[Stage]:
    """All that a run of this plan has, in the order of making."""
    layers = plan.layers(manifest)
    added = ProjectionStage.added(plan, manifest) if manifest is not None else []
    of_layers = (one for make in OF_A_LAYER for layer in layers for one in make(plan, layer))
    has_columns = bool(plan.corpus.test.kept or (manifest is not None and manifest.columns))
    columns = [KeptColumnsStage(plan)] if has_columns else []
    return [StatesStage(plan), *columns, *of_layers, *added]


def missing(
    wanted: Sequence[Stage], folder: RunFolder, manifest: Manifest | None, *, required: bool = False
) -> list[Stage]:
    """The stages that are not whole; only those that a run can't be shown without, if `required`."""
    asked = (one for one in wanted if one.is_required or not required)
    return [one for one in asked if not one.is_whole(folder, manifest)]


def make_missing(
    wanted: Callable[[Manifest | None], Sequence[Stage]],
    folder: RunFolder,
    manifest: Manifest | None,
    progress: Progress,
) -> Manifest | None:
    """Makes what is missing, one stage after the other.

    Args:
        wanted: the stages, which may be more once there is a manifest.
        manifest: of what is there; None if nothing is.

    Returns:
        The manifest of what is there then, not yet written.

    Raises:
        DamagedFileError: a file of the run can't be read; without it, the next call makes it again.
        CacheError: the folder can't be written.
    """
    given_up: set[str] = set()
    while left := [one for one in missing(wanted(manifest), folder, manifest) if one.name not in given_up]:
        stage, began = left[0], time.perf_counter()
        try:
            made = stage.make(folder, manifest, progress)
        except DamagedFileError:
            raise
        except CacheError as error:
            if stage.is_required:
                raise
            progress(stage.name, 1, 1, str(error))
            given_up.add(stage.name)
            continue
        took = round(time.perf_counter() - began - _seconds_of_parts(manifest, made), 3)
        files = kept_files(folder)
        is_new = files != made.files or stage.name not in made.times  # else all of it was there already
        manifest = made.but(
            stages={**made.stages, stage.name: stage.key(made)},
            times={**made.times, stage.name: took} if is_new else made.times,
            files=files,
        )
        if not stage.is_whole(folder, manifest):
            raise CacheError(f"{folder.path}: {stage.name} can't be made. Delete the folder and build again.")
    return manifest


def _seconds_of_parts(before: Manifest | None, made: Manifest) -> float:
    """Seconds of what a stage timed itself, such as training."""
    known = before.times if before else {}
    return sum(took for name, took in made.times.items() if known.get(name) != took)
