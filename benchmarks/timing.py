"""Two things in turn, A B A B …, so that a machine that slows down slows both."""

import statistics
import time
from collections.abc import Callable


def seconds(work: Callable[[], object]) -> float:
    """How long a call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def compare(
    *works: tuple[str, Callable[[], object]], rounds: int, between: Callable[[], object] = lambda: None
) -> None:
    """Prints all, after one uncounted round each, and the ratio of each to the first, round by round.

    Args:
        between: called after each round, outside the times.
    """
    for _, work in works:
        work()
    between()
    times: list[list[float]] = []
    for _ in range(rounds):
        times.append([seconds(work) for _, work in works])
        between()
    for k, (name, _) in enumerate(works):
        _print(name, [turn[k] for turn in times], "s")
    for k, (name, _) in enumerate(works[1:], 1):
        _print(f"ratio of {name}", [turn[k] / turn[0] for turn in times], " ")


def _print(name: str, values: list[float], unit: str) -> None:
    middle = statistics.median(values)
    print(f"  {name:<48} median {middle:8.3f} {unit}   ({min(values):.3f} to {max(values):.3f})")
