"""The order of the stages: build(config) -> StateStore.

    corpus -> key of the model -> checkpoint (trained where missing) -> key of the run -> states, EPs and
    distances part by part -> tables -> projections -> indexes -> manifest

Each stage looks for its own result first, so that a second build, a new projection and a build that
was killed do only what is missing.
"""

import importlib.metadata
import json
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from hsvis import __version__
from hsvis.build import additions
from hsvis.build.plan import Job
from hsvis.config import Config, ModelSettings, OwnModelSettings, ProjectionSettings
from hsvis.corpus.corpus import Corpus
from hsvis.corpus.recorded import Given
from hsvis.corpus.words import ReadText
from hsvis.errors import CacheError, DamagedFileError, DataError, ModelError
from hsvis.models.fingerprints import sources
from hsvis.progress import Progress, silent
from hsvis.run.find import is_whole, open_run
from hsvis.run.folder import RunFolder
from hsvis.run.manifest import read_manifest, write_manifest
from hsvis.run.store import StateStore
from hsvis.storage import files, parquet

TRACED = ("hsvis", "torch", "openTSNE", "numpy", "scikit-learn", "datasets", "pyarrow")


def build(config: Config, progress: Progress = silent) -> StateStore:
    """Builds what is missing of a run, and opens it.

    Raises:
        DataError, ModelError, CacheError: with what to do; whatever was finished is kept.
    """
    job = Job.of(config, progress)
    folder = job.folder
    if _is_current(job, folder) and (_has_indexes(folder) or not os.access(folder.path, os.W_OK)):
        with suppress(DamagedFileError):
            _describe_anew(job, folder)
            return _open(job, folder)
    mended: set[Path] = set()
    with files.locked(
        folder.lock, lambda: progress("waiting", 0, 1, "another build of this run is under way")
    ):
        while True:
            try:
                if not _is_current(job, folder):
                    _build(job, folder)
                elif not _has_indexes(folder):
                    _add_indexes(job, folder)
                return _open(job, folder)
            except DamagedFileError as error:
                if error.path in mended:
                    raise
                mended.add(error.path)
                progress("mending", 1, 1, str(error))
                files.set_aside(error.path)


def locate(config: Config) -> tuple[RunFolder, bool]:
    """The folder of a run, and whether all of it is built."""
    job = Job.of(config, silent)
    folder = job.folder
    return folder, _is_current(job, folder)


def trained_checkpoint(config: Config, corpus: Corpus) -> Path:
    """Where the checkpoint of the built-in classifier lies, or will lie once it is trained."""
    return Job(config, corpus, silent).checkpoint


def _is_current(job: Job, folder: RunFolder) -> bool:
    """Whether the manifest and every file it names are there, of the size they had."""
    manifest = read_manifest(folder)
    if manifest is None:
        return False
    there = {(p["layer"], p["name"]) for p in manifest["projections"]}
    if not {(layer, name) for layer, name, _ in job.projections(job.layers(manifest))} <= there:
        return False
    return is_whole(folder, manifest)


def _has_indexes(folder: RunFolder) -> bool:
    manifest = read_manifest(folder)
    return manifest is not None and additions.has_indexes(manifest)


def _add_indexes(job: Job, folder: RunFolder) -> None:
    """What a run of an earlier version lacks; it can be shown without, where there is no room for them."""
    try:
        additions.add_indexes(folder, job.progress)
    except DamagedFileError:
        raise
    except CacheError as error:
        job.progress("indexes", 1, 1, str(error))


def _describe_anew(job: Job, folder: RunFolder) -> None:
    """Where a setting changed that changes no table, such as how numbers are drawn, the manifest says so."""
    manifest = read_manifest(folder)
    config = json.loads(json.dumps(job.config.model_dump()))
    if manifest is None or manifest["config"] == config:
        return
    series = additions.series(folder, job.corpus.features, job.config.dataset.draw)
    with suppress(CacheError), files.locked(folder.lock, lambda: None):  # a cache may be for reading only
        latest = read_manifest(folder) or manifest
        write_manifest(folder, latest | {"config": config, "series": series})


def _open(job: Job, folder: RunFolder) -> StateStore:
    return open_run(folder, job.config.projections)


def _build(job: Job, folder: RunFolder) -> None:
    """Everything that is missing, under the run's lock."""
    files.sweep(folder.path)
    previous = read_manifest(folder) or {}
    model, report = _model(job)
    with job.timed("states"):
        lengths, left_out = _states(job, folder, model)
    projections: list[dict[str, Any]] = []
    for layer, name, settings in job.projections([layer.name for layer in model.layers]):
        details = _embedding(job, folder, layer, name, settings, lengths)
        projections.append(additions.described(layer, name, settings, details, projections))
    for layer in model.layers:
        began = time.perf_counter()
        if additions.indexed(folder, layer.name, job.progress):
            job.times[f"index of {layer.name}"] = round(time.perf_counter() - began, 3)
    asked = {(p["layer"], p["name"]) for p in projections}
    for p in previous.get("projections", []):
        if (p["layer"], p["name"]) not in asked and parquet.is_whole(folder.embedding(p["layer"], p["name"])):
            taken = {other["label"] for other in projections if other["layer"] == p["layer"]}
            projections.append(p | {"label": additions.unlike(p["label"], p["settings"]["seed"], taken)})
    write_manifest(folder, _manifest(job, folder, model, report, lengths, left_out, projections, previous))


def _manifest(
    job: Job,
    folder: RunFolder,
    model: Any,
    report: dict[str, Any],
    lengths: np.ndarray,
    left_out: dict[str, int],
    projections: list[dict[str, Any]],
    previous: dict[str, Any],
) -> dict[str, Any]:
    return {
        "format": files.FORMAT,
        "name": job.config.name,
        "config": job.config.model_dump(),
        "classes": list(job.corpus.classes),
        "layers": [vars(layer) for layer in model.layers],
        "series": additions.series(folder, job.corpus.features, job.config.dataset.draw),
        "sequences": len(lengths),
        "states": int(lengths.sum()),
        "train_accuracy": report["train_accuracy"],
        "test_accuracy": report["test_accuracy"],
        "own_model": report.get("own"),
        "training": {"epochs": report["epochs"], "kept_epoch": report["kept_epoch"]},
        "left_out": report["left_out"] | {"shown": left_out},
        "repeated": job.corpus.test.repeated(job.config.dataset.limit),
        "sources": sources(job.config),
        "keys": {"model": job.model_key, "states": job.states_key},
        "projections": projections,
        "versions": {"python_package": __version__} | {n: importlib.metadata.version(n) for n in TRACED[1:]},
        "times": previous.get("times", {}) | job.times,
        "files": additions.sizes(folder),
    }


def _model(job: Job) -> tuple[Any, dict[str, Any]]:
    """The model and a report: of its training, or of the test split where it was trained elsewhere."""
    if job.given is not None:
        return _given_model(job, job.given)
    if isinstance(job.config.model, OwnModelSettings):
        return _own_model(job, job.config.model)
    return _trained(job, job.config.model)


def _own_model(job: Job, settings: OwnModelSettings) -> tuple[Any, dict[str, Any]]:
    from hsvis.models.user.user_model import accuracy, own_model  # noqa: PLC0415  (torch)

    test = job.corpus.test
    job.progress("your model", 0, 1, settings.factory)
    own = own_model(settings, job.config.tokens, job.corpus.classes, test.examples)
    model = own.model
    if job.config.states.layers is not None:
        model.keep(job.config.states.layers)
    with job.timed("test split"):
        share, left_out = accuracy(model, test.examples, test.labels)
    layers = "1 layer" if len(model.layers) == 1 else f"{len(model.layers)} layers"
    facts = [layers, str(model.answers), f"EPs by {model.way.name}", *own.notes]
    job.progress("your model", 1, 1, "; ".join(facts))
    return model, {
        "train_accuracy": None,
        "test_accuracy": share,
        "epochs": [],
        "kept_epoch": None,
        "left_out": {"test": left_out},
        "own": {"answers": str(model.answers), "ep": model.way.name, "why": model.way.why},
    }


def _given_model(job: Job, given: Given) -> tuple[Any, dict[str, Any]]:
    from hsvis.models.recorded import GivenModel  # noqa: PLC0415  (torch)

    last = given.ep[np.cumsum(given.lengths) - 1]  # (S, C)
    known = given.labels >= 0
    return GivenModel(given, job.config.states.layers), {
        "train_accuracy": None,
        "test_accuracy": float((last.argmax(1) == given.labels)[known].mean()) if known.any() else None,
        "epochs": [],
        "kept_epoch": None,
        "left_out": {"test": {"no steps": given.left_out}},
        "own": {
            "answers": f"none: states and EPs come from {job.config.states_from}",
            "ep": "files",
            "why": "they are shown as given",
        },
    }


def _trained(job: Job, settings: ModelSettings) -> tuple[Any, dict[str, Any]]:
    """The built-in classifier, from its checkpoint where there is one, and the report of its training."""
    from hsvis.models.builtin.checkpoint import checkpoint_bytes, read_checkpoint  # noqa: PLC0415  (torch: seconds)
    from hsvis.models.builtin.text_model import SeriesModel, TextModel  # noqa: PLC0415
    from hsvis.models.builtin.training import train  # noqa: PLC0415

    config, path = job.config, job.checkpoint
    with files.locked(
        path.with_suffix(".lock"), lambda: job.progress("training", 0, 1, "waiting for another build")
    ):
        files.sweep(path.parent, path.name)
        checkpoint = None
        if path.exists():
            try:
                checkpoint = read_checkpoint(path)
            except ModelError:
                job.progress("training", 0, 1, f"{path} can't be read and is trained anew")
        if checkpoint is None:
            with job.timed("training"):
                words = (job.words("train"), job.words("test")) if job.corpus.features is None else None
                trained = train(job.corpus, config.tokens, settings, job.progress, words)
            files.write_bytes(path, checkpoint_bytes(trained, job.corpus.classes, config.tokens, settings))
            checkpoint = read_checkpoint(path)
    c, wanted = checkpoint, job.layers(None)
    if job.corpus.features is not None:
        return SeriesModel(c.classifier, c.tokens, c.classes, wanted), c.report
    return TextModel(c.classifier, c.vocabulary, c.tokens, c.classes, wanted), c.report


def _states(job: Job, folder: RunFolder, model: Any) -> tuple[np.ndarray, dict[str, int]]:
    """States, EPs and sequences of the analysed rows: steps of each (S,) int32, and what was left out."""
    from hsvis.build.parts import Row, write_states  # noqa: PLC0415  (torch)
    from hsvis.models.builtin.text_model import TextModel  # noqa: PLC0415  (torch)

    split = job.corpus.test
    count = min(len(split), job.config.dataset.limit or len(split))
    examples: Sequence[Any] = split.examples
    if isinstance(model, TextModel) and (job.has_words("test") or count == len(split)):
        words = job.words("test")
        examples = [ReadText(text, words, i) for i, text in enumerate(split.texts[:count])]
    rows = (Row(i, examples[i], int(split.labels[i])) for i in range(count))
    lengths = write_states(folder, model, rows, count, job.config.states, job.progress)
    if not len(lengths):
        raise DataError(
            f"none of the {count} sequences to analyse has a word or step. "
            "Check `dataset.text` and `dataset.values`, or raise `dataset.limit`."
        )
    return lengths, {"no words" if split.series is None else "no steps": count - len(lengths)}


def _embedding(
    job: Job, folder: RunFolder, layer: str, name: str, settings: ProjectionSettings, lengths: np.ndarray
) -> dict[str, Any]:
    """One projection, computed where it is missing; what was done, as in `Embedded.details`."""
    path = folder.embedding(layer, name)
    if not parquet.is_whole(path, int(lengths.sum())):
        with job.timed(f"projection {name} of {layer}"):
            additions.embedded(folder, layer, name, settings, lengths, job.progress)
    return parquet.read_details(path)
