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

from hsvis.config import AnswerKind, DatasetSettings
from hsvis.corpus import recorded_files
from hsvis.corpus.corpus import Corpus, Split
from hsvis.corpus.targets.recorded import NUMBER, answers_in, places_of, targets_in, text_of
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
        ep: (N, C) float32, rows sum to 1; of independent classes each from 0 to 1; of numbers (N, 1).
        states: layer -> (N, H) float32.
        tokens: N surface forms.
        labels: (S,) int16, -1 unknown.
        texts: S texts.
        values: (N, F) float32 or None.
        left_out: sequences without a step, which are none.
        fingerprint: hash of the files.
        step_labels: S of (T,) int16, -1 unknown, where steps have labels; `labels` are -1 then.
        remarks: what was decided about them.
        answers: what the EPs are about.
        targets: of independent classes and numbers, as `Split.targets`; `labels` are -1 then.
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
    answers: AnswerKind = "classes"
    targets: np.ndarray | None = None

    @property
    def sequences(self) -> list[RecordedSequence]:
        ends = np.cumsum(self.lengths).tolist()
        return [
            RecordedSequence(slice(end - length, end), text, self.values is not None)
            for end, length, text in zip(ends, self.lengths.tolist(), self.texts, strict=True)
        ]


def read_recorded(
    path: Path, settings: DatasetSettings | None = None, answers: AnswerKind = "classes"
) -> RecordedRun:
    """Reads and checks the files of `states_from`.

    Args:
        settings: with names of the classes, where the files have none, and labels that mean none.
        answers: what the files answer.

    Raises:
        DataError: a file, column or array that is missing or can't be read; shapes, lengths or sums that do
            not fit; values that are not finite.
    """
    found, fingerprint = recorded_files.read(path, answers)
    return _check_arrays(found, path, settings or DatasetSettings(path="files"), fingerprint, answers)


def corpus_of(given: RecordedRun) -> Corpus:
    """The corpus of a run that comes from files: no training split, and the sequences in their order."""
    test = Split(
        given.texts, given.labels, stored=given.sequences, step_labels=given.step_labels,
        targets=given.targets,
    )  # fmt: skip
    features = None if given.values is None else tuple(map(str, range(given.values.shape[1])))
    train = Split([], np.empty(0, np.int16))
    return Corpus(given.classes, train, test, features, remarks=given.remarks, answers=given.answers)


def _check_arrays(
    found: Mapping[str, Any], path: Path, settings: DatasetSettings, fingerprint: str, answers: AnswerKind
) -> RecordedRun:
    source = f"`states_from`: {path}"
    for name in ("lengths", "ep"):
        if name not in found:
            raise DataError(f"{source}: `{name}` is missing: {ARRAYS[name]}. There are: {', '.join(found)}.")
    lengths = np.asarray(found["lengths"])
    if lengths.ndim != 1 or lengths.dtype.kind not in "iu" or (lengths < 0).any() or lengths.sum() == 0:
        raise DataError(f"{source}: `lengths` must be {ARRAYS['lengths']}, not negative, and not all 0.")
    lengths = lengths.astype(np.int64)
    ep = _steps(found["ep"], lengths, "ep", source, sums_to_1=answers == "classes")
    if answers == "classes":
        ep = _ep(ep, source)
    else:
        ep = answers_in(_finite(ep, lengths, "ep", source), answers, source)
    names = found.get("classes", settings.class_names or ([NUMBER] if answers == "number" else None))
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
    targets, of_steps = None, None
    if answers == "classes":
        labels, of_steps, remarks = _labels(found, lengths, names, settings, source)
    else:
        labels = np.full(len(lengths), -1, np.int16)
        every, said = targets_in(found, len(lengths), answers, names, settings, source)
        targets, remarks = every[kept], tuple(said)
    return RecordedRun(
        names, lengths[kept], ep, states, _tokens(found, lengths, source),
        labels[kept], [texts[i] for i in np.flatnonzero(kept)],
        values, int((~kept).sum()), fingerprint,
        None if of_steps is None else np.split(of_steps, np.cumsum(lengths[kept])[:-1]), remarks,
        answers, targets,
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


def _steps(array: Any, lengths: np.ndarray, name: str, source: str, *, sums_to_1: bool = False) -> np.ndarray:
    """An array of steps, one after the other or padded: (N, …); `sums_to_1`: what tells EPs of classes."""
    array = np.asarray(array)
    steps, sequences = int(lengths.sum()), len(lengths)
    is_flat = array.ndim >= 1 and len(array) == steps
    is_padded = array.ndim >= 2 and len(array) == sequences and array.shape[1] >= lengths.max()
    if is_flat and is_padded:  # as many steps as sequences: the number of axes says which, or what EPs sum to
        is_ep = sums_to_1 and array.ndim == 2 and array.dtype.kind == "f"
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
            "to log-probabilities, first; of classes that do not exclude each other set `model.answers: "
            "independent`."
        )
    return (flat / sums[:, None]).astype(np.float32)


def _tokens(found: Mapping[str, Any], lengths: np.ndarray, source: str) -> list[str]:
    if "tokens" in found:
        return [text_of(one) for one in _steps(found["tokens"], lengths, "tokens", source).ravel()]
    return [f"step {k}" for length in lengths.tolist() for k in range(length)]


def _texts(found: Mapping[str, Any], lengths: np.ndarray, source: str) -> list[str]:
    """The texts; the tokens with spaces between them where there are none; nothing for numbers."""
    if "texts" in found:
        texts = [text_of(one) for one in np.asarray(found["texts"]).ravel()]
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
        return places_of(labels, classes, settings, source), None, ()
    if labels.ndim > 2 or len(labels) not in (len(lengths), lengths.sum()):
        raise DataError(
            f"{source}: `labels` has the shape {labels.shape}; there are {len(lengths)} sequences of "
            f"{lengths.sum():,} steps. It must be {ARRAYS['labels']}."
        )
    steps = places_of(_steps(labels, lengths, "labels", source), classes, settings, source)
    text = f"{source}: `labels` has the shape {labels.shape}: each step has a label of its own."
    return unknown, steps, (Remark("step-labels", text),)
