"""The tables of a built run: arrays in, arrow tables out.  Names and types of all columns are here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from hsvis.config import AnswerKind
from hsvis.corpus.targets.judging import chosen
from hsvis.storage.layouts import Layout, Lists, Vectors
from hsvis.storage.parquet import vectors

if TYPE_CHECKING:  # it brings torch, which opening a built run does not need
    from hsvis.models.protocol import Encoded

SEQUENCES: Layout = {
    "sequence": pa.int32(),
    "text": pa.string(),
    "tokens": Lists(pa.string()),
    "known": Lists(pa.bool_()),
    "length": pa.int32(),
    "label": pa.int16(),
    "predicted": pa.int16(),
    "confidence": pa.float32(),
    "start": pa.int32(),
    "end": pa.int32(),
}
SERIES: Layout = {**SEQUENCES, "values": Lists(Vectors())}
INDEPENDENT: Layout = {"labels": Lists(pa.int16()), "predicted_labels": Lists(pa.int16())}
NUMBER: Layout = {"value": pa.float32(), "answer": pa.float32()}
STEPS: Layout = {"sequence": pa.int32(), "step": pa.int32()}
EMBEDDING: Layout = {**STEPS, "x": pa.float32(), "y": pa.float32()}
PLACED: Layout = {**EMBEDDING, "fitted": pa.bool_()}


def sequences_layout(answers: AnswerKind = "classes", *, is_series: bool = False) -> Layout:
    """Of a table of sequences."""
    more: dict[AnswerKind, Layout] = {"independent": INDEPENDENT, "number": NUMBER}
    return {**(SERIES if is_series else SEQUENCES), **more.get(answers, {})}


def predictions_layout(classes: int | None = None, *, labelled: bool = False) -> Layout:
    """Of a table of predictions.

    Args:
        classes: None is any number of them.
        labelled: whether each step has a label.
    """
    layout: Layout = {**STEPS, "ep": Vectors(width=classes)}
    return {**layout, "label": pa.int16()} if labelled else layout


def embedding_layout(details: Mapping[str, Any]) -> Layout:
    """Of a projection; `details`: what was done, which tells whether states were placed, too."""
    return PLACED if "placed_by" in details else EMBEDDING


def states_layout(size: int | None = None) -> Layout:
    """Of a table of states of `size` units; None is any number of them."""
    return {**STEPS, "distance": pa.float32(), "state": Vectors((pa.float32(), pa.float16()), size)}


def sequence_table(
    first: int, rows: Sequence[int], texts: Sequence[str], labels: np.ndarray,
    encoded: Sequence[Encoded], answers: np.ndarray, *, is_series: bool = False,
    targets: np.ndarray | None = None, of_classes: bool = True,
) -> pa.Table:  # fmt: skip
    """One row a sequence.  Series have a column more, `values`: a list of F numbers for each step; pairs of
    texts too, `boundary`: the steps before the second text.

    Of independent classes `labels` and `predicted_labels` are the classes of each row, [-1] where they are
    unknown, and `confidence` is that in the class that the model is least sure of.  Of numbers `value` is the
    label, NaN where it is unknown, `answer` the model's, and `confidence` NaN.  `label`, `predicted` are -1.

    Args:
        first: number of the first sequence.
        rows: S places in the dataset's split.
        texts: S texts.
        labels: (S,) int16, -1 unknown.
        answers: (S, C) float32, the EP of the last step of each.
        targets: labels that are no class, as `Split.targets`.
        of_classes: whether it is of classes, or has `targets`; else `predicted` is -1.
    """
    predicted, confidence, more = answers.argmax(1), answers.max(1), {}
    if not of_classes:
        predicted = np.full(len(answers), -1)
    if targets is not None:
        predicted = np.full(len(answers), -1)
        if targets.dtype.kind == "f":
            confidence = np.full(len(answers), np.nan)
            more = {"value": pa.array(targets[:, 0]), "answer": pa.array(answers[:, 0])}
        else:
            confidence = np.maximum(answers, 1 - answers).min(1)
            more = {
                "labels": _classes(targets),
                "predicted_labels": _classes(chosen(answers).astype(np.int8)),
            }
    lengths = np.array([len(e) for e in encoded], np.int32)
    values = (
        {"values": _lists(lengths, vectors(np.concatenate([e.inputs for e in encoded])))} if is_series else {}
    )
    if encoded and encoded[0].boundary is not None:
        values |= {"boundary": pa.array([e.boundary for e in encoded], pa.int32())}
    return pa.table(
        {
            "sequence": pa.array(np.arange(first, first + len(texts), dtype=np.int32)),
            "text": strings(texts),
            "tokens": _lists(lengths, _tokens(encoded)),
            "known": _lists(lengths, pa.array(np.concatenate([e.known for e in encoded]))),
            "length": pa.array(lengths, pa.int32()),
            "label": pa.array(labels, pa.int16()),
            "predicted": pa.array(predicted, pa.int16()),
            "confidence": pa.array(confidence, pa.float32()),
            "row": pa.array(rows, pa.int32()),
            "start": pa.array([e.start for e in encoded], pa.int32()),
            "end": pa.array([e.end for e in encoded], pa.int32()),
        }
        | values
        | more
    )


def _classes(marks: np.ndarray) -> pa.ListArray:
    """(S, C) int8 -> the classes of each row that are 1, in order; [-1] of a row of -1."""
    unknown = marks[:, 0] < 0
    rows, classes = np.nonzero((marks > 0) | (unknown[:, None] & (np.arange(marks.shape[1]) == 0)))
    classes = np.where(unknown[rows], -1, classes).astype(np.int16)
    return _lists(np.bincount(rows, minlength=len(marks)), pa.array(classes))


def _lists(lengths: np.ndarray, values: pa.Array) -> pa.ListArray:
    """One list a row of the given lengths (S,), of values that stand one after the other."""
    return pa.ListArray.from_arrays(
        np.concatenate([[0], np.cumsum(lengths, dtype=np.int32)]).astype(np.int32),
        values,
        type=pa.list_(pa.field("element", values.type)),  # see `cache.vectors`
    )


def _tokens(encoded: Sequence[Encoded]) -> pa.StringArray:
    """All tokens, one after the other.

    Joined and cut by numpy, as other threads run meanwhile; arrow would keep them waiting for each token.
    """
    count = sum(map(len, encoded))
    try:
        text = "\0".join(["\0".join(e.tokens) for e in encoded]).encode()
    except UnicodeEncodeError:
        text = b""
    between = np.flatnonzero(np.frombuffer(text, np.uint8) == 0)
    if not count or len(between) != count - 1:  # a token holds what separates them, or is not UTF-8
        return strings([token for e in encoded for token in e.tokens])
    ends = np.append(between, len(text)) - np.arange(count)
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    joined = text.translate(None, b"\0")
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(joined))


def strings(values: Sequence[str]) -> pa.StringArray:
    """Lone surrogates, which UTF-8 does not know, become one replacement character each."""
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        repaired = [v.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace") for v in values]
        return pa.array(repaired, pa.string())


def step_columns(first: int, lengths: np.ndarray) -> dict[str, pa.Array]:
    """`sequence` and `step` of the rows of some sequences, of which `first` is the first."""
    starts = np.cumsum(lengths, dtype=np.int64) - lengths
    steps = np.arange(int(lengths.sum())) - np.repeat(starts, lengths)
    return {
        "sequence": pa.array(np.repeat(np.arange(first, first + len(lengths), dtype=np.int32), lengths)),
        "step": pa.array(steps.astype(np.int32)),
    }


def prediction_table(
    steps: dict[str, pa.Array], ep: np.ndarray, labels: np.ndarray | None = None
) -> pa.Table:
    """One row a step, of which `steps` are the `step_columns`.

    Args:
        ep: (n, C) float32.
        labels: (n,) int16, -1 unknown; None where steps have no labels of their own.
    """
    table = pa.table(steps | {"ep": vectors(ep)})
    return table if labels is None else table.append_column("label", pa.array(labels, pa.int16()))


def state_table(steps: dict[str, pa.Array], distances: np.ndarray, states: np.ndarray) -> pa.Table:
    """One row a step: its distance to the state before, (n,) float32, and its state, of (n, H)."""
    return pa.table(steps | {"distance": pa.array(distances), "state": vectors(states)})


def embedding_table(lengths: np.ndarray, xy: np.ndarray, fitted: np.ndarray | None = None) -> pa.Table:
    """One row a step: its 2-D coordinates, (N, 2) float32.

    Args:
        fitted: (N,) bool, whether the projection was fitted to the state; a column, unless it is to all.
    """
    columns = step_columns(0, lengths) | {"x": pa.array(xy[:, 0]), "y": pa.array(xy[:, 1])}
    return pa.table(columns if fitted is None else columns | {"fitted": pa.array(fitted)})
