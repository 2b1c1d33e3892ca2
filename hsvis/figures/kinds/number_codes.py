"""Colours of a cloud whose model answers a number: those of labels, and of errors."""

import numpy as np

from hsvis.figures.cell_colours import ColourScale
from hsvis.figures.style.column_colours import LEVELS, MISSING, scale_colours
from hsvis.figures.style.theme import Theme, ep_codes
from hsvis.run.kinds.of_number import Numbers


def codes_of_numbers(numbers: Numbers, colour: str) -> np.ndarray:
    """(S,) uint16: the label of each sequence, or by "correct" how far its answer is from it."""
    unknown = np.isnan(numbers.truth)
    if colour == "class":
        second = np.nan_to_num(numbers.share(numbers.truth))
        found = ep_codes(np.column_stack([1 - second, second]))
        found[unknown] = 0  # grey
        return found
    share = np.abs(numbers.errors) / largest_error(numbers)
    return np.where(unknown, MISSING, np.rint(np.nan_to_num(share) * (LEVELS - 1))).astype(np.uint16)


def largest_error(numbers: Numbers) -> float:
    """The largest distance of an answer from its label; 1 without any."""
    errors = np.abs(numbers.errors[~np.isnan(numbers.truth)])
    return float(errors.max(initial=0)) or 1.0


def error_scale(numbers: Numbers, theme: Theme) -> ColourScale:
    """What the colours of errors mean."""
    ends = ((0.0, "0"), (1.0, f"{largest_error(numbers):.3g}"))
    return ColourScale(scale_colours(theme), ends, "error; no label: grey")
