"""A server that keeps up with its configs and runs: new ones appear, rebuilt ones take their place."""

import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from hsvis import paths
from hsvis.catalogue import offers
from hsvis.catalogue.jobs import Builds
from hsvis.catalogue.offers import Offer
from hsvis.config import Config
from hsvis.errors import HsvisError, ReplacedFileError
from hsvis.run.find import FoundRun, config_of, find_damage, find_run, open_run
from hsvis.run.states import mark
from hsvis.run.store import StateStore

PAUSE = 3.0  # seconds between looks
LATE = 60.0  # seconds: a look that takes longer is told by `state`
ALL_FILES = 5  # looks: as often, the files of the runs that are shown are looked at too, by size and time

Mark = tuple[int, int, int] | None  # of a file, from `states.mark`


@dataclass(frozen=True)
class Snapshot:
    """What was there of an offer's runs at the last look.

    Attributes:
        manifests: of all runs of the name.
        whole: whether the files of the run that is shown are those that were opened.
    """

    config: Config
    manifests: dict[Path, Mark]
    whole: bool = True


class Watch:
    """Looks at the configs and runs of a server every few seconds, in a thread of its own; builds nothing.

    A config that can't be read and a run that can't be opened take nothing away.  Files are compared with
    what they were, never with a clock.  Use it as a context manager.
    """

    def __init__(
        self,
        builds: Builds,
        named: Sequence[str],
        overrides: Sequence[str] = (),
        say: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True),
        pause: float = PAUSE,
    ) -> None:
        """Remembers what is there; `opened` has to be called after that.

        Args:
            builds: holds the offers, and knows where runs are shown.
            named, overrides: what the server was started with.
            say: is told, line by line, what can't be read or opened, and what is new.
        """
        self._builds, self._named, self._overrides = builds, tuple(named), tuple(overrides)
        self._say, self._pause = say, pause
        # the marks are unknown: a config may have been written again while another run was built
        self._read: dict[str, tuple[Mark, Offer]] = {one.source: (None, one) for one in builds.offers}
        self._pending: dict[str, Mark] = {}  # configs that changed, as they were at the last look
        # from now on, not from the first look: what others build while this server opens its runs is new
        self._snapshots = {
            one.source: Snapshot(one.config, _manifests(one.config)) for one in builds.offers if one.config
        }
        self._notes: dict[str, str] = {}
        self._unopened: dict[str, str] = {}  # by source, why a run that is there can't be opened
        self._told: dict[str, str] = {}
        self._looks = 0
        self._looked, self._failed = time.monotonic(), False
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="hsvis-watch", daemon=True)

    def start(self) -> None:
        """Looks from now on, until the process ends; as a context manager, until the block does."""
        self._looked = time.monotonic()
        self._thread.start()
        self._builds.watching = self.state

    def state(self) -> str:
        """Whether it keeps up: "ok"; the last look is "failing"; the next one is "late"; it is "dead"."""
        if not self._thread.is_alive():
            return "dead"
        if time.monotonic() - self._looked > LATE + self._pause:
            return "late"
        return "failing" if self._failed else "ok"

    def __enter__(self) -> "Watch":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def look(self) -> None:
        """One look; for one thread at a time."""
        with_files = self._looks % ALL_FILES == 0
        self._looks += 1
        offered = self._offers()
        for offer in offered:
            if offer.config is not None and not offer.error:
                self._look_at_runs(offer, offer.config, with_files=with_files)
        listed = tuple(replace(one, note=self._notes.get(one.source, "")) for one in offered)
        if listed != self._builds.offers:
            self._builds.offers = listed

    def _work(self) -> None:
        while not self._stopped.wait(self._pause):
            try:
                self.look()
                self._failed = False
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # the next look may find better: a disk comes back
                self._failed = True
                with suppress(Exception):  # whatever it says is said somewhere that may be closed
                    self._tell("watch", f"{type(error).__name__}: {error}. The folders are looked at again.")
            self._looked = time.monotonic()

    def _tell(self, about: str, text: str) -> None:
        """Says something once, until something else is to be said about the same."""
        if text and self._told.get(about) != text:
            self._say(text)
        self._told[about] = text

    def _offers(self) -> list[Offer]:
        """The offers of the configs as they are by now; one that is being written is read later."""
        try:
            found = offers.sources(self._named)
        except OSError as error:
            self._tell(
                "configs", f"{error.filename}: can't be listed ({error.strerror}). What was there stays."
            )
            return list(self._builds.offers)
        self._tell("configs", "")
        known, self._read = self._read, {}
        for source, in_folder in found:
            now = mark(paths.config_file(Path(source)))
            before = known.get(source)
            if now is None:
                continue
            if before is not None and before[0] == now:
                self._read[source] = before
            elif self._pending.get(source) == now:
                offer = offers.read_offer(source, self._overrides, in_folder=in_folder)
                self._read[source] = (now, offer)
                self._tell(source, offer.error)
            elif before is not None:
                self._read[source] = before
            self._pending[source] = now
        listed: list[Offer] = []
        for source, _ in found:
            if source in self._read:
                listed.append(offers.named_apart(self._read[source][1], listed))
        return listed

    def _look_at_runs(self, offer: Offer, config: Config, *, with_files: bool) -> None:
        before, shown = self._snapshots.get(offer.source), self._builds.shown(config.name)
        manifests = _manifests(config)
        whole = before.whole if before is not None and not with_files else _is_whole(shown)
        now = Snapshot(config, manifests, whole)
        if now == before:
            if shown is not None or not with_files:
                return
            damage, noted = find_damage(config), self._notes.get(offer.source, "")
            unopened = self._unopened.get(offer.source, "")
            if damage or unopened or not noted:
                self._notes[offer.source] = damage or unopened
                return
            # what was missing or damaged is whole by now
        self._snapshots[offer.source] = now
        fresh = [path for path in manifests if before and before.manifests.get(path) != manifests[path]]
        try:
            self._notes[offer.source] = self._follow(config, shown, fresh)
            self._unopened.pop(offer.source, None)
            self._tell(config.name, "")
        except (HsvisError, OSError) as error:
            self._unopened[offer.source] = str(error)
            stays = "" if shown is None else "Its new build can't be opened, so this one stays. "
            self._notes[offer.source] = f"{stays}{error}"
            said = "can't be opened" if shown is None else "can't be opened, so what is shown stays"
            self._tell(config.name, f"{config.name}: {said}: {error}")

    def _follow(self, config: Config, shown: StateStore | None, fresh: list[Path]) -> str:
        """Shows the run of a config if it is there and another than the one that is shown.

        Returns:
            Why the run that is shown is not that of the config; "" if it is, or none is shown.

        Raises:
            CacheError: it can't be opened.
        """
        found = find_run(config)
        is_of_config = shown is not None and config_of(shown.manifest) == config
        if found is not None:
            is_same_folder = shown is not None and shown.folder.path == found.folder.path
            # a run of the same config that was there all the time is older than the one that is shown
            if not is_of_config or is_same_folder or found.folder.manifest in fresh:
                if shown is None or not is_same_folder or not _is_current(shown, found):
                    self._builds.put(_open_found(shown, found, config))
                    self._say(f"{config.name}: {'built' if shown is None else 'rebuilt'}, and shown now")
                return found.doubt
        if shown is None:
            return find_damage(config)
        if not _is_whole(shown):
            return "Its files were deleted or damaged; what is in memory is still shown. Build it again."
        if not is_of_config:
            return "Its config was changed since; what is shown was built of the one before."
        if found is None:
            return find_damage(config) or "The files of its model were changed since it was built."
        return found.doubt


def _manifests(config: Config) -> dict[Path, Mark]:
    """Of all runs of its name."""
    return {path: mark(path) for path in (paths.cache_folder() / config.name).glob("*/manifest.json")}


def _is_whole(shown: StateStore | None) -> bool:
    return shown is None or (shown.is_unchanged and shown.manifest.is_whole(shown.folder))


def _is_current(shown: StateStore, found: FoundRun) -> bool:
    return shown.is_unchanged and found.manifest == shown.manifest


def _open_found(shown: StateStore | None, found: FoundRun, config: Config) -> StateStore:
    """The run in a folder; if it is the one that is shown, with something added, they share all arrays."""
    if shown is not None and shown.folder.path == found.folder.path:
        with suppress(ReplacedFileError):
            return shown.with_projections()
    return open_run(found.folder, config.projections, found.manifest)
