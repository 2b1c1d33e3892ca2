"""A manifest in plain words."""

from collections.abc import Iterator
from typing import Any

from hsvis.run.facts import ColumnFacts
from hsvis.run.folder import RunFolder
from hsvis.run.kinds.answers import answering
from hsvis.run.manifest import Manifest


def lines(folder: RunFolder, manifest: Manifest, built: bool) -> Iterator[str]:
    """What a run holds, one fact a line.

    Args:
        manifest: as in `manifest.json`.
        built: whether everything that the config asks for is there.
    """
    yield f"run          {manifest.name}{'' if built else '  (not all of it is built)'}"
    yield f"folder       {folder.path}"
    yield f"answers      {answering(manifest.answers).told}"
    yield from _answers(manifest)
    yield f"sequences    {manifest.sequences:,}"
    yield f"states       {manifest.states:,} of each layer"
    for layer in manifest.layers:
        few = f", one state for each {layer.tokens_a_step} tokens" if layer.tokens_a_step > 1 else ""
        yield f"layer        {layer.name}: {layer.size} {layer.kind} units, {layer.direction}{few}"
    if manifest.own_model:
        own = manifest.own_model
        yield f"model        {own.answers}"
        yield f"EPs          by {own.ep}: {own.why}"
    for split in ("train", "test") if manifest.answers != "number" else ():
        accuracy = {"train": manifest.train_accuracy, "test": manifest.test_accuracy}[split]
        yield (
            f"{split:<5} split  accuracy {accuracy:.4f}"
            if accuracy is not None
            else f"{split:<5} split  accuracy unknown"
        )
    for name, value in manifest.test_errors.items():
        yield f"test  split  {name} {'unknown' if value is None else f'{value:.4g}'}"
    meaning = {
        "train": "rows of the training split left out",
        "test": "rows of the test split not counted in its accuracy",
        "shown": "rows to show left out",
    }
    for split, reasons in manifest.left_out.items():
        for reason, count in reasons.items():
            if count:
                yield f"note         {count:,} {meaning[split]}: {reason}"
    for one in manifest.decisions:
        yield f"decided      {one.text}"
    for one in manifest.warnings:
        yield f"warning      {one.text}"
    if manifest.repeated:
        yield f"note         {manifest.repeated:,} texts shown stand there before"
    yield from map(_column, manifest.columns)
    for projection in manifest.projections:
        details = {k: v for k, v in projection.details.items() if k != "note"}
        facts = ", ".join(f"{k.replace('_', ' ')} {_number(v)}" for k, v in details.items())
        note = projection.details.get("note")
        tail = f"{facts}; {note}" if note else facts
        yield f"projection   {projection.layer}, {projection.label}: {tail}"
    for stage, seconds in manifest.times.items():
        yield f"took         {seconds:8.1f} s  {stage}"
    size = sum(manifest.files.values())
    yield f"files        {len(manifest.files)}, {size / 2**20:,.1f} MiB"


def text_names(manifest: Manifest) -> list[str]:
    """The columns of a pair of texts, in the order in which they are shown; none where there is one text."""
    dataset = manifest.config.get("dataset") or {}
    names = dataset.get("text")
    if not isinstance(names, list):
        return []
    return names[::-1] if dataset.get("fixed") == names[1] else names


def _answers(manifest: Manifest) -> Iterator[str]:
    """The classes, or of a language model its vocabulary and perplexity."""
    found = manifest.language
    if found is None:
        has_classes = answering(manifest.answers).has_classes
        yield f"{'classes' if has_classes else 'number':<13}{', '.join(manifest.classes)}"
        return
    yield f"vocabulary   {found.entries:,} entries, of which {found.top} are kept of each step"
    if found.perplexity is not None:
        yield f"perplexity   {found.perplexity:,.6g}, of the test split"


def _column(column: ColumnFacts) -> str:
    held = f"{column.categories:,} categories" if column.kind == "category" else f"{column.kind}s"
    if column.low is not None:
        held += f" from {column.low} to {column.high}"
    missing = f", {column.missing:,} missing" if column.missing else ""
    return f"column       {column.name}: {held}{missing}"


def _number(value: Any) -> str:
    if isinstance(value, str):
        return value
    return " and ".join(f"{v:.3g}" for v in value) if isinstance(value, list) else f"{value:.4g}"
