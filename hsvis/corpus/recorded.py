"""A run's states and EPs from files, for models that are not in PyTorch: no dataset, no model.

Either an .npz file with the arrays of `ARRAYS`, or a folder of parquet files named and ordered as those of a
built run: sequences.parquet, predictions.parquet, and states.parquet or states/layer=<layer>/*.parquet.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hsvis.config import DatasetSettings
from hsvis.corpus import recorded_files
from hsvis.errors import DataError
from hsvis.remarks import Remark

ARRAYS = {
    "lengths": "(S,) whole numbers: the steps of each sequence",
    "ep": "(N, C) or padded (S, T, C): probabilities; (N,) or (S, T) for the second of two classes",
    "states": "(N, H) or padded (S, T, H); `states.<layer>` for several layers",
    "tokens": "(N,) or padded (S, T) text, optional",
    "labels": "(S,) class numbers (-1: unknown) or names, optional; of steps (N,) or padded (S, T)",
    "texts": "(S,) text, optional",
    "values": "(N, F) or padded (S, T, F): what a model of numbers reads, optional",
    "classes": "(C,) names, optional",
}
SUM_TOLERANCE = 1e-3  # how far the EPs of a step may be from 1 together
LAYER = "rnn.0"  # the name of a layer that has none
LAYER_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


@dataclass(frozen=True)
class RecordedSequence:
    """One sequence of the files: `rows` of the step arrays."""

    rows: slice
    text: str
    is_series: bool


@dataclass(frozen=True)
class RecordedRun:
    """What the files hold, checked.

    Attributes:
        classes: C names.
        lengths: (S,) int64, at least 1 each, summing to N.
        ep: (N, C) float32, rows sum to 1.
        states: layer -> (N, H) float32.
        tokens: N surface forms.
        labels: (S,) int16, -1 unknown.
        texts: S texts.
        values: (N, F) float32 or None.
        left_out: sequences without a step, which are none.
        fingerprint: hash of the files.
        step_labels: S of (T,) int16, -1 unknown, where steps have labels; `labels` are -1 then.
        remarks: what was decided about them.
    """

    classes: tuple[str, ...]
    lengths: np.ndarray
    ep: np.ndarray
    states: dict[str, np.ndarray]
    tokens: list[str]
    labels: np.ndarray
    texts: list[str]
    values: np.ndarray | None
    left_out: int
    fingerprint: str
    step_labels: list[np.ndarray] | None = None
    remarks: tuple[Remark, ...] = ()

    @property
    def sequences(self) -> list[RecordedSequence]:
        ends = np.cumsum(self.lengths).tolist()
        return [
            RecordedSequence(slice(end - length, end), text, self.values is not None)
            for end, length, text in zip(ends, self.lengths.tolist(), self.texts, strict=True)
        ]


def read_recorded(path: Path, settings: DatasetSettings | None = None) -> RecordedRun:
    """Reads and checks the files of `states_from`.

    Args:
        settings: with names of the classes, where the files have none, and labels that mean none.

    Raises:
        DataError: a file, column or array that is missing or can't be read; shapes, lengths or sums that do
            not fit; values that are not finite.
    """
    found, fingerprint = recorded_files.read(path)
    return _check_arrays(found, path, settings or DatasetSettings(path="files"), fingerprint)


def _check_arrays(
    found: Mapping[str, Any], path: Path, settings: DatasetSettings, fingerprint: str
) -> RecordedRun:
    source = f"`states_from`: {path}"
    for name in ("lengths", "ep"):
        if name not in found:
            raise DataError(f"{source}: `{name}` is missing: {ARRAYS[name]}. There are: {', '.join(found)}.")
    lengths = np.asarray(found["lengths"])
    if lengths.ndim != 1 or lengths.dtype.kind not in "iu" or (lengths < 0).any() or lengths.sum() == 0:
        raise DataError(f"{source}: `lengths` must be {ARRAYS['lengths']}, not negative, and not all 0.")
    lengths = lengths.astype(np.int64)
    ep = _ep(_steps(found["ep"], lengths, "ep", source), source)
    names = found.get("classes", settings.class_names)
    names = tuple(map(str, names)) if names is not None else tuple(map(str, range(ep.shape[1])))
    if len(names) != ep.shape[1] or len(set(names)) < len(names):
        raise DataError(
            f"{source}: `ep` has {ep.shape[1]} classes, but {len(names)} are named: {', '.join(names[:20])}."
        )
    _check_layers([name for name in found if name == "states" or name.startswith("states.")], source)
    states = {
        (name.removeprefix("states").removeprefix(".") or LAYER): _finite(
            _steps(array, lengths, name, source), lengths, name, source
        )
        for name, array in found.items()
        if name == "states" or name.startswith("states.")
    }
    if not states:
        raise DataError(f"{source}: `states` is missing: {ARRAYS['states']}. There are: {', '.join(found)}.")
    values = None
    if "values" in found:
        values = _finite(_steps(found["values"], lengths, "values", source), lengths, "values", source)
    kept = lengths > 0
    texts = _texts(found, lengths, source)
    labels, of_steps, remarks = _labels(found, lengths, names, settings, source)
    return RecordedRun(
        names, lengths[kept], ep, states, _tokens(found, lengths, source),
        labels[kept], [texts[i] for i in np.flatnonzero(kept)],
        values, int((~kept).sum()), fingerprint,
        None if of_steps is None else np.split(of_steps, np.cumsum(lengths[kept])[:-1]), remarks,
    )  # fmt: skip


def _check_layers(names: Sequence[str], source: str) -> None:
    """Layers are parts of paths and addresses."""
    layers = [name.removeprefix("states").removeprefix(".") or LAYER for name in names]
    for name, layer in zip(names, layers, strict=True):
        if not LAYER_NAME.fullmatch(layer):
            raise DataError(
                f"{source}: `{name}`: a layer's name is of letters, digits, `_`, `-` and single dots between "
                "them. Give the array another name."
            )
        if layers.count(layer) > 1:
            raise DataError(f"{source}: there are two arrays of the layer `{layer}`. Leave one out.")


def _steps(array: Any, lengths: np.ndarray, name: str, source: str) -> np.ndarray:
    """An array of steps, one after the other or padded: (N, …)."""
    array = np.asarray(array)
    steps, sequences = int(lengths.sum()), len(lengths)
    is_flat = array.ndim >= 1 and len(array) == steps
    is_padded = array.ndim >= 2 and len(array) == sequences and array.shape[1] >= lengths.max()
    if is_flat and is_padded:  # as many steps as sequences: the number of axes says which, or what EPs sum to
        is_ep = name == "ep" and array.ndim == 2 and array.dtype.kind == "f"
        is_padded = array.ndim > (1 if name in ("tokens", "labels") else 2)
        is_padded = is_padded or (is_ep and not np.allclose(array.sum(-1), 1, atol=SUM_TOLERANCE))
    if is_padded:
        return array[np.arange(array.shape[1]) < lengths[:, None]]
    if is_flat:
        return array
    raise DataError(
        f"{source}: `{name}` has the shape {array.shape}, which fits neither the {lengths.sum():,} steps nor "
        f"{len(lengths)} sequences of up to {lengths.max()} steps. It must be "
        f"{ARRAYS[name.partition('.')[0]]}."
    )


def _finite(array: np.ndarray, lengths: np.ndarray, name: str, source: str) -> np.ndarray:
    """(N, …) -> (N, width) float32."""
    if array.dtype.kind not in "fiub":
        raise DataError(f"{source}: `{name}` holds {array.dtype}, not numbers.")
    flat = array.reshape(len(array), -1).astype(np.float32)
    wrong = np.flatnonzero(~np.isfinite(flat).all(1))
    if len(wrong):
        raise DataError(f"{source}: `{name}` is NaN or infinite {_place(int(wrong[0]), lengths)}.")
    return flat


def _place(row: int, lengths: np.ndarray) -> str:
    ends = np.cumsum(lengths)
    sequence = int(np.searchsorted(ends, row, "right"))
    return f"at sequence {sequence}, step {row - int(ends[sequence] - lengths[sequence])}"


def _ep(array: np.ndarray, source: str) -> np.ndarray:
    if array.dtype.kind != "f":
        raise DataError(f"{source}: `ep` holds {array.dtype}, not probabilities.")
    flat = array.reshape(len(array), -1).astype(np.float64)
    if flat.shape[1] == 1:
        flat = np.concatenate([1 - flat, flat], 1)
    sums = flat.sum(1)
    wrong = np.flatnonzero(~((flat >= 0).all(1) & (np.abs(sums - 1) <= SUM_TOLERANCE)))
    if len(wrong):
        row = int(wrong[0])
        raise DataError(
            f"{source}: `ep` holds no probabilities: {np.round(flat[row][:5], 4).tolist()} at step {row} "
            f"sum to {sums[row]:.4g} ({len(wrong):,} steps do not sum to 1). Apply softmax to logits, or exp "
            "to log-probabilities, first."
        )
    return (flat / sums[:, None]).astype(np.float32)


def _tokens(found: Mapping[str, Any], lengths: np.ndarray, source: str) -> list[str]:
    if "tokens" in found:
        return [_text(one) for one in _steps(found["tokens"], lengths, "tokens", source).ravel()]
    return [f"step {k}" for length in lengths.tolist() for k in range(length)]


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _texts(found: Mapping[str, Any], lengths: np.ndarray, source: str) -> list[str]:
    """The texts; the tokens with spaces between them where there are none; nothing for numbers."""
    if "texts" in found:
        texts = [_text(one) for one in np.asarray(found["texts"]).ravel()]
        if len(texts) != len(lengths):
            raise DataError(f"{source}: there are {len(texts)} `texts` for {len(lengths)} sequences.")
        return texts
    if "values" in found:
        return [""] * len(lengths)
    tokens, ends = _tokens(found, lengths, source), np.cumsum(lengths).tolist()
    return [" ".join(tokens[end - length : end]) for end, length in zip(ends, lengths.tolist(), strict=True)]


def _labels(
    found: Mapping[str, Any],
    lengths: np.ndarray,
    classes: Sequence[str],
    settings: DatasetSettings,
    source: str,
) -> tuple[np.ndarray, np.ndarray | None, tuple[Remark, ...]]:
    """Labels of the sequences (S,), or of the steps (N,); -1 is unknown.

    Raises:
        DataError: they have another shape, or one is none of the classes.
    """
    unknown = np.full(len(lengths), -1, np.int16)
    if "labels" not in found:
        return unknown, None, ()
    labels = np.asarray(found["labels"])
    if labels.ndim > 1 and labels.shape[-1] == 1 and (lengths.max() > 1 or labels.ndim > 2):
        labels = labels[..., 0]
    if labels.shape == lengths.shape:
        return _indices(labels, classes, settings, source), None, ()
    if labels.ndim > 2 or len(labels) not in (len(lengths), lengths.sum()):
        raise DataError(
            f"{source}: `labels` has the shape {labels.shape}; there are {len(lengths)} sequences of "
            f"{lengths.sum():,} steps. It must be {ARRAYS['labels']}."
        )
    steps = _indices(_steps(labels, lengths, "labels", source), classes, settings, source)
    text = f"{source}: `labels` has the shape {labels.shape}: each step has a label of its own."
    return unknown, steps, (Remark("step-labels", text),)


def _indices(
    labels: np.ndarray, classes: Sequence[str], settings: DatasetSettings, source: str
) -> np.ndarray:
    """Places of labels among the classes, (n,) int16."""
    if labels.dtype.kind == "f":  # what is missing has made them so
        whole = np.where(np.isfinite(labels), labels, -1)
        if (whole != np.round(whole)).any():
            raise DataError(f"{source}: `labels` holds numbers that are not whole. Classes are needed.")
        labels = whole.astype(np.int64)
    if labels.dtype.kind in "iu":
        wrong = labels[(labels < -1) | (labels >= len(classes))]
        if len(wrong):
            raise DataError(
                f"{source}: the label {wrong[0]} is none of the {len(classes)} classes; -1 is unknown."
            )
        different = np.unique(labels).tolist()
        if -1 in different and len(different) == len(classes) and "-1" not in settings.unknown:
            raise DataError(
                f"{source}: `labels` holds {len(different)} values, {', '.join(map(str, different[:20]))}, "
                "for "
                f"{len(classes)} classes: whether -1 is a class or no label can't be known. Write the "
                "places of the "
                "classes in `ep`, from 0, or set `dataset.unknown: -1`."
            )
        return labels.astype(np.int16)
    index = {name: k for k, name in enumerate(classes)} | {"": -1}
    names = [_text(one) for one in labels.tolist()]
    unknown = [one for one in names if one not in index]
    if unknown:
        raise DataError(
            f"{source}: the label `{unknown[0]}` is none of the classes {', '.join(classes[:20])}. Name all "
            "classes, in the order of `ep`, in `classes` or `dataset.classes`."
        )
    return np.array([index[one] for one in names], np.int16)
