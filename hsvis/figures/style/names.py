"""Names of classes beside an axis: all of them, or where there is no room, those that matter."""

from collections.abc import Sequence
from typing import Any

from hsvis.figures.style.theme import ellipsis, escape


def class_ticks(
    names: Sequence[str], weights: Sequence[float], length: int, at_most: int
) -> tuple[dict[str, Any], bool]:
    """Axis properties that write names at 0, 1, 2, …, shortened, and whether they are all there.

    Args:
        weights: of each name; where there is room for some of them only, the greatest have it.
        length: characters.
        at_most: how many names the axis has room for, one beside the other.
    """
    chosen: list[int] = []
    apart = 1 if len(names) <= at_most else len(names) / at_most
    for k in sorted(range(len(names)), key=lambda k: -weights[k]):
        if all(abs(k - other) >= apart for other in chosen):
            chosen.append(k)
    chosen.sort()
    ticks = {"tickvals": chosen, "ticktext": [escape(ellipsis(names[k], length)) for k in chosen]}
    return ticks, len(chosen) == len(names)
