"""How many classes the colours of a palette tell apart, for colour-blind eyes too."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hsvis.figures.style.colour import rgb
from hsvis.figures.style.theme import Palette
from hsvis.figures.style.vision import LEAST_CERTAIN, LEAST_HALF_CERTAIN, SIGHTS, ciede2000, to_lab

FLOORS = ((1.0, LEAST_CERTAIN), (0.5, LEAST_HALF_CERTAIN))  # least differences, by how decided an EP is
MOST = 24  # classes that are looked at; no palette tells that many apart


def differences(colours: Palette, strength: float, sight: str) -> np.ndarray:
    """CIEDE2000 between all classes at one strength, and between them and undecided.

    Args:
        strength: how decided the EPs are, 0 to 1, as `ep_strength` says it.
        sight: one of `SIGHTS`.

    Returns:
        (C + 1, C + 1) float64, row and column C for the neutral grey; infinite on the diagonal.
    """
    n_classes = len(colours.hexes)
    mixed = colours.mix(np.arange(n_classes), np.full(n_classes, strength))
    lab = to_lab(np.vstack([mixed, rgb([colours.neutral])]), sight)  # (C + 1, 3)
    found = ciede2000(lab[:, None], lab[None])
    np.fill_diagonal(found, np.inf)
    return found


def told_apart(colours: Palette, floors: Sequence[tuple[float, float]] = FLOORS) -> int:
    """How many of the first classes anyone can tell apart, and from undecided, certain or half certain.

    Args:
        floors: the strengths that are looked at, and the least difference at each.
    """
    first = replace(colours, hexes=colours.hexes[:MOST])
    n_classes = len(first.hexes)
    alike = np.zeros((n_classes + 1, n_classes + 1), bool)
    for sight in SIGHTS:
        for strength, floor in floors:
            alike |= differences(first, strength, sight) < floor
    joins = [bool(alike[k, :k].any() or alike[k, -1]) for k in range(n_classes)]
    return joins.index(True) if True in joins else n_classes
