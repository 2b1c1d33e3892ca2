"""Values of series that are missing: refused, filled or left out, as `dataset.missing` says."""

from dataclasses import dataclass, field

import numpy as np

from hsvis.errors import DataError
from hsvis.remarks import Remark

SAID = {
    "zero": "are 0",
    "forward": "are the last known value of their feature in the sequence, before the first one that first",
    "interpolate": "lie on the line between the known values before and after them, by steps, and at the ends"
    " are the nearest known one",
}


@dataclass(frozen=True)
class Treated:
    """Values without missing ones.

    Attributes:
        values: (M, F) float32.
        lengths: (S,) int64, summing to M.
        kept: (M,) int64, which of the N steps these are.
    """

    values: np.ndarray
    lengths: np.ndarray
    kept: np.ndarray
    remarks: list[Remark] = field(default_factory=list)


def check_finite(values: np.ndarray, lengths: np.ndarray, source: str) -> None:
    """Raises DataError where a value of (N, F) is infinite."""
    wrong = np.flatnonzero(np.isinf(values).any(1))
    if len(wrong):
        raise DataError(
            f"{source}: {_place(wrong[0], lengths)} holds a value that is infinite, or too large for 32 bits "
            f"({len(wrong):,} steps do). Correct such values, or leave them empty and set `dataset.missing`."
        )


def cut_padding(
    values: np.ndarray, lengths: np.ndarray, source: str
) -> tuple[np.ndarray, np.ndarray, list[Remark]]:
    """Steps without any value at the end of sequences are no steps.

    Returns:
        which of the N steps are kept, (M,) int64; the S lengths without the others; and what is told.
    """
    of_step = np.repeat(np.arange(len(lengths)), lengths)
    starts = np.cumsum(lengths) - lengths
    place = np.arange(len(values)) - starts[of_step]
    held = ~np.isnan(values).all(1)
    ends = np.zeros(len(lengths), np.int64)
    np.maximum.at(ends, of_step[held], place[held] + 1)
    shorter = int((ends < lengths).sum())
    remarks = []
    if shorter:
        text = (
            f"{source}: {shorter:,} of {len(lengths):,} sequences end in steps without a value "
            f"({int((lengths - ends).sum()):,} steps): these are taken for padding, and left out."
        )
        remarks.append(Remark("series-end", text))
    return np.flatnonzero(place < ends[of_step]), ends, remarks


def treat(values: np.ndarray, lengths: np.ndarray, how: str, source: str) -> Treated:
    """Values with what is missing filled or left out.

    Args:
        values: (N, F) float32, NaN where one is missing; lengths: (S,) int64, summing to N.
        how: `refuse`, `zero`, `forward`, `interpolate` or `drop`.

    Raises:
        DataError: one is missing, and `how` is `refuse`.
    """
    gaps = np.isnan(values)
    kept = np.arange(len(values))
    if not gaps.any():
        return Treated(values, lengths, kept)
    incomplete = gaps.any(1)
    of_step = np.repeat(np.arange(len(lengths)), lengths)
    touched = len(np.unique(of_step[incomplete]))
    counted = (
        f"{int(gaps.sum()):,} of {gaps.size:,} values ({gaps.mean():.1%}) are missing, in {touched:,} of "
        f"{len(lengths):,} sequences"
    )
    if how == "refuse":
        first = int(np.flatnonzero(incomplete)[0])
        raise DataError(
            f"{source}: {_place(first, lengths)} holds a value that is missing or NaN; {counted}. Say what "
            "becomes of them by `dataset.missing`: `zero`, `forward` (the last known value), `interpolate`, "
            "or `drop` (their steps are left out)."
        )
    if how == "drop":
        kept = kept[~incomplete]
        lengths = np.bincount(of_step[kept], minlength=len(lengths))
        text = f"{source}: {counted}. Their {int(incomplete.sum()):,} steps are left out."
        return Treated(values[kept], lengths, kept, [Remark("missing-values", text)])
    filled = np.where(gaps, np.float32(0), values)
    if how != "zero":
        fill = _interpolate if how == "interpolate" else _carry_forward
        ends = np.cumsum(lengths)
        for sequence in np.unique(of_step[incomplete]).tolist():
            steps = slice(int(ends[sequence] - lengths[sequence]), int(ends[sequence]))
            for k in np.flatnonzero(gaps[steps].any(0)).tolist():
                known = np.flatnonzero(~gaps[steps, k])
                if len(known):
                    filled[steps, k] = fill(values[steps, k], known)
    text = f"{source}: {counted}. They {SAID[how]}."
    if how != "zero":
        never = _never_known(gaps, lengths)
        if never:
            text += f" A feature without any known value in a sequence is 0 there ({never:,} times)."
    return Treated(filled, lengths, kept, [Remark("missing-values", text)])


def _never_known(gaps: np.ndarray, lengths: np.ndarray) -> int:
    """How many features of sequences have no value at all."""
    held = lengths > 0
    starts = (np.cumsum(lengths) - lengths)[held]
    return int(np.logical_and.reduceat(gaps, starts, axis=0).sum())


def _interpolate(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    return np.interp(np.arange(len(values)), known, values[known]).astype(np.float32)


def _carry_forward(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    last = np.searchsorted(known, np.arange(len(values)), "right") - 1
    return values[known[np.maximum(last, 0)]]


def _place(step: int, lengths: np.ndarray) -> str:
    ends = np.cumsum(lengths)
    sequence = int(np.searchsorted(ends, step, "right"))
    return f"sequence {sequence}, step {int(step - (ends[sequence] - lengths[sequence]))}"
