"""Work that the page asks for: runs to build, projections to compute, one child process at a time."""

import functools
import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from hsvis.build.projecting import label
from hsvis.catalogue.offers import Offer
from hsvis.catalogue.runs import Runs
from hsvis.catalogue.worker import Child
from hsvis.config import PcaSettings, TsneSettings
from hsvis.errors import HsvisError
from hsvis.run.find import open_run, projection_name
from hsvis.run.folder import RunFolder
from hsvis.run.store import StateStore

MOST_WAITING = 20  # jobs in line
KEPT = 30  # jobs that ended and can still be read about
STATES = ("waiting", "running", "done", "failed", "cancelled")
UNDER_WAY = STATES[:2]


@dataclass
class Job:
    """One piece of work; only `Builds` changes it, under its lock.

    Attributes:
        kind: "build" or "projection".
        arguments: of the `hsvis` command that does it.
        layer, projection, label: of a projection: where it will be found, and its name for people.
        state: one of STATES.
        stage, done, total, note: its last report.
        error: why it failed, in words.
    """

    id: str
    kind: str
    run: str
    arguments: list[str]
    layer: str = ""
    projection: str = ""
    label: str = ""
    state: str = "waiting"
    stage: str = ""
    done: int = 0
    total: int = 0
    note: str = ""
    error: str = ""
    began: float | None = None
    ended: float | None = None
    stopping: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    offer: Offer | None = None

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY

    def told(self) -> dict[str, Any]:
        """What a page is told of it."""
        seconds = 0.0 if self.began is None else (self.ended or time.monotonic()) - self.began
        shown = ("id", "kind", "run", "layer", "projection", "label", "settings", "state", "stage", "done")
        rest = ("total", "note", "error")
        return {name: getattr(self, name) for name in (*shown, *rest)} | {"seconds": round(seconds, 1)}


class RefusedError(HsvisError):
    """Work that can't be begun; the message says why."""


class Builds:
    """The jobs of one server; safe to use from several threads.

    Children end with this process, at the latest; use it as a context manager, or call `close`.
    """

    def __init__(self, offers: Sequence[Offer] = (), *, allowed: bool = True) -> None:
        """
        Args:
            offers: what the configs offer.  `Watch` puts others in their place while a server runs; read them
                once, as a whole.
            allowed: whether anything may be built or computed.
        """
        self.offers: tuple[Offer, ...] = tuple(offers)
        self.watching: Callable[[], str] = lambda: "off"  # how `Watch` is, where there is one
        self.allowed = allowed
        self._shown: list[Runs] = []
        self._jobs: list[Job] = []
        self._numbers = itertools.count(1)
        self._changed = threading.Condition()
        self._worker: threading.Thread | None = None
        self._child: Child | None = None
        self._closed = False

    def __enter__(self) -> "Builds":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def attach(self, runs: Runs) -> None:
        """What is finished will be added to these runs."""
        self._shown.append(runs)

    def put(self, store: StateStore) -> None:
        """Shows a run, beside or in place of the one of its name."""
        for runs in self._shown:
            runs.put(store)

    def shown(self, run: str) -> StateStore | None:
        """The newest edition of a run; None if there is no run of that name."""
        return next((runs.store(run) for runs in self._shown if run in runs), None)

    def start(self, run: str) -> str:
        """Builds an offered run; returns the job's id, that of the same work if it is under way.

        Raises:
            KeyError: no such run is offered.
            RefusedError: it can't be built, or is.
        """
        offer = next((one for one in self.offers if one.name == run), None)
        if offer is None:
            raise KeyError(run)
        if offer.error:
            raise RefusedError(offer.error)
        if not offer.note and any(run in runs for runs in self._shown):
            raise RefusedError(f"The run {run!r} is built already: choose it in the menu.")
        return self._add(Job(self._next_id(), "build", run, offer.arguments, offer=offer))

    def compute(self, store: StateStore, layer: str, settings: TsneSettings | PcaSettings) -> str:
        """Computes a projection of a built run; returns the job's id, as `start`.

        Raises:
            RefusedError: it can't be computed.
        """
        asked = settings.model_dump()
        arguments = ["project", str(store.folder.path), "--layer", layer]
        for key, value in asked.items():
            arguments += [f"--{key.replace('_', '-')}", "null" if value is None else str(value)]
        name = projection_name(store.manifest.keys.states, layer, settings)
        shown = f"{label(settings)}, seed {settings.seed}"
        return self._add(
            Job(self._next_id(), "projection", store.name, arguments, layer, name, shown, settings=asked)
        )

    def cancel(self, job: str) -> None:
        """Ends a job that is under way; forgets one that has ended.  Raises KeyError."""
        with self._changed:
            found = next((one for one in self._jobs if one.id == job), None)
            if found is None:
                raise KeyError(job)
            if not found.is_under_way:
                self._jobs.remove(found)
            elif found.state == "waiting":
                found.state = "cancelled"
            else:
                found.stopping = True
                if self._child is not None:
                    self._child.stop()

    def state(self) -> list[dict[str, Any]]:
        """All jobs that are under way or ended lately, in the order they were asked for."""
        with self._changed:
            return [job.told() for job in self._jobs]

    @property
    def is_busy(self) -> bool:
        with self._changed:
            return any(job.is_under_way for job in self._jobs)

    def close(self) -> None:
        """Ends everything; returns once no child is left."""
        with self._changed:
            self._closed = True
            for job in self._jobs:
                job.stopping = True
                if job.state == "waiting":
                    job.state = "cancelled"
            child, worker = self._child, self._worker
            self._changed.notify_all()
        if child is not None:
            child.end()
        if worker is not None:
            worker.join()

    def _next_id(self) -> str:
        return str(next(self._numbers))

    def _add(self, job: Job) -> str:
        with self._changed:
            if not self.allowed or self._closed:
                raise RefusedError("Building is switched off on this server.")
            waiting = [one for one in self._jobs if one.is_under_way]
            same = next((one for one in waiting if one.arguments == job.arguments), None)
            if same is not None and not same.stopping:
                return same.id
            if len(waiting) >= MOST_WAITING:
                raise RefusedError(
                    f"{len(waiting)} jobs are under way: wait until some are done, or cancel some."
                )
            ended = [one for one in self._jobs if not one.is_under_way]
            gone = [one for one in ended if one.arguments == job.arguments]  # this is another try
            gone += [one for one in ended if one not in gone][: max(0, len(ended) - len(gone) - KEPT)]
            self._jobs = [one for one in self._jobs if one not in gone] + [job]
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, name="hsvis-builds", daemon=True)
                self._worker.start()
            self._changed.notify_all()
            return job.id

    def _work(self) -> None:
        """Does one job after the other; runs in a thread of its own."""
        while True:
            with self._changed:
                while not self._closed and not any(job.state == "waiting" for job in self._jobs):
                    self._changed.wait()
                if self._closed:
                    return
                job = next(job for job in self._jobs if job.state == "waiting")
                job.state, job.began = "running", time.monotonic()
            try:
                with self._changed:
                    if job.stopping:
                        raise RefusedError("cancelled")
                    self._child = Child(job.arguments)
                self._finish(job, self._child.wait(functools.partial(self._report, job)))
                self._end(job, "done")
            except (HsvisError, OSError) as error:
                self._end(job, "cancelled" if job.stopping else "failed", str(error))
            except Exception as error:  # the jobs after this one must not wait for ever
                self._end(job, "failed", f"{type(error).__name__}: {error}. Start the server again.")

    def _report(self, job: Job, stage: str, done: int, total: int, note: str = "") -> None:
        with self._changed:
            job.stage, job.done, job.total, job.note = stage, done, total, note

    def _end(self, job: Job, state: str, error: str = "") -> None:
        with self._changed:
            self._child = None
            job.state, job.ended = state, time.monotonic()
            job.error = error if state == "failed" else ""

    def _finish(self, job: Job, folder: Path) -> None:
        """Shows what a child has made.  Raises HsvisError where it can't be opened."""
        if job.kind == "projection":
            for runs in (one for one in self._shown if job.run in one):
                runs.put(runs.store(job.run).with_projections())
            return
        config = job.offer.config if job.offer else None
        store = open_run(RunFolder(folder), config.projections if config else [])
        self.put(store)
        if store.name != job.run:
            raise RefusedError(f"Its config was changed meanwhile: the run is named {store.name!r} now.")
